from common.testing import OrgTestCase, RecordTests
from opportunity.models import Opportunity


class OpportunityAPITest(RecordTests, OrgTestCase):
    model = Opportunity
    create_data = {"name": "Difference engine", "amount": "17000.00", "currency": "GBP"}
    update_data = {"status": "Proposal"}
    search_word = "difference"
