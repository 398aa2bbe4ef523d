"""Secrets of organizations that we must be able to read again, such as a mailbox's password: encrypted at rest.

The key comes from SECRET_KEY. When that one changes, put the old one into SECRET_KEY_FALLBACKS: it still opens what it closed.
"""

import base64

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from django.conf import settings


class Unreadable(ValueError):
    """The secret was closed with a key that we no longer have."""


def fernet() -> MultiFernet:
    keys = [settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS]
    return MultiFernet([Fernet(base64.urlsafe_b64encode(derived(key))) for key in keys])


def derived(key: str) -> bytes:
    return HKDF(algorithm=SHA256(), length=32, salt=None, info=b"atrium vault").derive(key.encode())


def close(secret: str) -> str:
    return fernet().encrypt(secret.encode()).decode()


def reveal(closed: str) -> str:
    """What ``close`` was given. Raises Unreadable."""
    try:
        return fernet().decrypt(closed.encode()).decode()
    except InvalidToken as error:
        raise Unreadable("This secret cannot be read any more: SECRET_KEY has changed. Enter it again.") from error
