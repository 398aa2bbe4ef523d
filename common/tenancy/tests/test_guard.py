"""The first wall: whatever the ORM does to a tenant table carries the org, or raises."""

import re
from collections.abc import Callable
from copy import copy
from typing import Any

from django.apps import apps
from django.db import connection, models, transaction
from django.db.models import Count, Exists, F, FilteredRelation, OuterRef, Q, Subquery, Sum, Window
from django.test.utils import CaptureQueriesContext

from common.people.models import Profile, Role
from common.records.models import Comment, Pipeline, Stage, Tag
from common.tenancy import NoOrgScope, all_orgs, org_scope
from common.tenancy.tables import TENANT_TABLES
from common.testing import OrgTestCase
from common.testing.rows import one_of_each

Lead, Account, Contact, Team = (
    apps.get_model(name) for name in ("leads.Lead", "accounts.Account", "contacts.Contact", "teams.Team")
)
Case = Callable[["GuardTest"], Any]

READS: dict[str, Case] = {
    "select": lambda t: list(Lead.objects.all()),
    "get": lambda t: Lead.objects.get(pk=t.lead.pk),
    "inner join": lambda t: list(Lead.objects.filter(stage__pipeline__module="leads")),
    "left join": lambda t: list(Lead.objects.order_by("converted_account__name")),
    "select_related": lambda t: list(Lead.objects.select_related("stage__pipeline", "converted_account", "created_by__role")),
    "join through a many-to-many table": lambda t: list(Lead.objects.filter(tags__name=t.tag.name)),
    "exclude through a many-to-many table": lambda t: list(Lead.objects.exclude(tags__name="nothing")),
    "reverse join": lambda t: list(Pipeline.objects.filter(stages__kind="won").distinct()),
    "filtered relation": lambda t: list(
        Pipeline.objects.annotate(won=FilteredRelation("stages", condition=Q(stages__kind="won"))).filter(won__isnull=False)
    ),
    "self join": lambda t: list(Account.objects.filter(Q(parent__name="x") | Q(name=t.account.name))),
    "subquery": lambda t: list(
        Lead.objects.annotate(stage_name=Subquery(Stage.objects.filter(pk=OuterRef("stage")).values("name")))
    ),
    "exists": lambda t: Lead.objects.filter(Exists(Comment.objects.filter(lead=OuterRef("pk")))).exists(),
    "in": lambda t: Lead.objects.filter(stage__in=Stage.objects.filter(kind="open")).count(),
    "aggregate": lambda t: Lead.objects.aggregate(Sum("value")),
    "aggregate over a subquery": lambda t: Lead.objects.distinct()[:5].aggregate(Sum("value")),
    "annotate": lambda t: list(Lead.objects.annotate(number=Count("tags"))),
    "group by": lambda t: list(Lead.objects.values("stage__name").annotate(number=Count("pk"))),
    "window": lambda t: list(Lead.objects.annotate(total=Window(Count("pk"), partition_by=F("stage")))),
    "union": lambda t: list(Lead.objects.filter(name="a").union(Lead.objects.exclude(name="a"))),
    "intersection": lambda t: list(Lead.objects.intersection(Lead.objects.exclude(name="a"))),
    "values": lambda t: list(Lead.objects.values_list("name", "stage__name")),
    "count": lambda t: Lead.objects.count(),
    "exists alone": lambda t: Lead.objects.exists(),
    "in_bulk": lambda t: Lead.objects.in_bulk([t.lead.pk]),
    "iterator": lambda t: list(Lead.objects.iterator(chunk_size=1)),
    "dates": lambda t: list(Lead.objects.datetimes("created_at", "day")),
    "latest": lambda t: Lead.objects.latest("created_at"),
    "explain": lambda t: Lead.objects.filter(name="a").explain(),
    "base manager": lambda t: list(Lead._base_manager.all()),
    "select_for_update": lambda t: list(Lead.objects.select_for_update(of=("self",)).select_related("stage")),
    "prefetch": lambda t: list(Lead.objects.prefetch_related("tags", "comments", "assigned_to__role")),
    "foreign key": lambda t: Comment.objects.get(pk=t.comment.pk).lead.stage,
    "foreign key of a kept row": lambda t: t.fresh(t.comment).lead,
    "reverse foreign key": lambda t: list(t.lead.comments.all()),
    "many-to-many": lambda t: list(t.lead.tags.all()),
    "refresh_from_db": lambda t: t.lead.refresh_from_db(),
    "visible_to": lambda t: list(Lead.objects.visible_to(t.uma, "edit")),
}
WRITES: dict[str, Case] = {
    "save": lambda t: t.lead.save(),
    "save some": lambda t: t.lead.save(update_fields=["name"]),
    "update": lambda t: Lead.objects.update(name="new"),
    "update by join": lambda t: Lead.objects.filter(stage__kind="open", tags__name=t.tag.name).update(name="new"),
    "update to a subquery": lambda t: Lead.objects.update(
        company=Subquery(Stage.objects.filter(pk=OuterRef("stage_id")).values("name"))
    ),
    "bulk_update": lambda t: Lead.objects.bulk_update([t.lead], ["name"]),
    "delete": lambda t: Comment.objects.all().delete(),
    "delete by join": lambda t: Comment.objects.filter(lead__stage__kind="open").delete(),
    "raw delete": lambda t: Comment.objects.all()._raw_delete("default"),
    "delete a row with cascades": lambda t: copy(t.lead).delete(),
    "insert": lambda t: t.new_tag.save(force_insert=True),
    "bulk_create": lambda t: Tag.objects.bulk_create([t.new_tag]),
    "bulk_create with conflicts": lambda t: Tag.objects.bulk_create([t.new_tag], ignore_conflicts=True),
    "update_or_create": lambda t: Tag.objects.update_or_create(name="another", defaults={"color": "#000000"}),
    "add": lambda t: t.lead.tags.add(t.second_tag),
    "set": lambda t: t.lead.tags.set([t.second_tag.pk]),
    "remove": lambda t: t.lead.tags.remove(t.tag),
    "clear": lambda t: t.lead.tags.clear(),
}


