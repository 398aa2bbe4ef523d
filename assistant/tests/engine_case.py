"""Turns answered by a language model over real HTTP, which says what a test's script says."""

from typing import Any

from django.test import override_settings

from assistant import engine
from assistant.models import AssistantPreferences, AssistantSettings, ToolCall, Turn
from assistant.tests.openai_server import OpenAIServer
from common.activity.models import Activity
from common.tenancy import org_scope
from common.testing import OrgTestCase
from leads.models import Lead


class EngineTestCase(OrgTestCase):
    """Alice's org has John Smith of Acme and Ada Byron; Mallory's has Secret Sam."""

    api = "chat"

    def setUp(self) -> None:
        self.server = self.enterContext(OpenAIServer([]))
        self.enterContext(override_settings(OPENAI_API=self.api, OPENAI_MODEL="gpt-6-luna", **self.server.settings))
        self.john = self.make_lead("John Smith", company="Acme Corp", value=100, email="john@acme.example")
        self.ada = self.make_lead("Ada Byron", company="Engines", value=7)
        self.sam = self.make_lead("Secret Sam", self.mallory, company="Shadow")

    def make_lead(self, name: str, profile: Any = None, **values: Any) -> str:
        return self.client_of(profile or self.alice).post("/api/v1/leads/", {"name": name, **values}).json()["id"]

    def say(self, message: str, *steps: Any, profile: Any = None) -> Turn:
        self.server.script.extend(steps)  # type: ignore[union-attr]
        turn = engine.say(profile or self.alice, message)
        self.assertEqual(self.server.flaws, [])
        return turn

    def answer(self, message: str, *steps: Any, profile: Any = None) -> dict[str, Any]:
        """The result of a turn that has one."""
        turn = self.say(message, *steps, profile=profile)
        self.assertEqual((turn.state, turn.error), ("SUCCESS", ""))
        return turn.result

    def error(self, message: str, *steps: Any, profile: Any = None) -> str:
        turn = self.say(message, *steps, profile=profile)
        self.assertEqual((turn.state, turn.result), ("FAILURE", None))
        return turn.error

    def now(self, pk: str = "") -> Lead:
        with org_scope(self.org):
            return Lead.with_bin.select_related("stage").get(pk=pk or self.john)

    def calls(self, profile: Any = None) -> list[tuple[str, str]]:
        with org_scope(profile or self.alice):
            return list(ToolCall.objects.order_by("id").values_list("name", "status"))

    def changes(self) -> int:
        with org_scope(self.org):
            return Activity.objects.count()

    def prefer_to_be_asked(self) -> None:
        with org_scope(self.alice):
            AssistantPreferences.objects.create(profile=self.alice, applies_small_changes=False)

    def org_settings(self, **values: Any) -> None:
        with org_scope(self.alice):
            AssistantSettings.objects.create(**values)
