"""notify(): who is told, and by which ways."""

from datetime import UTC, datetime, timedelta
from typing import Any

from django.test import override_settings
from django.utils import timezone

from common.notifications.models import Notification, NotificationSettings
from common.notifications.services import digest_moment, notify, send_digests
from common.people.models import OutgoingMail, User
from common.records.serializers import find_stage
from common.tenancy import org_scope
from common.testing import OrgTestCase
from leads.models import Lead


@override_settings(CELERY_TASK_ALWAYS_EAGER=False)
class NotifyTestCase(OrgTestCase):
    @classmethod
    def setUpTestData(cls) -> None:
        super().setUpTestData()
        User.objects.filter(email__endswith="@example.com").update(email_verified_at=timezone.now())
        cls.lead = cls.lead_of(cls.alice, "Ada Byron")

    @staticmethod
    def lead_of(profile: Any, name: str) -> Lead:
        with org_scope(profile):
            return Lead.objects.create(name=name, stage=find_stage("leads"))

    def tell(self, *people: Any, kind: str = "due", by: Any = None, text: str = "Call Ada today.", lead: Any = None) -> None:
        with org_scope(by or self.org):
            notify(to=people, kind=kind, record=lead or self.lead, text=text)

    def told(self, profile: Any) -> list[str]:
        return [row["text"] for row in self.client_of(profile).get("/api/v1/notifications/").json()["results"]]

    def mails(self) -> list[tuple[str, str]]:
        return sorted(OutgoingMail.objects.values_list("to", "subject"))

    def wish(self, profile: Any, **mail: str) -> None:
        response = self.client_of(profile).patch("/api/v1/notifications/settings/", {"mail": mail})
        self.assertEqual(response.status_code, 200, response.content)


class WhoIsToldTest(NotifyTestCase):
    def test_in_the_app_with_what_and_about_what(self) -> None:
        self.tell(self.max, by=self.alice)
        (row,) = self.client_of(self.max).get("/api/v1/notifications/").json()["results"]
        shown = {name: row[name] for name in ("kind", "text", "record_type", "record_id", "actor", "read_at")}
        self.assertEqual(
            shown,
            {
                "kind": "due",
                "text": "Call Ada today.",
                "record_type": "lead",
                "record_id": str(self.lead.pk),
                "actor": "Alice",
                "read_at": None,
            },
        )

    def test_nobody_is_told_of_their_own_acts(self) -> None:
        self.tell(self.alice, self.max, by=self.alice)
        self.assertEqual((self.told(self.alice), self.told(self.max)), ([], ["Call Ada today."]))

    def test_nobody_is_told_of_what_they_may_not_see(self) -> None:
        self.tell(self.uma, self.vic, self.max)
        self.assertEqual((self.told(self.uma), self.told(self.vic), self.told(self.max)), ([], [], ["Call Ada today."]))
        with org_scope(self.alice):
            self.lead.assigned_to.add(self.uma)
        self.tell(self.uma)
        self.assertEqual(self.told(self.uma), ["Call Ada today."])

    def test_nor_of_what_is_in_the_bin(self) -> None:
        with org_scope(self.alice):
            Lead.objects.filter(pk=self.lead.pk).update(deleted_at=timezone.now())
            gone = Lead.with_bin.get(pk=self.lead.pk)
        self.tell(self.max, lead=gone)
        self.assertEqual(self.told(self.max), [])

    def test_someone_deactivated_gets_nothing(self) -> None:
        with org_scope(self.org):
            type(self.max).objects.filter(pk=self.max.pk).update(is_active=False)
        self.tell(self.max, kind="breached")
        with org_scope(self.org):
            self.assertEqual(Notification.objects.count(), 0)
        self.assertEqual(self.mails(), [])

    def test_each_once_and_long_texts_cut(self) -> None:
        self.tell(self.max, self.max, text="x" * 500)
        self.assertEqual([len(text) for text in self.told(self.max)], [300])

    def test_an_unknown_kind_is_an_error(self) -> None:
        with self.assertRaises(ValueError):
            self.tell(self.max, kind="gossip")


