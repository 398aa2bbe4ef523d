from common.records.models import Stage
from common.tenancy import org_scope
from common.testing import OrgTestCase
from invoices import demo as invoices
from invoices.models import Invoice
from opportunity import demo as deals
from opportunity.models import Opportunity


class DemoTest(OrgTestCase):
    def test_it_shows_every_state(self) -> None:
        staff = [self.alice, self.max, self.uma]
        with org_scope(self.alice):
            for number, stage in enumerate(Stage.objects.filter(pipeline__module="opportunities")[:4]):
                Opportunity.objects.create(name=f"Deal {number}", amount=9000 + number, currency="USD", stage=stage)
            deals.add_demo("fjord.example", staff)
            invoices.add_demo("fjord.example", staff)
            statuses = set(Invoice.objects.values_list("status", flat=True))
        self.assertLessEqual({"draft", "paid", "overdue", "partly_paid", "accepted", "viewed", "sent"}, statuses)
        progress = self.client_of(self.alice).get("/api/v1/goals/progress/").json()
        self.assertEqual(len(progress), 3)
