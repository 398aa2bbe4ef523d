"""Mails that people write to customers, and what customers answer."""

from django.db import models
from django.db.models import Q
from uuid_utils.compat import uuid7

from common.base import BaseModel
from common.fields import LowerEmailField
from common.mailboxes.models import Mailbox
from common.people.models import Profile
from common.records.models import LIVE, OnRecord, Record
from common.tenancy import current_org_id
from common.tenancy.fields import TenantForeignKey

from .validators import one_line, some_addresses


class EmailTemplate(BaseModel):
    """A mail that is written often. Its fields, such as ``{{ record.name }}``, are filled in from the record it is about."""

    name = models.CharField(max_length=100)
    subject = models.CharField(max_length=200, blank=True, validators=[one_line])
    body_text = models.TextField(blank=True)
    body_html = models.TextField(blank=True)

    class Meta:
        db_table = "email_templates"
        ordering = ["name"]
        constraints = [models.UniqueConstraint(fields=["org", "name"], name="email_templates_name_once")]
        indexes = [models.Index(fields=["org", "name", "id"], name="email_templates_by_name")]

    def __str__(self) -> str:
        return self.name


class Email(OnRecord, Record):
    """A mail, sent or received, perhaps about a record."""

    needs_record = False
    on_purge = models.SET_NULL
    label_field = "subject"
    search_columns = ("subject", "body_text")
    hidden_columns = ("next_attempt_at", "attempts", "links", "opened_count", "opened_at", "clicked_count", "clicked_at")

    class Status(models.TextChoices):
        DRAFT = "draft"
        SCHEDULED = "scheduled"
        SENDING = "sending"  # handed over to be sent now, perhaps not for the first time
        SENT = "sent"
        FAILED = "failed"
        BOUNCED = "bounced"  # sent, and reported as undelivered to some of its addresses
        RECEIVED = "received"

    #: What may still be changed.
    UNSENT = (Status.DRAFT, Status.SCHEDULED, Status.FAILED)
    #: What went out, whether it arrived or not.
    ARRIVED = (Status.SENT, Status.BOUNCED)
    #: What the worker has to send.
    WAITING = (Status.SCHEDULED, Status.SENDING)

    to = models.JSONField(default=list, blank=True, validators=[some_addresses])
    cc = models.JSONField(default=list, blank=True, validators=[some_addresses])
    bcc = models.JSONField(default=list, blank=True, validators=[some_addresses])
    subject = models.CharField(max_length=200, blank=True, validators=[one_line])
    body_text = models.TextField(blank=True)
    body_html = models.TextField(blank=True)
    template = TenantForeignKey(EmailTemplate, models.SET_NULL, null=True, blank=True, related_name="+")
    answers = TenantForeignKey(
        "self", models.SET_NULL, null=True, blank=True, related_name="replies", help_text="The mail before"
    )
    thread = models.UUIDField(default=uuid7, editable=False, help_text="The same for all mails of a conversation")
    with_tracking = models.BooleanField(
        null=True, blank=True, help_text="Whether to notice openings and clicks; null: as the organization does"
    )
    status = models.CharField(max_length=10, choices=Status.choices, default=Status.DRAFT, editable=False)
    send_at = models.DateTimeField(null=True, editable=False, help_text="When it is scheduled to be sent")
    sent_at = models.DateTimeField(null=True, editable=False, help_text="When it was sent, or received")
    sent_by = TenantForeignKey(Profile, models.SET_NULL, null=True, editable=False, related_name="+")
    sender = models.CharField(max_length=400, blank=True, editable=False, help_text="As the header From shows it")
    message_id = models.CharField(max_length=998, blank=True, editable=False)
    attempts = models.PositiveSmallIntegerField(default=0, editable=False)
    next_attempt_at = models.DateTimeField(null=True, editable=False)
    error = models.TextField(
        blank=True, editable=False, help_text="Why it did not go out, or not arrive, in a mail server's words"
    )
    links = models.JSONField(default=list, editable=False)
    opened_count = models.PositiveIntegerField(default=0, editable=False)
    opened_at = models.DateTimeField(null=True, editable=False, help_text="The last time")
    clicked_count = models.PositiveIntegerField(default=0, editable=False)
    clicked_at = models.DateTimeField(null=True, editable=False, help_text="The last time")

    class Meta(Record.Meta):
        db_table = "emails"
        constraints = [
            models.UniqueConstraint(fields=["org", "message_id"], condition=~Q(message_id=""), name="emails_message_once")
        ]
        indexes = [
            models.Index(fields=["org", "-sent_at", "-id"], condition=LIVE, name="emails_by_sent"),
            models.Index(fields=["org", "thread"], name="emails_of_thread"),
            models.Index(fields=["org", "next_attempt_at"], condition=Q(next_attempt_at__isnull=False), name="emails_due"),
        ]

    @property
    def recipients(self) -> list[str]:
        return [*self.to, *self.cc, *self.bcc]


