from accounts.models import Account
from common.testing import OrgTestCase, RecordTests


class AccountAPITest(RecordTests, OrgTestCase):
    model = Account
    create_data = {"name": "Analytical Engines", "industry": "Machines", "annual_revenue": "1000000.50"}
    update_data = {"number_of_employees": 12}
    search_word = "analytical"
