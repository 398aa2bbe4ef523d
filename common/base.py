"""The bases of every model that belongs to an organization.

``TenantModel`` has an org; ``BaseModel`` also knows when and by whom it was made and changed. Declaring a subclass is
enough: its keys, policy, references and activity trigger are added to ``Meta.constraints`` and found by makemigrations.
"""

from typing import Any

from django.db import models
from django.db.models.signals import class_prepared

from common.tenancy.constraints import ActivityTrigger
from common.tenancy.fields import OrgField, TenantForeignKey, UUID7Field, tenant_constraints
from common.tenancy.scope import current_profile_id
from common.tenancy.tables import TENANT_TABLES

__all__ = ["ActorField", "BaseModel", "TenantModel"]


class TenantModel(models.Model):
    """A row of one org. Outside an ``org_scope`` it can be neither read nor written."""

    #: Columns that the activity stream must not show.
    hidden_columns: tuple[str, ...] = ()
    #: False for what is not worth a line in the activity stream.
    tracked = True

    id = UUID7Field()
    org = OrgField()

    class Meta:
        abstract = True


class ActorField(TenantForeignKey):
    """The profile that acts: when the row is made, or (``on_change``) each time it is saved."""

    def __init__(self, to: Any = "common.Profile", on_delete: Any = models.SET_NULL, *, on_change: bool = False, **kwargs: Any):
        self.on_change = on_change
        super().__init__(to, on_delete, **{**kwargs, "null": True, "editable": False, "related_name": "+"})

    def pre_save(self, instance: models.Model, add: bool) -> Any:
        if self.on_change or (add and getattr(instance, self.attname) is None):
            setattr(instance, self.attname, current_profile_id())
        return getattr(instance, self.attname)


class BaseModel(TenantModel):
    created_at = models.DateTimeField(auto_now_add=True, editable=False)
    updated_at = models.DateTimeField(auto_now=True, editable=False)
    created_by = ActorField()
    updated_by = ActorField(on_change=True, db_index=False)

    class Meta:
        abstract = True


def add_constraints(model: Any, constraints: list[models.BaseConstraint]) -> None:
    """Declare constraints after the class was made; the same name again replaces the earlier one."""
    names = {constraint.name for constraint in constraints}
    model._meta.constraints = [kept for kept in model._meta.constraints if kept.name not in names] + constraints
    model._meta.original_attrs["constraints"] = model._meta.constraints


def add_indexes(model: Any, indexes: list[models.Index]) -> None:
    """Declare indexes after the class was made."""
    model._meta.indexes = [*model._meta.indexes, *indexes]
    model._meta.original_attrs["indexes"] = model._meta.indexes


def reference_names(model: Any) -> list[str]:
    return [field.name for field in model._meta.local_fields if isinstance(field, TenantForeignKey)]


def protect(sender: Any, **kwargs: Any) -> None:
    """Give a tenant model its walls as it is declared."""
    meta = sender._meta
    if not issubclass(sender, TenantModel) or meta.abstract or sender.__module__ == "__fake__":
        return
    TENANT_TABLES.add(meta.db_table)
    constraints = tenant_constraints(meta.db_table, reference_names(sender))
    if sender.tracked:
        constraints.append(
            ActivityTrigger(name=f"{meta.db_table}_activity", record_type=meta.model_name, hidden=list(sender.hidden_columns))
        )
    add_constraints(sender, constraints)


class_prepared.connect(protect)
