"""The OpenAPI document is complete and valid, and its pages are safe."""

import re
from io import StringIO

import yaml
from django.core.management import call_command
from django.test import Client, SimpleTestCase

from common.records.models import MODULES
from common.records.pack_data import USUAL
from crm.api import router

from .openapi import HERE, document, errors_of, kind_of, operations, resolved

PUBLIC = {
    "auth_register", "auth_login", "auth_refresh_token", "auth_logout", "auth_password_forgot", "auth_password_reset",
    "auth_email_verify", "auth_email_verify_resend", "health", "root_test", "cases_inbound",
    "emails_inbound",
}  # fmt: skip
TYPES = {"uuid", "date", "date-time", "integer", "number", "boolean", "string", "object"}


class DocumentTest(SimpleTestCase):
    def test_it_is_valid_and_made_without_a_warning(self) -> None:
        call_command("spectacular", validate=True, fail_on_warn=True, stdout=StringIO(), stderr=StringIO())
        self.assertEqual(document()["openapi"], "3.1.1")

    def test_every_operation_has_a_summary_a_known_tag_and_its_own_id(self) -> None:
        tags = [tag["name"] for tag in document()["tags"]]
        for path, method, operation in operations():
            with self.subTest(f"{method} {path}"):
                self.assertTrue(3 < len(operation["summary"]) < 100, operation["summary"])
                self.assertEqual(len(set(operation["tags"]) & set(tags)), 1)
                self.assertNotRegex(operation.get("description", ""), r"queryset|serializer|viewset|projected")
        ids = [operation["operationId"] for _, _, operation in operations()]
        self.assertEqual(len(ids), len(set(ids)))
        self.assertLessEqual({"leads_list", "leads_create", "leads_move_update", "auth_login"}, set(ids))

    def test_records_stand_after_sign_up_each_with_its_tag(self) -> None:
        tags = [tag["name"] for tag in document()["tags"]]
        self.assertEqual(tags[: 1 + len(MODULES)], ["Sign-up and sign-in", *(name.capitalize() for name in sorted(MODULES))])

    def test_only_versioned_paths_and_the_root_dialect_are_shown(self) -> None:
        self.assertFalse([path for path in document()["paths"] if path.startswith("/api/") and not path.startswith("/api/v1/")])
        for prefix, _, _ in router.registry:
            self.assertIn(f"/api/v1/{prefix}/", document()["paths"])

    def test_every_refusal_has_the_one_shape(self) -> None:
        for path, method, operation in operations():
            for code, declared in operation["responses"].items():
                response = resolved(declared)
                with self.subTest(f"{method} {path} {code}"):
                    self.assertTrue(response["description"])
                    if int(code) >= 400:
                        schema = response["content"]["application/json"]["schema"]
                        self.assertEqual(schema, {"$ref": f"{HERE}#/components/schemas/Error"})
                        example = response["content"]["application/json"].get("example")
                        self.assertEqual(errors_of(example, schema) if example else [], [])

    def test_refusals_follow_from_what_an_operation_reads(self) -> None:
        for path, method, operation in operations():
            codes, parameters = set(operation["responses"]), operation.get("parameters", [])
            with self.subTest(f"{method} {path}"):
                self.assertEqual("404" in codes, "{" in path or path.endswith("/board/"))
                self.assertEqual("412" in codes, any(one["name"] == "If-Match" for one in parameters))
                self.assertEqual({"413", "415"} <= codes, "requestBody" in operation)
                reads = "requestBody" in operation or any(one["in"] == "query" for one in parameters)
                self.assertEqual("400" in codes, reads)
                if operation["operationId"] not in PUBLIC | {"auth_invite_accept"}:
                    self.assertIn("401", codes)

    def test_only_the_public_endpoints_need_no_token(self) -> None:
        open_ones = {operation["operationId"] for _, _, operation in operations() if not operation.get("security")}
        self.assertEqual(open_ones, PUBLIC)
        for _, _, operation in operations():
            if operation["operationId"] not in PUBLIC | {"auth_invite_accept"}:
                self.assertEqual(operation["security"], [{"bearer": []}, {"bearer": [], "org": []}])
        schemes = document()["components"]["securitySchemes"]
        self.assertEqual((schemes["bearer"]["scheme"], schemes["org"]["name"], schemes["org"]["in"]), ("bearer", "org", "header"))

    def test_every_parameter_has_a_type_and_a_description(self) -> None:
        for path, method, operation in operations():
            for parameter in operation.get("parameters", []):
                with self.subTest(f"{method} {path} {parameter['name']}"):
                    self.assertTrue(parameter["description"])
                    self.assertIn(kind_of(parameter), TYPES)

    def test_what_a_viewset_reads_is_declared(self) -> None:
        for prefix, viewset, _ in router.registry:
            rows, row = (document()["paths"][f"/api/v1/{prefix}/{part}"] for part in ("", "{id}/"))
            names = {one["name"] for one in rows["get"]["parameters"]}
            others = {"limit", "offset", "cursor", "count", "ordering", "fields", *(["search"] if viewset.with_search else [])}
            with self.subTest(prefix):
                custom = {"cf_<key>"} if hasattr(viewset.queryset.model, "custom_fields") else set()
                self.assertEqual(names, others | custom | set(viewset.filters()))
                for method, operation in row.items():
                    read = {one["name"] for one in operation["parameters"]}
                    self.assertEqual(read, {"id", "fields", "If-None-Match"} if method == "get" else {"id", "If-Match"})

    def test_a_moves_examples_are_the_modules_own_stages(self) -> None:
        for module, (_, stages) in USUAL.items():
            body = document()["paths"][f"/api/v1/{module}/{{id}}/status/"]["put"]["requestBody"]["content"]["application/json"]
            shown = [example["value"]["status"] for example in body["examples"].values()]
            self.assertEqual(shown, [stages[1][0], stages[0][0]])

    def test_a_change_needs_no_field(self) -> None:
        for path, method, operation in operations():
            if operation["operationId"].endswith(("_update", "_partial_update")) and re.search(r"(/\{id\}|profile|org)/$", path):
                body = resolved(operation["requestBody"]["content"]["application/json"]["schema"])
                with self.subTest(f"{method} {path}"):
                    self.assertNotIn("required", body)
                    self.assertNotIn("id", body["properties"])

    def test_a_row_is_typed_field_by_field(self) -> None:
        properties = document()["components"]["schemas"]["Lead"]["properties"]
        self.assertEqual(properties["stage"], {"type": "string", "format": "uuid"})
        self.assertEqual(properties["assigned_to"]["items"], {"type": "string", "format": "uuid"})
        self.assertEqual(properties["converted_account"]["type"], ["string", "null"])
        self.assertEqual((properties["status"]["type"], properties["card_order"]["type"]), ("string", "string"))
        self.assertEqual(properties["pipeline"]["format"], "uuid")
        self.assertEqual(properties["custom_fields"]["type"], "object")
        self.assertIn("number", properties["value"]["type"])
        schemas = document()["components"]["schemas"]
        self.assertEqual(schemas["Opportunity"]["properties"]["expected_revenue"]["type"], ["string", "null"])
        self.assertEqual(schemas["Profile"]["properties"]["role"]["format"], "uuid")
        self.assertEqual(schemas["PatchedProfileRequest"]["properties"]["role"]["type"], "string")

    def test_files_go_up_as_multipart_and_come_down_as_they_are(self) -> None:
        up = document()["paths"]["/api/v1/leads/attachment/{id}/"]["post"]["requestBody"]["content"]
        self.assertEqual(resolved(up["multipart/form-data"]["schema"])["properties"]["file"]["format"], "binary")
        down = document()["paths"]["/api/v1/attachments/{id}/download/"]["get"]["responses"]["200"]["content"]
        self.assertEqual(down["*/*"]["schema"]["format"], "binary")

    def test_every_example_of_a_body_fits_its_schema(self) -> None:
        for path, method, operation in operations():
            parts = [operation.get("requestBody", {}), *operation["responses"].values()]
            for media_type in (media_type for part in parts for media_type in resolved(part).get("content", {}).values()):
                for name, example in media_type.get("examples", {}).items():
                    with self.subTest(f"{method} {path} {name}"):
                        self.assertEqual(errors_of(example["value"], media_type["schema"]), [])


