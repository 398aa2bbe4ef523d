from common.people.models import Org, Profile, User
from common.records.models import Pipeline
from common.tenancy import org_scope

from .base import PeopleTestCase

ADA = {"email": "ada@example.com", "password": "a long passphrase", "name": "Ada Byron"}


class RegisterTest(PeopleTestCase):
    def register(self, **changes: object) -> object:
        return self.auth("register", {**ADA, **changes})

    def test_it_makes_an_account_and_an_organization_and_signs_in(self) -> None:
        response = self.register(org_name="Engines Ltd")
        self.assertEqual(response.status_code, 201, response.content)
        body = response.json()
        self.assertEqual(set(body), {"access_token", "refresh_token", "token_type", "user", "org", "profile"})
        self.assertEqual(body["token_type"], "bearer")
        self.assertEqual((body["user"]["email"], body["user"]["name"]), ("ada@example.com", "Ada Byron"))
        self.assertIs(body["user"]["email_verified"], False)
        self.assertEqual((body["org"]["name"], body["org"]["slug"]), ("Engines Ltd", "engines-ltd"))
        self.assertEqual(body["profile"]["role"], "admin")
        me = self.bearer(body).get("/api/v1/auth/me").json()
        self.assertEqual((me["email"], me["org"]["id"], me["role"]), ("ada@example.com", body["org"]["id"], "admin"))

    def test_the_new_organization_is_ready_for_work(self) -> None:
        body = self.register().json()
        client = self.bearer(body)
        self.assertEqual(client.post("/api/v1/leads/", {"name": "First"}).status_code, 201)
        roles = client.get("/api/v1/roles/").json()["results"]
        self.assertEqual([role["name"] for role in roles], ["admin", "client", "manager", "user"])
        with org_scope(body["org"]["id"]):
            self.assertTrue(Pipeline.objects.filter(module="leads", is_default=True).exists())

    def test_without_a_name_the_organization_is_named_after_the_person(self) -> None:
        for body in (self.register().json(), self.register(email="2@example.com", org_name="  ").json()):
            self.assertEqual(body["org"]["name"], "Ada Byron's organization")

    def test_long_names_still_fit(self) -> None:
        body = self.register(name="ß" * 150).json()
        self.assertEqual(len(body["org"]["name"]), 150)
        self.assert_error(self.register(email="2@example.com", name="x" * 151), 400, field="name")
        self.assert_error(self.register(email="2@example.com", org_name="x" * 151), 400, field="org_name")
        self.assert_error(self.register(email=f"{'x' * 60}@{'d' * 60}.{'d' * 60}.{'d' * 60}.{'d' * 60}.com"), 400, field="email")

    def test_org_role_and_is_superuser_are_ignored(self) -> None:
        body = self.register(org=str(self.org.pk), role="client", is_superuser=True, is_staff=True, email_verified=True).json()
        self.assertNotEqual(body["org"]["id"], str(self.org.pk))
        self.assertEqual(body["profile"]["role"], "admin")
        user = User.objects.get(email="ada@example.com")
        self.assertFalse(user.is_superuser)
        self.assertIsNone(user.email_verified_at)
        with org_scope(self.org):
            self.assertFalse(Profile.objects.filter(user=user).exists())

    def test_a_taken_address_is_a_conflict_in_any_case(self) -> None:
        orgs = Org.objects.count()
        for email in ("alice@example.com", "ALICE@Example.COM", " Alice@example.com "):
            self.assert_error(self.register(email=email, org_name="Hostile"), 409, says="has an account already")
        self.assertEqual(Org.objects.count(), orgs)
        self.assertEqual(self.login("alice").status_code, 200)

    def test_the_address_is_kept_in_lower_case(self) -> None:
        self.assertEqual(self.register(email="Ada@Example.COM").json()["user"]["email"], "ada@example.com")
        self.assertEqual(self.login("ADA", ADA["password"]).status_code, 200)

    def test_weak_passwords_are_refused_and_nothing_is_made(self) -> None:
        for password in ("short", "password123", "ada@example.com", "Ada Byron", ""):
            self.assert_error(self.register(password=password), 400, field="password")
        self.assert_error(self.register(password="x" * 129), 400, field="password")
        self.assertFalse(User.objects.filter(email="ada@example.com").exists())

    def test_a_password_keeps_its_blanks_and_any_script(self) -> None:
        password = "  пароль 🔑 long  "
        self.assertEqual(self.register(password=password).status_code, 201)
        self.assertEqual(self.login("ada", password).status_code, 200)
        self.assert_error(self.login("ada", password.strip()), 401)

    def test_malformed_input_is_refused_by_field(self) -> None:
        self.assert_error(self.auth("register", {}), 400, field="email")
        for field, values in {
            "email": ["", "no-address", None, ["a@example.com"], {"a": 1}, "a\x00@example.com"],
            "name": ["", "   ", None, [], "a\x00b"],
            "password": [None, {}, "with\x00null"],
            "org_name": [{}, "a\x00b"],
        }.items():
            for value in values:
                self.assert_error(self.register(**{field: value}), 400, field=field)
        for body in ([], "text", 5):
            self.assert_error(self.auth("register", body), 400)
        self.assertFalse(User.objects.filter(email="ada@example.com").exists())

    def test_organizations_of_one_name_get_addresses_that_do_not_tell_how_many_there_are(self) -> None:
        slugs = [self.register(email=f"{n}@example.com", org_name="Ours").json()["org"]["slug"] for n in range(3)]
        self.assertEqual(len({"ours", *slugs}), 4)
        for slug in slugs:
            self.assertRegex(slug, r"^ours-[0-9a-f]{8}$")

    def test_a_name_without_latin_letters_gets_an_address_too(self) -> None:
        self.assertEqual(self.register(org_name="株式会社").json()["org"]["slug"], "org")

    def test_a_token_that_is_sent_along_changes_nothing(self) -> None:
        response = self.auth("register", ADA, self.client_of(self.alice))
        self.assertEqual(response.status_code, 201, response.content)
        self.assertNotEqual(response.json()["org"]["id"], str(self.org.pk))
        expired = self.client_of(None)
        expired.credentials(HTTP_AUTHORIZATION="Bearer nonsense")
        self.assertEqual(self.auth("register", {**ADA, "email": "2@example.com"}, expired).status_code, 201)

    def test_no_answer_shows_a_password_or_its_hash(self) -> None:
        text = str(self.register().json())
        user = User.objects.get(email="ada@example.com")
        for secret in (ADA["password"], user.password, "md5$"):
            self.assertNotIn(secret, text)
