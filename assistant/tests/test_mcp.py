"""The MCP server over real HTTP, used by the protocol's own client."""

import asyncio
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx2
import orjson
from mcp.client import Client
from mcp.client.streamable_http import streamable_http_client

from assistant.models import AssistantSettings, ToolCall
from assistant.tools import all_tools
from common.activity.models import Activity
from common.people.models import Profile, Role
from common.tenancy import org_scope
from common.testing.live_server import LiveTestCase
from leads.models import Lead

POSTED = {"Content-Type": "application/json", "Accept": "application/json, text/event-stream"}


def read(result: Any) -> Any:
    """What a tool said of records."""
    return orjson.loads(result.content[0].text)["untrusted_data_from_records"]


class MCPTestCase(LiveTestCase):
    def agent(
        self, headers: dict[str, str], *talks: Callable[[Client], Awaitable[Any]], path: str = "/mcp/", mode: str = "auto"
    ) -> Any:
        """What ``talks`` return, each with a client of its own, all at once."""

        async def one(talk: Callable[[Client], Awaitable[Any]]) -> Any:
            async with httpx2.AsyncClient(headers=headers, timeout=20) as http:
                async with Client(streamable_http_client(self.address + path, http_client=http), mode=mode) as client:
                    return await talk(client)

        async def all_of_them() -> list[Any]:
            return await asyncio.gather(*map(one, talks))

        return asyncio.run(all_of_them())

    def use(self, headers: dict[str, str], tool: str, **arguments: Any) -> Any:
        return self.agent(headers, lambda client: client.call_tool(tool, arguments))[0]

    def tools(self, headers: dict[str, str]) -> dict[str, Any]:
        listed = self.agent(headers, lambda client: client.list_tools())[0].tools
        return {tool.name: tool for tool in listed}

    def post(self, headers: dict[str, str], body: Any = b"{}", **more: str) -> httpx2.Response:
        return httpx2.post(f"{self.address}/mcp/", content=body, headers=POSTED | headers | more, timeout=20)

    def lead_of(self, profile: Profile, **values: Any) -> Lead:
        return self.client_of(profile).post("/api/v1/leads/", values).json()["id"]

    def names(self, org: Any) -> set[str]:
        with org_scope(org):
            return set(Lead.objects.values_list("name", flat=True))


