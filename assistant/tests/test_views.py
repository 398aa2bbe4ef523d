"""The assistant over HTTP: the shapes of the Lightweight CRM's chat, what was done, and how it works."""

from decimal import Decimal
from typing import Any

from assistant.calls import use_tool
from assistant.models import AssistantSettings, ToolCall, Turn
from assistant.serializers import MAX_MESSAGE
from assistant.tools import tools_for
from common.tenancy import org_scope
from leads.models import Lead

from .engine_case import EngineTestCase
from .openai_server import Calls, Fault, Text

ROOTS = ("", "/api/assistant", "/api/v1/assistant")
NOWHERE = "0192d3c0-0000-7000-8000-000000000000"
RESULT = {"message", "ai_message", "leads_data", "actions_performed", "proposals", "records"}


class ViewTestCase(EngineTestCase):
    def chat(self, message: Any, *steps: Any, profile: Any = None, root: str = "") -> Any:
        """Post a message, let the worker answer it, and poll."""
        self.server.script.extend(steps)  # type: ignore[union-attr]
        profile = profile or self.alice
        client = self.client_of(profile)
        with self.captureOnCommitCallbacks() as committed:
            taken = client.post(f"{root}/chat/", {"message": message}, format="json")
        self.assertEqual(taken.status_code, 200, taken.content)
        with org_scope(profile):  # without a test's transaction they run inside the request's
            for callback in committed:
                callback()
        return client.get(f"{root}/chat/status/{taken.json()['task_id']}/").json()

    def use(self, tool: str, profile: Any = None, **arguments: Any) -> str:
        """Use a tool; returns the id of the call."""
        with org_scope(profile or self.alice):
            return str(use_tool(profile or self.alice, tool, arguments).pk)

    def post(self, path: str, body: Any = None, profile: Any = None) -> Any:
        return self.client_of(profile or self.alice).post(path, body, format="json")


class ChatTest(ViewTestCase):
    def test_a_message_is_taken_and_its_answer_polled(self) -> None:
        for root in ROOTS:
            taken = self.post(f"{root}/chat/", {"message": "Explain how we stand"})
            task_id = taken.json()["task_id"]
            told = {"task_id": task_id, "status": "processing", "message": "Message received, processing..."}
            self.assertEqual((taken.status_code, taken.json()), (200, told))
            client = self.client_of(self.alice)
            for state, words in (("PENDING", "Task is waiting to be processed..."), ("PROCESSING", "Processing your message...")):
                with org_scope(self.alice):
                    Turn.objects.filter(pk=task_id).update(state=state)
                self.assertEqual(client.get(f"{root}/chat/status/{task_id}/").json(), {"state": state, "status": words})

    def test_success_and_failure(self) -> None:
        search = Calls(("search_leads", {"search": "john"}))
        for root in ROOTS:
            status = self.chat("Explain John's deal", search, Text("He waits."), root=root)
            self.assertEqual((set(status), status["state"]), ({"state", "result"}, "SUCCESS"))
            self.assertEqual(set(status["result"]), RESULT)
            [lead] = status["result"]["leads_data"]
            self.assertEqual((lead["id"], lead["company"], lead["status"]), (self.john, "Acme Corp", "Interest"))
        failed = self.chat("Explain John's deal", Fault(401))
        self.assertEqual(failed, {"state": "FAILURE", "error": failed["error"], "status": "Task failed"})
        self.assertIn("refused the key", failed["error"])

    def test_nobody_else_sees_it(self) -> None:
        mine = self.post("/chat/", {"message": "My secret plans"}).json()["task_id"]
        for root in ROOTS:
            for other in (self.max, self.uma, self.mallory):
                client = self.client_of(other)
                theirs, nowhere = (client.get(f"{root}/chat/status/{pk}/") for pk in (mine, NOWHERE))
                self.assert_error(theirs, 404)
                self.assertEqual(theirs.json()["error"], nowhere.json()["error"])
            self.assert_error(self.client_of(None).get(f"{root}/chat/status/{mine}/"), 401)
            self.assert_error(self.client_of(self.alice).get(f"{root}/chat/status/nonsense/"), 404)

    def test_bad_messages(self) -> None:
        for root in ROOTS:
            for message in ("", " \n", None, 5, ["x"], {"a": "b"}, True):
                refused = self.post(f"{root}/chat/", {"message": message})
                self.assert_error(refused, 400, field="message")
                self.assertEqual(refused.json()["error"], "Message is required")
            for body in ({}, [], "x", None):
                self.assertEqual(self.post(f"{root}/chat/", body).json()["error"], "Message is required")
            self.assert_error(self.post(f"{root}/chat/", {"message": "x" * 100_000}), 400, says=f"at most {MAX_MESSAGE:,}")
            self.assert_error(self.post(f"{root}/chat/", {"message": "a\x00b"}), 400, says="Null characters")
            self.assert_error(self.client_of(None).post(f"{root}/chat/", {"message": "Hello"}), 401)
        with org_scope(self.org):
            self.assertFalse(Turn.objects.exists())

    def test_messages_in_any_script(self) -> None:
        for message in ("👩‍🚀 ¿qué?", "مرحبا، كيف الحال؟", "‮evil‬", "x" * MAX_MESSAGE):
            status = self.chat(message, Text(f"Heard: {message[:20]}"))
            self.assertEqual(status["result"]["message"], f"Heard: {message[:20]}")

    def test_clearing(self) -> None:
        cleared = {"status": "success", "message": "Conversation context cleared"}
        for root in ROOTS:
            self.chat("Explain John's deal", Text("He waits."), root=root)
            self.chat("Explain Max", Text("A colleague."), profile=self.max)
            self.assertEqual(self.post(f"{root}/chat/clear/").json(), cleared)
            self.chat("Explain that", Text("What?"), root=root)
            self.assertEqual(len(self.server.requests[-1].said), 2)
            self.chat("Explain that, too", Text("What?"), profile=self.max)
            self.assertGreater(len(self.server.requests[-1].said), 2)
            self.post("/chat/clear/", profile=self.max)


