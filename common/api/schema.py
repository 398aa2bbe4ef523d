"""OpenAPI, read off the views: what they declare, what they read, and how they can refuse."""

import re
from typing import Any

from django.conf import settings
from django.db import models
from drf_spectacular.openapi import AutoSchema
from drf_spectacular.plumbing import get_doc, is_list_serializer
from drf_spectacular.utils import OpenApiExample, OpenApiParameter
from rest_framework import serializers
from rest_framework.viewsets import ViewSetMixin

from common.people.authentication import IsSignedIn

from . import schema_types  # noqa: F401 -- declares them
from .answers import Envelope, refusal, sample
from .headings import tag_of
from .parameters import IF_MATCH, IF_NONE_MATCH, documented_for

VERSIONED = "/api/v1/"
#: Summary and description of what every viewset does. ``{one}`` has its article.
STANDARD = {
    "list": ("List {many}", "Those that you may see, a page at a time. A parameter that is not named here is refused."),
    "create": ("Create {one}", ""),
    "retrieve": ("Get {one}", ""),
    "update": ("Change {one}", "Only the fields that are given change, as with PATCH."),
    "partial_update": ("Change fields of {one}", "Only the fields that are given change."),
    "destroy": ("Delete {one}", ""),
}
BINNED = f"It goes to the bin, from where it can be restored for {settings.BIN_DAYS} days."
SUCCESS = {"200": "Done.", "201": "Created.", "204": "Done; there is no body."}


def first_sentence(doc: str) -> tuple[str, str]:
    """A docstring as its first sentence, without the full stop, and the rest."""
    text = re.sub(r"(?<!\n)\n(?!\n)", " ", doc)
    first, rest = re.fullmatch(r"(.*?)\.?(?:(?<=\.)\s+(.*))?", text, re.DOTALL).groups()  # type: ignore[union-attr]
    return first, rest or ""


