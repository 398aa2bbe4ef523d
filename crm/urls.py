from django.contrib import admin
from django.urls import include, path

from common.api import errors

urlpatterns = [
    path("admin/", admin.site.urls),
    path("api/v1/", include("crm.api")),
    path("api/", include(("crm.api", "unversioned"))),
    path("", include("common.people.page_urls")),
    path("", include("compat.urls")),
]

handler400, handler403, handler404, handler500 = (
    errors.bad_request,
    errors.permission_denied,
    errors.not_found,
    errors.server_error,
)
