from leads.serializers import LeadSerializer


class BoardLeadSerializer(LeadSerializer):
    """A lead as the Lightweight CRM shows it; ``card_order``, its position in the column, is added by the view."""

    class Meta(LeadSerializer.Meta):
        fields = ["id", "name", "company", "email", "phone", "value", "notes", "source", "status", "created_at", "updated_at"]

    def to_internal_value(self, data: object) -> object:
        """Its forms send empty strings for what was not filled in, and whole leads to change one field."""
        if isinstance(data, dict):
            data = {name: value for name, value in data.items() if name != "card_order"}
            if data.get("value") == "":
                data["value"] = None
        return super().to_internal_value(data)
