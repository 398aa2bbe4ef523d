"""Bad input ends well: bodies. Every field of every record type gets what it does not expect."""

import json
from collections import defaultdict
from collections.abc import Iterator
from typing import Any

from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import override_settings
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from rest_framework import serializers

from common.api.json import JSONParser
from common.records.serializers import RecordSerializer
from tests.bad_requests import EMOJI_AND_RTL, BadRequestTestCase
from tests.bodies import target_of, writable
from tests.routes import Route

HUGE = 10**40
WRONG: list[Any] = [
    None, True, 0, -1, 3.5, HUGE, 1e308, "", "NaN", "1e400", "nonsense", "\x00", "x" * 100_001, "9" * 5_000, "2026-13-45",
    "0000-00-00T25:61:61Z", [], [None], [[]], ["x"] * 501, {}, {"a": {"b": 1}}, "' OR 1=1 --", EMOJI_AND_RTL,
]  # fmt: skip
#: What is no value of a field that holds one value.
NO_SCALAR: list[Any] = [[], ["x"], {}, {"a": 1}]
PATTERNED = (serializers.EmailField, serializers.URLField, serializers.RegexField, serializers.ChoiceField)
#: Texts with rules of their own: whatever else they are, not any text is one.
RULED = ("currency", "format", "key", "module", "object", "ordering", "recurrence", "target", "timezone")
#: Of these there is one per stage at most, and each stage of the test's has its own.
TAKEN = ("stage-limits/",)
settings.register_profile("requests", deadline=None, suppress_health_check=list(HealthCheck), database=None)
quick = settings(settings.get_profile("requests"), max_examples=60)
json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=6,
)