class AtriumSchema(AutoSchema):
    """One operation of the document.

    Each error answer that can happen is derived from what the endpoint reads and asks. What only its code knows stands
    beside it: ``@extend_schema(responses={409: "The lead was converted already."})``.
    """

    view: Any

    @property
    def is_viewset(self) -> bool:
        return isinstance(self.view, ViewSetMixin)

    @property
    def action(self) -> str:
        return getattr(self.view, "action", None) or self.method.lower()

    @property
    def endpoint(self) -> Any:
        return getattr(self.view, self.action)

    # --- names and words

    @property
    def tokens(self) -> list[str]:
        """The words of the path, those of a dialect at the root after "root"."""
        versioned = self.path.startswith(VERSIONED)
        words = re.sub(r"\{\w+\}", "", self.path.removeprefix(VERSIONED) if versioned else f"root{self.path}").split("/")
        return [word.replace("-", "_") for word in words if word]

    def get_operation_id(self) -> str:
        if not self.is_viewset:
            several = len(self.view.allowed_methods) > 2  # one, and OPTIONS
            return "_".join([*self.tokens, *([self.method_mapping[self.method.lower()]] if several else [])])
        names = self.tokens[: 1 if self.path.startswith(VERSIONED) else 2]
        names += ["records"] if "{key}" in self.path else []
        standard = self.method_mapping[self.method.lower()]
        if self.shares_its_action:
            standard = "list" if self.is_paged else standard
            names += [standard] if self.action in STANDARD else [self.action, standard]
        else:
            names.append(self.action)
        return "_".join(names)

    @property
    def shares_its_action(self) -> bool:
        """Whether several HTTP methods of the path are one action."""
        return list(self.view.action_map.values()).count(self.action) > 1

    def get_tags(self) -> list[str]:
        return [tag_of(getattr(self.view, "module", "") if self.path.startswith(VERSIONED) else "", self.tokens[0])]

    def words(self) -> tuple[str, str]:
        """Summary and description: the docstring's first sentence and the rest, or what is usual for the action."""
        doc = get_doc(self.endpoint) or ("" if self.is_viewset else get_doc(type(self.view)))
        if doc or self.action not in STANDARD:
            return first_sentence(doc)
        summary, description = STANDARD[self.action]
        if self.action == "destroy" and hasattr(self.view, "restore"):
            description = BINNED
        one, many = self.nouns()
        return summary.format(one=one, many=many), description

    def nouns(self) -> tuple[str, str]:
        """What the viewset's rows are called: ``("an account", "accounts")``."""
        meta = self.view.queryset.model._meta
        many = self.tokens[0] if self.path.startswith(VERSIONED) else str(meta.verbose_name_plural)
        one = str(meta.verbose_name) if many == meta.verbose_name_plural else many.removesuffix("s")
        return f"{'an' if one[0] in 'aeio' else 'a'} {one}", many

    def get_summary(self) -> str:
        return self.words()[0]

    def get_description(self) -> str:  # type: ignore[override]
        return self.words()[1]

    # --- parameters

    def get_override_parameters(self) -> list[Any]:
        return documented_for(self.view, self.endpoint)

    def takes(self, parameter: OpenApiParameter) -> bool:
        return any(given is parameter for given in self.get_override_parameters())

    def _get_filter_parameters(self) -> list[Any]:
        return []

    def _get_pagination_parameters(self) -> list[Any]:
        return []

    def _get_parameters(self) -> list[Any]:
        parameters = super()._get_parameters()
        for parameter in parameters:
            if parameter["name"] == "cursor":
                parameter["allowEmptyValue"] = True
            if parameter["in"] == "path" and self.is_viewset:
                parameter["description"] = f"Id of the {self.nouns()[0].partition(' ')[2]}"
        return parameters

    # --- bodies

    @property
    def is_partial(self) -> bool:
        """PUT and PATCH of a row both take some of its fields; those of an action take its whole body."""
        return self.method in ("PUT", "PATCH") and (not self.is_viewset or self.action in STANDARD)

    def _get_request_for_media_type(self, serializer: Any, direction: Any = "request") -> Any:
        method, self.method = self.method, "PATCH" if self.is_partial else "POST"
        try:
            return super()._get_request_for_media_type(serializer, direction)
        finally:
            self.method = method

    def _insert_field_validators(self, field: Any, schema: Any) -> None:
        super()._insert_field_validators(field, schema)
        if "oneOf" in schema and "type" not in schema:  # an address or nothing: to who checks no formats, "" is both
            schema["anyOf"] = schema.pop("oneOf")

    def _postprocess_serializer_schema(self, schema: Any, serializer: Any, direction: Any) -> Any:
        schema = super()._postprocess_serializer_schema(schema, serializer, direction)
        if direction == "response" and isinstance(serializer, serializers.ModelSerializer):
            schema["required"] = sorted(schema["properties"])
            if hasattr(serializer, "names"):
                del schema["required"]  # `?fields=` shows less of a row
        return schema

    def get_examples(self) -> list[OpenApiExample]:
        """The viewset's own examples of an action, ``<action>_examples``; or its example as a body, and as the row of it."""
        if own := getattr(self.view, f"{self.action}_examples", None):
            return list(own())
        example = getattr(self.view, "example", None)
        if not example or self.action not in STANDARD or (self.action == "list" and not self.is_paged):
            return []  # a list that is no page has a shape, and an example, of its own
        name, value = next(reversed(example.items()))
        body = {name: value} if self.is_partial else example
        return [
            OpenApiExample("Typical", body, request_only=True),
            OpenApiExample("Typical", self.row_of(self._get_serializer(), example), response_only=True),
        ]

    def row_of(self, serializer: Any, body: dict[str, Any]) -> dict[str, Any]:
        """What an answer shows of ``body``: each property, also of the rows within."""
        properties = self.resolve_serializer(serializer, "response").schema["properties"]
        row = {name: body.get(name, sample(schema)) for name, schema in properties.items()}
        for name in body.keys() & row.keys():
            inner = getattr(serializer.fields[name], "child", None)
            if isinstance(inner, serializers.Serializer):
                row[name] = [self.row_of(inner, one) for one in body[name]]
        return row

    # --- answers

    @property
    def is_paged(self) -> bool:
        return any(getattr(parameter, "name", "") == "limit" for parameter in self.get_override_parameters())

    def _is_list_view(self, serializer: Any = None) -> bool:
        return self.is_paged or is_list_serializer(serializer)

    def _get_paginator(self) -> Any:
        return Envelope() if self.is_paged else None

    def get_paginated_name(self, serializer_name: str) -> str:
        return f"{serializer_name}Page"

    def _get_response_bodies(self, direction: Any = "response") -> dict[str, Any]:
        declared: Any = self.get_response_serializers()
        declared = declared if isinstance(declared, dict) else {self.success: declared}
        told = {int(code): text for code, text in declared.items() if isinstance(text, str)}
        bodies = {code: body for code, body in declared.items() if not isinstance(body, str)}
        answers = self.successes(bodies or {self.success: self._get_serializer()})
        for status in sorted({*self.refused_with(), *told}):
            answers[str(status)] = refusal(self.registry, status, told.get(status))
        return answers

    def successes(self, bodies: dict[Any, Any]) -> dict[str, Any]:
        answers = {}
        for key, serializer in bodies.items():
            code, *media_types = map(str, key if isinstance(key, tuple) else (key,))
            answers[code] = self._get_response_for_code(serializer if code != "204" else None, code, media_types)
            if answers[code]["description"] in ("", "No response body"):
                answers[code]["description"] = SUCCESS[code]
        if self.takes(IF_NONE_MATCH):
            headers = self._get_response_headers_for_code("304")
            answers["304"] = {"description": "The record still is in that version.", "headers": headers}
        return answers

    @property
    def success(self) -> int:
        return 204 if self.method == "DELETE" else 201 if self.action == "create" else 200

    def refused_with(self) -> set[int]:
        """The statuses with which a call can be refused, as far as they follow from what the endpoint reads and asks."""
        codes = set()
        if self.view.get_authenticators():
            codes.add(401)
        if any(isinstance(permission, IsSignedIn) for permission in self.view.get_permissions()):
            codes.add(403)
        if "{" in self.path:
            codes.add(404)
        if any(parameter["in"] == "query" for parameter in self._get_parameters()):
            codes.add(400)
        if self._get_request_body():
            codes |= {400, 413, 415}
        if self.takes(IF_MATCH):
            codes.add(412)
        if self.action in ("create", "update", "partial_update") and self.rows_are_unique():
            codes.add(409)
        return codes

    def rows_are_unique(self) -> bool:
        queryset = getattr(self.view, "queryset", None)
        constraints = queryset.model._meta.constraints if queryset is not None else []
        return any(isinstance(constraint, models.UniqueConstraint) for constraint in constraints)
