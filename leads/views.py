from typing import Any

from django.core.exceptions import PermissionDenied
from drf_spectacular.utils import OpenApiExample, extend_schema
from rest_framework.decorators import action
from rest_framework.exceptions import ValidationError
from rest_framework.request import Request
from rest_framework.response import Response

from common.api.parameters import ETAG, IF_MATCH, documented
from common.records.staged_views import StagedViewSet

from . import services
from .models import Lead
from .serializers import AssignedSerializer, AssignSerializer, BulkAssignSerializer, ConvertSerializer, LeadSerializer


class LeadViewSet(StagedViewSet):
    queryset = Lead.objects.all()
    serializer_class = LeadSerializer
    example = {"name": "Ada Byron", "company": "Engines Ltd", "email": "ada@engines.example", "phone": "+442071838750",
               "value": 5000, "currency": "GBP", "source": "Referral", "status": "Interest", "notes": "Wants two."}  # fmt: skip
    filterset_fields = ["name", "company", "email", "phone", "value", "currency", "source", "title", "probability",
                        "close_date", "converted_at", "converted_contact__email"]  # fmt: skip

    def validated(self, serializer_class: Any) -> dict[str, Any]:
        serializer = serializer_class(data=self.request.data, context=self.get_serializer_context())
        serializer.is_valid(raise_exception=True)
        return serializer.validated_data

    @documented(IF_MATCH, ETAG)
    @extend_schema(request=AssignSerializer)
    @action(detail=True, methods=["put", "patch", "post"])
    def assign(self, request: Request, pk: Any = None) -> Response:
        """Hand a lead over to one person."""
        lead = self.get_object_for("edit")
        services.assign(leads=[lead], to=self.validated(AssignSerializer)["assigned_to"])
        return self.written(pk)

    @extend_schema(request=BulkAssignSerializer, responses=AssignedSerializer, filters=False)
    @action(detail=False, methods=["post"], url_path="assign", url_name="bulk-assign")
    def bulk_assign(self, request: Request) -> Response:
        """Hand up to 200 leads over to one person: all of them, or none."""
        values = self.validated(BulkAssignSerializer)
        ids = list(dict.fromkeys(values["leads"]))
        leads = list(self.visible().select_for_update(of=("self",)).filter(pk__in=ids).order_by("pk"))
        if missing := set(ids) - {lead.pk for lead in leads}:
            raise ValidationError({"leads": [f'Invalid pk "{min(missing)}" - object does not exist.']})
        if self.visible("edit").filter(pk__in=ids).count() < len(ids):
            raise PermissionDenied("You may not edit all of these leads.")
        services.assign(leads=leads, to=values["assigned_to"])
        return Response({"assigned": len(leads)})

    @documented(IF_MATCH, ETAG)
    @extend_schema(
        request=ConvertSerializer,
        responses={409: "This lead was converted already."},
        examples=[OpenApiExample("Convert", {"opportunity_name": "Two engines"}, request_only=True)],
    )
    @action(detail=True, methods=["post"])
    def convert(self, request: Request, pk: Any = None) -> Response:
        """Make a customer of a lead: an account, a contact and an opportunity, in one step."""
        lead = self.get_object_for("edit")
        services.convert(lead=lead, by=self.profile, **self.validated(ConvertSerializer))
        return self.written(pk)

    @documented(IF_MATCH, ETAG)
    @extend_schema(request=None, responses={409: "This lead is not converted."})
    @action(detail=True, methods=["post"], url_path="convert/undo", url_name="convert-undo")
    def undo_convert(self, request: Request, pk: Any = None) -> Response:
        """Take a conversion back: what it made goes to the bin."""
        services.undo_conversion(lead=self.get_object_for("edit"))
        return self.written(pk)