class FieldTest(BadRequestTestCase):
    def tries(self, values: list[Any]) -> Iterator[tuple[Route, dict[str, Any], Any, Any]]:
        """``(route, good body, field, wrong value)``: each value once per module and kind of field, in turn among its fields;
        and each field with one value at least. What all records have, and references, are common to all modules."""
        kinds = defaultdict(list)
        for route, serializer, body in self.creating():
            for name, field in writable(serializer).items():
                shared = name in RecordSerializer.Meta.fields or target_of(field)
                module = "" if shared else route.view_class.__module__.partition(".")[0]
                own = name if hasattr(serializer, f"validate_{name}") else ""
                kinds[module, type(field), type(getattr(field, "child", None)), own].append((route, body, field))
        for fields in kinds.values():
            for number in range(max(len(values), len(fields))):
                yield *fields[number % len(fields)], values[number % len(values)]

    def texts(self, serializer: Any) -> dict[str, Any]:
        """Fields that hold text, whatever people write but for those that are ``RULED``."""
        return {
            name: field
            for name, field in writable(serializer).items()
            if isinstance(field, serializers.CharField)
            and not isinstance(field, PATTERNED)
            and not any(type(validator).__name__ == "RegexValidator" for validator in field.validators)
            and name not in ("phone", "mobile", "status", "color", "currency", "email")
        }

    def test_good_bodies_are_taken(self) -> None:
        """So that what is refused in these tests is refused for what is wrong in it."""
        for route, _, body in self.creating():
            with self.subTest(route.name), self.undone():
                response = self.send("post", route.url(), body)
                self.assertEqual(response.status_code, 400 if route.name in TAKEN else 201, response.content[:300])

    def test_there_is_much_to_try(self) -> None:
        self.assertGreaterEqual(len(self.creating()), 9)
        self.assertGreater(sum(len(writable(serializer)) for _, serializer, _ in self.creating()), 90)

    def test_every_field_survives_every_wrong_value(self) -> None:
        refused = 0
        for route, body, field, value in self.tries(WRONG):
            name = field.field_name
            with self.subTest(f"{route.name} {name} {str(value)[:30]!r}"), self.undone():
                response = self.send("post", route.url(), {**body, name: value})
                self.assertIn(response.status_code, (201, 400, 409), response.content[:300])
                if response.status_code == 201:
                    kept = self.client.get(response["Location"]).json()
                    self.assertEqual(kept, {name: response.json()[name] for name in kept})
                else:
                    refused += 1
        self.assertGreater(refused, 1000)

    def test_lists_and_objects_are_refused_by_name_where_one_value_belongs(self) -> None:
        for route, body, field, value in self.tries(NO_SCALAR):
            name = field.field_name
            if not isinstance(field, (serializers.ListField, serializers.JSONField)):
                with self.subTest(f"{route.name} {name} {value}"):
                    self.assert_error(self.send("post", route.url(), {**body, name: value}), 400, field=name)

    def test_a_change_survives_every_wrong_value_too(self) -> None:
        for route, _, field, value in self.tries([[], {}, HUGE, "\x00", "x" * 100_001]):
            if "patch" in route.view_class.http_method_names:
                url, body = f"{route.url()}{self.rows[route.model].pk}/", {field.field_name: value}
                with self.subTest(f"{route.name} {body!r:.80}"), self.undone():
                    self.assertIn(self.send("patch", url, body).status_code, (200, 400, 409))

    def test_too_long_is_refused_and_the_longest_is_taken(self) -> None:
        tried = 0
        for route, serializer, body in self.creating():
            for name, field in self.texts(serializer).items():
                with self.subTest(f"{route.name} {name}"), self.undone():
                    self.assertTrue(field.max_length, "a text without an end")
                    longer, longest = "x" * (field.max_length + 1), "x" * field.max_length
                    self.assert_error(self.send("post", route.url(), {**body, name: longer}), 400, field=name)
                    self.assert_taken(route, body, field, longest)
                    tried += 1
        self.assertGreater(tried, 35)

    def test_what_is_required_may_be_neither_empty_nor_missing_nor_null(self) -> None:
        for route, serializer, body in self.creating():
            for name, field in writable(serializer).items():
                if field.required:
                    without = {key: value for key, value in body.items() if key != name}
                    for bad in ({**body, name: ""}, {**body, name: None}, without):
                        with self.subTest(f"{route.name} {name}"):
                            self.assert_error(self.send("post", route.url(), bad), 400, field=name)

    def test_emoji_and_right_to_left_text_come_back_unchanged(self) -> None:
        for route, serializer, body in self.creating():
            for name, field in self.texts(serializer).items():
                text = EMOJI_AND_RTL[: field.max_length]
                with self.subTest(f"{route.name} {name}"), self.undone():
                    self.assert_taken(route, body, field, text)

    def assert_taken(self, route: Any, body: dict[str, Any], field: Any, text: str) -> None:
        """The text comes back unchanged; is refused by name where the field has rules of its own."""
        name = field.field_name
        response = self.send("post", route.url(), {**body, name: text})
        if name in RULED:
            self.assert_error(response, 400, field=name)
        else:
            self.assertEqual(response.status_code, 201, response.content[:300])
            if not field.write_only:
                kept = self.client.get(response["Location"]).json()
                self.assertEqual((response.json()[name], kept[name]), (text, text))

    def test_null_characters_are_refused_by_name(self) -> None:
        for route, serializer, body in self.creating():
            for name in self.texts(serializer):
                with self.subTest(f"{route.name} {name}"):
                    self.assert_error(self.send("post", route.url(), {**body, name: "a\x00b"}), 400, field=name)
        for value in ({"a": "\x00"}, {"\x00": 1}, {"a": ["\x00"]}):
            response = self.send("post", "/api/v1/leads/", {"name": "Ada", "custom_fields": value})
            self.assert_error(response, 400, field="custom_fields")

    def test_any_json_is_answered(self) -> None:
        @quick
        @given(json_values)
        def check(value: Any) -> None:
            for url in ("/api/v1/leads/", "/api/v1/auth/login/", "/api/v1/roles/", "/leads/"):
                with self.undone():
                    self.assertIn(self.send("post", url, json.dumps(value)).status_code, (400, 401))

        check()

    def test_any_json_in_a_field_is_answered(self) -> None:
        names = ["name", "value", "tags", "custom_fields", "status", "stage", "close_date", "probability"]

        @quick
        @given(st.sampled_from(names), json_values)
        def check(name: str, value: Any) -> None:
            for url in ("/api/v1/leads/", "/leads/"):
                with self.undone():
                    response = self.send("post", url, json.dumps({"name": "Ada", name: value}))
                    self.assertIn(response.status_code, (201, 400))

        check()


