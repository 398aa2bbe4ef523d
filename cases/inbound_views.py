"""Where mail gateways post raw mails for the help desk."""

from typing import Any

from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from common.mailboxes import views

from .inbound import take_in
from .models import Mailbox
from .serializers import MailTakenSerializer


class InboundView(views.InboundView):
    model = Mailbox

    @extend_schema(
        operation_id="cases_inbound",
        parameters=[OpenApiParameter("token", str, "path", description="Of the mailbox")],
        request={"message/rfc822": OpenApiTypes.BINARY},
        responses={200: MailTakenSerializer},
    )
    def post(self, request: Request, token: str) -> Response:
        """Take in one mail, raw (RFC 822): it opens a case, or goes to the one that it answers. Needs no token but that
        of the path, which is the mailbox's. The same mail again changes nothing."""
        return self.taken(request, token)

    def take_in(self, mailbox: Any, raw: bytes) -> dict[str, Any]:
        taken = take_in(mailbox, raw)
        return {"outcome": taken.outcome, "case": taken.case and taken.case.pk, "number": taken.case and taken.case.number}
