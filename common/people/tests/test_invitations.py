from datetime import timedelta
from typing import Any

import time_machine
from django.core import mail
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from rest_framework.exceptions import ValidationError

from common.people.models import Invitation, Profile, User
from common.people.services import find_invitation
from common.tenancy import org_scope
from common.testing.cast import PASSWORD

from .base import NEW_PASSWORD, NOWHERE, PeopleTestCase

NINA = "nina@example.com"
OPEN = "/api/v1/invitations/"


class InvitationTestCase(PeopleTestCase):
    def invite(self, address: str = NINA, role: str | None = "manager", by: Profile | None = None) -> object:
        with self.captureOnCommitCallbacks(execute=True):
            body = {"email": address} | ({"role": role} if role else {})
            return self.client_of(by or self.alice).post("/api/v1/users/", body)

    def invited(self, address: str = NINA, **options: object) -> str:
        response = self.invite(address, **options)
        self.assertEqual(response.status_code, 201, response.content)
        return self.mailed_token(address.lower())

    def accept(self, token: str, by: Profile | None = None, **body: str) -> object:
        return self.auth("invite/accept", {"token": token, **body}, self.client_of(by))

    def member(self, user: User) -> Profile | None:
        with org_scope(self.org):
            return Profile.objects.select_related("role").filter(user=user).first()


class InviteTest(InvitationTestCase):
    def test_an_admin_invites_and_nobody_is_a_member_yet(self) -> None:
        response = self.invite("Nina@Example.com")
        self.assertEqual(response.status_code, 201, response.content)
        self.assertEqual(set(response.json()), {"id", "email", "role", "expires_at"})
        self.assertEqual((response.json()["email"], response.json()["role"]), (NINA, "manager"))
        self.assertNotIn("nina", str(self.client_of(self.alice).get("/api/v1/users/").json()))
        self.assertFalse(User.objects.filter(email=NINA).exists())

    def test_the_role_is_user_unless_it_is_named(self) -> None:
        self.assertEqual(self.invite(role=None).json()["role"], "user")
        for name, role in (("Agent", "user"), ("counselor", "user"), ("Client", "client")):
            self.assertEqual(self.invite(role=name).json()["role"], role)

    def test_known_and_unknown_addresses_and_members_get_the_same_answer_and_a_mail(self) -> None:
        shapes, costs = [], []
        for address in (NINA, "mallory@example.com", "uma@example.com"):
            with CaptureQueriesContext(connection) as queries:
                response = self.invite(address)
            body = response.json()
            self.assertEqual(body.pop("email"), address)
            shapes.append((response.status_code, *sorted(body), body["role"]))
            costs.append(len(queries))
            self.mailed_token(address)
        self.assertEqual(len(set(shapes)), 1)
        self.assertEqual(len(set(costs)), 1)

    def test_managers_users_and_clients_may_not_invite(self) -> None:
        for profile in (self.max, self.uma, self.vic):
            self.assert_error(self.invite(role="client", by=profile), 403)
        self.assertEqual(mail.outbox, [])

    def test_nobody_gives_a_role_that_may_do_more_than_their_own(self) -> None:
        hannah = self.join_with("hannah", {"leads": {"view": "all", "create": "all"}, "users": {"view": "all", "create": "all"}})
        self.role({"leads": {"view": "all"}}, "reader")
        self.role({"leads": {"view": "all", "delete": "own"}}, "deleter")
        for role in ("admin", "manager", "deleter"):
            self.assert_error(self.invite(role=role, by=hannah), 400, field="role", says="more than your own")
        self.assertEqual(self.invite(role="reader", by=hannah).status_code, 201)
        self.assertEqual(len(mail.outbox), 1)

    def test_who_may_do_everything_is_still_no_admin_and_makes_none(self) -> None:
        everything = dict.fromkeys(("view", "create", "edit", "delete"), "all")
        modules = ("*", "users", "roles", "organization", "teams", "pipelines", "tags", "support")
        almost = self.join_with("almost", dict.fromkeys(modules, everything))
        self.assert_error(self.invite(role="admin", by=almost), 400, field="role")
        self.assertEqual(self.invite(role="manager", by=almost).status_code, 201)

    def test_a_role_of_another_organization_does_not_exist(self) -> None:
        with org_scope(self.other):
            theirs = self.mallory.role_id
        self.assert_error(self.invite(role=str(theirs)), 400, field="role", says="does not exist")

    def test_malformed_input_is_refused_by_field(self) -> None:
        client = self.client_of(self.alice)
        for body, field in (
            ({}, "email"),
            ({"email": "nobody"}, "email"),
            ({"email": NINA, "role": "king"}, "role"),
            ({"email": NINA, "role": None}, "role"),
            ({"email": NINA, "role": 5}, "role"),
            ({"email": NINA, "role": "a\x00"}, "role"),
            ({"email": NINA, "is_superuser": True}, "is_superuser"),
            ({"email": NINA, "org": str(self.other.pk)}, "org"),
        ):
            self.assert_error(client.post("/api/v1/users/", body), 400, field=field)
        self.assertEqual(mail.outbox, [])

    def test_no_token_is_stored_or_shown(self) -> None:
        response = self.invite()
        token = self.mailed_token(NINA)
        secret = token.partition(".")[2]
        with org_scope(self.org):
            invitation = Invitation.objects.get()
        self.assertNotIn(secret, str(vars(invitation)))
        for text in (secret, invitation.token_hash):
            self.assertNotIn(text, str(response.json()))
        with org_scope(self.org), connection.cursor() as cursor:
            cursor.execute(
                "SELECT changes::text FROM activity WHERE org_id = %s AND record_id = %s", [self.org.pk, invitation.pk]
            )
            self.assertNotIn(invitation.token_hash, str(cursor.fetchall()))