class HalfWayTest(BadRequestTestCase):
    """What is refused after something was written already."""

    def test_a_write_that_is_refused_half_way_leaves_nothing(self) -> None:
        lead = next(row for model, row in self.rows.items() if model.__name__ == "Lead")
        before = self.client.get(f"/api/v1/leads/{lead.pk}/").json()
        for body in ({"company": "Changed", "card_order": "nowhere"}, {"company": "Changed", "status": "No such stage"}):
            with self.subTest(str(body)):
                self.assert_error(self.send("put", f"/leads/{lead.pk}/", body), 400)
                self.assertEqual(self.client.get(f"/api/v1/leads/{lead.pk}/").json(), before)

    def test_a_conflict_in_the_database_leaves_nothing(self) -> None:
        for module, name in (("leads", "name"), ("contacts", "last_name"), ("opportunities", "name"), ("accounts", "name")):
            body = {name: "First", "external_id": "same", "tags": [str(tag.pk) for tag in self.known_tags()]}
            self.assertEqual(self.send("post", f"/api/v1/{module}/", body).status_code, 201)
            self.assert_error(self.send("post", f"/api/v1/{module}/", {**body, name: "Second"}), 409)
        self.assertEqual(self.send("post", "/api/v1/tags/", {"name": "Twice"}).status_code, 201)
        self.assert_error(self.send("post", "/api/v1/tags/", {"name": "TWICE"}), 409)

    def known_tags(self) -> list[Any]:
        return [row for model, row in self.rows.items() if model.__name__ == "Tag"]


