from common.people.models import User
from common.people.services import create_org

from .base import PeopleTestCase

PROFILE = "/api/v1/profile/"


class ProfileTest(PeopleTestCase):
    def test_it_is_ones_own(self) -> None:
        body = self.client_of(self.uma).get(PROFILE).json()
        self.assertEqual((body["id"], body["user"], body["org"]), (str(self.uma.pk), str(self.uma.user_id), str(self.org.pk)))
        self.assertEqual((body["name"], body["email"], body["role_name"]), ("Uma", "uma@example.com", "user"))

    def test_one_changes_name_title_and_phone(self) -> None:
        for method in ("patch", "put"):
            client = self.client_of(self.uma)
            response = getattr(client, method)(PROFILE, {"name": f"Uma {method}", "phone": "+44 20 7183 8750"})
            self.assertEqual(response.status_code, 200, response.content)
            self.assertEqual((response.json()["name"], response.json()["phone"]), (f"Uma {method}", "+442071838750"))
            self.assertEqual(response.json(), client.get(PROFILE).json())
        self.assertEqual(self.client_of(self.uma).patch(PROFILE, {"title": "Sales"}).json()["phone"], "+442071838750")

    def test_a_client_has_one_too(self) -> None:
        self.assertEqual(self.client_of(self.vic).patch(PROFILE, {"title": "Buyer"}).json()["title"], "Buyer")

    def test_nobody_changes_their_role_address_or_state(self) -> None:
        before = self.client_of(self.uma).get(PROFILE).json()
        for name, value in {
            "role": "admin", "is_active": False, "email": "x@example.com", "password": "a new passphrase",
            "org": str(self.other.pk), "user": str(self.max.user_id), "is_superuser": True,
        }.items():  # fmt: skip
            self.assert_error(self.client_of(self.uma).patch(PROFILE, {name: value, "title": "King"}), 400, field=name)
        self.assertEqual(self.client_of(self.uma).get(PROFILE).json(), before)
        self.assertFalse(User.objects.get(pk=self.uma.user_id).is_superuser)

    def test_title_and_phone_belong_to_the_organization_and_the_name_to_the_account(self) -> None:
        second = create_org(name="Second", owner=self.uma.user)
        self.client_of(self.uma).patch(PROFILE, {"name": "Uma Renamed", "title": "Sales"})
        body = self.client_of(second).get(PROFILE).json()
        self.assertEqual((body["name"], body["title"]), ("Uma Renamed", ""))

    def test_the_change_is_in_the_history_under_ones_own_name(self) -> None:
        self.client_of(self.uma).patch(PROFILE, {"title": "Sales"})
        entry = self.client_of(self.alice).get(f"/api/v1/users/{self.uma.pk}/history/").json()["results"][0]
        self.assertEqual((entry["actor"]["name"], entry["changes"]), ("Uma", {"title": ["", "Sales"]}))

    def test_malformed_input_is_refused_by_field(self) -> None:
        for name, value in (
            ("name", ""),
            ("name", "x" * 151),
            ("title", "x" * 101),
            ("phone", "1" * 41),
            ("title", "a\x00"),
            ("title", []),
        ):
            self.assert_error(self.client_of(self.uma).patch(PROFILE, {name: value}), 400, field=name)

    def test_a_stranger_is_refused(self) -> None:
        self.assert_error(self.client_of(None).get(PROFILE), 401)
        self.assert_error(self.client_of(None).patch(PROFILE, {"title": "x"}), 401)
