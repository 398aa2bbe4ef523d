from django.contrib import admin
from django.urls import include, path

from common.api import docs, errors

urlpatterns = [
    path("admin/", admin.site.urls),
    path("schema/", docs.SchemaView.as_view(), name="schema"),
    path("swagger-ui/", docs.SwaggerView.as_view(), name="swagger-ui"),
    path("docs/", docs.SwaggerView.as_view(), name="docs"),
    path("api/schema/redoc/", docs.RedocView.as_view(), name="redoc"),
    path("api/schema/redoc.js/", docs.redoc_script_view, name="redoc-script"),
    path("api/v1/", include("crm.api")),
    path("api/", include(("crm.api", "unversioned"))),
    path("", include("common.people.page_urls")),
    path("", include("invoices.page_urls")),
    path("", include("cases.pages")),
    path("", include("emails.page_urls")),
    path("", include("events.page_urls")),
    path("", include("compat.urls")),
]

handler400, handler403, handler404, handler500 = (
    errors.bad_request,
    errors.permission_denied,
    errors.not_found,
    errors.server_error,
)
