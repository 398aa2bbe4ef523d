"""An organization's own fields: what they take, and what becomes of their data."""

from typing import Any
from uuid import uuid4

from common.custom_fields.models import CustomValue
from common.people.models import Profile
from common.tenancy import org_scope
from common.testing import OrgTestCase
from leads.models import Lead

URL = "/api/v1/custom-fields/"
LEADS = "/api/v1/leads/"


class FieldsTestCase(OrgTestCase):
    def define(self, key: str, type: str, profile: Profile | None = None, **more: Any) -> str:
        body = {"module": "leads", "key": key, "label": key.title(), "type": type, **more}
        response = self.client_of(profile or self.alice).post(URL, body)
        self.assertEqual(response.status_code, 201, response.content)
        return response.json()["id"]

    def lead(self, profile: Profile | None = None, **fields: Any) -> Any:
        return self.client_of(profile or self.alice).post(LEADS, {"name": "Ada", "custom_fields": fields})

    def lead_id(self, **fields: Any) -> str:
        response = self.lead(**fields)
        self.assertEqual(response.status_code, 201, response.content)
        return response.json()["id"]

    def change(self, pk: str, **fields: Any) -> Any:
        return self.client_of(self.alice).patch(f"{LEADS}{pk}/", {"custom_fields": fields})

    def shown(self, pk: str) -> Any:
        return self.client_of(self.alice).get(f"{LEADS}{pk}/").json()["custom_fields"]

    def found(self, query: str, profile: Profile | None = None) -> int:
        response = self.client_of(profile or self.alice).get(f"{LEADS}?{query}")
        self.assertEqual(response.status_code, 200, response.content)
        self.assertEqual(response.json()["count"], len(response.json()["results"]))
        return response.json()["count"]


class ValuesTest(FieldsTestCase):
    def test_each_type_takes_its_values_and_refuses_others(self) -> None:
        other = self.lead(self.mallory).json()["id"]
        target = self.lead_id()
        choices = {"options": ["S", "M", "L"]}
        cases: list[tuple[str, dict[str, Any], list[tuple[Any, Any]], list[Any]]] = [
            ("text", {}, [("🍋 שלום", "🍋 שלום")], [1, True, ["a"], {"a": 1}, "x" * 10_001, "a\x00"]),
            ("number", {}, [(7, 7), ("7.5", 7.5), (-1, -1), (2.0, 2)], ["x", True, [1], 10**15, "NaN", "1e999"]),
            ("money", {}, [("12.5", "12.50"), (100, "100.00"), ("0.1234", "0.1234")], ["x", "1.23456", True, "Infinity", 1e30]),
            ("date", {}, [("2026-02-28", "2026-02-28")], ["2026-02-30", 20260228, "28.2.2026", "", None][:3]),
            ("choice", choices, [("M", "M")], ["XL", "m", 1, ["M"]]),
            ("multi_choice", choices, [(["L", "S", "L"], ["L", "S"])], ["S", ["XL"], [1], [["S"]]]),
            ("boolean", {}, [(True, True), (False, False)], ["true", 1, 0]),
            ("url", {}, [("https://x.example/a", "https://x.example/a")], ["javascript:alert(1)", "x", 1, "ftp://x.example"]),
            ("relation", {"target": "leads"}, [(target, target)], ["x", 1, str(uuid4()), other, [target]]),
        ]
        for type_, more, good, bad in cases:
            self.define(type_, type_, **more)
            for given, stored in good:
                with self.subTest(f"{type_} {given!r}"):
                    self.assertEqual(self.shown(self.lead_id(**{type_: given})), {type_: stored})
            for value in bad:
                with self.subTest(f"{type_} {str(value)[:30]!r}"):
                    field = "custom_fields" if value == "a\x00" else f"custom_fields.{type_}"
                    self.assert_error(self.lead(**{type_: value}), 400, field=field)

    def test_unknown_keys_are_refused_by_name_also_another_orgs(self) -> None:
        self.define("secret", "text", self.mallory)
        self.assert_error(self.lead(secret="x"), 400, field="custom_fields.secret")
        self.assert_error(self.client_of(self.alice).get(f"{LEADS}?cf_secret=x"), 400, field="cf_secret")
        self.assertEqual(self.lead(self.mallory, secret="x").status_code, 201)

    def test_a_change_keeps_what_it_does_not_name_and_null_removes(self) -> None:
        self.define("size", "text"), self.define("note", "text")
        pk = self.lead_id(size="L", note="n")
        self.change(pk, size="M")
        self.assertEqual(self.shown(pk), {"size": "M", "note": "n"})
        for empty in (None, "", []):
            self.change(pk, size="M")
            self.change(pk, size=empty)
            self.assertEqual(self.shown(pk), {"note": "n"})

    def test_a_required_field_is_required_of_new_records_and_cannot_be_emptied(self) -> None:
        old = self.lead_id()
        self.define("size", "text", required=True)
        self.assert_error(self.lead(), 400, field="custom_fields.size", says="required")
        self.assert_error(self.client_of(self.alice).post(LEADS, {"name": "Ada"}), 400, field="custom_fields.size")
        pk = self.lead_id(size="L")
        self.assert_error(self.change(pk, size=None), 400, field="custom_fields.size")
        self.assertEqual(self.client_of(self.alice).patch(f"{LEADS}{old}/", {"company": "X"}).status_code, 200)

    def test_a_relation_to_a_record_that_one_may_not_see_does_not_exist(self) -> None:
        self.define("friend", "relation", target="leads")
        hidden = self.lead_id()
        never = str(uuid4())
        refused, unknown = (self.lead(self.uma, friend=pk) for pk in (hidden, never))
        self.assert_error(refused, 400, field="custom_fields.friend", says="does not exist")
        self.assertEqual(refused.json()["error"].replace(hidden, never), unknown.json()["error"])
        self.assertEqual(self.lead(self.uma, friend=self.lead(self.uma).json()["id"]).status_code, 201)

    def test_a_write_costs_one_statement_for_the_fields_and_a_read_none(self) -> None:
        from django.db import connection
        from django.test.utils import CaptureQueriesContext

        self.define("size", "text")
        pk, client = self.lead_id(size="L"), self.client_of(self.alice)
        with CaptureQueriesContext(connection) as queries:
            self.lead(size="M")
        asked = [
            query["sql"] for query in queries if 'FROM "custom_fields"' in query["sql"] and "row_to_json" not in query["sql"]
        ]
        self.assertEqual(len(asked), 1)
        self.assertLessEqual(self.cost(client, f"{LEADS}{pk}/"), 4)


