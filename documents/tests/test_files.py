"""Documents: their versions, and who gets them."""

from typing import Any

from django.core.files.uploadedfile import SimpleUploadedFile
from django.utils import timezone

from common.records.services import purge
from common.tenancy import org_scope
from common.testing import OrgTestCase
from documents.models import Document, DocumentVersion

URL = "/api/v1/documents/"


def upload(name: str = "prices.txt", content: bytes = b"one") -> SimpleUploadedFile:
    return SimpleUploadedFile(name, content)


class FilesTest(OrgTestCase):
    def document(self, **values: Any) -> str:
        body = {"title": "Prices", "file": upload(), **values}
        response = self.client_of(self.alice).post(URL, body, format="multipart")
        self.assertEqual(response.status_code, 201, response.content)
        return response.json()["id"]

    def add(self, pk: str, file: Any, profile: Any = None) -> Any:
        return self.client_of(profile or self.alice).post(
            f"{URL}{pk}/versions/", {"file": file, "note": "New"}, format="multipart"
        )

    def download(self, pk: str, query: str = "", profile: Any = None) -> Any:
        return self.client_of(profile or self.alice).get(f"{URL}{pk}/download/{query}")

    def test_a_document_is_uploaded_with_its_first_version(self) -> None:
        pk = self.document(shared_to=[str(self.uma.pk), str(self.max.pk)])
        shown = self.client_of(self.alice).get(f"{URL}{pk}/").json()
        self.assertEqual(shown["newest"], [{"number": 1, "file_name": "prices.txt", "size": 3, "content_type": "text/plain"}])
        self.assertEqual(set(shown["shared_to"]), {str(self.uma.pk), str(self.max.pk)})
        with org_scope(self.alice):
            version = DocumentVersion.objects.get()
        self.assertNotIn("prices", version.file.name)
        self.assertNotIn(version.file.name, str(shown))

    def test_versions_count_up_and_each_stays(self) -> None:
        pk = self.document()
        self.assertEqual(self.add(pk, upload(content=b"two")).json()["number"], 2)
        listed = self.client_of(self.alice).get(f"{URL}{pk}/versions/").json()["results"]
        self.assertEqual([(row["number"], row["note"], row["author"]) for row in listed], [(2, "New", "Alice"), (1, "", "Alice")])
        for query, content in (("", b"two"), ("?version=1", b"one"), ("?version=2", b"two")):
            answer = self.download(pk, query)
            self.assertEqual(b"".join(answer.streaming_content), content)
            self.assertTrue(answer["Content-Disposition"].startswith("attachment"))
        self.assert_error(self.download(pk, "?version=3"), 404)
        for query in ("?version=x", "?version=0", "?nonsense=1"):
            self.assert_error(self.download(pk, query), 400)

    def test_what_a_browser_would_run_is_refused_and_leaves_nothing(self) -> None:
        for bad in (upload("a.html", b"<html>"), upload("a.txt", b"<script>alert(1)</script>"), upload("a.exe", b"MZ")):
            answer = self.client_of(self.alice).post(URL, {"title": "Bad", "file": bad}, format="multipart")
            self.assert_error(answer, 400, field="file")
        pk = self.document()
        self.assert_error(self.add(pk, upload("a.svg", b"<svg>")), 400, field="file")
        self.assert_error(self.client_of(self.alice).post(f"{URL}{pk}/versions/", {}, format="multipart"), 400, field="file")
        self.assertEqual(self.client_of(self.alice).get(URL).json()["count"], 1)

    def test_whom_it_is_shared_with_reads_it_and_changes_nothing(self) -> None:
        pk = self.document()
        self.assert_error(self.download(pk, profile=self.uma), 404)
        self.client_of(self.alice).patch(f"{URL}{pk}/", {"shared_to": [str(self.uma.pk)]})
        uma = self.client_of(self.uma)
        self.assertEqual(b"".join(self.download(pk, profile=self.uma).streaming_content), b"one")
        self.assertEqual((uma.get(URL).json()["count"], uma.get(f"{URL}{pk}/versions/").json()["count"]), (1, 1))
        self.assert_error(uma.patch(f"{URL}{pk}/", {"title": "Mine"}), 403)
        self.assert_error(uma.delete(f"{URL}{pk}/"), 403)
        self.assert_error(self.add(pk, upload(), self.uma), 403)
        for stranger in (self.vic, self.mallory):
            self.assert_error(self.download(pk, profile=stranger), 404)
            self.assert_error(self.client_of(stranger).get(f"{URL}{pk}/versions/"), 404)

    def test_files_go_when_the_bin_is_emptied(self) -> None:
        pk = self.document()
        with org_scope(self.alice):
            stored = DocumentVersion.objects.get().file
        self.client_of(self.alice).delete(f"{URL}{pk}/")
        self.assert_error(self.download(pk), 404)
        with org_scope(self.alice), self.captureOnCommitCallbacks(execute=True):
            self.assertTrue(stored.storage.exists(stored.name))
            self.assertEqual(purge(Document, timezone.now()), 1)
        self.assertFalse(stored.storage.exists(stored.name))
