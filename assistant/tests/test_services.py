"""The modules' services as tools: what there is, whom it serves, what is proposed, and what can be undone."""

from datetime import timedelta
from typing import Any

from django.utils import timezone

from assistant.calls import confirm, use_tool
from assistant.models import ToolCall
from assistant.tests.test_tools import ToolTestCase
from assistant.tools import ToolError, all_tools
from assistant.undo import undo
from assistant.wishes import Wish
from common.notifications.services import notify
from common.tenancy import org_scope
from emails.models import Email
from events.models import Event
from invoices.models import Invoice
from leads.models import Lead

SERVICES = {
    "cases": ("escalate_case", "merge_case", "unmerge_case", "answer_customer_of_case", "send_survey_of_case"),
    "invoices": ("send_invoice", "send_reminder_of_invoice", "record_payment_of_invoice", "make_credit_note_of_invoice",
                 "cancel_invoice", "repeat_invoice", "invoices_aging"),
    "emails": ("send_email", "schedule_email", "call_back_email", "email_preview", "search_email_templates"),
    "planner": ("complete_planned_activity", "my_agenda", "what_have_i_to_do_next", "when_are_people_busy"),
    "events": ("occurrences_of_events", "cancel_occurrence_of_event", "answer_invitation_to_event", "event_conflicts"),
    "opportunities": ("close_opportunity", "quote_opportunity", "opportunities_forecast"),
    "boards": ("board_cards", "create_card", "move_card", "create_column"),
    "tasks": ("tick_task", "update_task_status"),
    "documents": ("document_versions",),
    "notifications": ("search_notifications", "count_unread_notifications", "mark_all_notifications_as_read"),
    "views": ("search_saved_views", "create_saved_view"),
    "custom-objects": ("search_custom_objects",),
    "interactions": ("search_interactions",),
}  # fmt: skip


class ServiceToolTest(ToolTestCase):
    def test_every_service_is_a_tool_that_says_what_it_does(self) -> None:
        tools = all_tools()
        for module, names in SERVICES.items():
            for name in names:
                self.assertEqual(tools[name].module, module, name)
        self.assertEqual([tool.name for tool in tools.values() if not tool.description or "record" == tool.description], [])
        timelines = {tool.record for tool in tools.values() if tool.view_action == "timeline"}
        self.assertEqual(timelines, {tool.record for tool in tools.values() if tool.view_action == "log_interaction"})

    def test_what_only_reads_takes_what_its_endpoint_takes(self) -> None:
        tools = all_tools()
        self.assertEqual({tools[name].kind for name in ("my_agenda", "lead_timeline", "invoices_aging")}, {"read"})
        self.assertEqual(list(tools["my_agenda"].parameters["properties"]), ["from", "to", "limit", "cursor"])
        self.assertEqual(tools["lead_timeline"].parameters["required"], ["id"])
        self.assertEqual(tools["search_everything"].parameters["required"], ["q"])
        self.assertIn("filters", tools["opportunities_forecast"].parameters["properties"])

    def test_files_are_not_for_models(self) -> None:
        self.assertFalse({"invoice_pdf", "document_download", "attachment_lead", "versions_document"} & set(all_tools()))
        self.assertNotIn("file", all_tools()["create_document"].parameters["properties"])

    def test_lists_of_objects_are_described_as_lists(self) -> None:
        lines = all_tools()["create_invoice"].parameters["properties"]["lines"]
        self.assertEqual((lines["type"], lines["items"]["type"]), ("array", "object"))

    def test_a_saved_view_filters_a_search(self) -> None:
        for name, value in (("Big", 5000), ("Small", 5)):
            self.use("create_lead", name=name, value=value)
        view = self.use("create_saved_view", module="leads", name="Big ones", filters={"value__gte": 1000})
        self.assertEqual([row["name"] for row in self.use("search_leads", view=view["id"])["results"]], ["Big"])
        self.assertEqual(self.use("search_saved_views", self.max)["results"], [])
        self.assertIn("view", self.refused("search_leads", self.max, view=view["id"]).details)

    def test_everyone_has_their_own_notifications(self) -> None:
        lead = self.use("create_lead", name="Ada Byron")
        with org_scope(self.max):
            notify(to=[self.alice], kind="mentioned", record=Lead.objects.get(pk=lead["id"]), text="Look")
        self.assertEqual(self.use("count_unread_notifications", self.vic), {"unread": 0})
        self.assertEqual(self.use("mark_all_notifications_as_read", self.uma), {"marked": 0})
        self.assertEqual([row["text"] for row in self.use("search_notifications")["results"]], ["Look"])
        self.assertEqual(self.use("mark_all_notifications_as_read"), {"marked": 1})

    def test_search_over_everything_finds_what_one_may_see(self) -> None:
        self.use("create_lead", name="Kayak Ada")
        self.use("create_task", title="Kayak repair")
        self.use("create_lead", self.mallory, name="Kayak Zara")
        found = self.use("search_everything", q="kayak")["results"]
        self.assertEqual({(row["record_type"], row["name"]) for row in found}, {("lead", "Kayak Ada"), ("task", "Kayak repair")})
        self.assertEqual(self.use("search_everything", self.uma, q="kayak"), {"results": []})
        self.assertEqual(self.use("search_everything", self.vic, q="kayak"), {"results": []})

    def test_cards_are_moved_by_who_may_change_the_board(self) -> None:
        board = self.use("create_board", name="Fair", column_names=["Ideas", "Done"])["id"]
        ideas, finished = (row["id"] for row in self.use("search_columns", filters={"board": board})["results"])
        card = self.use("create_card", column=ideas, title="Posters")["id"]
        self.assertEqual(self.use("move_card", id=card, column=finished)["column"], finished)
        self.assertEqual([len(column["cards"]) for column in self.use("board_cards", id=board)], [0, 1])
        for profile in (self.uma, self.mallory):
            self.assertEqual(self.refused("move_card", profile, id=card, column=ideas).code, 404)


