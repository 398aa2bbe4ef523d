"""Starter packs: pipelines, roles, types, fields, mail templates and sample data. An organization begins with one, or adds more.

The packs themselves are in ``pack_data``. Applying one again adds nothing twice, and changes nothing that is there.
"""

from typing import Any

from django.db import models, transaction

from common.custom_fields.models import CustomField
from common.people.models import Role

from .models import MODULES, Pipeline, Record, Stage, StagedRecord
from .pack_data import PACKS, Pack

#: What the ids of sample records in "another system" begin with.
SAMPLE = "sample:"

__all__ = ["PACKS", "SAMPLE", "Pack", "apply_pack", "remove_sample_data"]


@transaction.atomic
def apply_pack(pack: Pack, *, sample_data: bool = False) -> dict[str, int]:
    """Give the org of the scope what it lacks of a pack. Returns how much of each kind was made.

    A pipeline becomes its module's default one only where there is none yet.
    """
    made = {
        "pipelines": sum(add_pipeline(module, *pipeline) for module, pipeline in pack.pipelines.items()),
        "roles": sum(add_role(name, *role) for name, role in pack.roles.items()),
        "objects": sum(add_object(key, *names) for key, names in pack.objects.items()),
        "custom_fields": sum(add_field(position, **field) for position, field in enumerate(pack.fields)),
        "email_templates": add_templates(pack),
    }
    return made | {"records": add_samples(pack) if sample_data else 0}


def add_pipeline(module: str, name: str, stages: Any) -> bool:
    pipelines = Pipeline.objects.filter(module=module)
    if pipelines.filter(name__iexact=name).exists():
        return False
    pipeline = Pipeline.objects.create(module=module, name=name, is_default=not pipelines.filter(is_default=True).exists())
    Stage.objects.bulk_create(
        Stage(pipeline=pipeline, name=stage, kind=kind, probability=probability, position=position)
        for position, (stage, kind, probability) in enumerate(stages)
    )
    return True


def add_role(name: str, description: str, permissions: Any) -> bool:
    if Role.objects.filter(name__iexact=name).exists():
        return False
    Role.objects.create(name=name, description=description, permissions=permissions)
    return True


def object_types() -> Any:
    """The model of types that organizations make."""
    records: Any = MODULES["objects"]
    return records._meta.get_field("object").related_model


def add_object(key: str, name: str, name_plural: str) -> bool:
    defaults = {"name": name, "name_plural": name_plural}
    return bool(object_types()._default_manager.get_or_create(key=key, defaults=defaults)[1])


def add_field(position: int, *, module: str, key: str, **values: Any) -> bool:
    return CustomField.objects.get_or_create(module=module, key=key, defaults={"position": position, **values})[1]


def templates() -> Any:
    """The templates of mails."""
    mails: Any = MODULES["emails"]
    return mails._meta.get_field("template").related_model._default_manager.all()


def add_templates(pack: Pack) -> int:
    known, model = set(templates().values_list("name", flat=True)), templates().model
    rows = [model(name=name, subject=subject, body_text=text) for name, subject, text in pack.mails if name not in known]
    return len(templates().bulk_create(rows))


# --- Sample data


def add_samples(pack: Pack) -> int:
    """The pack's sample records that are not there, by their external ids. A value "@name" refers to an earlier one."""
    found: dict[str, Any] = {}
    count = 0
    for sample in pack.samples:
        model: Any = MODULES[sample["module"]]
        external_id = f"{SAMPLE}{pack.name}:{sample['ref']}"
        record = model.with_bin.filter(external_id=external_id).first()
        if record is None:
            record = model.objects.create(external_id=external_id, **columns_of(model, sample, found))
            count += 1
        found[f"@{sample['ref']}"] = record
    return count


def columns_of(model: Any, sample: dict[str, Any], found: dict[str, Any]) -> dict[str, Any]:
    """A sample's values as its model takes them: references as rows, in custom fields as ids."""
    values = {name: found.get(value, value) if isinstance(value, str) else value for name, value in sample["values"].items()}
    custom = {
        key: str(found[value].pk) if isinstance(value, str) and value in found else value
        for key, value in sample.get("custom_fields", {}).items()
    }
    if issubclass(model, StagedRecord):
        stages = Stage.objects.filter(pipeline__module=model.module).order_by("-pipeline__is_default", "position")
        values["stage"] = stages.filter(name=sample.get("stage", "")).first() or stages.first()
    if "object" in sample:
        values["object"] = object_types()._default_manager.get(key=sample["object"])
    return {**values, "custom_fields": custom}


@transaction.atomic
def remove_sample_data() -> int:
    """Delete every sample record for good, with what hangs on it. Returns how many there were.

    Mail templates of packs go too, unless somebody has changed them or written a mail with them.
    """
    count = 0
    for model in reversed(list(MODULES.values())):
        if issubclass(model, Record):
            samples: models.QuerySet[Any] = model.with_bin.filter(external_id__startswith=SAMPLE)
            count += samples.count()
            samples.delete()
    mails: Any = MODULES["emails"]
    used = mails.with_bin.exclude(template=None).values("template")
    for name, subject, text in (mail for pack in PACKS.values() for mail in pack.mails):
        templates().filter(name=name, subject=subject, body_text=text, body_html="").exclude(pk__in=used).delete()
    return count
