from datetime import timedelta
from typing import Any

import time_machine
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from common.activity.models import Activity
from common.people.api_keys import ApiKey
from common.people.tokens import digest
from common.tenancy import org_scope
from leads.models import Lead

from .base import NOWHERE, PeopleTestCase

KEYS, LEADS, ME = "/api/v1/api-keys/", "/api/v1/leads/", "/api/v1/auth/me/"


class ApiKeyTestCase(PeopleTestCase):
    def make(self, by: Any, **values: Any) -> dict[str, Any]:
        made = self.client_of(by).post(KEYS, {"name": "A program", **values})
        self.assertEqual(made.status_code, 201, made.content)
        return made.json()

    def with_key(self, key: str, **headers: str) -> Any:
        client = self.client_of(None, **headers)
        client.credentials(HTTP_AUTHORIZATION=f"Bearer {key}")
        return client

    def program_of(self, by: Any, *scopes: str, **headers: str) -> Any:
        return self.with_key(self.make(by, scopes=scopes or ["read", "write"])["key"], **headers)

    def row(self, made: dict[str, Any]) -> ApiKey:
        with org_scope(self.org):
            return ApiKey.objects.get(pk=made["id"])

    def assert_dead(self, client: Any) -> None:
        """The same answer as for a token that never was."""
        response = client.get(LEADS)
        self.assert_error(response, 401)
        never = self.with_key("nonsense").get(LEADS)
        self.assertEqual(response["WWW-Authenticate"], "Bearer")
        self.assertEqual({**response.json(), "request_id": ""}, {**never.json(), "request_id": ""})


class MakingTest(ApiKeyTestCase):
    def test_a_key_is_shown_once_and_stored_as_a_hash(self) -> None:
        made = self.make(self.uma)
        self.assertRegex(made["key"], "^atr_[A-Za-z0-9_-]{54}$")
        self.assertEqual((made["prefix"], made["scopes"]), (made["key"][:12], ["read"]))
        self.assertEqual((made["profile"], made["revoked_at"], made["last_used_at"]), (str(self.uma.pk), None, None))
        self.assertEqual(self.row(made).token_hash, digest(made["key"]))
        shown = self.client_of(self.uma).get(f"{KEYS}{made['id']}/")
        self.assertEqual(shown.json(), {name: value for name, value in made.items() if name != "key"})
        for text in (str(shown.content), str(self.client_of(self.uma).get(KEYS).content)):
            self.assertNotIn(made["key"], text)
            self.assertNotIn(digest(made["key"]), text)
        with org_scope(self.org):
            self.assertNotIn("token_hash", str(Activity.objects.get(record_id=made["id"]).changes))

    def test_keys_of_one_org_differ_in_what_is_shown(self) -> None:
        self.assertNotEqual(self.make(self.uma)["prefix"], self.make(self.uma)["prefix"])

    def test_to_write_is_also_to_read(self) -> None:
        self.assertEqual(self.make(self.uma, scopes=["write"])["scopes"], ["read", "write"])

    def test_what_is_wrong_is_said(self) -> None:
        client = self.client_of(self.uma)
        for field, value in (
            ("scopes", ["admin"]), ("scopes", "read"), ("name", ""), ("name", "x" * 101), ("expires_at", "2020-01-01T00:00:00Z"),
            ("expires_at", "soon"), ("key", "atr_x"), ("token_hash", "x"), ("nonsense", 1),
        ):  # fmt: skip
            with self.subTest(f"{field} {value}"):
                self.assert_error(client.post(KEYS, {"name": "A program", field: value}), 400, field=field)
        made = client.post(KEYS, {"name": "x", "profile": str(self.alice.pk), "prefix": "mine", "revoked_at": None}).json()
        self.assertEqual((made["profile"], made["prefix"]), (str(self.uma.pk), made["key"][:12]))

    def test_each_sees_their_own_and_an_admin_all(self) -> None:
        mine, other = self.make(self.uma, name="Mine"), self.make(self.max, name="Other")
        self.make(self.mallory, name="Theirs")
        for who, names in ((self.uma, {"Mine"}), (self.max, {"Other"}), (self.alice, {"Mine", "Other"})):
            self.assertEqual({row["name"] for row in self.client_of(who).get(KEYS).json()["results"]}, names)
        for client in (self.client_of(self.max), self.client_of(self.mallory)):
            for response in (client.get(f"{KEYS}{mine['id']}/"), client.delete(f"{KEYS}{mine['id']}/")):
                self.assert_error(response, 404)
        self.assertEqual(self.client_of(self.alice).delete(f"{KEYS}{other['id']}/").status_code, 204)
        self.assertIsNone(self.row(mine).revoked_at)

    def test_a_role_may_be_kept_from_having_keys(self) -> None:
        rita = self.join_with("rita", {"*": {"view": "all"}, "api-keys": {"create": "none"}})
        self.assert_error(self.client_of(rita).post(KEYS, {"name": "x"}), 403)
        self.assert_error(self.client_of(self.vic).post(KEYS, {"name": "x"}), 403)

    def test_neither_read_nor_changed_by_other_methods(self) -> None:
        made = self.make(self.uma)
        for verb in ("put", "patch"):
            self.assert_error(getattr(self.client_of(self.uma), verb)(f"{KEYS}{made['id']}/", {"name": "x"}), 405)


