"""A row of every model that the admin shows, in any organization, all bearing one word by which a leak is found."""

from datetime import date
from typing import Any
from uuid import uuid4

from django.contrib import admin
from django.db import connection, models
from django.forms import ModelChoiceField, MultiWidget, SplitDateTimeField
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from assistant.models import AssistantSettings, ToolCall
from boards.models import Card, Column
from cases.models import AssignmentRule, BusinessHours, CannedAnswer, Mailbox, SlaPolicy, Survey
from common.activity.models import Activity
from common.base import TenantModel
from common.custom_fields.models import CustomField
from common.notifications.models import Notification
from common.people import services
from common.people.api_keys import ApiKey
from common.people.models import Invitation, Profile, Role, User
from common.people.tokens import digest
from common.records.models import (
    MODULES,
    RECORD_MODELS,
    Attachment,
    Comment,
    Interaction,
    Pipeline,
    Stage,
    StagedRecord,
    Tag,
)
from common.records.numbers import NumberSeries
from common.saved_views.models import SavedView
from common.tenancy import org_scope
from common.testing.cast import OrgTestCase
from custom_objects.models import CustomObject, CustomRecord
from emails.models import BlockedAddress, EmailTemplate, MailAccount, MailSettings, Signature
from invoices.models import Payment, RecurringInvoice
from opportunity.models import ExchangeRate, Goal, Price, StageLimit, TaxRate

DAY = date(2027, 1, 1)
REGISTERED = list(admin.site._registry)
TENANT_MODELS = [model for model in REGISTERED if issubclass(model, TenantModel)]
STAFF_MODELS = [model for model in REGISTERED if not issubclass(model, TenantModel)]


def name_of(model: Any) -> str:
    """The text column that names a record."""
    return "last_name" if model.__name__ == "Contact" else model.label_field


def make_record(model: Any, word: str, **values: Any) -> Any:
    if issubclass(model, StagedRecord):
        values.setdefault("stage", Stage.objects.filter(pipeline__module=model.module).first())
    required = [field.name for field in model._meta.fields if isinstance(field, models.DateTimeField) and field.editable]
    values = {name: timezone.now() for name in required if not model._meta.get_field(name).null} | values
    if model is CustomRecord:
        values["object"] = CustomObject.objects.get_or_create(key="student", defaults={"name": "Student"})[0]
    return model.objects.create(**{name_of(model): word, **values})


