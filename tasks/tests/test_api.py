from common.testing import OrgTestCase, RecordTests
from tasks.models import Task


class TaskAPITest(RecordTests, OrgTestCase):
    model = Task
    create_data = {"title": "Call Ada back", "priority": "High", "due_date": "2026-12-01"}
    update_data = {"priority": "Low"}
    nested_data = {"checklist": [{"text": "Find her number"}], "contacts": []}
    search_word = "Ada"
