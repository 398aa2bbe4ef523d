"""The contract that each record type keeps; a subclass names its model and its data."""

from typing import Any

from django.core.files.uploadedfile import SimpleUploadedFile

from common.activity.models import Activity
from common.records.models import Record, Tag
from common.tenancy import NoOrgScope, org_scope


class RecordTests:
    """Mix with OrgTestCase: ``class LeadAPITest(RecordTests, OrgTestCase)``."""

    model: Any = None
    create_data: dict[str, Any] = {}
    update_data: dict[str, Any] = {}
    #: What else belongs to a record and is written with it: lines, participants, a checklist.
    nested_data: dict[str, Any] = {}
    #: A word of ``create_data`` that a search finds.
    search_word = ""

    # --- helpers

    def url(self, *parts: Any) -> str:
        return "/".join(["/api/v1", self.model.module, *(str(part) for part in parts)]) + "/"

    def make(self, profile: Any = None, **data: Any) -> str:
        """A record made over the API. Returns its id."""
        response = self.client_of(profile or self.alice).post(self.url(), {**self.create_data, **data})
        assert response.status_code == 201, response.content
        return response.json()["id"]

    def get(self, profile: Any, *parts: Any, **query: Any) -> Any:
        return self.client_of(profile).get(self.url(*parts), query)

    def history(self, pk: str) -> list[Any]:
        with org_scope(self.org):
            return list(Activity.objects.filter(record_id=pk).order_by("id"))

    # --- who sees it

    def test_list_shows_only_our_records(self) -> None:
        mine, theirs = self.make(), self.make(self.mallory)
        body = self.get(self.alice).json()
        self.assertIn(mine, [row["id"] for row in body["results"]])
        self.assertNotIn(theirs, str(body))
        self.assertEqual(body["count"], len(body["results"]))

    def test_anonymous_is_refused(self) -> None:
        pk = self.make()
        for url in (self.url(), self.url(pk), self.url("bin"), self.url("comment", pk), self.url(pk, "history")):
            self.assert_error(self.client_of(None).get(url), 401)

    def test_record_of_another_org_is_not_found_like_one_that_never_was(self) -> None:
        theirs, nowhere = self.make(self.mallory), "0192d3c0-0000-7000-8000-000000000000"
        client = self.client_of(self.alice)
        for parts in (["{}"], ["{}", "history"], ["comment", "{}"], ["attachment", "{}"]):
            answers = []
            for pk in (theirs, nowhere):
                body = client.get(self.url(*(part.format(pk) for part in parts)))
                self.assert_error(body, 404)
                answers.append({**body.json(), "request_id": ""})
            self.assertEqual(*answers)
        for method in ("put", "patch", "delete"):
            self.assert_error(getattr(client, method)(self.url(theirs), self.update_data), 404)
        self.assert_error(client.post(self.url(theirs, "restore")), 404)
        self.assertEqual(self.get(self.mallory, theirs).status_code, 200)

    def test_client_sees_nothing_and_writes_nothing(self) -> None:
        pk = self.make()
        client = self.client_of(self.vic)
        if self.vic.scope_for(self.model.module, "view") == "none":
            self.assert_error(client.get(self.url()), 403)
        else:  # they see what names them, and this does not
            self.assertEqual(client.get(self.url()).json()["results"], [])
        self.assert_error(client.get(self.url(pk)), 404)
        self.assert_error(client.post(self.url(), self.create_data), 403)
        self.assert_error(client.patch(self.url(pk), self.update_data), 404)
        self.assert_error(client.delete(self.url(pk)), 404)

    def test_another_persons_record_is_hidden_from_a_user_until_it_is_assigned(self) -> None:
        if not issubclass(self.model, Record) or self.model.catalogue:
            self.skipTest("nobody owns these")
        pk = self.make()
        self.assert_error(self.get(self.uma, pk), 404)
        self.assertNotIn(pk, str(self.get(self.uma).json()))
        self.client_of(self.alice).patch(self.url(pk), {"assigned_to": [str(self.uma.pk)]})
        self.assertEqual(self.get(self.uma, pk).json()["assigned_to"], [str(self.uma.pk)])
        self.assertIn(pk, str(self.get(self.uma).json()))

    def test_a_catalogue_is_read_by_all_colleagues_and_changed_by_who_may(self) -> None:
        if not self.model.catalogue:
            self.skipTest("each sees their own of these")
        pk, mine = self.make(), self.make(self.uma)
        client = self.client_of(self.uma)
        self.assertEqual(client.get(self.url(pk)).json()["id"], pk)
        self.assertEqual({row["id"] for row in client.get(self.url()).json()["results"]}, {pk, mine})
        self.assertEqual(client.get(self.url(), {"search": self.search_word}).json()["count"], 2)
        self.assert_error(client.patch(self.url(pk), self.update_data), 403)
        self.assert_error(client.delete(self.url(pk)), 403)
        self.assertEqual(client.patch(self.url(mine), self.update_data).status_code, 200)
        self.assert_error(self.client_of(self.mallory).get(self.url(pk)), 404)

    def test_manager_sees_and_may_not_change(self) -> None:
        pk = self.make()
        client = self.client_of(self.max)
        self.assertEqual(client.get(self.url(pk)).status_code, 200)
        self.assert_error(client.patch(self.url(pk), self.update_data), 403)
        self.assert_error(client.delete(self.url(pk)), 403)

    # --- writing

    def test_create_belongs_to_our_org_and_answers_as_a_read_does(self) -> None:
        response = self.client_of(self.alice).post(self.url(), self.create_data)
        self.assertEqual(response.status_code, 201, response.content)
        body = response.json()
        self.assertEqual(body["org"], str(self.org.pk))
        self.assertEqual(body["created_by"], str(self.alice.pk))
        self.assertTrue(response["Location"].endswith(f"/{body['id']}/"))
        read = self.client_of(self.alice).get(response["Location"])
        self.assertEqual(read.json(), body)
        self.assertEqual(read["ETag"], response["ETag"])
        for name, value in self.create_data.items():
            self.assertEqual(body[name], value)

    def test_put_and_patch_are_partial(self) -> None:
        for method in ("put", "patch"):
            pk = self.make()
            before = self.get(self.alice, pk).json()
            response = getattr(self.client_of(self.alice), method)(self.url(pk), self.update_data)
            self.assertEqual(response.status_code, 200, response.content)
            changed = {name for name, value in response.json().items() if value != before[name]}
            moved = {"stage", "card_order", "stage_entered_at"}
            self.assertEqual(changed - {"updated_at", "updated_by", *moved}, set(self.update_data))

    def test_unknown_and_foreign_fields_are_refused_by_name(self) -> None:
        client = self.client_of(self.alice)
        for name, value in (("is_superuser", True), ("nonsense", 1), ("org", str(self.other.pk))):
            self.assert_error(client.post(self.url(), {**self.create_data, name: value}), 400, field=name)
        self.assertEqual(self.get(self.alice).json()["count"], 0)

    def test_references_to_another_org_do_not_exist(self) -> None:
        if not issubclass(self.model, Record):
            self.skipTest("no references")
        with org_scope(self.other):
            tag = Tag.objects.create(name="theirs")
        for name, pk in (("tags", tag.pk), ("assigned_to", self.mallory.pk)):
            response = self.client_of(self.alice).post(self.url(), {**self.create_data, name: [str(pk)]})
            self.assert_error(response, 400, field=name, says="does not exist")

    def test_nothing_is_lost_when_two_change_what_both_have_open(self) -> None:
        """Whatever writes to a record, its parts included, gives it a new version; a write to an old one is refused."""
        pk, client, both = self.make(), self.client_of(self.alice), {**self.update_data, **self.nested_data}
        for name, value in both.items():
            old = client.get(self.url(pk))
            changed = client.patch(self.url(pk), {name: value})
            self.assertEqual(changed.status_code, 200, changed.content)
            self.assertNotEqual(changed["ETag"], old["ETag"])
            self.assertGreater(changed.json()["updated_at"], old.json()["updated_at"])
            stale = self.client_of(self.alice, **{"If-Match": old["ETag"]})
            for method, *parts in (("put", pk), ("patch", pk), ("delete", pk)):
                body = {} if method == "delete" else both
                self.assert_error(getattr(stale, method)(self.url(*parts), body), 412)
            if hasattr(self.model, "stage"):
                self.assert_error(stale.put(self.url(pk, "status"), {"status": "x"}), 412)
            self.assertEqual(client.get(self.url(pk)).json(), changed.json())

    def test_stale_if_match_is_refused(self) -> None:
        pk = self.make()
        client = self.client_of(self.alice)
        etag = client.get(self.url(pk))["ETag"]
        self.assertEqual(client.get(self.url(pk), headers={"If-None-Match": etag}).status_code, 304)
        first = client.patch(self.url(pk), self.update_data, headers={"If-Match": etag})
        self.assertEqual(first.status_code, 200, first.content)
        self.assert_error(client.patch(self.url(pk), self.update_data, headers={"If-Match": etag}), 412)
        self.assertEqual(client.get(self.url(pk))["ETag"], first["ETag"])

    def test_bin_and_restore(self) -> None:
        pk = self.make()
        client = self.client_of(self.alice)
        self.assertEqual(client.delete(self.url(pk)).status_code, 204)
        self.assert_error(client.get(self.url(pk)), 404)
        self.assertEqual(client.get(self.url()).json()["count"], 0)
        for query in ({}, {"search": self.search_word[:3]}):
            self.assertEqual([row["id"] for row in client.get(self.url("bin"), query).json()["results"]], [pk])
        self.assertEqual(client.get(self.url("bin"), {"search": "zzzz"}).json()["count"], 0)
        self.assertEqual(client.post(self.url(pk, "restore")).json()["id"], pk)
        self.assertEqual(client.get(self.url()).json()["count"], 1)
        self.assertEqual([row.action for row in self.history(pk)][-2:], ["delete", "restore"])

    # --- what hangs on it

    def test_history_tells_who_when_what_before_and_after(self) -> None:
        pk = self.make()
        self.client_of(self.alice, **{"X-Request-ID": "from-the-test"}).patch(self.url(pk), self.update_data)
        entries = self.get(self.alice, pk, "history").json()["results"]
        self.assertEqual(entries[-1]["action"], "create")
        self.assertEqual(entries[0]["actor"], {"id": str(self.alice.pk), "name": "Alice"})
        self.assertEqual((entries[0]["source"], entries[0]["request_id"]), ("api", "from-the-test"))
        name, value = next(iter(self.update_data.items()))
        self.assertEqual(entries[0]["changes"][name][1], value)

    def test_comments(self) -> None:
        pk = self.make()
        client = self.client_of(self.alice)
        made = client.post(self.url("comment", pk), {"comment": "Called them."})
        self.assertEqual(made.status_code, 201, made.content)
        listed = client.get(self.url("comment", pk)).json()["results"]
        self.assertEqual([(row["comment"], row["author"]) for row in listed], [("Called them.", "Alice")])
        self.assertEqual(client.get(made["Location"]).json(), made.json())
        self.assert_error(self.client_of(self.mallory).get(made["Location"]), 404)
        self.assert_error(self.client_of(self.mallory).post(self.url("comment", pk), {"comment": "spam"}), 404)
        self.assert_error(self.client_of(self.max).patch(made["Location"], {"comment": "changed"}), 403)
        self.assert_error(client.post(self.url("comment", pk), {"comment": ""}), 400, field="comment")

    def test_attachments(self) -> None:
        pk = self.make()
        client = self.client_of(self.alice)
        upload = {"file": SimpleUploadedFile("plan.txt", b"the plan")}
        made = client.post(self.url("attachment", pk), upload, format="multipart")
        self.assertEqual(made.status_code, 201, made.content)
        self.assertEqual((made.json()["file_name"], made.json()["size"]), ("plan.txt", 8))
        self.assertEqual(client.get(self.url("attachment", pk)).json()["count"], 1)
        download = client.get(made["Location"] + "download/")
        self.assertEqual(b"".join(download.streaming_content), b"the plan")
        self.assertTrue(download["Content-Disposition"].startswith("attachment"))
        self.assert_error(self.client_of(self.mallory).get(made["Location"] + "download/"), 404)
        self.assert_error(self.client_of(self.vic).get(made["Location"] + "download/"), 404)
        evil = {"file": SimpleUploadedFile("page.txt", b"<html><script>alert(1)</script>")}
        self.assert_error(client.post(self.url("attachment", pk), evil, format="multipart"), 400, field="file")

    # --- lists

    def test_search_finds_by_the_beginning_of_a_word(self) -> None:
        mine, theirs = self.make(), self.make(self.mallory)
        self.assertEqual([row["id"] for row in self.get(self.alice, search=self.search_word[:3]).json()["results"]], [mine])
        self.assertNotIn(theirs, str(self.get(self.alice, search=self.search_word).json()))
        self.assertEqual(self.get(self.alice, search="zzzz").json()["count"], 0)

    def test_unknown_parameters_and_fields_are_refused(self) -> None:
        self.assert_error(self.get(self.alice, nonsense=1), 400, field="nonsense")
        self.assert_error(self.get(self.alice, fields="id,nonsense"), 400, field="fields")
        self.assert_error(self.get(self.alice, ordering="nonsense"), 400, field="ordering")
        self.assert_error(self.get(self.alice, limit="-1"), 400, field="limit")

    def test_fields_trim_the_answer(self) -> None:
        pk = self.make()
        self.assertEqual(self.get(self.alice, fields="id").json()["results"], [{"id": pk}])
        self.assertEqual(self.get(self.alice, pk, fields="id").json(), {"id": pk})

    def test_cursor_walks_every_record_once(self) -> None:
        made = {self.make() for _ in range(5)}
        client, url, seen = self.client_of(self.alice), self.url() + "?cursor=&limit=2", []
        while url:
            page = client.get(url).json()
            self.assertNotIn("count", page)
            seen += [row["id"] for row in page["results"]]
            url = page["next"]
        self.assertEqual((set(seen), len(seen)), (made, 5))

    def test_offset_pages(self) -> None:
        made = {self.make() for _ in range(3)}
        first = self.get(self.alice, limit=2).json()
        second = self.client_of(self.alice).get(first["next"]).json()
        self.assertEqual((first["count"], second["count"], second["next"]), (3, 3, None))
        self.assertEqual({row["id"] for row in first["results"] + second["results"]}, made)
        self.assertTrue(second["previous"])

    def test_reads_cost_the_same_for_one_and_three(self) -> None:
        pk = self.make()
        client = self.client_of(self.alice)
        urls = [self.url(), self.url() + "?cursor=", self.url(pk), self.url("comment", pk), self.url(pk, "history")]
        one = [self.cost(client, url) for url in urls]
        for _ in range(2):
            self.make()
            client.post(self.url("comment", pk), {"comment": "again"})
            client.patch(self.url(pk), self.update_data)
        three = [self.cost(client, url) for url in urls]
        self.assertEqual(three, one)
        self.assertLessEqual(max(one[:3]), 4)

    def test_query_without_org_is_an_error(self) -> None:
        with self.assertRaises(NoOrgScope):
            self.model.objects.count()
