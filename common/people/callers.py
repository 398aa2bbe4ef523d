"""Who calls, by what a request carries: the token of a person's session, or an API key. The same for WSGI and ASGI."""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from .api_keys import START, ApiKey, use_key
from .authentication import find_member
from .models import Profile, User
from .tokens import BadToken, read_token


@dataclass(frozen=True)
class Caller:
    """``profile`` is the caller's in the org that is asked for."""

    profile: Profile | None = None
    #: Who is signed in, with a profile there or not. A key is nobody's session.
    user: User | None = None
    #: Of a session's token.
    claims: dict[str, Any] | None = None
    key: ApiKey | None = None
    #: Why nobody was found.
    error: str = ""

    @property
    def may_write(self) -> bool:
        return self.key is None or self.key.may_write


def find_caller(authorization: str, org: str | None) -> Caller:
    """Whoever the headers ``Authorization`` and ``org`` name."""
    kind, _, token = authorization.partition(" ")
    token = token.strip()
    try:
        if kind.lower() != "bearer" or not token:
            raise BadToken("Expected: Authorization: Bearer <token>.")
        return by_key(token, org) if token.startswith(START) else by_session(token, org)
    except BadToken as error:
        return Caller(error=str(error))


def by_key(token: str, org: str | None) -> Caller:
    key = use_key(token)
    elsewhere = wanted_org(org, key.profile.org_id) != key.profile.org_id
    return Caller(None if elsewhere else key.profile, key=key)


def by_session(token: str, org: str | None) -> Caller:
    claims = read_token(token, "access")
    org_id = wanted_org(org, claims["org"])
    profile = find_member(claims["sub"], org_id, claims["sid"]) if org_id else None
    user = profile.user if profile else signed_in_user(claims)
    if user is None:
        raise BadToken("The session has ended. Sign in again.")
    return Caller(profile, user, claims)


def wanted_org(header: str | None, otherwise: UUID | None) -> UUID | None:
    """The org of the header, or of the token. None for a header that is not an id: nobody is a member of that."""
    if header is None:
        return otherwise
    try:
        return UUID(header.strip())
    except ValueError:
        return None


def signed_in_user(claims: dict[str, Any]) -> User | None:
    """The user of a token whose session has not ended, for what needs no org."""
    return User.objects.filter(pk=claims["sub"], is_active=True, sessions__pk=claims["sid"], sessions__ended_at=None).first()
