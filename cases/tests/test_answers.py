"""Answers by mail, canned and own; surveys; escalation by hand."""

from typing import Any

from django.test import Client

from cases.models import Survey
from common.people.models import OutgoingMail
from common.tenancy import org_scope
from common.testing import OrgTestCase

URL = "/api/v1/cases/"


class AnswerTestCase(OrgTestCase):
    def setUp(self) -> None:
        self.client = self.client_of(self.alice)
        body = {"first_name": "Ada", "last_name": "Byron", "email": "ada@engines.example"}
        self.contact = self.client.post("/api/v1/contacts/", body).json()["id"]
        self.case = self.client.post(URL, {"name": "The seat is loose", "contacts": [self.contact]}).json()["id"]

    def canned(self, text: str) -> Any:
        return self.client.post("/api/v1/canned-answers/", {"title": "An answer", "text": text})

    def reply(self, **body: Any) -> Any:
        return self.client.post(f"{URL}{self.case}/reply/", body)


class ReplyTest(AnswerTestCase):
    def test_a_canned_answer_is_filled_in(self) -> None:
        text = "Hello {{ contact.first_name }} {{contact.last_name}},\nabout #{{ case.number }} “{{ case.name }}” "
        canned = self.canned(text + "({{ case.status }}).\n{{ agent.name }}, {{ org.name }}{{ account.name }}").json()["id"]
        response = self.reply(canned_answer=canned, text="P.S. Mind the oars.")
        self.assertEqual(response.status_code, 201, response.content)
        whole = "Hello Ada Byron,\nabout #1 “The seat is loose” (New).\nAlice, Ours\n\nP.S. Mind the oars."
        self.assertEqual(response.json()["notes"], whole)
        sent = OutgoingMail.objects.get(to="ada@engines.example")
        self.assertIn(whole, sent.text)
        self.assertEqual((sent.subject, sent.headers["From"]), ("The seat is loose [#1]", "Ours <noreply@localhost>"))
        self.assertIn("Ada Byron,<br>about #1", sent.html)

    def test_an_unknown_field_is_refused_by_name_when_the_answer_is_written(self) -> None:
        for text in ("Hello {{ contact.password }}", "{{ }}", "{{ case.org.id }}", "{{case.number}} {{x}}"):
            self.assert_error(self.canned(text), 400, field="text", says="Unknown field")
        self.assert_error(self.canned("{{ contact.password }}"), 400, says='"contact.password". Fields: case.number, case.name')

    def test_own_text_is_sent_as_it_is(self) -> None:
        self.assertEqual(self.reply(text="Write {{ name }} <b>so</b>").json()["notes"], "Write {{ name }} <b>so</b>")
        self.assertIn("&lt;b&gt;so", OutgoingMail.objects.get(to="ada@engines.example").html)

    def test_replies_that_cannot_be(self) -> None:
        self.assert_error(self.reply(), 400, field="text")
        self.assert_error(self.reply(text="x", status="Nowhere"), 400, field="status", says="is not a stage")
        self.client.patch(f"{URL}{self.case}/", {"contacts": []})
        self.assert_error(self.reply(text="x"), 400, field="contacts", says="nobody to write to")
        theirs = self.client_of(self.mallory).post("/api/v1/canned-answers/", {"title": "T", "text": "T"}).json()["id"]
        self.assert_error(self.reply(canned_answer=theirs), 400, field="canned_answer", says="does not exist")
        self.assertEqual(OutgoingMail.objects.filter(to="ada@engines.example").count(), 0)

    def test_a_line_break_in_a_name_breaks_no_header(self) -> None:
        self.client.patch(f"{URL}{self.case}/", {"name": "One\r\nBcc: eve@evil.example"})
        self.client.patch("/api/v1/org/", {"name": "Ours\r\nX: y"})
        self.assertEqual(self.reply(text="x").status_code, 201)
        sent = OutgoingMail.objects.get(to="ada@engines.example")
        self.assertNotRegex(sent.subject + sent.headers["From"], r"[\r\n]")

    def test_escalating_by_hand(self) -> None:
        body = self.client.post(f"{URL}{self.case}/escalate/", {}).json()
        self.assertEqual(body["priority"], "High")
        self.assertTrue(body["escalated_at"])
        for _ in range(3):
            body = self.client.post(f"{URL}{self.case}/escalate/", {"assign_lead": False}).json()
        self.assertEqual(body["priority"], "Urgent")


class SurveyTest(AnswerTestCase):
    def ask(self) -> str:
        """The path of a new survey's link."""
        response = self.client.post(f"{URL}{self.case}/survey/")
        self.assertEqual(response.status_code, 201, response.content)
        self.assertNotIn("token", response.content.decode())
        text = OutgoingMail.objects.filter(to="ada@engines.example").latest("created_at").text
        return next(line.split("/", 3)[3] for line in text.splitlines() if "/survey/" in line)

    def test_a_customer_answers_once(self) -> None:
        path, browser = f"/{self.ask()}", Client()
        page = browser.get(path)
        self.assertContains(page, "The seat is loose")
        self.assertEqual((page["Referrer-Policy"], "no-store" in page["Cache-Control"]), ("strict-origin", True))
        self.assertContains(browser.post(path, {"rating": "9"}), "Select a valid choice", status_code=400)
        self.assertContains(browser.post(path, {}), "Please choose one.", status_code=400)
        self.assertContains(browser.post(path, {"rating": "5", "comment": "Quick!"}), "Thank you")
        self.assertContains(browser.post(path, {"rating": "1", "comment": "Changed my mind"}), "Thank you")
        self.assertContains(browser.get(path), "Thank you")
        row = self.client.get("/api/v1/surveys/").json()["results"][0]
        self.assertEqual((row["rating"], row["comment"], row["case"]), (5, "Quick!", self.case))

    def test_links_that_are_none_lead_nowhere(self) -> None:
        token = self.ask().split("/")[1]
        for path in (
            f"/survey/{token[:-2]}AA/",
            f"/survey/{'A' * 54}/",
            "/survey/x/",
            "/survey/é/",
            "/survey/%00/",
            "/survey/===/",
        ):
            with self.subTest(path):
                self.assertEqual(Client().get(path).status_code, 404)
                self.assertEqual(Client().post(path, {"rating": "5"}).status_code, 404)
        self.client.delete(f"{URL}{self.case}/")
        self.assertEqual(Client().get(f"/survey/{token}/").status_code, 404)
        with org_scope(self.org):
            self.assertIsNone(Survey.objects.get().rating)

    def test_surveys_are_seen_by_who_sees_the_case(self) -> None:
        self.ask()
        self.assertEqual(self.client_of(self.max).get("/api/v1/surveys/").json()["count"], 1)
        self.assertEqual(self.client_of(self.uma).get("/api/v1/surveys/").json()["count"], 0)
        self.assertEqual(self.client_of(self.mallory).get("/api/v1/surveys/").json()["count"], 0)
        self.assert_error(self.client_of(self.alice).post("/api/v1/surveys/", {"rating": 5}), 405)