def make_row(model: Any, word: str, profile: Profile) -> Any:
    """A row of ``model`` in the org of the scope. A model that this does not know fails the suite."""
    if model.__name__.lower() in RECORD_MODELS:
        return make_record(model, word)
    makers = {
        Tag: lambda: Tag.objects.create(name=word),
        CustomObject: lambda: CustomObject.objects.create(key=word, name=word, name_plural=word),
        CustomField: lambda: CustomField.objects.create(module="leads", key=word, label=word, type="text"),
        EmailTemplate: lambda: EmailTemplate.objects.create(name=word),
        BlockedAddress: lambda: BlockedAddress.objects.create(address=f"{word}@x.example"),
        BusinessHours: lambda: BusinessHours.objects.create(name=word),
        SlaPolicy: lambda: SlaPolicy.objects.create(name=word),
        AssignmentRule: lambda: AssignmentRule.objects.create(name=word),
        TaxRate: lambda: TaxRate.objects.create(name=word, percent=19),
        ExchangeRate: lambda: ExchangeRate.objects.create(currency=code(word), rate=2),
        Price: lambda: Price.objects.create(product=make_record(MODULES["products"], word), currency="EUR", price=1),
        Goal: lambda: Goal.objects.create(name=word, starts_on=DAY, ends_on=DAY, amount=1, currency="EUR", profile=profile),
        StageLimit: lambda: StageLimit.objects.create(stage=make_stage("opportunities", word), days=3),
        Payment: lambda: Payment.objects.create(
            invoice=make_record(MODULES["invoices"], word, total=1, paid=1), amount=1, paid_on=DAY, reference=word
        ),
        RecurringInvoice: lambda: RecurringInvoice.objects.create(
            template=make_record(MODULES["invoices"], word), rule="FREQ=MONTHLY", starts_on=DAY
        ),
        Column: lambda: Column.objects.create(board=make_record(MODULES["boards"], word), name=word),
        Card: lambda: make_card(word),
        Signature: lambda: Signature.objects.create(profile=make_person(word), text=word),
        MailAccount: lambda: MailAccount.objects.create(
            address=f"{word}@x.example", token_hash=digest(word), profile=profile, imap_password=f"secret-{word}"
        ),
        MailSettings: lambda: MailSettings.objects.update_or_create(defaults={"reply_address": f"{word}@x.example"})[0],
        NumberSeries: lambda: NumberSeries.objects.create(name=word, format="{number}"),
        SavedView: lambda: SavedView.objects.create(module="leads", name=word, shared=True),
        Notification: lambda: Notification.objects.create(
            recipient=profile, kind="due", record_type="lead", record_id=profile.pk, text=word
        ),
        Interaction: lambda: Interaction.objects.create(type="call", subject=word, lead=make_record(MODULES["leads"], word)),
        CannedAnswer: lambda: CannedAnswer.objects.create(title=word, text=word),
        Mailbox: lambda: Mailbox.objects.create(name=word, address=f"{word}@x.example", token_hash=digest(word)),
        Survey: lambda: Survey.objects.create(
            case=make_record(MODULES["cases"], word), email=f"{word}@x.example", token_hash=digest(word)
        ),
        Pipeline: lambda: Pipeline.objects.create(module="leads", name=word),
        Stage: lambda: Stage.objects.create(pipeline=Pipeline.objects.filter(module="leads").first(), name=word),
        Comment: lambda: Comment.objects.create(comment=word, lead=make_record(MODULES["leads"], word)),
        Attachment: lambda: Attachment.objects.create(
            file=f"attachments/{word}",
            file_name=f"{word}.txt",
            size=len(word),
            content_type="text/plain",
            lead=make_record(MODULES["leads"], word),
        ),
        Role: lambda: Role.objects.create(name=word, permissions={"leads": {"view": "all"}}),
        Invitation: lambda: services.invite(email=f"{word}@x.example", role=Role.objects.get(name="user"), invited_by=profile),
        Profile: lambda: make_person(word),
        ApiKey: lambda: ApiKey.objects.create(name=word, profile=profile, prefix=word, token_hash=digest(word)),
        Activity: lambda: make_change(word),
        ToolCall: lambda: ToolCall.objects.create(profile=profile, name=word, kind="read", status="done"),
        AssistantSettings: lambda: AssistantSettings.objects.update_or_create(defaults={"withheld_fields": [word]})[0],
    }
    return makers[model]()


def make_person(word: str) -> Profile:
    user = User.objects.create_user(f"{uuid4()}@x.example", name=word)
    return Profile.objects.create(user=user, role=Role.objects.get(name="user"), title=word)


def make_stage(module: str, word: str) -> Stage:
    return Stage.objects.create(pipeline=Pipeline.objects.filter(module=module).first(), name=word)


def make_card(word: str) -> Card:
    column = Column.objects.create(board=make_record(MODULES["boards"], word), name=word)
    return Card.objects.create(board=column.board, column=column, title=word)


def code(word: str) -> str:
    """Three letters for a word, most likely another one's not."""
    return "".join(chr(65 + byte % 26) for byte in bytes.fromhex(digest(word)[:6]))


def make_change(word: str) -> Activity:
    record = make_record(MODULES["accounts"], word)
    return Activity.objects.get(record_id=record.pk)


def around(text: str, word: str) -> str:
    """Where a page says something, for a message that can be read."""
    start = max(0, text.find(word) - 200)
    return text[start : start + 300]


