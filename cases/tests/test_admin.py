"""The help desk in the admin: cases do there what they do over the API."""

from typing import Any

from cases.models import AssignmentRule, BusinessHours, Case, Mailbox, SlaPolicy
from common.records.serializers import find_stage
from common.tenancy import org_scope
from common.testing import OrgTestCase
from common.vault import reveal


class CaseAdminTest(OrgTestCase):
    def setUp(self) -> None:
        self.client.force_login(self.alice.user)
        with org_scope(self.org):
            SlaPolicy.objects.create(name="High", priority="High", resolution_minutes=60)
            AssignmentRule.objects.create(name="Uma").people.add(self.uma)
            self.stage = find_stage("cases")

    def post(self, path: str, **values: Any) -> Any:
        response = self.client.post(f"/admin/cases/{path}", values)
        self.assertEqual(response.status_code, 302, response.content[-3000:])
        return response

    def add(self, name: str, **values: Any) -> Case:
        self.post("case/add/", name=name, priority="High", stage=self.stage.pk, custom_fields="{}", **values)
        return self.case(name)

    def case(self, name: str) -> Case:
        with org_scope(self.org):
            return Case.objects.get(name=name)

    def test_a_new_case_gets_a_number_a_deadline_and_somebody(self) -> None:
        case = self.add("From the admin")
        self.assertEqual(case.number, "1")
        self.assertIsNotNone(case.resolution_due)
        with org_scope(self.org):
            self.assertEqual(case.assigned_to.get(), self.uma)

    def test_a_change_turns_the_clocks_and_circles_are_refused(self) -> None:
        case = self.add("Parent")
        child = self.add("Child", parent=case.pk)
        with org_scope(self.org):
            closed = find_stage("cases", "Closed")
        values = {"name": "Parent", "priority": "High", "stage": closed.pk, "custom_fields": "{}"}
        self.post(f"case/{case.pk}/change/", **values)
        self.assertIsNotNone(self.case("Parent").resolved_at)
        refused = self.client.post(f"/admin/cases/case/{case.pk}/change/", {**values, "parent": child.pk})
        self.assertContains(refused, "its own parent")

    def test_escalating_many(self) -> None:
        case = self.add("Slow")
        action = {"action": "escalate", "_selected_action": [case.pk], "index": 0}
        self.post("case/", **action)
        self.assertEqual(self.case("Slow").priority, "Urgent")

    def test_a_mailbox_keeps_its_password_to_itself(self) -> None:
        values = {
            "name": "Help",
            "address": "help@ours.example",
            "imap_port": 993,
            "imap_security": "ssl",
            "imap_folder": "INBOX",
        }
        self.post("mailbox/add/", **values, new_password="open-mailbox")
        with org_scope(self.org):
            mailbox = Mailbox.objects.get()
        self.assertEqual(reveal(mailbox.imap_password), "open-mailbox")
        page = self.client.get(f"/admin/cases/mailbox/{mailbox.pk}/change/")
        self.assertNotContains(page, mailbox.imap_password)
        self.assertNotContains(page, mailbox.token_hash)
        self.post(f"mailbox/{mailbox.pk}/change/", **values)
        with org_scope(self.org):
            self.assertEqual(Mailbox.objects.get().imap_password, mailbox.imap_password)

    def test_bad_hours_are_refused(self) -> None:
        bad = self.client.post("/admin/cases/businesshours/add/", {"name": "Office", "week": '{"mon": [["17:00", "09:00"]]}'})
        self.assertContains(bad, "expected hours in order")
        with org_scope(self.org):
            self.assertEqual(BusinessHours.objects.count(), 0)
