"""Calls: audited, done once, proposed where they are not small, confirmed, cancelled and undone."""

from typing import Any

from assistant import engine
from assistant.calls import CAP, cancel, capped, confirm, for_model, use_tool
from assistant.models import AssistantPreferences, AssistantSettings, ToolCall
from assistant.tools import ToolError
from assistant.undo import undo
from common.activity.models import Activity
from common.records.models import Comment, Tag
from common.tenancy import org_scope
from common.testing import OrgTestCase
from leads.models import Lead


class CallTestCase(OrgTestCase):
    def setUp(self) -> None:
        self.lead = self.client_of(self.alice).post("/api/v1/leads/", {"name": "John Smith", "company": "Acme"}).json()["id"]

    def use(self, tool: str, profile: Any = None, **arguments: Any) -> ToolCall:
        profile = profile or self.alice
        with org_scope(profile):
            return use_tool(profile, tool, arguments)

    def undo(self, call: ToolCall, profile: Any = None) -> ToolCall:
        with org_scope(profile or self.alice):
            return undo(profile or self.alice, call)

    def confirm(self, call: ToolCall, profile: Any = None) -> ToolCall:
        with org_scope(profile or self.alice):
            return confirm(profile or self.alice, call.pk)

    def now(self) -> Lead:
        with org_scope(self.org):
            return Lead.with_bin.select_related("stage").get(pk=self.lead)

    def changes(self) -> int:
        with org_scope(self.org):
            return Activity.objects.count()


class GateTest(CallTestCase):
    def test_a_small_change_is_done_and_audited_as_the_assistants(self) -> None:
        call = self.use("update_lead_status", id=self.lead, status="Meeting booked")
        self.assertEqual((call.status, call.kind, call.result["status"]), ("done", "write", "Meeting booked"))
        with org_scope(self.org):
            change = Activity.objects.get(request_id=call.request_id)
            self.assertEqual((change.source, change.actor_id), ("assistant", self.alice.pk))
            self.assertEqual(ToolCall.objects.get().arguments, {"id": self.lead, "status": "Meeting booked"})

    def test_a_delete_a_conversion_and_a_bulk_change_are_proposed_with_before_and_after(self) -> None:
        before = self.changes()
        for tool, arguments in [
            ("delete_lead", {"id": self.lead}),
            ("convert_lead", {"id": self.lead}),
            ("bulk_assign_leads", {"leads": [self.lead], "assigned_to": str(self.uma.pk)}),
        ]:
            call = self.use(tool, **arguments)
            self.assertEqual(call.status, "proposed", tool)
            self.assertIn(self.lead, [change["id"] for change in call.diff], tool)
        self.assertEqual(self.changes(), before)
        self.assertIsNone(self.now().deleted_at)

    def test_who_wants_to_be_asked_is_asked(self) -> None:
        with org_scope(self.alice):
            AssistantPreferences.objects.create(profile=self.alice, applies_small_changes=False)
        call = self.use("update_lead_data", id=self.lead, company="Byte Ltd")
        self.assertEqual(call.status, "proposed")
        self.assertEqual(call.diff[0]["changes"], {"company": ["Acme", "Byte Ltd"]})
        self.assertEqual(self.now().company, "Acme")
        self.assertEqual(self.use("update_lead_data", self.max, id=self.lead, company="C").status, "failed")  # not his to change

    def test_what_fails_is_not_proposed_but_told(self) -> None:
        call = self.use("delete_lead", id="0192d3c0-0000-7000-8000-000000000000")
        self.assertEqual((call.status, call.error), ("failed", "Not found."))
        self.assertEqual(self.use("delete_lead", self.max, id=self.lead).status, "failed")
        self.assertEqual(self.use("nonsense").status, "failed")

    def test_the_same_key_is_done_once(self) -> None:
        with org_scope(self.alice):
            turn = engine.start(self.alice, "note twice")
            calls = [
                use_tool(self.alice, "comment_on_lead", {"id": self.lead, "comment": "Hi"}, turn=turn, key="0.0") for _ in "ab"
            ]
            self.assertEqual(calls[0].pk, calls[1].pk)
            self.assertEqual(Comment.objects.count(), 1)


