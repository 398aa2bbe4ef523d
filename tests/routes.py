"""Every route of the URL configuration and what it takes: found there, never listed by hand."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from django.urls import URLPattern, URLResolver, get_resolver
from django.urls.converters import StringConverter, UUIDConverter
from django.urls.resolvers import RoutePattern
from drf_spectacular.generators import SchemaGenerator
from rest_framework import serializers
from rest_framework.test import APIRequestFactory

from custom_objects.views import ObjectKey

VERBS = ("get", "head", "options", "post", "put", "patch", "delete")


@dataclass(frozen=True)
class Route:
    """One URL pattern. ``path`` is as it was declared: api/v1/leads/<uuid:pk>/"""

    path: str
    converters: tuple[tuple[str, Any], ...]
    callback: Any

    @property
    def view_class(self) -> Any:
        return getattr(self.callback, "cls", None) or getattr(self.callback, "view_class", None)

    @property
    def is_api(self) -> bool:
        return hasattr(self.callback, "cls")

    @property
    def name(self) -> str:
        """The path, the same for all versions of the API."""
        return self.path.removeprefix("api/v1/").removeprefix("api/")

    @property
    def model(self) -> Any:
        """The model whose ids the path takes; None where the view does not say."""
        queryset = getattr(self.view_class, "queryset", None)
        return queryset.model if queryset is not None else None

    @property
    def verbs(self) -> list[str]:
        if self.view_class is None:
            return ["get", "head", "options", "post"]  # a plain function does not say
        offered = getattr(self.callback, "actions", None) or {verb for verb in VERBS if hasattr(self.view_class, verb)}
        allowed = self.view_class.http_method_names
        return [
            verb
            for verb in VERBS
            if verb in allowed and (verb in offered or verb == "options" or (verb == "head" and "get" in offered))
        ]

    @property
    def parsers(self) -> list[Any]:
        """What reads the bodies that the route takes."""
        return getattr(self.callback, "initkwargs", {}).get("parser_classes", self.view_class.parser_classes)

    @property
    def takes_words(self) -> bool:
        """Whether the path names something by a word or a token, which no model's id is."""
        return self.model is None and not any(isinstance(converter, UUIDConverter) for _, converter in self.converters)

    @property
    def takes_ids(self) -> bool:
        return any(not isinstance(converter, ObjectKey) for _, converter in self.converters)

    def url(self, pk: Any = None) -> str:
        """The path with ``pk`` in each of its places. Our own types are the one that both organizations have."""
        path = self.path.replace("<objectkey:key>", "student")
        for name, converter in self.converters:
            if isinstance(converter, ObjectKey):
                continue
            if not isinstance(converter, (UUIDConverter, StringConverter)):
                raise AssertionError(f"{self.path}: teach tests/routes.py how to fill <{type(converter).__name__}:{name}>.")
            kind = "uuid" if isinstance(converter, UUIDConverter) else "str"
            path = path.replace(f"<{kind}:{name}>", str(pk))
        assert "<" not in path, f"{self.path}: teach tests/routes.py how to fill it."
        return f"/{path}"

    def request_serializer(self, verb: str) -> Any:
        """The serializer of the body that the route documents for ``verb``, or None."""
        if not self.is_api or verb not in ("post", "put", "patch"):
            return None
        generator = SchemaGenerator()  # holds the schema that the view only refers to weakly
        view = generator.create_view(self.callback, verb.upper())
        view.request = view.initialize_request(getattr(APIRequestFactory(), verb)("/"))
        schema = view.schema
        schema.method, schema.path, schema.path_regex, schema.path_prefix = verb.upper(), self.path, self.path, ""
        found = schema.get_request_serializer()
        if isinstance(found, type) and issubclass(found, serializers.Serializer):
            return found(context={"profile": None})
        return found if isinstance(found, serializers.Serializer) else None


def walk(patterns: Any, before: str = "", converters: tuple[Any, ...] = ()) -> Iterator[Route]:
    for entry in patterns:
        if not isinstance(entry.pattern, RoutePattern):
            raise AssertionError(f"{before}{entry.pattern}: teach tests/routes.py to walk a {type(entry.pattern).__name__}.")
        path, taken = before + entry.pattern._route, (*converters, *entry.pattern.converters.items())
        if isinstance(entry, URLResolver):
            yield from walk(entry.url_patterns, path, taken)
        else:
            assert isinstance(entry, URLPattern)
            yield Route(path, taken, entry.callback)


def all_routes() -> list[Route]:
    """Every route but those of the Django admin, which has a walk of its own."""
    top = [entry for entry in get_resolver().url_patterns if str(entry.pattern) != "admin/"]
    return list(walk(top))
