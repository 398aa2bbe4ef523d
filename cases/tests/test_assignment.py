"""Who gets a new case: in turn, however many come at once."""

from collections import Counter
from typing import Any

from cases.models import AssignmentRule, Case
from common.records.models import MODULES
from common.tenancy import org_scope
from common.testing import OrgTestCase
from common.testing.committed import CommittedTestCase

URL = "/api/v1/cases/"


class RuleTest(OrgTestCase):
    def open(self, **values: Any) -> list[str]:
        return self.client_of(self.alice).post(URL, {"name": "A case", **values}).json()["assigned_to"]

    def rule(self, people: list[Any], **values: Any) -> Any:
        body = {"name": "In turn", "people": [str(person.pk) for person in people], **values}
        return self.client_of(self.alice).post("/api/v1/assignment-rules/", body).json()["id"]

    def test_people_take_turns(self) -> None:
        people = sorted([self.uma, self.max], key=lambda person: person.pk)
        self.rule(people)
        self.assertEqual([self.open() for _ in range(3)], [[str(people[at].pk)] for at in (0, 1, 0)])

    def test_who_is_named_keeps_it_and_no_turn_is_used_up(self) -> None:
        people = sorted([self.uma, self.max], key=lambda person: person.pk)
        self.rule(people)
        self.assertEqual(self.open(assigned_to=[str(self.alice.pk)]), [str(self.alice.pk)])
        self.assertEqual(self.open(), [str(people[0].pk)])

    def test_the_first_rule_that_fits_counts(self) -> None:
        self.rule([self.uma], position=1)
        self.rule([self.max], case_type="Incident")
        self.assertEqual(self.open(case_type="Incident"), [str(self.max.pk)])
        self.assertEqual(self.open(case_type="Question"), [str(self.uma.pk)])

    def test_a_team_shares_the_case_and_who_left_has_no_turn(self) -> None:
        with org_scope(self.org):
            team = MODULES["teams"].objects.create(name="Help")  # type: ignore[misc]
            team.members.add(self.uma, self.max)
            self.max.is_active = False
            self.max.save()
        self.rule([], team=str(team.pk))
        response = self.client_of(self.alice).post(URL, {"name": "A case"}).json()
        self.assertEqual((response["assigned_to"], response["teams"]), ([str(self.uma.pk)], [str(team.pk)]))
        self.assertEqual(self.open(), [str(self.uma.pk)])

    def test_a_rule_without_anybody_assigns_nobody(self) -> None:
        self.rule([])
        self.assertEqual(self.open(), [])


class AtOnceTest(CommittedTestCase):
    def test_turns_stay_fair_and_numbers_whole_when_many_come_at_once(self) -> None:
        people = [self.uma, self.max, self.alice]
        with org_scope(self.org):
            AssignmentRule.objects.create(name="In turn").people.add(*people)
        clients = [self.client_of(self.alice) for _ in range(6)]

        def open_two(client: Any) -> list[int]:
            return [client.post(URL, {"name": "A case"}).status_code for _ in range(2)]

        results = self.at_once(*[lambda client=client: open_two(client) for client in clients])
        self.assertEqual(results, [[201, 201]] * 6)
        with org_scope(self.org):
            assigned = Counter(case.assigned_to.get().pk for case in Case.objects.all())
            numbers = sorted(int(number) for number in Case.objects.values_list("number", flat=True))
        self.assertEqual(set(assigned.values()), {4})
        self.assertEqual(numbers, list(range(1, 13)))
