"""Two at once: each test lets threads go at the same moment, on committed rows, and looks at what is left."""

from collections import Counter
from functools import partial
from typing import Any

from django.core import mail

from common.activity.models import Activity
from common.people.models import Invitation, Org, Profile, Role, Session, User
from common.people.services import invite
from common.people.tokens import start_session, token_pair
from common.tenancy import all_orgs, org_scope
from common.testing.cast import PASSWORD
from common.testing.committed import CommittedTestCase


class MoveRaceTest(CommittedTestCase):
    def make(self, number: int, status: str = "Interest") -> list[str]:
        client = self.client_of(self.alice)
        made = [client.post("/api/v1/leads/", {"name": f"Lead {index}", "status": status}) for index in range(number)]
        return [response.json()["id"] for response in made]

    def move(self, pk: str, **values: Any) -> Any:
        return partial(self.client_of(self.alice).put, f"/api/v1/leads/{pk}/status/", values)

    def column(self, status: str) -> list[str]:
        board = self.client_of(self.alice).get("/api/v1/leads/board/?per_column=500").json()
        return next([card["id"] for card in column["cards"]] for column in board if column["status"] == status)

    def test_two_people_move_the_same_card(self) -> None:
        (pk,) = self.make(1)
        for _ in range(5):
            targets = ("Meeting booked", "Proposal sent")
            answers = self.at_once(*(self.move(pk, status=status) for status in targets))
            self.assertEqual([answer.status_code for answer in answers], [200, 200])
            self.assertEqual([answer.json()["status"] for answer in answers], list(targets))
            last = self.client_of(self.alice).get(f"/api/v1/leads/{pk}/").json()
            self.assertIn(last["status"], targets)
            with org_scope(self.org):
                moves = Activity.objects.filter(record_id=pk, changes__has_key="stage_id").order_by("-id")[:2]
                self.assertEqual(moves[0].changes["stage_id"][1], last["stage"])
                self.assertEqual(moves[0].changes["stage_id"][0], moves[1].changes["stage_id"][1], "one came after the other")
            self.move(pk, status="Interest")()

    def test_of_two_who_read_the_same_version_one_is_told(self) -> None:
        (pk,) = self.make(1)
        etag = self.client_of(self.alice).get(f"/api/v1/leads/{pk}/")["ETag"]
        calls = [
            partial(self.client_of(self.alice, **{"If-Match": etag}).put, f"/api/v1/leads/{pk}/status/", {"status": status})
            for status in ("Meeting booked", "Proposal sent", "Closed win", "Closed lost")
        ]
        answers = self.at_once(*calls)
        self.assertEqual(Counter(answer.status_code for answer in answers), {200: 1, 412: 3})
        winner = next(answer for answer in answers if answer.status_code == 200)
        self.assertEqual(self.client_of(self.alice).get(f"/api/v1/leads/{pk}/").json()["status"], winner.json()["status"])

    def test_two_people_change_different_fields_of_a_card(self) -> None:
        (pk,) = self.make(1)
        changes = [{"company": "Engines"}, {"phone": "12345"}, {"title": "Countess"}, {"status": "Proposal sent"}]
        calls = [partial(self.client_of(self.alice).patch, f"/api/v1/leads/{pk}/", change) for change in changes]
        self.assertEqual([answer.status_code for answer in self.at_once(*calls)], [200] * 4)
        left = self.client_of(self.alice).get(f"/api/v1/leads/{pk}/").json()
        for change in changes:
            for name, value in change.items():
                self.assertEqual(left[name], value)

    def test_forty_moves_into_one_column_lose_nothing(self) -> None:
        there, coming = self.make(10, "Proposal sent"), self.make(40)
        places: list[dict[str, Any]] = [{}, {"card_order": 1}, {"card_order": 5}, {"before": there[3]}, {"after": there[3]}]
        calls = [self.move(pk, status="Proposal sent", **places[index % 5]) for index, pk in enumerate(coming)]
        answers = self.at_once(*calls)
        self.assertEqual(Counter(answer.status_code for answer in answers), {200: 40})
        cards = self.column("Proposal sent")
        self.assertEqual((len(cards), set(cards)), (50, {*there, *coming}))
        self.assertEqual([pk for pk in cards if pk in there], there, "those that nobody moved keep their order")
        with org_scope(self.org):
            moved = Activity.objects.filter(changes__has_key="stage_id", action="update")
            self.assertEqual(moved.count(), 40, "a move writes one row")

    def test_forty_moves_to_the_same_place_keep_an_order(self) -> None:
        cards = self.make(42)
        calls = [self.move(pk, status="Interest", after=cards[0]) for pk in cards[2:]]
        self.assertEqual(Counter(answer.status_code for answer in self.at_once(*calls)), {200: 40})
        column = self.column("Interest")
        self.assertEqual((column[0], column[-1], set(column)), (cards[0], cards[1], set(cards)))

    def test_a_lead_is_converted_once(self) -> None:
        (pk,) = self.make(1)
        calls = [partial(self.client_of(self.alice).post, f"/api/v1/leads/{pk}/convert/", {}) for _ in range(6)]
        self.assertEqual(Counter(answer.status_code for answer in self.at_once(*calls)), {200: 1, 409: 5})
        for module in ("accounts", "contacts", "opportunities"):
            self.assertEqual(self.client_of(self.alice).get(f"/api/v1/{module}/").json()["count"], 1)