class MCPTest(MCPTestCase):
    def test_a_client_finds_makes_and_deletes_with_a_key_or_a_token_old_protocol_and_new(self) -> None:
        async def talk(client: Client) -> str:
            made = await client.call_tool("create_lead", {"name": "Ada Byron", "company": "Engines"})
            pk: str = read(made)["id"]
            found = await client.call_tool("search_leads", {"search": "byron"})
            assert [row["id"] for row in read(found)["results"]] == [pk], found
            gone = await client.call_tool("delete_lead", {"id": pk})
            assert not gone.is_error, gone
            return pk

        ways = [(self.key(self.alice), "/mcp/", "auto"), (self.bearer(self.alice), "/mcp", "legacy")]
        for headers, path, mode in ways:
            with self.subTest(path=path, mode=mode):
                (pk,) = self.agent(headers, talk, path=path, mode=mode)
                with org_scope(self.org):
                    self.assertIsNotNone(Lead.with_bin.get(pk=pk).deleted_at)
                    rows = Activity.objects.filter(record_id=pk)
                    self.assertEqual(set(rows.values_list("source", "actor_id")), {("assistant", self.alice.pk)})
        with org_scope(self.org):
            calls = ToolCall.objects.filter(channel="mcp", profile=self.alice).order_by("id")
            audit = list(calls.values_list("name", "status"))
        self.assertEqual(audit, [(name, "done") for name in ("create_lead", "search_leads", "delete_lead")] * 2)

    def test_tools_say_what_they_do(self) -> None:
        tools = self.tools(self.key(self.alice))
        self.assertEqual(set(tools), set(all_tools()))

        def hints(name: str) -> tuple[Any, ...]:
            hints = tools[name].annotations
            return hints.title, hints.read_only_hint, hints.destructive_hint, hints.idempotent_hint

        self.assertEqual(hints("search_leads"), ("Search leads", True, False, True))
        self.assertEqual(hints("create_lead"), ("Create lead", False, False, False))
        self.assertEqual(hints("update_lead_data"), ("Update lead data", False, True, True))
        self.assertEqual(hints("delete_lead"), ("Delete lead", False, True, True))
        self.assertEqual(tools["create_lead"].input_schema["required"], ["name"])

    def test_another_orgs_record_is_not_found(self) -> None:
        theirs = self.lead_of(self.mallory, name="Secret Sam")
        key = self.key(self.alice)
        nowhere = self.use(key, "get_lead", id=str(self.org.pk)).content[0].text
        for tool in ("get_lead", "update_lead_data", "delete_lead", "lead_history"):
            result = self.use(key, tool, id=theirs)
            self.assertTrue(result.is_error)
            self.assertEqual(result.content[0].text, nowhere)
        self.assertEqual(read(self.use(key, "search_leads", search="Secret"))["count"], 0)
        self.assertEqual(self.names(self.other), {"Secret Sam"})

    def test_two_orgs_at_once_never_meet(self) -> None:
        for profile, name in ((self.alice, "Ours"), (self.mallory, "Theirs")):
            self.lead_of(profile, name=name)

        async def names(client: Client) -> set[str]:
            found = [await client.call_tool("search_leads", {}) for _ in range(10)]
            return {row["name"] for result in found for row in read(result)["results"]}

        signed_in = [self.bearer(profile) for profile in (self.alice, self.mallory)]
        with ThreadPoolExecutor(2) as pool:
            ours, theirs = pool.map(lambda headers: self.agent(headers, names, names), signed_in)
        self.assertEqual([*ours, *theirs], [{"Ours"}] * 2 + [{"Theirs"}] * 2)

    def test_a_role_shows_only_its_tools(self) -> None:
        with org_scope(self.org):
            role = Role.objects.create(name="looker", permissions={"leads": {"view": "all"}})
            Profile.objects.filter(pk=self.uma.pk).update(role=role)
        headers = self.bearer(self.uma)
        tools = set(self.tools(headers))
        self.assertIn("search_leads", tools)
        self.assertFalse({name for name in tools if name.startswith(("create", "delete", "update", "search_acc"))}, tools)
        result = self.use(headers, "create_lead", name="Sneaky")
        self.assertTrue(result.is_error)
        self.assertIn("Your role may not create leads.", result.content[0].text)
        self.assertEqual(self.names(self.org), set())

    def test_a_key_to_read_cannot_write(self) -> None:
        pk, key = self.lead_of(self.alice, name="Ada"), self.key(self.alice, "read")
        self.assertEqual({tool.annotations.read_only_hint for tool in self.tools(key).values()}, {True})
        for tool, arguments in (
            ("create_lead", {"name": "Sneaky"}),
            ("delete_lead", {"id": pk}),
            ("update_lead_data", {"id": pk, "name": "X"}),
        ):
            result = self.use(key, tool, **arguments)
            self.assertEqual((result.is_error, result.content[0].text), (True, "This API key may only read."))
        self.assertEqual(self.names(self.org), {"Ada"})
        self.assertEqual(read(self.use(key, "get_lead", id=pk))["name"], "Ada")

    def test_what_the_org_withholds_is_left_out(self) -> None:
        pk = self.lead_of(self.alice, name="Ada", email="ada@engines.example")
        self.assertEqual(read(self.use(self.key(self.alice), "get_lead", id=pk))["email"], "ada@engines.example")
        with org_scope(self.org):
            AssistantSettings.objects.create(withheld_fields=["email"])
        self.assertNotIn("engines.example", self.use(self.key(self.alice), "get_lead", id=pk).content[0].text)

    def test_bad_arguments_are_answered_in_words(self) -> None:
        key = self.key(self.alice)
        for tool, arguments, says in (
            ("create_lead", {}, "name: This field is required."),
            ("create_lead", {"name": "a\0b"}, "cannot be stored"),
            ("create_lead", {"name": "Ada", "value": 10**30}, "cannot be stored"),
            ("create_lead", {"name": "x" * 5000}, "name: "),
            ("create_lead", {"name": "Ada", "owner_secret": 1}, "owner_secret"),
            ("search_leads", {"limit": -1}, "limit"),
            ("get_lead", {"id": ["x"]}, "Not found."),
            ("delete_everything", {}, "There is no tool"),
            ("\0", {}, "cannot be stored"),
        ):  # fmt: skip
            with self.subTest(tool=tool, arguments=str(arguments)[:50]):
                result = self.use(key, tool, **arguments)
                self.assertTrue(result.is_error)
                self.assertIn(says, result.content[0].text)
        self.assertEqual(self.names(self.org), set())


