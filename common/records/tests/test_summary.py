"""Groups of records by stage, in every module whose records stand in stages."""

from uuid import uuid4

from common.records.models import MODULES, Pipeline, Stage, StagedRecord
from common.records.summary import by_stage_name
from common.tenancy import org_scope
from common.testing import OrgTestCase
from common.testing.rows import one_of_each


class StageGroupsTest(OrgTestCase):
    def test_every_module_groups_by_status_whatever_stages_and_pipelines_it_has(self) -> None:
        rows, client = one_of_each(self.alice, "Marker"), self.client_of(self.alice)
        for module, model in MODULES.items():
            if not issubclass(model, StagedRecord):
                continue
            with self.subTest(module), org_scope(self.org):
                row = rows[model]
                name = row.stage.name
                self.assertEqual(
                    client.get(f"/api/v1/{module}/summary/", {"group_by": "status"}).json(), [{"status": name, "count": 1}]
                )
                elsewhere = Stage.objects.create(pipeline=Pipeline.objects.create(module=module, name="Other"), name="Elsewhere")
                model.objects.filter(pk=row.pk).update(stage=elsewhere)
                groups = client.get(f"/api/v1/{module}/summary/", {"group_by": "status"}).json()
                self.assertEqual(groups, [{"status": "Elsewhere", "count": 1}])

    def test_a_stage_that_is_gone_by_now_or_none_has_no_name(self) -> None:
        with org_scope(self.org):
            stage = Stage.objects.filter(pipeline__module="leads").order_by("position")[0]
            rows = [{"stage": pk, "count": count, "sum_value": None} for pk, count in ((uuid4(), 2), (stage.pk, 3), (None, 1))]
            groups = [(row["stage"], row["count"]) for row in by_stage_name(rows, ["sum_value"])]
        self.assertEqual(groups, [(None, 3), (stage.name, 3)])
