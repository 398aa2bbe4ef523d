from common.people.models import Org
from common.people.serializers import OrgSerializer

from .base import PeopleTestCase

ORG = "/api/v1/org/"


class OrgTest(PeopleTestCase):
    def test_members_see_their_organization(self) -> None:
        for profile in (self.alice, self.uma, self.vic):
            body = self.client_of(profile).get(ORG).json()
            self.assertEqual(set(body), {"id", "name", "slug", "currency", "timezone", "created_at"})
            self.assertEqual((body["id"], body["name"]), (str(self.org.pk), "Ours"))

    def test_an_admin_changes_it(self) -> None:
        for method in ("patch", "put"):
            values = {"name": f"Ours {method}", "currency": "EUR", "timezone": "Europe/Berlin"}
            body = getattr(self.client_of(self.alice), method)(ORG, values).json()
            self.assertEqual({name: body[name] for name in values}, values)
            self.assertEqual(self.client_of(self.alice).get(ORG).json(), body)
        self.assertEqual(Org.objects.get(pk=self.other.pk).name, "Theirs")

    def test_others_do_not(self) -> None:
        for profile in (self.max, self.uma, self.vic):
            self.assert_error(self.client_of(profile).patch(ORG, {"name": "Mine"}), 403)
        self.assert_error(self.client_of(None).patch(ORG, {"name": "Mine"}), 401)
        self.assertEqual(Org.objects.get(pk=self.org.pk).name, "Ours")

    def test_a_role_that_may_edit_the_organization_does(self) -> None:
        olga = self.join_with("olga", {"organization": {"view": "all", "edit": "all"}})
        self.assertEqual(self.client_of(olga).patch(ORG, {"name": "Renamed"}).json()["name"], "Renamed")

    def test_the_id_and_slug_stay_and_unknown_fields_are_refused(self) -> None:
        client = self.client_of(self.alice)
        before = client.get(ORG).json()
        sent_back = {**before, "id": str(self.other.pk), "slug": "theirs", "created_at": "2001-01-01T00:00:00Z"}
        self.assertEqual(client.put(ORG, sent_back).json(), before)
        self.assert_error(client.patch(ORG, {"is_active": False}), 400, field="is_active")
        self.assertTrue(Org.objects.get(pk=self.org.pk).is_active)

    def test_malformed_input_is_refused_by_field(self) -> None:
        for name, value in (
            ("name", ""), ("name", "x" * 151), ("name", None), ("currency", "euro"), ("currency", "eur"), ("currency", ""),
            ("timezone", "Mars/Base"), ("timezone", ""), ("timezone", "../../etc/passwd"), ("timezone", "a\x00"),
        ):  # fmt: skip
            self.assert_error(self.client_of(self.alice).patch(ORG, {name: value}), 400, field=name)

    def test_a_change_does_not_open_an_organization_that_is_being_closed(self) -> None:
        stale = Org.objects.get(pk=self.org.pk)
        Org.objects.filter(pk=self.org.pk).update(is_active=False)
        serializer = OrgSerializer(stale, data={"name": "Renamed"}, partial=True)
        serializer.is_valid(raise_exception=True)
        serializer.save()
        fresh = Org.objects.get(pk=self.org.pk)
        self.assertEqual((fresh.name, fresh.is_active), ("Renamed", False))