class CallsTest(ViewTestCase):
    path = "/api/v1/assistant/calls/"

    def test_own_calls_and_an_admins_view(self) -> None:
        self.use("search_leads", search="john")
        mine = self.use("search_leads", self.max, search="mine")
        self.use("search_leads", self.mallory, search="theirs")
        seen = [self.client_of(profile).get(self.path).json()["results"] for profile in (self.alice, self.max, self.uma)]
        self.assertEqual([len(rows) for rows in seen], [2, 1, 0])
        self.assertEqual((seen[1][0]["id"], seen[1][0]["person"], seen[1][0]["arguments"]), (mine, "Max", {"search": "mine"}))
        self.assert_error(self.client_of(self.uma).get(f"{self.path}{mine}/"), 404)
        self.assertEqual(self.client_of(self.alice).get(f"{self.path}{mine}/").json()["name"], "search_leads")
        for filter_, found in (("name=search_leads", 2), ("status=failed", 0), ("kind=read&channel=chat", 2)):
            self.assertEqual(self.client_of(self.alice).get(f"{self.path}?{filter_}").json()["count"], found)

    def test_as_many_statements_for_three_as_for_one(self) -> None:
        client = self.client_of(self.alice)
        self.use("search_leads")
        one = self.cost(client, self.path)
        for profile in (self.alice, self.max):
            self.use("search_leads", profile)
        self.assertEqual(self.cost(client, self.path), one)
        self.assertLessEqual(one, 4)

    def test_nothing_is_written_here(self) -> None:
        call = self.use("search_leads")
        client = self.client_of(self.alice)
        for method, path in (
            ("post", self.path),
            ("put", f"{self.path}{call}/"),
            ("patch", f"{self.path}{call}/"),
            ("delete", f"{self.path}{call}/"),
        ):
            self.assert_error(getattr(client, method)(path, {"status": "done"}), 405)

    def test_a_proposal_is_confirmed_once_by_whom_it_was_made_for(self) -> None:
        call = self.use("delete_lead", id=self.john)
        for profile, code in ((self.max, 404), (self.mallory, 404), (None, 401)):
            self.assert_error(self.client_of(profile).post(f"{self.path}{call}/confirm/"), code)
        self.assertIsNone(self.now().deleted_at)
        done = self.post(f"{self.path}{call}/confirm/")
        self.assertEqual((done.status_code, done.json()["status"]), (200, "done"))
        self.assertIsNotNone(self.now().deleted_at)
        self.assert_error(self.post(f"{self.path}{call}/confirm/"), 409, says="answered already")
        undone = self.post(f"{self.path}{call}/undo/")
        self.assertEqual((undone.status_code, undone.json()["status"]), (200, "undone"))
        self.assertIsNone(self.now().deleted_at)
        self.assert_error(self.post(f"{self.path}{call}/undo/"), 409, says="nothing to undo")

    def test_an_admin_sees_a_proposal_to_another_and_cannot_answer_it(self) -> None:
        lead = self.make_lead("Maxs Lead", self.max)
        call = self.use("convert_lead", self.max, id=lead)
        for action in ("confirm", "cancel", "undo"):
            self.assert_error(self.post(f"{self.path}{call}/{action}/"), 404)
        self.assertEqual(self.client_of(self.alice).get(f"{self.path}{call}/").json()["status"], "proposed")

    def test_a_cancelled_one_is_gone(self) -> None:
        call = self.use("delete_lead", id=self.john)
        self.assertEqual(self.post(f"{self.path}{call}/cancel/").json()["status"], "cancelled")
        self.assert_error(self.post(f"{self.path}{call}/confirm/"), 409)
        self.assertIsNone(self.now().deleted_at)

    def test_a_record_changed_meanwhile_is_shown_and_confirmed_anew(self) -> None:
        self.prefer_to_be_asked()
        call = self.use("update_lead_data", id=self.john, company="Byte Ltd")
        self.client_of(self.alice).patch(f"/api/v1/leads/{self.john}/", {"company": "Else Inc"})
        self.assert_error(self.post(f"{self.path}{call}/confirm/"), 409, says="changed since")
        shown = self.client_of(self.alice).get(f"{self.path}{call}/").json()
        self.assertEqual((shown["status"], shown["diff"][0]["changes"]), ("proposed", {"company": ["Else Inc", "Byte Ltd"]}))
        self.assertEqual(self.post(f"{self.path}{call}/confirm/").json()["status"], "done")
        self.assertEqual(self.now().company, "Byte Ltd")

    def test_a_record_deleted_meanwhile(self) -> None:
        call = self.use("convert_lead", id=self.john)
        self.client_of(self.alice).delete(f"/api/v1/leads/{self.john}/")
        failed = self.post(f"{self.path}{call}/confirm/").json()
        self.assertEqual((failed["status"], failed["error"]), ("failed", "Not found."))

    def test_undo_over_a_later_change_is_refused(self) -> None:
        call = self.use("update_lead_data", id=self.john, company="Byte Ltd")
        self.client_of(self.alice).patch(f"/api/v1/leads/{self.john}/", {"company": "Else Inc"})
        self.assert_error(self.post(f"{self.path}{call}/undo/"), 409, says="changed again")
        self.assert_error(self.post(f"{self.path}{NOWHERE}/undo/"), 404)
        self.assertEqual(self.now().company, "Else Inc")


