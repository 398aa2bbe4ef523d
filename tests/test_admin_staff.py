"""What platform staff do in the Django admin, in any organization and with what belongs to none."""

from django.core import mail
from django.urls import reverse

from common.people.models import Org, OutgoingMail, Session, User
from common.people.tokens import start_session
from common.tenancy import org_scope
from leads.models import Lead

from .admin_rows import STAFF_MODELS, AdminTestCase


class AdminStaffTest(AdminTestCase):
    def test_staff_change_a_row_of_any_org_and_the_stream_tells(self) -> None:
        lead = self.theirs[Lead]
        self.assertEqual(self.change(lead, self.browser(self.staff), company="Mended").status_code, 302)
        self.assertEqual(self.fresh(lead).company, "Mended")
        entry = self.changes_of(lead)[-1]
        self.assertEqual(
            (entry.source, entry.actor_id, entry.user_id, entry.org_id), ("admin", None, self.staff.pk, self.other.pk)
        )
        self.assertContains(self.browser(self.staff).get(self.staff_url(lead, "history")), "staff@platform.example")
        theirs = self.browser(self.mallory).get(self.url(Lead, "history", lead.pk))
        self.assertContains(theirs, "Platform staff")
        self.assertNotContains(theirs, "staff@platform.example")

    def test_staff_add_a_row_in_the_org_they_choose(self) -> None:
        client = self.browser(self.staff)
        self.assertContains(client.get(self.url(Lead, "add")), "In which organization?")
        url = f"{self.url(Lead, 'add')}?org={self.other.pk}"
        page = client.get(url)
        self.assertContains(page, f"/admin/autocomplete/?org={self.other.pk}")
        self.assertEqual(client.post(url, {**self.form_values(page), "name": "Gift"}).status_code, 302)
        with org_scope(self.other):
            lead = Lead.objects.get(name="Gift", stage__name="Interest")
        self.assertEqual([entry.user_id for entry in self.changes_of(lead)], [self.staff.pk])
        for nonsense in ("x", "", "0192d3c0-0000-7000-8000-000000000000"):
            self.assertContains(client.get(f"{self.url(Lead, 'add')}?org={nonsense}"), "In which organization?")

    def test_staff_may_limit_a_list_to_one_org(self) -> None:
        client = self.browser(self.staff)
        response = client.get(f"{self.url(Lead, 'changelist')}?org={self.other.pk}&q=zebr")
        self.assertContains(response, str(self.theirs[Lead].pk))
        self.assertNotContains(response, "apple")
        both = client.get(f"{self.url(Lead, 'changelist')}?q=apple")
        self.assertContains(both, str(self.ours[Lead].pk))
        self.assertNotContains(both, "zebra")

    def test_staff_bin_rows_of_several_orgs_at_once(self) -> None:
        rows = [self.ours[Lead], self.theirs[Lead]]
        self.act(Lead, "move_to_bin", *rows, client=self.browser(self.staff))
        for row in rows:
            self.assertIsNotNone(self.fresh(row).deleted_at)
            self.assertEqual(self.changes_of(row)[-1].user_id, self.staff.pk)

    def test_staff_pages_of_the_platform(self) -> None:
        client = self.browser(self.staff)
        start_session(self.uma.user)
        OutgoingMail.objects.create(to="uma@example.com", subject="Hi", text="secret-link", html="secret-link")
        for model in STAFF_MODELS:
            row = model.objects.order_by("pk").last()
            for url in (self.url(model, "changelist"), self.url(model, "change", row.pk)):
                with self.subTest(url):
                    response = client.get(url)
                    self.assertEqual(response.status_code, 200)
                    self.assertNotContains(response, "secret-link")
                    self.assertNotContains(response, self.staff.password)

    def test_staff_switch_an_org_off_and_its_people_are_out(self) -> None:
        client, mallory = self.browser(self.staff), self.browser(self.mallory)
        self.assertEqual(mallory.get(reverse("admin:index")).status_code, 200)
        values = {"name": "Theirs", "currency": "USD", "timezone": "UTC"}
        self.assertEqual(client.post(self.url(Org, "change", self.other.pk), values).status_code, 302)
        self.assertFalse(Org.objects.get(pk=self.other.pk).is_active)
        self.assertEqual(mallory.get(reverse("admin:index"), follow=True).status_code, 403)

    def test_staff_make_staff_but_keep_themselves(self) -> None:
        client = self.browser(self.staff)
        with self.assertLogs("common.admin_base", "WARNING") as logged:
            client.post(self.url(User, "change", self.uma.user_id), {"is_active": "on", "is_superuser": "on"})
        self.assertIn("Superuser status", logged.output[0])
        self.assertTrue(User.objects.get(pk=self.uma.user_id).is_superuser)
        client.post(self.url(User, "change", self.staff.pk), {})
        self.staff.refresh_from_db()
        self.assertTrue(self.staff.is_active and self.staff.is_superuser)

    def test_staff_end_sessions_and_mail_a_reset_link(self) -> None:
        session = start_session(self.uma.user)
        client = self.browser(self.staff)
        with self.captureOnCommitCallbacks(execute=True):
            for action in ("end_all_sessions", "mail_reset"):
                client.post(self.url(User, "changelist"), {"action": action, "_selected_action": [self.uma.user_id]})
        self.assertIsNotNone(Session.objects.get(pk=session.pk).ended_at)
        self.assertEqual([message.to for message in mail.outbox], [["uma@example.com"]])
