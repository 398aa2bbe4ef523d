from common.testing import OrgTestCase, RecordTests
from invoices.models import Invoice


class InvoiceAPITest(RecordTests, OrgTestCase):
    model = Invoice
    create_data = {"title": "Two sea kayaks", "currency": "EUR"}
    update_data = {"notes": "Thank you."}
    nested_data = {"lines": [{"description": "Sea kayak", "price": "1490.00"}]}
    search_word = "kayaks"
