"""Mail from customers, by webhook: it opens cases, finds its thread, and never starts two machines talking."""

from email.message import EmailMessage
from typing import Any

from django.test import override_settings
from hypothesis import given, settings
from hypothesis import strategies as st

from cases.inbound import take_in
from cases.models import CannedAnswer, Case, CaseMail, Mailbox
from common.inbound import NotAMail, read_mail
from common.people.models import OutgoingMail
from common.records.models import MODULES, Attachment, Interaction
from common.tenancy import org_scope
from common.testing import OrgTestCase
from common.testing.committed import CommittedTestCase

URL = "/api/v1/cases/"
HELP = "help@ours.example"


def mail(text: str = "Since Monday.", *, sender: str = "Ada Byron <Ada@Engines.example>", subject: str = "The seat is loose",
         files: tuple[tuple[str, bytes], ...] = (), html: str = "", **headers: str) -> bytes:  # fmt: skip
    message = EmailMessage()
    message["From"], message["To"], message["Subject"] = sender, HELP, subject
    message["Message-ID"] = headers.pop("message_id", f"<{abs(hash((text, subject, sender)))}@engines.example>")
    for name, value in headers.items():
        message[name.replace("_", "-")] = value
    message.set_content(text)
    if html:
        message.add_alternative(html, subtype="html")
    for name, content in files:
        message.add_attachment(content, maintype="application", subtype="octet-stream", filename=name)
    return message.as_bytes()


class InboundTestCase(OrgTestCase):
    def setUp(self) -> None:
        self.client = self.client_of(self.alice)
        made = self.client.post("/api/v1/mailboxes/", {"name": "Help", "address": "Help@Ours.example"}).json()
        self.mailbox, self.path = made["id"], "/" + made["inbound_url"].split("/", 3)[3]

    def post(self, raw: bytes, path: str = "", kind: str = "message/rfc822") -> Any:
        return self.client_of(None).generic("POST", path or self.path, raw, content_type=kind)

    def take(self, raw: bytes) -> dict[str, Any]:
        response = self.post(raw)
        assert response.status_code == 200, response.content
        return response.json()

    def case(self, pk: str) -> dict[str, Any]:
        return self.client.get(f"{URL}{pk}/").json()

    def interactions(self, pk: str) -> list[Any]:
        with org_scope(self.org):
            return list(Interaction.objects.filter(case=pk).order_by("id"))

    def answer_automatically(self) -> None:
        with org_scope(self.org):
            text = "Hello {{ contact.first_name }}, this is #{{ case.number }}."
            Mailbox.objects.update(auto_answer=CannedAnswer.objects.create(title="Got it", text=text))


