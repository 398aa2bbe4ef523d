"""Columns of tenant tables: the org, references inside one org, and many-to-many tables that carry it."""

from typing import Any

from django.db import models
from uuid_utils.compat import uuid7

from .constraints import ActivityLinkTrigger, TenantReference, TenantTable
from .scope import current_org_id
from .tables import TENANT_TABLES


class UUID7Field(models.UUIDField):
    """A primary key that sorts by the time it was made, computed in Python: shards need no shared sequence."""

    def __init__(self, **kwargs: Any):
        super().__init__(**{"primary_key": True, "default": uuid7, "editable": False, **kwargs})


class OrgField(models.ForeignKey):
    """The org of a row, taken from the scope. Migrations see a plain ForeignKey: a default that raises breaks them."""

    def __init__(self, **kwargs: Any):
        fixed = {"to": "common.Org", "on_delete": models.CASCADE, "editable": False, "related_name": "+", "db_index": False}
        super().__init__(**{**kwargs, **fixed, "default": current_org_id})

    def deconstruct(self) -> Any:
        name, _, args, kwargs = super().deconstruct()
        kwargs.pop("default", None)
        return name, "django.db.models.ForeignKey", args, kwargs


class TenantForeignKey(models.ForeignKey):
    """A reference to a row of the same org; the database holds it by (id, org_id), see TenantReference."""

    def __init__(self, to: Any, on_delete: Any, **kwargs: Any):
        super().__init__(to, on_delete, **{**kwargs, "db_constraint": False})

    def deconstruct(self) -> Any:
        name, _, args, kwargs = super().deconstruct()
        return name, "django.db.models.ForeignKey", args, kwargs


class TenantManyToManyField(models.ManyToManyField):
    """Many-to-many inside one org: its table carries org_id, tenant keys, a policy and the activity trigger."""

    def contribute_to_class(self, cls: Any, name: str, **kwargs: Any) -> None:
        if not cls._meta.abstract and not self.remote_field.through:
            self.set_attributes_from_name(name)
            self.remote_field.through = link_model(self, cls)
        super().contribute_to_class(cls, name, **kwargs)


def link_model(field: TenantManyToManyField, owner: Any) -> type[models.Model]:
    """The table between ``owner`` and the field's target. Django treats it as its own (``auto_created``).

    Its constraints are part of the table wherever it is made, so migrations need not name them.
    """
    table = field._get_m2m_db_table(owner._meta)
    target = field.remote_field.model
    source, to = owner._meta.model_name, (target if isinstance(target, str) else target.__name__).split(".")[-1].lower()
    meta = {
        "db_table": table,
        "auto_created": owner,
        "app_label": owner._meta.app_label,
        "apps": owner._meta.apps,
        "constraints": [
            models.UniqueConstraint(fields=[source, to, "org"], name=f"{table}_once"),
            *tenant_constraints(table, [source, to]),
            ActivityLinkTrigger(name=f"{table}_activity", record_type=source, label=field.name, source=source, target=to),
        ],
    }
    name = f"{owner._meta.object_name}_{field.name}"
    if owner.__module__ != "__fake__":
        TENANT_TABLES.add(table)
    return type(
        name,
        (models.Model,),
        {
            "Meta": type("Meta", (), meta),
            "__module__": owner.__module__,
            "id": UUID7Field(),
            "org": OrgField(db_constraint=False),
            source: TenantForeignKey(owner, models.CASCADE, related_name=f"{name}+", db_index=False),
            to: TenantForeignKey(target, models.CASCADE, related_name=f"{name}+"),
        },
    )


def tenant_constraints(table: str, references: list[str]) -> list[models.BaseConstraint]:
    """What every tenant table has in the database: the key and policy, and a composite key for each reference."""
    return [
        TenantTable(name=f"{table}_tenant"),
        *(TenantReference(field=name, name=f"{table}_{name}_same_org") for name in references),
    ]
