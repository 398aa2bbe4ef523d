from typing import Any

from django.core.files.uploadedfile import SimpleUploadedFile

from accounts.models import Account
from common.people.models import Role
from common.records.models import Tag
from common.tenancy import org_scope
from common.testing import OrgTestCase
from contacts.models import Contact
from leads.models import Lead
from opportunity.models import Opportunity
from teams.models import Team

LEAD = {"name": "Ada King Byron", "company": "Engines Ltd", "email": "Ada@Engines.example", "phone": "+442071838750",
        "value": 5000, "currency": "GBP", "source": "Referral", "notes": "Wants two."}  # fmt: skip


class ConvertTest(OrgTestCase):
    def setUp(self) -> None:
        self.client = self.client_of(self.alice)

    def make(self, profile: Any = None, **data: Any) -> str:
        return self.client_of(profile or self.alice).post("/api/v1/leads/", {**LEAD, **data}).json()["id"]

    def convert(self, pk: str, profile: Any = None, **data: Any) -> Any:
        return self.client_of(profile or self.alice).post(f"/api/v1/leads/{pk}/convert/", data)

    def counts(self) -> list[int]:
        with org_scope(self.org):
            return [model.objects.count() for model in (Account, Contact, Opportunity)]

    def test_it_makes_account_contact_and_opportunity(self) -> None:
        body = self.convert(self.make()).json()
        self.assertEqual(body["status"], "Closed win")
        self.assertTrue(body["converted_at"])
        account = self.client.get(f"/api/v1/accounts/{body['converted_account']}/").json()
        contact = self.client.get(f"/api/v1/contacts/{body['converted_contact']}/").json()
        opportunity = self.client.get(f"/api/v1/opportunities/{body['converted_opportunity']}/").json()
        self.assertEqual((account["name"], account["contacts"]), ("Engines Ltd", [contact["id"]]))
        self.assertEqual((contact["name"], contact["email"]), ("Ada King Byron", "ada@engines.example"))
        self.assertEqual(contact["account"], account["id"])
        self.assertEqual((opportunity["amount"], opportunity["currency"]), ("5000.00", "GBP"))
        self.assertEqual((opportunity["status"], opportunity["account"]), ("Qualification", account["id"]))

    def test_the_deal_takes_over_what_was_known_of_it(self) -> None:
        known = {"probability": 40, "close_date": "2027-03-31", "value": 5000}
        body = self.convert(self.make(**known)).json()
        deal = self.client.get(f"/api/v1/opportunities/{body['converted_opportunity']}/").json()
        self.assertEqual((deal["amount"], deal["currency"], deal["probability"]), ("5000.00", "GBP", 40))
        self.assertEqual((deal["close_date"], deal["closed_on"]), ("2027-03-31", None))
        self.assertEqual((deal["lead_source"], deal["description"]), ("Referral", "Wants two."))
        self.assertEqual(deal["contacts"], [body["converted_contact"]])

    def test_it_carries_tags_teams_people_comments_and_files(self) -> None:
        with org_scope(self.org):
            tag, team = Tag.objects.create(name="hot"), Team.objects.create(name="Field")
        links = {"tags": [str(tag.pk)], "teams": [str(team.pk)], "assigned_to": [str(self.uma.pk)]}
        pk = self.make(**links)
        self.client.post(f"/api/v1/leads/comment/{pk}/", {"comment": "Met in May."})
        upload = {"file": SimpleUploadedFile("plan.txt", b"the plan")}
        self.client.post(f"/api/v1/leads/attachment/{pk}/", upload, format="multipart")
        body = self.convert(pk).json()
        for module in ("account", "contact", "opportunity"):
            path = {"account": "accounts", "contact": "contacts", "opportunity": "opportunities"}[module]
            record = self.client.get(f"/api/v1/{path}/{body[f'converted_{module}']}/").json()
            self.assertEqual({name: record[name] for name in links}, links)
        heir = body["converted_opportunity"]
        comments = self.client.get(f"/api/v1/opportunities/comment/{heir}/").json()["results"]
        self.assertEqual([row["comment"] for row in comments], ["Met in May."])
        self.assertEqual(self.client.get(f"/api/v1/opportunities/attachment/{heir}/").json()["count"], 1)

    def test_a_second_try_is_a_conflict_and_makes_nothing(self) -> None:
        pk = self.make()
        self.convert(pk)
        self.assert_error(self.convert(pk), 409, says="already")
        self.assertEqual(self.counts(), [1, 1, 1])

    def test_it_uses_the_account_and_contact_that_are_there(self) -> None:
        account = self.client.post("/api/v1/accounts/", {"name": "ENGINES ltd"}).json()["id"]
        contact = self.client.post("/api/v1/contacts/", {"last_name": "Byron", "email": "ada@engines.EXAMPLE"}).json()["id"]
        body = self.convert(self.make()).json()
        self.assertEqual((body["converted_account"], body["converted_contact"]), (account, contact))

    def test_it_never_attaches_to_what_the_caller_may_not_see(self) -> None:
        hidden = self.client.post("/api/v1/accounts/", {"name": "Engines Ltd"}).json()["id"]
        theirs = self.client_of(self.mallory).post("/api/v1/accounts/", {"name": "Engines Ltd"}).json()["id"]
        body = self.convert(self.make(self.uma), self.uma).json()
        self.assertNotIn(body["converted_account"], (hidden, theirs, None))
        pk = self.make(self.uma)
        for account in (hidden, theirs):
            self.assert_error(self.convert(pk, self.uma, account=account), 400, field="account", says="does not exist")

    def test_who_may_not_make_an_account_may_not_convert(self) -> None:
        with org_scope(self.org):
            own = dict.fromkeys(("view", "create", "edit", "delete"), "own")
            self.uma.role = Role.objects.create(name="Caller", permissions={"leads": own})
            self.uma.save()
        pk = self.make(self.uma)
        self.assert_error(self.convert(pk, self.uma), 403, says="accounts")
        self.assertEqual(self.counts(), [0, 0, 0])
        self.assertIsNone(self.client.get(f"/api/v1/leads/{pk}/").json()["converted_at"])

    def test_a_conversion_can_be_undone(self) -> None:
        pk = self.make()
        self.client.patch(f"/api/v1/leads/{pk}/status/", {"status": "Proposal sent"})
        self.client.post(f"/api/v1/leads/comment/{pk}/", {"comment": "Met in May."})
        self.convert(pk)
        body = self.client.post(f"/api/v1/leads/{pk}/convert/undo/").json()
        self.assertEqual((body["converted_at"], body["converted_account"], body["status"]), (None, None, "Proposal sent"))
        self.assertEqual(self.counts(), [0, 0, 0])
        self.assertEqual(self.client.get(f"/api/v1/leads/comment/{pk}/").json()["count"], 1)
        self.assert_error(self.client.post(f"/api/v1/leads/{pk}/convert/undo/"), 409)
        self.assertEqual(self.convert(pk).status_code, 200)

    def test_undo_keeps_what_was_there_before_and_what_others_use(self) -> None:
        account = self.client.post("/api/v1/accounts/", {"name": "Engines Ltd"}).json()["id"]
        pk = self.make()
        made = self.convert(pk).json()
        self.client.post("/api/v1/opportunities/", {"name": "Another", "contacts": [made["converted_contact"]]})
        self.client.post(f"/api/v1/leads/{pk}/convert/undo/")
        self.assertEqual(self.client.get(f"/api/v1/accounts/{account}/").status_code, 200)
        self.assertEqual(self.client.get(f"/api/v1/contacts/{made['converted_contact']}/").status_code, 200)
        self.assertEqual(self.client.get(f"/api/v1/opportunities/{made['converted_opportunity']}/").status_code, 404)

    def test_without_opportunity_the_contact_inherits(self) -> None:
        pk = self.make(company="")
        self.client.post(f"/api/v1/leads/comment/{pk}/", {"comment": "Met in May."})
        body = self.convert(pk, create_opportunity=False).json()
        self.assertIsNone(body["converted_opportunity"])
        self.assertEqual(self.client.get(f"/api/v1/contacts/comment/{body['converted_contact']}/").json()["count"], 1)
        self.assertEqual(Lead._meta.get_field("converted_account").related_model, Account)


