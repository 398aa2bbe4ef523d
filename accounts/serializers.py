from typing import Any

from rest_framework.exceptions import ValidationError

from common.records.serializers import RecordSerializer

from .models import Account


class AccountSerializer(RecordSerializer):
    class Meta(RecordSerializer.Meta):
        model = Account
        fields = [
            *RecordSerializer.Meta.fields,
            "name",
            "email",
            "phone",
            "website",
            "industry",
            "description",
            "annual_revenue",
            "number_of_employees",
            "billing_address",
            "shipping_address",
            "contacts",
            "parent",
            "is_active",
        ]

    def validate_parent(self, parent: Account | None) -> Account | None:
        """A company is not its own parent, however many steps up."""
        above: Any = parent
        while above is not None and self.instance:
            if above.pk == self.instance.pk:
                raise ValidationError("An account cannot be its own parent.")
            above = Account.objects.filter(pk=above.parent_id).first() if above.parent_id else None
        return parent
