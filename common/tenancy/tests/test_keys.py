"""The third wall, with the others taken away: as the platform, whom policies let pass, and by raw SQL."""

from typing import Any

import pytest
from django.apps import apps
from django.db import IntegrityError, connection, transaction

from common.records.models import OnRecord
from common.tenancy import all_orgs, org_scope
from common.tenancy.fields import TenantForeignKey
from common.tenancy.owner import owner_connection
from common.tenancy.tables import TENANT_TABLES
from common.testing import OrgTestCase
from common.testing.committed import CommittedTestCase
from common.testing.rows import one_of_each

pytestmark = pytest.mark.raw_sql
Lead = apps.get_model("leads.Lead")


def references() -> list[tuple[Any, Any]]:
    """Every reference between tenant tables, those of many-to-many tables included."""
    return [
        (model, field)
        for model in apps.get_models(include_auto_created=True)
        if model._meta.db_table in TENANT_TABLES
        for field in model._meta.concrete_fields
        if isinstance(field, TenantForeignKey)
    ]


def is_one_of(field: Any) -> bool:
    """Whether the row may refer to one record only, and does so by another field."""
    about = issubclass(field.model, OnRecord) and field.name in field.model.record_types()
    return about or (field.model._meta.label, field.name) in {("opportunity.Goal", "profile"), ("opportunity.Goal", "team")}


def point(model: Any, field: Any, row: Any, target: Any) -> None:
    """Let a row refer to another, past ORM, policies and serializers."""
    with connection.cursor() as cursor:
        table, column = model._meta.db_table, field.column
        cursor.execute(f'UPDATE "{table}" SET "{column}" = %s WHERE id = %s AND org_id = %s', [target.pk, row.pk, row.org_id])
        assert cursor.rowcount == 1


class TenantKeyTest(OrgTestCase):
    @classmethod
    def setUpTestData(cls) -> None:
        super().setUpTestData()
        cls.theirs, cls.rows = one_of_each(cls.mallory, "theirmarker"), one_of_each(cls.alice, "ourmarker")

    def row_of(self, model: Any) -> Any:
        return self.rows[model] if model in self.rows else model._base_manager.filter(org=self.org).first()

    def test_no_reference_reaches_another_org(self) -> None:
        tried = 0
        with all_orgs():
            for model, field in references():
                with self.subTest(f"{model._meta.label}.{field.name}"):
                    row = self.row_of(model)
                    with self.assertRaises(IntegrityError) as caught, transaction.atomic():
                        point(model, field, row, self.theirs[field.related_model])
                    expected = {"23503"} | ({"23514"} if is_one_of(field) else set())
                    self.assertIn(caught.exception.__cause__.pgcode, expected)
                    tried += 1
        self.assertGreater(tried, 50)

    def test_the_same_reference_inside_the_org_is_taken(self) -> None:
        with all_orgs():
            for model, field in references():
                if not is_one_of(field):
                    with self.subTest(f"{model._meta.label}.{field.name}"), transaction.atomic():
                        target = self.rows[field.related_model]
                        point(model, field, self.row_of(model), target)

    def test_the_same_is_refused_in_the_orgs_own_scope(self) -> None:
        with org_scope(self.alice):
            for links in (Lead.tags, Lead.assigned_to, Lead.teams):
                target = self.theirs[links.field.related_model]
                with self.subTest(links.field.name), self.assertRaises(IntegrityError), transaction.atomic():
                    getattr(self.rows[Lead], links.field.name).add(target.pk)
            with self.assertRaises(IntegrityError), transaction.atomic():
                Lead.objects.update(converted_account_id=self.theirs[apps.get_model("accounts.Account")].pk)

    def test_deleting_what_others_refer_to_is_refused_in_sql(self) -> None:
        with all_orgs(), self.assertRaises(IntegrityError), transaction.atomic(), connection.cursor() as cursor:
            cursor.execute("DELETE FROM tags WHERE org_id = %s", [str(self.org.pk)])


class TenantKeyAsOwnerTest(CommittedTestCase):
    """The owner of the tables is bound by no policy and no compiler; only the keys are left."""

    def test_a_link_to_another_orgs_row_is_refused(self) -> None:
        theirs, ours = one_of_each(self.mallory, "theirmarker"), one_of_each(self.alice, "ourmarker")
        account = apps.get_model("accounts.Account")
        with owner_connection() as owner, owner.cursor() as cursor:
            cursor.execute("SELECT current_user::text, count(DISTINCT org_id) FROM leads")
            self.assertEqual(cursor.fetchone(), ("crm_owner", 2))
            for sql, target in (
                ("UPDATE leads SET converted_account_id = %s WHERE id = %s", theirs[account].pk),
                ("UPDATE leads_tags SET tag_id = %s WHERE lead_id = %s", theirs[apps.get_model("common.Tag")].pk),
            ):
                with self.subTest(sql), self.assertRaises(IntegrityError), transaction.atomic():
                    cursor.execute(sql, [target, ours[Lead].pk])