class AdminTestCase(OrgTestCase):
    """Alice signed in to the admin as ours; every kind of row in both orgs, theirs with the word "zebra"."""

    ours: dict[Any, Any]
    theirs: dict[Any, Any]

    @classmethod
    def setUpTestData(cls) -> None:
        super().setUpTestData()
        cls.staff = User.objects.create_superuser("staff@platform.example", name="Sam Staff")
        cls.ours = cls.rows_of(cls.alice, "apple")
        cls.theirs = cls.rows_of(cls.mallory, "zebra")

    @staticmethod
    def rows_of(profile: Profile, word: str) -> dict[Any, Any]:
        with org_scope(profile):
            rows = {model: make_row(model, f"{word}{number}", profile) for number, model in enumerate(TENANT_MODELS)}
            return rows | {Activity: make_row(Activity, f"{word}-last", profile)}  # on the first page of its list

    def browser(self, who: Profile | User | None = None) -> Client:
        client = Client()
        client.force_login(getattr(who or self.alice, "user", who))
        return client

    def anonymous(self) -> Client:
        return Client()

    def url(self, model: Any, page: str, *args: Any) -> str:
        return reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_{page}", args=args)

    def staff_url(self, row: Any, page: str) -> str:
        return f"{self.url(type(row), page, row.pk)}?org={row.org_id}"

    def pages(self, model: Any, pk: Any) -> list[str]:
        return [self.url(model, page, pk) for page in ("change", "history", "delete")]

    def assert_no_leak(self, response: Any, *sent: Any) -> None:
        """Nothing of the other org: no name, no address, no id but those that the request itself had sent."""
        text = response.content.decode()
        for secret in ("zebra", "Mallory", "mallory@", "Theirs"):
            self.assertFalse(secret in text, f'"{secret}" in {around(text, secret)}')
        allowed = {str(value) for value in sent}
        for row in [self.other, self.mallory, *self.theirs.values()]:
            if str(row.pk) not in allowed:
                self.assertFalse(str(row.pk) in text, f"{row!r} in {around(text, str(row.pk))}")

    def form_values(self, response: Any) -> dict[str, Any]:
        """What a browser would post back, unchanged."""
        form = response.context["adminform"].form
        seen = getattr(response.context["original"], "updated_at", None)
        values: dict[str, Any] = {"seen": seen.isoformat()} if seen else {}
        for name in form.fields:
            bound = form[name]
            value = bound.value()
            if isinstance(bound.field.widget, MultiWidget):
                parts = value if isinstance(value, list) else bound.field.widget.decompress(value)
                values |= {f"{name}_{number}": part for number, part in enumerate(parts) if part is not None}
            elif isinstance(value, (list, tuple)):
                values[name] = [getattr(entry, "pk", entry) for entry in value]
            elif value is not None and value is not False:
                values[name] = getattr(value, "pk", value)
        values |= self.needed(form, values)
        for inline in response.context["inline_admin_formsets"]:
            for field in inline.formset.management_form:
                values[field.html_name] = field.value()
            for number, row in enumerate(inline.formset.initial_forms):
                given = {f"{inline.formset.prefix}-{number}-{name}": row[name].value() for name in row.fields}
                values |= {name: value for name, value in given.items() if value is not None}
        return values

    def needed(self, form: Any, given: dict[str, Any]) -> dict[str, Any]:
        """Times and rows that a new row's form asks for. Each time is an hour after the one before."""
        values: dict[str, Any] = {}
        for hour, (name, field) in enumerate(form.fields.items()):
            if field.required and isinstance(field, SplitDateTimeField) and f"{name}_0" not in given:
                values |= {f"{name}_0": "2027-01-02", f"{name}_1": f"{hour:02}:00"}
            elif field.required and isinstance(field, ModelChoiceField) and name not in given:
                with org_scope(self.org):
                    values[name] = getattr(field.queryset.first(), "pk", "")
        return values

    def count(self, client: Client, url: str) -> int:
        with CaptureQueriesContext(connection) as queries:
            response = client.get(url)
        self.assertEqual(response.status_code, 200, response.content[:300])
        return len(queries)

    def changes_of(self, row: Any) -> list[Activity]:
        with org_scope(row.org_id):
            return list(Activity.objects.filter(record_id=row.pk).order_by("id"))

    def change(self, row: Any, client: Any = None, **values: Any) -> Any:
        """Open a row's form, change something, and save."""
        client = client or self.browser()
        url = self.url(type(row), "change", row.pk)
        page = client.get(url, follow=True)
        url = page.wsgi_request.get_full_path()
        return client.post(url, {**self.form_values(page), **values})

    def act(self, model: Any, action: str, *rows: Any, query: str = "", client: Any = None) -> Any:
        values = {"action": action, "_selected_action": [row.pk for row in rows], "index": 0}
        return (client or self.browser()).post(self.url(model, "changelist") + query, values)

    def errors(self, response: Any) -> str:
        self.assertEqual(response.status_code, 200)
        return str(response.context["adminform"].form.errors)

    def fresh(self, row: Any) -> Any:
        with org_scope(row.org_id):
            return type(row)._base_manager.get(pk=row.pk)
