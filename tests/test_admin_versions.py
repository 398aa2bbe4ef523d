"""Two people with the same page of the admin open: whoever saves last is told, whatever the page is of."""

from datetime import UTC, datetime
from typing import Any

from common.records.models import RECORD_MODELS
from common.tenancy import org_scope
from events.models import Event

from .admin_rows import AdminTestCase, name_of


class VersionsTest(AdminTestCase):
    def opened(self, row: Any) -> Any:
        """The page's form, as a browser would send it; None where the page offers none."""
        page = self.browser().get(self.url(type(row), "change", row.pk))
        self.assertEqual(page.status_code, 200)
        return (
            self.form_values(page) if 'name="seen"' in page.content.decode() and 'name="_save"' in page.content.decode() else None
        )

    def test_every_record_type_refuses_a_form_that_was_opened_before_somebody_elses_change(self) -> None:
        tried = set()
        with org_scope(self.alice):  # which a form shows to the second
            Event.objects.update(start=datetime(2027, 1, 1, 9, tzinfo=UTC), end=datetime(2027, 1, 1, 10, tzinfo=UTC))
        for model in RECORD_MODELS.values():
            with self.subTest(model.__name__):
                row = self.ours[model]
                values = self.opened(row)
                assert values is not None
                with org_scope(self.alice):
                    model.objects.get(pk=row.pk).save(update_fields=["updated_at", "updated_by"])
                refused = self.browser().post(self.url(model, "change", row.pk), values | {name_of(model): "Mine"})
                self.assertIn("Somebody changed this", self.errors(refused))
                self.assertNotEqual(getattr(self.fresh(row), name_of(model)), "Mine")
                again = self.opened(row) | {name_of(model): "Mine"}
                self.assertEqual(self.browser().post(self.url(model, "change", row.pk), again).status_code, 302)
                self.assertEqual(getattr(self.fresh(row), name_of(model)), "Mine")
                tried.add(model)
        self.assertEqual(tried, set(RECORD_MODELS.values()))
