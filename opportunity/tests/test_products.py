from common.testing import OrgTestCase, RecordTests
from opportunity.models import Product


class ProductAPITest(RecordTests, OrgTestCase):
    model = Product
    create_data = {"name": "Sea kayak", "code": "SK-1", "price": "1490.00", "currency": "EUR"}
    update_data = {"is_active": False}
    search_word = "kayak"
