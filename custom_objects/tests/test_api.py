from typing import Any

from common.people.models import Profile
from common.records.models import MODULES
from common.tenancy import org_scope
from common.testing import OrgTestCase, RecordTests
from custom_objects.models import CustomObject, CustomRecord


class WithStudents(OrgTestCase):
    """Both organizations have students; ours has courses too."""

    @classmethod
    def setUpTestData(cls) -> None:
        super().setUpTestData()
        for profile, types in ((cls.alice, ("Student", "Course")), (cls.mallory, ("Student",))):
            with org_scope(profile):
                for name in types:
                    CustomObject.objects.create(key=name.lower(), name=name, name_plural=f"{name}s")


class CustomRecordAPITest(RecordTests, WithStudents):
    model = CustomRecord
    create_data = {"name": "Ada Byron"}
    update_data = {"name": "Ada Lovelace"}
    search_word = "Byron"

    def url(self, *parts: Any) -> str:
        return "/".join(["/api/v1/objects/student", *(str(part) for part in parts)]) + "/"


class ObjectsTest(WithStudents):
    def post(self, path: str, body: Any, profile: Profile | None = None) -> Any:
        return self.client_of(profile or self.alice).post(f"/api/v1/{path}", body)

    def test_an_admin_declares_a_type_and_everyone_may_use_it(self) -> None:
        made = self.post("objects/", {"key": "boat", "name": "Boat"})
        self.assertEqual((made.status_code, made.json()["name_plural"]), (201, "Boats"))
        self.assert_error(self.post("objects/", {"key": "plane", "name": "Plane"}, self.uma), 403)
        boat = self.post("objects/boat/", {"name": "Santa Clara"}, self.uma)
        self.assertEqual((boat.status_code, boat.json()["object"]), (201, "boat"))
        self.assertEqual(self.client_of(self.uma).get("/api/v1/objects/boat/").json()["count"], 1)
        self.assert_error(self.client_of(self.mallory).get("/api/v1/objects/boat/"), 404)

    def test_a_record_is_found_under_its_own_type_only(self) -> None:
        pk = self.post("objects/student/", {"name": "Ada"}).json()["id"]
        client = self.client_of(self.alice)
        self.assertEqual(client.get("/api/v1/objects/course/").json()["count"], 0)
        for path in (
            f"objects/course/{pk}/",
            f"objects/course/{pk}/history/",
            f"objects/course/comment/{pk}/",
            f"objects/nothing/{pk}/",
        ):
            self.assert_error(client.get(f"/api/v1/{path}"), 404)
        self.assert_error(client.patch(f"/api/v1/objects/course/{pk}/", {"name": "B"}), 404)
        client.delete(f"/api/v1/objects/student/{pk}/")
        self.assert_error(client.post(f"/api/v1/objects/course/{pk}/restore/"), 404)
        self.assertEqual(client.get("/api/v1/objects/course/bin/").json()["count"], 0)

    def test_a_body_cannot_name_another_type_than_the_path(self) -> None:
        self.assert_error(self.post("objects/student/", {"name": "A", "object": "course"}), 400, field="object")
        self.assertEqual(self.post("objects/student/", {"name": "A", "object": "student"}).status_code, 201)
        pk = self.post("objects/student/", {"name": "A"}).json()["id"]
        answer = self.client_of(self.alice).patch(f"/api/v1/objects/student/{pk}/", {"object": "course"})
        self.assert_error(answer, 400, field="object")

    def test_students_are_the_path_of_an_earlier_system(self) -> None:
        pk = self.post("students/", {"name": "Ada"}).json()["id"]
        self.assertEqual(self.client_of(self.alice).get(f"/api/v1/objects/student/{pk}/").json()["name"], "Ada")

    def test_bad_keys_are_refused_and_a_key_stays(self) -> None:
        for key in ("", "A", "1a", "a-b", "a" * 61, "a b", "é"):
            self.assert_error(self.post("objects/", {"key": key, "name": "X"}), 400, field="key")
        self.assert_error(self.post("objects/", {"key": "student", "name": "X"}), 409)
        pk = self.client_of(self.alice).get("/api/v1/objects/?key=student").json()["results"][0]["id"]
        client = self.client_of(self.alice)
        self.assert_error(client.patch(f"/api/v1/objects/{pk}/", {"key": "pupil"}), 400, field="key")
        self.assertEqual(client.patch(f"/api/v1/objects/{pk}/", {"name": "Pupil"}).status_code, 200)
        self.post("objects/student/", {"name": "Ada"})
        self.assert_error(client.delete(f"/api/v1/objects/{pk}/"), 409)

    def test_a_student_has_fields_of_their_own_and_leads_to_a_lead(self) -> None:
        for body in (
            {"module": "objects/student", "key": "grade", "label": "Grade", "type": "number"},
            {"module": "objects/student", "key": "lead", "label": "Lead", "type": "relation", "target": "leads"},
        ):
            self.assertEqual(self.post("custom-fields/", body).status_code, 201)
        lead, hidden = (self.post("leads/", {"name": "Family"}, who).json()["id"] for who in (self.uma, self.alice))
        fields = {"grade": 7, "lead": lead}
        made = self.post("objects/student/", {"name": "Ada", "custom_fields": fields}, self.uma)
        self.assertEqual((made.status_code, made.json()["custom_fields"]), (201, fields))
        for path in (f"?cf_lead={lead}", "?cf_grade__gte=7", "?cf_grade__in=6,7"):
            self.assertEqual(self.client_of(self.uma).get(f"/api/v1/objects/student/{path}").json()["count"], 1, path)
        refused = self.post("objects/student/", {"name": "B", "custom_fields": {"lead": hidden}}, self.uma)
        self.assert_error(refused, 400, field="custom_fields.lead", says="does not exist")
        course = self.post("objects/course/", {"name": "Maths", "custom_fields": {"grade": 7}})
        self.assert_error(course, 400, field="custom_fields.grade", says="Unknown field")
        field = self.client_of(self.alice).get("/api/v1/custom-fields/?key=grade").json()["results"][0]["id"]
        self.client_of(self.alice).delete(f"/api/v1/custom-fields/{field}/")
        shown = self.client_of(self.uma).get(f"/api/v1/objects/student/{made.json()['id']}/").json()["custom_fields"]
        self.assertEqual(shown, {"lead": lead})

    def test_the_module_is_known_by_its_name(self) -> None:
        self.assertIs(MODULES["objects"], CustomRecord)
