from common.testing import OrgTestCase, RecordTests
from planner.models import Plan


class PlanAPITest(RecordTests, OrgTestCase):
    model = Plan
    create_data = {"subject": "Call about the offer", "activity_type": "call", "start": "2026-12-01T09:00:00Z"}
    update_data = {"duration": 30}
    search_word = "offer"