class SettingsTest(ViewTestCase):
    def test_settings_are_the_admins(self) -> None:
        path = "/api/v1/assistant/settings/"
        self.assert_error(self.client_of(self.uma).get(path), 403, says="Only an admin")
        self.assertEqual(self.client_of(self.alice).get(path).json(), {"monthly_limit": None, "withheld_fields": []})
        values = {"monthly_limit": "12.50", "withheld_fields": ["email", "phone"]}
        for profile, code in ((self.max, 403), (self.uma, 403), (None, 401)):
            self.assert_error(self.client_of(profile).patch(path, values, format="json"), code)
        self.assertEqual(self.client_of(self.alice).patch(path, values, format="json").json(), values)
        self.assertEqual(self.client_of(self.alice).get(path).json(), values)
        self.assertEqual(self.client_of(self.mallory).get(path).json()["withheld_fields"], [])
        wrong: list[dict[str, Any]] = [
            {"monthly_limit": -1},
            {"monthly_limit": "x"},
            {"withheld_fields": "email"},
            {"withheld_fields": [["a"]]},
        ]
        for body in wrong:
            self.assert_error(self.client_of(self.alice).patch(path, body, format="json"), 400, field=next(iter(body)))
        with org_scope(self.alice):
            self.assertEqual(AssistantSettings.objects.get().monthly_limit, Decimal("12.50"))

    def test_preferences_are_ones_own(self) -> None:
        path = "/api/v1/assistant/preferences/"
        self.assertEqual(self.client_of(self.max).get(path).json(), {"applies_small_changes": True})
        changed = self.client_of(self.max).patch(path, {"applies_small_changes": False}, format="json")
        self.assertEqual(changed.json(), {"applies_small_changes": False})
        self.assertEqual(self.client_of(self.alice).get(path).json(), {"applies_small_changes": True})
        self.assert_error(self.client_of(self.max).patch(path, {"applies_small_changes": "perhaps"}, format="json"), 400)

    def test_usage_is_the_orgs(self) -> None:
        self.chat("Explain John's deal", Text("He waits.", usage=(1_000_000, 100_000)))
        self.chat("Explain Max", Text("A colleague.", usage=(1_000_000, 100_000)), profile=self.max)
        self.assert_error(self.client_of(self.uma).get("/api/v1/assistant/usage/"), 403)
        usage = self.client_of(self.alice).get("/api/v1/assistant/usage/").json()
        self.assertEqual((usage["turns"], usage["input_tokens"], usage["output_tokens"]), (2, 2_000_000, 200_000))
        self.assertEqual((Decimal(usage["cost"]), usage["monthly_limit"]), (Decimal("0.3"), None))
        self.assertEqual(self.client_of(self.mallory).get("/api/v1/assistant/usage/").json()["turns"], 0)

    def test_tools_are_those_of_the_role(self) -> None:
        path = "/api/v1/assistant/tools/"
        for profile in (self.alice, self.uma, self.vic):
            shown = self.client_of(profile).get(path).json()
            self.assertEqual([tool["name"] for tool in shown], [tool.name for tool in tools_for(profile)])
        tool = next(tool for tool in self.client_of(self.alice).get(path).json() if tool["name"] == "delete_lead")
        self.assertEqual((tool["kind"], tool["parameters"]["required"]), ("delete", ["id"]))
        self.assert_error(self.client_of(None).get(path), 401)

    def test_nothing_of_another_org_is_anywhere(self) -> None:
        self.chat("Explain Sam's deal", Calls(("search_leads", {"search": "secret"})), Text("Sam."), profile=self.mallory)
        client = self.client_of(self.alice)
        for path in ("calls", "tools", "usage", "settings", "preferences"):
            self.assertNotIn("Secret Sam", client.get(f"/api/v1/assistant/{path}/").content.decode())
        with org_scope(self.other):
            self.assertEqual((ToolCall.objects.count(), Lead.objects.count()), (1, 1))