class RawBodyTest(BadRequestTestCase):
    def posting(self) -> list[str]:
        """Every URL that takes a JSON body."""
        return [
            self.url_of(route)
            for route in self.api
            if "post" in route.verbs and JSONParser in route.parsers and (not route.takes_ids or route.model in self.rows)
        ]

    def test_what_is_no_json_is_refused_everywhere(self) -> None:
        bad = [
            b"{", b'{"name": "x",}', b"{'name': 'x'}", b"[1,", b'"', b"nul", b'{"name": NaN}', b'{"name": -Infinity}',
            b'{"name": "\\ud800"}', b'{"name": "\\udc00\\ud800"}', b'{"name": "\xff\xfe"}', b"\xed\xa0\x80",
            b'{"name": "a\x00b"}', b"\x00", b'{"a":' * 100_000, b"[" * 100_000 + b"]" * 100_000, b"<xml/>",
            b"\xef\xbb\xbf{}x", b"{}{}",
        ]  # fmt: skip
        for url in self.posting():
            for body in bad:
                with self.subTest(f"{url} {body[:20]!r}"):
                    self.assertIn(self.send("post", url, body).status_code, (400, 404, 409))
        for body in bad:
            with self.subTest(body[:20]):
                self.assert_error(self.send("post", "/api/v1/leads/", body), 400, says="not valid JSON")
                self.assert_error(self.send("post", "/leads/", body), 400)

    def test_what_is_no_object_is_refused_everywhere(self) -> None:
        for url in self.posting():
            for body in (b"[]", b"[{}]", b'"text"', b"1", b"true", b"null"):
                with self.subTest(f"{url} {body!r}"):
                    self.assertIn(self.send("post", url, body).status_code, (200, 201, 400, 403, 404, 409))
        for body in (b"[]", b"[{}]", b'"text"', b"1", b"true", b"null"):
            self.assert_error(self.send("post", "/api/v1/leads/", body), 400)

    def test_numbers_beyond_all_bounds(self) -> None:
        for number in (b"1e400", b"-1e400", b"1e-400", b"9" * 400, b"1" + b"0" * 4999, b"0." + b"1" * 4999, b"1E+999999999"):
            for name in (b"value", b"probability", b"name", b"close_date", b"tags"):
                with self.subTest(f"{name!r} {number[:12]!r}"), self.undone():
                    body = b'{"name": "Ada", "' + name + b'": ' + number + b"}"
                    self.assertIn(self.send("post", "/api/v1/leads/", body).status_code, (201, 400))
        for value in ("1e400", "1e20", "-1", "0.001", "NaN", "Infinity", "1" * 400):
            self.assert_error(self.send("post", "/api/v1/leads/", {"name": "Ada", "value": value}), 400, field="value")

    def test_ten_megabytes_are_too_large_everywhere(self) -> None:
        body = b'{"name": "' + b"x" * 10 * 1024 * 1024 + b'"}'
        for url in ("/api/v1/leads/", "/api/leads/", "/leads/", "/api/v1/auth/login/", "/api/v1/auth/register/"):
            with self.subTest(url):
                self.assert_error(self.send("post", url, body), 413)
        self.assert_error(self.send("put", f"/api/v1/{self.rows_url('leads')}", body), 413)

    def rows_url(self, module: str) -> str:
        row = next(row for model, row in self.rows.items() if getattr(model, "module", "") == module)
        return f"{module}/{row.pk}/"

    def test_other_content_types_are_not_supported(self) -> None:
        kinds = (
            "text/plain",
            "application/xml",
            "application/x-www-form-urlencoded",
            "multipart/form-data; boundary=x",
            "x",
            "/",
        )
        for url in ("/api/v1/leads/", "/api/v1/auth/login/", "/leads/", f"/api/v1/{self.rows_url('leads')}status/"):
            for kind in kinds:
                with self.subTest(f"{url} {kind}"):
                    verb = "put" if "status" in url else "post"
                    self.assert_error(self.send(verb, url, b'{"name": "x"}', content_type=kind), 415)

    def test_attachments_that_are_no_files(self) -> None:
        url = "/api/v1/leads/attachment/" + self.rows_url("leads").split("/")[1] + "/"
        self.assert_error(self.send("post", url, {"file": "text"}), 415)
        self.assert_error(self.send("post", url, b"garbage", content_type="multipart/form-data"), 400)
        self.assert_error(self.send("post", url, b"garbage", content_type="multipart/form-data; boundary=x"), 400, field="file")
        for data in ({}, {"file": "text"}, {"other": "x"}, {"file": SimpleUploadedFile("empty.txt", b"")}):
            with self.subTest(str(data)):
                response = self.send("post", url, data, format="multipart")
                self.assert_error(response, 400, field="file" if "other" not in data else None)

    def test_names_of_files_do_no_harm(self) -> None:
        url = "/api/v1/leads/attachment/" + self.rows_url("leads").split("/")[1] + "/"
        for name in (
            "../../x.txt",
            "/etc/passwd",
            "a" * 300 + ".txt",
            "\u202etxt.exe",
            'a"b.txt',
            "😀.txt",
            "x\r\nSet-Cookie: a=b.txt",
        ):
            with self.subTest(name), self.undone():
                response = self.send("post", url, {"file": SimpleUploadedFile(name, b"text")}, format="multipart")
                self.assertIn(response.status_code, (201, 400))
                if response.status_code == 201:
                    self.assertNotIn("/", response.json()["file_name"])
                    download = self.client.get(response["Location"] + "download/")
                    self.assertEqual((download.status_code, b"".join(download.streaming_content)), (200, b"text"))
                    self.assertNotIn("Set-Cookie", download)

    @override_settings(MAX_ATTACHMENT_BYTES=1000)
    def test_files_over_the_limit_are_too_large(self) -> None:
        url = "/api/v1/leads/attachment/" + self.rows_url("leads").split("/")[1] + "/"
        for size, code in ((1000, 201), (1001, 413)):
            with self.undone():
                upload = {"file": SimpleUploadedFile("a.txt", b"x" * size)}
                self.assertEqual(self.send("post", url, upload, format="multipart").status_code, code)
