from common.testing import OrgTestCase, RecordTests
from documents.models import Document


class DocumentAPITest(RecordTests, OrgTestCase):
    model = Document
    create_data = {"title": "Price list 2027"}
    update_data = {"status": "inactive"}
    search_word = "Price"
