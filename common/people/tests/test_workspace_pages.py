"""The first pages after sign-in: what a person sees of the organization, and nothing of another one."""

from typing import Any

from django.core import mail
from django.core.cache import cache
from django.db import connection
from django.test.utils import CaptureQueriesContext

from common.people import services
from common.people.models import Invitation, Org, Profile, Role
from common.records.models import MODULES, Pipeline
from common.tenancy import org_scope
from common.testing.cast import PASSWORD
from common.testing.committed import CommittedTestCase

from .base import NOWHERE
from .pages import Browser, PageTestCase, words


class WorkspaceTestCase(PageTestCase):
    def lead(self, profile: Profile, name: str, **values: Any) -> None:
        response = self.client_of(profile).post("/api/v1/leads/", {"name": name, **values})
        self.assertEqual(response.status_code, 201, response.content)

    def invited(self, profile: Profile, address: str) -> None:
        with org_scope(profile):
            services.invite(email=address, role=Role.objects.get(name="user"), invited_by=profile)

    def app(self, name: str) -> Any:
        return self.signed_in(name).get("/app/")


class AppPageTests(WorkspaceTestCase):
    def test_board_shows_the_first_cards_of_each_stage_and_how_many_there_are(self) -> None:
        for number in range(7):
            self.lead(self.alice, f"Lead {number}", company="Engines")
        self.lead(self.alice, "Won one", status="Closed win", value=12500.5, currency="EUR")
        page = self.app("alice")
        self.assert_says(page, 200, "Interest 7", "The first 5 of 7", "Closed win 1", "Won one 12,500.50 EUR", "Proposal sent 0")
        self.assertContains(page, "<li><strong>Lead", count=5)

    def test_another_organizations_things_are_never_shown(self) -> None:
        self.lead(self.mallory, "Their lead", company="Secret Ltd")
        self.invited(self.mallory, "their-invited@example.com")
        with org_scope(self.other):
            Role.objects.create(name="Their role")
        page = self.app("alice")
        for secret in ("Theirs", "Their lead", "Their role", "Secret", "their-invited", "mallory"):
            self.assertNotIn(secret, page.content.decode())
        self.assertContains(page, "No leads to show yet.")
        self.assertContains(page, "None are waiting")
        self.assert_says(self.app("mallory"), 200, "Theirs", "Their lead", "their-invited@example.com", "Their role")

    def test_board_shows_a_user_their_own_leads_and_a_manager_all(self) -> None:
        self.lead(self.alice, "Lead of Alice")
        self.lead(self.uma, "Lead of Uma")
        self.assert_says(self.app("max"), 200, "Interest 2", "Lead of Alice", "Lead of Uma")
        page = self.app("uma")
        self.assert_says(page, 200, "Interest 1", "Lead of Uma")
        self.assertNotContains(page, "Lead of Alice")

    def test_client_sees_no_board(self) -> None:
        self.lead(self.alice, "Lead of Alice")
        page = self.app("vic")
        self.assert_says(page, 200, "Your role here shows no leads.")
        self.assertNotContains(page, "Lead of Alice")
        self.assertNotContains(page, "Interest")
        self.assertNotContains(page, "make a lead")

    def test_deleted_leads_and_missing_pipelines_are_no_trouble(self) -> None:
        self.lead(self.alice, "Lead in the bin")
        with org_scope(self.org):
            MODULES["leads"].objects.update(deleted_at="2026-01-01T00:00Z")
            page = self.app("alice")
            self.assertNotContains(page, "Lead in the bin")
            Pipeline.objects.filter(module="leads").update(is_default=False)
        self.assert_says(self.app("alice"), 200, "There is no pipeline for leads.")

    def test_names_are_text(self) -> None:
        self.lead(self.alice, "<script>alert(1)</script>")
        self.assertContains(self.app("alice"), "&lt;script&gt;alert(1)&lt;/script&gt;")

    def test_cost_is_the_same_however_much_there_is(self) -> None:
        self.lead(self.alice, "One")
        self.invited(self.alice, "one@example.com")
        browser = self.signed_in("alice")
        browser.get("/app/")
        costs = []
        for _ in range(2):
            with CaptureQueriesContext(connection) as queries:
                browser.get("/app/")
            costs.append(len(queries))
            for number in range(3):
                self.lead(self.alice, f"Lead {number}", status="Meeting booked")
                self.invited(self.alice, f"{number}@example.com")
        self.assertEqual(costs[0], costs[1])
        self.assertLessEqual(costs[0], 9)

    def test_only_who_may_invite_sees_form_and_invitations(self) -> None:
        self.invited(self.alice, "invited@example.com")
        self.assert_says(self.app("alice"), 200, "Invite a colleague", "invited@example.com", "Administration")
        for name in ("max", "uma", "vic"):
            page = self.app(name)
            for secret in ("Invite a colleague", "invited@example.com", "/admin/"):
                self.assertNotContains(page, secret)

    def test_expired_invitation_is_shown_as_one(self) -> None:
        self.invited(self.alice, "late@example.com")
        with org_scope(self.org):
            Invitation.objects.update(expires_at="2020-01-01T00:00Z")
        self.assert_says(self.app("alice"), 200, "late@example.com User, expired")

    def test_removed_member_and_closed_organization_are_out_at_once(self) -> None:
        uma, alice = self.signed_in("uma"), self.signed_in("alice")
        with org_scope(self.org):
            Profile.objects.filter(pk=self.uma.pk).update(is_active=False)
        self.assert_says(uma.get("/app/"), 200, "You are in no organization")
        Org.objects.filter(pk=self.org.pk).update(is_active=False)
        page = alice.get("/app/")
        self.assert_says(page, 200, "You are in no organization")
        self.assertNotContains(page, "Ours")
        self.assertEqual(alice.get("/app/invite/").status_code, 403)


