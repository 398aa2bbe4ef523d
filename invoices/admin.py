"""Admin pages of invoices: drafts are changed there as over the API, the rest is looked at."""

from typing import Any

from django.contrib import admin

from common.records.admin import RecordAdmin

from .models import Invoice


class InvoiceAdmin(RecordAdmin):
    def has_change_permission(self, request: Any, obj: Any = None) -> bool:
        return super().has_change_permission(request, obj) and (obj is None or obj.status == Invoice.Status.DRAFT)

    def has_delete_permission(self, request: Any, obj: Any = None) -> bool:
        return super().has_delete_permission(request, obj) and (obj is None or obj.status == Invoice.Status.DRAFT)

    def put_all(self, request: Any, queryset: Any, moment: Any, where: str) -> None:
        super().put_all(request, queryset.filter(status=Invoice.Status.DRAFT), moment, where)


admin.site.unregister(Invoice)
admin.site.register(Invoice, InvoiceAdmin)
