"""The Django admin, page by page as generated from its registry: nobody reaches another organization's rows."""

from django.contrib import admin
from django.core.files.base import ContentFile
from django.urls import reverse

from common.people.models import Invitation, Profile
from common.records.models import RECORD_MODELS, Attachment, Comment, Pipeline, Stage, Tag
from common.tenancy import org_scope
from leads.models import Lead

from .admin_rows import STAFF_MODELS, TENANT_MODELS, AdminTestCase

NOWHERE = "0192d3c0-0000-7000-8000-000000000000"
BAD_IDS = ["x", "%00", "9" * 400, "_5F"]


class AdminIsolationTest(AdminTestCase):
    def test_every_page_shows_our_rows_and_none_of_theirs(self) -> None:
        client = self.browser()
        for model, row in self.ours.items():
            urls = [self.url(model, "changelist"), *self.pages(model, row.pk)]
            for url in urls:
                with self.subTest(url):
                    response = client.get(url)
                    page = url.rstrip("/").rpartition("/")[2]
                    may_delete = admin.site._registry[model].has_delete_permission(response.wsgi_request, row)
                    self.assertEqual(response.status_code, 403 if page == "delete" and not may_delete else 200)
                    self.assert_no_leak(response)
                    if url == urls[0]:
                        self.assertIn(str(row.pk), response.content.decode())

    def test_their_rows_are_not_found_like_rows_that_never_were(self) -> None:
        client = self.browser()
        for model, row in self.theirs.items():
            for theirs, nowhere in zip(self.pages(model, row.pk), self.pages(model, NOWHERE), strict=True):
                with self.subTest(theirs):
                    answers = []
                    for url, pk in ((theirs, row.pk), (nowhere, NOWHERE)):
                        for response in (client.get(url), client.post(url, {"post": "yes"})):
                            said = client.get(response["Location"]) if response.status_code == 302 else response
                            self.assert_no_leak(said, row.pk)
                            messages = (
                                [str(message).replace(str(pk), "") for message in said.context["messages"]]
                                if said.context
                                else []
                            )
                            answers.append((response.status_code, response.get("Location"), messages))
                    self.assertEqual(answers[:2], answers[2:])
                    self.assertIn(answers[0][0], (302, 403))

    def test_ids_that_are_none_end_well(self) -> None:
        client = self.browser()
        for model in TENANT_MODELS:
            for bad in BAD_IDS:
                for page in ("change", "history", "delete"):
                    url = self.url(model, page, NOWHERE).replace(NOWHERE, bad)
                    with self.subTest(url):
                        self.assertIn(client.get(url).status_code, (302, 403, 404))

    def test_add_pages_offer_nothing_of_theirs(self) -> None:
        client = self.browser()
        for model in TENANT_MODELS:
            with self.subTest(model.__name__):
                response = client.get(self.url(model, "add"))
                self.assertIn(response.status_code, (200, 403))
                self.assert_no_leak(response)

    def test_filters_search_and_order_stay_inside(self) -> None:
        client = self.browser()
        for model, row in self.theirs.items():
            url = self.url(model, "changelist")
            references = [field.name for field in model._meta.fields if field.many_to_one and getattr(row, field.attname)]
            queries = [f"?{name}__id__exact={getattr(row, name + '_id')}" for name in references]
            queries += [
                "?q=zebr",
                "?q=%00",
                "?q=%F0%9F%98%80",
                "?bin=1",
                "?bin=1&q=zebr",
                "?o=1.2.3.4.5",
                "?o=-99",
                "?p=9999",
                "?p=x",
                "?all=",
            ]
            queries += [
                f"?org={self.other.pk}",
                f"?org__id__exact={self.other.pk}",
                "?_popup=1",
                "?_to_field=id",
                "?_to_field=org",
                "?_facets=1",
            ]
            queries += ["?is_active__exact=x", "?stage__id__exact=x", "?role__id__exact=%00", "?e=1"]
            for query in queries:
                with self.subTest(url + query):
                    response = client.get(url + query)
                    self.assertIn(response.status_code, (200, 302, 400))
                    self.assert_no_leak(response, *(getattr(row, name + "_id") for name in references), self.other.pk)

    def test_only_declared_filters_ask_only_exactly(self) -> None:
        """Any other lookup would tell, bit by bit, what no page shows."""
        client = self.browser()
        oracles = [
            "created_by__user__password__startswith=a",
            "created_by__user__email__startswith=m",
            "org__name__startswith=T",
            "id__gt=0",
            "created_at__gte=2020-01-01",
            "name__startswith=a",
            "assigned_to__user__email=mallory@example.com",
            "stage__pipeline__name__contains=e",
            "is_active__in__x=1",
            "token_hash__startswith=a",
            "user__password__startswith=a",
            "role__permissions__contains=a",
        ]
        for model in TENANT_MODELS:
            for oracle in oracles:
                with self.subTest(f"{model.__name__} {oracle}"):
                    self.assertEqual(client.get(f"{self.url(model, 'changelist')}?{oracle}").status_code, 400)

    def test_suggestions_are_ours(self) -> None:
        client, url, asked = self.browser(), reverse("admin:autocomplete"), 0
        for model in TENANT_MODELS:
            for field in (*model._meta.fields, *model._meta.many_to_many, *model._meta.related_objects):
                if not field.is_relation:
                    continue
                for term in ("", "zebr", "\x00"):
                    where = {"app_label": model._meta.app_label, "model_name": model._meta.model_name, "field_name": field.name}
                    with self.subTest(f"{model.__name__}.{field.name} {term!r}"):
                        response = client.get(url, {**where, "term": term})
                        self.assert_no_leak(response)
                        if field.related_model in (*STAFF_MODELS,):
                            self.assertIn(response.status_code, (403, 404))
                        else:
                            self.assertIn(response.status_code, (200, 403, 404))
                            asked += response.status_code == 200
        self.assertGreater(asked, 50)

    def test_suggestions_find_ours(self) -> None:
        client, url = self.browser(), reverse("admin:autocomplete")
        for name, target in (("tags", Tag), ("stage", Stage), ("assigned_to", Profile)):
            term = str(self.ours[target])
            found = client.get(url, {"app_label": "leads", "model_name": "lead", "field_name": name, "term": term}).json()
            self.assertEqual([row["text"] for row in found["results"]], [term])

    def test_a_stage_of_another_module_is_not_suggested(self) -> None:
        where = {"app_label": "opportunity", "model_name": "opportunity", "field_name": "stage"}
        found = self.browser().get(reverse("admin:autocomplete"), {**where, "term": ""}).json()["results"]
        names = [row["text"] for row in found if not row["text"].startswith("apple")]
        self.assertEqual(names, ["Qualification", "Proposal", "Negotiation", "Won", "Lost"])

    def test_references_to_their_rows_are_refused(self) -> None:
        client, tried = self.browser(), 0
        for model, row in self.ours.items():
            page = client.get(self.url(model, "change", row.pk))
            if page.status_code != 200 or not page.context["adminform"].form.fields:
                continue
            values = self.form_values(page)
            for field in (*model._meta.fields, *model._meta.many_to_many):
                if field.name not in page.context["adminform"].form.fields or not field.is_relation:
                    continue
                tried += 1
                foreign = self.theirs[field.related_model].pk
                with self.subTest(f"{model.__name__}.{field.name}"):
                    response = client.post(page.wsgi_request.path, {**values, field.name: [foreign]})
                    self.assertEqual(response.status_code, 200)
                    self.assertIn(field.name, response.context["adminform"].form.errors)
                    self.assert_no_leak(response, foreign)
                    with org_scope(self.org):
                        self.assertFalse(model._base_manager.filter(**{f"{field.name}__in": [foreign]}).exists())
        self.assertGreater(tried, 15)

    def test_adding_with_their_rows_is_refused(self) -> None:
        client = self.browser()
        theirs = self.theirs
        tries = [
            (Lead, {"name": "new", "stage": theirs[Stage].pk, "custom_fields": "{}"}, "stage"),
            (Comment, {"comment": "new", "lead": theirs[Lead].pk}, "lead"),
            (
                Stage,
                {"name": "new", "pipeline": theirs[Pipeline].pk, "kind": "open", "position": 0, "probability": 0},
                "pipeline",
            ),
            (Invitation, {"email": "new@x.example", "role": theirs[Profile].role_id}, "role"),
        ]
        for model, values, name in tries:
            with self.subTest(model.__name__), org_scope(self.org):
                before = model._base_manager.count()
                response = client.post(self.url(model, "add"), values)
                self.assertIn(name, response.context["adminform"].form.errors)
                self.assertEqual(model._base_manager.count(), before)

    def test_an_inline_row_of_theirs_is_refused(self) -> None:
        client, pipeline, foreign = self.browser(), self.ours[Pipeline], self.theirs[Stage]
        url = self.url(Pipeline, "change", pipeline.pk)
        values = self.form_values(client.get(url))
        values |= {"stages-TOTAL_FORMS": 1, "stages-INITIAL_FORMS": 1}
        values |= {"stages-0-id": foreign.pk, "stages-0-pipeline": pipeline.pk, "stages-0-name": "stolen"}
        values |= {"stages-0-position": 0, "stages-0-kind": "open", "stages-0-probability": 0}
        response = client.post(url, values)
        self.assert_no_leak(response, foreign.pk)
        with org_scope(self.other):
            self.assertNotEqual(Stage.objects.get(pk=foreign.pk).name, "stolen")

    def test_actions_do_not_touch_their_rows(self) -> None:
        client = self.browser()
        for model, row in self.theirs.items():
            for action in ("delete_selected", "move_to_bin", "restore", "end_all_sessions", "mail_reset"):
                with self.subTest(f"{model.__name__} {action}"):
                    before = self.changes_of(row)
                    for more in ({}, {"post": "yes"}, {"select_across": "1"}):
                        response = client.post(
                            self.url(model, "changelist"),
                            {"action": action, "_selected_action": [row.pk], "select_across": "0", "index": 0, **more},
                        )
                        self.assertIn(response.status_code, (200, 302, 403))
                        self.assert_no_leak(response, row.pk)
                    self.assertEqual(len(self.changes_of(row)), len(before))
                    with org_scope(self.other):
                        self.assertTrue(model._base_manager.filter(pk=row.pk).exists())

    def test_their_file_is_not_found(self) -> None:
        client = self.browser()
        for row in (self.ours[Attachment], self.theirs[Attachment]):
            row.file.storage.save(row.file.name, ContentFile(row.file_name.encode()))
        ours = client.get(self.url(Attachment, "download", self.ours[Attachment].pk))
        self.assertTrue(b"".join(ours.streaming_content).startswith(b"apple"))
        self.assertTrue(ours["Content-Disposition"].startswith("attachment"))
        for theirs in (client.get(self.url(Attachment, "download", pk)) for pk in (self.theirs[Attachment].pk, NOWHERE)):
            self.assertEqual(theirs.status_code, 404)

    def test_first_page_and_menu_are_ours(self) -> None:
        response = self.browser().get(reverse("admin:index"))
        self.assertContains(response, "Ours")
        self.assertContains(response, "apple")
        self.assert_no_leak(response)
        for model in STAFF_MODELS:
            self.assertNotContains(response, f'href="{self.url(model, "changelist")}"')

    def test_the_platforms_own_rows_are_out_of_reach(self) -> None:
        client = self.browser()
        for model in STAFF_MODELS:
            row = model.objects.first()
            for url in [self.url(model, "changelist"), self.url(model, "add"), *self.pages(model, row.pk if row else NOWHERE)]:
                with self.subTest(url):
                    for response in (client.get(url), client.post(url, {"is_superuser": "on", "post": "yes"})):
                        self.assertIn(response.status_code, (403, 404))
                        self.assert_no_leak(response)

    def test_other_addresses_of_the_admin_do_not_leak(self) -> None:
        client = self.browser()
        user_type, lead_type = "1", "2"
        for path in (
            "search/?s=zebra",
            "search/?s=zebra&extended=1",
            "search/?s=a&page=x",
            f"r/{user_type}/{self.mallory.pk}/",
            f"r/{lead_type}/{NOWHERE}/",
            "common/",
            "leads/",
            "nonsense/",
            "jsi18n/",
        ):
            with self.subTest(path):
                response = client.get(f"/admin/{path}", follow=True)
                self.assertIn(response.status_code, (200, 404))
                self.assert_no_leak(response)

    def test_every_registered_model_is_walked(self) -> None:
        self.assertEqual(set(self.ours), set(TENANT_MODELS))
        self.assertTrue(set(RECORD_MODELS.values()) <= set(TENANT_MODELS))
