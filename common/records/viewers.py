"""Who looks, as a key of statements that were compiled for them."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from .models import BaseRecord


@dataclass(frozen=True)
class Viewer:
    """A person, with all that decides what they may see of some record types: change it, and it is another key."""

    pk: UUID
    email: str
    is_client: bool
    scopes: tuple[str, ...]
    profile: Any = field(compare=False)

    @classmethod
    def of(cls, profile: Any, models: Iterable[Any]) -> "Viewer":
        scopes = tuple(profile.scope_for(model.module, "view") for model in models if issubclass(model, BaseRecord))
        return cls(profile.pk, profile.user.email, profile.is_client, scopes, profile)
