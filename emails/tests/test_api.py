from common.testing import OrgTestCase, RecordTests
from emails.models import Email


class EmailAPITest(RecordTests, OrgTestCase):
    model = Email
    create_data = {"to": ["ada@engines.example"], "subject": "Your kayaks", "body_text": "They are ready."}
    update_data = {"subject": "Your two kayaks"}
    search_word = "kayaks"
