"""Endpoints of mailboxes, and where mail gateways post raw mails."""

from typing import Any, ClassVar

import orjson
from django.conf import settings
from django.http import Http404
from drf_spectacular.utils import extend_schema
from rest_framework.decorators import action
from rest_framework.exceptions import ValidationError
from rest_framework.parsers import BaseParser
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from common import links
from common.api.errors import TooLarge
from common.api.parameters import ETAG, LOCATION, documented
from common.inbound import NotAMail
from common.records.tenant_views import TenantViewSet

from .models import Mailbox


class MailboxViewSet(TenantViewSet):
    """Mailboxes of one model. Who makes one is shown its inbound URL, once."""

    #: Where mail is posted, before the token.
    inbound_path = ""
    filterset_fields: ClassVar[list[str]] = ["address", "is_active"]
    default_order: ClassVar[list[str]] = ["address"]

    @documented(LOCATION, ETAG)
    def create(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        return self.with_url(super().create(request, *args, **kwargs))

    def perform_create(self, serializer: Any) -> Mailbox:
        self.token, token_hash = links.new_token()
        mailbox: Mailbox = serializer.save(token_hash=token_hash)
        return mailbox

    @extend_schema(request=None)
    @documented(ETAG)
    @action(detail=True, methods=["post"], url_path="new-url", url_name="new-url")
    def renew_url(self, request: Request, pk: Any = None) -> Response:
        """Give a mailbox a new inbound URL; the old one is dead from now on."""
        mailbox = self.get_object_for("edit")
        self.token, mailbox.token_hash = links.new_token()
        mailbox.save(update_fields=["token_hash", "updated_at", "updated_by"])
        return self.with_url(self.written(pk))

    def with_url(self, response: Response) -> Response:
        url = f"{settings.DOMAIN_NAME}/api/{self.inbound_path}/{self.token}/"
        response.data = {**orjson.loads(orjson.dumps(response.data)), "inbound_url": url}
        return response


class RawParser(BaseParser):
    """A body as it is, read no further than its limit."""

    media_type = "*/*"

    def parse(self, stream: Any, media_type: str | None = None, parser_context: Any = None) -> Any:
        limit = settings.MAX_MAIL_BYTES
        raw: bytes = stream.read(limit + 1)
        if len(raw) > limit:
            raise TooLarge(f"A mail may have at most {limit} bytes.")
        return raw


class InboundView(APIView):
    """Takes in one raw mail for the mailbox whose token the path has."""

    authentication_classes: ClassVar[list[Any]] = []
    permission_classes: ClassVar[list[Any]] = []
    parser_classes: ClassVar[list[Any]] = [RawParser]
    model: Any = None

    def take_in(self, mailbox: Any, raw: bytes) -> dict[str, Any]:
        """What became of the mail. Raises TooLarge and NotAMail."""
        raise NotImplementedError

    def taken(self, request: Request, token: str) -> Response:
        with links.opened(token, source="mail") as token_hash:
            mailbox = self.model.objects.filter(token_hash=token_hash, is_active=True).first()
            if mailbox is None:
                raise Http404
            try:
                return Response(self.take_in(mailbox, request.data or b""))
            except NotAMail as error:
                raise ValidationError({"non_field_errors": [str(error)]}) from error
