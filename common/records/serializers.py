"""Serializers of tenant rows: the one declaration of a record's fields, for docs, reading (by projection) and writing."""

import copy
from functools import cache, cached_property
from typing import Any

import phonenumbers
from django.db import models
from rest_framework import serializers

from common.custom_fields.values import written
from common.people.models import Profile
from common.tenancy import current_org_id
from common.tenancy.statement import Statement

from .models import LINKS, BaseRecord, Stage
from .projection import Computed

DOES_NOT_EXIST = 'Invalid pk "{pk_value}" - object does not exist.'
NUL = "\x00"


def visible(model: Any, profile: Any) -> Any:
    """The rows of ``model`` that a person may refer to: all of the org's, but of records those that they may see."""
    if issubclass(model, BaseRecord):
        return model.objects.visible_to(profile)
    if whole := getattr(model, "part_of", ""):
        records = visible(model._meta.get_field(whole).related_model, profile)
        return model._default_manager.filter(**{f"{whole}__in": records.order_by().values("pk")})
    if model is Profile:
        return Profile.objects.filter(is_active=True)
    return model._default_manager.all()


class ReferenceField(serializers.PrimaryKeyRelatedField):
    """A reference by id, to a row that the caller may see."""

    def get_queryset(self) -> Any:
        return visible(self.target, self.context["profile"])

    def __init__(self, **kwargs: Any):
        self.target = kwargs.pop("target")
        if not kwargs.get("read_only"):
            kwargs["queryset"] = self.target._default_manager
        super().__init__(**kwargs)

    def to_internal_value(self, data: Any) -> Any:
        if not isinstance(data, str):
            self.fail("incorrect_type", data_type=type(data).__name__)
        try:
            return super().to_internal_value(data)
        except (ValueError, TypeError, OverflowError):
            self.fail("does_not_exist", pk_value=data)
        except serializers.DjangoValidationError:  # type: ignore[attr-defined]
            self.fail("does_not_exist", pk_value=data)


class ReferenceListField(serializers.ListField):
    """References by id, all looked up in one statement. Each id counts once; their order is kept."""

    child = serializers.UUIDField()
    default_error_messages = {"does_not_exist": DOES_NOT_EXIST}

    def __init__(self, **kwargs: Any):
        self.target = kwargs.pop("target")
        super().__init__(**{"max_length": 500, **kwargs})

    def to_internal_value(self, data: Any) -> list[Any]:
        ids = list(dict.fromkeys(super().to_internal_value(data)))
        if not ids:
            return []
        found = set(visible(self.target, self.context["profile"]).filter(pk__in=ids).values_list("pk", flat=True))
        if missing := [pk for pk in ids if pk not in found]:
            self.fail("does_not_exist", pk_value=missing[0])
        return ids

    def get_attribute(self, instance: Any) -> Any:
        return getattr(instance, self.source).all()  # type: ignore[arg-type]

    def to_representation(self, rows: Any) -> list[str]:
        return [str(row.pk) for row in rows]


class PhoneField(serializers.CharField):
    """A phone number, stored in E.164 where it parses as international, and as written where not."""

    def to_internal_value(self, data: Any) -> str:
        text = super().to_internal_value(data)
        if not text.startswith("+"):
            return text
        try:
            number = phonenumbers.parse(text)
        except phonenumbers.NumberParseException:
            return text
        valid = phonenumbers.is_valid_number(number)
        return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164) if valid else text


class CustomFields(serializers.JSONField):
    """An object of further values. Depth and NUL bytes, which PostgreSQL's jsonb refuses, are checked here."""

    def to_internal_value(self, data: Any) -> Any:
        value = super().to_internal_value(data)
        if not isinstance(value, dict):
            raise serializers.ValidationError("Expected an object.")
        self._check(value, 5)
        return value

    def _check(self, value: Any, depth: int) -> None:
        if depth == 0:
            raise serializers.ValidationError("Nested too deeply.")
        if isinstance(value, str) and (NUL in value or any(0xD800 <= ord(character) < 0xE000 for character in value)):
            raise serializers.ValidationError("Null characters are not allowed.")
        if isinstance(value, dict):
            for key in value:
                self._check(key, depth)
        if isinstance(value, (dict, list)):
            for entry in value.values() if isinstance(value, dict) else value:
                self._check(entry, depth - 1)


