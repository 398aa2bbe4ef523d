"""Tags: counted, merged and restored, on records of every type."""

from typing import Any

from accounts.models import Account
from common.records.models import Tag
from common.records.serializers import find_stage
from common.tenancy import org_scope
from common.testing import OrgTestCase
from leads.models import Lead


class TagTest(OrgTestCase):
    @classmethod
    def setUpTestData(cls) -> None:
        super().setUpTestData()
        with org_scope(cls.alice):
            cls.vip, cls.important = Tag.objects.create(name="VIP", color="#ff0000"), Tag.objects.create(name="Important")
            cls.both, cls.one = (Lead.objects.create(name=name, stage=find_stage("leads")) for name in ("Both", "One"))
            cls.account = Account.objects.create(name="Engines")
            cls.both.tags.set([cls.vip, cls.important])
            cls.one.tags.set([cls.vip])
            cls.account.tags.set([cls.vip])
        with org_scope(cls.mallory):
            cls.theirs = Tag.objects.create(name="VIP")
            cls.their_lead = Lead.objects.create(name="Theirs", stage=find_stage("leads"))
            cls.their_lead.tags.set([cls.theirs])

    def post(self, tag: Any, what: str, profile: Any = None, **body: Any) -> Any:
        return self.client_of(profile or self.alice).post(f"/api/v1/tags/{tag.pk}/{what}/", body)

    def tags_of(self, record: Any) -> set[str]:
        with org_scope(record.org_id):
            return set(record.tags.values_list("name", flat=True))

    def usage(self, tag: Any) -> Any:
        return self.client_of(self.alice).get(f"/api/v1/tags/{tag.pk}/usage/").json()

    def test_usage(self) -> None:
        self.assertEqual(self.usage(self.vip), {"total": 3, "modules": {"accounts": 1, "leads": 2}})
        self.assert_error(self.client_of(self.alice).get(f"/api/v1/tags/{self.theirs.pk}/usage/"), 404)

    def test_merge_moves_all_links_of_all_types(self) -> None:
        response = self.post(self.vip, "merge", into=str(self.important.pk))
        self.assertEqual((response.status_code, response.json()["name"]), (200, "Important"), response.content)
        for record in (self.both, self.one, self.account):
            self.assertEqual(self.tags_of(record), {"Important"})
        self.assertEqual(self.tags_of(self.their_lead), {"VIP"})
        self.assert_error(self.client_of(self.alice).get(f"/api/v1/tags/{self.vip.pk}/"), 404)
        history = self.client_of(self.alice).get(f"/api/v1/leads/{self.one.pk}/history/").json()["results"]
        changes = [row["changes"] for row in history[:2]]
        self.assertCountEqual(changes, [{"tags": [str(self.vip.pk), None]}, {"tags": [None, str(self.important.pk)]}])

    def test_what_cannot_be_merged(self) -> None:
        self.assert_error(self.post(self.vip, "merge", into=str(self.vip.pk)), 400, field="into")
        self.assert_error(self.post(self.vip, "merge", into=str(self.theirs.pk)), 400, field="into", says="does not exist")
        self.assert_error(self.post(self.theirs, "merge", into=str(self.vip.pk)), 404)
        self.assert_error(self.post(self.vip, "merge", self.uma, into=str(self.important.pk)), 403)
        self.assertEqual((self.tags_of(self.one), self.tags_of(self.their_lead)), ({"VIP"}, {"VIP"}))

    def test_restore_what_was_deleted_or_merged(self) -> None:
        for undo in (
            lambda: self.client_of(self.alice).delete(f"/api/v1/tags/{self.vip.pk}/"),
            lambda: self.post(self.vip, "merge", into=str(self.important.pk)),
        ):
            undo()
            self.assertNotIn("VIP", self.tags_of(self.one))
            self.assert_error(self.post(self.vip, "restore", self.uma), 403)
            self.assert_error(self.post(self.vip, "restore", self.mallory), 404)
            response = self.post(self.vip, "restore")
            self.assertEqual((response.status_code, response.json()["color"]), (200, "#ff0000"), response.content)
            self.assertEqual(self.usage(self.vip)["modules"], {"accounts": 1, "leads": 2})
        self.assert_error(self.post(self.vip, "restore"), 404)

    def test_a_name_that_was_taken_meanwhile(self) -> None:
        self.client_of(self.alice).delete(f"/api/v1/tags/{self.vip.pk}/")
        self.client_of(self.alice).post("/api/v1/tags/", {"name": "vip"})
        self.assert_error(self.post(self.vip, "restore"), 409)
