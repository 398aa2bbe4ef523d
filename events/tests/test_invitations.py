"""Those who are invited: mails with an .ics, answers by link, and the feed of a person."""

from datetime import date
from typing import Any

import icalendar
from django.core import mail
from django.test import Client

from common.notifications.models import Notification
from common.people.mail import send_mail
from common.people.models import OutgoingMail
from common.tenancy import org_scope
from events.models import CalendarFeed, Participant
from events.tests.test_events import TRAVEL, URL, EventTestCase

ADA = {"email": "ada@engines.example", "name": "Ada Byron"}


class InvitationTestCase(EventTestCase):
    def mails(self) -> list[tuple[str, str, str]]:
        """What went out since the last look: (to, kind, method), by address."""
        rows = list(OutgoingMail.objects.order_by("to", "id"))
        OutgoingMail.objects.all().delete()
        self.sent = rows
        return [(row.to, row.subject.split(":")[0], self.ics(row)["METHOD"]) for row in rows]

    def ics(self, row: OutgoingMail) -> Any:
        return icalendar.Calendar.from_ical(bytes(row.attachment))

    def link(self, row: OutgoingMail) -> str:
        return next(line for line in row.text.splitlines() if "/meeting/" in line).split("8000")[-1]

    def names(self, event: dict[str, Any]) -> list[str]:
        return [person["email"] or person["name"] for person in event["participants"]]


