"""How mail reaches cases, and which mails did."""

from django.db import models

from common.base import BaseModel
from common.fields import LowerEmailField
from common.mailboxes.models import Mailbox as BaseMailbox
from common.tenancy.fields import TenantForeignKey

from .cases import Case
from .desk import CannedAnswer


class Mailbox(BaseMailbox):
    """An address to which customers write."""

    name = models.CharField(max_length=100)
    auto_answer = TenantForeignKey(
        CannedAnswer, models.SET_NULL, null=True, blank=True, related_name="+", help_text="Sent to who opens a case by mail"
    )

    class Meta:
        db_table = "mailboxes"
        verbose_name_plural = "mailboxes"
        ordering = ["address"]
        constraints = [
            models.UniqueConstraint(fields=["org", "address"], name="mailboxes_once"),
            models.UniqueConstraint(fields=["org", "token_hash"], name="mailboxes_token_once"),
        ]
        indexes = [models.Index(fields=["org", "address", "id"], name="mailboxes_by_address")]


class CaseMail(BaseModel):
    """A mail that belongs to a case: by its Message-ID, answers to it find the case."""

    part_of = "case"
    tracked = False  # the case's interactions show it

    class Direction(models.TextChoices):
        INBOUND = "inbound"
        OUTBOUND = "outbound"

    case = TenantForeignKey(Case, models.CASCADE, related_name="mails")
    direction = models.CharField(max_length=10, choices=Direction.choices)
    message_id = models.CharField(max_length=998)
    address = LowerEmailField(max_length=320, help_text="Whom it came from, or went to")
    is_automatic = models.BooleanField(default=False)

    class Meta:
        db_table = "case_mails"
        constraints = [models.UniqueConstraint(fields=["org", "message_id"], name="case_mails_once")]
        indexes = [models.Index(fields=["org", "address", "created_at"], name="case_mails_by_address")]

    def __str__(self) -> str:
        return self.message_id