class FiltersTest(FieldsTestCase):
    def test_filters_by_type(self) -> None:
        self.define("size", "choice", options=["S", "M", "L"]), self.define("colors", "multi_choice", options=["red", "blue"])
        self.define("budget", "money"), self.define("grade", "number"), self.define("met", "date"), self.define("vip", "boolean")
        self.define("note", "text")
        self.lead_id(size="S", colors=["red", "blue"], budget="9.50", grade=9, met="2026-01-31", vip=True, note="Loves TEA 100%")
        self.lead_id(size="M", colors=["red"], budget="10.00", grade=10, met="2026-02-01", vip=False)
        self.lead_id()
        self.lead(self.mallory)
        for query, count in {
            "cf_size=S": 1, "cf_size=s": 0, "cf_size__in=S,M": 2, "cf_size__isnull=true": 1, "cf_size__isnull=false": 2,
            "cf_colors=red": 2, "cf_colors=blue": 1, "cf_colors__in=red,blue": 2,
            "cf_budget=9.5": 1, "cf_budget__gte=9.51": 1, "cf_budget__lte=10": 2, "cf_budget__gt=10": 0, "cf_grade__gte=9": 2,
            "cf_grade__in=9,11": 1, "cf_grade__lt=10": 1, "cf_met__gte=2026-02-01": 1, "cf_met__lte=2026-02-01": 2,
            "cf_vip=true": 1, "cf_vip=no": 1,
            "cf_note__icontains=tea": 1, "cf_note__icontains=0%25": 1, "cf_note__icontains=_": 0,
            "cf_note=Loves TEA 100%25": 1, "cf_size=S&cf_grade=9": 1, "cf_size=S&cf_grade=10": 0,
        }.items():  # fmt: skip
            with self.subTest(query):
                self.assertEqual(self.found(query), count)
        for query in ("cf_nothing=1", "cf_size__gte=1", "cf_grade=x", "cf_met=yesterday", "cf_vip=perhaps", "cf_grade__in=1,x",
                      "cf_=1", "cf_size__isnull=x"):  # fmt: skip
            with self.subTest(query):
                self.assert_error(self.client_of(self.alice).get(f"{LEADS}?{query}"), 400, field=query.partition("=")[0])

    def test_filters_serve_the_board_and_the_summary_and_follow_changes(self) -> None:
        self.define("size", "text")
        pk = self.lead_id(size="L")
        client = self.client_of(self.alice)
        self.assertEqual(client.get(f"{LEADS}summary/?cf_size=L").json()[0]["count"], 1)
        self.assertEqual(sum(len(column["cards"]) for column in client.get(f"{LEADS}board/?cf_size=L").json()), 1)
        self.change(pk, size="M")
        self.assertEqual((self.found("cf_size=L"), self.found("cf_size=M")), (0, 1))
        with org_scope(self.alice):  # whatever writes: the database keeps the index
            Lead.objects.update(custom_fields={"size": "XL"})
        self.assertEqual(self.found("cf_size=XL"), 1)
        with org_scope(self.alice):
            Lead.objects.all().delete()
            self.assertEqual(CustomValue.objects.count(), 0)

    def test_a_lower_role_and_another_org_find_nothing_more(self) -> None:
        self.define("size", "text"), self.define("size", "text", self.mallory)
        self.lead_id(size="L")
        self.lead(self.mallory, size="L")
        self.assertEqual([self.found("cf_size=L", who) for who in (self.alice, self.uma, self.mallory)], [1, 0, 1])

    def test_words_in_a_field_are_found_by_search(self) -> None:
        self.define("note", "text"), self.define("met", "date"), self.define("friend", "relation", target="leads")
        friend = self.lead_id()
        self.lead_id(note="Plays the Bassoon", met="2026-01-31", friend=friend)
        self.assertEqual(
            [self.found(f"search={words}") for words in ("bassoon", "bass ada", "2026", friend[:8], "oboe")], [1, 1, 0, 0, 0]
        )


