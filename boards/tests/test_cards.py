"""Cards: who sees them, where they go, and the limits of columns."""

from functools import partial
from typing import Any
from uuid import UUID

from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext

from boards.models import Card
from boards.services import move_card
from common.api.errors import Conflict
from common.people.models import Profile
from common.tenancy import org_scope
from common.testing import OrgTestCase
from common.testing.committed import CommittedTestCase


class CardsTest(OrgTestCase):
    def setUp(self) -> None:
        self.board = self.post("boards/", {"name": "Fair", "column_names": ["Ideas", "Doing"]}).json()
        self.ideas, self.doing = (column["id"] for column in self.board["columns"])

    def post(self, path: str, body: Any, profile: Profile | None = None) -> Any:
        return self.client_of(profile or self.alice).post(f"/api/v1/{path}", body)

    def card(self, title: str, column: str = "", **more: Any) -> str:
        response = self.post("cards/", {"column": column or self.ideas, "title": title, **more})
        self.assertEqual(response.status_code, 201, response.content)
        return response.json()["id"]

    def columns(self, profile: Profile | None = None) -> dict[str, list[str]]:
        response = self.client_of(profile or self.alice).get(f"/api/v1/boards/{self.board['id']}/cards/")
        self.assertEqual(response.status_code, 200, response.content)
        return {column["name"]: [card["title"] for card in column["cards"]] for column in response.json()}

    def test_a_board_begins_with_columns_and_counts_their_cards(self) -> None:
        self.card("A")
        board = self.client_of(self.alice).get(f"/api/v1/boards/{self.board['id']}/").json()
        self.assertEqual([(column["name"], column["cards"]) for column in board["columns"]], [("Ideas", 1), ("Doing", 0)])
        usual = self.post("boards/", {"name": "B"}).json()["columns"]
        self.assertEqual([column["name"] for column in usual], ["To do", "Doing", "Done"])

    def test_a_card_goes_where_it_is_put_and_one_row_is_written(self) -> None:
        a, b, c = (self.card(title) for title in "ABC")
        self.assertEqual(self.columns(), {"Ideas": ["A", "B", "C"], "Doing": []})
        for body, expected in (
            ({"position": 1}, {"Ideas": ["C", "A", "B"], "Doing": []}),
            ({"after": a}, {"Ideas": ["A", "C", "B"], "Doing": []}),
            ({"before": a}, {"Ideas": ["C", "A", "B"], "Doing": []}),
            ({}, {"Ideas": ["A", "B", "C"], "Doing": []}),
            ({"column": self.doing}, {"Ideas": ["A", "B"], "Doing": ["C"]}),
            ({"column": self.ideas, "before": b}, {"Ideas": ["A", "C", "B"], "Doing": []}),
        ):
            with CaptureQueriesContext(connection) as queries:
                response = self.post(f"cards/{c}/move/", body)
            self.assertEqual(len([query for query in queries if 'UPDATE "cards"' in query["sql"]]), 1)
            self.assertEqual((response.status_code, self.columns()), (200, expected), response.content)

    def test_places_that_there_are_not_are_refused(self) -> None:
        a, other = self.card("A"), self.post("boards/", {"name": "B"}).json()["columns"][0]["id"]
        theirs = self.post("boards/", {"name": "T"}, self.mallory).json()["columns"][0]["id"]
        for column in (other, theirs, a):
            self.assert_error(self.post(f"cards/{a}/move/", {"column": column}), 400, field="column", says="does not exist")
        self.assert_error(self.post(f"cards/{a}/move/", {"before": other}), 400, field="before")
        self.assert_error(self.post(f"cards/{a}/move/", {"before": a, "position": 1}), 400)
        self.assert_error(self.client_of(self.alice).patch(f"/api/v1/cards/{a}/", {"column": other}), 400, field="column")
        self.assertEqual(self.columns(), {"Ideas": ["A"], "Doing": []})

    def test_a_full_column_takes_no_card(self) -> None:
        self.client_of(self.alice).patch(f"/api/v1/board-columns/{self.doing}/", {"wip_limit": 1})
        a, b = self.card("A", self.doing), self.card("B")
        for response in (
            self.post(f"cards/{b}/move/", {"column": self.doing}),
            self.post("cards/", {"column": self.doing, "title": "C"}),
            self.client_of(self.alice).patch(f"/api/v1/cards/{b}/", {"column": self.doing}),
        ):
            self.assert_error(response, 409, says="at most 1 card")
        self.assertEqual(self.post(f"cards/{a}/move/", {"position": 1}).status_code, 200)
        self.assertEqual(self.columns(), {"Ideas": ["B"], "Doing": ["A"]})
        self.assert_error(self.client_of(self.alice).delete(f"/api/v1/board-columns/{self.doing}/"), 409)

    def test_members_see_the_board_and_move_its_cards(self) -> None:
        a, url = self.card("A"), f"/api/v1/boards/{self.board['id']}/"
        uma = self.client_of(self.uma)
        for path in (url, f"{url}cards/", f"/api/v1/cards/{a}/", f"/api/v1/board-columns/{self.ideas}/"):
            self.assert_error(uma.get(path), 404)
        self.assert_error(self.post("cards/", {"column": self.ideas, "title": "X"}, self.uma), 400, field="column", says="exist")
        self.assertEqual(uma.get("/api/v1/cards/").json()["count"], 0)
        self.client_of(self.alice).patch(url, {"members": [str(self.uma.pk)]})
        self.assertEqual(self.columns(self.uma), {"Ideas": ["A"], "Doing": []})
        self.assertEqual(self.post(f"cards/{a}/move/", {"column": self.doing}, self.uma).status_code, 200)
        self.assertEqual(self.post("cards/", {"column": self.ideas, "title": "X"}, self.uma).status_code, 201)
        self.assertEqual(self.client_of(self.max).get(url).status_code, 200)
        self.assert_error(self.post(f"cards/{a}/move/", {"column": self.ideas}, self.max), 403)
        self.assert_error(self.post("cards/", {"column": self.ideas, "title": "X"}, self.max), 403)
        self.assert_error(self.client_of(self.mallory).get(f"/api/v1/cards/{a}/"), 404)

    def test_a_card_is_about_one_record_that_its_maker_may_see(self) -> None:
        mine, hidden = (self.post("leads/", {"name": "L"}, who).json()["id"] for who in (self.uma, self.alice))
        column = self.post("boards/", {"name": "U"}, self.uma).json()["columns"][0]["id"]
        body = {"column": column, "title": "Call"}
        self.assert_error(self.post("cards/", {**body, "lead": hidden}, self.uma), 400, field="lead", says="does not exist")
        made = self.post("cards/", {**body, "lead": mine}, self.uma)
        self.assertEqual((made.status_code, made.json()["lead"]), (201, mine))
        account = self.post("accounts/", {"name": "A"}, self.uma).json()["id"]
        self.assert_error(self.post("cards/", {**body, "lead": mine, "account": account}, self.uma), 400)
        self.assertEqual(self.client_of(self.uma).get(f"/api/v1/cards/?lead={mine}").json()["count"], 1)


class RaceTest(CommittedTestCase):
    def test_moves_at_once_never_pass_a_limit_and_lose_no_card(self) -> None:
        client = self.client_of(self.alice)
        board = client.post("/api/v1/boards/", {"name": "Fair", "column_names": ["A", "B"]}).json()
        start, goal = (column["id"] for column in board["columns"])
        client.patch(f"/api/v1/board-columns/{goal}/", {"wip_limit": 3})
        cards = [client.post("/api/v1/cards/", {"column": start, "title": str(n)}).json()["id"] for n in range(8)]

        def move(pk: str) -> Any:
            with org_scope(self.alice), transaction.atomic():
                return move_card(Card.objects.select_for_update(of=("self",)).get(pk=pk), column=UUID(goal))

        results = self.at_once(*(partial(move, pk) for pk in cards))
        self.assertEqual(len([result for result in results if isinstance(result, Conflict)]), 5, results)
        with org_scope(self.alice):
            self.assertEqual((Card.objects.filter(column=goal).count(), Card.objects.count()), (3, 8))
