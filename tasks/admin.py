"""Admin pages of tasks, with their checklists."""

from django.contrib import admin

from common.admin_base import PartInline
from common.records.admin import RecordAdmin

from .models import ChecklistItem, Task
from .views import TaskViewSet


class ChecklistInline(PartInline):
    model = ChecklistItem
    parent_viewset = TaskViewSet
    part = "checklist"
    fields = ["text", "done"]


class TaskAdmin(RecordAdmin):
    section = "Work"
    icon = "task_alt"
    inlines = [ChecklistInline]
    list_display = ["__str__", "stage", "priority", "due_date", "created_at"]
    hidden = (*RecordAdmin.hidden, "remind_at")


admin.site.unregister(Task)
admin.site.register(Task, TaskAdmin)
