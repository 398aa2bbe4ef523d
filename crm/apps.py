from django.contrib.admin.apps import AdminConfig


class AtriumAdminConfig(AdminConfig):
    default_site = "common.admin_site.AtriumAdminSite"