@TRAVEL
class MailTest(InvitationTestCase):
    def test_colleagues_contacts_leads_and_addresses_are_invited(self) -> None:
        contact = self.client.post("/api/v1/contacts/", {"last_name": "Byron", "email": "Byron@x.example"}).json()["id"]
        lead = self.client.post("/api/v1/leads/", {"name": "Grace", "email": "grace@x.example"}).json()["id"]
        people = [{"profile": str(self.uma.pk)}, {"contact": contact}, {"lead": lead}, ADA, {"name": "Grandma"}]
        event = self.make(participants=people)
        self.assertEqual(
            self.names(event), ["uma@example.com", "byron@x.example", "grace@x.example", "ada@engines.example", "Grandma"]
        )
        self.assertEqual(self.mails(), [(to, "Invitation", "REQUEST") for to in sorted(self.names(event)[:4])])
        (entry,) = self.ics(self.sent[0]).walk("VEVENT")
        self.assertEqual((entry["SUMMARY"], int(entry["SEQUENCE"]), entry["UID"]), ("Stand-up", 0, f"{event['id']}@localhost"))
        self.assertEqual(len(entry["ATTENDEE"]), 4)
        self.assertEqual(entry["ATTENDEE"][3].params["CN"], "Ada Byron")
        self.assertEqual(str(entry["ORGANIZER"]), "mailto:alice@example.com")
        self.assertIn("Monday, 1 March 2027, 08:00–08:30 (UTC)", self.sent[0].text)

    def test_changes_are_told_with_a_higher_sequence_and_who_is_left_out_hears_of_it(self) -> None:
        event = self.make(participants=[ADA, {"email": "bob@x.example"}])
        self.mails()
        self.client.patch(f"{URL}{event['id']}/", {"reminders": [5]})
        self.assertEqual(self.mails(), [])
        self.client.patch(f"{URL}{event['id']}/", {"location": "Pier 4"})
        self.assertEqual(self.mails(), [(ADA["email"], "Updated", "REQUEST"), ("bob@x.example", "Updated", "REQUEST")])
        (entry,) = self.ics(self.sent[0]).walk("VEVENT")
        self.assertEqual((int(entry["SEQUENCE"]), entry["LOCATION"]), (1, "Pier 4"))
        self.client.patch(f"{URL}{event['id']}/", {"participants": [ADA, {"email": "eve@x.example"}]})
        self.assertEqual(self.mails(), [("bob@x.example", "Cancelled", "CANCEL"), ("eve@x.example", "Invitation", "REQUEST")])
        self.client.patch(f"{URL}{event['id']}/", {"title": "Quiet", "send_mail": False})
        self.assertEqual(self.mails(), [])
        self.client.delete(f"{URL}{event['id']}/")
        self.assertEqual(self.mails(), [(ADA["email"], "Cancelled", "CANCEL"), ("eve@x.example", "Cancelled", "CANCEL")])
        (entry,) = self.ics(self.sent[0]).walk("VEVENT")
        self.assertEqual(entry["STATUS"], "CANCELLED")
        self.client.post(f"{URL}{event['id']}/restore/")
        self.assertEqual({kind for _, kind, _ in self.mails()}, {"Invitation"})

    def test_what_is_over_is_told_to_nobody(self) -> None:
        event = self.make(start="2027-02-01T08:00:00Z", end="2027-02-01T08:30:00Z", participants=[ADA])
        self.client.delete(f"{URL}{event['id']}/")
        self.assertEqual(self.mails(), [])

    def test_single_occurrences_are_told_by_their_recurrence_id(self) -> None:
        event = self.weekly(participants=[ADA], recurrence="FREQ=WEEKLY;UNTIL=20270501")
        self.mails()
        (entry,) = self.ics(self.sent[0]).walk("VEVENT")
        self.assertEqual(entry["RRULE"].to_ical(), b"FREQ=WEEKLY;UNTIL=20270501T215959Z")
        self.assertEqual(entry["DTSTART"].params["TZID"], "Europe/Oslo")
        self.change(event, "2027-03-08T08:00:00Z", "one", start="2027-03-09T12:00:00Z")
        self.cancel(event, "2027-03-15T08:00:00Z")
        self.assertEqual([kind for _, kind, _ in self.mails()], ["Updated", "Cancelled"])
        (moved,), (cancelled,) = (self.ics(row).walk("VEVENT") for row in self.sent)
        self.assertEqual(moved["RECURRENCE-ID"].dt.isoformat(), "2027-03-08T09:00:00+01:00")
        self.assertEqual(moved["DTSTART"].dt.isoformat(), "2027-03-09T13:00:00+01:00")
        self.assertEqual(
            (cancelled["RECURRENCE-ID"].dt.isoformat(), cancelled["STATUS"]), ("2027-03-15T09:00:00+01:00", "CANCELLED")
        )

    def test_the_mail_carries_the_calendar_as_a_form_of_its_own(self) -> None:
        self.make(participants=[ADA], title="Überfahrt; 山, now\nreally", all_day=True)
        self.mails_sent()
        message = mail.outbox[0].message()
        kinds = {part.get_content_type(): part for part in message.walk()}
        self.assertEqual(kinds["text/calendar"].get_param("method"), "REQUEST")
        (entry,) = icalendar.Calendar.from_ical(kinds["application/ics"].get_payload(decode=True)).walk("VEVENT")
        self.assertEqual((entry["DTSTART"].dt, entry["DTEND"].dt), (date(2027, 3, 1), date(2027, 3, 2)))
        self.assertIn("Überfahrt; 山, now", entry["SUMMARY"])

    def mails_sent(self) -> None:
        for row in OutgoingMail.objects.all():
            self.assertTrue(send_mail(str(row.pk)))

    def test_strangers_and_nonsense_are_refused(self) -> None:
        theirs = self.client_of(self.mallory).post("/api/v1/contacts/", {"last_name": "Zed", "email": "z@x.example"}).json()["id"]
        for person in ({"contact": theirs}, {"profile": str(self.mallory.pk)}, {"lead": theirs}):
            self.assertIn("does not exist", str(self.refuse("participants", participants=[person])))
        for people in ([{}], "Ada", [{"email": "no"}], [{"email": "a@x.example", "more": 1}], [ADA] * 101,
                       [{"profile": str(self.uma.pk), "contact": theirs}]):  # fmt: skip
            self.refuse("participants", participants=people)
        self.assertEqual(self.mails(), [])
        self.assertEqual(self.names(self.make(participants=[ADA, {"email": "ADA@engines.example"}])), [ADA["email"]])


