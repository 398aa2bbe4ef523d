"""Every model of ``common``, under the name that Django and other apps look for."""

from .activity.models import Activity
from .people.api_keys import ApiKey
from .people.models import Invitation, Org, OutgoingMail, Profile, Role, Session, User
from .records.models import Attachment, Comment, Pipeline, Stage, Tag

__all__ = [
    "Activity",
    "ApiKey",
    "Attachment",
    "Comment",
    "Invitation",
    "Org",
    "OutgoingMail",
    "Pipeline",
    "Profile",
    "Role",
    "Session",
    "Stage",
    "Tag",
    "User",
]
