from typing import Any

from rest_framework import serializers

from leads.serializers import LeadSerializer


class BoardLeadSerializer(LeadSerializer):
    """A lead as the Lightweight CRM shows it; ``card_order``, its position in the column, is added by the view."""

    card_order: Any = serializers.IntegerField(read_only=True, help_text="Position in the column, from 1")

    class Meta(LeadSerializer.Meta):
        fields = ["id", "name", "company", "email", "phone", "value", "notes", "source", "status", "card_order",
                  "created_at", "updated_at"]  # fmt: skip

    @classmethod
    def names(cls) -> tuple[str, ...]:
        return tuple(name for name in super().names() if name != "card_order")

    def to_internal_value(self, data: object) -> object:
        """Its forms send empty strings for what was not filled in, and whole leads to change one field."""
        if isinstance(data, dict):
            data = {name: value for name, value in data.items() if name != "card_order"}
            if data.get("value") == "":
                data["value"] = None
        return super().to_internal_value(data)
