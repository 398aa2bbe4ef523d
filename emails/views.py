"""Endpoints of mails and of what they are made with."""

from typing import Any, ClassVar

from django.core.exceptions import PermissionDenied
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiExample, OpenApiParameter, extend_schema
from rest_framework.decorators import action
from rest_framework.exceptions import ValidationError
from rest_framework.request import Request
from rest_framework.response import Response

from common.api.parameters import ETAG, IF_MATCH, LOCATION, documented
from common.mailboxes.views import InboundView, MailboxViewSet
from common.records.hanging import AttachmentViewSet
from common.records.serializers import DOES_NOT_EXIST
from common.records.tenant_views import TenantViewSet
from common.records.views import RecordViewSet

from . import letters, services
from .inbound import take_in
from .models import BlockedAddress, Email, EmailTemplate, MailAccount
from .serializers import (
    AttachSerializer,
    BlockedAddressSerializer,
    EmailMessageSerializer,
    EmailTemplateSerializer,
    MailAccountSerializer,
    NewMailAccountSerializer,
    PreviewSerializer,
    ReplyTakenSerializer,
    ScheduleSerializer,
    TemplatePreviewSerializer,
)


class EmailViewSet(RecordViewSet):
    queryset = Email.objects.all()
    serializer_class = EmailMessageSerializer
    also_called = ["mail", "message"]
    example = {"to": ["ada@engines.example"], "subject": "Your kayaks", "body_text": "They are ready."}
    filterset_fields = ["subject", "status", "sent_at", "send_at", "thread", "answers", "template", "sender",
                        *Email.record_types()]  # fmt: skip

    def perform_create(self, serializer: Any) -> Any:
        return serializer.save(**services.composed(serializer.validated_data, by=self.profile))

    def perform_update(self, serializer: Any) -> None:
        serializer.save(**services.text_for(serializer.validated_data))

    def validated(self, serializer_class: Any) -> dict[str, Any]:
        serializer = serializer_class(data=self.request.data, context=self.get_serializer_context())
        serializer.is_valid(raise_exception=True)
        return serializer.validated_data

    @documented(IF_MATCH, ETAG)
    @extend_schema(summary="Send a mail", request=None, responses={409: "It is on its way, or was sent."})
    @action(detail=True, methods=["post"])
    def send(self, request: Request, pk: Any = None) -> Response:
        """Send a mail to its recipients, now. It cannot be taken back."""
        services.send(mail=self.get_object_for("edit"), by=self.profile)
        return self.written(pk)

    @documented(IF_MATCH, ETAG)
    @extend_schema(
        summary="Schedule a mail",
        request=ScheduleSerializer,
        responses={409: "It is on its way, or was sent."},
        examples=[OpenApiExample("On Monday", {"send_at": "2027-01-04T09:00:00+01:00"}, request_only=True)],
    )
    @action(detail=True, methods=["post"])
    def schedule(self, request: Request, pk: Any = None) -> Response:
        """Send a mail to its recipients at a later time."""
        mail = self.get_object_for("edit")
        services.send(mail=mail, by=self.profile, at=self.validated(ScheduleSerializer)["send_at"])
        return self.written(pk)

    @documented(IF_MATCH, ETAG)
    @extend_schema(summary="Call a mail back", request=None, responses={409: "It is not on its way."})
    @action(detail=True, methods=["post"], url_path="call-back", url_name="call-back")
    def call_back(self, request: Request, pk: Any = None) -> Response:
        """Make a draft again of a mail that is scheduled, or waits to be tried again."""
        services.call_back(mail=self.get_object_for("edit"))
        return self.written(pk)

    @documented(IF_MATCH, ETAG)
    @extend_schema(summary="Put files of records into a mail", request=AttachSerializer)
    @action(detail=True, methods=["post"])
    def attach(self, request: Request, pk: Any = None) -> Response:
        """Put copies of files, which hang on any record that the caller may see, into a mail."""
        mail = self.get_object_for("edit")
        ids = list(dict.fromkeys(self.validated(AttachSerializer)["attachments"]))
        files = AttachmentViewSet(request=self.request).visible().filter(pk__in=ids)
        if missing := set(ids) - {found.pk for found in files}:
            raise ValidationError({"attachments": [DOES_NOT_EXIST.format(pk_value=min(missing))]})
        services.attach(mail=mail, attachments=list(files))
        return self.written(pk)

    @extend_schema(summary="Preview a mail", responses=PreviewSerializer)
    @action(detail=True)
    def preview(self, request: Request, pk: Any = None) -> Response:
        """A mail as it would go out: with the caller's signature, without tracking."""
        mail = self.get_object_for("view")
        mail.with_tracking, mail.sent_by = False, mail.sent_by or self.profile
        text, html = letters.body(mail)
        return Response({"subject": mail.subject, "body_text": text, "body_html": html})


