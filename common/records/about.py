"""Records that are about another record: a task of a lead, a mail of a case."""

from typing import Any

from rest_framework import serializers

from .models import OnRecord

ONE_ONLY = "Only one record: this is about {} already."


class AboutSerializer(serializers.Serializer[Any]):
    """Mixin: the references that an ``OnRecord`` has, of which one at most is set."""

    def validate(self, values: dict[str, Any]) -> dict[str, Any]:
        values = super().validate(values)
        model: type[OnRecord] = self.Meta.model  # type: ignore[attr-defined]
        names = model.record_types()
        given = [name for name in names if values.get(name) is not None]
        kept = [name for name in names if name not in values and self.instance and getattr(self.instance, f"{name}_id")]
        if len(given) + len(kept) > 1:
            raise serializers.ValidationError({given[-1]: [ONE_ONLY.format(f"a {(kept or given)[0]}")]})
        return values
