"""Every record type's tools, with the same rights as over the API."""

from typing import Any

from assistant.tools import ToolError, all_tools, call_tool, tools_for
from common.activity.models import Activity
from common.records.models import Tag
from common.records.views import VIEWSETS
from common.tenancy import org_scope
from common.testing import OrgTestCase
from leads.models import Lead

NOWHERE = "0192d3c0-0000-7000-8000-000000000000"


class ToolTestCase(OrgTestCase):
    def use(self, tool: str, profile: Any = None, **arguments: Any) -> Any:
        profile = profile or self.alice
        with org_scope(profile, source="assistant", request_id="turn-1"):
            return call_tool(profile, tool, arguments)

    def refused(self, tool: str, profile: Any = None, **arguments: Any) -> ToolError:
        with self.assertRaises(ToolError) as caught:
            self.use(tool, profile, **arguments)
        return caught.exception


class ToolTest(ToolTestCase):
    def test_each_record_type_has_tools_and_the_seeds_names_are_among_them(self) -> None:
        names = set(all_tools())
        seeds = {"search_leads", "update_lead_status", "update_lead_data", "create_lead", "delete_lead"}
        services = {"assign_lead", "bulk_assign_leads", "convert_lead", "undo_convert_lead", "comment_on_lead", "restore_lead"}
        self.assertLessEqual(seeds | services, names)
        for viewset in VIEWSETS.values():
            many = str(viewset.queryset.model._meta.verbose_name_plural).replace(" ", "_")
            self.assertIn(f"search_{many}", names)
            self.assertIn(f"summarize_{many}", names)

    def test_schemas_come_from_the_serializers(self) -> None:
        schema = all_tools()["create_lead"].parameters
        self.assertEqual(schema["required"], ["name"])
        self.assertEqual(schema["properties"]["value"]["type"], ["number", "null"])
        self.assertNotIn("created_at", schema["properties"])
        self.assertEqual(all_tools()["bulk_assign_leads"].parameters["required"], ["assigned_to", "leads"])
        self.assertEqual(all_tools()["bulk_assign_leads"].kind, "bulk")
        self.assertIn("opportunity_name", all_tools()["convert_lead"].parameters["properties"])

    def test_a_lead_is_made_found_changed_moved_summed_commented_and_deleted(self) -> None:
        lead = self.use("create_lead", name="Ada Byron", company="Engines", value=1200.5, currency="GBP")
        self.use("create_lead", name="Bob Stone", value=99.5, currency="GBP")
        found = self.use("search_leads", search="byron", filters={"value__gte": 1000}, limit=5)
        self.assertEqual([row["id"] for row in found["results"]], [lead["id"]])
        self.assertEqual(self.use("update_lead_status", id=lead["id"], status="meeting booked")["status"], "Meeting booked")
        self.assertEqual(self.use("update_lead_data", id=lead["id"], phone="+44 20 7183 8750")["phone"], "+442071838750")
        self.assertEqual(self.use("comment_on_lead", id=lead["id"], comment="Called.")["comment"], "Called.")
        rows = self.use("summarize_leads", sum=["value"], group_by="status")
        self.assertEqual([(row["status"], row["count"], float(row["sums"]["value"])) for row in rows],
                         [("Interest", 1, 99.5), ("Meeting booked", 1, 1200.5)])  # fmt: skip
        self.assertEqual(len(self.use("lead_history", id=lead["id"])["results"]), 3)
        self.assertEqual(self.use("delete_lead", id=lead["id"]), {"done": True})
        self.assertEqual(self.refused("get_lead", id=lead["id"]).code, 404)
        self.assertEqual(self.use("restore_lead", id=lead["id"])["name"], "Ada Byron")
        with org_scope(self.org):
            self.assertEqual(set(Activity.objects.filter(record_id=lead["id"]).values_list("source", flat=True)), {"assistant"})

    def test_a_service_behind_a_tool(self) -> None:
        lead = self.use("create_lead", name="Ada Byron", company="Engines", email="ada@engines.example")
        self.assertTrue(self.use("convert_lead", id=lead["id"], opportunity_name="Two")["converted_opportunity"])
        self.assertEqual(self.refused("convert_lead", id=lead["id"]).code, 409)
        self.assertIsNone(self.use("undo_convert_lead", id=lead["id"])["converted_opportunity"])
        self.assertEqual(self.use("bulk_assign_leads", assigned_to=str(self.uma.pk), leads=[lead["id"]]), {"assigned": 1})

    def test_another_orgs_record_is_not_found_whatever_the_tool(self) -> None:
        theirs = self.use("create_lead", self.mallory, name="Secret Sam")
        for tool in all_tools().values():
            if tool.record == "lead" and "id" in tool.parameters["properties"]:
                filling = {name: "x" for name in tool.parameters["required"] if name != "id"}
                texts = [
                    (error.code, error.message, error.details)
                    for error in (self.refused(tool.name, id=pk, **filling) for pk in (theirs["id"], NOWHERE))
                ]
                self.assertEqual(texts[0], texts[1], tool.name)
                self.assertEqual(texts[0][0], 404, tool.name)
        self.assertEqual(self.use("search_leads", search="secret")["results"], [])
        self.assertEqual(self.use("summarize_leads")[0]["count"], 0)
        with org_scope(self.other):
            tag = Tag.objects.create(name="theirs")
        self.assertIn("tags", self.refused("create_lead", name="A", tags=[str(tag.pk)]).details)
        with org_scope(self.org):
            self.assertFalse(Lead.objects.exists())

    def test_a_role_bounds_what_tools_there_are_and_what_they_do(self) -> None:
        lead = self.use("create_lead", name="Ada Byron")
        theirs = {(tool.module, tool.action) for tool in tools_for(self.vic)}
        own = {("", "view"), *(("notifications", action) for action in ("view", "edit"))}
        self.assertEqual(theirs - own, {(module, "view") for module in ("articles", "cases", "events", "invoices")})
        self.assertIn("Your role may not", self.refused("search_leads", self.vic).message)
        self.assertEqual(self.use("search_leads", self.uma)["results"], [])
        self.assertEqual(self.use("summarize_leads", self.uma)[0]["count"], 0)
        self.assertEqual(self.refused("update_lead_data", self.uma, id=lead["id"], name="Mine").code, 404)
        self.assertEqual(self.refused("delete_lead", self.max, id=lead["id"]).code, 403)

    def test_bad_arguments_are_named_and_leave_nothing(self) -> None:
        for tool, arguments, says in [
            ("create_lead", {}, "name"),
            ("create_lead", {"name": "A", "value": "a lot"}, "value"),
            ("create_lead", {"name": "A", "org": str(self.other.pk)}, "org"),
            ("create_lead", {"name": "A", "nonsense": 1}, "nonsense"),
            ("create_lead", {"name": ["A"]}, "name"),
            ("update_lead_status", {"status": "Interest"}, "id"),
            ("update_lead_status", {"id": "x", "status": "Interest"}, "id"),
            ("search_leads", {"filters": {"shoe_size": 4}}, "shoe_size"),
            ("search_leads", {"filters": "all"}, "filters"),
            ("search_leads", {"limit": "many"}, "limit"),
            ("search_leads", {"limit": -1}, "limit"),
            ("search_leads", {"search": "a\x00b"}, "search"),
            ("summarize_leads", {"sum": ["name"]}, "sum"),
            ("summarize_leads", {"group_by": "password"}, "group_by"),
        ]:
            error = self.refused(tool, **arguments)
            self.assertIn(says, f"{error.message} {error.details}", arguments)
        for arguments in (None, [], "x", 4):
            with org_scope(self.alice), self.assertRaises(ToolError):
                call_tool(self.alice, "create_lead", arguments)
        self.assertIn("no tool", self.refused("drop_tables").message)
        with org_scope(self.org):
            self.assertFalse(Lead.objects.exists())
