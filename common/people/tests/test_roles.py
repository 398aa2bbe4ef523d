from common.people.models import Role
from common.tenancy import org_scope

from .base import NOWHERE, PeopleTestCase

ROLES = "/api/v1/roles/"
READER = {"leads": {"view": "all"}}


class RolesTestCase(PeopleTestCase):
    def make(self, permissions: object = READER, name: str = "Reader", by: object = None) -> object:
        return self.client_of(by or self.alice).post(ROLES, {"name": name, "permissions": permissions})

    def patch(self, pk: object, by: object = None, **values: object) -> object:
        return self.client_of(by or self.alice).patch(f"{ROLES}{pk}/", values)

    def system(self, name: str) -> Role:
        with org_scope(self.org):
            return Role.objects.get(name=name)


class RolesTest(RolesTestCase):
    def test_the_four_of_the_system_are_there_with_what_they_may_do(self) -> None:
        rows = {row["name"]: row for row in self.client_of(self.uma).get(ROLES).json()["results"]}
        self.assertEqual(set(rows), {"admin", "client", "manager", "user"})
        self.assertTrue(all(row["is_system"] and row["description"] for row in rows.values()))
        self.assertEqual(rows["user"]["permissions"]["*"]["edit"], "own")
        self.assertEqual(rows["manager"]["permissions"]["*"]["view"], "all")
        self.assertEqual(rows["admin"]["permissions"]["users"]["delete"], "all")

    def test_an_admin_makes_changes_and_deletes_roles(self) -> None:
        made = self.make()
        self.assertEqual(made.status_code, 201, made.content)
        pk = made.json()["id"]
        self.assertEqual((made.json()["permissions"], made.json()["is_system"]), (READER, False))
        self.assertEqual(self.patch(pk, permissions={"leads": {"view": "own"}}).json()["permissions"], {"leads": {"view": "own"}})
        self.assertEqual(self.patch(pk, name="Looker").json()["name"], "Looker")
        self.assertEqual(self.client_of(self.alice).get(f"{ROLES}{pk}/").json()["permissions"], {"leads": {"view": "own"}})
        self.assertEqual(self.client_of(self.alice).delete(f"{ROLES}{pk}/").status_code, 204)
        self.assert_error(self.client_of(self.alice).get(f"{ROLES}{pk}/"), 404)

    def test_a_change_counts_at_once(self) -> None:
        rita = self.join_with("rita", READER)
        client = self.client_of(rita)
        self.assert_error(client.post("/api/v1/leads/", {"name": "Ada"}), 403)
        self.patch(rita.role_id, permissions={"leads": {"view": "all", "create": "all"}})
        self.assertEqual(client.post("/api/v1/leads/", {"name": "Ada"}).status_code, 201)

    def test_system_roles_stay_as_they_are(self) -> None:
        for name in ("admin", "manager", "user", "client"):
            pk = self.system(name).pk
            for values in ({"name": "x"}, {"permissions": {}}, {"description": "x"}):
                self.assert_error(self.patch(pk, **values), 409, says="System roles")
            self.assert_error(self.client_of(self.alice).delete(f"{ROLES}{pk}/"), 409)

    def test_nobody_makes_a_system_role(self) -> None:
        body = self.client_of(self.alice).post(ROLES, {"name": "Mine", "is_system": True}).json()
        self.assertIs(body["is_system"], False)
        self.assertIs(self.patch(body["id"], is_system=True).json()["is_system"], False)

    def test_a_name_is_taken_in_any_case(self) -> None:
        pk = self.make().json()["id"]
        for name in ("reader", "Admin", " USER "):
            self.assert_error(self.make(name=name), 409)
        self.assert_error(self.patch(pk, name="ADMIN"), 409)
        self.assertFalse(self.system("admin").permissions)

    def test_unknown_modules_actions_and_scopes_are_refused_by_name(self) -> None:
        for permissions, says in (
            ({"robots": {"view": "all"}}, "robots"),
            ({"leads": {"fly": "all"}}, "fly"),
            ({"leads": {"view": "some"}}, "some"),
            ({"leads": {"view": None}}, "leads.view"),
            ({"leads": {"view": []}}, "leads.view"),
            ({"leads": "all"}, "leads"),
            ({"users": {"edit": "own"}}, "users.edit"),
            ({"tags": {"edit": "team"}}, "tags.edit"),
            ([], "object"), ("all", "object"), (5, "object"), (None, "null"),
            ({"leads\x00": {}}, "Null"),
        ):  # fmt: skip
            self.assert_error(self.make(permissions), 400, field="permissions", says=says)
        self.assertEqual(self.client_of(self.alice).get(ROLES).json()["count"], 4)

    def test_other_malformed_input_is_refused_by_field(self) -> None:
        for name, value in (
            ("name", ""),
            ("name", "x" * 61),
            ("name", None),
            ("description", "x" * 201),
            ("org", str(self.other.pk)),
        ):
            body = {"name": "Reader", name: value}
            self.assert_error(self.client_of(self.alice).post(ROLES, body), 400, field=name)

    def test_a_role_that_someone_has_is_not_deleted(self) -> None:
        rita = self.join_with("rita", READER)
        response = self.client_of(self.alice).delete(f"{ROLES}{rita.role_id}/")
        self.assert_error(response, 409, says="in use")
        self.client_of(self.alice).delete(f"/api/v1/users/{rita.pk}/")
        self.assert_error(self.client_of(self.alice).delete(f"{ROLES}{rita.role_id}/"), 409)
        self.client_of(self.alice).patch(f"/api/v1/users/{rita.pk}/", {"role": "user"})
        self.assertEqual(self.client_of(self.alice).delete(f"{ROLES}{rita.role_id}/").status_code, 204)

    def test_a_role_may_have_the_name_of_an_alias(self) -> None:
        self.make(name="Counselor")
        client = self.client_of(self.alice)
        self.assertEqual(client.patch(f"/api/v1/users/{self.uma.pk}/", {"role": "counselor"}).json()["role_name"], "Counselor")

    def test_only_admins_change_roles_and_members_look(self) -> None:
        pk = self.make().json()["id"]
        for profile in (self.max, self.uma):
            self.assertEqual(self.client_of(profile).get(f"{ROLES}{pk}/").json()["name"], "Reader")
            self.assert_error(self.make(name="Mine", by=profile), 403)
            self.assert_error(self.patch(pk, by=profile, permissions={}), 403)
            self.assert_error(self.client_of(profile).delete(f"{ROLES}{pk}/"), 403)
        self.assert_error(self.client_of(self.vic).get(ROLES), 403)
        self.assert_error(self.patch(pk, by=self.vic, permissions={}), 404)

    def test_a_role_of_another_organization_is_not_found_like_one_that_never_was(self) -> None:
        with org_scope(self.other):
            theirs = Role.objects.create(name="Secret role", permissions=READER)
        client = self.client_of(self.alice)
        self.assertNotIn("Secret", str(client.get(ROLES).json()))
        for method in ("get", "patch", "delete"):
            answers = [getattr(client, method)(f"{ROLES}{pk}/", {}) for pk in (theirs.pk, NOWHERE)]
            self.assert_error(answers[0], 404)
            self.same_error(*answers)


