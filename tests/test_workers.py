"""Workers that are killed at work: another takes it up, nothing is lost, and nothing is done twice."""

import asyncio
import json
import time
from contextlib import closing
from datetime import timedelta
from http.client import HTTPConnection
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from django.conf import settings
from django.utils import timezone

from assistant import engine
from assistant.models import ToolCall, Turn
from assistant.tasks import answer_turn, resume_turns
from assistant.tests.openai_server import Calls, Hang, OpenAIServer, Text
from common.people.models import OutgoingMail
from common.records.models import Comment
from common.tasks import send_due_mails, send_mail_task
from common.tenancy import org_scope
from common.testing.committed import CommittedTestCase
from common.testing.mail_server import MailServer
from common.testing.worker import Broker, Worker
from crm import demo
from tests.test_run import Atrium

needs_redis = pytest.mark.skipif(not settings.REDIS_URL, reason="Needs a Redis as broker: set REDIS_URL")


@needs_redis
class KilledWorkerTest(CommittedTestCase):
    def setUp(self) -> None:
        super().setUp()
        self.broker = Broker()
        self.addCleanup(self.broker.empty)
        self.log = Path(self.enterContext(TemporaryDirectory())) / "log"

    def worker(self, *, at_once: int = 1, **environment: str) -> Worker:
        worker = Worker(self.broker, self.log, at_once=at_once, **environment)
        self.addCleanup(worker.kill)
        return worker


class TurnTest(KilledWorkerTest):
    def turn_now(self) -> Turn:
        with org_scope(self.alice):
            return Turn.objects.get()

    def send(self, task: Any, *arguments: str) -> None:
        with org_scope(self.alice):
            self.broker.send(task, *arguments)

    def test_a_turn_whose_worker_was_killed_is_finished_by_another_and_its_change_made_once(self) -> None:
        lead = self.client_of(self.alice).post("/api/v1/leads/", {"name": "John Smith"}).json()["id"]
        change = Calls(("comment_on_lead", {"id": lead, "comment": "Wants two boats"}))
        server = self.enterContext(OpenAIServer([change, Hang(), Text("I added it.")]))
        environment = {**server.settings, "OPENAI_API": "responses"}
        first = self.worker(**environment)
        with org_scope(self.alice):
            turn = engine.start(self.alice, "Think it over, and then add a comment to John Smith: wants two boats")
        self.send(answer_turn, str(turn.pk))
        first.wait_until(lambda: len(server.requests) == 2)  # the change is made, and the model thinks about what to say
        first.kill()
        self.assertEqual(self.turn_now().state, "PROCESSING")
        with org_scope(self.alice):
            self.assertEqual(Comment.objects.count(), 1)

        second = self.worker(**environment)
        self.send(answer_turn, str(turn.pk))  # a broker that delivers it again changes nothing
        with org_scope(self.alice):
            Turn.objects.update(updated_at=timezone.now() - timedelta(minutes=3))
        self.broker.send(resume_turns)
        second.wait_until(lambda: self.turn_now().state not in ("PENDING", "PROCESSING"))
        done = self.turn_now()
        self.assertEqual((done.state, done.attempt, (done.result or {}).get("message")), ("SUCCESS", 2, "I added it."))
        self.assertEqual(len(server.requests), 3)  # what the model had said was not asked for again
        with org_scope(self.alice):
            self.assertEqual((Comment.objects.count(), ToolCall.objects.count()), (1, 1))
        status = self.client_of(self.alice).get(f"/chat/status/{turn.pk}/").json()
        self.assertEqual(len(status["result"]["actions_performed"]), 1)


class SlowMailServer(MailServer):
    """Never says yes to the first mail. With ``takes`` it has accepted it all the same, and only its word gets lost."""

    def __init__(self, *, takes: bool):
        super().__init__([])
        self.takes, self.asked = takes, 0

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:
        self.asked += 1
        if self.asked > 1 or self.takes:
            await super().handle_DATA(server, session, envelope)
        if self.asked == 1:
            await asyncio.sleep(60)
        return "250 Taken"


class MailTest(KilledWorkerTest):
    def send_and_kill(self, server: SlowMailServer) -> OutgoingMail:
        """A mail whose first worker is killed while it sends it, and whose second is not."""
        environment = {"SMTP_HOST": "127.0.0.1", "SMTP_PORT": str(server.controller.port), "SMTP_TLS": "0"}
        mail = OutgoingMail.objects.create(to="new@example.com", subject="Hello", text="Hello\n", html="<p>Hello</p>")
        first = self.worker(**environment)
        self.broker.send(send_mail_task, str(mail.pk))
        first.wait_until(lambda: server.asked == 1)
        first.kill()
        mail.refresh_from_db()
        self.assertIsNone(mail.sent_at)
        second = self.worker(**environment)
        self.broker.send(send_due_mails)
        second.wait_until(lambda: OutgoingMail.objects.exclude(sent_at=None).exists())
        for task, arguments in ((send_mail_task, [str(mail.pk)]), (send_due_mails, [])):
            self.broker.send(task, *arguments)
        other = OutgoingMail.objects.create(to="last@example.com", subject="Last", text="Last\n", html="<p>Last</p>")
        self.broker.send(send_mail_task, str(other.pk))
        second.wait_until(lambda: OutgoingMail.objects.filter(sent_at=None).count() == 0)
        return mail

    def test_a_mail_whose_worker_was_killed_is_sent_by_another_and_once(self) -> None:
        with SlowMailServer(takes=False) as server:
            self.send_and_kill(server)
        self.assertEqual([to for _, to, _ in server.taken], [["new@example.com"], ["last@example.com"]])

    def test_if_the_yes_of_the_mail_server_got_lost_the_second_is_known_by_its_id(self) -> None:
        with SlowMailServer(takes=True) as server:
            mail = self.send_and_kill(server)
        first, again, _ = [message["Message-ID"] for _, _, message in server.taken]
        self.assertEqual(first, again)
        self.assertIn(str(mail.pk), first)


class TestInProcess:
    """Without Redis: the worker inside `manage.py serve`."""

    def test_a_message_is_answered_by_the_worker_inside(self) -> None:
        script = [Calls(("search_leads", {"limit": 3})), Text("Three leads.")]
        with TemporaryDirectory(prefix="worker") as folder, OpenAIServer(script) as server:
            atrium = Atrium(Path(folder) / "var", **server.settings, OPENAI_API="chat")
            atrium.start()
            try:
                atrium.wait_until_it_answers()
                token = atrium.post("/api/v1/auth/login", email="astrid@fjord.example", password=demo.PASSWORD)["access_token"]
                taken = self.ask(atrium, token, "POST", "/chat/", {"message": "Explain, in short, how we stand"})
                until = time.monotonic() + 20
                while (status := self.ask(atrium, token, "GET", f"/chat/status/{taken['task_id']}/"))["state"] != "SUCCESS":
                    assert time.monotonic() < until, status
                    time.sleep(0.1)
            finally:
                atrium.process.terminate()
                atrium.process.wait(30)
        assert status["result"]["message"] == "Three leads."
        assert len(status["result"]["leads_data"]) == 3

    @staticmethod
    def ask(atrium: Atrium, token: Any, method: str, path: str, body: Any = None) -> Any:
        headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
        with closing(HTTPConnection("127.0.0.1", atrium.port, timeout=20)) as client:
            client.request(method, path, json.dumps(body) if body else None, headers)
            return json.load(client.getresponse())
