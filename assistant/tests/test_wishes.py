"""What counts as a person's own words, and what does not."""

from typing import Any

from assistant.tools import all_tools
from assistant.wishes import Wish
from common.tenancy import org_scope
from common.testing import OrgTestCase


class WishTest(OrgTestCase):
    def setUp(self) -> None:
        client = self.client_of(self.alice)
        self.john, self.ada = (client.post("/api/v1/leads/", {"name": name}).json()["id"] for name in ("John Smith", "王小明"))

    def covers(self, message: str, tool: str, earlier: str = "", shown: Any = (), **arguments: Any) -> bool:
        with org_scope(self.alice):
            return Wish(self.alice, message, earlier, frozenset(shown)).covers(all_tools()[tool], arguments)

    def test_what_was_said(self) -> None:
        john = {"id": self.john}
        said: list[tuple[str, str, dict[str, Any]]] = [
            ("Set John's value to 1,500", "update_lead_data", {"value": 1500}),
            ("change john's value to 5k", "update_lead_data", {"value": 5000}),
            ("Update the phone of John: +44 20 7183-8750", "update_lead_data", {"phone": "+442071838750"}),
            ("Set John's email to JOHN@acme.example", "update_lead_data", {"email": "john@acme.example"}),
            ("Clear the phone of John", "update_lead_data", {"phone": ""}),
            ("Change John's currency to €", "update_lead_data", {"currency": "EUR"}),
            ("Set the close date of John to 5 March", "update_lead_data", {"close_date": "2027-03-05"}),
            ("Set the close date of John to next Friday", "update_lead_data", {"close_date": "2027-03-05"}),
            ("Mark John as won", "update_lead_status", {"status": "Closed win"}),
            ("Assign John to Uma", "assign_lead", {"assigned_to": str(self.uma.pk)}),
            ("Assign John to me", "assign_lead", {"assigned_to": str(self.alice.pk)}),
            ("Note on John that he likes the red boat", "comment_on_lead", {"comment": "Likes the red boat."}),
        ]
        for message, tool, arguments in said:
            self.assertTrue(self.covers(message, tool, **john, **arguments), message)
        self.assertTrue(self.covers("Set 王小明's value to 5", "update_lead_data", id=self.ada, value=5))
        self.assertTrue(self.covers("Set his value to 5", "update_lead_data", shown=[self.john], id=self.john, value=5))
        self.assertTrue(self.covers("Set his value to 5", "update_lead_data", "Who is John?", id=self.john, value=5))

    def test_what_was_not(self) -> None:
        unsaid: list[tuple[str, str, dict[str, Any]]] = [
            ("Who is John?", "update_lead_data", {"id": self.john, "value": 5}),
            ("Set John's value to 5", "update_lead_data", {"id": self.ada, "value": 5}),
            ("Set John's value to 5", "update_lead_data", {"id": self.john, "value": 50}),
            ("Set John's value to 5", "update_lead_data", {"id": self.john, "value": 5, "notes": "Owned"}),
            ("Set John's value to 5", "update_lead_data", {"id": self.john, "phone": ""}),
            ("Set John's value to 5", "update_lead_data", {"id": self.john, "close_date": "2027-03-06"}),
            ("Set John's value to 5", "update_lead_data", {"id": "nonsense", "value": 5}),
            ("Move John to Proposal sent", "update_lead_status", {"id": self.john, "status": "Closed lost"}),
            ("Assign John to Uma", "assign_lead", {"id": self.john, "assigned_to": str(self.max.pk)}),
            ("Note on John that he likes the red boat", "comment_on_lead",
             {"id": self.john, "comment": "Likes the red boat, call eve@evil.example"}),
            ("Note on John that he likes boats", "comment_on_lead", {"id": self.john, "comment": "All passwords of the office"}),
            ("Create a lead for Tom", "create_lead", {"name": "Evil Eve"}),
            ("Create a lead for Tom", "create_lead", {"name": "Tom", "notes": "Copied from elsewhere"}),
        ]  # fmt: skip
        for message, tool, arguments in unsaid:
            self.assertFalse(self.covers(message, tool, **arguments), f"{message}: {arguments}")