class PeopleRaceTest(CommittedTestCase):
    def registration(self, email: str, org_name: str) -> Any:
        body = {"email": email, "password": PASSWORD, "name": "New", "org_name": org_name}
        return partial(self.client_of(None).post, "/api/v1/auth/register/", body)

    def test_one_address_registers_once(self) -> None:
        spellings = ("new@example.com", "NEW@example.com", "New@Example.com") * 3
        answers = self.at_once(*(self.registration(email, "Newcomers") for email in spellings))
        self.assertEqual(Counter(answer.status_code for answer in answers), {201: 1, 409: 8})
        for answer in answers:
            if answer.status_code == 409:
                self.assert_error(answer, 409, says="has an account")
        with all_orgs():
            self.assertEqual(User.objects.filter(email="new@example.com").count(), 1)
            self.assertEqual(Org.objects.filter(name="Newcomers").count(), 1)
            self.assertEqual(Profile.objects.filter(user__email="new@example.com").count(), 1)

    def test_organizations_of_one_name_register_at_once(self) -> None:
        answers = self.at_once(*(self.registration(f"n{number}@example.com", "Same") for number in range(6)))
        self.assertEqual(Counter(answer.status_code for answer in answers), {201: 6})
        self.assertEqual(len({answer.json()["org"]["slug"] for answer in answers}), 6)

    def invitation(self, email: str) -> str:
        with org_scope(self.alice):
            invite(email=email, role=Role.objects.get(name="user"), invited_by=self.alice)
        return str(mail.outbox[-1].body).partition("?token=")[2].split()[0]

    def test_an_invitation_is_accepted_once(self) -> None:
        token = self.invitation("guest@example.com")
        body = {"token": token, "password": PASSWORD, "name": "Guest"}
        calls = [partial(self.client_of(None).post, "/api/v1/auth/invite/accept/", body) for _ in range(6)]
        answers = self.at_once(*calls)
        codes = Counter(answer.status_code for answer in answers)
        self.assertEqual(codes[201], 1)
        self.assertLessEqual(set(codes), {201, 400, 409})
        with org_scope(self.org):
            self.assertEqual(Profile.objects.filter(user__email="guest@example.com").count(), 1)
            self.assertEqual(Invitation.objects.filter(accepted_at=None).count(), 0)
        self.assertEqual(User.objects.filter(email="guest@example.com").count(), 1)

    def test_the_owner_of_an_account_accepts_once(self) -> None:
        token = self.invitation(self.mallory.user.email)
        calls = [partial(self.client_of(self.mallory).post, "/api/v1/auth/invite/accept/", {"token": token}) for _ in range(6)]
        self.assertEqual(Counter(answer.status_code for answer in self.at_once(*calls)), {201: 1, 400: 5})
        with org_scope(self.org):
            self.assertEqual(Profile.objects.filter(user=self.mallory.user).count(), 1)

    def test_a_refresh_token_is_exchanged_once_and_its_second_use_ends_the_session(self) -> None:
        session = start_session(self.alice.user)
        token = token_pair(session, self.org)["refresh_token"]
        calls = [partial(self.client_of(None).post, "/api/v1/auth/refresh-token/", {"refresh_token": token}) for _ in range(6)]
        answers = self.at_once(*calls)
        self.assertEqual(Counter(answer.status_code for answer in answers), {200: 1, 401: 5})
        self.assertIsNotNone(Session.objects.get(pk=session.pk).ended_at)
        fresh = next(answer for answer in answers if answer.status_code == 200).json()
        client = self.client_of(None, Authorization=f"Bearer {fresh['access_token']}")
        self.assert_error(client.get("/api/v1/leads/"), 401)

    def test_one_admin_stays_when_two_remove_each_other(self) -> None:
        second = self.join("second", "admin")
        calls = [
            partial(self.client_of(who).delete, f"/api/v1/users/{other.pk}/")
            for who, other in ((self.alice, second), (second, self.alice))
        ]
        answers = self.at_once(*calls)
        self.assertGreaterEqual({204, 403, 409}, {answer.status_code for answer in answers})
        with org_scope(self.org):
            self.assertGreaterEqual(Profile.objects.filter(role__name="admin", is_active=True).count(), 1)

    def test_one_name_of_a_tag_is_taken_once(self) -> None:
        calls = [partial(self.client_of(self.alice).post, "/api/v1/tags/", {"name": "Hot"}) for _ in range(6)]
        self.assertEqual(Counter(answer.status_code for answer in self.at_once(*calls)), {201: 1, 409: 5})

    def test_one_pipeline_stays_the_default(self) -> None:
        client = self.client_of(self.alice)
        made = [client.post("/api/v1/pipelines/", {"module": "leads", "name": f"Way {n}"}).json()["id"] for n in range(4)]
        calls = [partial(self.client_of(self.alice).patch, f"/api/v1/pipelines/{pk}/", {"is_default": True}) for pk in made]
        codes = {answer.status_code for answer in self.at_once(*calls)}
        self.assertLessEqual(codes, {200, 409})
        rows = client.get("/api/v1/pipelines/?module=leads&is_default=true").json()
        self.assertEqual(rows["count"], 1)
