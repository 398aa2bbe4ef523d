"""Streams of turns over real HTTP, from a server process of their own."""

import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from typing import Any

import httpx2
import orjson
from django.db import connection

from assistant.models import Conversation, ToolCall, Turn
from common.people.models import Profile
from common.tenancy import org_scope
from common.testing import OrgTestCase
from common.testing.live_server import LiveTestCase, wait_for
from crm.asgi import STREAM

STREAMED = {"Accept": "text/event-stream"}
LATEST = "SELECT max(query_start) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"
OPEN = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"


def turn_of(profile: Profile, **values: Any) -> Turn:
    with org_scope(profile):
        conversation = Conversation.objects.create(profile=profile)
        return Turn.objects.create(conversation=conversation, profile=profile, message="Hello", **values)


def change(turn: Turn, **values: Any) -> None:
    with org_scope(turn.org_id):
        Turn.objects.filter(pk=turn.pk).update(**values)


def call_of(turn: Turn, profile: Profile, name: str, status: str) -> str:
    with org_scope(profile):
        return str(ToolCall.objects.create(turn=turn, profile=profile, name=name, kind="read", status=status).pk)


def succeed(turn: Turn, text: str) -> None:
    change(turn, state="SUCCESS", result={"message": text, "ai_message": text, "leads_data": [], "question": None})


def events_in(lines: Any) -> Any:
    """``(name, body)`` of each event."""
    name = ""
    for line in lines:
        field, _, value = line.partition(": ")
        if field == "event":
            name = value
        elif field == "data":
            yield name, orjson.loads(value)


def path_of(turn: Turn) -> str:
    return f"/api/v1/assistant/chat/stream/{turn.pk}/"


