"""Answers that did not arrive: the case shows why, those who work on it are told, and no machine is talked to."""

from cases.tests.test_inbound import URL, InboundTestCase, mail
from common.people.models import OutgoingMail
from emails.tests.test_bounces import ADA, report


class BounceTest(InboundTestCase):
    def test_a_bounce_is_shown_in_its_case_and_opens_none(self) -> None:
        pk = self.take(mail())["case"]
        self.client.post(f"{URL}{pk}/reply/", {"text": "Turn both screws.", "status": "Waiting on customer"})
        sent = OutgoingMail.objects.latest("id")
        count = OutgoingMail.objects.count()
        self.assertEqual(self.take(report(sent.headers["Message-ID"]))["outcome"], "bounced")
        self.assertEqual(self.take(report(sent.headers["Message-ID"]))["outcome"], "known")
        latest = self.client.get(f"{URL}{pk}/interactions/").json()["results"]
        told = [row["notes"] for row in latest if row["notes"].startswith("Not delivered")]
        self.assertEqual(told, [f"Not delivered to {ADA}: 5.1.1 550 5.1.1 <{ADA}>: user unknown"])
        self.assertEqual(self.case(pk)["status"], "Waiting on customer")
        self.assertEqual((self.client.get(URL).json()["count"], OutgoingMail.objects.count()), (1, count))
        texts = [row["text"] for row in self.client.get("/api/v1/notifications/").json()["results"]]
        self.assertEqual(sum("Not delivered" in text for text in texts), 1)

    def test_a_bounce_of_nothing_of_ours_is_ignored(self) -> None:
        self.assertEqual(self.take(report("<never@ours.example>"))["outcome"], "ignored")
        self.assertEqual(self.client.get(URL).json()["count"], 0)
