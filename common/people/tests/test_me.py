from common.people.models import Profile
from common.tenancy import org_scope

from .base import PeopleTestCase

ME = "/api/v1/auth/me"


class MeTest(PeopleTestCase):
    def test_it_tells_who_where_and_what_one_may_do(self) -> None:
        body = self.client_of(self.uma).get(ME).json()
        self.assertEqual((body["id"], body["email"], body["name"]), (str(self.uma.user_id), "uma@example.com", "Uma"))
        self.assertEqual(body["user"]["email"], "uma@example.com")
        self.assertEqual((body["org"]["id"], body["org"]["name"]), (str(self.org.pk), "Ours"))
        self.assertEqual((body["profile"]["id"], body["role"]), (str(self.uma.pk), "user"))
        self.assertEqual(body["orgs"], [{"id": str(self.org.pk), "name": "Ours", "role": "user"}])

    def test_permissions_are_told_for_every_module_by_name(self) -> None:
        permissions = self.client_of(self.uma).get(ME).json()["permissions"]
        self.assertEqual(permissions["leads"], {"view": "own", "create": "own", "edit": "own", "delete": "own"})
        self.assertEqual(permissions["users"], {"view": "all", "create": "none", "edit": "none", "delete": "none"})
        self.assertEqual(permissions["tags"], {"view": "all", "create": "all", "edit": "none", "delete": "none"})
        self.assertEqual((permissions["products"]["view"], permissions["products"]["edit"]), ("all", "own"))  # a catalogue
        admin = self.client_of(self.alice).get(ME).json()["permissions"]
        self.assertEqual({scope for actions in admin.values() for scope in actions.values()}, {"all"})
        self.assertEqual(set(admin), set(permissions))

    def test_without_an_organization_it_tells_who(self) -> None:
        client = self.client_of(self.uma)
        with org_scope(self.org):
            Profile.objects.filter(pk=self.uma.pk).update(is_active=False)
        body = client.get(ME).json()
        self.assertEqual(body["email"], "uma@example.com")
        self.assertEqual([body[name] for name in ("org", "profile", "role", "permissions", "orgs")], [None, None, None, {}, []])

    def test_a_stranger_is_refused(self) -> None:
        self.assert_error(self.client_of(None).get(ME), 401, says="bearer token")

    def test_it_takes_as_many_statements_for_many_organizations_as_for_one(self) -> None:
        before = self.cost(self.client_of(self.uma), ME)
        for name in ("b", "c"):
            org = self.join(f"owner-{name}", "admin").org
            self.assertEqual(org, self.org)
        self.assertEqual(self.cost(self.client_of(self.uma), ME), before)

    def test_it_shows_no_hash(self) -> None:
        self.assertNotIn(self.uma.user.password, str(self.client_of(self.uma).get(ME).json()))