class OpenInvitationsTest(InvitationTestCase):
    def listed(self, by: Profile | None = None, query: str = "") -> list[Any]:
        response = self.client_of(by or self.alice).get(f"{OPEN}{query}")
        self.assertEqual(response.status_code, 200, response.content)
        return response.json()["results"]

    def revoke(self, pk: object, by: Profile | None = None) -> object:
        return self.client_of(by or self.alice).delete(f"{OPEN}{pk}/")

    def test_open_ones_are_listed_until_they_are_accepted(self) -> None:
        made = self.invite().json()
        [row] = self.listed()
        self.assertEqual({name: row[name] for name in ("id", "email", "role_name")},
                         {"id": made["id"], "email": NINA, "role_name": "manager"})  # fmt: skip
        self.assertEqual((row["org"], row["created_by"]), (str(self.org.pk), str(self.alice.pk)))
        self.assertEqual(self.client_of(self.alice).get(f"{OPEN}{made['id']}/").json(), row)
        self.accept(self.mailed_token(NINA), password=NEW_PASSWORD)
        self.assertEqual(self.listed(), [])
        self.assert_error(self.client_of(self.alice).get(f"{OPEN}{made['id']}/"), 404)
        self.assert_error(self.revoke(made["id"]), 404)

    def test_expired_ones_stay_and_can_be_told_apart(self) -> None:
        self.invite("late@example.com")
        with org_scope(self.org):
            Invitation.objects.update(expires_at="2020-01-01T00:00Z")
        self.invite()
        self.assertEqual([row["email"] for row in self.listed()], [NINA, "late@example.com"])
        self.assertEqual([row["email"] for row in self.listed(query="?expires_at__lte=2021-01-01")], ["late@example.com"])
        self.assertEqual([row["email"] for row in self.listed(query="?ordering=email&limit=1")], ["late@example.com"])

    def test_a_revoked_one_can_no_longer_be_accepted(self) -> None:
        token = self.invited()
        response = self.revoke(self.listed()[0]["id"])
        self.assertEqual((response.status_code, response.content), (204, b""))
        self.assertEqual(self.listed(), [])
        self.assert_error(self.accept(token, password=NEW_PASSWORD), 400, field="token", says="not valid any more")
        self.assertFalse(User.objects.filter(email=NINA).exists())
        self.assertEqual(self.accept(self.invited(), password=NEW_PASSWORD).status_code, 201)

    def test_who_may_not_invite_may_not_look_or_revoke(self) -> None:
        pk = self.invite().json()["id"]
        for profile in (self.max, self.uma, self.vic):
            client = self.client_of(profile)
            for response in (client.get(OPEN), client.get(f"{OPEN}{pk}/"), client.delete(f"{OPEN}{pk}/")):
                self.assert_error(response, 403, says="may not invite")
                self.assertNotIn("nina", str(response.json()))
        self.assertEqual(len(self.listed()), 1)

    def test_another_organizations_is_one_that_never_was(self) -> None:
        pk = self.invite().json()["id"]
        self.assertEqual(self.listed(self.mallory), [])
        self.same_error(self.revoke(pk, self.mallory), self.revoke(NOWHERE, self.mallory))
        self.assert_error(self.revoke(pk, self.mallory), 404)
        self.assertEqual(len(self.listed()), 1)

    def test_nobody_revokes_an_offer_that_they_could_not_make(self) -> None:
        hannah = self.join_with("hannah", {"leads": {"view": "all"}, "users": {"view": "all", "create": "all"}})
        self.role({"leads": {"view": "all"}}, "reader")
        admins = self.invite(role="admin").json()["id"]
        self.assert_error(self.revoke(admins, hannah), 403, says="more than your own")
        own = self.invite("rita@example.com", role="reader", by=hannah).json()["id"]
        self.assertEqual(self.revoke(own, hannah).status_code, 204)
        self.assertEqual([row["id"] for row in self.listed(hannah)], [admins])

    def test_nothing_secret_is_shown_and_nothing_else_can_be_written(self) -> None:
        pk = self.invite().json()["id"]
        client = self.client_of(self.alice)
        with org_scope(self.org):
            token_hash = Invitation.objects.get().token_hash
        for response in (client.get(OPEN), client.get(f"{OPEN}{pk}/"), client.get(f"{OPEN}{pk}/history/")):
            self.assertEqual(response.status_code, 200, response.content)
            self.assertNotIn(token_hash, str(response.json()))
        self.assert_error(client.post(OPEN, {"email": NINA}), 405)
        self.assert_error(client.patch(f"{OPEN}{pk}/", {"role": "admin"}), 405)

    def test_the_list_costs_the_same_for_one_and_three(self) -> None:
        self.invite()
        one = self.cost(self.client_of(self.alice), OPEN)
        self.invite("a@example.com"), self.invite("b@example.com")
        self.assertEqual(self.cost(self.client_of(self.alice), OPEN), one)


