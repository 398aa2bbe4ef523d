from typing import Any
from unittest.mock import patch

from common.records import stages
from common.tenancy import org_scope
from common.testing import OrgTestCase
from leads.models import Lead


class MoveTest(OrgTestCase):
    def setUp(self) -> None:
        self.client = self.client_of(self.alice)
        self.ids = {name: self.make(name) for name in "ABCD"}

    def make(self, name: str) -> str:
        return self.client.post("/api/v1/leads/", {"name": name}).json()["id"]

    def move(self, name: str, **data: Any) -> Any:
        return self.client.patch(f"/api/v1/leads/{self.ids[name]}/status/", {"status": "Interest", **data})

    def column(self, status: str = "Interest") -> str:
        columns = {column["status"]: column for column in self.client.get("/api/v1/leads/board/").json()}
        return "".join(card["name"] for card in columns[status]["cards"])

    def test_to_a_position(self) -> None:
        for name, position, expected in (
            ("D", 1, "DABC"),
            ("A", 3, "DBAC"),
            ("D", 4, "BACD"),
            ("C", 99, "BADC"),
            ("B", 2, "ABDC"),
        ):
            self.assertEqual(self.move(name, card_order=position).status_code, 200)
            self.assertEqual(self.column(), expected)

    def test_next_to_a_card(self) -> None:
        self.move("D", before=self.ids["B"])
        self.assertEqual(self.column(), "ADBC")
        self.move("A", after=self.ids["C"])
        self.assertEqual(self.column(), "DBCA")
        self.move("A", before=self.ids["D"])
        self.assertEqual(self.column(), "ADBC")

    def test_to_another_stage_last(self) -> None:
        self.move("B", status="Closed win")
        self.assertEqual((self.column(), self.column("Closed win")), ("ACD", "B"))

    def test_a_card_of_elsewhere_is_no_neighbour(self) -> None:
        theirs = self.client_of(self.mallory).post("/api/v1/leads/", {"name": "X"}).json()["id"]
        self.move("C", status="Closed win")
        for neighbour in (theirs, self.ids["C"]):
            self.assert_error(self.move("A", before=neighbour), 400, field="before")
        self.assert_error(self.move("A", before=self.ids["B"], card_order=1), 400)
        self.assert_error(self.client.patch(f"/api/v1/leads/{self.ids['A']}/status/", {}), 400, field="status")

    def test_what_is_no_part_of_a_move_is_refused_by_name(self) -> None:
        response = self.move("D", position=1, company="E")
        self.assert_error(response, 400, field="position", says="Unknown field.")
        self.assertEqual(set(response.json()["details"]), {"position", "company"})
        self.assertEqual(self.column(), "ABCD")

    def test_a_move_writes_one_row(self) -> None:
        before = {row["id"]: row["card_order"] for row in self.client.get("/api/v1/leads/").json()["results"]}
        self.move("D", card_order=2)
        after = {row["id"]: row["card_order"] for row in self.client.get("/api/v1/leads/").json()["results"]}
        self.assertEqual([pk for pk in before if before[pk] != after[pk]], [self.ids["D"]])

    def test_a_gap_used_up_is_spread_again(self) -> None:
        with patch.object(stages, "MAX_LENGTH", 13):
            for name in "DCBADCBADCBADCBA":
                self.assertEqual(self.move(name, card_order=2).status_code, 200)
        self.assertEqual(len(self.column()), 4)
        with org_scope(self.org):
            self.assertLess(max(len(rank) for rank in Lead.objects.values_list("card_order", flat=True)), 16)

    def test_a_stage_of_another_org_or_module_does_not_exist(self) -> None:
        for profile, module in ((self.mallory, "leads"), (self.alice, "opportunities")):
            pipelines = self.client_of(profile).get(f"/api/v1/pipelines/?module={module}").json()["results"]
            stage = self.client_of(profile).get(f"/api/v1/stages/?pipeline={pipelines[0]['id']}").json()["results"][0]["id"]
            self.assert_error(self.client.patch(f"/api/v1/leads/{self.ids['A']}/status/", {"stage": stage}), 400, field="stage")
            self.assert_error(self.client.patch(f"/api/v1/leads/{self.ids['A']}/", {"stage": stage}), 400, field="stage")


