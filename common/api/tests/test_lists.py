import base64
import warnings
from typing import Any

import orjson

from common.tenancy import org_scope
from common.testing import OrgTestCase
from leads.models import Lead


class ListTest(OrgTestCase):
    @classmethod
    def setUpTestData(cls) -> None:
        super().setUpTestData()
        client = cls().client_of(cls.alice)
        tag = client.post("/api/v1/tags/", {"name": "hot"}).json()["id"]
        rows: list[dict[str, Any]] = [
            {
                "name": "Ada Byron",
                "company": "Engines",
                "value": 10,
                "source": "Website",
                "tags": [tag],
                "email": "ada@x.example",
            },
            {"name": "Böb Café", "value": None, "source": "Referral", "close_date": "2026-05-01"},
            {"name": "Cy Young", "company": "engines two", "value": 30.5, "source": "Website", "status": "Closed win"},
        ]
        cls.tag = tag
        for row in rows:
            assert client.post("/api/v1/leads/", row).status_code == 201
        with org_scope(cls.other):
            pass

    def setUp(self) -> None:
        self.client = self.client_of(self.alice)

    def names(self, **query: Any) -> list[str]:
        response = self.client.get("/api/v1/leads/", query)
        self.assertEqual(response.status_code, 200, response.content)
        return [row["name"].split()[0] for row in response.json()["results"]]

    def test_filters_by_type(self) -> None:
        for query, expected in (
            ({"source": "Website"}, ["Cy", "Ada"]),
            ({"source__in": "Website,Referral"}, ["Cy", "Böb", "Ada"]),
            ({"value__gte": "10", "value__lt": "30.5"}, ["Ada"]),
            ({"value__isnull": "true"}, ["Böb"]),
            ({"company__icontains": "ENGINES"}, ["Cy", "Ada"]),
            ({"status": "Closed win"}, ["Cy"]),
            ({"status__in": "Interest,Closed win"}, ["Cy", "Böb", "Ada"]),
            ({"status": "Nowhere"}, []),
            ({"close_date__lte": "2026-05-01"}, ["Böb"]),
            ({"tags": self.tag}, ["Ada"]),
            ({"tags__isnull": "true"}, ["Cy", "Böb"]),
            ({"tags__in": f"{self.tag},{self.alice.pk}"}, ["Ada"]),
            ({"created_by": str(self.alice.pk), "ordering": "name"}, ["Ada", "Böb", "Cy"]),
            ({"created_at__gte": "2100-01-01"}, []),
        ):
            with self.subTest(query):
                self.assertEqual(self.names(**query), expected)

    def test_values_that_cannot_be_are_refused_by_name(self) -> None:
        for name, value in (
            ("value__gte", "much"), ("value", "NaN"), ("value", "1e400"), ("created_at__gte", "yesterday"), ("tags", "x"),
            ("id", "x"), ("value__isnull", "perhaps"), ("name", "a\x00b"), ("probability", str(10**30)), ("probability", "-1"),
            ("limit", "0"), ("limit", "x"), ("offset", "-1"), ("offset", str(10**20)), ("count", "all"), ("cursor", "x"),
            ("cursor", "WzEsMl0"), ("ordering", "notes"), ("ordering", "-"), ("fields", ""), ("fields", "id,"), ("tags__in", ""),
            ("search", "a\x00"), ("status__isnull", "true"),
        ):  # fmt: skip
            with self.subTest(name=name, value=value):
                self.assert_error(self.client.get("/api/v1/leads/", {name: value}), 400, field=name)

    def test_a_time_without_an_offset_is_in_utc(self) -> None:
        with org_scope(self.org):
            Lead.objects.filter(name="Ada Byron").update(created_at="2026-05-07T12:00:00Z")
        with warnings.catch_warnings(action="error"):
            for query, expected in (
                ({"created_at": "2026-05-07T12:00:00"}, ["Ada"]),
                ({"created_at": "2026-05-07 12:00"}, ["Ada"]),
                ({"created_at__in": "2026-05-07T14:00:00+02:00,2020-1-1"}, ["Ada"]),
                ({"created_at__lte": "2026-05-07T12:00:00", "created_at__gt": "2026-05-07T11:59:59.999999"}, ["Ada"]),
                ({"created_at__gte": "0690-05-07T21:32:07.031212", "created_at__lt": "2026-05-08"}, ["Ada"]),
                ({"created_at__lte": "0001-01-01"}, []),
                ({"created_at__gte": "9999-12-31T23:59:59.999999"}, []),
                ({"created_at__lte": "0001-01-02T00:00:00+23:59"}, []),
                ({"created_at": "2026-05-08T11:59:00+23:59"}, ["Ada"]),
            ):
                with self.subTest(query):
                    self.assertEqual(self.names(**query), expected)
            for value in ("0001-01-01T00:00:00+23:59", "9999-12-31T23:59:59-23:59", "10000-01-01"):
                with self.subTest(value):
                    self.assert_error(self.client.get("/api/v1/leads/", {"created_at": value}), 400, field="created_at")

    def test_a_cursor_whose_time_has_no_offset_is_in_utc(self) -> None:
        with org_scope(self.org):
            Lead.objects.filter(name="Ada Byron").update(created_at="2026-05-07T12:00:00Z")
        values = orjson.dumps(["2026-05-07T12:00:01", str(self.alice.pk)])
        with warnings.catch_warnings(action="error"):
            self.assertEqual(self.names(ordering="-created_at", cursor=base64.urlsafe_b64encode(values).decode()), ["Ada"])

    def test_every_order_walks_by_cursor_and_backwards(self) -> None:
        for order in ("name", "-name", "value", "-value", "created_at", "-created_at", "updated_at", "-updated_at,name", "id"):
            with self.subTest(order):
                whole, walked = self.names(ordering=order), []
                url: Any = f"/api/v1/leads/?ordering={order}&limit=1&cursor="
                while url:
                    page = self.client.get(url).json()
                    walked += [row["name"].split()[0] for row in page["results"]]
                    url = page["next"]
                self.assertEqual(walked, whole)

    def test_nothing_counts_as_the_lowest_value(self) -> None:
        self.assertEqual(self.names(ordering="-value"), ["Cy", "Ada", "Böb"])
        self.assertEqual(self.names(ordering="value"), ["Böb", "Ada", "Cy"])

    def test_search_folds_case_and_accents_and_looks_into_addresses(self) -> None:
        for text, expected in (("BOB cafe", ["Böb"]), ("böb", ["Böb"]), ("x.example", ["Ada"]), ("eng tw", ["Cy"]), ("!!!", []),
                               ("' & | :*", []), ("website", ["Cy", "Ada"])):  # fmt: skip
            with self.subTest(text):
                self.assertEqual(self.names(search=text), expected)

    def test_counts_are_capped_and_can_be_left_out(self) -> None:
        self.assertEqual(self.client.get("/api/v1/leads/?limit=1").json()["count"], 3)
        self.assertNotIn("count", self.client.get("/api/v1/leads/?count=none").json())
        self.assertEqual(self.client.get("/api/v1/leads/?offset=99").json()["count"], 3)

    def test_a_filter_on_a_related_record_tells_nothing_of_what_one_may_not_see(self) -> None:
        account = self.client.post("/api/v1/accounts/", {"name": "Secret Holdings"}).json()["id"]
        contact = {"last_name": "Open", "assigned_to": [str(self.uma.pk)], "account": account}
        self.assertEqual(self.client.post("/api/v1/contacts/", contact).status_code, 201)
        url = "/api/v1/contacts/?account__name__icontains=secret"
        self.assertEqual(self.client.get(url).json()["count"], 1)
        self.assertEqual(self.client_of(self.uma).get(url).json()["count"], 0)

    def test_links_lead_on_and_keep_the_query(self) -> None:
        body = self.client.get("/api/v1/leads/?source=Website&limit=1").json()
        self.assertEqual(self.client.get(body["next"]).json()["results"][0]["name"], "Ada Byron")
        self.assertEqual(Lead.module, "leads")