class PagesTest(SimpleTestCase):
    def test_the_document_comes_as_json_or_yaml_and_is_not_sent_twice(self) -> None:
        client = Client()
        response = client.get("/schema/")
        self.assertEqual((response.status_code, response["Content-Type"]), (200, "application/json"))
        self.assertEqual(response.json()["info"]["title"], "Atrium API")
        for by_accept in (client.get("/schema", headers={"Accept": "application/yaml"}), client.get("/schema/?format=yaml")):
            self.assertEqual(yaml.load(by_accept.content, yaml.CSafeLoader)["paths"].keys(), response.json()["paths"].keys())
        again = client.get("/schema/", headers={"If-None-Match": response["ETag"]})
        self.assertEqual((again.status_code, again.content), (304, b""))
        packed = client.get("/schema/", headers={"Accept-Encoding": "gzip"})
        self.assertLess(len(packed.content), len(response.content) / 5)
        self.assertEqual(client.get("/schema/", headers={"If-None-Match": packed["ETag"]}).status_code, 304)

    def test_the_pages_load_nothing_from_elsewhere_and_run_no_inline_script(self) -> None:
        for path in ("/swagger-ui/", "/swagger-ui", "/docs/", "/docs", "/api/schema/redoc/", "/api/schema/redoc"):
            response = Client().get(path)
            html = response.content.decode()
            with self.subTest(path):
                self.assertEqual(response.status_code, 200)
                self.assertFalse(re.findall(r"https?://", html))
                self.assertFalse(re.findall(r"<script(?![^>]*\bsrc=)", html))
                policy = dict(part.strip().partition(" ")[::2] for part in response["Content-Security-Policy"].split(";"))
                self.assertEqual(policy["script-src"], "'self'")
                self.assertIn("'unsafe-inline'", policy["style-src"])
                for source in re.findall(r'<script[^>]*\bsrc="([^"]+)"', html):
                    script = Client().get(source.replace("&amp;", "&"))
                    self.assertEqual(script.status_code, 200, source)
                    self.assertIn("javascript", script["Content-Type"])

    def test_trying_out_is_ready_at_once(self) -> None:
        script = Client().get("/docs/?script=").content.decode()
        self.assertIn('"tryItOutEnabled": true', script)
        self.assertIn('"persistAuthorization": true', script)
        self.assertIn("/schema/", script)
