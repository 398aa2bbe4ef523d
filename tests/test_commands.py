"""The demo and the first administrator: known passwords in the one, and never in the other."""

from io import StringIO
from typing import Any
from unittest.mock import patch

from django.core.management import CommandError, call_command
from django.test import TestCase
from rest_framework.test import APIClient

from common.people.models import Org, User
from common.records.models import Comment, Stage
from common.tenancy import all_orgs, org_scope
from crm import demo
from leads.models import Lead


class DemoTest(TestCase):
    def load(self, **options: Any) -> str:
        output = StringIO()
        call_command("demo", stdout=output, **options)
        return output.getvalue()

    def sign_in(self, email: str) -> APIClient:
        answer = APIClient().post("/api/v1/auth/login", {"email": email, "password": demo.PASSWORD})
        self.assertEqual(answer.status_code, 200, answer.content)
        client = APIClient()
        client.credentials(HTTP_AUTHORIZATION=f"Bearer {answer.json()['access_token']}")
        return client

    def test_everyone_it_names_can_sign_in_and_sees_their_org_only(self) -> None:
        said = self.load()
        for tenant in demo.TENANTS:
            for name, role, _ in tenant.people:
                email = demo.email_of(name, tenant.domain)
                self.assertIn(email, said)
                me = self.sign_in(email).get("/api/v1/auth/me").json()
                self.assertEqual((me["org"]["name"], me["role"]), (tenant.name, role))
            names = {lead["name"] for lead in self.sign_in(email_of_owner(tenant)).get("/api/v1/leads/").json()["results"]}
            self.assertEqual(names, {name for name, *_ in tenant.leads})

    def test_its_leads_stand_in_every_stage_with_what_belongs_to_them(self) -> None:
        self.load()
        for org in Org.objects.all():
            with org_scope(org):
                stages = Stage.objects.filter(pipeline__module="leads")
                self.assertEqual(set(Lead.objects.values_list("stage", flat=True)), set(stages.values_list("pk", flat=True)))
                self.assertFalse(Lead.objects.filter(assigned_to=None).exists())
                self.assertTrue(Lead.objects.filter(tags__isnull=False).exists())
                self.assertTrue(Comment.objects.exists())
                for lead in Lead.objects.all():
                    lead.full_clean(exclude=["org"])

    def test_is_not_loaded_twice(self) -> None:
        self.load()
        with all_orgs():
            before = Lead.objects.count()
        self.assertIn(demo.PASSWORD, self.load())
        with all_orgs():
            self.assertEqual(Lead.objects.count(), before)

    def test_is_not_put_beside_real_organizations_without_asking(self) -> None:
        User.objects.create_user("ada@example.com", "a real password")
        with patch("builtins.input", return_value=""), self.assertRaisesMessage(CommandError, "Nothing was changed."):
            self.load()
        self.assertFalse(Org.objects.exists())
        self.load(yes=True)
        self.assertEqual(Org.objects.count(), len(demo.TENANTS))

    def test_is_refused_in_production(self) -> None:
        with self.settings(PRODUCTION=True), self.assertRaisesMessage(CommandError, "not for production"):
            self.load(yes=True)
        self.assertFalse(User.objects.exists())


def email_of_owner(tenant: demo.Tenant) -> str:
    return demo.email_of(tenant.people[0][0], tenant.domain)


class CreateAdminTest(TestCase):
    def create(self, email: str, **options: Any) -> str:
        output = StringIO()
        call_command("createadmin", email, stdout=output, **options)
        return output.getvalue()

    def test_prints_a_link_that_sets_the_password_once(self) -> None:
        said = self.create("Root@Example.com", link=True)
        user = User.objects.get(email="root@example.com")
        self.assertTrue(user.is_superuser)
        self.assertFalse(user.has_usable_password())
        token = said.strip().rpartition("token=")[2]
        body = {"token": token, "password": "nobody knows this one"}
        self.assertEqual(APIClient().post("/api/v1/auth/password/reset/", body).status_code, 200)
        self.assertEqual(APIClient().post("/api/v1/auth/password/reset/", body).status_code, 400)
        user.refresh_from_db()
        self.assertTrue(user.check_password("nobody knows this one"))

    @patch("sys.stdin.isatty", return_value=True)
    def test_asks_for_a_password_twice(self, _: Any) -> None:
        with patch("getpass.getpass", side_effect=["nobody knows this one", "nobody knows this"]):
            self.assertRaisesMessage(CommandError, "not the same", self.create, "root@example.com")
        with patch("getpass.getpass", return_value="12345678"):
            self.assertRaisesMessage(CommandError, "too common", self.create, "root@example.com")
        self.assertFalse(User.objects.exists())
        with patch("getpass.getpass", return_value="nobody knows this one"):
            self.create("root@example.com")
        self.assertTrue(User.objects.get().check_password("nobody knows this one"))

    def test_leaves_the_password_of_an_account_alone(self) -> None:
        User.objects.create_user("ada@example.com", "a real password")
        self.assertNotIn("token=", self.create("ada@example.com", link=True))
        user = User.objects.get()
        self.assertTrue(user.is_superuser and user.check_password("a real password"))

    def test_wants_an_address(self) -> None:
        self.assertRaisesMessage(CommandError, "not an e-mail address", self.create, "root")
        self.assertFalse(User.objects.exists())
