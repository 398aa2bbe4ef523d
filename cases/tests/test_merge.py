"""Two cases that are one, and two again."""

from typing import Any

from django.core.files.uploadedfile import SimpleUploadedFile

from cases.models import Case
from common.records.models import MODULES
from common.tenancy import org_scope
from common.testing import OrgTestCase

URL = "/api/v1/cases/"


class MergeTest(OrgTestCase):
    def setUp(self) -> None:
        self.client = self.client_of(self.alice)
        self.ada, self.bo = self.contact("Ada"), self.contact("Bo")
        self.one = self.make("One", [self.ada, self.bo], status="Waiting on customer")
        self.two = self.make("Two", [self.bo])

    def contact(self, name: str) -> str:
        return self.client.post("/api/v1/contacts/", {"last_name": name, "email": f"{name}@x.example"}).json()["id"]

    def make(self, name: str, contacts: list[str], **values: Any) -> str:
        pk = self.client.post(URL, {"name": name, "contacts": contacts, **values}).json()["id"]
        self.client.post(f"{URL}comment/{pk}/", {"comment": f"About {name}"})
        upload = {"file": SimpleUploadedFile(f"{name}.txt", b"words")}
        self.client.post(f"{URL}attachment/{pk}/", upload, format="multipart")
        return pk

    def merge(self, pk: str, into: str) -> Any:
        return self.client.post(f"{URL}{pk}/merge/", {"into": into})

    def seen(self, pk: str) -> dict[str, Any]:
        """All that is shown of a case and hangs on it, but for who last wrote to it and when."""
        body = self.client.get(f"{URL}{pk}/").json()
        for name in ("updated_at", "updated_by"):
            del body[name]
        hanging = {kind: self.client.get(f"{URL}{kind}/{pk}/").json()["results"] for kind in ("comment", "attachment")}
        return body | {"contacts": sorted(body["contacts"])} | hanging

    def test_a_merge_carries_what_hangs_on_the_case_and_points_to_the_other(self) -> None:
        merged = self.merge(self.one, self.two).json()
        self.assertEqual((merged["merged_into"], merged["status"]), (self.two, "Closed"))
        two = self.seen(self.two)
        self.assertEqual({row["comment"] for row in two["comment"]}, {"About One", "About Two"})
        self.assertEqual({row["file_name"] for row in two["attachment"]}, {"One.txt", "Two.txt"})
        self.assertEqual(two["contacts"], sorted([self.ada, self.bo]))
        self.assertEqual(self.seen(self.one)["comment"], [])
        self.assertEqual(self.client.get(URL, {"merged_into__isnull": "true"}).json()["count"], 1)

    def test_unmerging_gives_back_exactly_what_was(self) -> None:
        before = [self.seen(self.one), self.seen(self.two)]
        self.merge(self.one, self.two)
        later = self.client.post(f"{URL}comment/{self.two}/", {"comment": "Later"}).json()
        self.assertEqual(self.client.post(f"{URL}{self.one}/unmerge/").status_code, 200)
        one, two = self.seen(self.one), self.seen(self.two)
        self.assertEqual(one, before[0])
        self.assertEqual([row["id"] for row in two["comment"]], [later["id"], *[row["id"] for row in before[1]["comment"]]])
        self.assertEqual({**two, "comment": 0, "first_answered_at": 0}, {**before[1], "comment": 0, "first_answered_at": 0})
        self.assert_error(self.client.post(f"{URL}{self.one}/unmerge/"), 409)

    def test_what_was_removed_meanwhile_stays_removed(self) -> None:
        comment = self.seen(self.one)["comment"][0]["id"]
        self.merge(self.one, self.two)
        self.client.delete(f"/api/v1/comments/{comment}/")
        self.client.post(f"{URL}{self.one}/unmerge/")
        self.assertEqual(self.seen(self.one)["comment"], [])

    def test_a_contact_that_two_merges_bring_leaves_with_the_last(self) -> None:
        three = self.make("Three", [self.ada])
        before = self.seen(self.two)["contacts"]
        self.merge(self.one, self.two)
        self.merge(three, self.two)
        self.client.post(f"{URL}{self.one}/unmerge/")
        self.assertEqual(self.seen(self.two)["contacts"], sorted([self.ada, self.bo]))
        self.client.post(f"{URL}{three}/unmerge/")
        self.assertEqual(self.seen(self.two)["contacts"], before)

    def test_a_merged_case_says_where_it_went(self) -> None:
        self.merge(self.one, self.two)
        number = self.client.get(f"{URL}{self.two}/").json()["number"]
        for refused in (
            self.client.patch(f"{URL}{self.one}/", {"name": "x"}),
            self.client.post(f"{URL}comment/{self.one}/", {"comment": "x"}),
            self.client.post(f"{URL}{self.one}/reply/", {"text": "x"}),
            self.client.put(f"{URL}{self.one}/status/", {"status": "New"}),
            self.merge(self.one, self.two),
        ):
            self.assert_error(refused, 409, says=f"merged into #{number} ({self.two})")
        self.assertEqual(len(self.seen(self.two)["comment"]), 2)

    def test_chains_are_undone_from_their_end(self) -> None:
        three = self.make("Three", [])
        before = [self.seen(pk) for pk in (self.one, self.two, three)]
        self.merge(self.one, self.two), self.merge(self.two, three)
        self.assert_error(self.client.post(f"{URL}{self.one}/unmerge/"), 409, says="merged into")
        self.client.post(f"{URL}{self.two}/unmerge/"), self.client.post(f"{URL}{self.one}/unmerge/")
        self.assertEqual([self.seen(pk) for pk in (self.one, self.two, three)], before)

    def test_merges_that_cannot_be(self) -> None:
        self.assert_error(self.merge(self.one, self.one), 400, field="into", says="itself")
        with org_scope(self.other):
            theirs = MODULES["cases"].objects.create(name="Theirs", stage=self.stage_of_theirs())  # type: ignore[misc]
        self.assert_error(self.merge(self.one, str(theirs.pk)), 400, field="into", says="does not exist")
        mine = self.client_of(self.uma).post(URL, {"name": "Uma's"}).json()["id"]
        self.assert_error(self.client_of(self.uma).post(f"{URL}{mine}/merge/", {"into": self.two}), 400, field="into")
        self.assert_error(self.client_of(self.max).post(f"{URL}{self.one}/merge/", {"into": self.two}), 403)

    def stage_of_theirs(self) -> Any:
        from common.records.serializers import find_stage

        return find_stage("cases")


class FamilyTest(OrgTestCase):
    def test_no_case_is_its_own_ancestor(self) -> None:
        client = self.client_of(self.alice)
        pks: list[str] = []
        for number in range(3):
            pks.append(client.post(URL, {"name": f"Case {number}", "parent": pks[-1] if pks else None}).json()["id"])
        for parent in pks:
            self.assert_error(client.patch(f"{URL}{pks[0]}/", {"parent": parent}), 400, field="parent", says="its own parent")
        self.assertEqual(client.get(URL, {"parent": pks[0]}).json()["count"], 1)
        self.assertEqual(client.patch(f"{URL}{pks[2]}/", {"parent": pks[0]}).status_code, 200)

    def test_numbers_are_the_orgs_own_and_found(self) -> None:
        numbers = [self.client_of(self.alice).post(URL, {"name": "A"}).json()["number"] for _ in range(3)]
        self.assertEqual(numbers, ["1", "2", "3"])
        self.assertEqual(self.client_of(self.mallory).post(URL, {"name": "A"}).json()["number"], "1")
        self.assertEqual(self.client_of(self.alice).get(URL, {"number": "2"}).json()["count"], 1)
        with org_scope(self.org):
            self.assertEqual(Case.objects.count(), 3)
