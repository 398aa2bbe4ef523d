"""What an admin does with records in the Django admin, and what the activity stream says of it afterwards."""

from itertools import groupby
from typing import Any

from django.contrib.admin.models import LogEntry
from django.core.files.base import ContentFile
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from accounts.models import Account
from common.activity.models import Activity
from common.custom_fields.models import CustomField
from common.people.models import Role
from common.records.models import RECORD_MODELS, Attachment, Comment, Pipeline, Stage, Tag
from common.tenancy import org_scope
from leads.models import Lead

from .admin_rows import TENANT_MODELS, AdminTestCase, make_record, make_row, name_of


class AdminTest(AdminTestCase):
    # --- records

    def test_every_record_type_can_be_added_changed_binned_and_restored(self) -> None:
        client = self.browser()
        for model in RECORD_MODELS.values():
            with self.subTest(model.__name__):
                page = client.get(self.url(model, "add"))
                added = client.post(self.url(model, "add"), {**self.form_values(page), name_of(model): "Kiwi"})
                self.assertRedirects(added, self.url(model, "changelist"))
                with org_scope(self.org):
                    row = model.objects.get(**{name_of(model): "Kiwi"})
                self.assertEqual((row.org_id, row.created_by_id), (self.org.pk, self.alice.pk))
                self.change(row, client, **{name_of(model): "Mango"})
                self.assertEqual(getattr(self.fresh(row), name_of(model)), "Mango")
                self.assertRedirects(
                    client.post(self.url(model, "delete", row.pk), {"post": "yes"}), self.url(model, "changelist")
                )
                self.assertIsNotNone(self.fresh(row).deleted_at)
                self.assertNotContains(client.get(self.url(model, "changelist")), "Mango")
                self.assertContains(client.get(self.url(model, "changelist") + "?bin=1"), "Mango")
                self.assertEqual(client.post(self.url(model, "change", row.pk), {name_of(model): "x"}).status_code, 403)
                self.act(model, "restore", row, query="?bin=1", client=client)
                self.assertIsNone(self.fresh(row).deleted_at)
                self.act(model, "move_to_bin", row, client=client)
                self.assertIsNotNone(self.fresh(row).deleted_at)
                story = self.changes_of(row)
                actions = [action for action, _ in groupby(entry.action for entry in story)]
                self.assertEqual(actions, ["create", "update", "delete", "restore", "delete"])
                self.assertEqual({(entry.source, entry.actor_id) for entry in story}, {("admin", self.alice.pk)})

    def test_a_form_that_was_opened_before_somebody_elses_change_is_refused_once(self) -> None:
        lead, client = self.ours[Lead], self.browser()
        url = self.url(Lead, "change", lead.pk)
        values = self.form_values(client.get(url)) | {"email": "ada@x.example"}
        self.client_of(self.alice).patch(f"/api/v1/leads/{lead.pk}/", {"company": "Meanwhile Ltd"})
        page = client.post(url, values)
        self.assertIn("Somebody changed this", self.errors(page))
        self.assertEqual(self.fresh(lead).company, "Meanwhile Ltd")
        self.assertContains(page, f'name="seen" value="{self.fresh(lead).updated_at.isoformat()}"')
        client.post(url, values | {"seen": self.fresh(lead).updated_at.isoformat()})
        self.assertEqual((self.fresh(lead).company, self.fresh(lead).email), ("", "ada@x.example"))

    def test_only_what_was_changed_is_written_and_told(self) -> None:
        with CaptureQueriesContext(connection) as queries:
            self.change(self.ours[Lead], email="ada@x.example")
        written = [query["sql"] for query in queries if 'UPDATE "leads"' in query["sql"]]
        self.assertEqual(len(written), 1)
        self.assertNotIn('"company" =', written[0])
        self.assertEqual(self.fresh(self.ours[Lead]).updated_by_id, self.alice.pk)
        self.assertEqual(set(self.changes_of(self.ours[Lead])[-1].changes), {"email"})

    def test_links_are_kept_and_told(self) -> None:
        lead, tag = self.ours[Lead], self.ours[Tag]
        response = self.change(lead, tags=[tag.pk], assigned_to=[self.max.pk])
        self.assertEqual(response.status_code, 302)
        with org_scope(self.org):
            self.assertEqual(list(lead.tags.all()), [tag])
        history = self.browser().get(self.url(Lead, "history", lead.pk))
        self.assertContains(history, tag.name)
        self.assertContains(history, "Max")

    def test_a_binned_reference_stays_and_is_not_offered(self) -> None:
        account, lead = self.ours[Account], self.ours[Lead]
        with org_scope(self.org):
            contact = make_record(RECORD_MODELS["contact"], "Ada", account=account)
        self.act(Account, "move_to_bin", account)
        self.change(contact, title="CEO")
        after = self.fresh(contact)
        self.assertEqual((after.account_id, after.title), (account.pk, "CEO"))
        where = {"app_label": "contacts", "model_name": "contact", "field_name": "account", "term": ""}
        self.assertNotIn(str(account.pk), str(self.browser().get(reverse("admin:autocomplete"), where).json()))
        self.assertTrue(lead)

    def test_a_card_that_changes_its_column_becomes_the_last_there(self) -> None:
        with org_scope(self.org):
            first, second = (make_record(Lead, word) for word in ("one", "two"))
            won = Stage.objects.get(name="Closed win")
        self.change(second, stage=won.pk)
        self.change(first, stage=won.pk)
        self.assertGreater(self.fresh(first).card_order, self.fresh(second).card_order)

    def test_a_stage_of_another_module_is_refused(self) -> None:
        with org_scope(self.org):
            stage = Stage.objects.filter(pipeline__module="opportunities").first()
        self.assertIn("stage", self.errors(self.change(self.ours[Lead], stage=stage.pk)))

    def test_bad_values_are_said_on_the_page(self) -> None:
        lead = self.ours[Lead]
        for name, value in (
            ("name", ""),
            ("name", "a\x00b"),
            ("name", "x" * 201),
            ("email", "nobody"),
            ("value", "NaN"),
            ("value", "-1"),
            ("value", "9" * 40),
            ("probability", "101"),
            ("close_date", "31.31.2026"),
            ("notes", "x" * 100_001),
            ("stage", "x"),
            ("tags", ["x"]),
            ("tags", ["0192d3c0-0000-7000-8000-000000000000"]),
        ):
            with self.subTest(f"{name}={str(value)[:20]!r}"):
                self.assertIn(name, self.errors(self.change(lead, **{name: value})))

    def test_values_are_stored_as_the_api_stores_them(self) -> None:
        self.change(self.ours[Lead], phone="+49 30 901820", external_id="")
        after = self.fresh(self.ours[Lead])
        self.assertEqual((after.phone, after.external_id), ("+4930901820", None))

    # --- custom fields

    def define(self, key: str, type: str, **more: Any) -> None:
        with org_scope(self.org):
            CustomField.objects.create(module="leads", key=key, label=key.title(), type=type, **more)

    def test_custom_fields_are_inputs_of_their_type(self) -> None:
        lead, account = self.ours[Lead], self.ours[Account]
        sizes = {"options": ["S", "L"]}
        for key, type_, more in (
            ("note", "text", {}), ("grade", "number", {}), ("budget", "money", {}), ("met", "date", {}),
            ("size", "choice", sizes),
            ("sizes", "multi_choice", sizes), ("vip", "boolean", {}), ("site", "url", {}),
            ("firm", "relation", {"target": "accounts"}),
        ):  # fmt: skip
            self.define(key, type_, **more)
        values = {"note": "🍋", "grade": "7", "budget": "12.5", "met": "2026-01-31", "size": "L", "sizes": ["S", "L"]}
        values |= {"vip": "true", "site": "https://x.example/", "firm": account.pk}
        self.assertEqual(self.change(lead, **{f"cf_{key}": value for key, value in values.items()}).status_code, 302)
        stored = {**values, "grade": 7, "budget": "12.50", "vip": True, "firm": str(account.pk)}
        self.assertEqual(self.fresh(lead).custom_fields, stored)
        self.assertEqual(set(self.changes_of(lead)[-1].changes), {"custom_fields"})
        self.assertEqual(self.change(lead, company="X").status_code, 302)
        self.assertEqual((self.fresh(lead).custom_fields, self.fresh(lead).company), (stored, "X"))
        self.change(lead, cf_size="", cf_vip="false")
        del stored["size"]
        self.assertEqual(self.fresh(lead).custom_fields, {**stored, "vip": False})
        for name, bad in (("grade", "x"), ("met", "31.31.2026"), ("size", "XL"),
                          ("firm", self.theirs[Account].pk), ("site", "javascript:1"),
                          ("budget", "1.23456"), ("note", "a\x00")):  # fmt: skip
            self.assertIn(f"cf_{name}", self.errors(self.change(lead, **{f"cf_{name}": bad})))

    def test_a_required_custom_field_and_a_field_of_another_org(self) -> None:
        client = self.browser()
        self.assertNotContains(client.get(self.url(Lead, "add")), "zebra")
        self.define("size", "text", required=True)
        page = client.get(self.url(Lead, "add"))
        self.assertContains(page, 'name="cf_size"')
        values = self.form_values(page) | {"name": "Kiwi"}
        self.assertIn("cf_size", self.errors(client.post(self.url(Lead, "add"), values)))
        self.assertEqual(client.post(self.url(Lead, "add"), {**values, "cf_size": "L"}).status_code, 302)
        with org_scope(self.org):
            self.assertEqual(Lead.objects.get(name="Kiwi").custom_fields, {"size": "L"})

    def test_custom_fields_are_managed_as_over_the_api(self) -> None:
        client, url = self.browser(), self.url(CustomField, "add")
        values = {"module": "leads", "key": "size", "label": "Size", "type": "choice", "options": "S\nL", "position": 0}
        self.assertIn("options", self.errors(client.post(url, {**values, "options": ""})))
        self.assertIn("module", self.errors(client.post(url, {**values, "module": "nonsense"})))
        self.assertEqual(client.post(url, values).status_code, 302)
        with org_scope(self.org):
            field = CustomField.objects.get(key="size")
        self.assertEqual(field.options, ["S", "L"])
        self.change(self.ours[Lead], cf_size="L")
        self.assertIn("would not fit", self.errors(self.change(field, options="S")))
        client.post(self.url(CustomField, "delete", field.pk), {"post": "yes"})
        self.assertTrue(self.fresh(field).is_archived)
        self.assertNotContains(client.get(self.url(Lead, "change", self.ours[Lead].pk)), "cf_size")

    def test_an_external_id_is_unique_even_against_the_bin(self) -> None:
        with org_scope(self.org):
            other = make_record(Lead, "other", external_id="E1")
        self.assertIn("already", self.errors(self.change(self.ours[Lead], external_id="E1")))
        self.act(Lead, "move_to_bin", other)
        response = self.change(self.ours[Lead], external_id="E1")
        self.assertContains(self.browser().get(response["Location"]), "")
        self.assertEqual(response.status_code, 302)
        self.assertIsNone(self.fresh(self.ours[Lead]).external_id)

    def test_search_finds_by_the_beginning_of_a_word(self) -> None:
        client = self.browser()
        with org_scope(self.org):
            lead = make_record(Lead, "Grapefruit Juice")
        for query, found in (
            ("?q=grapef", True),
            ("?q=juice+grape", True),
            ("?q=fruit", False),
            ("?q=zzz", False),
            ("?q=grapef&bin=1", False),
        ):
            self.assertEqual(str(lead.pk) in client.get(self.url(Lead, "changelist") + query).content.decode(), found, query)
        self.act(Lead, "move_to_bin", lead)
        self.assertContains(client.get(self.url(Lead, "changelist") + "?q=grapef&bin=1"), str(lead.pk))
        self.assertNotContains(client.get(self.url(Lead, "changelist") + "?q=grapef"), str(lead.pk))

    def test_filters(self) -> None:
        client = self.browser()
        with org_scope(self.org):
            won = Stage.objects.get(name="Closed win")
            lead = make_record(Lead, "Winner", stage=won)
            lead.tags.add(self.ours[Tag])
        for query in (f"?stage__id__exact={won.pk}", f"?tags__id__exact={self.ours[Tag].pk}"):
            text = client.get(self.url(Lead, "changelist") + query).content.decode()
            self.assertIn("Winner", text)
            self.assertNotIn(str(self.ours[Lead].pk), text)

    # --- comments and files

    def test_a_comment_hangs_on_exactly_one_record(self) -> None:
        client, lead, account = self.browser(), self.ours[Lead], self.ours[Account]
        for on in ({}, {"lead": lead.pk, "account": account.pk}):
            self.assertIn("exactly one", self.errors(client.post(self.url(Comment, "add"), {"comment": "Hello", **on})))
        self.assertEqual(client.post(self.url(Comment, "add"), {"comment": "Hello", "lead": lead.pk}).status_code, 302)
        with org_scope(self.org):
            comment = Comment.objects.get(comment="Hello")
        self.change(comment, comment="Goodbye", lead="", account=account.pk)
        after = self.fresh(comment)
        self.assertEqual((after.comment, after.lead_id, after.account_id), ("Goodbye", lead.pk, None))

    def test_deleting_an_attachment_deletes_its_file(self) -> None:
        row, client = self.ours[Attachment], self.browser()
        row.file.storage.save(row.file.name, ContentFile(b"x"))
        with self.captureOnCommitCallbacks(execute=True):
            client.post(self.url(Attachment, "delete", row.pk), {"post": "yes"})
        self.assertFalse(row.file.storage.exists(row.file.name))
        self.assertEqual(self.changes_of(row)[-1].action, "purge")

    # --- pipelines

    def test_a_module_always_has_one_default_pipeline(self) -> None:
        client, new = self.browser(), self.ours[Pipeline]
        with org_scope(self.org):
            default = Pipeline.objects.get(module="leads", is_default=True)
        self.assertNotContains(client.get(self.url(Pipeline, "change", default.pk)), 'name="is_default"')
        self.assertEqual(self.change(default, name="Renamed", is_default="").status_code, 302)
        self.assertEqual((self.fresh(default).name, self.fresh(default).is_default), ("Renamed", True))
        self.assertEqual(client.post(self.url(Pipeline, "delete", default.pk), {"post": "yes"}).status_code, 403)
        self.assertEqual(self.change(new, is_default="on", module="opportunities").status_code, 302)
        self.assertEqual((self.fresh(new).is_default, self.fresh(new).module), (True, "leads"))
        self.assertFalse(self.fresh(default).is_default)

    def test_stages_are_edited_with_their_pipeline(self) -> None:
        pipeline, client = self.ours[Pipeline], self.browser()
        url = self.url(Pipeline, "change", pipeline.pk)
        values = self.form_values(client.get(url)) | {"stages-TOTAL_FORMS": 1}
        stage = {"name": "Tasting", "position": 0, "kind": "open", "probability": 10}
        bad = {f"stages-0-{name}": value for name, value in {**stage, "probability": 101}.items()}
        self.assertContains(client.post(url, {**values, **bad}), "outside its allowed range")
        self.assertEqual(
            client.post(url, {**values, **{f"stages-0-{name}": value for name, value in stage.items()}}).status_code, 302
        )
        with org_scope(self.org):
            made = Stage.objects.get(name="Tasting")
        self.assertEqual((made.pipeline_id, self.changes_of(made)[-1].source), (pipeline.pk, "admin"))

    def test_a_stage_in_use_is_not_deleted(self) -> None:
        stage = self.ours[Lead].stage
        for page in (
            self.browser().post(self.url(Stage, "delete", stage.pk), {"post": "yes"}),
            self.browser().post(
                self.url(Stage, "changelist"), {"action": "delete_selected", "_selected_action": [stage.pk], "post": "yes"}
            ),
        ):
            self.assertContains(page, "protected")
        self.assertTrue(self.fresh(stage))

    # --- the stream

    def test_whatever_is_added_or_deleted_is_in_the_stream(self) -> None:
        client = self.browser()
        for model, values in ((Tag, {"name": "new", "color": "#1f9d55"}), (Role, {"name": "new", "permissions": "{}"})):
            with self.subTest(model.__name__):
                client.post(self.url(model, "add"), values)
                with org_scope(self.org):
                    row = model.objects.get(name="new")
                client.post(self.url(model, "delete", row.pk), {"post": "yes"})
                story = self.changes_of(row)
                self.assertEqual(
                    [(entry.action, entry.source, entry.actor_id) for entry in story],
                    [("create", "admin", self.alice.pk), ("purge", "admin", self.alice.pk)],
                )
        self.assertEqual(LogEntry.objects.count(), 0)

    def test_history_tells_who_what_before_and_after(self) -> None:
        lead, client = self.ours[Lead], self.browser()
        with org_scope(self.org):
            won = Stage.objects.get(name="Closed win")
        self.change(lead, client, stage=won.pk, company="Lemon & Sons")
        page = client.get(self.url(Lead, "history", lead.pk))
        for text in ("Alice", "admin", "Interest →", "Closed win", "Lemon &amp; Sons"):
            self.assertContains(page, text)
        self.assertNotContains(page, str(won.pk))

    def test_the_stream_is_read_only(self) -> None:
        entry, client = self.ours[Activity], self.browser()
        self.assertContains(client.get(self.url(Activity, "change", entry.pk)), "apple")
        for url in (self.url(Activity, "change", entry.pk), self.url(Activity, "delete", entry.pk), self.url(Activity, "add")):
            self.assertEqual(client.post(url, {"action": "x", "post": "yes"}).status_code, 403)

    # --- costs

    def test_lists_cost_the_same_for_few_rows_and_many(self) -> None:
        for client in (self.browser(), self.browser(self.staff)):
            for number, model in enumerate(TENANT_MODELS):
                with self.subTest(model.__name__):
                    url = self.url(model, "changelist")
                    few = self.count(client, url)
                    with org_scope(self.alice):
                        for word in ("fig", "date", "lime"):
                            make_row(model, f"{word}{number}{client.session['_auth_user_id'][-4:]}", self.alice)
                    if model is Activity:  # which names the records of each kind in one statement
                        self.assertLessEqual(self.count(client, url), 8 + len(TENANT_MODELS))
                        continue
                    self.assertEqual(self.count(client, url), few)
                    self.assertLessEqual(few, 12)

    def test_suggestions_cost_the_same_for_few_rows_and_many(self) -> None:
        client = self.browser()
        client.get(reverse("admin:index"))
        url = reverse("admin:autocomplete") + "?app_label=leads&model_name=lead&field_name=assigned_to&term="
        few = self.count(client, url)
        for name in ("bea", "cleo", "dora"):
            self.join(name, "user")
        self.assertEqual(self.count(client, url), few)
