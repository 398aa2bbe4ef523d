"""What people do in the Django admin goes through the API's endpoints: the same checks, and the same consequences."""

from datetime import timedelta
from typing import Any

from django.contrib import admin
from django.core.files.uploadedfile import SimpleUploadedFile
from django.utils import timezone

from boards.models import Board, Card, Column
from cases.models import Case
from common.admin_api import writable
from common.admin_base import TenantAdmin
from common.custom_fields.filters import PREFIX
from common.people.models import OutgoingMail, Role
from common.records.models import Comment, Stage
from common.tenancy import org_scope
from common.vault import reveal
from documents.models import Document
from emails.models import MailAccount
from events.models import Event
from invoices.models import Invoice, Payment
from opportunity.models import Opportunity, Price, Product, TaxRate
from tasks.models import Task

from .admin_rows import TENANT_MODELS, AdminTestCase, make_record

PAGES: dict[Any, TenantAdmin] = {model: admin.site._registry[model] for model in TENANT_MODELS}  # type: ignore[misc]
#: Inputs that a page turns into what the endpoint takes.
TURNED = {"new_password", "column_names", *(model._meta.model_name for model in TENANT_MODELS)}


class AdminApiTest(AdminTestCase):
    def command(self, row: Any, name: str, client: Any = None, **values: Any) -> Any:
        url = f"{self.url(type(row), 'change', row.pk).removesuffix('change/')}do/{name}/"
        return (client or self.browser()).post(url, values)

    def lines(self, *prices: int, prefix: str = "lines", **more: Any) -> dict[str, Any]:
        values: dict[str, Any] = {f"{prefix}-TOTAL_FORMS": len(prices)}
        for number, price in enumerate(prices):
            row = {
                "description": f"Boat {number}",
                "quantity": 2,
                "price": price,
                "discount": 0,
                "discount_type": "percent",
                **more,
            }
            values |= {f"{prefix}-{number}-{name}": value for name, value in row.items()}
        return values

    # --- the mechanism

    def test_every_input_is_one_of_the_endpoint(self) -> None:
        """Else what somebody types in there would be lost without a word."""
        client, tried = self.browser(), 0
        for model, page in PAGES.items():
            response = client.get(self.url(model, "change", self.ours[model].pk))
            if page.viewset is None or response.context["adminform"] is None:
                continue
            with self.subTest(model.__name__):
                names = {name for name in response.context["adminform"].form.fields if not name.startswith(PREFIX)}
                self.assertEqual(names - writable(page.viewset.serializer_class) - TURNED, set())
                tried += 1
        self.assertGreater(tried, 30)

    def test_every_command_opens_for_ours_and_not_for_theirs(self) -> None:
        client, other_client, tried = self.browser(), self.browser(), 0
        for model, page in PAGES.items():
            for command in page.commands:
                self.assertTrue(hasattr(page.viewset, command.action), command)
                ours, theirs = (
                    f"{self.url(model, 'change', row.pk).removesuffix('change/')}do/{command.name}/"
                    for row in (self.ours[model], self.theirs[model])
                )
                with self.subTest(ours):
                    response = client.get(ours)
                    with org_scope(self.org):
                        fits = command.fits(self.fresh(self.ours[model]))
                    self.assertEqual(response.status_code, 200 if fits else 404)
                    if not command.shows:
                        self.assert_no_leak(response)
                    before = self.changes_of(self.theirs[model])
                    for refused in (other_client.get(theirs), other_client.post(theirs, {})):
                        self.assertEqual(refused.status_code, 302)
                        self.assertNotIn("/do/", refused["Location"])
                    self.assertEqual(len(self.changes_of(self.theirs[model])), len(before))
                    tried += 1
        self.assertGreater(tried, 15)

    def test_a_row_of_theirs_in_an_inline_or_a_command_is_refused(self) -> None:
        deal, product = self.ours[Opportunity], self.theirs[Product]
        response = self.change(deal, **self.lines(10, product=product.pk))
        self.assertEqual(response.status_code, 200)
        self.assert_no_leak(response, product.pk)
        with org_scope(self.org):
            self.assertFalse(deal.lines.exists())
        response = self.command(self.ours[Case], "merge", into=self.theirs[Case].pk)
        self.assertEqual(response.status_code, 200)
        self.assertIn("into", response.context["form"].errors)
        self.assert_no_leak(response, self.theirs[Case].pk)

    def test_what_the_endpoint_refuses_is_said_beside_what_was_typed_in(self) -> None:
        with org_scope(self.org):
            rate = TaxRate.objects.create(name="VAT", percent=19)
        response = self.change(self.ours[Opportunity], name="Kept text", **self.lines(10, discount=101, tax=rate.pk))
        self.assertContains(response, "A discount is at most 100 percent.")
        self.assertContains(response, "Kept text")
        self.assertNotEqual(self.fresh(self.ours[Opportunity]).name, "Kept text")

    def test_platform_staff_write_as_an_admin_and_command_nothing(self) -> None:
        client, invoice = self.browser(self.staff), self.ours[Invoice]
        self.assertEqual(self.change(invoice, client, title="By staff").status_code, 302)
        self.assertEqual(self.fresh(invoice).title, "By staff")
        url = self.staff_url(invoice, "change").replace("change/", "do/send/")
        self.assertEqual(client.post(url, {}).status_code, 404)

    # --- the consequences

    def test_a_completed_task_is_followed_by_the_next_one(self) -> None:
        with org_scope(self.org):
            task = make_record(Task, "Water the plants", due_date=timezone.now().date(), recurrence="FREQ=DAILY")
            done = Stage.objects.get(pipeline=task.stage.pipeline, kind="won")
        self.assertEqual(self.change(task, stage=done.pk).status_code, 302)
        self.assertIsNotNone(self.fresh(task).completed_at)
        with org_scope(self.org):
            self.assertEqual(Task.objects.get(follows=task).due_date, task.due_date + timedelta(days=1))

    def test_a_checklist_is_written_with_its_task(self) -> None:
        task = self.ours[Task]
        self.change(task, **{"checklist-TOTAL_FORMS": 2, "checklist-0-text": "One", "checklist-1-text": "Two"})
        with org_scope(self.org):
            self.assertEqual(list(task.checklist.values_list("text", flat=True)), ["One", "Two"])
        self.change(task, **{"checklist-0-DELETE": "on", "checklist-1-done": "on"})
        with org_scope(self.org):
            self.assertEqual(list(task.checklist.values_list("text", "done")), [("Two", True)])

    def test_who_is_invited_is_told(self) -> None:
        with org_scope(self.org):
            start = timezone.now() + timedelta(days=3)
            event = make_record(Event, "Demo", start=start, end=start + timedelta(hours=1))
        people = {"participants-TOTAL_FORMS": 1, "participants-0-email": "ada@x.example"}
        response = self.change(event, **people)
        self.assertEqual(response.status_code, 302)
        self.assertEqual(OutgoingMail.objects.filter(to="ada@x.example").count(), 1)
        self.change(event, status="cancelled")
        self.assertEqual(OutgoingMail.objects.filter(to="ada@x.example").count(), 2)

    def test_a_comment_on_a_case_stops_its_first_clock(self) -> None:
        case, client = self.ours[Case], self.browser()
        client.post(self.url(Comment, "add"), {"comment": "We work on it.", "case": case.pk})
        self.assertIsNotNone(self.fresh(case).first_answered_at)

    def test_an_invoice_is_drawn_up_sent_paid_and_kept(self) -> None:
        invoice, client = self.ours[Invoice], self.browser()
        self.assertEqual(self.change(invoice, currency="EUR", **self.lines(10, 5)).status_code, 302)
        self.assertEqual(self.fresh(invoice).total, 30)
        sent = self.command(invoice, "send", to="ada@x.example", mail="on")
        self.assertRedirects(sent, self.url(Invoice, "change", invoice.pk))
        after = self.fresh(invoice)
        self.assertEqual((after.status, bool(after.number)), ("sent", True))
        page = client.get(self.url(Invoice, "change", invoice.pk))
        self.assertEqual(set(page.context["adminform"].form.fields) & {"title", "currency", "bill_to"}, set())
        self.change(invoice, title="Behind their back", **self.lines(1))
        self.assertEqual((self.fresh(invoice).title, self.fresh(invoice).total), (invoice.title, 30))
        self.assertEqual(client.post(self.url(Invoice, "delete", invoice.pk), {"post": "yes"}).status_code, 403)
        self.assertContains(self.command(invoice, "record-a-payment", amount=31), "Only €30.00 is still owed.")
        self.command(invoice, "record-a-payment", amount=30, reference="T1")
        self.assertEqual(self.fresh(invoice).status, "paid")
        with org_scope(self.org):
            payment = Payment.objects.get(invoice=invoice)
        client.post(self.url(Payment, "delete", payment.pk), {"post": "yes"})
        self.assertEqual((self.fresh(invoice).paid, self.fresh(invoice).status), (0, "sent"))
        url = self.url(Invoice, "change", invoice.pk).replace("change/", "do/download-pdf/")
        self.assertTrue(client.get(url).content.startswith(b"%PDF"))

    def test_a_deal_is_offered_and_won(self) -> None:
        deal = self.ours[Opportunity]
        self.change(deal, currency="EUR", **self.lines(10))
        self.assertEqual(self.fresh(deal).amount, 20)
        quoted = self.command(deal, "make-a-quote")
        with org_scope(self.org):
            estimate = Invoice.objects.get(opportunity=deal)
        self.assertEqual((quoted["Location"], estimate.total), (self.url(Invoice, "change", estimate.pk), 20))
        self.command(deal, "close-as-won", reason="Best boats")
        after = self.fresh(deal)
        with org_scope(self.org):
            self.assertEqual((after.stage.kind, after.close_reason), ("won", "Best boats"))
        self.assertEqual(self.command(deal, "close-as-won", reason="Again").status_code, 404)

    def test_rows_that_stand_for_themselves_are_written_below_their_record(self) -> None:
        product, board = self.ours[Product], self.ours[Board]
        self.change(product, **{"prices-TOTAL_FORMS": 1, "prices-0-currency": "gbp", "prices-0-price": "7"})
        with org_scope(self.org):
            self.assertEqual(Price.objects.get(product=product).currency, "GBP")
        self.change(product, **{"prices-0-DELETE": "on"})
        with org_scope(self.org):
            self.assertFalse(Price.objects.filter(product=product).exists())
        self.change(board, **{"columns-TOTAL_FORMS": 1, "columns-0-name": "Ideas", "columns-0-position": "0"})
        with org_scope(self.org):
            self.assertEqual(Column.objects.get(board=board).name, "Ideas")

    def test_a_card_keeps_to_its_board_and_a_full_column_says_so(self) -> None:
        card, column = self.ours[Card], self.ours[Column]
        self.assertContains(self.change(card, column=column.pk), "A card stays on its board.")
        with org_scope(self.org):
            full = Column.objects.create(board=card.board, name="Full", wip_limit=1)
            Card.objects.create(board=card.board, column=full, title="First")
        self.assertContains(self.change(card, column=full.pk), "is full")

    def test_a_file_becomes_a_version_that_can_be_had_again(self) -> None:

        document, client = self.ours[Document], self.browser()
        self.change(document, file=SimpleUploadedFile("prices.txt", b"10"))
        page = client.get(self.url(Document, "change", document.pk))
        self.assertContains(page, "download/?version=1")
        url = self.url(Document, "change", document.pk).replace("change/", "do/download/?version=1")
        self.assertEqual(b"".join(client.get(url).streaming_content), b"10")

    def test_a_mailbox_tells_its_url_once_and_its_password_never(self) -> None:
        client = self.browser()
        values = {
            "address": "sales@x.example",
            "imap_port": 993,
            "imap_security": "ssl",
            "imap_folder": "INBOX",
            "is_active": "on",
        }
        added = client.post(self.url(MailAccount, "add"), {**values, "new_password": "open sesame"}, follow=True)
        self.assertContains(added, "/api/emails/inbound/")
        with org_scope(self.org):
            account = MailAccount.objects.get(address="sales@x.example")
        self.assertEqual(reveal(account.imap_password), "open sesame")
        page = client.get(self.url(MailAccount, "change", account.pk))
        for secret in ("open sesame", account.imap_password, account.token_hash, "/api/emails/inbound/"):
            self.assertNotContains(page, secret)
        self.change(account, imap_host="imap.x.example")
        self.assertEqual(self.fresh(account).imap_password, account.imap_password)

    def test_a_starter_pack_is_applied_once(self) -> None:
        client, url = self.browser(), "/admin/packs/"
        self.assertContains(client.get(url), "Starter packs")
        self.assertContains(client.post(url, {"pack": "education"}, follow=True), "Added: ")
        self.assertContains(client.post(url, {"pack": "education"}, follow=True), "Nothing was missing.")
        with org_scope(self.other):
            self.assertFalse(Role.objects.filter(name__icontains="counselor").exists())
        with org_scope(self.org):
            self.assertTrue(Role.objects.filter(name__icontains="counselor").exists())
        self.assertEqual(self.browser(self.staff).get(url).status_code, 404)
