"""What an admin does in the Django admin with people: members, invitations, roles, and their own account."""

from django.contrib.admin import site
from django.core import mail
from django.urls import reverse

from common.people.models import Invitation, Profile, Role, Session, User
from common.people.tokens import start_session
from common.tenancy import org_scope

from .admin_rows import AdminTestCase


class AdminPeopleTest(AdminTestCase):
    def test_an_invitation_is_sent_by_adding_it(self) -> None:
        client = self.browser()
        with org_scope(self.org):
            role = Role.objects.get(name="manager")
        with self.captureOnCommitCallbacks(execute=True):
            client.post(self.url(Invitation, "add"), {"email": "Ada@X.example", "role": role.pk})
        self.assertEqual([message.to for message in mail.outbox], [["ada@x.example"]])
        self.assertIn("/accept-invitation/?token=", mail.outbox[0].body)
        with org_scope(self.org):
            invitation = Invitation.objects.get(email="ada@x.example")
        self.assertEqual((invitation.role_id, invitation.created_by_id), (role.pk, self.alice.pk))
        for url in [self.url(Invitation, "changelist"), *self.pages(Invitation, invitation.pk)]:
            self.assertNotContains(client.get(url), invitation.token_hash)
        with self.captureOnCommitCallbacks(execute=True):
            again = client.post(self.url(Invitation, "add"), {"email": "ada@x.example", "role": role.pk})
        self.assertEqual((again.status_code, len(mail.outbox)), (302, 2))
        self.assertIn("email", self.errors(client.post(self.url(Invitation, "add"), {"email": "nobody", "role": role.pk})))

    def test_the_last_admin_stays(self) -> None:
        with org_scope(self.org):
            role = Role.objects.get(name="user")
        page = self.change(self.alice, role=role.pk)
        self.assertIn("at least one other active admin", self.errors(page))
        with org_scope(self.org):
            Profile.objects.filter(pk=self.max.pk).update(role=self.alice.role)
        self.assertEqual(self.change(self.alice, role=role.pk).status_code, 302)
        self.assertEqual(self.fresh(self.alice).role_id, role.pk)
        self.assertEqual(self.browser().get(reverse("admin:index"), follow=True).status_code, 403)

    def test_a_member_is_changed_but_never_the_account(self) -> None:
        response = self.change(self.uma, title="Head of Fruit", user=self.mallory.user_id, email="x@y.example", name="Nobody")
        self.assertEqual(response.status_code, 302)
        after = self.fresh(self.uma)
        self.assertEqual((after.title, after.user_id), ("Head of Fruit", self.uma.user_id))
        user = User.objects.get(pk=self.uma.user_id)
        self.assertEqual((user.email, user.name), ("uma@example.com", "Uma"))

    def test_roles_of_the_system_stay_and_own_ones_are_checked(self) -> None:
        client = self.browser()
        with org_scope(self.org):
            system = Role.objects.get(name="user")
        self.assertEqual(client.post(self.url(Role, "change", system.pk), {"name": "x", "permissions": "{}"}).status_code, 403)
        self.assertEqual(client.post(self.url(Role, "delete", system.pk), {"post": "yes"}).status_code, 403)
        self.act(Role, "delete_selected", system, self.ours[Role], client=client)
        for name, permissions, wrong in (
            ("Sales", '{"nonsense": {"view": "all"}}', "permissions"),
            ("Sales", '{"leads": {"fly": "all"}}', "permissions"),
            ("ADMIN", "{}", "name"),
            (self.ours[Role].name.upper(), "{}", "__all__"),
        ):
            self.assertIn(wrong, self.errors(client.post(self.url(Role, "add"), {"name": name, "permissions": permissions})))
        client.post(self.url(Role, "add"), {"name": "Sales", "permissions": '{"leads": {"view": "team"}}'})
        with org_scope(self.org):
            role = Role.objects.get(name="Sales")
        self.assertEqual((role.permissions, role.is_system), ({"leads": {"view": "team"}}, False))

    def test_permissions_of_a_role_are_text(self) -> None:
        evil = "<script>alert(1)</script>"
        with org_scope(self.org):
            role = Role.objects.create(name="Odd", permissions={evil: {evil: evil}, "leads": {"view": "all"}})
        allowed = site.get_model_admin(Role).allows(role)
        told = "&lt;script&gt;alert(1)&lt;/script&gt;"
        self.assertEqual(allowed, f"{told}: {told} {told}<br>leads: view all")
        with org_scope(self.org):
            Role.objects.filter(name="user").update(permissions={evil: {}})
            system = Role.objects.get(name="user")
        page = self.browser().get(self.url(Role, "change", system.pk))
        self.assertContains(page, "*: view own, create own, edit own, delete own<br>tags: view all, create all")
        self.assertNotContains(page, evil)

    def test_a_role_in_use_is_not_deleted(self) -> None:
        role = self.ours[Role]
        with org_scope(self.org):
            Profile.objects.filter(pk=self.uma.pk).update(role=role)
        page = self.browser().post(self.url(Role, "delete", role.pk), {"post": "yes"})
        self.assertContains(page, "Uma")
        self.assertTrue(self.fresh(role))

    # --- one's own account

    def test_a_new_password_ends_other_sessions(self) -> None:
        session, client = start_session(self.alice.user), self.browser()
        new = {"new_password1": "a quite new phrase", "new_password2": "a quite new phrase"}
        wrong = client.post(reverse("admin:password_change"), {"old_password": "wrong", **new})
        self.assertContains(wrong, "old password was entered incorrectly")
        client.post(reverse("admin:password_change"), {"old_password": "correct horse battery", **new})
        self.assertTrue(User.objects.get(pk=self.alice.user_id).check_password("a quite new phrase"))
        self.assertIsNotNone(Session.objects.get(pk=session.pk).ended_at)
        self.assertEqual(client.get(reverse("admin:index")).status_code, 200)

    def test_leaving(self) -> None:
        client = self.browser()
        self.assertRedirects(client.post(reverse("admin:logout")), "/login/", fetch_redirect_response=False)
        self.assertEqual(client.get(reverse("admin:index")).status_code, 302)