class EndpointTest(NotifyTestCase):
    def setUp(self) -> None:
        self.tell(self.max, text="one"), self.tell(self.max, text="two"), self.tell(self.alice, text="hers")
        self.client = self.client_of(self.max)

    def unread(self, profile: Any) -> int:
        return self.client_of(profile).get("/api/v1/notifications/unread/").json()["unread"]

    def ids(self, profile: Any) -> list[str]:
        return [row["id"] for row in self.client_of(profile).get("/api/v1/notifications/").json()["results"]]

    def test_read_one(self) -> None:
        newest = self.ids(self.max)[0]
        row = self.client.post(f"/api/v1/notifications/{newest}/read/").json()
        self.assertEqual((row["text"], bool(row["read_at"]), self.unread(self.max)), ("two", True, 1))
        again = self.client.post(f"/api/v1/notifications/{newest}/read/").json()
        self.assertEqual(again["read_at"], row["read_at"])
        left = self.client.get("/api/v1/notifications/?read_at__isnull=true").json()["results"]
        self.assertEqual([row["text"] for row in left], ["one"])

    def test_others_notifications_are_not_ours(self) -> None:
        (hers,) = self.ids(self.alice)
        self.assert_error(self.client.get(f"/api/v1/notifications/{hers}/"), 404)
        self.assert_error(self.client.post(f"/api/v1/notifications/{hers}/read/"), 404)
        both = {"notifications": [self.ids(self.max)[0], hers]}
        refused = self.client.post("/api/v1/notifications/read/", both)
        self.assert_error(refused, 400, field="notifications", says="does not exist")
        self.assertEqual((self.unread(self.alice), self.unread(self.max)), (1, 2))

    def test_read_some_and_all(self) -> None:
        marked = self.client.post("/api/v1/notifications/read/", {"notifications": self.ids(self.max)[:1]})
        self.assertEqual((marked.json(), self.unread(self.max)), ({"marked": 1}, 1))
        self.assertEqual(self.client.post("/api/v1/notifications/read-all/").json(), {"marked": 1})
        self.assertEqual((self.unread(self.max), self.unread(self.alice)), (0, 1))
        self.assert_error(self.client.post("/api/v1/notifications/read/", {"notifications": "all"}), 400, field="notifications")

    def test_a_list_costs_three_statements(self) -> None:
        self.assertEqual(self.cost(self.client, "/api/v1/notifications/"), 2)


class MailTest(NotifyTestCase):
    def test_at_once_as_chosen(self) -> None:
        self.wish(self.max, due="at_once")
        self.wish(self.alice, due="off")
        self.tell(self.max, self.alice)
        self.assertEqual(self.mails(), [("max@example.com", "Call Ada today.")])

    def test_not_to_an_address_that_nobody_confirmed(self) -> None:
        User.objects.filter(pk=self.max.user_id).update(email_verified_at=None)
        self.tell(self.max, kind="breached")
        self.assertEqual((self.told(self.max), self.mails()), (["Call Ada today."], []))

    def test_settings_are_kept_and_checked(self) -> None:
        client, url = self.client_of(self.max), "/api/v1/notifications/settings/"
        self.assertEqual(client.get(url).json()["mail"]["mentioned"], "at_once")
        self.wish(self.max, mentioned="off")
        self.wish(self.max, due="off")
        chosen = {"assigned": "daily", "mentioned": "off", "due": "off", "breached": "at_once", "answered": "daily"}
        self.assertEqual(client.get(url).json()["mail"], chosen)
        self.assert_error(client.patch(url, {"mail": {"due": "hourly"}}), 400, field="mail")
        self.assert_error(client.patch(url, {"mail": {"gossip": "off"}}), 400, field="mail")
        with org_scope(self.org):
            self.assertEqual(NotificationSettings.objects.count(), 1)


class DigestTest(NotifyTestCase):
    def setUp(self) -> None:
        type(self.org).objects.filter(pk=self.org.pk).update(timezone="Asia/Tokyo")
        self.org.refresh_from_db()
        self.tell(self.max, text="one"), self.tell(self.max, text="two")

    def send(self, now: datetime) -> int:
        with org_scope(self.org):
            return send_digests(self.org, now)

    def test_the_hour_is_that_of_the_organization(self) -> None:
        before, after = datetime(2026, 3, 9, 22, 59, tzinfo=UTC), datetime(2026, 3, 9, 23, 1, tzinfo=UTC)  # 8:00 in Tokyo
        self.assertEqual(digest_moment(self.org, before), datetime(2026, 3, 8, 23, tzinfo=UTC))
        self.assertEqual(digest_moment(self.org, after), datetime(2026, 3, 9, 23, tzinfo=UTC))

    def test_one_mail_a_day_with_all_that_waited(self) -> None:
        tomorrow = digest_moment(self.org, timezone.now()) + timedelta(days=1, minutes=1)
        self.assertEqual((self.send(timezone.now()), self.mails()), (0, []))
        self.assertEqual(self.send(tomorrow), 1)
        self.assertEqual(self.mails(), [("max@example.com", "Your day in Atrium: 2 notifications")])
        self.assertEqual((self.send(tomorrow), self.send(tomorrow + timedelta(days=1))), (0, 0))

    def test_what_was_read_meanwhile_is_not_mailed(self) -> None:
        self.client_of(self.max).post("/api/v1/notifications/read-all/")
        self.assertEqual(self.send(timezone.now() + timedelta(days=2)), 0)
        self.assertEqual(self.mails(), [])
