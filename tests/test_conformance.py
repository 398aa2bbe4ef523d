"""What the API really answers and reads, against the OpenAPI document."""

from typing import Any

from django.core.files.uploadedfile import SimpleUploadedFile

from common.records.models import MODULES
from custom_objects.tests.test_api import WithStudents

from .openapi import document, errors_of, is_list, kind_of, operations, resolved

#: A value of each type of query parameter, and one that it refuses.
FITTING = {
    "uuid": "0192d3c0-0000-7000-8000-000000000000",
    "date": "2026-05-04",
    "date-time": "2026-05-04T09:30:00Z",
    "integer": "7",
    "number": "7.5",
    "boolean": "true",
    "string": "x",
}
NEVER_FITS = "n/a"
#: The type that stands for all that organizations make for themselves.
KEY = "student"


class ConformanceTest(WithStudents):
    def setUp(self) -> None:
        self.client = self.client_of(self.alice)

    def call(self, method: str, path: str, body: Any = None, *, client: Any = None, **ids: Any) -> Any:
        """Call an operation of the document; its status, headers and body must be as declared."""
        url, _, query = path.partition("?")
        operation = document()["paths"][url][method]
        more = {"format": "multipart"} if isinstance(body, dict) and "file" in body else {}
        target = url.format(**{"key": KEY, **ids}) + (f"?{query}" if query else "")
        response = getattr(client or self.client, method)(target, *([] if body is None else [body]), **more)
        label = f"{method} {target} {response.status_code}"
        self.assertIn(str(response.status_code), operation["responses"], f"{label} {getattr(response, 'content', b'')[:300]!r}")
        declared = resolved(operation["responses"][str(response.status_code)])
        for name in declared.get("headers", {}):
            self.assertIn(name, response.headers, label)
        if schema := declared.get("content", {}).get("application/json", {}).get("schema"):
            self.assertEqual(errors_of(response.json(), schema), [], label)
        else:
            self.assertIn("*/*" if response.streaming else "", declared.get("content", {"": None}), label)
        return response

    def example(self, path: str, method: str) -> Any:
        return next(iter(document()["paths"][path][method]["requestBody"]["content"]["application/json"]["examples"].values()))[
            "value"
        ]

    def test_records_answer_as_declared(self) -> None:
        for module, model in MODULES.items():
            base = "/api/v1/objects/{key}" if module == "objects" else f"/api/v1/{module}"
            pk = self.call("post", f"{base}/", self.example(f"{base}/", "post")).json()["id"]
            self.call("post", f"{base}/comment/{{id}}/", self.example(f"{base}/comment/{{id}}/", "post"), id=pk)
            self.call("post", f"{base}/attachment/{{id}}/", {"file": SimpleUploadedFile("a.txt", b"words")}, id=pk)
            for method in ("put", "patch"):
                self.call(method, f"{base}/{{id}}/", self.example(f"{base}/{{id}}/", method), id=pk)
            row = resolved(
                document()["paths"][f"{base}/{{id}}/"]["get"]["responses"]["200"]["content"]["application/json"]["schema"]
            )
            self.assertEqual(self.call("get", f"{base}/{{id}}/", id=pk).json().keys(), row["properties"].keys())
            self.call("get", f"{base}/{{id}}/?fields=id", id=pk)
            for path in ("/", "/?cursor=", "/?count=none", "/{id}/", "/{id}/history/", "/comment/{id}/", "/attachment/{id}/"):
                self.assertTrue(self.call("get", base + path, id=pk).json())
            if hasattr(model, "stage"):
                moved = self.example(f"{base}/{{id}}/status/", "put")
                moved["status"] = self.call("get", f"{base}/board/").json()[1]["status"]
                self.assertEqual(self.call("put", f"{base}/{{id}}/status/", moved, id=pk).status_code, 200)
            self.call("delete", f"{base}/{{id}}/", id=pk)
            self.assertEqual(len(self.call("get", f"{base}/bin/").json()["results"]), 1)
            self.call("post", f"{base}/{{id}}/restore/", id=pk)

    def test_what_belongs_to_the_organization_answers_as_declared(self) -> None:
        pipeline = self.call("get", "/api/v1/pipelines/").json()["results"][0]["id"]
        for module in ("tags", "pipelines", "stages", "roles"):
            base = f"/api/v1/{module}"
            body = self.example(f"{base}/", "post")
            body |= {"pipeline": pipeline} if module == "stages" else {}
            pk = self.call("post", f"{base}/", body).json()["id"]
            for path in ("/", "/{id}/", "/{id}/history/"):
                self.call("get", base + path, id=pk)
            self.call("patch", f"{base}/{{id}}/", {"name": "Renamed"}, id=pk)
            self.call("delete", f"{base}/{{id}}/", id=pk)
        for path in ("/users/", "/profile/", "/org/", "/auth/me/"):
            self.call("get", f"/api/v1{path}")
        invited = self.call("post", "/api/v1/users/", self.example("/api/v1/users/", "post")).json()["id"]
        for path in ("/", "/{id}/", "/{id}/history/"):
            self.call("get", f"/api/v1/invitations{path}", id=invited)
        self.call("delete", "/api/v1/invitations/{id}/", id=invited)
        for path in ("profile", "org"):
            self.call("patch", f"/api/v1/{path}/", self.example(f"/api/v1/{path}/", "patch"))

    def test_a_file_comes_down_as_declared(self) -> None:
        pk = self.client.post("/api/v1/leads/", {"name": "Ada"}).json()["id"]
        upload = {"file": SimpleUploadedFile("a.txt", b"words")}
        file = self.call("post", "/api/v1/leads/attachment/{id}/", upload, id=pk).json()["id"]
        download = self.call("get", "/api/v1/attachments/{id}/download/", id=file)
        self.assertEqual(b"".join(download.streaming_content), b"words")
        for module in ("comments", "attachments"):
            self.call("get", f"/api/v1/{module}/")
        self.call("delete", "/api/v1/attachments/{id}/", id=file)

    def test_sign_up_and_sign_in_answer_as_declared(self) -> None:
        anyone, auth = self.client_of(None), "/api/v1/auth"
        body = self.example(f"{auth}/register/", "post")
        joined = self.call("post", f"{auth}/register/", body, client=anyone)
        self.assertEqual(joined.status_code, 201)
        self.assertEqual(self.call("post", f"{auth}/register/", body, client=anyone).status_code, 409)
        credentials = {name: body[name] for name in ("email", "password")}
        signed_in = self.call("post", f"{auth}/login/", credentials, client=anyone).json()
        self.assertEqual(self.call("post", f"{auth}/login/", {**credentials, "password": "no"}, client=anyone).status_code, 401)
        pair = self.call("post", f"{auth}/refresh-token/", {"refresh_token": signed_in["refresh_token"]}, client=anyone).json()
        self.call("post", f"{auth}/logout/", {"refresh_token": pair["refresh_token"]}, client=anyone)
        self.call("post", f"{auth}/logout/", {"refresh_token": "nonsense"}, client=anyone)
        self.call("post", f"{auth}/switch-org/", {"org": str(self.org.pk)})
        self.assertEqual(self.call("post", f"{auth}/switch-org/", {"org": str(self.other.pk)}).status_code, 403)
        for path in ("password/forgot", "email/verify/resend"):
            self.call("post", f"{auth}/{path}/", {"email": body["email"]}, client=anyone)
        self.call("post", f"{auth}/invite/accept/", {"token": "nonsense"}, client=anyone)

    def test_refusals_are_as_declared(self) -> None:
        base, nowhere = "/api/v1/leads", "0192d3c0-0000-7000-8000-000000000000"
        pk = self.client.post(f"{base}/", {"name": "Ada", "external_id": "7"}).json()["id"]
        stale = self.client_of(self.alice, **{"If-Match": '"0"'})
        calls = {
            400: self.call("post", f"{base}/", {"nonsense": 1}),
            401: self.call("get", f"{base}/", client=self.client_of(None)),
            403: self.call("get", "/api/v1/auth/me/", client=self.client_of(self.alice, org=str(self.other.pk))),
            404: self.call("get", f"{base}/{{id}}/", id=nowhere),
            409: self.call("post", f"{base}/", {"name": "Bo", "external_id": "7"}),
            412: self.call("patch", f"{base}/{{id}}/", {"name": "Bo"}, client=stale, id=pk),
            415: self.client.post(f"{base}/", "name=Ada", content_type="text/plain"),
        }
        self.assertEqual(list(calls), [response.status_code for response in calls.values()])
        self.assertEqual(self.call("get", f"{base}/", client=self.client_of(self.vic)).status_code, 403)

    def test_each_declared_parameter_is_read_and_no_other(self) -> None:
        for path, method, operation in operations():
            if not is_list(operation):
                continue
            declared = [one for one in operation["parameters"] if one["in"] == "query" and kind_of(one) != "object"]
            query = {one["name"]: FITTING[kind_of(one)] for one in declared}
            query |= {"ordering": "id", "fields": "id", "limit": "500", "count": "none"}
            del query["cursor"]
            with self.subTest(f"{method} {path}"):
                path = path.format(key=KEY)
                response = self.client.get(path, query)
                self.assertEqual(response.status_code, 200, response.content[:500])
                self.assertEqual(self.client.get(path, {"cursor": ""}).status_code, 200)
                self.assert_error(self.client.get(path, {"nonsense": "1"}), 400, field="nonsense")

    def test_filters_by_custom_fields_are_read_where_they_are_declared(self) -> None:
        tried = 0
        for module in MODULES:
            list_of = "/api/v1/objects/{key}/" if module == "objects" else f"/api/v1/{module}/"
            parameters = document()["paths"][list_of]["get"]["parameters"]
            for declared in (one for one in parameters if one["name"] == "cf_<key>"):
                of = f"objects/{KEY}" if module == "objects" else module
                for key, kind in (("size", "text"), ("budget", "number")):
                    body = {"module": of, "key": key, "label": key, "type": kind}
                    self.assertEqual(self.client.post("/api/v1/custom-fields/", body).status_code, 201)
                self.assertNotIn("examples", declared)  # Swagger UI would send it, unless one looks
                example = {"cf_size": "L", "cf_budget__gte": "1000"}
                self.assertEqual(errors_of(example, declared["schema"]), [])
                for path in (list_of, f"{list_of}summary/"):
                    answer = self.client.get(path.format(key=KEY), example)
                    self.assertEqual(answer.status_code, 200, answer.content[:300])
                refused = self.client.get(list_of.format(key=KEY), {"cf_nonsense": "1"})
                self.assert_error(refused, 400, field="cf_nonsense")
                tried += 1
        self.assertGreater(tried, 10)

    def test_each_filter_refuses_what_is_not_of_its_type(self) -> None:
        for path, method, operation in operations():
            if not is_list(operation):
                continue
            queries = [one for one in operation["parameters"] if one["in"] == "query"]
            typed = {one["name"] for one in queries if kind_of(one) not in ("string", "object")}
            filters = typed - {"limit", "offset"}
            with self.subTest(f"{method} {path}"):
                refused = self.client.get(path.format(key=KEY), dict.fromkeys(filters, NEVER_FITS)).json()["details"]
                self.assertEqual(set(refused), filters)
