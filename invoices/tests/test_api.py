from common.testing import OrgTestCase, RecordTests
from invoices.models import Invoice


class InvoiceAPITest(RecordTests, OrgTestCase):
    model = Invoice
    create_data = {"title": "Two sea kayaks", "currency": "EUR"}
    update_data = {"notes": "Thank you."}
    search_word = "kayaks"
