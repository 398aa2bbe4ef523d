from django.apps import AppConfig
from django.contrib.admin.apps import AdminConfig


class CrmConfig(AppConfig):
    """The project itself: the commands that start and fill it."""

    name = "crm"


class AtriumAdminConfig(AdminConfig):
    default = False
    default_site = "common.admin_site.AtriumAdminSite"
