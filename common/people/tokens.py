"""Bearer tokens: JWTs by SimpleJWT, each tied to a session row that can be ended at once."""

import hashlib
import secrets
import uuid
from functools import lru_cache
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.utils import timezone
from rest_framework_simplejwt.backends import TokenBackend
from rest_framework_simplejwt.exceptions import TokenBackendError, TokenBackendExpiredToken

from .models import Org, Session, User

ALGORITHM = "HS256"
ISSUER = "atrium"
BAD = "The token is not valid."


class BadToken(Exception):
    """The token is malformed, forged, expired, of another kind, or its session has ended."""


@lru_cache(maxsize=4)
def _backend(key: str) -> TokenBackend:
    return TokenBackend(ALGORITHM, signing_key=key, issuer=ISSUER)


def _decode_with(key: str, token: str) -> dict[str, Any]:
    return dict(_backend(key).decode(token))  # type: ignore[arg-type]


@lru_cache(maxsize=10_000)
def _checked(token: str) -> dict[str, Any]:
    """Claims of a token whose signature is right. Kept, since it stays right; its end is checked by read_token()."""
    for key in (settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS):
        try:
            return _decode_with(key, token)
        except TokenBackendExpiredToken as error:
            raise BadToken("The token has expired.") from error
        except TokenBackendError:
            continue
    raise BadToken(BAD)


def read_token(token: str, kind: str) -> dict[str, Any]:
    """The claims of a token of ``kind`` ("access" or "refresh"). Raises BadToken."""
    claims = _checked(token)
    try:
        ids = {name: UUID(claims[name]) for name in ("sub", "sid", "jti")}
        org, ends = UUID(claims["org"]) if claims.get("org") else None, float(claims["exp"])
    except (KeyError, ValueError, TypeError, AttributeError) as error:
        raise BadToken(BAD) from error
    if claims.get("typ") != kind:
        raise BadToken(f"Expected a token of kind {kind}.")
    if ends <= timezone.now().timestamp():
        raise BadToken("The token has expired.")
    return {**claims, **ids, "org": org}


def _token(kind: str, session: Session, org: Org | None, lifetime: Any, jti: uuid.UUID) -> str:
    now = timezone.now()
    claims = {
        "typ": kind,
        "sub": str(session.user_id),
        "sid": str(session.pk),
        "org": str(org.pk) if org else None,
        "jti": str(jti),
        "iat": int(now.timestamp()),
        "exp": int((now + lifetime).timestamp()),
    }
    return str(_backend(settings.SECRET_KEY).encode(claims))


def token_pair(session: Session, org: Org | None) -> dict[str, str]:
    return {
        "access_token": _token("access", session, org, settings.ACCESS_TOKEN_LIFETIME, uuid.uuid4()),
        "refresh_token": _token("refresh", session, org, settings.REFRESH_TOKEN_LIFETIME, session.refresh_id),
        "token_type": "bearer",
    }


def start_session(user: User) -> Session:
    return Session.objects.create(user=user, expires_at=timezone.now() + settings.REFRESH_TOKEN_LIFETIME)


@transaction.atomic
def rotate(refresh_token: str) -> tuple[Session, UUID | None]:
    """Exchange a refresh token: the session's next one replaces it.

    One that was exchanged before has been stolen, or its thief's was: the session ends. Raises BadToken.
    """
    claims = read_token(refresh_token, "refresh")
    session = (
        Session.objects.select_for_update(of=("self",)).select_related("user").filter(pk=claims["sid"], ended_at=None).first()
    )
    if session is None or not session.user.is_active:
        raise BadToken("The session has ended. Sign in again.")
    if session.refresh_id != claims["jti"]:
        raise Reused(session)
    session.refresh_id = uuid.uuid4()
    session.expires_at = timezone.now() + settings.REFRESH_TOKEN_LIFETIME
    session.save(update_fields=["refresh_id", "expires_at"])
    return session, claims["org"]


class Reused(BadToken):
    def __init__(self, session: Session):
        self.session = session
        super().__init__("This token was used before. For safety the session has ended: sign in again.")


def end_sessions(user: User, *, but: Any = None) -> None:
    Session.objects.filter(user=user, ended_at=None).exclude(pk=but).update(ended_at=timezone.now())


def secret_token() -> str:
    return secrets.token_urlsafe(32)


def digest(secret: str) -> str:
    """How a secret is stored: it has 256 bits of its own, so a plain hash does."""
    return hashlib.sha256(secret.encode()).hexdigest()
