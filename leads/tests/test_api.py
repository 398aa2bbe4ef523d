from common.testing import OrgTestCase, RecordTests
from leads.models import Lead


class LeadAPITest(RecordTests, OrgTestCase):
    model = Lead
    create_data = {"name": "Ada Byron", "company": "Engines", "email": "ada@engines.example", "value": 5000.0}
    update_data = {"status": "Meeting booked"}
    search_word = "byron"