class ProposalTest(ToolTestCase):
    def call(self, tool: str, message: str = "", **arguments: Any) -> ToolCall:
        with org_scope(self.alice, source="assistant"):
            return use_tool(self.alice, tool, arguments, asked=Wish(self.alice, message) if message else None)

    def yes(self, call: ToolCall) -> ToolCall:
        with org_scope(self.alice, source="assistant"):
            return confirm(self.alice, call.pk)

    def undo(self, call: ToolCall) -> None:
        with org_scope(self.alice, source="assistant"):
            undo(self.alice, call)

    def mail(self) -> str:
        return str(self.use("create_email", to=["ada@engines.example"], subject="Kayaks", body_text="Ready.")["id"])

    def status_of(self, model: Any, pk: str) -> str:
        with org_scope(self.org):
            return str(model.objects.get(pk=pk).status)

    def test_mail_is_proposed_and_a_scheduled_one_called_back(self) -> None:
        pk = self.mail()
        call = self.call("send_email", "Send the mail Kayaks", id=pk)
        self.assertEqual((call.status, self.status_of(Email, pk)), ("proposed", "draft"))
        self.assertEqual(call.diff[0]["changes"]["status"], ["draft", "sending"])
        later = (timezone.now() + timedelta(days=1)).isoformat()
        done = self.yes(self.call("schedule_email", id=pk, send_at=later))
        self.assertEqual(self.status_of(Email, pk), "scheduled")
        self.undo(done)
        self.assertEqual(self.status_of(Email, pk), "draft")

    def test_what_was_sent_is_not_said_to_be_undone(self) -> None:
        pk = self.mail()
        done = self.yes(self.call("send_email", id=pk))
        with self.assertRaises(ToolError) as caught:
            self.undo(done)
        self.assertEqual(caught.exception.code, 409)
        self.assertEqual(self.status_of(Email, pk), "sending")

    def test_an_invoice_gets_no_number_by_being_proposed(self) -> None:
        line = {"description": "Kayak", "quantity": 1, "price": 100}
        pk = self.use("create_invoice", title="Kayak", bill_to="Ada", currency="EUR", lines=[line])["id"]
        call = self.call("send_invoice", id=pk, mail=False)
        self.assertEqual((call.status, self.status_of(Invoice, pk)), ("proposed", "draft"))
        self.assertEqual(self.yes(call).result["number"][-4:], "0001")

    def test_guests_are_invited_at_once_only_by_who_says_so(self) -> None:
        start = "2031-03-04T10:00:00Z"
        values = {
            "title": "Demo",
            "start": start,
            "end": "2031-03-04T11:00:00Z",
            "participants": [{"email": "ada@engines.example"}],
        }
        said = "on 4 March 2031 from 2031-03-04T10:00:00Z to 2031-03-04T11:00:00Z with ada@engines.example"
        self.assertEqual(self.call("create_event", f"Create a Demo {said}", **values).status, "proposed")
        with org_scope(self.org):
            self.assertFalse(Event.objects.exists())
        self.assertEqual(self.call("create_event", f"Create a Demo {said} and invite her", **values).status, "done")

    def test_an_escalation_that_was_asked_for_is_done_and_undone(self) -> None:
        pk = self.use("create_case", name="Loose seat", priority="Normal")["id"]
        self.assertEqual(self.call("escalate_case", "Show me Loose seat", id=pk).status, "proposed")
        call = self.call("escalate_case", "Escalate Loose seat", id=pk)
        self.assertEqual((call.status, call.result["priority"]), ("done", "High"))
        self.undo(call)
        self.assertEqual(self.use("get_case", id=pk)["priority"], "Normal")