class LifeOfAFieldTest(FieldsTestCase):
    def test_only_admins_define_and_everyone_may_look(self) -> None:
        pk = self.define("size", "text")
        for who in (self.max, self.uma):
            self.assertEqual(self.client_of(who).get(URL).json()["count"], 1)
            self.assert_error(self.client_of(who).patch(f"{URL}{pk}/", {"label": "X"}), 403)
            self.assert_error(self.client_of(who).post(URL, {"module": "leads", "key": "a", "label": "A", "type": "text"}), 403)
        self.assert_error(self.client_of(self.vic).get(URL), 403)
        self.assertEqual(self.client_of(self.mallory).get(URL).json()["count"], 0)

    def test_what_makes_no_field_is_refused(self) -> None:
        self.define("size", "text")
        good = {"module": "leads", "key": "a", "label": "A", "type": "text"}
        for field, change in {
            "module": {"module": "teams"}, "key": {"key": "A b"}, "type": {"type": "blob"}, "options": {"type": "choice"},
            "target": {"type": "relation"}, "label": {"label": ""},
        }.items():  # fmt: skip
            self.assert_error(self.client_of(self.alice).post(URL, good | change), 400, field=field)
        for module in ("objects", "objects/nothing", "nonsense"):
            self.assert_error(self.client_of(self.alice).post(URL, good | {"module": module}), 400, field="module")
        self.assert_error(
            self.client_of(self.alice).post(URL, good | {"type": "choice", "options": ["a,b"]}), 400, field="options"
        )
        self.assert_error(self.client_of(self.alice).post(URL, good | {"type": "relation", "target": "x"}), 400, field="target")
        self.assert_error(self.client_of(self.alice).post(URL, good | {"key": "size"}), 409)

    def test_a_new_label_keeps_the_data_and_a_key_stays(self) -> None:
        field, pk, client = self.define("size", "text"), self.lead_id_with_size(), self.client_of(self.alice)
        self.assertEqual(client.patch(f"{URL}{field}/", {"label": "Shirt size"}).json()["label"], "Shirt size")
        self.assertEqual(self.shown(pk), {"size": "L"})
        for change in ({"key": "shirt"}, {"module": "accounts"}):
            self.assert_error(client.patch(f"{URL}{field}/", change), 400, field=next(iter(change)))

    def lead_id_with_size(self) -> str:
        return self.lead_id(size="L")

    def test_a_deleted_field_with_data_is_archived_restored_and_purged(self) -> None:
        field, pk, client = self.define("size", "text"), self.lead_id_with_size(), self.client_of(self.alice)
        self.assert_error(client.post(f"{URL}{field}/purge/"), 400, field="is_archived")
        self.assertEqual(client.delete(f"{URL}{field}/").status_code, 204)
        self.assertTrue(client.get(f"{URL}{field}/").json()["is_archived"])
        self.assertEqual(self.shown(pk), {})
        self.assertNotIn("size", str(client.get(LEADS).json()))
        self.assert_error(client.get(f"{LEADS}?cf_size=L"), 400, field="cf_size")
        self.assert_error(self.lead(size="M"), 400, field="custom_fields.size")
        self.change(pk)
        self.assertFalse(client.post(f"{URL}{field}/restore/").json()["is_archived"])
        self.assertEqual((self.shown(pk), self.found("cf_size=L")), ({"size": "L"}, 1))
        client.delete(f"{URL}{field}/")
        self.assertEqual(client.post(f"{URL}{field}/purge/").json(), {"records": 1})
        self.assert_error(client.get(f"{URL}{field}/"), 404)
        self.define("size", "text")
        self.assertEqual((self.shown(pk), self.found("cf_size=L")), ({}, 0))

    def test_a_field_without_data_is_deleted_at_once(self) -> None:
        field, client = self.define("size", "text"), self.client_of(self.alice)
        client.delete(f"{URL}{field}/")
        self.assert_error(client.get(f"{URL}{field}/"), 404)

    def test_another_type_is_refused_where_values_do_not_fit(self) -> None:
        field, client = self.define("size", "text"), self.client_of(self.alice)
        pk = self.lead_id_with_size()
        self.assert_error(client.patch(f"{URL}{field}/", {"type": "number"}), 400, field="type", says="L")
        self.assert_error(client.patch(f"{URL}{field}/", {"type": "choice", "options": ["S"]}), 400, field="type")
        self.assertEqual(client.get(f"{URL}{field}/").json()["type"], "text")
        self.assertEqual(client.patch(f"{URL}{field}/", {"type": "choice", "options": ["S", "L"]}).status_code, 200)
        self.assert_error(client.patch(f"{URL}{field}/", {"options": ["S"]}), 400, field="type")
        self.assertEqual(self.shown(pk), {"size": "L"})
