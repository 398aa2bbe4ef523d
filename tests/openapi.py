"""The OpenAPI document, as tests look at it."""

from functools import cache
from typing import Any

import orjson
from jsonschema import Draft202012Validator, FormatChecker
from referencing import Registry
from referencing.jsonschema import DRAFT202012

from common.api import docs

HERE = "urn:atrium"


@cache
def document() -> dict[str, Any]:
    """The document, with references that hold outside of it, too, and each operation's parameters in their place."""
    found: dict[str, Any] = orjson.loads(docs.written("json")[0].replace(b'"#/', f'"{HERE}#/'.encode()))
    for operation in (one for methods in found["paths"].values() for one in methods.values() if "parameters" in one):
        names = [parameter["$ref"].rpartition("/")[2] for parameter in operation["parameters"]]
        operation["parameters"] = [found["components"]["parameters"][name] for name in names]
    return found


@cache
def registry() -> Registry:
    return Registry().with_resource(HERE, DRAFT202012.create_resource(document())).crawl()


def operations() -> list[tuple[str, str, dict[str, Any]]]:
    return [(path, method, one) for path, methods in document()["paths"].items() for method, one in methods.items()]


def resolved(part: dict[str, Any]) -> dict[str, Any]:
    while "$ref" in part:
        target: Any = document()
        for name in part["$ref"].removeprefix(f"{HERE}#/").split("/"):
            target = target[name]
        part = target
    return part


def errors_of(value: Any, schema: dict[str, Any]) -> list[str]:
    """What of ``value`` is not as ``schema``, a part of the document, says."""
    validator = Draft202012Validator(schema, registry=registry(), format_checker=FormatChecker())
    return [f"{'/'.join(map(str, error.path))}: {error.message[:200]}" for error in validator.iter_errors(value)]


def kind_of(parameter: dict[str, Any]) -> str:
    schema = parameter["schema"]
    schema = schema["items"] if schema["type"] == "array" else schema
    return schema.get("format", schema["type"])


def is_list(operation: dict[str, Any]) -> bool:
    return any(parameter["name"] == "ordering" for parameter in operation.get("parameters", []))
