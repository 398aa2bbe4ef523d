"""The activity stream is the database's: whatever changes a row is in it, and what must not be seen is not."""

from typing import Any

import pytest
from django.apps import apps
from django.db import connection, transaction

from common.activity.models import Activity
from common.people.models import Invitation
from common.records.models import Attachment, Tag
from common.tenancy import all_orgs, org_scope
from common.testing import OrgTestCase
from common.testing.rows import one_of_each

pytestmark = pytest.mark.raw_sql
Lead = apps.get_model("leads.Lead")


class StreamTest(OrgTestCase):
    @classmethod
    def setUpTestData(cls) -> None:
        super().setUpTestData()
        cls.rows = one_of_each(cls.alice, "ourmarker")
        cls.lead = cls.rows[Lead]

    def last(self, number: int = 1) -> list[Activity]:
        with org_scope(self.org):
            return list(Activity.objects.order_by("-id")[:number])

    def run_sql(self, sql: str, *values: Any) -> None:
        with connection.cursor() as cursor:
            cursor.execute(sql, values)

    def test_raw_sql_is_recorded_with_who_and_through_what(self) -> None:
        with org_scope(self.uma, source="import", request_id="request-77"):
            self.run_sql("UPDATE leads SET company = 'Raw' WHERE id = %s", self.lead.pk)
        entry = self.last()[0]
        self.assertEqual((entry.record_type, entry.record_id, entry.action), ("lead", self.lead.pk, "update"))
        self.assertEqual(entry.changes, {"company": ["ourmarker", "Raw"]})
        self.assertEqual((entry.actor_id, entry.user_id), (self.uma.pk, self.uma.user_id))
        self.assertEqual((entry.source, entry.request_id, entry.org_id), ("import", "request-77", self.org.pk))

    def test_bulk_writes_are_recorded_row_by_row(self) -> None:
        with org_scope(self.alice):
            tags = Tag.objects.bulk_create([Tag(name=f"bulk {number}") for number in range(3)])
            Tag.objects.filter(name__startswith="bulk").update(color="#000000")
            Tag.objects.filter(name__startswith="bulk").delete()
        for action in ("purge", "update", "create"):
            with org_scope(self.org):
                recorded = Activity.objects.filter(record_id__in=[tag.pk for tag in tags], action=action)
                self.assertEqual(recorded.count(), 3)

    def test_links_are_changes_of_the_record(self) -> None:
        with org_scope(self.alice):
            tag = Tag.objects.create(name="linked")
            self.lead.tags.add(tag)
            self.assertEqual(self.last()[0].changes, {"tags": [None, str(tag.pk)]})
            self.lead.tags.remove(tag)
        entry = self.last()[0]
        self.assertEqual((entry.record_type, entry.record_id), ("lead", self.lead.pk))
        self.assertEqual(entry.changes, {"tags": [str(tag.pk), None]})

    def test_hidden_columns_never_appear(self) -> None:
        with org_scope(self.alice):
            invitation, attachment = Invitation.objects.get(), Attachment.objects.get()
            invitation.token_hash = "changed"
            invitation.email = "new@ours.example"
            invitation.save()
            Attachment.objects.update(file="attachments/secret", size=9)
            names = [set(entry.changes) for entry in Activity.objects.filter(record_id__in=[invitation.pk, attachment.pk])]
            invitation.delete()
            attachment.delete()
            purged = [set(entry.changes) for entry in Activity.objects.filter(action="purge")]
        self.assertEqual(len(names), 4)
        for changed in names + purged:
            self.assertFalse(changed & {"token_hash", "file", "search", "updated_at"})
        self.assertIn({"email"}, names)

    def test_every_table_that_says_it_is_tracked_is(self) -> None:
        for model, row in self.rows.items():
            if model.tracked and model is not Activity:
                with self.subTest(model.__name__), org_scope(self.org):
                    self.assertTrue(Activity.objects.filter(record_id=row.pk, action="create").exists())

    def test_a_change_of_nothing_leaves_nothing(self) -> None:
        before = self.last()[0].pk
        with org_scope(self.alice):
            self.lead.save()
            self.run_sql("UPDATE leads SET name = name")
        self.assertEqual(self.last()[0].pk, before)

    def test_a_change_that_is_rolled_back_leaves_nothing(self) -> None:
        before = self.last()[0].pk
        with org_scope(self.alice), transaction.atomic():
            Lead.objects.update(name="never")
            transaction.set_rollback(True)
        self.assertEqual(self.last()[0].pk, before)

    def test_the_platform_and_the_system_are_named_as_what_they_are(self) -> None:
        with all_orgs(user_id=self.max.user_id, source="admin"):
            Tag.objects.create(name="by staff", org=self.org)
        staff = self.last()[0]
        self.assertEqual((staff.actor_id, staff.user_id, staff.source), (None, self.max.user_id, "admin"))
        with org_scope(self.org):
            Tag.objects.create(name="by a task")
        system = self.last()[0]
        self.assertEqual((system.actor_id, system.user_id, system.source), (None, None, "system"))

    def test_what_a_client_says_cannot_forge_the_actor(self) -> None:
        forged = f"x', ''); SELECT 1; -- {self.max.pk}"
        with org_scope(self.uma, source="api'; --", request_id=forged):
            Tag.objects.create(name="honest")
        entry = self.last()[0]
        self.assertEqual((entry.actor_id, entry.source), (self.uma.pk, "api--"))
        self.assertNotIn("'", entry.request_id)
        self.assertNotIn(" ", entry.request_id)

    def test_delete_and_restore_have_their_own_words(self) -> None:
        with org_scope(self.alice):
            self.run_sql("UPDATE leads SET deleted_at = now()")
            self.run_sql("UPDATE leads SET deleted_at = NULL")
            self.assertEqual([entry.action for entry in self.last(2)], ["restore", "delete"])