class AcceptTest(InvitationTestCase):
    def test_a_new_person_makes_an_account_and_is_a_member(self) -> None:
        response = self.accept(self.invited(), password=NEW_PASSWORD, name="Nina Simone")
        self.assertEqual(response.status_code, 201, response.content)
        body = response.json()
        self.assertEqual(set(body), {"access_token", "refresh_token", "token_type", "user", "org", "profile"})
        self.assertEqual((body["user"]["name"], body["user"]["email_verified"]), ("Nina Simone", True))
        self.assertEqual((body["org"]["name"], body["profile"]["role"]), ("Ours", "manager"))
        self.assertEqual(self.bearer(body).get("/api/v1/leads/").status_code, 200)
        self.assertEqual([org["name"] for org in self.login("nina", NEW_PASSWORD).json()["orgs"]], ["Ours"])

    def test_without_a_name_the_address_gives_one(self) -> None:
        self.assertEqual(self.accept(self.invited(), password=NEW_PASSWORD).json()["user"]["name"], "nina")

    def test_a_new_person_needs_a_good_password(self) -> None:
        token = self.invited()
        for body in ({}, {"password": ""}, {"password": "short"}, {"password": NINA}):
            self.assert_error(self.accept(token, **body), 400, field="password")
        self.assertFalse(User.objects.filter(email=NINA).exists())
        self.assertEqual(self.accept(token, password=NEW_PASSWORD).status_code, 201)

    def test_the_owner_of_an_account_gives_its_password(self) -> None:
        token = self.invited("mallory@example.com")
        for body in ({}, {"password": ""}, {"password": NEW_PASSWORD}, {"password": NEW_PASSWORD, "name": "Not Mallory"}):
            self.assert_error(self.accept(token, **body), 400, field="password")
        self.assertIsNone(self.member(self.mallory.user))
        response = self.accept(token, password=PASSWORD, name="Not Mallory")
        self.assertEqual(response.status_code, 201, response.content)
        self.assertEqual(response.json()["user"]["name"], "Mallory")
        self.assertEqual(self.member(self.mallory.user).role.name, "manager")
        self.assertEqual(len(self.login("mallory").json()["orgs"]), 2)

    def test_the_owner_who_is_signed_in_needs_no_password(self) -> None:
        response = self.accept(self.invited("mallory@example.com"), by=self.mallory)
        self.assertEqual(response.status_code, 201, response.content)
        self.assertEqual(response.json()["org"]["name"], "Ours")

    def test_who_is_signed_in_as_somebody_else_does_not_join_for_them(self) -> None:
        token = self.invited("mallory@example.com")
        self.assert_error(self.accept(token, by=self.uma), 400, field="password")
        self.assert_error(self.accept(token, by=self.uma, password=NEW_PASSWORD), 400, field="password")
        self.assertIsNone(self.member(self.mallory.user))

    def test_knowing_the_address_is_not_enough(self) -> None:
        self.invite()
        for token in (NINA, "nonsense", "", "é.é"):
            self.assert_error(self.accept(token, password=NEW_PASSWORD), 400, field="token")
        token = self.mailed_token(NINA)
        key, _, secret = token.partition(".")
        for bad in (f"{key}.{secret[:-1]}x", f"{key}.", key, f".{secret}", f"{key[:-2]}.{secret}"):
            self.assert_error(self.accept(bad, password=NEW_PASSWORD), 400, field="token")
        self.assertFalse(User.objects.filter(email=NINA).exists())

    def test_it_is_accepted_once(self) -> None:
        token = self.invited()
        self.assertEqual(self.accept(token, password=NEW_PASSWORD).status_code, 201)
        self.assert_error(self.accept(token, password=NEW_PASSWORD), 400, field="token", says="not valid any more")

    def test_inviting_again_spoils_the_earlier_link(self) -> None:
        first = self.invited()
        second = self.invited(role="user")
        self.assert_error(self.accept(first, password=NEW_PASSWORD), 400, field="token")
        self.assertEqual(self.accept(second, password=NEW_PASSWORD).json()["profile"]["role"], "user")

    def test_it_expires_after_a_week(self) -> None:
        token = self.invited()
        with time_machine.travel(timezone.now() + timedelta(days=7, seconds=2)):
            self.assert_error(self.accept(token, password=NEW_PASSWORD), 400, field="token", says="not valid any more")

    def test_a_closed_organization_takes_nobody(self) -> None:
        token = self.invited()
        self.org.is_active = False
        self.org.save()
        self.assert_error(self.accept(token, password=NEW_PASSWORD), 400, field="token")
        self.assertFalse(User.objects.filter(email=NINA).exists())
        with self.assertRaises(ValidationError):
            find_invitation(token)

    def test_the_invitation_to_a_role_that_was_deleted_is_void(self) -> None:
        role = self.role({"leads": {"view": "all"}})
        token = self.invited(role="custom")
        self.assertEqual(self.client_of(self.alice).delete(f"/api/v1/roles/{role.pk}/").status_code, 204)
        self.assert_error(self.accept(token, password=NEW_PASSWORD), 400, field="token")

    def test_a_deactivated_account_does_not_join(self) -> None:
        token = self.invited("mallory@example.com")
        User.objects.filter(pk=self.mallory.user_id).update(is_active=False)
        self.assert_error(self.accept(token, password=PASSWORD), 400, field="password")
        self.assertIsNone(self.member(self.mallory.user))

    def test_org_role_and_the_like_are_refused(self) -> None:
        token = self.invited(role="client")
        for name in ("role", "org", "is_superuser", "email"):
            self.assert_error(self.accept(token, password=NEW_PASSWORD, **{name: "admin"}), 400, field=name)