class ConfirmAgainTests(WorkspaceTestCase):
    def again(self, browser: Browser) -> Any:
        browser.get("/app/")
        with self.captureOnCommitCallbacks(execute=True):
            return browser.send("/app/verify-email/")

    def test_who_is_not_confirmed_has_the_link_sent_again(self) -> None:
        browser = self.signed_in("uma")
        self.assertContains(browser.get("/app/"), "Send it again")
        self.assertRedirects(self.again(browser), "/app/", fetch_redirect_response=False)
        self.assert_says(browser.get("/app/"), 200, "A new mail is on its way to uma@example.com.")
        self.assertEqual([message.to for message in mail.outbox], [["uma@example.com"]])
        token = self.mailed_token("uma@example.com")
        browser.fill(f"/verify-email/?token={token}", token=token)
        page = browser.get("/app/")
        self.assert_says(page, 200, "uma@example.com is confirmed")
        self.assertNotContains(page, "Send it again")

    def test_too_often_has_to_wait(self) -> None:
        browser = self.signed_in("uma")
        cache.clear()
        with self.settings(RATE_LIMIT_FACTOR=1):
            for _ in range(11):
                self.again(browser)
        self.assert_says(browser.get("/app/"), 200, "Too many tries. Please wait 60 seconds")
        self.assertEqual(len(mail.outbox), 10)

    def test_stranger_and_mere_look_send_nothing(self) -> None:
        self.assertEqual(self.signed_in("uma").get("/app/verify-email/").status_code, 405)
        self.browser.get("/login/")
        response = self.browser.send("/app/verify-email/")
        self.assertRedirects(response, "/login/?next=/app/verify-email/", fetch_redirect_response=False)
        self.assertEqual(mail.outbox, [])


