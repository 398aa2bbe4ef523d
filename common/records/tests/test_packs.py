"""Starter packs: what an organization begins with, and adds later."""

from typing import Any

from common.people.services import create_org
from common.records.models import MODULES, RECORD_MODELS, Pipeline, Stage
from common.records.packs import PACKS, SAMPLE, apply_pack, remove_sample_data
from common.tenancy import org_scope
from common.testing import OrgTestCase
from emails.serializers import EmailTemplateSerializer

URL = "/api/v1/starter-packs/"


class PacksTest(OrgTestCase):
    def registered(self, **more: Any) -> Any:
        body = {"email": "new@x.example", "password": "correct horse battery", "name": "New", **more}
        return self.client_of(None).post("/api/v1/auth/register/", body)

    def test_every_pack_can_begin_an_organization_with_its_samples_and_lose_them(self) -> None:
        for name, pack in PACKS.items():
            with self.subTest(name):
                profile = create_org(name=name, owner=self.new_user(name), starter_pack=name)
                with org_scope(profile):
                    for module in ("leads", "opportunities", "cases", "tasks"):
                        self.assertEqual(Pipeline.objects.filter(module=module, is_default=True).count(), 1)
                    made = {name: count for name, count in apply_pack(pack, sample_data=True).items() if count}
                    self.assertEqual(made, {"records": len(pack.samples)})
                    self.assertEqual(apply_pack(pack, sample_data=True)["records"], 0)
                client = self.client_of(profile)
                for module in {sample["module"] for sample in pack.samples} - {"objects"}:
                    self.assertGreater(client.get(f"/api/v1/{module}/").json()["count"], 0)
                with org_scope(profile):
                    self.assertEqual(remove_sample_data(), len(pack.samples))
                    self.assertEqual(
                        sum(model.with_bin.count() for model in MODULES.values() if hasattr(model, "external_id")), 0
                    )

    def test_education_has_students_linked_to_leads_and_counselors(self) -> None:
        made = self.registered(starter_pack="education")
        self.assertEqual(made.status_code, 201, made.content)
        client = self.client_of(None)
        client.credentials(HTTP_AUTHORIZATION=f"Bearer {made.json()['access_token']}")
        lead = client.post("/api/v1/leads/", {"name": "Family", "status": "Enrolled"}).json()
        student = client.post("/api/v1/students/", {"name": "Sami", "custom_fields": {"lead": lead["id"], "grade": "3"}})
        self.assertEqual((student.status_code, student.json()["custom_fields"]["lead"]), (201, lead["id"]))
        self.assertIn("Counselor", str(client.get("/api/v1/roles/").json()))
        with org_scope(made.json()["org"]["id"]):
            self.assertEqual(Stage.objects.get(name="Enrolled").kind, "won")

    def test_sales_is_the_default_and_an_unknown_pack_is_refused(self) -> None:
        self.assert_error(self.registered(starter_pack="nonsense"), 400, field="starter_pack")
        self.assertEqual(self.registered().status_code, 201)

    def test_an_admin_adds_a_pack_later_which_changes_nothing_that_is_there(self) -> None:
        client = self.client_of(self.alice)
        self.assertEqual([pack["name"] for pack in client.get(URL).json()], list(PACKS))
        first = client.post(f"{URL}education/apply/", {"sample_data": True})
        made = {"pipelines": 1, "roles": 1, "objects": 1, "custom_fields": 7, "email_templates": 5, "records": 4}
        self.assertEqual(first.json(), made)
        self.assertEqual(set(client.post(f"{URL}education/apply/", {}).json().values()), {0})
        with org_scope(self.org):
            self.assertEqual(Pipeline.objects.get(module="leads", is_default=True).name, "Leads")
        self.assertEqual(client.get("/api/v1/objects/student/?cf_grade=3").json()["results"][0]["name"], "Sami Haddad")
        self.assertEqual(client.delete(f"{URL}sample-data/").json(), {"records": 4})
        self.assertEqual(client.get("/api/v1/objects/student/").json()["count"], 0)
        self.assert_error(client.post(f"{URL}nonsense/apply/", {}), 404)
        for who in (self.max, self.uma, self.vic):
            self.assert_error(self.client_of(who).post(f"{URL}support/apply/", {}), 403)
            self.assert_error(self.client_of(who).delete(f"{URL}sample-data/"), 403)
        self.assertEqual(self.client_of(self.mallory).get("/api/v1/objects/").json()["count"], 0)

    def test_mail_templates_of_each_pack_can_be_filled_in_with_its_own_records(self) -> None:
        client = self.client_of(self.alice)
        about = {"sales": "lead opportunity", "education": "lead", "support": "case", "agency": "opportunity"}
        for name, pack in PACKS.items():
            client.post(f"{URL}{name}/apply/", {"sample_data": True})
            with org_scope(self.org):
                records = [RECORD_MODELS[kind].objects.filter(external_id__startswith=f"{SAMPLE}{name}:").first()
                           for kind in about[name].split()]  # fmt: skip
            shown = {row["name"]: row["id"] for row in client.get("/api/v1/email-templates/?limit=100").json()["results"]}
            self.assertGreaterEqual(len(pack.mails), 5)
            for template, subject, text in pack.mails:
                record = records[-1] if "contact." in text else records[0]
                with self.subTest(f"{name}: {template}"):
                    with org_scope(self.org):
                        checked = EmailTemplateSerializer(data={"name": template, "subject": subject, "body_text": text})
                        self.assertTrue(checked.is_valid(), checked.errors)
                    url = f"/api/v1/email-templates/{shown[template]}/preview/"
                    filled = client.post(url, {record._meta.model_name: str(record.pk)})
                    self.assertEqual(filled.status_code, 200, filled.content)
                    self.assertNotIn("{{", filled.content.decode())
                    self.assertIn(str(self.alice.user), filled.json()["body_text"])

    def test_templates_go_with_the_sample_data_unless_somebody_has_made_them_their_own(self) -> None:
        client, url = self.client_of(self.alice), "/api/v1/email-templates/"
        rows = {row["name"]: row["id"] for row in client.get(url).json()["results"]}
        changed, used, *_ = PACKS["sales"].mails
        client.patch(f"{url}{rows[changed[0]]}/", {"body_text": "Our own words"})
        lead = client.post("/api/v1/leads/", {"name": "Ada", "email": "ada@x.example"}).json()["id"]
        self.assertEqual(client.post("/api/v1/emails/", {"lead": lead, "template": rows[used[0]]}).status_code, 201)
        own = client.post(url, {"name": "Mine", "subject": "x", "body_text": "y"}).json()["name"]
        client.delete(f"{URL}sample-data/")
        self.assertEqual({row["name"] for row in client.get(url).json()["results"]}, {changed[0], used[0], own})
        self.assertEqual(self.client_of(self.mallory).get(url).json()["count"], len(PACKS["sales"].mails))

    def test_the_page_of_sign_up_offers_them(self) -> None:
        page = self.client.get("/signup/")
        self.assertContains(page, "Education")
        body = {"name": "Eve", "email": "eve@x.example", "org_name": "School", "password": "correct horse battery"}
        self.assertEqual(self.client.post("/signup/", {**body, "starter_pack": "education"}).status_code, 302)
        self.assertContains(self.client.get("/app/"), "Enrolled")