class StreamTest(LiveTestCase):
    def caller(self, headers: dict[str, str]) -> httpx2.Client:
        client = httpx2.Client(base_url=self.address, headers=headers | STREAMED, timeout=20)
        self.addCleanup(client.close)
        return client

    def asked(self, statement: str) -> Any:
        with connection.cursor() as cursor:
            cursor.execute(statement)
            return cursor.fetchone()[0]

    def assert_ends(self, events: Any) -> None:
        name, body = next(events)
        self.assertEqual(name, "error", body)
        self.assertEqual((body["state"], list(events)), ("FAILURE", []))

    def test_text_steps_and_answer_arrive_as_they_come(self) -> None:
        turn, client = turn_of(self.alice, partial="Let me"), self.caller(self.bearer(self.alice))
        with client.stream("GET", path_of(turn)) as response:
            self.assertEqual((response.status_code, response.headers["content-type"]), (200, "text/event-stream"))
            self.assertEqual(response.headers["x-accel-buffering"], "no")
            events = events_in(response.iter_lines())
            self.assertEqual(next(events), ("token", {"text": "Let me", "new": True}))
            change(turn, partial="Let me look é🙂")
            self.assertEqual(next(events), ("token", {"text": " look é🙂", "new": False}))
            pk = call_of(turn, self.alice, "search_leads", "done")
            self.assertEqual(next(events), ("step", {"id": pk, "name": "search_leads", "status": "done"}))
            pk = call_of(turn, self.alice, "delete_lead", "proposed")
            self.assertEqual(next(events), ("step", {"id": pk, "name": "delete_lead", "status": "proposed"}))
            change(turn, partial="Found\n\none")
            self.assertEqual(next(events), ("token", {"text": "Found\n\none", "new": True}))
            succeed(turn, "Found\n\none lead.")
            self.assertEqual(next(events), ("token", {"text": " lead.", "new": False}))
            status = client.get(f"/api/v1/assistant/chat/status/{turn.pk}/", headers={"Accept": "*/*"}).json()
            self.assertEqual(list(events), [("done", status)])
        self.assertEqual(status["result"]["message"], "Found\n\none lead.")

    def test_a_failure_ends_it_with_an_error(self) -> None:
        turn = turn_of(self.alice, state="FAILURE", error="I stopped.")
        for path in (path_of(turn), path_of(turn).replace("/v1", ""), path_of(turn).rstrip("/")):
            answer = self.caller(self.key(self.alice, "read")).get(path)
            body = {"state": "FAILURE", "error": "I stopped.", "status": "Task failed"}
            self.assertEqual(list(events_in(answer.text.splitlines())), [("error", body)])

    def test_another_persons_turn_is_not_found(self) -> None:
        refused = []
        for owner in (self.max, self.mallory):
            turn = turn_of(owner, partial="Secret")
            refused.append(self.caller(self.bearer(self.alice)).get(path_of(turn)))
        refused.append(self.caller(self.bearer(self.alice)).get(path_of(turn).replace(str(turn.pk), str(self.org.pk))))
        for answer in refused:
            self.assert_error(answer, 404, says="Not found.")
            self.assertNotIn("Secret", answer.text)
        self.assert_error(self.caller({}).get(path_of(turn)), 401)
        self.assert_error(self.caller(self.bearer(self.mallory, org=str(self.org.pk))).get(path_of(turn)), 403)
        self.assert_error(self.caller(self.bearer(self.alice)).post(path_of(turn)), 405)

    def test_who_loses_the_right_hears_no_more(self) -> None:
        turn = turn_of(self.uma, partial="One")
        with self.caller(self.bearer(self.uma)).stream("GET", path_of(turn)) as response:
            events = events_in(response.iter_lines())
            next(events)
            with org_scope(self.org):
                Profile.objects.filter(pk=self.uma.pk).update(is_active=False)
            change(turn, partial="One secret")
            self.assert_ends(events)

    def test_a_revoked_key_hears_no_more(self) -> None:
        turn, key = turn_of(self.alice, partial="One"), self.key(self.alice)
        with self.caller(key).stream("GET", path_of(turn)) as response:
            events = events_in(response.iter_lines())
            next(events)
            client = self.client_of(self.alice)
            client.delete(f"/api/v1/api-keys/{client.get('/api/v1/api-keys/').json()['results'][0]['id']}/")
            change(turn, partial="One secret")
            self.assert_ends(events)

    def test_a_client_that_hangs_up_ends_its_stream(self) -> None:
        turn, client = turn_of(self.alice, partial="One"), self.caller(self.bearer(self.alice))
        with client.stream("GET", path_of(turn)) as response:
            events = events_in(response.iter_lines())
            next(events)
            before = self.asked(LATEST)
            wait_for(lambda: self.asked(LATEST) > before, "the next look")
        time.sleep(1)
        before = self.asked(LATEST)
        time.sleep(1.5)  # longer than between two looks
        self.assertEqual(self.asked(LATEST), before, "somebody still looks")
        succeed(turn, "Two")
        self.assertIn("Two", client.get(path_of(turn)).text)

    def test_many_streams_keep_few_connections(self) -> None:
        turn, client = turn_of(self.alice, partial="One"), self.caller(self.bearer(self.alice))
        with ExitStack() as stack:
            responses = [stack.enter_context(client.stream("GET", path_of(turn))) for _ in range(30)]
            streams = [events_in(response.iter_lines()) for response in responses]
            self.assertEqual([next(events)[0] for events in streams], ["token"] * 30)
            self.assertLessEqual(self.asked(OPEN), 16)
            self.assertEqual(httpx2.get(f"{self.address}/api/v1/health/", timeout=10).status_code, 200)

    def test_streams_of_two_orgs_at_once_never_meet(self) -> None:
        cast = [(self.alice, "ours"), (self.mallory, "theirs")] * 8
        turns = [(turn_of(profile, partial=word), self.bearer(profile), profile, word) for profile, word in cast]

        def follow(turn: Turn, headers: dict[str, str], profile: Profile, word: str) -> str:
            with httpx2.stream("GET", self.address + path_of(turn), headers=headers | STREAMED, timeout=20) as response:
                return "".join(response.iter_text())

        with ThreadPoolExecutor(len(turns)) as pool:
            followed = [pool.submit(follow, *given) for given in turns]
            time.sleep(1)
            for turn, _, profile, word in turns:
                call_of(turn, profile, f"search_{word}", "done")
                succeed(turn, f"{word} at last")
            for (_, _, _, word), future in zip(turns, followed, strict=True):
                text, other = future.result(), {"ours": "theirs", "theirs": "ours"}[word]
                self.assertIn(f"search_{word}", text)
                self.assertTrue(text.rstrip().split("\n")[-2].startswith("event: done"), text)
                self.assertNotIn(other, text)


class WithoutCoroutinesTest(OrgTestCase):
    def test_a_process_of_threads_says_what_is_known_and_is_asked_again(self) -> None:
        turn = turn_of(self.alice, partial="So far")
        answer = self.client_of(self.alice).get(path_of(turn), headers=STREAMED)
        self.assertEqual(answer.headers["Content-Type"], "text/event-stream")
        self.assertTrue(answer.content.startswith(b"retry: 1000\n\n"))
        self.assertEqual(list(events_in(answer.content.decode().splitlines())), [("token", {"text": "So far", "new": True})])
        self.assert_error(self.client_of(self.max).get(path_of(turn), headers=STREAMED), 404)

    def test_the_paths_that_coroutines_serve_are_the_streams(self) -> None:
        for path in (path_of(turn_of(self.alice)), "/api/assistant/chat/stream/1"):
            self.assertTrue(STREAM.fullmatch(path))
        for path in ("/api/v1/assistant/chat/", "/api/v1/assistant/chat/status/1/", "/x/api/v1/assistant/chat/stream/1/"):
            self.assertFalse(STREAM.fullmatch(path))
