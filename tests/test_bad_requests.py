"""Bad input ends well: ids, headers, parameters, methods, paths."""

import base64
import json
from typing import Any
from uuid import uuid4

from hypothesis import given
from hypothesis import strategies as st

from leads.models import Lead
from tests.bad_requests import EMOJI_AND_RTL, LIST, NOWHERE, BadRequestTestCase
from tests.test_bad_input import quick

#: As bytes on the wire, which a server hands over as latin-1.
ODD_BYTES = EMOJI_AND_RTL.encode().decode("latin-1")
METHODS = ("get", "head", "options", "post", "put", "patch", "delete", "trace")


class IdTest(BadRequestTestCase):
    def test_ids_that_are_none_and_ids_of_nothing_are_not_found(self) -> None:
        bad = [
            NOWHERE, str(uuid4()), "1", "0", "-1", "nonsense", NOWHERE.replace("-", ""), NOWHERE + "0", NOWHERE[:-1],
            f"{{{NOWHERE}}}", "%00", "a%00b", "%ff%fe", "..%2f..%2fetc", "x" * 5000, "９" * 36, EMOJI_AND_RTL, "null",
            "%7B%7D", "1;DROP TABLE leads",
        ]  # fmt: skip
        for route in self.views:
            if route.takes_ids and route.is_api:
                for pk in bad:
                    with self.subTest(f"{route.path} {pk[:40]}"):
                        self.assert_error(self.send("get" if "get" in route.verbs else route.verbs[-1], route.url(pk)), 404)

    def test_an_id_in_capitals_is_the_same_id_or_none(self) -> None:
        pk = str(self.rows[Lead].pk)
        for url in (f"{LIST}{pk.upper()}/", f"/leads/{pk.upper()}/", f"/leads/{{{pk}}}/"):
            response = self.send("get", url)
            self.assertIn(response.status_code, (200, 404))
            if response.status_code == 200:
                self.assertEqual(response.json()["id"], pk)

    def test_references_that_are_no_ids_do_not_exist(self) -> None:
        for name in ("tags", "teams", "assigned_to", "stage"):
            for value in (
                "1",
                "nonsense",
                NOWHERE,
                f"{{{NOWHERE}}}",
                "\x00",
                "x" * 5000,
                EMOJI_AND_RTL,
                1,
                -1,
                10**40,
                True,
                None,
                {},
            ):
                with self.subTest(f"{name} {str(value)[:20]}"):
                    body = {"name": "Ada", name: value if name == "stage" else [value]}
                    if not (name == "stage" and value is None):
                        self.assert_error(self.send("post", LIST, body), 400, field=name)


class HeaderTest(BadRequestTestCase):
    def test_org_headers_of_all_kinds_get_one_and_the_same_answer(self) -> None:
        own, answers = str(self.org.pk), set()
        bad = [
            str(self.other.pk), str(uuid4()), "", " ", "nonsense", f"{own},{self.other.pk}", f"{own},{own}", f"{own} x",
            "null", "0", "é", "\x00", f"{own}\x00", "x" * 10_000, ODD_BYTES, "' OR 1=1 --", f"{self.other.pk}".upper(),
        ]  # fmt: skip
        for value in bad:
            for verb, url in (("get", LIST), ("post", LIST), ("delete", f"{LIST}{self.rows[Lead].pk}/"), ("get", "/leads/")):
                with self.subTest(f"{verb} {url} {value[:50]}"):
                    response = self.send(verb, url, headers={"org": value})
                    self.assert_error(response, 403)
                    answers.add(str({**response.json(), "request_id": ""}))
        self.assertEqual(len(answers), 1)

    def test_the_own_org_is_taken_in_any_spelling_of_an_id(self) -> None:
        for value in (str(self.org.pk), str(self.org.pk).upper(), f" {self.org.pk} "):
            self.assertEqual(self.send("get", LIST, headers={"org": value}).status_code, 200)

    def test_odd_headers_do_no_harm(self) -> None:
        odd = ["", "x", "\x00", "é", "*", '"', "W/", ", ,", "x" * 10_000, ODD_BYTES, "-1", "a=b;c=d", "%00", "1e400"]
        url = f"{LIST}{self.rows[Lead].pk}/"
        for name in (
            "X-Request-ID", "Accept", "Accept-Language", "Accept-Encoding", "If-None-Match", "Range", "X-Forwarded-For",
            "Referer", "User-Agent", "Origin", "Cookie", "X-HTTP-Method-Override", "Content-Length",
        ):  # fmt: skip
            for value in odd:
                if name != "Content-Length" or value.isascii():
                    with self.subTest(f"{name}: {value[:20]!r}"):
                        self.assertIn(self.send("get", url, headers={name: value}).status_code, (200, 304, 400, 406))
        for value in odd[1:]:
            with self.subTest(f"If-Match: {value[:20]!r}"):
                response = self.send("patch", url, {"company": "x"}, headers={"If-Match": value})
                self.assertEqual(response.status_code, 200 if value == "*" else 412)

    def test_a_request_id_is_taken_only_where_it_is_well_formed(self) -> None:
        for value in (
            "short",
            "x" * 65,
            "a b c d e f g",
            "<script>alert(1)</script>",
            "a\r\nSet-Cookie: b",
            "'; DROP TABLE x; --",
        ):
            response = self.send("get", f"{LIST}{NOWHERE}/", headers={"X-Request-ID": value})
            self.assertRegex(response["X-Request-ID"], "^[0-9a-f]{32}$")
            self.assertEqual(response.json()["request_id"], response["X-Request-ID"])

    def test_another_host_is_refused_in_the_one_shape(self) -> None:
        for host in ("evil.example", "a b", "é", ""):
            with self.subTest(host):
                response = self.send("get", LIST, headers={"Host": host})
                self.assertEqual(response.status_code, 400)