class InviteMemberTest(InvitationTestCase):
    """An invitation of someone who is, or was, a member."""

    def test_a_member_keeps_the_role_they_have(self) -> None:
        for profile, role in ((self.uma, "admin"), (self.alice, "client")):
            before = profile.role.name
            response = self.accept(self.invited(profile.user.email, role=role), by=profile)
            self.assertEqual(response.status_code, 201, response.content)
            self.assertEqual(response.json()["profile"]["role"], before)
            self.assertEqual(self.member(profile.user).role.name, before)

    def test_who_was_removed_comes_back_by_a_new_invitation_with_its_role(self) -> None:
        self.client_of(self.alice).delete(f"/api/v1/users/{self.max.pk}/")
        self.assertEqual(self.accept(self.invited("max@example.com", role="user"), password=PASSWORD).status_code, 201)
        back = self.member(self.max.user)
        self.assertEqual((back.pk, back.is_active, back.role.name), (self.max.pk, True, "user"))

    def test_who_was_removed_does_not_come_back_by_an_invitation_from_before(self) -> None:
        token = self.invited("max@example.com", role="admin")
        for remove in ("delete", "patch"):
            with org_scope(self.org):
                Profile.objects.filter(pk=self.max.pk).update(is_active=True)
            getattr(self.client_of(self.alice), remove)(f"/api/v1/users/{self.max.pk}/", {"is_active": False})
            self.assert_error(self.accept(token, password=PASSWORD), 400, field="token", says="not valid any more")
            self.assertFalse(self.member(self.max.user).is_active)
