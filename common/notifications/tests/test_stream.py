"""Notifications made from the activity stream."""

from typing import Any

from common.activity.models import TELLING, Activity
from common.notifications.models import Notification
from common.notifications.services import tell
from common.notifications.stream import names_in, news_of, pattern_of
from common.tenancy import org_scope

from .test_notify import NotifyTestCase


class StreamTest(NotifyTestCase):
    def read(self) -> None:
        """What the task does, with lines that no transaction has committed yet."""
        for org in (self.org, self.other):
            with org_scope(org, source="system"):
                tell(news_of(list(Activity.objects.filter(TELLING).order_by("id"))))

    def assign(self, *people: Any, by: Any = None, lead: Any = None) -> None:
        ids = [str(person.pk) for person in people]
        response = self.client_of(by or self.alice).patch(f"/api/v1/leads/{(lead or self.lead).pk}/", {"assigned_to": ids})
        self.assertEqual(response.status_code, 200, response.content)

    def comment(self, text: str, by: Any = None) -> str:
        made = self.client_of(by or self.alice).post(f"/api/v1/leads/comment/{self.lead.pk}/", {"comment": text})
        self.assertEqual(made.status_code, 201, made.content)
        return made["Location"]


class AssignedTest(StreamTest):
    def test_who_is_assigned_is_told_once(self) -> None:
        self.assign(self.uma, self.alice)
        self.read(), self.read()
        self.assertEqual(self.told(self.uma), ["Alice assigned the lead “Ada Byron” to you"])
        self.assertEqual(self.told(self.alice), [])

    def test_however_it_was_done(self) -> None:
        self.client_of(self.alice).post("/api/v1/leads/assign/", {"leads": [str(self.lead.pk)], "assigned_to": str(self.uma.pk)})
        self.read()
        self.assertEqual(len(self.told(self.uma)), 1)

    def test_many_at_once_are_one_line(self) -> None:
        leads = [self.lead_of(self.alice, f"Lead {number}") for number in range(7)]
        with org_scope(self.alice):
            for lead in leads:
                lead.assigned_to.add(self.uma)
        self.read()
        self.assertEqual(self.told(self.uma), ["Alice assigned 7 leads to you"])

    def test_nobody_of_the_other_org(self) -> None:
        theirs = self.lead_of(self.mallory, "Zebra")
        self.assign(self.uma)
        with org_scope(self.mallory):
            theirs.assigned_to.add(self.mallory)
        self.read()
        with org_scope(self.other):
            self.assertEqual(Notification.objects.count(), 0)
        with org_scope(self.org):
            self.assertEqual([row.recipient_id for row in Notification.objects.all()], [self.uma.pk])


class MentionedTest(StreamTest):
    def setUp(self) -> None:
        self.ada = self.join("ada", "manager")
        self.ada_lovelace = self.join("ada lovelace", "manager")

    def test_by_the_whole_name_the_longest_that_fits(self) -> None:
        self.comment("Ask @ada LOVELACE, please")
        self.read(), self.read()
        self.assertEqual(self.told(self.ada_lovelace), ["Alice mentioned you on the lead “Ada Byron”: Ask @ada LOVELACE, please"])
        self.assertEqual(self.told(self.ada), [])

    def test_only_who_may_see_the_record(self) -> None:
        self.comment("@Uma @Vic @Max @Mallory look at this")
        self.read()
        told = [len(self.told(person)) for person in (self.uma, self.vic, self.max, self.mallory)]
        self.assertEqual(told, [0, 0, 1, 0])

    def test_a_name_that_an_edit_adds(self) -> None:
        where = self.comment("@Ada look")
        self.client_of(self.alice).patch(where, {"comment": "@Ada and @Max look"})
        self.read()
        self.assertEqual((len(self.told(self.ada)), len(self.told(self.max))), (1, 1))

    def test_what_is_no_mention(self) -> None:
        pattern = pattern_of(["max", "o'neil (jr.)"])
        self.assertEqual(names_in(pattern, "mail me@max.example, or @maxine, or @ max"), set())
        self.assertEqual(names_in(pattern, "(@Max) and @O'Neil (jr.)"), {"max", "o'neil (jr.)"})
        self.comment("@")
        self.read()
        with org_scope(self.org):
            self.assertEqual(Notification.objects.count(), 0)
