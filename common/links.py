"""Links that need no sign-in: an unguessable token that also says whose it is, so that it is looked up inside that org."""

import base64
import binascii
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from uuid import UUID

from django.http import Http404

from common.people.models import Org
from common.people.tokens import digest
from common.tenancy import current_org_id, org_scope

RANDOM_BYTES = 24


def new_token() -> tuple[str, str]:
    """A token of the scope's org, and what is stored of it."""
    token = base64.urlsafe_b64encode(secrets.token_bytes(RANDOM_BYTES) + current_org_id().bytes).decode().rstrip("=")
    return token, digest(token)


@contextmanager
def opened(token: str, *, source: str) -> Iterator[str]:
    """Work in the org that a token is of; yields the hash to look it up by. Raises Http404 where it can be nobody's."""
    try:
        org_id = UUID(bytes=base64.b64decode(token + "==", altchars=b"-_", validate=True)[RANDOM_BYTES:])
    except (binascii.Error, ValueError) as error:
        raise Http404 from error
    org = Org.objects.filter(pk=org_id, is_active=True).first()
    if org is None:
        raise Http404
    with org_scope(org, source=source):
        yield digest(token)
