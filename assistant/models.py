"""What is said to the assistant, and what it does: conversations, turns, and an audit of every call."""

from decimal import Decimal

from django.core.validators import MinValueValidator
from django.db import models

from common.base import BaseModel
from common.people.models import Profile
from common.tenancy.fields import TenantForeignKey


class AssistantSettings(BaseModel):
    """How an organization's assistant works."""

    monthly_limit = models.DecimalField(
        max_digits=10, decimal_places=2, null=True, blank=True, validators=[MinValueValidator(0)], help_text="US dollars"
    )
    withheld_fields = models.JSONField(default=list, blank=True, help_text="Names of fields that no model may read")

    class Meta:
        db_table = "assistant_settings"
        verbose_name = verbose_name_plural = "settings"
        constraints = [models.UniqueConstraint(fields=["org"], name="assistant_settings_once")]

    def __str__(self) -> str:
        return "Settings of the assistant"


class AssistantPreferences(BaseModel):
    """How it works for one person."""

    profile = TenantForeignKey(Profile, models.CASCADE, related_name="+")
    applies_small_changes = models.BooleanField(default=True, help_text="Without asking first")

    class Meta:
        db_table = "assistant_preferences"
        constraints = [models.UniqueConstraint(fields=["org", "profile"], name="assistant_preferences_once")]


class Conversation(BaseModel):
    """One person's talk. It ends when it is cleared, or after a day without a word."""

    tracked = False
    profile = TenantForeignKey(Profile, models.CASCADE, related_name="+")
    ended_at = models.DateTimeField(null=True)

    class Meta:
        db_table = "conversations"
        ordering = ["-id"]


class Turn(BaseModel):
    """A person's message and its answer. Its id is what the person polls."""

    class State(models.TextChoices):
        PENDING = "PENDING"
        PROCESSING = "PROCESSING"
        SUCCESS = "SUCCESS"
        FAILURE = "FAILURE"

    tracked = False
    conversation = TenantForeignKey(Conversation, models.CASCADE, related_name="turns")
    profile = TenantForeignKey(Profile, models.CASCADE, related_name="+")
    message = models.TextField()
    state = models.CharField(max_length=10, choices=State.choices, default=State.PENDING)
    partial = models.TextField(blank=True, help_text="The answer so far")
    result = models.JSONField(null=True)
    error = models.CharField(max_length=500, blank=True)
    attempt = models.PositiveSmallIntegerField(default=0, help_text="How many workers took it up")
    #: What a model said at each step, so that a turn whose worker died goes on where it was.
    steps = models.JSONField(default=list)
    model = models.CharField(max_length=100, blank=True)
    input_tokens = models.PositiveIntegerField(default=0)
    output_tokens = models.PositiveIntegerField(default=0)
    cost = models.DecimalField(max_digits=12, decimal_places=6, default=Decimal(0), help_text="US dollars")

    class Meta:
        db_table = "turns"
        ordering = ["-id"]
        indexes = [
            models.Index(fields=["org", "created_at"], name="turns_of_month"),
            models.Index(fields=["updated_at"], condition=models.Q(state__in=["PENDING", "PROCESSING"]), name="turns_unfinished"),
        ]

    def __str__(self) -> str:
        return self.message[:60]


class ToolCall(BaseModel):
    """One use of a tool: by whom, with what, and what came of it. A proposal is one that waits to be confirmed."""

    class Status(models.TextChoices):
        DONE = "done"
        FAILED = "failed"
        PROPOSED = "proposed"
        CANCELLED = "cancelled"
        UNDONE = "undone"

    tracked = False
    turn = TenantForeignKey(Turn, models.CASCADE, null=True, related_name="calls")
    profile = TenantForeignKey(Profile, models.CASCADE, related_name="+")
    channel = models.CharField(max_length=10, default="chat", help_text="chat or mcp")
    key = models.CharField(max_length=100, null=True, help_text="Of the call within its turn: what is done is not done again")
    name = models.CharField(max_length=100)
    kind = models.CharField(max_length=10)
    arguments = models.JSONField(default=dict)
    status = models.CharField(max_length=10, choices=Status.choices)
    result = models.JSONField(null=True)
    error = models.CharField(max_length=1000, blank=True)
    #: What a proposal would change: ``[{record, name, changes: {field: [before, after]}}]``.
    diff = models.JSONField(default=list)
    request_id = models.CharField(max_length=64, blank=True, help_text="Of its changes in the activity stream")

    class Meta:
        db_table = "tool_calls"
        verbose_name = "tool call"
        ordering = ["-id"]
        constraints = [models.UniqueConstraint(fields=["org", "turn", "key"], name="tool_calls_once")]
        indexes = [
            models.Index(fields=["org", "profile", "-id"], name="tool_calls_of_profile"),
        ]

    def __str__(self) -> str:
        return self.name
