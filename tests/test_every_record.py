"""What must hold for all record types and all lists, however many there will be."""

from importlib import import_module
from pkgutil import iter_modules
from typing import Any

from django.core.files.uploadedfile import SimpleUploadedFile

from common.notifications.services import notify
from common.people.models import Profile, Role
from common.records.models import MODULES, Pipeline, Tag
from common.records.tenant_views import ReadViewSet
from common.tenancy import org_scope
from common.testing import OrgTestCase, RecordTests
from crm.api import router


def test_every_record_type_keeps_the_contract() -> None:
    for model in MODULES.values():
        tests = import_module(f"{model._meta.app_config.name}.tests")
        for module in iter_modules(tests.__path__, f"{tests.__name__}."):
            import_module(module.name)
    tested = {case.model for case in RecordTests.__subclasses__()}
    assert set(MODULES.values()) <= tested, "Give each record type a test case: class XAPITest(RecordTests, OrgTestCase)."


def test_every_record_type_has_its_endpoints() -> None:
    assert {prefix for prefix, viewset, _ in router.registry} >= set(MODULES)


class QueryCountTest(OrgTestCase):
    """Every list of the API takes as many statements for three rows as for one."""

    def add(self, prefix: str) -> None:
        """One more row in the list ``prefix``."""
        client, number = self.client_of(self.alice), self.next_number()
        with org_scope(self.alice):
            pipeline = Pipeline.objects.first()
        lead = client.post("/api/v1/leads/", {"name": f"Lead {number}"}).json()["id"]
        bodies: dict[str, Any] = {
            "accounts": {"name": "A"},
            "contacts": {"last_name": "A"},
            "opportunities": {"name": "A"},
            "teams": {"name": "A"},
            "cases": {"name": "A"},
            "tasks": {"title": "A"},
            "events": {"title": "A", "start": "2027-01-01T09:00:00Z", "end": "2027-01-01T10:00:00Z"},
            "planner": {"subject": "A", "start": "2027-01-01T09:00:00Z"},
            "articles": {"title": "A"},
            "sla-policies": {"name": "A"},
            "business-hours": {"name": "A"},
            "assignment-rules": {"name": "A"},
            "canned-answers": {"title": "A", "text": "A"},
            "mailboxes": {"name": "A", "address": f"box{number}@x.example"},
            "tags": {"name": f"tag {number}"},
            "pipelines": {"name": f"pipeline {number}", "module": "leads"},
            "stages": {"name": f"stage {number}", "pipeline": str(pipeline.pk)},
            "roles": {"name": f"role {number}"},
            "api-keys": {"name": f"key {number}"},
            "number-series": {"name": ("invoice", "estimate", "credit_note")[number % 3], "format": "{number}"},
            "tax-rates": {"name": f"tax {number}", "percent": "19"},
            "exchange-rates": {"currency": ("EUR", "GBP", "JPY", "KWD")[number % 4], "rate": "1.1"},
            "goals": {"name": "A", "starts_on": "2027-01-01", "ends_on": "2027-03-31", "amount": "1", "currency": "EUR"},
            "products": {"name": "A"},
            "invoices": {"title": "A"},
            "boards": {"name": "A"},
            "documents": {"title": "A"},
            "emails": {"subject": "A"},
            "email-templates": {"name": f"template {number}"},
            "blocked-addresses": {"address": f"no{number}@x.example"},
            "mail-accounts": {"address": f"account{number}@x.example"},
            "objects": {"key": f"type_{number}", "name": "A"},
            "custom-fields": {"module": "leads", "key": f"field_{number}", "label": "A", "type": "text"},
            "views": {"module": "leads", "name": f"view {number}"},
        }
        if prefix == "invitations":
            response = client.post("/api/v1/users/", {"email": f"guest{number}@x.example"})
        elif prefix in bodies:
            response = client.post(f"/api/v1/{prefix}/", bodies[prefix])
        elif prefix == "surveys":
            contact = client.post("/api/v1/contacts/", {"last_name": "A", "email": "a@x.example"}).json()["id"]
            case = client.post("/api/v1/cases/", {"name": "A", "contacts": [contact]}).json()["id"]
            response = client.post(f"/api/v1/cases/{case}/survey/")
        elif prefix == "prices":
            product = client.post("/api/v1/products/", {"name": "A"}).json()["id"]
            response = client.post("/api/v1/prices/", {"product": product, "currency": "EUR", "price": "1"})
        elif prefix == "stage-limits":
            stages = client.get("/api/v1/opportunities/board/").json()
            response = client.post("/api/v1/stage-limits/", {"stage": stages[number % len(stages)]["stage"], "days": 3})
        elif prefix == "comments":
            response = client.post(f"/api/v1/leads/comment/{lead}/", {"comment": "A"})
        elif prefix in ("board-columns", "cards"):
            board = client.post("/api/v1/boards/", {"name": "A"}).json()
            column = {"board": board["id"], "name": "B"}
            card = {"column": board["columns"][0]["id"], "title": "A"}
            response = client.post(f"/api/v1/{prefix}/", column if prefix == "board-columns" else card)
        elif prefix == "interactions":
            response = client.post(f"/api/v1/leads/{lead}/interactions/", {"type": "call"})
        elif prefix == "notifications":
            with org_scope(self.org):
                notify(to=[self.alice], kind="due", record=MODULES["leads"].objects.get(pk=lead), text="A")
            return
        elif prefix == "attachments":
            upload = {"file": SimpleUploadedFile("a.txt", b"a")}
            response = client.post(f"/api/v1/leads/attachment/{lead}/", upload, format="multipart")
        elif prefix == "users":
            self.join(f"person{number}", "user")
            return
        else:
            self.assertEqual(prefix, "leads", "Say here how a row of this list is made.")
            return
        self.assertEqual(response.status_code, 201, response.content)

    number = 0

    def next_number(self) -> int:
        self.number += 1
        return self.number

    def test_lists_cost_the_same_for_one_and_three(self) -> None:
        client = self.client_of(self.alice)
        for prefix, viewset, _ in router.registry:
            self.assertTrue(issubclass(viewset, ReadViewSet))
            with self.subTest(prefix):
                self.add(prefix)
                one = self.cost(client, f"/api/v1/{prefix}/")
                self.add(prefix), self.add(prefix)
                self.assertEqual(self.cost(client, f"/api/v1/{prefix}/"), one)
                self.assertLessEqual(one, 4)

    def test_the_pages_in_between_stay_ours(self) -> None:
        """Each list again, as the other org: nothing of ours is in it."""
        for prefix, _, _ in router.registry:
            self.add(prefix)
        with org_scope(self.org):
            ours = {str(pk) for model in (Role, Tag, Pipeline, Profile) for pk in model.objects.values_list("pk", flat=True)}
        for prefix, _, _ in router.registry:
            with self.subTest(prefix):
                body = self.client_of(self.mallory).get(f"/api/v1/{prefix}/").content.decode()
                self.assertEqual([pk for pk in ours if pk in body], [])
                self.assertNotIn(str(self.org.pk), body)
