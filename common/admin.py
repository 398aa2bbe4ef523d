"""Where Django looks for the admin pages of ``common``, among them those of every record type."""

from .activity import admin as activity_pages
from .custom_fields import admin as custom_field_pages
from .notifications import admin as notification_pages
from .people import admin as people_pages
from .people import api_key_admin as api_key_pages
from .records import admin as record_pages
from .records import shared_admin as shared_pages
from .saved_views import admin as saved_view_pages

__all__ = [
    "activity_pages",
    "api_key_pages",
    "custom_field_pages",
    "notification_pages",
    "people_pages",
    "record_pages",
    "saved_view_pages",
    "shared_pages",
]