class EntranceTest(MCPTestCase):
    def test_nobody_gets_in_without_a_key_or_a_session(self) -> None:
        client, key = self.client_of(self.alice), self.key(self.alice)
        self.assertEqual(len(self.tools(key)), len(all_tools()))
        client.delete(f"/api/v1/api-keys/{client.get('/api/v1/api-keys/').json()['results'][0]['id']}/")
        for headers in ({}, key, {"Authorization": "Bearer atr_nonsense"}, {"Authorization": "Basic eA=="}):
            answer = self.post(headers)
            self.assertEqual((answer.status_code, answer.headers["www-authenticate"]), (401, "Bearer"))
            self.assertEqual(set(answer.json()), {"error", "code", "details", "request_id"})
        for headers in (self.bearer(self.alice, org=str(self.other.pk)), self.bearer(self.alice, org="nonsense")):
            self.assert_error(self.post(headers), 403, says="not a member")

    def test_a_page_of_another_site_cannot_call_it(self) -> None:
        headers = self.bearer(self.alice)
        self.assert_error(self.post(headers, Host="evil.example"), 400)
        self.assert_error(self.post(headers, Origin="http://evil.example"), 403, says="origin")
        self.assert_error(self.post(headers, Origin="null"), 403, says="origin")
        for origin in (self.address, "http://localhost:3000"):
            self.assertEqual(self.post(headers, b"{", Origin=origin).json()["error"]["code"], -32700)
        preflight = {"Origin": "http://localhost:3000", "Access-Control-Request-Method": "POST"}
        answer = httpx2.options(f"{self.address}/mcp/", headers=preflight)
        self.assertEqual(answer.headers["access-control-allow-origin"], "http://localhost:3000")
        answer = httpx2.options(f"{self.address}/mcp/", headers=preflight | {"Origin": "http://evil.example"})
        self.assertNotIn("access-control-allow-origin", answer.headers)

    def test_garbage_is_refused_and_does_nothing(self) -> None:
        headers = self.bearer(self.alice)
        call = {
            "jsonrpc": "2.0",
            "id": 1,
            "method": "tools/call",
            "params": {"name": "create_lead", "arguments": {"name": "Big"}},
        }
        big = orjson.dumps(call | {"params": {"name": "create_lead", "arguments": {"name": "Big", "notes": "x" * 10_000_000}}})
        self.assertEqual(self.post(headers, big).status_code, 413)
        for body in (b"{garbage", b"", b"[]", b"null", b"\xff\xfe", b"[" * 100_000, b'{"jsonrpc": "2.0", "id": 1}'):
            self.assertEqual(self.post(headers, body).status_code, 400, body[:20])
        for params in (5, None, {"name": 5}, {"name": "create_lead", "arguments": [1]}):
            answer = self.post(headers, orjson.dumps(call | {"params": params}))
            self.assertLess(answer.status_code, 500)
            self.assertIn("error", answer.json())
        self.assertEqual(self.post(headers, orjson.dumps(call), **{"Content-Type": "text/plain"}).status_code, 400)
        for method in ("GET", "DELETE", "PUT"):
            answer = httpx2.request(method, f"{self.address}/mcp/", headers=POSTED | headers)
            self.assert_error(answer, 405)
            self.assertEqual(answer.headers["allow"], "POST")
        self.assertEqual(self.names(self.org), set())
        self.assertEqual(self.post(headers, orjson.dumps(call)).status_code, 200)
        self.assertEqual(self.names(self.org), {"Big"})
