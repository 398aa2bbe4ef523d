from common.testing import OrgTestCase, RecordTests
from opportunity.models import Opportunity


class OpportunityAPITest(RecordTests, OrgTestCase):
    model = Opportunity
    create_data = {"name": "Difference engine", "amount": "17000.00", "currency": "GBP"}
    update_data = {"status": "Proposal"}
    nested_data = {"lines": [{"description": "Cog", "price": "3.00"}]}
    search_word = "difference"