class ThreadTest(InboundTestCase):
    def test_a_mail_opens_a_case_of_its_sender(self) -> None:
        body = {"first_name": "Ada", "last_name": "Byron", "email": "ADA@engines.example"}
        contact = self.client.post("/api/v1/contacts/", body).json()["id"]
        taken = self.take(mail(files=(("plan.txt", b"the plan"), ("virus.exe", b"MZ..."))))
        case = self.case(taken["case"])
        self.assertEqual((taken["outcome"], taken["number"]), ("opened", case["number"]))
        self.assertEqual((case["name"], case["status"], case["contacts"]), ("The seat is loose", "New", [contact]))
        self.assertEqual(
            case["description"], "Since Monday.\n\n[virus.exe was not accepted: Files of this type are not accepted.]"
        )
        with org_scope(self.org):
            self.assertEqual([row.file_name for row in Attachment.objects.filter(case=case["id"])], ["plan.txt"])

    def test_an_answer_finds_its_thread_and_wakes_the_case(self) -> None:
        taken = self.take(mail())
        reply = self.client.post(f"{URL}{taken['case']}/reply/", {"text": "Turn both screws.", "status": "Waiting on customer"})
        self.assertEqual(reply.status_code, 201, reply.content)
        sent = OutgoingMail.objects.latest("created_at")
        self.assertEqual((sent.to, sent.subject), ("ada@engines.example", f"Re: The seat is loose [#{taken['number']}]"))
        self.assertEqual(sent.headers["Reply-To"], f"Ours <{HELP}>")
        again = self.take(mail("It holds.", subject="Re: something else", In_Reply_To=sent.headers["Message-ID"]))
        self.assertEqual((again["outcome"], again["case"]), ("added", taken["case"]))
        case = self.case(taken["case"])
        self.assertEqual(case["status"], "Assigned")
        self.assertTrue(case["first_answered_at"])
        told = [(row.direction, row.notes) for row in self.interactions(case["id"])]
        self.assertEqual(told, [("outbound", "Turn both screws."), ("inbound", "From: ada@engines.example\n\nIt holds.")])

    def test_the_number_in_the_subject_counts_from_who_is_in_the_case_only(self) -> None:
        taken = self.take(mail())
        again = self.take(mail("More", subject=f"AW: Seat [#{taken['number']}]"))
        self.assertEqual((again["outcome"], again["case"]), ("added", taken["case"]))
        stranger = self.take(mail("Let me in", subject=f"[#{taken['number']}]", sender="eve@evil.example"))
        self.assertEqual(stranger["outcome"], "opened")

    def test_an_answer_to_a_merged_case_goes_where_that_went(self) -> None:
        one, two = self.take(mail(sender="bo@engines.example")), self.take(mail("Another", subject="Oars"))
        self.client.post(f"{URL}{one['case']}/merge/", {"into": two["case"]})
        again = self.take(mail("More", subject=f"Re: [#{one['number']}]", sender="bo@engines.example"))
        self.assertEqual((again["outcome"], again["case"]), ("added", two["case"]))
        self.client.post(f"{URL}{two['case']}/reply/", {"text": "To both"})
        self.assertEqual(OutgoingMail.objects.latest("created_at").to, "bo@engines.example")

    def test_the_same_mail_again_changes_nothing(self) -> None:
        first = self.take(mail())
        self.assertEqual(self.take(mail()), {"outcome": "known", "case": None, "number": None})
        with org_scope(self.org):
            self.assertEqual((Case.objects.count(), str(Case.objects.get().pk)), (1, first["case"]))

    def test_html_becomes_text(self) -> None:
        message = EmailMessage()
        message["From"], message["Subject"] = "ada@engines.example", "HTML"
        html = "<style>p{}</style><p>One &amp; <b>two</b></p><script>alert(1)</script><p onclick='x()'>three</p>"
        message.set_content(html, subtype="html")
        text = self.case(self.take(message.as_bytes())["case"])["description"]
        self.assertEqual([line for line in text.splitlines() if line], ["One & two", "three"])

    def test_a_very_long_text_is_kept_as_a_file(self) -> None:
        case = self.case(self.take(mail("word " * 40_000))["case"])
        self.assertTrue(case["description"].endswith("[The whole text is attached: mail.txt]"))
        with org_scope(self.org):
            self.assertGreater(Attachment.objects.get(case=case["id"]).size, 199_000)


class LoopTest(InboundTestCase):
    def setUp(self) -> None:
        super().setUp()
        self.answer_automatically()

    def test_who_opens_a_case_gets_one_answer_that_says_it_is_automatic(self) -> None:
        self.take(mail())
        sent = OutgoingMail.objects.get()
        self.assertEqual(sent.headers["Auto-Submitted"], "auto-replied")
        self.assertIn("this is #1.", sent.text)

    def test_machines_are_not_answered(self) -> None:
        for number, headers in enumerate(
            (
                {"Auto_Submitted": "auto-generated"}, {"Precedence": "bulk"}, {"List_Id": "<news.x.example>"},
                {"sender": "MAILER-DAEMON@x.example"}, {"Auto_Submitted": "auto-replied"}, {"Return_Path": "<>"},
            )
        ):  # fmt: skip
            self.take(mail(f"Machine {number}", **headers))
        self.assertEqual(OutgoingMail.objects.count(), 0)
        with org_scope(self.org):  # news and alarms open a case; absences and bounces say nothing that anybody waits for
            self.assertEqual(Case.objects.count(), 3)

    def test_an_absence_note_is_added_and_wakes_nobody(self) -> None:
        taken = self.take(mail())
        self.client.put(f"{URL}{taken['case']}/status/", {"status": "Waiting on customer"})
        again = self.take(mail("I am away", subject=f"Away [#{taken['number']}]", Auto_Submitted="auto-replied"))
        self.assertEqual((again["outcome"], self.case(taken["case"])["status"]), ("added", "Waiting on customer"))

    def test_our_own_mail_is_ignored(self) -> None:
        self.assertEqual(self.take(mail(sender=f"Help <{HELP.upper()}>"))["outcome"], "ignored")
        taken = self.take(mail())
        own = OutgoingMail.objects.get().headers["Message-ID"]
        self.assertEqual(self.take(mail("Back", message_id=own))["outcome"], "known")
        with org_scope(self.org):
            self.assertEqual([str(case.pk) for case in Case.objects.all()], [taken["case"]])

    def test_a_machine_that_hides_is_answered_a_few_times_only(self) -> None:
        """A responder without any mark answers each of our answers with a new mail: sooner or later we are silent."""
        for number in range(40):
            self.take(mail(f"Answer {number}", subject=f"Away {number}"))
        self.assertEqual(OutgoingMail.objects.count(), 10)
        with org_scope(self.org):
            self.assertEqual(Case.objects.count(), 40)  # nothing is lost