class InvitePageTests(WorkspaceTestCase):
    def roles(self, page: Any) -> list[str]:
        return [label.partition(" – ")[0] for _, label in page.context["form"].fields["role"].choices]

    def send(self, browser: Browser, email: str, role: str) -> Any:
        page = browser.get("/app/invite/")
        value = next(pk for pk, label in page.context["form"].fields["role"].choices if label.startswith(role))
        with self.captureOnCommitCallbacks(execute=True):
            return browser.send("/app/invite/", email=email, role=value)

    def test_invitation_is_mailed_and_listed(self) -> None:
        browser = self.signed_in("alice")
        self.assertRedirects(self.send(browser, "New@example.com", "Manager"), "/app/", fetch_redirect_response=False)
        self.assert_says(browser.get("/app/"), 200, "An invitation is on its way to new@example.com", "new@example.com Manager")
        self.assertEqual([message.to for message in mail.outbox], [["new@example.com"]])

    def test_answer_tells_nothing_of_who_has_an_account(self) -> None:
        browser, answers = self.signed_in("alice"), []
        for address in ("mallory@example.com", "nobody@example.com"):
            self.assertEqual(self.send(browser, address, "User").status_code, 302)
            notice = words(browser.get("/app/")).partition("An invitation is on its way")[2].partition("Leads")[0]
            answers.append(notice.replace(address, ""))
        self.assertEqual(*answers)

    def test_bad_address_and_roles_of_others_are_refused(self) -> None:
        with org_scope(self.other):
            theirs = Role.objects.get(name="user")
        browser = self.signed_in("alice")
        with org_scope(self.org):
            ours = Role.objects.get(name="user")
        browser.get("/app/invite/")
        response = browser.send("/app/invite/", email="nonsense", role=ours.pk)
        self.assert_says_beside(response, "email", "valid email")
        for role in (theirs.pk, NOWHERE, "", "nul\x00"):
            response = browser.send("/app/invite/", email="new@example.com", role=role)
            self.assertEqual(response.status_code, 400)
            self.assertContains(response, 'id="id_role_error"', status_code=400)
        with org_scope(self.org):
            self.assertFalse(Invitation.objects.exists())

    def test_who_may_not_invite_is_refused(self) -> None:
        for name in ("max", "uma", "vic"):
            browser = self.signed_in(name)
            self.assertContains(browser.get("/app/invite/"), "Not allowed", status_code=403)
            browser.get("/app/")
            self.assertEqual(browser.send("/app/invite/", email="new@example.com", role=NOWHERE).status_code, 403)
        self.assertRedirects(self.browser.get("/app/invite/"), "/login/?next=/app/invite/")

    def test_custom_role_invites_and_gives_no_more_than_it_has(self) -> None:
        self.join_with("ina", {"users": {"view": "all", "create": "all"}, "leads": {"view": "own"}})
        browser = self.signed_in("ina")
        offered = self.roles(browser.get("/app/"))
        self.assertIn("role of ina", offered)
        self.assertNotIn("Admin", offered)
        self.assertNotIn("Manager", offered)
        with org_scope(self.org):
            admin = Role.objects.get(name="admin")
        self.assertEqual(browser.send("/app/invite/", email="eve@example.com", role=admin.pk).status_code, 400)
        with org_scope(self.org):
            self.assertFalse(Invitation.objects.exists())


class SwitchTests(WorkspaceTestCase):
    def test_person_in_two_organizations_switches(self) -> None:
        self.lead(self.alice, "Lead of ours")
        self.lead(self.mallory, "Lead of theirs")
        with org_scope(self.other):
            Profile.objects.create(user=self.alice.user, role=Role.objects.get(name="manager"))
        browser = self.signed_in("alice")
        self.assert_says(browser.get("/app/"), 200, "Switch organization", "Lead of ours")
        self.assert_says(browser.get("/app/switch/"), 200, "Ours Admin, you are here", "Theirs Manager")
        self.assertRedirects(browser.send("/app/switch/", org=self.other.pk), "/app/")
        page = browser.get("/app/")
        self.assert_says(page, 200, "Lead of theirs")
        self.assertNotContains(page, "Lead of ours")
        self.assertNotContains(page, "Invite a colleague")

    def test_another_organization_is_not_found_like_one_that_never_was(self) -> None:
        browser, answers = self.signed_in("alice"), []
        for org in (self.other.pk, NOWHERE, "nonsense", "", "nul\x00"):
            browser.get("/app/switch/")
            response = browser.send("/app/switch/", org=org)
            self.assertEqual(response.status_code, 404)
            answers.append(words(response).replace(response["X-Request-ID"], ""))
        self.assertEqual(len(set(answers)), 1)
        self.assert_signed_in(browser, "Ours")
        self.assertNotContains(browser.get("/app/switch/"), "Theirs")


class RealTransactionTests(CommittedTestCase):
    """Outside the transaction of a test: what a page reads across organizations is not read inside one's transaction."""

    def test_forms_of_the_workspace(self) -> None:
        with org_scope(self.mallory.org):
            Profile.objects.create(user=self.alice.user, role=Role.objects.get(name="user"))
        browser = Browser()
        self.assertEqual(browser.fill("/login/", email="alice@example.com", password=PASSWORD).status_code, 302)
        self.assertContains(browser.get("/app/"), "Theirs")
        response = browser.send("/app/invite/", email="nonsense", role="nonsense")
        self.assertContains(response, "Enter a valid email address.", status_code=400)
        self.assertEqual(browser.fill("/app/switch/", org=self.mallory.org_id).status_code, 302)
        self.assertContains(browser.get("/app/"), "<h1>Theirs</h1>")
        self.assertEqual(browser.send("/app/switch/", org=NOWHERE).status_code, 404)
        self.assertContains(browser.get("/app/"), "<h1>Theirs</h1>")