class Strict(serializers.Serializer[Any]):
    """Refuses fields that it does not have, by name."""

    def to_internal_value(self, data: Any) -> Any:
        unknown = [name for name in data if name not in self.fields] if isinstance(data, dict) else []
        if unknown:
            raise serializers.ValidationError({name: ["Unknown field."] for name in unknown})
        return super().to_internal_value(data)


class ProjectedSerializer(serializers.ModelSerializer[Any]):
    """A ModelSerializer whose reads are projected, and whose fields are built once per class, not once per request."""

    serializer_related_field = ReferenceField
    #: Fields that the client may name in another way: {alias: field}.
    aliases: dict[str, str] = {}

    class Meta:
        model: Any
        fields: list[str] = []

    @classmethod
    @cache
    def prototype(cls) -> "ProjectedSerializer":
        prototype = cls(context={"prototype": True})
        prototype.fields  # noqa: B018 -- builds and binds them
        return prototype

    @classmethod
    def names(cls) -> tuple[str, ...]:
        """The fields that a reader sees."""
        return tuple(name for name, field in cls.prototype().fields.items() if not field.write_only)

    @cached_property
    def fields(self) -> Any:
        if self.context.get("prototype"):
            return super().fields
        fields = {}
        for name, prototype in type(self).prototype().fields.items():
            fields[name] = field = copy.copy(prototype)
            field.parent = self
            if child := getattr(prototype, "child", None):
                field.child = copy.copy(child)
                field.child.parent = field
        return fields

    def build_relational_field(self, field_name: str, relation_info: Any) -> Any:
        field_class, kwargs = super().build_relational_field(field_name, relation_info)
        kwargs["target"] = relation_info.related_model
        if relation_info.to_many:
            kept = {name: value for name, value in kwargs.items() if name in ("target", "required", "read_only", "help_text")}
            return ReferenceListField, kept
        kwargs.pop("queryset", None)
        return field_class, kwargs

    def build_standard_field(self, field_name: str, model_field: Any) -> Any:
        field_class, kwargs = super().build_standard_field(field_name, model_field)
        if field_name in ("phone", "mobile"):
            field_class = PhoneField
        if isinstance(model_field, models.JSONField):
            field_class = CustomFields
        if isinstance(model_field, models.TextField) and not isinstance(model_field, models.CharField):
            kwargs.setdefault("max_length", 100_000)
        kwargs["validators"] = [v for v in kwargs.get("validators", []) if type(v).__name__ != "UniqueValidator"] or None
        if kwargs["validators"] is None:
            del kwargs["validators"]
        return field_class, kwargs

    def get_validators(self) -> list[Any]:
        return []  # uniqueness is the database's to check: no second query, no race

    def to_internal_value(self, data: Any) -> Any:
        if isinstance(data, dict):
            data = {self.aliases.get(name, name): value for name, value in data.items()}
            self._refuse_unknown(data)
        return super().to_internal_value(data)

    def _refuse_unknown(self, data: dict[str, Any]) -> None:
        """Unknown fields are refused by name. What a reader got may be sent back, but not another org."""
        errors = {str(name): ["Unknown field."] for name in data if name not in self.fields}
        if "org" in self.fields and str(data.get("org") or current_org_id()) != str(current_org_id()):
            errors["org"] = ["The organization of a record cannot be chosen."]
        if errors:
            raise serializers.ValidationError(errors)

    def _split(self, values: dict[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
        many = {field.name for field in self.Meta.model._meta.many_to_many}
        return (
            {name: value for name, value in values.items() if name not in many},
            {name: value for name, value in values.items() if name in many},
        )

    def create(self, values: dict[str, Any]) -> Any:
        columns, links = self._split(values)
        instance = self.Meta.model(**columns)
        instance.save(force_insert=True)
        for name, ids in links.items():
            add_links(instance, name, ids)
        return instance

    def update(self, instance: Any, values: dict[str, Any]) -> Any:
        """Only the given columns are written, so that two people who change different fields lose nothing."""
        columns, links = self._split(values)
        for name, value in columns.items():
            setattr(instance, name, value)
        instance.save(update_fields=[*columns, "updated_at", "updated_by"])
        for name, ids in links.items():
            getattr(instance, name).set(ids)
        return instance


def add_links(instance: Any, name: str, ids: list[Any]) -> None:
    """Link a new record to the rows ``ids``, in one statement."""
    field = instance._meta.get_field(name)
    through = field.remote_field.through
    source, target = (through._meta.get_field(part()).attname for part in (field.m2m_field_name, field.m2m_reverse_field_name))
    through._default_manager.bulk_create([through(**{source: instance.pk, target: pk}) for pk in ids])


BASE_FIELDS = ["id", "org", "created_at", "updated_at", "created_by", "updated_by"]
OWNED_FIELDS = [*LINKS, "custom_fields", "external_id"]


class RecordSerializer(ProjectedSerializer):
    """The fields that every record has. A subclass adds its own: ``fields = [*RecordSerializer.Meta.fields, "name"]``."""

    class Meta:
        model: Any
        fields = [*BASE_FIELDS, *OWNED_FIELDS]

    def to_internal_value(self, data: Any) -> Any:
        values = super().to_internal_value(data)
        given = values.get("custom_fields")
        if "custom_fields" in self.fields and (given is not None or self.instance is None):
            stored = self.instance.custom_fields if self.instance else None
            values["custom_fields"] = written(self.custom_module(), given or {}, stored, self.context["profile"])
        return values

    def custom_module(self) -> str:
        """The module whose custom fields these records have."""
        return str(self.Meta.model.module)


class StageNameField(serializers.CharField):
    """The name of the record's stage."""

    expression = models.F("stage__name")

    def __init__(self, **kwargs: Any):
        super().__init__(**{"required": False, "max_length": 100, **kwargs})


class StagedSerializer(RecordSerializer):
    """A record in a pipeline: ``status`` is the name of its stage, ``stage`` the id. Either moves it."""

    status = StageNameField(help_text="The name of a stage of the record's pipeline")
    pipeline = Computed("stage__pipeline_id", models.UUIDField())
    card_order = serializers.CharField(
        read_only=True, help_text="Sort key within the stage, compared as text. To place a card, use its status endpoint."
    )

    class Meta(RecordSerializer.Meta):
        fields = [*RecordSerializer.Meta.fields, "status", "stage", "pipeline", "card_order"]
        extra_kwargs = {"stage": {"required": False}}

    def validate(self, values: dict[str, Any]) -> dict[str, Any]:
        name, chosen = values.pop("status", None), values.get("stage")
        current_id = self.instance.stage_id if self.instance else None
        if name is not None or chosen or not current_id:
            values["stage"] = find_stage(self.Meta.model.module, name, chosen.pk if chosen else None, current_id)
        return values

    def update(self, instance: Any, values: dict[str, Any]) -> Any:
        """Into another stage a record goes as a card that is moved; what else is changed with it counts."""
        stage, moved = values.get("stage"), instance.moved_columns
        if stage is not None and stage.pk != instance.stage_id:
            same = {name for name in moved if name != "stage" and name in values and values[name] == getattr(instance, name)}
            instance.enter(stage)
            changed = {name: value for name, value in values.items() if name not in same}
            values = {name: getattr(instance, name) for name in moved} | changed
        return super().update(instance, values)


#: All stages of a module's pipelines, with whether theirs is the default one, in order.
STAGES = Statement(
    lambda module: (
        Stage._default_manager.filter(pipeline__module=module)
        .order_by("position", "id")
        .values_list("id", "name", "pipeline_id", "pipeline__is_default", "kind")
    ),
    module="the module's name",
)


def find_stage(module: str, name: str | None = None, stage_id: Any = None, current_id: Any = None) -> Stage:
    """The stage with an id, or called ``name`` in the pipeline of stage ``current_id``, or in the module's default one.

    Without a name: the first. Raises a validation error that names the stages there are.
    """
    rows = STAGES.rows(module=module)
    if stage_id is not None:
        rows = [row for row in rows if row[0] == stage_id]
        if not rows:
            raise serializers.ValidationError({"stage": [f"Not a stage of {module}."]})
    elif current := next((row[2] for row in rows if row[0] == current_id), None):
        rows = [row for row in rows if row[2] == current]
    else:
        rows = [row for row in rows if row[3]]
    if not rows:
        raise serializers.ValidationError({"status": [f"{module} has no default pipeline with stages yet."]})
    for pk, called, pipeline_id, _, kind in rows:
        if name is None or called.lower() == name.strip().lower():
            return Stage(pk=pk, org_id=current_org_id(), name=called, pipeline_id=pipeline_id, kind=kind)
    known = ", ".join(f'"{row[1]}"' for row in rows)
    raise serializers.ValidationError({"status": [f'"{name}" is not a stage. Stages: {known}.']})