class RefusalTest(InboundTestCase):
    def test_a_mail_of_30_mb_is_refused_and_leaves_nothing(self) -> None:
        raw = mail(files=(("big.bin", b"\x01" * 22 * 1024 * 1024),))
        self.assertGreater(len(raw), 29_000_000)
        self.assert_error(self.post(raw), 413, says="A mail may have at most 26214400 bytes")
        with org_scope(self.org):
            self.assertEqual((Case.objects.count(), CaseMail.objects.count()), (0, 0))

    @override_settings(MAX_MAIL_BYTES=9 * 1024 * 1024)
    def test_one_that_is_larger_than_other_bodies_is_taken(self) -> None:
        self.assertEqual(self.take(mail(files=(("big.bin", b"\x01" * 6 * 1024 * 1024),)))["outcome"], "opened")

    def test_what_is_no_mail_is_refused(self) -> None:
        for raw in (b"", b"hello", b"Subject: nobody wrote this\r\n\r\n", b"From: nobody\r\n\r\n", b"\x00" * 100, b"{}"):
            for kind in ("message/rfc822", "application/json", "multipart/form-data; boundary=x", ""):
                with self.subTest(f"{raw[:20]!r} {kind}"):
                    self.assert_error(self.post(raw, kind=kind), 400)

    def test_tokens_of_another_org_and_dead_ones(self) -> None:
        theirs = self.client_of(self.mallory).post("/api/v1/mailboxes/", {"name": "H", "address": "h@theirs.example"}).json()
        self.assertEqual(self.post(mail(), "/" + theirs["inbound_url"].split("/", 3)[3]).status_code, 200)
        with org_scope(self.org):
            self.assertEqual(Case.objects.count(), 0)
        with org_scope(self.other):
            self.assertEqual(Case.objects.count(), 1)
        # our token, with the other organization written into it
        import base64

        token = base64.urlsafe_b64decode(self.path.split("/")[-2] + "==")
        forged = base64.urlsafe_b64encode(token[:24] + self.other.pk.bytes).decode().rstrip("=")
        self.assert_error(self.post(mail(), f"/api/cases/inbound/{forged}/"), 404)
        renewed = self.client.post(f"/api/v1/mailboxes/{self.mailbox}/new-url/").json()["inbound_url"]
        self.assert_error(self.post(mail()), 404)
        self.path = "/" + renewed.split("/", 3)[3]
        self.client.patch(f"/api/v1/mailboxes/{self.mailbox}/", {"is_active": False})
        self.assert_error(self.post(mail()), 404)

    def test_an_answer_to_another_orgs_case_is_a_case_of_ours(self) -> None:
        with org_scope(self.other):
            theirs = MODULES["cases"].objects.create(name="Theirs", stage=self.stage())  # type: ignore[misc]
            CaseMail.objects.create(case=theirs, direction="outbound", message_id="<x@y>", address="ada@engines.example")
        self.assertEqual(self.take(mail("Re", In_Reply_To="<x@y>"))["outcome"], "opened")

    def stage(self) -> Any:
        from common.records.serializers import find_stage

        return find_stage("cases")


@settings(max_examples=300, deadline=None)
@given(st.binary(max_size=400), st.sampled_from([b"From", b"Subject", b"Content-Type", b"Message-ID", b"References", b"Date"]))
def test_whatever_comes_is_a_mail_or_none(noise: bytes, header: bytes) -> None:
    for raw in (noise, b"From: a@b.example\r\n" + header + b": " + noise + b"\r\n\r\n" + noise):
        try:
            read = read_mail(raw)
        except NotAMail:
            continue
        assert "@" in read.sender and "\x00" not in read.text + read.subject
        (read.text + read.subject + read.message_id + read.sender_name).encode()


class AtOnceTest(CommittedTestCase):
    def test_the_same_mail_in_three_workers_is_one_case(self) -> None:
        with org_scope(self.org):
            mailbox = Mailbox.objects.create(name="Help", address=HELP, token_hash="x")

        def work() -> str:
            with org_scope(self.org, source="mail"):
                return take_in(mailbox, mail()).outcome

        self.assertEqual(sorted(self.at_once(work, work, work)), ["known", "known", "opened"])
        with org_scope(self.org):
            self.assertEqual(Case.objects.count(), 1)
