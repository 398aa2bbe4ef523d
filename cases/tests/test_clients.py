"""The role client: it sees the cases that name it as a contact, and what is meant for it."""

from typing import Any

from assistant.tools import ToolError, call_tool
from common.activity.models import TELLING, Activity
from common.notifications.models import Notification
from common.notifications.services import tell
from common.notifications.stream import news_of
from common.tenancy import org_scope
from common.testing import OrgTestCase

URL = "/api/v1/cases/"


class ClientTest(OrgTestCase):
    def setUp(self) -> None:
        self.client = self.client_of(self.alice)
        body = {"last_name": "Vic", "email": "VIC@example.com"}
        self.contact = self.client.post("/api/v1/contacts/", body).json()["id"]
        self.named = self.client.post(URL, {"name": "Vic's", "contacts": [self.contact]}).json()["id"]
        self.hidden = self.client.post(URL, {"name": "Another's"}).json()["id"]
        self.vics = self.client_of(self.vic)

    def comments(self, who: Any) -> list[str]:
        return [row["comment"] for row in who.get(f"{URL}comment/{self.named}/").json()["results"]]

    def test_a_client_sees_the_cases_that_name_them(self) -> None:
        self.assertEqual([row["id"] for row in self.vics.get(URL).json()["results"]], [self.named])
        self.assertEqual(self.vics.get(f"{URL}{self.named}/").status_code, 200)
        self.assert_error(self.vics.get(f"{URL}{self.hidden}/"), 404)
        self.assert_error(self.vics.patch(f"{URL}{self.named}/", {"name": "x"}), 403)
        self.assert_error(self.vics.post(f"{URL}{self.named}/escalate/"), 403)
        self.assert_error(self.vics.get("/api/v1/leads/"), 403)
        self.assertEqual(self.vics.get(URL, {"search": "Another"}).json()["count"], 0)

    def test_the_same_address_in_another_org_names_nobody(self) -> None:
        theirs = self.client_of(self.mallory)
        contact = theirs.post("/api/v1/contacts/", {"last_name": "Vic", "email": "vic@example.com"}).json()["id"]
        theirs.post(URL, {"name": "Theirs", "contacts": [contact]})
        self.assertEqual(self.vics.get(URL).json()["count"], 1)

    def test_a_contact_in_the_bin_names_nobody(self) -> None:
        self.client.delete(f"/api/v1/contacts/{self.contact}/")
        self.assertEqual(self.vics.get(URL).json()["count"], 0)

    def test_clients_read_what_is_meant_for_them(self) -> None:
        self.client.post(f"{URL}comment/{self.named}/", {"comment": "To you"})
        inner = self.client.post(f"{URL}comment/{self.named}/", {"comment": "Among us", "is_internal": True})
        self.assertEqual(self.comments(self.client), ["Among us", "To you"])
        self.assertEqual(self.comments(self.vics), ["To you"])
        self.assertEqual([row["comment"] for row in self.vics.get("/api/v1/comments/").json()["results"]], ["To you"])
        self.assert_error(self.vics.get(inner["Location"]), 404)
        refused = self.vics.post(f"{URL}comment/{self.named}/", {"comment": "x", "is_internal": True})
        self.assert_error(refused, 400, field="is_internal")

    def test_a_client_named_in_an_internal_comment_hears_nothing(self) -> None:
        for internal in (True, False):
            body = {"comment": f"@Vic, internal: {internal}", "is_internal": internal}
            self.client.post(f"{URL}comment/{self.named}/", body)
        with org_scope(self.org, source="system"):
            tell(news_of(list(Activity.objects.filter(TELLING).order_by("id"))))
            told = Notification.objects.filter(recipient=self.vic, kind="mentioned").values_list("text", flat=True)
            self.assertEqual([text.split(": ", 1)[1] for text in told], ["@Vic, internal: False"])

    def test_a_clients_comment_wakes_the_case_and_is_no_answer(self) -> None:
        self.client.put(f"{URL}{self.named}/status/", {"status": "Closed"})
        self.assertEqual(self.vics.post(f"{URL}comment/{self.named}/", {"comment": "Not yet!"}).status_code, 201)
        case = self.client.get(f"{URL}{self.named}/").json()
        self.assertEqual((case["status"], case["first_answered_at"], case["closed_on"]), ("Assigned", None, None))

    def test_clients_comment_and_log_nothing(self) -> None:
        """What was said with them is for colleagues to tell; so is what became of the case."""
        call = {"type": "call", "subject": "I was promised one for free"}
        self.assert_error(self.vics.post(f"{URL}{self.named}/interactions/", call), 403)
        self.assert_error(self.vics.post(f"{URL}{self.hidden}/interactions/", call), 404)
        self.assertEqual(self.client.get(f"{URL}{self.named}/interactions/").json()["count"], 0)
        self.assertEqual(self.client.post(f"{URL}{self.named}/interactions/", call).status_code, 201)
        self.assertEqual(self.vics.post(f"{URL}comment/{self.named}/", {"comment": "Any news?"}).status_code, 201)
        self.assert_error(self.vics.get(f"{URL}{self.named}/history/"), 403)
        self.assert_error(self.vics.get(f"{URL}{self.hidden}/history/"), 404)
        with org_scope(self.org), self.assertRaisesMessage(ToolError, "not add interactions"):
            call_tool(self.vic, "log_interaction_on_case", {"id": self.named, **call})