class BoardTest(OrgTestCase):
    def test_columns_in_stage_order_with_counts(self) -> None:
        client = self.client_of(self.alice)
        for _ in range(3):
            client.post("/api/v1/leads/", {"name": "A"})
        self.client_of(self.mallory).post("/api/v1/leads/", {"name": "theirs"})
        columns = client.get("/api/v1/leads/board/?per_column=2").json()
        self.assertEqual([(column["status"], column["kind"], column["count"], len(column["cards"])) for column in columns][:2],
                         [("Interest", "open", 3, 2), ("Meeting booked", "open", 0, 0)])  # fmt: skip
        self.assertNotIn("count", client.get("/api/v1/leads/board/?count=none").json()[0])
        self.assertNotIn("theirs", str(columns))

    def test_it_shows_a_user_their_own_cards(self) -> None:
        self.client_of(self.alice).post("/api/v1/leads/", {"name": "hers"})
        self.client_of(self.uma).post("/api/v1/leads/", {"name": "mine"})
        column = self.client_of(self.uma).get("/api/v1/leads/board/").json()[0]
        self.assertEqual(([card["name"] for card in column["cards"]], column["count"]), (["mine"], 1))

    def test_filters_pipelines_and_bad_ones(self) -> None:
        client = self.client_of(self.alice)
        client.post("/api/v1/leads/", {"name": "A", "source": "Referral"})
        client.post("/api/v1/leads/", {"name": "B"})
        column = client.get("/api/v1/leads/board/?source=Referral&fields=name").json()[0]
        self.assertEqual((column["cards"], column["count"]), ([{"name": "A"}], 1))
        pipeline = client.post("/api/v1/pipelines/", {"module": "leads", "name": "Partners"}).json()["id"]
        client.post("/api/v1/stages/", {"pipeline": pipeline, "name": "First"})
        self.assertEqual(
            [column["status"] for column in client.get(f"/api/v1/leads/board/?pipeline={pipeline}").json()], ["First"]
        )
        theirs = self.client_of(self.mallory).get("/api/v1/pipelines/").json()["results"][0]["id"]
        for bad in (theirs, "nonsense", ""):
            self.assert_error(client.get("/api/v1/leads/board/", {"pipeline": bad}), 400, field="pipeline")
        self.assert_error(client.get("/api/v1/leads/board/?per_column=0"), 400, field="per_column")


class PipelineTest(OrgTestCase):
    def setUp(self) -> None:
        self.client = self.client_of(self.alice)

    def pipeline(self) -> Any:
        return self.client.get("/api/v1/pipelines/?module=leads").json()["results"][0]

    def test_a_new_org_has_the_five_stages(self) -> None:
        stages = self.client.get(f"/api/v1/stages/?pipeline={self.pipeline()['id']}").json()["results"]
        self.assertEqual([(stage["name"], stage["kind"]) for stage in stages],
                         [("Interest", "open"), ("Meeting booked", "open"), ("Proposal sent", "open"),
                          ("Closed win", "won"), ("Closed lost", "lost")])  # fmt: skip

    def test_another_default_replaces_the_first(self) -> None:
        first = self.pipeline()
        second = self.client.post("/api/v1/pipelines/", {"module": "leads", "name": "Partners", "is_default": True})
        self.assertEqual(second.status_code, 201, second.content)
        self.assertFalse(self.client.get(f"/api/v1/pipelines/{first['id']}/").json()["is_default"])
        self.assert_error(self.client.delete(f"/api/v1/pipelines/{second.json()['id']}/"), 409)
        self.assert_error(self.client.patch(f"/api/v1/pipelines/{second.json()['id']}/", {"is_default": False}), 400)

    def test_a_stage_in_use_and_a_name_taken_are_conflicts(self) -> None:
        self.client.post("/api/v1/leads/", {"name": "A"})
        stages = self.client.get(f"/api/v1/stages/?pipeline={self.pipeline()['id']}").json()["results"]
        self.assert_error(self.client.delete(f"/api/v1/stages/{stages[0]['id']}/"), 409)
        self.assertEqual(self.client.delete(f"/api/v1/stages/{stages[1]['id']}/").status_code, 204)
        again = {"pipeline": self.pipeline()["id"], "name": "interest"}
        self.assert_error(self.client.post("/api/v1/stages/", again), 409)

    def test_users_look_and_do_not_touch(self) -> None:
        client = self.client_of(self.uma)
        self.assertEqual(client.get("/api/v1/pipelines/").json()["count"], 4)
        self.assert_error(client.post("/api/v1/pipelines/", {"module": "leads", "name": "Mine"}), 403)
        self.assert_error(client.patch(f"/api/v1/pipelines/{self.pipeline()['id']}/", {"name": "Mine"}), 403)

    def test_a_module_without_stages_has_no_pipelines(self) -> None:
        self.assert_error(self.client.post("/api/v1/pipelines/", {"module": "accounts", "name": "X"}), 400, field="module")
