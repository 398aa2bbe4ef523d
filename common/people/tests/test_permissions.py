"""What own, team and all mean, on leads."""

from typing import Any

from django.test import SimpleTestCase

from common.people.models import Profile
from common.people.permissions import excess, resolved, scope_of
from common.tenancy import org_scope

from .base import PeopleTestCase

LEADS = "/api/v1/leads/"
ACTIONS = ("view", "create", "edit", "delete")


class LanguageTest(SimpleTestCase):
    def test_a_star_stands_for_modules_that_are_not_named(self) -> None:
        permissions = {"*": {"view": "all"}, "leads": {"view": "own"}}
        self.assertEqual(scope_of(permissions, "contacts", "view"), "all")
        self.assertEqual(scope_of(permissions, "leads", "view"), "own")
        self.assertEqual(scope_of(permissions, "leads", "edit"), "none")

    def test_a_star_does_not_stand_for_managing_the_organization(self) -> None:
        for module in ("users", "roles", "organization", "teams", "pipelines", "tags"):
            self.assertEqual(resolved({"*": dict.fromkeys(ACTIONS, "all")}, [module])[module],
                             {"view": "all", "create": "none", "edit": "none", "delete": "none"})  # fmt: skip

    def test_excess_names_what_reaches_further(self) -> None:
        limit = {"*": {"view": "team"}, "leads": {"view": "all", "edit": "own"}}
        self.assertIsNone(excess(limit, limit))
        self.assertIsNone(excess({"contacts": {"view": "own"}, "leads": {"edit": "own"}}, limit))
        self.assertEqual(excess({"leads": {"edit": "team"}}, limit), "leads.edit")
        self.assertEqual(excess({"contacts": {"view": "all"}}, limit), "contacts.view")
        self.assertEqual(excess({"*": {"view": "all"}}, limit), "*.view")
        self.assertEqual(excess({"*": {"view": "team"}}, {"*": {"view": "team"}, "leads": {}}), "leads.view")


