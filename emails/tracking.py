"""Openings and clicks: addresses that only we can make, and what is noted when one is visited.

Each is signed, and says of which organization and mail it is, so it is looked up inside that org. A click leads to a link
that was in the mail when it was sent, and nowhere else.
"""

from typing import Any
from uuid import UUID

from django.conf import settings
from django.core.signing import BadSignature, Signer
from django.db.models import F
from django.http import Http404
from django.utils import timezone

from common.people.models import Org
from common.tenancy import org_scope

from .models import Email

SALT = "emails.tracking"


def open_url(mail: Email) -> str:
    return f"{settings.DOMAIN_NAME}/mail/opened/{token_of(mail)}/"


def link_url(mail: Email, number: int) -> str:
    return f"{settings.DOMAIN_NAME}/mail/link/{token_of(mail, number)}/"


def token_of(mail: Email, link: int | None = None) -> str:
    return Signer(salt=SALT).sign_object([str(mail.org_id), str(mail.pk), link])


def note_opening(token: str, *, counted: bool) -> None:
    """Raises Http404 for what is no token of ours."""
    visit(token, "opened", counted=counted)


def follow(token: str, *, counted: bool) -> str:
    """The link that a token stands for. Raises Http404."""
    return visit(token, "clicked", counted=counted)


def visit(token: str, what: str, *, counted: bool) -> str:
    try:
        org_id, mail_id, link = Signer(salt=SALT).unsign_object(token)
    except (BadSignature, ValueError) as error:
        raise Http404 from error
    org = Org.objects.filter(pk=UUID(org_id), is_active=True).first()
    if org is None or (link is None) != (what == "opened"):
        raise Http404
    with org_scope(org, source="site"):
        rows: Any = Email.with_bin.filter(pk=UUID(mail_id), status__in=Email.ARRIVED)
        links = rows.values_list("links", flat=True).first()
        if links is None or (link is not None and not 0 <= link < len(links)):
            raise Http404
        if counted:
            now = timezone.now()
            rows.update(**{f"{what}_count": F(f"{what}_count") + 1, f"{what}_at": now, "updated_at": now})
    return "" if link is None else str(links[link])