class UsingTest(ApiKeyTestCase):
    def test_it_works_as_its_owner_does(self) -> None:
        client = self.program_of(self.uma)
        lead = client.post(LEADS, {"name": "Ada"})
        self.assertEqual((lead.status_code, lead.json()["created_by"]), (201, str(self.uma.pk)))
        self.client_of(self.alice).post(LEADS, {"name": "Not Uma's"})
        self.assertEqual([row["name"] for row in client.get(LEADS).json()["results"]], ["Ada"])
        self.assertEqual(client.get("/leads/").status_code, 200)
        self.assert_error(client.post("/api/v1/roles/", {"name": "x"}), 403)
        with org_scope(self.org):
            change = Activity.objects.get(record_id=lead.json()["id"])
        self.assertEqual((change.actor_id, change.user_id, change.source), (self.uma.pk, self.uma.user_id, "api"))

    def test_reading_does_not_write(self) -> None:
        client = self.program_of(self.alice, "read")
        lead = self.client_of(self.alice).post(LEADS, {"name": "Ada"}).json()
        for verb, url in (("post", LEADS), ("patch", f"{LEADS}{lead['id']}/"), ("delete", f"{LEADS}{lead['id']}/"),
                          ("post", f"/leads/{lead['id']}/"), ("put", f"/leads/{lead['id']}/status/"),
                          ("post", f"{LEADS}nothing/"), ("post", "/api/v1/auth/switch-org/"), ("post", "/nothing/")):  # fmt: skip
            with self.subTest(f"{verb} {url}"):
                response = getattr(client, verb)(url, {"name": "x"}, headers={"accept": "application/json"})
                self.assert_error(response, 403, says="This API key may only read.")
        with org_scope(self.org):
            self.assertEqual(Lead.objects.get().name, "Ada")
        self.assertEqual(client.get(f"{LEADS}{lead['id']}/").json()["name"], "Ada")
        self.assertEqual(client.options(LEADS).status_code, 200)

    def test_what_the_owner_loses_the_key_loses(self) -> None:
        client = self.program_of(self.max)
        self.assertEqual(client.post(LEADS, {"name": "Ada"}).status_code, 201)
        with org_scope(self.org):
            self.max.role = self.vic.role
            self.max.save()
        self.assert_error(client.post(LEADS, {"name": "Ada"}), 403)
        self.assert_error(client.get(LEADS), 403)

    def test_a_dead_key_is_a_token_that_never_was(self) -> None:
        ended = timezone.now() + timedelta(days=1)
        made = self.make(self.uma, expires_at=ended.isoformat())
        self.assertEqual(self.with_key(made["key"]).get(LEADS).status_code, 200)
        with time_machine.travel(ended, tick=False):
            self.assert_dead(self.with_key(made["key"]))
        with org_scope(self.org):
            self.uma.is_active = False
            self.uma.save()
        self.assert_dead(self.with_key(made["key"]))
        for row, owner in ((self.max.user, self.max), (self.org, self.alice)):
            key = self.make(owner)["key"]
            row.is_active = False
            row.save()
            self.assert_dead(self.with_key(key))
        other = self.make(self.mallory)["key"]
        for text in (other[:-1] + "A" * (other[-1] != "A"), other[:36] + made["key"][36:], other[:-8], other + "=", "atr_",
                     "atr_é", "atr_" + "A" * 54, other.replace("atr_", "ATR_")):  # fmt: skip
            with self.subTest(text):
                self.assert_dead(self.with_key(text))

    def test_a_revoked_key_is_dead_at_once_and_kept(self) -> None:
        made = self.make(self.uma)
        client = self.with_key(made["key"])
        self.assertEqual(client.get(LEADS).status_code, 200)
        self.assertEqual(self.client_of(self.uma).delete(f"{KEYS}{made['id']}/").status_code, 204)
        self.assert_dead(client)
        at = self.client_of(self.uma).get(f"{KEYS}{made['id']}/").json()["revoked_at"]
        self.assertTrue(at)
        self.client_of(self.uma).delete(f"{KEYS}{made['id']}/")
        self.assertEqual(self.client_of(self.uma).get(f"{KEYS}{made['id']}/").json()["revoked_at"], at)
        with org_scope(self.org):
            told = Activity.objects.filter(record_id=made["id"]).order_by("id")
            self.assertEqual([list(entry.changes) for entry in told][1:], [["revoked_at"]])

    def test_another_org_is_out_of_reach(self) -> None:
        with org_scope(self.other):
            both = self.join("both", "admin", self.other)
        with org_scope(self.org):
            here = type(both).objects.create(user=both.user, role=self.alice.role)
        key = self.make(here, scopes=["write"])["key"]
        for org in (str(self.other.pk), NOWHERE, "nonsense", ""):
            for verb in ("get", "post"):
                self.assert_error(getattr(self.with_key(key, org=org), verb)(LEADS, {}), 403, says="not a member")
        self.assertEqual(self.with_key(key, org=str(self.org.pk)).get(LEADS).status_code, 200)
        self.assert_error(self.with_key(key).post("/api/v1/auth/switch-org/", {"org": str(self.other.pk)}), 403)
        me = self.with_key(key).get(ME)
        self.assertEqual((me.json()["email"], [org["name"] for org in me.json()["orgs"]]), ("both@example.com", ["Ours"]))
        self.assertNotIn("Theirs", str(me.content))

    def test_a_key_is_no_session(self) -> None:
        client = self.program_of(self.alice)
        self.assert_error(client.post(KEYS, {"name": "Another"}), 403, says="cannot make API keys")
        body = {"old_password": "correct horse battery", "password": "a new long passphrase"}
        self.assert_error(client.post("/api/v1/auth/password/change/", body), 403, says="An API key cannot do this")
        self.assertEqual(client.get("/app/").status_code, 302)
        self.assertEqual(client.get("/admin/").status_code, 302)

    def test_a_key_does_not_accept_an_invitation_in_its_owners_name(self) -> None:
        with self.captureOnCommitCallbacks(execute=True):
            self.client_of(self.mallory).post("/api/v1/users/", {"email": "uma@example.com"})
        token = self.mailed_token("uma@example.com")
        refused = self.program_of(self.uma).post("/api/v1/auth/invite/accept/", {"token": token})
        self.assert_error(refused, 400, field="password")
        self.assertEqual(self.client_of(self.uma).post("/api/v1/auth/invite/accept/", {"token": token}).status_code, 201)

    def test_its_last_use_is_written_once_a_minute(self) -> None:
        made, now = self.make(self.uma), timezone.now()
        client = self.with_key(made["key"])
        for seconds, known in ((1, 1), (30, 1), (60, 1), (62, 62), (100, 62)):
            with time_machine.travel(now + timedelta(seconds=seconds), tick=False):
                client.get(LEADS)
            self.assertEqual(self.row(made).last_used_at, now + timedelta(seconds=known))
        with org_scope(self.org):
            self.assertEqual(Activity.objects.filter(record_id=made["id"]).count(), 1)

    def test_it_costs_one_statement_more_than_a_session(self) -> None:
        client = self.program_of(self.alice)
        client.get(LEADS)
        with CaptureQueriesContext(connection) as queries:
            client.get(LEADS)
        self.assertEqual(len(queries), self.cost(self.client_of(self.alice), LEADS) + 1)
