"""Admin pages of planned calls, meetings and to-dos."""

from django.contrib import admin

from common.admin_commands import Command
from common.records.admin import RecordAdmin

from .models import Plan
from .serializers import DoneSerializer


class PlanAdmin(RecordAdmin):
    section = "Work"
    icon = "calendar_clock"
    list_display = ["__str__", "activity_type", "start", "status"]
    hidden = (*RecordAdmin.hidden, "remind_at")
    commands = (Command("Mark as done", "done", DoneSerializer, "task_alt", lambda plan: plan.status == Plan.Status.PLANNED),)


admin.site.unregister(Plan)
admin.site.register(Plan, PlanAdmin)
