from common.people.models import Profile, User
from common.tenancy import org_scope

from .base import NOWHERE, PeopleTestCase

USERS = "/api/v1/users/"
EVERYTHING = dict.fromkeys(("view", "create", "edit", "delete"), "all")


class MembersTestCase(PeopleTestCase):
    def url(self, profile: Profile) -> str:
        return f"{USERS}{profile.pk}/"

    def patch(self, by: Profile, whom: Profile, **values: object) -> object:
        return self.client_of(by).patch(self.url(whom), values)

    def remove(self, by: Profile, whom: Profile) -> object:
        return self.client_of(by).delete(self.url(whom))


class ListTest(MembersTestCase):
    def test_members_see_names_addresses_and_roles_of_their_organization_only(self) -> None:
        for profile in (self.alice, self.max, self.uma):
            body = self.client_of(profile).get(USERS).json()
            self.assertEqual([row["name"] for row in body["results"]], ["Alice", "Max", "Uma", "Vic"])
            self.assertEqual(body["results"][2]["email"], "uma@example.com")
            self.assertEqual(body["results"][2]["role_name"], "user")
            self.assertEqual(body["count"], 4)
            self.assertNotIn("allory", str(body))

    def test_clients_see_nobody(self) -> None:
        client = self.client_of(self.vic)
        self.assert_error(client.get(USERS), 403)
        self.assert_error(client.get(self.url(self.uma)), 404)
        self.assert_error(client.get(f"{self.url(self.uma)}history/"), 404)

    def test_a_member_of_another_organization_is_not_found_like_one_that_never_was(self) -> None:
        client = self.client_of(self.alice)
        for method in ("get", "patch", "put", "delete"):
            answers = [getattr(client, method)(f"{USERS}{pk}/", {}) for pk in (self.mallory.pk, NOWHERE)]
            self.assert_error(answers[0], 404)
            self.same_error(*answers)
        self.assertTrue(self.reload(self.mallory).is_active)

    def test_it_can_be_filtered_and_sorted(self) -> None:
        self.remove(self.alice, self.uma)
        client = self.client_of(self.alice)
        self.assertEqual([row["name"] for row in client.get(USERS, {"is_active": "false"}).json()["results"]], ["Uma"])
        self.assertEqual(client.get(USERS, {"role": str(self.max.role_id)}).json()["count"], 1)
        self.assertEqual(client.get(USERS, {"ordering": "-created_at"}).json()["results"][0]["name"], "Vic")
        self.assert_error(client.get(USERS, {"password": "x"}), 400, field="password")
        self.assert_error(client.get(USERS, {"fields": "password"}), 400, field="fields")

    def test_no_answer_shows_a_hash(self) -> None:
        client = self.client_of(self.alice)
        for url in (USERS, self.url(self.uma), f"{self.url(self.uma)}history/"):
            text = client.get(url).content.decode()
            self.assertNotIn(self.uma.user.password, text)
            self.assertNotIn("token_hash", text)

    def test_it_takes_as_many_statements_for_many_as_for_few(self) -> None:
        before = self.cost(self.client_of(self.alice), USERS)
        for name in ("nina", "otto"):
            self.join(name, "user")
        self.assertEqual(self.cost(self.client_of(self.alice), USERS), before)
        self.assertLessEqual(before, 4)


class EditTest(MembersTestCase):
    def test_an_admin_changes_role_title_phone_and_state(self) -> None:
        body = self.patch(self.alice, self.uma, role="manager", title="Lead", phone="+44 20 7183 8750").json()
        self.assertEqual((body["role_name"], body["title"], body["phone"]), ("manager", "Lead", "+442071838750"))
        self.assertEqual(self.patch(self.alice, self.uma, role=str(self.vic.role_id)).json()["role_name"], "client")
        self.assertEqual(self.patch(self.alice, self.uma, role="Agent").json()["role_name"], "user")
        self.assertIs(self.patch(self.alice, self.uma, is_active=False).json()["is_active"], False)

    def test_a_change_of_role_counts_at_once(self) -> None:
        client = self.client_of(self.uma)
        self.assert_error(client.patch("/api/v1/org/", {"name": "Mine"}), 403)
        self.patch(self.alice, self.uma, role="admin")
        self.assertEqual(client.patch("/api/v1/org/", {"name": "Mine"}).status_code, 200)

    def test_an_admin_never_changes_the_account(self) -> None:
        before = User.objects.filter(pk=self.uma.user_id).values().get()
        response = self.patch(
            self.alice, self.uma, name="Renamed", email="x@example.com", user=str(self.alice.user_id), title="Lead"
        )
        self.assertEqual((response.json()["name"], response.json()["email"]), ("Uma", "uma@example.com"))
        for name in ("password", "is_superuser", "email_verified_at", "sessions"):
            self.assert_error(self.patch(self.alice, self.uma, **{name: "x"}), 400, field=name)
        self.assertEqual(User.objects.filter(pk=self.uma.user_id).values().get(), before)
        self.assertEqual(self.reload(self.uma).user_id, self.uma.user_id)

    def test_managers_users_and_clients_change_nobody_not_even_themselves(self) -> None:
        for profile, code in ((self.max, 403), (self.uma, 403), (self.vic, 404)):
            for whom in (self.alice, profile):
                self.assert_error(self.patch(profile, whom, role="admin"), code)
                self.assert_error(self.patch(profile, whom, title="x"), code)
                self.assert_error(self.remove(profile, whom), code)
        self.assertTrue(self.reload(self.alice).is_admin)

    def test_a_removed_member_stops_at_once_stays_in_history_and_can_come_back(self) -> None:
        client = self.client_of(self.uma)
        lead = client.post("/api/v1/leads/", {"name": "Ada"}).json()
        self.assertEqual(self.remove(self.alice, self.uma).status_code, 204)
        self.assert_error(client.get("/api/v1/leads/"), 403)
        history = self.client_of(self.alice).get(f"/api/v1/leads/{lead['id']}/history/").json()
        self.assertEqual(history["results"][0]["actor"]["name"], "Uma")
        self.patch(self.alice, self.uma, is_active=True)
        self.assertEqual(client.get("/api/v1/leads/").json()["count"], 1)

    def test_malformed_input_is_refused_by_field(self) -> None:
        for name, value in (
            ("role", "king"), ("role", NOWHERE), ("role", str(self.mallory.role_id)), ("role", None), ("role", []),
            ("role", "\x00"), ("is_active", None), ("is_active", "perhaps"), ("title", "x" * 101), ("phone", "1" * 41),
        ):  # fmt: skip
            self.assert_error(self.patch(self.alice, self.uma, **{name: value}), 400, field=name)

    def test_a_stale_etag_is_refused(self) -> None:
        client = self.client_of(self.alice)
        etag = client.get(self.url(self.uma))["ETag"]
        self.assertEqual(client.patch(self.url(self.uma), {"title": "a"}, headers={"If-Match": etag}).status_code, 200)
        self.assert_error(client.patch(self.url(self.uma), {"title": "b"}, headers={"If-Match": etag}), 412)