class ArticleTest(OrgTestCase):
    def test_articles_are_read_by_colleagues_published_ones_by_clients_and_changed_by_who_may(self) -> None:
        alice, uma, vic = (self.client_of(person) for person in (self.alice, self.uma, self.vic))
        pk = alice.post("/api/v1/articles/", {"title": "Tightening a seat"}).json()["id"]
        self.assertEqual(uma.get("/api/v1/articles/", {"search": "tight"}).json()["count"], 1)
        self.assertEqual(vic.get("/api/v1/articles/").json()["count"], 0)
        self.assert_error(vic.get(f"/api/v1/articles/{pk}/"), 404)
        alice.patch(f"/api/v1/articles/{pk}/", {"is_published": True})
        self.assertEqual(vic.get("/api/v1/articles/", {"search": "tight"}).json()["results"][0]["id"], pk)
        self.assertEqual(vic.get(f"/api/v1/articles/{pk}/").json()["title"], "Tightening a seat")
        self.assert_error(vic.post(f"/api/v1/articles/comment/{pk}/", {"comment": "Mine is still loose"}), 403)
        self.assert_error(vic.patch(f"/api/v1/articles/{pk}/", {"title": "x"}), 403)
        self.assert_error(uma.patch(f"/api/v1/articles/{pk}/", {"title": "x"}), 403)
        case = uma.post(URL, {"name": "Loose", "articles": [pk]}).json()
        self.assertEqual(uma.get(URL, {"articles": pk}).json()["results"][0]["id"], case["id"])
        self.assertEqual(self.client_of(self.mallory).get("/api/v1/articles/").json()["count"], 0)


class CustomRoleTest(OrgTestCase):
    def test_who_is_named_may_look_and_not_change_whatever_the_role(self) -> None:
        """Own cases to view and to edit: being named in one makes it not one's own."""
        alice, uma = self.client_of(self.alice), self.client_of(self.uma)
        contact = alice.post("/api/v1/contacts/", {"last_name": "Uma", "email": "uma@example.com"}).json()["id"]
        pk = alice.post(URL, {"name": "About Uma", "contacts": [contact]}).json()["id"]
        self.assertEqual(uma.get(f"{URL}{pk}/").status_code, 200)
        for refused in (
            uma.patch(f"{URL}{pk}/", {"name": "x"}),
            uma.delete(f"{URL}{pk}/"),
            uma.put(f"{URL}{pk}/status/", {"status": "Closed"}),
            uma.post(f"{URL}{pk}/reply/", {"text": "x"}),
        ):
            self.assert_error(refused, 403)