class GuardTest(OrgTestCase):
    @classmethod
    def setUpTestData(cls) -> None:
        super().setUpTestData()
        cls.theirs = one_of_each(cls.mallory, "theirmarker")
        rows = cls.rows = one_of_each(cls.alice, "ourmarker")
        cls.lead, cls.tag, cls.account = rows[Lead], rows[Tag], rows[Account]
        with org_scope(cls.alice):
            cls.second_tag = Tag.objects.create(name="second")
            cls.comment = Comment.objects.create(comment="ourmarker", lead=cls.lead)

    def setUp(self) -> None:
        with org_scope(self.alice):
            self.new_tag = Tag(name="new")

    def fresh(self, row: Any) -> Any:
        """The row without what it has loaded of others."""
        row._state.fields_cache.clear()
        return row

    def assert_every_block_names(self, org: Any, queries: Any) -> None:
        """Each mention of a tenant table has its own literal org."""
        for query in queries:
            sql = re.sub(r"EXPLAIN", "", query["sql"])
            tables = [name for name in re.findall(r'(?:FROM|JOIN|UPDATE|INTO)\s+"(\w+)"', sql) if name in TENANT_TABLES]
            literals = len(re.findall(rf"\"org_id\" = '{org.pk}'", sql))
            literals += len(re.findall(r'INSERT INTO "\w+" \([^)]*"org_id"', sql))
            self.assertGreaterEqual(literals, len(tables), sql)

    def test_nothing_works_without_a_scope(self) -> None:
        for name, case in {**READS, **WRITES}.items():
            with self.subTest(name), self.assertRaises(NoOrgScope), transaction.atomic():
                case(self)

    def test_every_block_carries_the_org_of_the_scope(self) -> None:
        for name, case in {**READS, **WRITES}.items():
            with self.subTest(name), org_scope(self.alice):
                with CaptureQueriesContext(connection) as queries, transaction.atomic():
                    case(self)
                    transaction.set_rollback(True)
                statements = [query for query in queries if "SAVEPOINT" not in query["sql"]]
                self.assertTrue(statements)
                self.assert_every_block_names(self.org, statements)

    def test_reads_give_only_rows_of_the_scope(self) -> None:
        for name, case in READS.items():
            with self.subTest(name), org_scope(self.alice), transaction.atomic():
                self.assertNotIn("theirmarker", str(case(self)))
        with org_scope(self.mallory):
            self.assertEqual([lead.name for lead in Lead.objects.all()], ["theirmarker"])

    def test_extra_tables_of_tenants_are_refused(self) -> None:
        with org_scope(self.alice), self.assertRaisesMessage(NoOrgScope, "leads"), transaction.atomic():
            list(Tag.objects.extra(tables=["leads"]))

    def test_a_queryset_of_a_class_serves_every_org(self) -> None:
        queryset = Lead.objects.filter(stage__kind="open")
        for profile, marker in ((self.alice, "ourmarker"), (self.mallory, "theirmarker"), (self.alice, "ourmarker")):
            with org_scope(profile):
                self.assertEqual([lead.name for lead in queryset.all()], [marker])
                self.assertEqual(queryset.count(), 1)

    def test_a_queryset_reads_the_org_in_which_it_is_evaluated(self) -> None:
        with org_scope(self.alice):
            queryset = Lead.objects.filter(tags__name__endswith="marker")
            subquery = Lead.objects.filter(pk__in=Comment.objects.values("lead"))
            str(queryset.query)
        with org_scope(self.mallory):
            self.assertEqual([lead.name for lead in queryset], ["theirmarker"])
            str(subquery.query)
        with org_scope(self.alice):
            self.assertEqual([lead.name for lead in subquery], ["ourmarker"])

    def test_a_pickled_or_cloned_query_carries_no_org(self) -> None:
        with org_scope(self.alice):
            queryset = Lead.objects.filter(name__endswith="marker")
            list(queryset)
            query = queryset.query.clone()
        copy = Lead.objects.all()
        copy.query = query
        with org_scope(self.mallory):
            self.assertEqual([lead.name for lead in copy], ["theirmarker"])

    def test_update_and_delete_leave_other_orgs_alone(self) -> None:
        with org_scope(self.alice):
            self.assertEqual(Lead.objects.filter(pk=self.theirs[Lead].pk).update(name="taken"), 0)
            self.assertEqual(Lead.objects.update(name="ours"), 1)
            Comment.objects.all().delete()
            Lead.with_bin.all().delete()
        with org_scope(self.mallory):
            self.assertEqual([lead.name for lead in Lead.objects.all()], ["theirmarker"])
            self.assertEqual(Comment.objects.count(), 1)

    def test_a_generator_ends_with_its_scope(self) -> None:
        def names() -> Any:
            for lead in Lead.objects.iterator():
                yield lead.name

        with org_scope(self.alice):
            walk = names()
        with self.assertRaises(NoOrgScope):
            next(walk)

    def test_platform_scope_reads_all_and_writes_only_rows_that_name_their_org(self) -> None:
        with all_orgs():
            self.assertEqual({lead.name for lead in Lead.objects.all()}, {"ourmarker", "theirmarker"})
            with self.assertRaises(NoOrgScope):
                Tag(name="whose?")
            tag = Tag.objects.create(name="named", org=self.other)
        with org_scope(self.other):
            self.assertTrue(Tag.objects.filter(pk=tag.pk).exists())
        with org_scope(self.org):
            self.assertFalse(Tag.objects.filter(pk=tag.pk).exists())