class LastAdminTest(MembersTestCase):
    def assert_alice_stays(self) -> None:
        alice = self.reload(self.alice)
        self.assertTrue(alice.is_active and alice.is_admin)

    def test_the_last_admin_is_not_demoted_deactivated_or_removed(self) -> None:
        deputy = self.join_with("deputy", {"users": EVERYTHING, "*": EVERYTHING})
        for by, code in ((self.alice, 409), (deputy, 403)):
            self.assert_error(self.patch(by, self.alice, role="user"), code)
            self.assert_error(self.patch(by, self.alice, is_active=False), code)
            self.assert_error(self.remove(by, self.alice), code)
            self.assert_alice_stays()

    def test_a_second_admin_makes_it_possible(self) -> None:
        self.patch(self.alice, self.max, role="admin")
        self.assertEqual(self.patch(self.alice, self.alice, role="user").status_code, 200)
        self.assert_error(self.remove(self.max, self.max), 409)

    def test_an_admin_who_was_removed_or_whose_account_is_closed_does_not_count(self) -> None:
        self.patch(self.alice, self.max, role="admin")
        with org_scope(self.org):
            Profile.objects.filter(pk=self.max.pk).update(is_active=False)
        self.assert_error(self.remove(self.alice, self.alice), 409)
        with org_scope(self.org):
            Profile.objects.filter(pk=self.max.pk).update(is_active=True)
        User.objects.filter(pk=self.max.user_id).update(is_active=False)
        self.assert_error(self.remove(self.alice, self.alice), 409)
        self.assert_alice_stays()

    def test_a_custom_role_called_like_an_admins_does_not_count(self) -> None:
        self.join_with("almost", dict.fromkeys(("*", "users", "roles", "organization"), EVERYTHING))
        self.assert_error(self.remove(self.alice, self.alice), 409)

    def test_admins_of_another_organization_do_not_count(self) -> None:
        self.join("second", "admin", self.other)
        self.assert_error(self.remove(self.alice, self.alice), 409)

    def test_the_last_admin_may_change_what_is_harmless(self) -> None:
        self.assertEqual(self.patch(self.alice, self.alice, title="Boss", role="admin", is_active=True).status_code, 200)


class DelegateTest(MembersTestCase):
    """Paula may edit and remove members, and has no more than a user's rights besides."""

    def setUp(self) -> None:
        own = dict.fromkeys(("view", "create", "edit", "delete"), "own")
        tags = {"view": "all", "create": "all"}
        self.paula = self.join_with("paula", {"*": own, "tags": tags, "users": EVERYTHING})

    def test_she_changes_those_who_may_do_no_more_than_she(self) -> None:
        self.assertEqual(self.patch(self.paula, self.uma, title="Sales").json()["title"], "Sales")
        self.assertEqual(self.patch(self.paula, self.uma, role="client").json()["role_name"], "client")
        self.assertEqual(self.remove(self.paula, self.uma).status_code, 204)

    def test_she_promotes_nobody_beyond_her_own_rights(self) -> None:
        for whom in (self.paula, self.uma, self.vic):
            for role in ("admin", "manager"):
                self.assert_error(self.patch(self.paula, whom, role=role), 400, field="role", says="more than your own")
        self.assertEqual([self.reload(whom).role.name for whom in (self.uma, self.vic)], ["user", "client"])

    def test_she_does_not_touch_those_who_may_do_more(self) -> None:
        self.join("second", "admin")  # so that Alice is not the last one
        for whom in (self.alice, self.max):
            for values in ({"title": "x"}, {"is_active": False}, {"role": "client"}):
                self.assert_error(self.patch(self.paula, whom, **values), 403, says="more than your own")
            self.assert_error(self.remove(self.paula, whom), 403)
            self.assertTrue(self.reload(whom).is_active)

    def test_she_does_not_bring_back_an_admin(self) -> None:
        with org_scope(self.org):
            Profile.objects.filter(pk=self.max.pk).update(is_active=False)
        self.assert_error(self.patch(self.paula, self.max, is_active=True), 403)