class AssignTest(OrgTestCase):
    def make(self) -> str:
        return self.client_of(self.alice).post("/api/v1/leads/", LEAD).json()["id"]

    def test_one_lead_gets_one_person(self) -> None:
        pk = self.make()
        client = self.client_of(self.alice)
        client.patch(f"/api/v1/leads/{pk}/", {"assigned_to": [str(self.max.pk)]})
        body = client.patch(f"/api/v1/leads/{pk}/assign/", {"assigned_to": str(self.uma.pk)}).json()
        self.assertEqual(body["assigned_to"], [str(self.uma.pk)])

    def test_many_leads_or_none(self) -> None:
        ids = [self.make(), self.make()]
        theirs = self.client_of(self.mallory).post("/api/v1/leads/", LEAD).json()["id"]
        client, to = self.client_of(self.alice), str(self.uma.pk)
        refused = client.post("/api/v1/leads/assign/", {"leads": [*ids, theirs], "assigned_to": to})
        self.assert_error(refused, 400, field="leads", says="does not exist")
        self.assertEqual(self.client_of(self.uma).get("/api/v1/leads/").json()["count"], 0)
        self.assertEqual(client.post("/api/v1/leads/assign/", {"leads": ids, "assigned_to": to}).json(), {"assigned": 2})
        self.assertEqual(self.client_of(self.uma).get("/api/v1/leads/").json()["count"], 2)

    def test_who_may_not_edit_may_not_assign(self) -> None:
        pk = self.make()
        to = str(self.max.pk)
        client = self.client_of(self.max)
        self.assert_error(client.post("/api/v1/leads/assign/", {"leads": [pk], "assigned_to": to}), 403)
        self.assert_error(client.patch(f"/api/v1/leads/{pk}/assign/", {"assigned_to": to}), 403)

    def test_people_of_another_org_cannot_be_assigned(self) -> None:
        pk = self.make()
        response = self.client_of(self.alice).patch(f"/api/v1/leads/{pk}/assign/", {"assigned_to": str(self.mallory.pk)})
        self.assert_error(response, 400, field="assigned_to", says="does not exist")
