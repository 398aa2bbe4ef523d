"""Saved views: who has them, what they may say, and lists by them."""

from typing import Any

from common.testing import OrgTestCase

URL = "/api/v1/views/"
LEADS = "/api/v1/leads/"


class SavedViewsTest(OrgTestCase):
    def save(self, profile: Any = None, **values: Any) -> Any:
        return self.client_of(profile or self.alice).post(URL, {"module": "leads", "name": "Mine", **values})

    def test_a_list_by_a_view_and_what_the_request_says_is_stronger(self) -> None:
        client = self.client_of(self.alice)
        for name, value in (("Ada", 100), ("Bea", 200), ("Cleo", 300)):
            client.post(LEADS, {"name": name, "value": value})
        view = self.save(filters={"value__gte": 200}, ordering="-name", fields=["name", "value"]).json()["id"]
        rows = client.get(f"{LEADS}?view={view}").json()["results"]
        self.assertEqual([list(row) for row in rows], [["name", "value"]] * 2)
        self.assertEqual([row["name"] for row in rows], ["Cleo", "Bea"])
        self.assertEqual(client.get(f"{LEADS}?view={view}&value__gte=300&fields=name").json()["results"], [{"name": "Cleo"}])
        self.assertEqual(
            client.get(f"{LEADS}summary/?view={self.save(name='S', filters={'value__gte': 200}).json()['id']}").json()[0][
                "count"
            ],
            2,
        )
        page = client.get(f"{LEADS}?view={view}&limit=1").json()
        self.assertEqual(client.get(page["next"]).json()["results"][0]["name"], "Bea")

    def test_a_view_may_say_only_what_the_list_takes(self) -> None:
        for field, bad in {
            "module": {"module": "nonsense"},
            "filters.nonsense": {"filters": {"nonsense": 1}},
            "filters.value": {"filters": {"value": "x"}},
            "filters.limit": {"filters": {"limit": 1}},
            "ordering": {"ordering": "notes"},
            "fields": {"fields": ["secret"]},
            "filters": {"filters": [1]},
            "filters.cf_size": {"filters": {"cf_size": "L"}},
            "name": {"name": ""},
        }.items():
            with self.subTest(field):
                self.assert_error(self.save(**bad), 400, field=field)
        self.client_of(self.alice).post(
            "/api/v1/custom-fields/", {"module": "leads", "key": "size", "label": "S", "type": "text"}
        )
        good = {"filters": {"cf_size": "L", "status__in": ["Interest", "Closed win"], "search": "ada"}}
        self.assertEqual(self.save(**good).status_code, 201)

    def test_views_are_ones_own_until_they_are_shared(self) -> None:
        pk = self.save(self.uma).json()["id"]
        self.assertEqual(self.save(self.alice).status_code, 201)  # the same name, another person
        self.assert_error(self.save(self.uma), 409)
        self.assert_error(self.client_of(self.max).get(f"{URL}{pk}/"), 404)
        self.assert_error(self.client_of(self.max).get(f"{LEADS}?view={pk}"), 400, field="view")
        self.client_of(self.uma).patch(f"{URL}{pk}/", {"shared": True})
        self.assertEqual(self.client_of(self.max).get(f"{LEADS}?view={pk}").status_code, 200)
        self.assert_error(self.client_of(self.max).patch(f"{URL}{pk}/", {"name": "X"}), 403)
        self.assertEqual(self.client_of(self.alice).patch(f"{URL}{pk}/", {"name": "X"}).status_code, 200)
        self.assert_error(self.client_of(self.mallory).get(f"{URL}{pk}/"), 404)
        self.assert_error(self.client_of(self.mallory).get(f"{LEADS}?view={pk}"), 400, field="view")
        for bad in ("x", "", pk[:-1]):
            self.assert_error(self.client_of(self.uma).get(f"{LEADS}?view={bad}"), 400, field="view")
        self.assert_error(self.client_of(self.uma).get(f"/api/v1/accounts/?view={pk}"), 400, field="view")

    def test_a_shared_view_shows_nobody_more_than_they_may_see(self) -> None:
        self.client_of(self.alice).post(LEADS, {"name": "Ada"})
        pk = self.save(shared=True).json()["id"]
        self.assertEqual(self.client_of(self.uma).get(f"{LEADS}?view={pk}").json()["count"], 0)
        self.assertEqual(self.client_of(self.alice).get(f"{LEADS}?view={pk}").json()["count"], 1)
