"""Every model of ``common``, under the name that Django and other apps look for."""

from .activity.models import Activity
from .custom_fields.models import CustomField, CustomValue
from .notifications.models import Notification, NotificationSettings, StreamPosition
from .people.api_keys import ApiKey
from .people.models import Invitation, Org, OutgoingMail, Profile, Role, Session, User
from .records.models import Attachment, Comment, Pipeline, Stage, Tag
from .records.numbers import NumberSeries
from .saved_views.models import SavedView

__all__ = [
    "Activity",
    "ApiKey",
    "Attachment",
    "Comment",
    "CustomField",
    "CustomValue",
    "Invitation",
    "NumberSeries",
    "Notification",
    "NotificationSettings",
    "Org",
    "OutgoingMail",
    "Pipeline",
    "Profile",
    "Role",
    "SavedView",
    "Session",
    "Stage",
    "StreamPosition",
    "Tag",
    "User",
]