class Signature(BaseModel):
    """What stands below the mails of a person."""

    tracked = False

    profile = TenantForeignKey(Profile, models.CASCADE, related_name="+", db_index=False)
    text = models.TextField(blank=True, max_length=5000)
    html = models.TextField(blank=True, max_length=20_000)

    class Meta:
        db_table = "email_signatures"
        constraints = [models.UniqueConstraint(fields=["org", "profile"], name="email_signatures_once")]

    def __str__(self) -> str:
        return str(self.profile)


class BlockedAddress(BaseModel):
    """An address that no mail is sent to."""

    class Reason(models.TextChoices):
        UNSUBSCRIBED = "unsubscribed"
        INVALID = "invalid"
        COMPLAINED = "complained"

    address = LowerEmailField()
    reason = models.CharField(max_length=20, choices=Reason.choices, default=Reason.UNSUBSCRIBED)
    note = models.CharField(max_length=500, blank=True)

    class Meta:
        db_table = "blocked_addresses"
        verbose_name_plural = "blocked addresses"
        ordering = ["address"]
        constraints = [models.UniqueConstraint(fields=["org", "address"], name="blocked_addresses_once")]
        indexes = [models.Index(fields=["org", "address", "id"], name="blocked_addresses_by_address")]

    def __str__(self) -> str:
        return self.address


class MailSettings(BaseModel):
    """How an organization sends and receives. It has one row, or none while all is as usual."""

    class Unknown(models.TextChoices):
        IGNORE = "ignore"
        BY_SENDER = "by_sender"

    sender_address = models.EmailField(blank=True, help_text="From this address; empty: the platform's")
    reply_address = models.EmailField(blank=True, help_text="Where answers go, to be read by a mailbox or the inbound address")
    with_tracking = models.BooleanField(default=True, help_text="Notice openings and clicks, where a mail does not say")
    unknown_mail = models.CharField(
        max_length=10,
        choices=Unknown.choices,
        default=Unknown.BY_SENDER,
        help_text="A mail that answers none of ours: ignore it, or file it with the contact or lead of that address",
    )

    class Meta:
        db_table = "mail_settings"
        verbose_name_plural = "mail settings"
        constraints = [models.UniqueConstraint(fields=["org"], name="mail_settings_once")]

    def __str__(self) -> str:
        return "Mail settings"

    @classmethod
    def current(cls) -> "MailSettings":
        """What holds in the org of the scope."""
        return cls.objects.first() or cls(org_id=current_org_id())


class MailAccount(Mailbox):
    """An address to which customers answer: the organization's, or a person's."""

    profile = TenantForeignKey(
        Profile, models.CASCADE, null=True, blank=True, related_name="+", db_index=False, help_text="Whose it is, if a person's"
    )

    class Meta:
        db_table = "mail_accounts"
        ordering = ["address"]
        constraints = [
            models.UniqueConstraint(fields=["org", "address"], name="mail_accounts_once"),
            models.UniqueConstraint(fields=["org", "token_hash"], name="mail_accounts_token_once"),
        ]
        indexes = [models.Index(fields=["org", "address", "id"], name="mail_accounts_by_address")]
