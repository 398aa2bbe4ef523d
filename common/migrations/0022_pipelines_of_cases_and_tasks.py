"""Organizations made before cases and tasks had pipelines get the usual ones."""

from typing import Any

from django.db import migrations

from common.tenancy import org_scope

USUAL = {
    "cases": (
        "Support",
        (("New", "open"), ("Assigned", "open"), ("Waiting on customer", "waiting"), ("Closed", "won"), ("Rejected", "lost")),
    ),
    "tasks": ("Tasks", (("New", "open"), ("In Progress", "open"), ("Completed", "won"))),
}


def add(apps: Any, schema_editor: Any) -> None:
    orgs, pipelines, stages = (apps.get_model("common", name) for name in ("Org", "Pipeline", "Stage"))
    for org_id in orgs.objects.values_list("pk", flat=True):
        with org_scope(org_id, source="system"):
            for module, (name, rows) in USUAL.items():
                if pipelines.objects.filter(module=module).exists():
                    continue
                pipeline = pipelines.objects.create(org_id=org_id, module=module, name=name, is_default=True)
                for position, (stage, kind) in enumerate(rows):
                    probability = 100 if kind == "won" else 0
                    stages.objects.create(
                        org_id=org_id, pipeline=pipeline, name=stage, kind=kind, position=position, probability=probability
                    )


class Migration(migrations.Migration):
    dependencies = [("common", "0021_custom_fields_of_records")]
    operations = [migrations.RunPython(add, migrations.RunPython.noop)]