@TRAVEL
class AnswerTest(InvitationTestCase):
    def invited(self, **data: Any) -> tuple[dict[str, Any], str]:
        event = self.make(**{"participants": [ADA], "start": "2027-03-02T08:00:00Z", "end": "2027-03-02T09:00:00Z", **data})
        self.mails()
        return event, self.link(self.sent[0])

    def response(self, event: dict[str, Any]) -> str:
        return self.client.get(f"{URL}{event['id']}/").json()["participants"][0]["response"]

    def test_the_link_shows_the_event_and_only_its_button_answers(self) -> None:
        event, link = self.invited(location="Pier 4")
        page = Client().get(link)
        self.assertContains(page, "Pier 4")
        self.assertContains(page, "Tuesday, 2 March 2027, 08:00–09:00 (UTC)")
        self.assertEqual((page["Referrer-Policy"], "no-store" in page["Cache-Control"]), ("strict-origin", True))
        Client().get(f"{link}?response=accepted")
        self.assertEqual(self.response(event), "needs-action")
        browser = Client()
        self.assertContains(browser.post(link, {"response": "accepted"}, follow=True), "your answer was sent")
        self.assertEqual(self.response(event), "accepted")
        with org_scope(self.org):
            (told,) = Notification.objects.all()
            self.assertEqual((told.recipient_id, told.text), (self.alice.pk, "Ada Byron answered “accepted”: Stand-up"))
        browser.post(link, {"response": "nonsense"})
        browser.post(link, {"response": "declined"})
        self.assertEqual(self.response(event), "declined")
        self.client.patch(f"{URL}{event['id']}/", {"start": "2027-03-03T08:00:00Z"})
        self.assertEqual(self.response(event), "needs-action")

    def test_forged_foreign_and_dead_links_open_nothing(self) -> None:
        event, link = self.invited()
        _, other = self.invited(title="Other")
        token, changed = link.split("/")[2], other.split("/")[2]
        last = "A" if token[-1] != "A" else "B"
        forged = [token[:-1] + last, self.other.pk.hex + token[32:], token[:32] + changed[32:64] + token[64:]]
        forged += ["x", token[:64], str(event["id"])]
        for bad in forged:
            self.assertEqual(Client().get(f"/meeting/{bad}/").status_code, 404)
            self.assertEqual(Client().post(f"/meeting/{bad}/", {"response": "accepted"}).status_code, 404)
        self.client.patch(f"{URL}{event['id']}/", {"participants": []})
        self.assertEqual(Client().get(link).status_code, 404)

    def test_what_was_cancelled_is_not_answered(self) -> None:
        event, link = self.invited()
        self.client.delete(f"{URL}{event['id']}/")
        self.assertContains(Client().get(link), "was cancelled")
        Client().post(link, {"response": "accepted"})
        with org_scope(self.org):
            self.assertEqual(Participant.objects.get(event=event["id"]).response, "needs-action")

    def test_colleagues_see_what_they_are_invited_to_and_answer_in_the_api(self) -> None:
        event = self.make(start="2027-03-02T08:00:00Z", end="2027-03-02T09:00:00Z", participants=[{"profile": str(self.uma.pk)}])
        uma = self.client_of(self.uma)
        self.assertEqual(uma.post(f"{URL}{event['id']}/respond/", {"response": "tentative"}).status_code, 200)
        self.assertEqual(self.response(event), "tentative")
        self.assert_error(uma.patch(f"{URL}{event['id']}/", {"title": "Mine"}), 403)
        self.assert_error(self.client.post(f"{URL}{event['id']}/respond/", {"response": "accepted"}), 403)
        self.assert_error(uma.post(f"{URL}{event['id']}/respond/", {"response": "maybe"}), 400, field="response")
        self.assert_error(self.client_of(self.mallory).post(f"{URL}{event['id']}/respond/", {"response": "accepted"}), 404)


