"""Bodies for requests, made from the serializers: good ones, and where each takes a reference to a row."""

from collections.abc import Iterator
from typing import Any

from django.core.files.uploadedfile import SimpleUploadedFile
from rest_framework import serializers

from common.records.models import OnRecord
from common.records.serializers import ReferenceField, ReferenceListField

Rows = dict[Any, Any]


def writable(serializer: Any) -> dict[str, Any]:
    return {name: field for name, field in serializer.fields.items() if not field.read_only}


def target_of(field: Any) -> Any:
    """The model whose rows a field refers to by id."""
    return field.target if isinstance(field, (ReferenceField, ReferenceListField)) else None


def takes_any_id(field: Any) -> bool:
    """An id of which the declaration does not say what it is of."""
    return target_of(field) is None and isinstance(getattr(field, "child", field), serializers.UUIDField)


def listed(field: Any, value: Any) -> Any:
    return [value] if isinstance(field, serializers.ListField) else value


def about_only(keep: str, serializer: Any, body: dict[str, Any]) -> dict[str, Any]:
    """The body about no other record than ``keep``, where the serializer's model is about one at most."""
    model = getattr(getattr(serializer, "Meta", None), "model", None)
    names = model.record_types() if isinstance(model, type) and issubclass(model, OnRecord) else []
    given = sorted((name for name in names if name in body), key=lambda name: name != keep)
    return {name: value for name, value in body.items() if name not in given[1:]}


def good_body(serializer: Any, rows: Rows, model: Any = None, example: Any = ()) -> dict[str, Any]:
    """What the serializer accepts from someone who may refer to ``rows``: what the documentation's ``example`` has, what
    else it requires, and its references."""
    body: dict[str, Any] = {}
    for name, field in writable(serializer).items():
        target = target_of(field)
        if target is not None:
            kept = getattr(rows.get(model), f"{name}_id", rows[target].pk)  # a stage of its own pipeline, for one
            if field.required or (kept and target is not model):  # a row is not its own parent; is about one record at most
                body[name] = listed(field, str(kept or rows[target].pk))
        elif field.required and takes_any_id(field):
            body[name] = listed(field, str(rows[model].pk if model in rows else next(iter(rows.values())).org_id))
        elif name in example:
            body[name] = example[name]
        elif field.required:
            body[name] = sample(field)
    return body


def sample(field: Any) -> Any:
    """A value of the field's kind."""
    if isinstance(field, serializers.ChoiceField):
        return next(iter(field.choices))
    if isinstance(field, serializers.ListField):
        return [sample(field.child)]
    if isinstance(field, serializers.Serializer):
        return {name: sample(part) for name, part in writable(field).items() if part.required}
    by_type: list[tuple[Any, Any]] = [
        (serializers.FileField, SimpleUploadedFile("a.txt", b"text")),
        (serializers.EmailField, "someone.new@ours.example"),
        (serializers.CharField, "A sample value"),
        (serializers.BooleanField, True),
        ((serializers.IntegerField, serializers.DecimalField, serializers.FloatField), getattr(field, "min_value", None) or 1),
        (serializers.JSONField, {}),
        (serializers.DateTimeField, "2026-01-02T03:04:05Z"),
        (serializers.DateField, "2026-01-02"),
    ]
    for kind, value in by_type:
        if isinstance(field, kind):
            return value
    raise AssertionError(f"Teach tests/bodies.py a value for {type(field).__name__}, which {field.parent!r} requires.")


def with_references(body: dict[str, Any], serializer: Any, rows: Rows) -> Iterator[tuple[str, Any, Any, dict[str, Any]]]:
    """Each way to put an id of ``rows`` into a good body, as ``(field, target, id, body)``; target None: not declared.

    A field of a row within a list has the list's name before its own: ``lines.product``.
    """
    for name, field in writable(serializer).items():
        target = target_of(field)
        targets = [target] if target is not None else list(rows) if takes_any_id(field) else []
        for model in targets:
            pk = str(rows[model].pk)
            yield name, target, pk, about_only(name, serializer, {**body, name: listed(field, pk)})
        inner = getattr(field, "child", None)
        for part in writable(inner) if isinstance(inner, serializers.Serializer) else ():
            if takes_any_id(inner.fields[part]):
                target = part_target(serializer, field, part)
                pk = str(rows[target].pk)
                plain = {other: sample(one) for other, one in writable(inner).items() if not takes_any_id(one)}
                yield f"{name}.{part}", target, pk, {**body, name: [{**plain, part: pk}]}


def part_target(serializer: Any, field: Any, part: str) -> Any:
    """What a row within a list refers to as ``part``: its model is that of the list's name, of the serializer's model."""
    model = getattr(field, "line_model", None) or serializer.Meta.model._meta.get_field(field.field_name).related_model
    return model if part == "id" else model._meta.get_field(part).related_model


def with_other_id(body: dict[str, Any], name: str, pk: str) -> dict[str, Any]:
    """The body with another id at ``name``, a field as ``with_references`` calls it."""
    outer, _, part = name.partition(".")
    if part:
        return {**body, outer: [{**body[outer][0], part: pk}]}
    return {**body, name: [pk] if isinstance(body[name], list) else pk}
