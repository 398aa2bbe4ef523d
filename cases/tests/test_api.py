from cases.models import Case
from common.testing import OrgTestCase, RecordTests


class CaseAPITest(RecordTests, OrgTestCase):
    model = Case
    create_data = {"name": "The seat is loose", "priority": "High", "case_type": "Incident"}
    update_data = {"priority": "Low"}
    search_word = "loose"