@TRAVEL
class FeedTest(InvitationTestCase):
    FEED = "/api/v1/calendar-feed/"

    def path(self, url: str) -> str:
        return url[url.index("/calendar/") :]

    def titles(self, url: str) -> list[str]:
        response = Client().get(self.path(url))
        self.assertEqual((response.status_code, response["Content-Type"]), (200, "text/calendar; charset=utf-8"))
        return sorted(str(entry["SUMMARY"]) for entry in icalendar.Calendar.from_ical(response.content).walk("VEVENT"))

    def test_it_has_the_events_of_its_person_and_no_others(self) -> None:
        series = self.weekly(title="Series")
        self.change(series, "2027-03-08T08:00:00Z", "one", title="Changed")
        self.cancel(series, "2027-03-15T08:00:00Z")
        self.make(self.uma, title="hers")
        self.make(self.mallory, title="theirs")
        self.make(title="old", start="2026-01-01T08:00:00Z", end="2026-01-01T09:00:00Z")
        url = self.client.post(self.FEED).json()["url"]
        self.assertEqual(self.titles(url), ["Changed", "Series"])
        content = Client().get(self.path(url)).content
        self.assertIn(b"EXDATE;TZID=Europe/Oslo:20270315T090000", content)
        self.assertIn(b"BEGIN:VTIMEZONE", content)
        uma = self.client_of(self.uma).post(self.FEED).json()["url"]
        self.assertEqual(self.titles(uma), ["hers"])

    def test_it_has_what_is_planned_and_due_as_calendar_programs_show_it(self) -> None:
        def post(module: str, who: Any = None, **values: Any) -> str:
            made = (who or self.client).post(f"/api/v1/{module}/", values, format="json")
            self.assertEqual(made.status_code, 201, made.content)
            return str(made.json()["id"])

        call = post("planner", subject="Call; ask, twice", activity_type="call", start="2027-03-02T09:00:00Z", duration=15)
        post("planner", subject="Look in", start="2027-03-03T09:00:00Z", description="With\nher son")
        task = post("tasks", title="Send the offer", due_date="2027-03-04")
        done = post("planner", subject="Done", start="2027-03-02T09:00:00Z")
        self.client.post(f"/api/v1/planner/{done}/done/", {})
        post("tasks", title="Completed", due_date="2027-03-04", status="Completed")
        post("tasks", title="Some day")
        post("tasks", title="Long over", due_date="2026-03-04")
        post("tasks", title="At the end of days", due_date="9999-12-31")
        post("tasks", self.client_of(self.uma), title="hers", due_date="2027-03-04")
        post("planner", self.client_of(self.mallory), subject="theirs", start="2027-03-02T09:00:00Z")
        url = self.client.post(self.FEED).json()["url"]
        self.assertEqual(self.titles(url), ["Call; ask, twice", "Look in", "Send the offer"])
        content = Client().get(self.path(url)).content
        entries = {str(entry["UID"]): entry for entry in icalendar.Calendar.from_ical(content).walk("VEVENT")}
        planned, due = entries[f"{call}@localhost"], entries[f"{task}@localhost"]
        self.assertEqual((planned.decoded("DTEND") - planned.decoded("DTSTART")).seconds, 15 * 60)
        self.assertEqual((planned["TRANSP"], due["TRANSP"]), ("OPAQUE", "TRANSPARENT"))
        self.assertEqual((due.decoded("DTSTART"), due.decoded("DTEND")), (date(2027, 3, 4), date(2027, 3, 5)))
        self.assertIn(b"DTSTART;VALUE=DATE:20270304\r\n", content)
        self.assertIn(b"SUMMARY:Call\\; ask\\, twice\r\n", content)
        for entry in entries.values():  # RFC 5545, 3.6.1: each has these once, and an end comes after its beginning
            self.assertFalse(entry.errors)
            self.assertTrue({"UID", "DTSTAMP", "DTSTART", "SUMMARY"} <= set(entry))
            self.assertTrue("DTEND" not in entry or entry.decoded("DTEND") > entry.decoded("DTSTART"))
        self.assertTrue(all(len(line) <= 75 for line in content.split(b"\r\n")))

    def test_a_role_that_may_not_view_tasks_has_none_in_its_feed(self) -> None:
        self.client.post("/api/v1/tasks/", {"title": "Secret", "due_date": "2027-03-04", "assigned_to": [str(self.uma.pk)]})
        url = self.client_of(self.uma).post(self.FEED).json()["url"]
        self.assertEqual(self.titles(url), ["Secret"])
        permissions = {"*": dict.fromkeys(("view", "create"), "own"), "tasks": {}}
        role = self.client.post("/api/v1/roles/", {"name": "Blind", "permissions": permissions}, format="json").json()["id"]
        self.client.patch(f"/api/v1/users/{self.uma.pk}/", {"role": role})
        self.assertEqual(self.titles(url), [])

    def test_a_new_one_kills_the_old_one_and_revoked_is_revoked(self) -> None:
        self.assert_error(self.client.get(self.FEED), 404)
        old, new = (self.client.post(self.FEED).json()["url"] for _ in range(2))
        self.assertEqual(Client().get(self.path(old)).status_code, 404)
        self.assertEqual(self.titles(new), [])
        self.assertIsNone(self.client.get(self.FEED).json()["url"])
        with org_scope(self.org):
            self.assertNotIn(CalendarFeed.objects.get().token_hash, new)
        self.assertEqual(self.client.delete(self.FEED).status_code, 204)
        self.assertEqual(Client().get(self.path(new)).status_code, 404)
        self.assert_error(self.client.delete(self.FEED), 404)

    def test_who_left_has_no_feed_any_more(self) -> None:
        url = self.client_of(self.uma).post(self.FEED).json()["url"]
        with org_scope(self.org):
            self.uma.is_active = False
            self.uma.save()
        self.assertEqual(Client().get(self.path(url)).status_code, 404)
        for bad in ("x", "%00", "a" * 500, str(self.uma.pk)):
            self.assertEqual(Client().get(f"/calendar/{bad}/").status_code, 404)