class ParameterTest(BadRequestTestCase):
    def lists(self) -> list[Any]:
        return [route for route in self.api if not route.takes_ids and "list" in getattr(route.callback, "actions", {}).values()]

    def test_limits_offsets_and_counts(self) -> None:
        bad = ("-1", "0", "1.5", "x", "", "NaN", "1e3", "９", "+1", " 1", "9" * 30, "\x00", "1,2", "null", "0x10")
        for route in self.lists():
            for name in ("limit", "offset", "count", "ordering", "fields", "cursor", "nonsense", "search"):
                for value in bad:
                    with self.subTest(f"{route.name} {name}={value!r}"):
                        response = self.send("get", route.url(), data={name: value})
                        fine = (200,) if (name, value) in {("offset", "0"), ("cursor", ""), ("ordering", "")} else (400,)
                        if name == "search" and value != "\x00":
                            fine = (200, 400)
                        self.assertIn(response.status_code, fine, response.content)
                        if response.status_code == 400:
                            self.assert_error(response, 400, field=name)

    def test_a_parameter_given_twice_or_in_odd_bytes_is_answered(self) -> None:
        for query in (
            "limit=1&limit=-1", "limit[]=1", "%00=1", "%ff=%fe", "a=%ed%a0%80", "=1", "&&&", "name=%00", "name=%ff", ";",
            "?" * 50, "limit=1#x", "&".join(f"a{number}=1" for number in range(900)), "search=" + "x" * 5000,
        ):  # fmt: skip
            with self.subTest(query[:40]):
                self.assertIn(self.send("get", f"{LIST}?{query}").status_code, (200, 400))
        many = "&".join(f"a{number}=1" for number in range(1100))
        self.assert_error(self.send("get", f"{LIST}?{many}"), 400)

    def test_any_value_of_any_filter_is_answered(self) -> None:
        known = [(route.url(), name) for route in self.lists() for name in route.view_class.filters()]
        self.assertGreater(len(known), 200)
        odd = st.sampled_from([
            "", "\x00", "9" * 40, "-1", "NaN", "1e400", "Infinity", NOWHERE, "0001-01-01", "9999-12-31T23:59:59-23:59",
            "0001-01-01T00:00:00+23:59", ",", ",,", "true", "null", "x" * 300, "10000-01-01", EMOJI_AND_RTL,
        ])  # fmt: skip

        @quick
        @given(st.sampled_from(known), odd | st.text(max_size=30) | st.datetimes().map(str) | st.decimals().map(str))
        def check(place: Any, value: str) -> None:
            url, name = place
            self.assertIn(self.send("get", url, data={name: value}).status_code, (200, 400))

        check()
        for url, name in known:
            for value in ("", "\x00", "9" * 40, "0001-01-01T00:00:00+23:59"):
                with self.subTest(f"{url}?{name}={value}"):
                    self.assertIn(self.send("get", url, data={name: value}).status_code, (200, 400))

    def test_any_cursor_is_answered(self) -> None:
        urls = [f"{route.url()}?ordering={name}" for route in self.lists() for name in ("", "-id")]
        for values in (
            [],
            [None],
            [None, None],
            [None, None, None],
            ["x"],
            {},
            {"a": "b"},
            "ab",
            7,
            None,
            [7],
            [["a"]],
            [NOWHERE],
        ):
            cursor = base64.urlsafe_b64encode(json.dumps(values).encode()).decode()
            for url in urls:
                with self.subTest(f"{url} {values}"):
                    response = self.send("get", f"{url}&cursor={cursor}")
                    self.assertIn(response.status_code, (200, 400) if values == [NOWHERE] else (400,))
        scalars = st.none() | st.booleans() | st.integers() | st.text(max_size=20) | st.datetimes().map(str)
        written = st.lists(scalars, max_size=4).map(lambda values: base64.urlsafe_b64encode(json.dumps(values).encode()).decode())

        @quick
        @given(st.sampled_from(urls), st.text(max_size=40) | written)
        def check(url: str, cursor: str) -> None:
            self.assertIn(self.send("get", url, data={"cursor": cursor}).status_code, (200, 400))

        check()

    def test_boards_and_other_reads_refuse_what_they_do_not_know(self) -> None:
        for path in ("leads/board", "opportunities/board"):
            for query in (
                "per_column=-1",
                "per_column=x",
                "pipeline=x",
                f"pipeline={NOWHERE}",
                "pipeline=%00",
                "nonsense=1",
                "fields=x",
            ):
                with self.subTest(f"{path}?{query}"):
                    self.assert_error(self.send("get", f"/api/v1/{path}/?{query}"), 400, field=query.split("=")[0])
        for query in ("per_column=-1", "per_column=x", "nonsense=1"):
            self.assert_error(self.send("get", f"/leads/?{query}"), 400, field=query.split("=")[0])