class OfTheirMakers(TenantViewSet):
    """What all writers of mails use, and who made it may change; so may who may change all mails."""

    module = "emails"

    def check_may(self, action: str, instance: Any) -> None:
        is_mine = instance.created_by_id == self.profile.pk
        if action != "view" and not is_mine and self.profile.scope_for(self.module, action) != "all":
            raise PermissionDenied(f"Only who made this, or an admin, may {action} it.")


class EmailTemplateViewSet(OfTheirMakers):
    queryset = EmailTemplate.objects.all()
    serializer_class = EmailTemplateSerializer
    with_tools = True
    tool_names: ClassVar[dict[str, str]] = {"preview": ""}
    example: ClassVar[dict[str, Any]] = {
        "name": "Ready",
        "subject": "Your order, {{ contact.first_name }}",
        "body_text": "Dear {{ record.name }},\n\nit is ready.\n\n{{ me.name }}, {{ org.name }}",
    }
    filterset_fields = ["name"]
    default_order = ["name"]

    @extend_schema(summary="Preview a template", request=TemplatePreviewSerializer, responses=PreviewSerializer, filters=False)
    @action(detail=True, methods=["post"])
    def preview(self, request: Request, pk: Any = None) -> Response:
        """A template filled in with a record. Nothing is stored."""
        template = self.get_object_for("view")
        serializer = TemplatePreviewSerializer(data=request.data, context=self.get_serializer_context())
        serializer.is_valid(raise_exception=True)
        record = next(iter(serializer.validated_data.values()), None)
        return Response(services.merged_with(template, record, self.profile))


class BlockedAddressViewSet(OfTheirMakers):
    queryset = BlockedAddress.objects.all()
    serializer_class = BlockedAddressSerializer
    example: ClassVar[dict[str, Any]] = {"address": "no.more@mail.example", "reason": "unsubscribed"}
    filterset_fields = ["address", "reason"]
    default_order = ["address"]


class MailAccountViewSet(OfTheirMakers, MailboxViewSet):
    queryset = MailAccount.objects.all()
    serializer_class = MailAccountSerializer
    example: ClassVar[dict[str, Any]] = {"address": "sales@fjord.example", "imap_host": "imap.fjord.example"}
    inbound_path = "emails/inbound"

    @extend_schema(
        description="Answers come by webhook to `inbound_url`, which only this answer shows, or are fetched from `imap_host`.",
        responses={201: NewMailAccountSerializer},
    )
    @documented(LOCATION, ETAG)
    def create(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        return super().create(request, *args, **kwargs)

    @extend_schema(request=None, responses={200: NewMailAccountSerializer})
    @documented(ETAG)
    @action(detail=True, methods=["post"], url_path="new-url", url_name="new-url")
    def renew_url(self, request: Request, pk: Any = None) -> Response:
        """Give an account a new inbound URL; the old one is dead from now on."""
        return super().renew_url(request, pk)


class InboundEmailView(InboundView):
    model = MailAccount

    @extend_schema(
        operation_id="emails_inbound",
        parameters=[OpenApiParameter("token", str, "path", description="Of the mail account")],
        request={"message/rfc822": OpenApiTypes.BINARY},
        responses={200: ReplyTakenSerializer},
    )
    def post(self, request: Request, token: str) -> Response:
        """Take in one mail, raw (RFC 822): an answer to one of ours, or filed with who sent it. Needs no token but that of the
        path, which is the account's. The same mail again changes nothing."""
        return self.taken(request, token)

    def take_in(self, mailbox: Any, raw: bytes) -> dict[str, Any]:
        taken = take_in(mailbox, raw)
        return {"outcome": taken.outcome, "email": taken.email and taken.email.pk}