class GuardAloneTest(OrgTestCase):
    """With row-level security taken away: as the platform's role, which sees every row, but in a scope of one org."""

    @classmethod
    def setUpTestData(cls) -> None:
        super().setUpTestData()
        cls.theirs, cls.rows = one_of_each(cls.mallory, "theirmarker"), one_of_each(cls.alice, "ourmarker")

    def test_the_compiler_alone_keeps_to_the_org(self) -> None:
        with org_scope(self.alice), connection.cursor() as cursor:
            Lead.objects.count()
            cursor.execute("SET LOCAL ROLE crm_platform")
            cursor.execute("SELECT count(*) FROM leads WHERE org_id = %s", [str(self.other.pk)])
            self.assertEqual(cursor.fetchone()[0], 1)
            for model in (Lead, Account, Contact, Team, Profile, Role, Stage, Comment):
                self.assertNotIn("theirmarker", str(list(model._base_manager.values())))
            self.assertFalse(Lead.objects.filter(pk=self.theirs[Lead].pk).exists())
            self.assertFalse(Lead.tags.through.objects.filter(tag=self.theirs[Tag].pk).exists())
            self.assertEqual(Lead.objects.filter(pk=self.theirs[Lead].pk).update(name="taken"), 0)
            self.assertEqual(Comment.objects.filter(pk=self.theirs[Comment].pk).delete()[0], 0)
            cursor.execute("RESET ROLE")

    def test_every_model_is_guarded(self) -> None:
        for model in apps.get_models(include_auto_created=True):
            if model._meta.db_table in TENANT_TABLES:
                with self.subTest(model._meta.label), self.assertRaises(NoOrgScope):
                    model._base_manager.count()
        self.assertTrue(issubclass(Lead, models.Model))
