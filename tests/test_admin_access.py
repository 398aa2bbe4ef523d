"""Who gets into the Django admin, how far, and that nobody gets further by what they post."""

from django.urls import reverse

from boards.models import Column
from common.activity.models import Activity
from common.notifications.models import Notification
from common.people.models import Profile, User
from common.records.models import Stage, Tag
from common.tenancy import org_scope
from leads.models import Lead

from .admin_rows import TENANT_MODELS, AdminTestCase

NOWHERE = "0192d3c0-0000-7000-8000-000000000000"


class AdminAccessTest(AdminTestCase):
    def test_the_menu_leads_to_every_page(self) -> None:
        page = self.browser().get(reverse("admin:index")).content.decode()
        shown = {model for model in TENANT_MODELS if f'href="{self.url(model, "changelist")}"' in page}
        self.assertEqual(set(TENANT_MODELS) - shown, {Stage, Column})  # on the pages of their pipeline and board

    def test_the_stream_calls_things_as_people_do(self) -> None:
        client, url = self.browser(), self.url(Activity, "changelist")
        pages = client.get(url).context["cl"].paginator.page_range
        text = "".join(client.get(url, {"p": page}).content.decode() for page in pages)
        self.assertTrue("created API key" in text)
        self.assertFalse("created apikey" in text)

    def test_everyone_else_is_refused_everywhere(self) -> None:
        urls = [reverse("admin:index"), reverse("admin:autocomplete")]
        for model, row in self.ours.items():
            urls += [self.url(model, "changelist"), self.url(model, "add"), *self.pages(model, row.pk)]
        members = [self.browser(profile) for profile in (self.max, self.vic)]
        for url in urls:
            for response in (self.anonymous().get(url), self.anonymous().post(url, {"post": "yes"})):
                self.assertRedirects(response, f"{reverse('admin:login')}?next={url}", fetch_redirect_response=False)
            for client in members:
                with self.subTest(url):
                    for response in (client.get(url, follow=True), client.post(url, {}, follow=True)):
                        self.assertEqual(response.status_code, 403)
                        self.assertNotIn("apple", response.content.decode())

    def test_an_admin_who_was_removed_is_out_at_once(self) -> None:
        client = self.browser()
        self.assertEqual(client.get(reverse("admin:index")).status_code, 200)
        with org_scope(self.org):
            Profile.objects.filter(pk=self.alice.pk).update(is_active=False)
        refused = client.get(reverse("admin:index"), follow=True)
        self.assertContains(refused, "Only an organization&#x27;s admins", status_code=403)

    def test_an_admin_of_two_orgs_works_in_the_one_they_chose(self) -> None:
        with org_scope(self.other):
            Profile.objects.create(user=self.alice.user, role=self.mallory.role)
        client = self.browser()
        for org, seen, hidden in ((self.org, "apple", "zebra"), (self.other, "zebra", "apple")):
            session = client.session
            session["org"] = str(org.pk)
            session.save()
            text = client.get(self.url(Lead, "changelist")).content.decode()
            self.assertIn(seen, text)
            self.assertNotIn(hidden, text)

    def test_the_login_page_is_the_one_for_all(self) -> None:
        response = self.anonymous().get(reverse("admin:login"), {"next": "/admin/leads/lead/"})
        self.assertRedirects(response, "/login/?next=/admin/leads/lead/", fetch_redirect_response=False)

    # --- rights

    def test_nobody_raises_their_own_or_moves_rows(self) -> None:
        client = self.browser()
        loot = {
            "is_superuser": "on",
            "is_staff": "on",
            "org": self.other.pk,
            "user": self.mallory.user_id,
            "password": "x",
            "id": NOWHERE,
        }
        loot |= {
            "created_by": self.mallory.pk,
            "is_system": "on",
            "token_hash": "x",
            "deleted_at_0": "2020-01-01",
            "deleted_at_1": "00:00",
        }
        for model, row in self.ours.items():
            page = client.get(self.url(model, "change", row.pk))
            client.post(self.url(model, "change", row.pk), {**self.form_values(page), **loot})
            with self.subTest(model.__name__), org_scope(self.org):
                after = model._base_manager.get(pk=row.pk)
                for name in ("org_id", "user_id", "created_by_id", "is_system", "token_hash", "deleted_at"):
                    self.assertEqual(getattr(after, name, None), getattr(row, name, None))
        self.assertFalse(User.objects.get(pk=self.alice.user_id).is_superuser)

    def test_platform_staff_see_all_orgs(self) -> None:
        client = self.browser(self.staff)
        for model in TENANT_MODELS:
            with self.subTest(model.__name__):
                url = self.url(model, "changelist")
                pages = client.get(url).context["cl"].paginator.page_range
                text = "".join(client.get(url, {"p": page}).content.decode() for page in pages)
                for shown in (str(self.ours[model].pk), str(self.theirs[model].pk), "Theirs"):
                    self.assertEqual(shown in text, model is not Notification, shown)

    def test_platform_staff_work_on_a_row_inside_its_org(self) -> None:
        client = self.browser(self.staff)
        for model, row in self.theirs.items():
            if model is Notification:  # whose it is, and nobody else's
                continue
            for page in ("change", "history"):
                with self.subTest(f"{model.__name__} {page}"):
                    bare = client.get(self.url(model, page, row.pk))
                    self.assertRedirects(bare, self.staff_url(row, page), fetch_redirect_response=False)
                    response = client.get(bare["Location"])
                    self.assertEqual(response.status_code, 200)
                    self.assertNotIn("apple", response.content.decode())

    def test_platform_staff_cannot_mix_orgs(self) -> None:
        client, lead = self.browser(self.staff), self.theirs[Lead]
        values = self.form_values(client.get(self.staff_url(lead, "change")))
        response = client.post(self.staff_url(lead, "change"), {**values, "tags": [self.ours[Tag].pk]})
        self.assertIn("tags", response.context["adminform"].form.errors)
        where = {"app_label": "leads", "model_name": "lead", "field_name": "tags", "term": "", "org": self.other.pk}
        found = client.get(reverse("admin:autocomplete"), where).json()["results"]
        self.assertEqual([row["text"] for row in found], [str(self.theirs[Tag])])