class MethodAndPathTest(BadRequestTestCase):
    def test_methods_that_are_not_offered_are_refused_with_those_that_are(self) -> None:
        tried = 0
        for route in self.api:
            for verb in METHODS:
                if verb not in route.verbs and "attachment/" not in route.name.replace("attachments/", ""):
                    with self.subTest(f"{verb} {route.path}"):
                        response = self.send(verb, self.url_of(route))
                        self.assert_error(response, 405) if verb != "head" else self.assertEqual(response.status_code, 405)
                        allowed = {name.lower() for name in response["Allow"].split(", ")}
                        self.assertEqual(allowed - {"head"}, set(route.verbs) - {"head"})
                        tried += 1
        self.assertGreater(tried, 150)
        self.assert_error(self.client.generic("BREW", LIST), 405)

    def test_head_is_get_without_a_body(self) -> None:
        for route in self.api:
            if "get" in route.verbs and "history" not in route.name:
                with self.subTest(route.path):
                    got, head = self.send("get", self.url_of(route)), self.send("head", self.url_of(route))
                    self.assertEqual((head.status_code, head.content), (got.status_code, b""))
                    for name in ("Content-Type", "ETag"):
                        self.assertEqual(head.headers.get(name), got.headers.get(name))

    def test_options_tell_what_is_allowed(self) -> None:
        for route in self.api:
            with self.subTest(route.path):
                response = self.send("options", self.url_of(route))
                self.assertEqual(response.status_code, 200)
                self.assertEqual({name.lower() for name in response["Allow"].split(", ")} - {"head"}, set(route.verbs) - {"head"})

    def test_unknown_paths_are_not_found_in_the_one_shape(self) -> None:
        for path in (
            "/api/", "/api/v1/", "/api/v1/nothing/", "/api/v2/leads/", "/api/v1/leads/board/x/", "/leads/a/b/c/",
            "/api/v1/leads//", "/api/v1//leads/", "/api/%00/", "/api/%ff/", "/api/v1/leads/%2e%2e/", "/api/" + "x" * 5000,
            "/test/x/", "/api/v1/" + EMOJI_AND_RTL,
        ):  # fmt: skip
            for verb in ("get", "post", "put", "delete"):
                with self.subTest(f"{verb} {path[:40]}"):
                    self.assert_error(self.send(verb, path), 404)
        page = self.client.get("/nothing/")
        self.assertEqual((page.status_code, page["Content-Type"]), (404, "text/html; charset=utf-8"))

    def test_with_and_without_the_slash(self) -> None:
        pk = self.rows[Lead].pk
        for path in ("/api/v1/leads", "/api/leads", f"/api/v1/leads/{pk}", f"/leads/{pk}", "/leads", "/test"):
            with self.subTest(path):
                self.assertEqual(self.send("get", path).content[:200], self.send("get", f"{path}/").content[:200])
        self.assertEqual(self.send("post", "/api/v1/leads", {"name": "No slash"}).status_code, 201)