class DelegateTest(RolesTestCase):
    """Rob may manage roles, and otherwise works on his own leads."""

    mine = {"leads": {"view": "team", "edit": "own"}, "roles": dict.fromkeys(("view", "create", "edit", "delete"), "all")}

    def setUp(self) -> None:
        self.rob = self.join_with("rob", self.mine)

    def test_he_makes_and_changes_roles_within_his_own_rights(self) -> None:
        made = self.make({"leads": {"view": "own"}}, by=self.rob)
        self.assertEqual(made.status_code, 201, made.content)
        changed = self.patch(made.json()["id"], by=self.rob, permissions={"leads": {"view": "team"}})
        self.assertEqual(changed.json()["permissions"], {"leads": {"view": "team"}})
        self.assertEqual(self.client_of(self.rob).delete(f"{ROLES}{made.json()['id']}/").status_code, 204)

    def test_he_gives_no_more_than_he_has(self) -> None:
        for permissions, says in (
            ({"leads": {"view": "all"}}, "leads.view"),
            ({"leads": {"edit": "team"}}, "leads.edit"),
            ({"leads": {"delete": "own"}}, "leads.delete"),
            ({"contacts": {"view": "own"}}, "contacts.view"),
            ({"*": {"view": "own"}}, "*.view"),
            ({"users": {"edit": "all"}}, "users.edit"),
            ({"organization": {"edit": "all"}}, "organization.edit"),
        ):
            self.assert_error(self.make(permissions, by=self.rob), 400, field="permissions", says=says)

    def test_he_does_not_raise_his_own(self) -> None:
        more = {**self.mine, "leads": {"view": "all", "edit": "all"}}
        self.assert_error(self.patch(self.rob.role_id, by=self.rob, permissions=more), 400, field="permissions")
        self.assertEqual(self.reload(self.rob).role.permissions, self.mine)
        less = {**self.mine, "leads": {"view": "own"}}
        self.assertEqual(self.patch(self.rob.role_id, by=self.rob, permissions=less).status_code, 200)

    def test_he_does_not_touch_a_role_that_may_do_more(self) -> None:
        pk = self.make({"leads": {"view": "all"}}).json()["id"]
        for values in ({"permissions": {}}, {"name": "Renamed"}):
            self.assert_error(self.patch(pk, by=self.rob, **values), 403, says="more than your own")
        self.assert_error(self.client_of(self.rob).delete(f"{ROLES}{pk}/"), 403)
        self.assertEqual(self.client_of(self.alice).get(f"{ROLES}{pk}/").json()["permissions"], {"leads": {"view": "all"}})

    def test_he_may_rename_without_naming_permissions(self) -> None:
        blind = {"roles": {"view": "all", "edit": "all"}, "users": {}, "organization": {}}
        blake = self.join_with("blake", blind)
        self.assertEqual(self.patch(blake.role_id, by=blake, name="Renamed").json()["name"], "Renamed")

    def test_an_admin_gives_anything(self) -> None:
        self.assertEqual(self.make({"*": {"view": "all"}, "users": {"edit": "all"}}).status_code, 201)
