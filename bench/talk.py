"""What the assistant adds to a language model's own time: a turn beside the same request, to a server that answers at once."""

from collections.abc import Callable
from typing import Any

from django.conf import settings

from assistant import engine, providers
from assistant.loop import shown_tools
from assistant.prompt import system_message
from assistant.tests.openai_server import OpenAIServer, Text
from common.tenancy import org_scope

from .paths import Path

MESSAGE = "Explain in a few words how we stand with our leads"
SAID = "Rather well, all in all."
LIMIT = 30_000


class Talk:
    """While it is a context, the model is ours."""

    def __init__(self, profile: Any):
        self.profile, self.server = profile, OpenAIServer(lambda request: Text(SAID))

    def __enter__(self) -> "Talk":
        self.server.__enter__()
        for name, value in {**self.server.settings, "OPENAI_API": "responses"}.items():
            setattr(settings, name, value)
        return self

    def __exit__(self, *error: Any) -> None:
        self.server.__exit__(*error)

    def path(self) -> Path:
        with org_scope(self.profile):
            messages = [system_message(self.profile), {"role": "user", "content": MESSAGE}]
            tools = shown_tools(self.profile, [MESSAGE], set())
        floor = lambda: providers.ask(messages, tools)  # noqa: E731
        return Path(
            "assistant, around a model call", self.turn, lambda: floor, limit=LIMIT, judged_by="added", answers=self.alike
        )

    def turn(self) -> Callable[[], Any]:
        with org_scope(self.profile):
            engine.clear(self.profile)
        return lambda: engine.say(self.profile, MESSAGE)

    def alike(self) -> tuple[Any, Any]:
        turn = self.turn()()
        return (turn.result or {}).get("message", turn.error), SAID
