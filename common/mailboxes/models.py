"""Where mail comes in."""

from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models

from common.base import BaseModel
from common.fields import LowerEmailField


class Mailbox(BaseModel):
    """An address to which people write. Its mail comes by webhook, or is fetched by IMAP where a host is given."""

    hidden_columns: tuple[str, ...] = ("imap_password", "token_hash", "polled_at", "error")

    class Security(models.TextChoices):
        SSL = "ssl"
        STARTTLS = "starttls"
        NONE = "none"

    address = LowerEmailField()
    is_active = models.BooleanField(default=True)
    imap_host = models.CharField(max_length=200, blank=True)
    imap_port = models.PositiveIntegerField(default=993, validators=[MinValueValidator(1), MaxValueValidator(65535)])
    imap_security = models.CharField(max_length=10, choices=Security.choices, default=Security.SSL)
    imap_user = models.CharField(max_length=200, blank=True)
    imap_password = models.TextField(blank=True, editable=False)
    imap_folder = models.CharField(max_length=200, default="INBOX")
    token_hash = models.CharField(max_length=64, editable=False)
    polled_at = models.DateTimeField(null=True, editable=False)
    error = models.TextField(blank=True, editable=False, help_text="What went wrong when mail was last fetched")

    class Meta:
        abstract = True

    def __str__(self) -> str:
        return self.address
