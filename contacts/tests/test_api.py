from common.testing import OrgTestCase, RecordTests
from contacts.models import Contact


class ContactAPITest(RecordTests, OrgTestCase):
    model = Contact
    create_data = {"first_name": "Ada", "last_name": "Byron", "email": "ada@engines.example"}
    update_data = {"title": "Countess"}
    search_word = "byron"