class ConfirmTest(CallTestCase):
    def test_confirmed_it_is_done_once(self) -> None:
        call = self.confirm(self.use("delete_lead", id=self.lead))
        self.assertEqual(call.status, "done")
        self.assertIsNotNone(self.now().deleted_at)
        with self.assertRaises(ToolError) as caught:
            self.confirm(call)
        self.assertEqual(caught.exception.code, 409)

    def test_not_by_somebody_else(self) -> None:
        call = self.use("delete_lead", id=self.lead)
        for other in (self.max, self.mallory):
            with self.assertRaises(ToolError) as caught:
                self.confirm(call, other)
            self.assertEqual(caught.exception.code, 404)
        self.assertIsNone(self.now().deleted_at)

    def test_a_record_deleted_meanwhile_ends_in_a_message(self) -> None:
        call = self.use("convert_lead", id=self.lead)
        self.client_of(self.alice).delete(f"/api/v1/leads/{self.lead}/")
        self.assertEqual(self.confirm(call).status, "failed")
        self.assertIsNone(self.now().converted_at)

    def test_a_record_changed_meanwhile_is_proposed_anew(self) -> None:
        with org_scope(self.alice):
            AssistantPreferences.objects.create(profile=self.alice, applies_small_changes=False)
        call = self.use("update_lead_data", id=self.lead, company="Byte Ltd")
        self.client_of(self.alice).patch(f"/api/v1/leads/{self.lead}/", {"company": "Else Inc"})
        with self.assertRaises(ToolError) as caught:
            self.confirm(call)
        self.assertIn("changed since", caught.exception.message)
        self.assertEqual(self.now().company, "Else Inc")
        with org_scope(self.alice):
            self.assertEqual(ToolCall.objects.get(pk=call.pk).diff[0]["changes"], {"company": ["Else Inc", "Byte Ltd"]})
        self.assertEqual(self.confirm(call).status, "done")
        self.assertEqual(self.now().company, "Byte Ltd")

    def test_cancelled_it_is_gone(self) -> None:
        call = self.use("delete_lead", id=self.lead)
        with org_scope(self.alice):
            self.assertEqual(cancel(self.alice, [call]), 1)
        with self.assertRaises(ToolError):
            self.confirm(call)


class UndoTest(CallTestCase):
    def test_each_kind_of_change_is_taken_back(self) -> None:
        self.undo(self.use("update_lead_data", id=self.lead, company="Byte Ltd", value=5))
        self.assertEqual((self.now().company, self.now().value), ("Acme", None))
        self.undo(self.use("update_lead_status", id=self.lead, status="Proposal sent"))
        self.assertEqual(self.now().stage.name, "Interest")
        self.undo(self.use("assign_lead", id=self.lead, assigned_to=str(self.uma.pk)))
        with org_scope(self.org):
            self.assertFalse(self.now().assigned_to.exists())
        self.undo(self.use("comment_on_lead", id=self.lead, comment="Hi"))
        with org_scope(self.org):
            self.assertFalse(Comment.objects.exists())
        made = self.use("create_lead", name="New One")
        self.undo(made)
        with org_scope(self.org):
            self.assertFalse(Lead.objects.filter(pk=made.result["id"]).exists())
        self.undo(self.confirm(self.use("delete_lead", id=self.lead)))
        self.assertIsNone(self.now().deleted_at)
        self.undo(self.confirm(self.use("convert_lead", id=self.lead)))
        self.assertIsNone(self.now().converted_at)
        self.undo(self.confirm(self.use("bulk_assign_leads", leads=[self.lead], assigned_to=str(self.uma.pk))))
        with org_scope(self.org):
            self.assertFalse(self.now().assigned_to.exists())

    def test_links_come_back_as_they_were(self) -> None:
        with org_scope(self.org):
            hot, cold = (Tag.objects.create(name=name) for name in ("hot", "cold"))
        self.client_of(self.alice).patch(f"/api/v1/leads/{self.lead}/", {"tags": [str(hot.pk)]})
        self.undo(self.use("update_lead_data", id=self.lead, tags=[str(cold.pk)], name="Jon"))
        with org_scope(self.org):
            self.assertEqual([tag.name for tag in self.now().tags.all()], ["hot"])
        self.assertEqual(self.now().name, "John Smith")

    def test_nothing_is_undone_over_a_later_change_of_the_same_field_nor_twice(self) -> None:
        call = self.use("update_lead_data", id=self.lead, company="Byte Ltd")
        self.client_of(self.alice).patch(f"/api/v1/leads/{self.lead}/", {"title": "Boss"})
        self.client_of(self.alice).patch(f"/api/v1/leads/{self.lead}/", {"company": "Else Inc"})
        with self.assertRaises(ToolError) as caught:
            self.undo(call)
        self.assertIn("changed again", caught.exception.message)
        self.assertEqual(self.now().company, "Else Inc")
        other = self.use("update_lead_data", id=self.lead, title="Chief")
        self.undo(other)
        with self.assertRaises(ToolError):
            self.undo(other)
        self.assertEqual(self.now().title, "Boss")


class ModelSightTest(CallTestCase):
    def test_withheld_fields_are_not_for_models(self) -> None:
        self.client_of(self.alice).patch(f"/api/v1/leads/{self.lead}/", {"email": "john@acme.example"})
        call = self.use("search_leads", search="john")
        self.assertIn("john@acme.example", str(call.result))
        with org_scope(self.alice):
            AssistantSettings.objects.create(withheld_fields=["email", "phone"])
            self.assertNotIn("john@acme.example", str(for_model(call.result)))
            history = self.use("lead_history", id=self.lead)
            self.assertNotIn("john@acme.example", str(for_model(history.result)))
            self.assertIn("John Smith", str(for_model(call.result)))

    def test_results_are_capped(self) -> None:
        rows = [{"id": number, "notes": "x" * 900} for number in range(100)]
        cut = capped({"count": 100, "results": rows})
        self.assertLess(len(str(cut)), CAP * 1.2)
        self.assertIn("more are left out", cut["cut"])
        self.assertEqual(len(cut["results"]) + int(cut["cut"].split()[0]), 100)