class ScopeTest(PeopleTestCase):
    """Tess is in the field team with Uma. Five leads: hers, assigned to her, Uma's, shared with the team, and Max's."""

    def setUp(self) -> None:
        self.tess = self.join_with("tess", {})
        admin = self.client_of(self.alice)
        team = {"name": "Field", "members": [str(self.tess.pk), str(self.uma.pk)]}
        self.field = admin.post("/api/v1/teams/", team).json()["id"]
        elsewhere = admin.post("/api/v1/teams/", {"name": "Elsewhere", "members": [str(self.max.pk)]}).json()["id"]
        self.allow(view="all", create="own")
        self.leads = {
            "mine": self.make(self.tess),
            "assigned": self.make(self.alice, assigned_to=[str(self.tess.pk)]),
            "shared": self.make(self.alice, teams=[self.field]),
            "colleague": self.make(self.alice, assigned_to=[str(self.uma.pk)]),
            "other": self.make(self.alice, assigned_to=[str(self.max.pk)], teams=[elsewhere]),
        }

    def make(self, by: Profile, **data: Any) -> str:
        return self.client_of(by).post(LEADS, {"name": "A lead", **data}).json()["id"]

    def allow(self, **scopes: str) -> None:
        with org_scope(self.org):
            self.tess.role.permissions = {"leads": scopes}
            self.tess.role.save()

    def listed(self) -> set[str]:
        body = self.client_of(self.tess).get(LEADS).json()
        self.assertEqual(body["count"], len(body["results"]))
        found = {row["id"] for row in body["results"]}
        return {name for name, pk in self.leads.items() if pk in found}

    def codes(self, method: str) -> dict[str, int]:
        client = self.client_of(self.tess)
        return {name: getattr(client, method)(f"{LEADS}{pk}/", {"title": method}).status_code for name, pk in self.leads.items()}

    OWN, TEAM = {"mine", "assigned"}, {"mine", "assigned", "shared", "colleague"}

    def test_view(self) -> None:
        for scope, seen in (("own", self.OWN), ("team", self.TEAM), ("all", set(self.leads))):
            self.allow(view=scope)
            self.assertEqual(self.listed(), seen)
            self.assertEqual(self.detail_codes(), {name: 200 if name in seen else 404 for name in self.leads}, scope)
        self.allow(view="none")
        self.assert_error(self.client_of(self.tess).get(LEADS), 403)
        self.assertEqual(set(self.detail_codes().values()), {404})

    def detail_codes(self) -> dict[str, int]:
        client = self.client_of(self.tess)
        return {name: client.get(f"{LEADS}{pk}/").status_code for name, pk in self.leads.items()}

    def test_edit_what_one_sees_and_may_change(self) -> None:
        for scope, allowed in (("none", set()), ("own", self.OWN), ("team", self.TEAM), ("all", set(self.leads))):
            self.allow(view="all", edit=scope)
            for method in ("patch", "put"):
                self.assertEqual(self.codes(method), {name: 200 if name in allowed else 403 for name in self.leads}, scope)

    def test_what_one_does_not_see_is_not_found_though_one_might_edit_it(self) -> None:
        self.allow(view="own", edit="all", delete="all")
        self.assertEqual(self.codes("patch"), {name: 200 if name in self.OWN else 404 for name in self.leads})
        self.assertEqual(self.codes("delete"), {name: 204 if name in self.OWN else 404 for name in self.leads})

    def test_delete_and_restore(self) -> None:
        self.allow(view="all", delete="team")
        self.assertEqual(self.codes("delete"), {name: 204 if name in self.TEAM else 403 for name in self.leads})
        client = self.client_of(self.tess)
        self.assertEqual(client.post(f"{LEADS}{self.leads['colleague']}/restore/").status_code, 200)
        self.allow(view="all", delete="own")
        self.assert_error(client.post(f"{LEADS}{self.leads['shared']}/restore/"), 403)
        self.assertEqual(client.post(f"{LEADS}{self.leads['mine']}/restore/").status_code, 200)

    def test_create(self) -> None:
        self.allow(view="own")
        self.assert_error(self.client_of(self.tess).post(LEADS, {"name": "x"}), 403)
        for scope in ("own", "team", "all"):
            self.allow(view="own", create=scope)
            self.assertEqual(self.client_of(self.tess).post(LEADS, {"name": "x"}).status_code, 201)

    def test_the_move_of_a_card_is_an_edit(self) -> None:
        self.allow(view="all", edit="own")
        client = self.client_of(self.tess)
        codes = {
            name: client.put(f"{LEADS}{pk}/status/", {"status": "Meeting booked"}).status_code for name, pk in self.leads.items()
        }
        self.assertEqual(codes, {name: 200 if name in self.OWN else 403 for name in self.leads})

    def test_search_and_board_show_what_the_list_shows(self) -> None:
        self.allow(view="team")
        client = self.client_of(self.tess)
        self.assertEqual(client.get(LEADS, {"search": "lead"}).json()["count"], len(self.TEAM))
        cards = [card["id"] for column in client.get(f"{LEADS}board/").json() for card in column["cards"]]
        self.assertEqual({name for name, pk in self.leads.items() if pk in cards}, self.TEAM)

    def test_who_leaves_the_team_or_whose_team_is_deleted_sees_its_leads_no_more(self) -> None:
        self.allow(view="team")
        admin = self.client_of(self.alice)
        admin.delete(f"/api/v1/teams/{self.field}/")
        self.assertEqual(self.listed(), self.OWN)
        admin.post(f"/api/v1/teams/{self.field}/restore/")
        self.assertEqual(self.listed(), self.TEAM)
        admin.patch(f"/api/v1/teams/{self.field}/", {"members": [str(self.uma.pk)]})
        self.assertEqual(self.listed(), self.OWN)

    def test_nobody_widens_their_reach_by_making_teams(self) -> None:
        with org_scope(self.org):
            self.tess.role.permissions = {"*": dict.fromkeys(ACTIONS, "team")}
            self.tess.role.save()
        members = [str(self.tess.pk), str(self.max.pk)]
        self.assert_error(self.client_of(self.tess).post("/api/v1/teams/", {"name": "Mine", "members": members}), 403)
        self.assert_error(self.client_of(self.tess).patch(f"/api/v1/teams/{self.field}/", {"members": members}), 403)
        self.assertEqual(self.listed(), self.TEAM)

    def test_a_record_that_one_does_not_see_cannot_be_referred_to(self) -> None:
        hidden = self.client_of(self.alice).post("/api/v1/accounts/", {"name": "Hidden"}).json()["id"]
        with org_scope(self.org):
            self.tess.role.permissions = {"*": dict.fromkeys(ACTIONS, "own")}
            self.tess.role.save()
        client = self.client_of(self.tess)
        response = client.post("/api/v1/contacts/", {"last_name": "Byron", "account": hidden})
        self.assert_error(response, 400, field="account", says="does not exist")
        mine = client.post("/api/v1/accounts/", {"name": "Mine"}).json()["id"]
        self.assertEqual(client.post("/api/v1/contacts/", {"last_name": "Byron", "account": mine}).status_code, 201)
