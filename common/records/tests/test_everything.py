"""Search over all records at once."""

from typing import Any

from accounts.models import Account
from common.records.everything import highlight
from common.records.serializers import find_stage
from common.tenancy import org_scope
from common.testing import OrgTestCase
from contacts.models import Contact
from leads.models import Lead
from tasks.models import Task

URL = "/api/v1/search/"


class SearchTestCase(OrgTestCase):
    @classmethod
    def setUpTestData(cls) -> None:
        super().setUpTestData()
        with org_scope(cls.alice):
            cls.lead = Lead.objects.create(name="Ada Byron", notes="Wants two <b>engines</b>", stage=find_stage("leads"))
            cls.account = Account.objects.create(name="Engines Ltd", description="Of Ada's father")
            cls.contact = Contact.objects.create(first_name="Adèle", last_name="Zola")
            cls.binned = Account.objects.create(name="Ada in the bin", deleted_at="2026-01-01T00:00:00Z")
        with org_scope(cls.uma):
            cls.task = Task.objects.create(title="Call Ada", stage=find_stage("tasks"))
        with org_scope(cls.mallory):
            cls.theirs = Lead.objects.create(name="Ada Theirs", stage=find_stage("leads"))

    def search(self, text: str, profile: Any = None, **query: Any) -> list[dict[str, Any]]:
        response = self.client_of(profile or self.alice).get(URL, {"q": text, **query})
        self.assertEqual(response.status_code, 200, response.content)
        return response.json()["results"]

    def names(self, text: str, profile: Any = None, **query: Any) -> list[str]:
        return [row["name"] for row in self.search(text, profile, **query)]


class SearchEverythingTest(SearchTestCase):
    def test_all_types_the_best_first(self) -> None:
        names = self.names("ada")
        self.assertEqual(set(names), {"Ada Byron", "Call Ada", "Engines Ltd"})
        self.assertEqual(names[-1], "Engines Ltd")  # the name counts more than the description
        self.assertEqual(self.names("ad ENG"), ["Engines Ltd", "Ada Byron"])
        self.assertEqual(self.names("adele"), ["Adèle Zola"])

    def test_what_matched_is_marked_and_safe(self) -> None:
        (row,) = self.search("wants")
        shown = (row["module"], row["record_type"], row["id"], row["highlights"])
        marked = {"notes": "<mark>Wants</mark> two &lt;b&gt;engines&lt;/b&gt;"}
        self.assertEqual(shown, ("leads", "lead", str(self.lead.pk), marked))
        self.assertEqual(self.search("adele")[0]["highlights"], {"first_name": "<mark>Adèle</mark>"})
        self.assertEqual(highlight("x" * 10 + " " + "y " * 100 + "Ada", ["ada"])[-15:], "<mark>Ada</mark>"[-15:])
        self.assertEqual(highlight("<script>", ["scr"]), "&lt;<mark>script</mark>&gt;")

    def test_only_what_the_caller_may_see(self) -> None:
        self.assertEqual(self.names("ada", self.uma), ["Call Ada"])
        self.assertEqual(self.names("ada", self.vic), [])
        self.assertEqual(self.names("ada", self.mallory), ["Ada Theirs"])
        with org_scope(self.alice):
            self.lead.assigned_to.add(self.uma)
        self.assertEqual(set(self.names("ada", self.uma)), {"Call Ada", "Ada Byron"})

    def test_only_these_modules_and_so_many_of_each(self) -> None:
        self.assertEqual(self.names("ada", modules="accounts"), ["Engines Ltd"])
        with org_scope(self.alice):
            for number in range(12):
                Lead.objects.create(name=f"Ada {number}", stage=find_stage("leads"))
        found = self.search("ada", limit=3)
        self.assertEqual([row["module"] for row in found if row["module"] == "leads"], ["leads"] * 3)
        self.assertEqual(len(found), 5)

    def test_a_common_word_finds_too(self) -> None:
        with org_scope(self.alice):
            Lead.objects.bulk_create(Lead(name=f"Common {number}", stage=find_stage("leads")) for number in range(40))
        self.assertEqual(len(self.names("common", limit=20)), 20)

    def test_what_is_refused(self) -> None:
        client = self.client_of(self.alice)
        self.assert_error(client.get(URL), 400, field="q")
        self.assert_error(client.get(URL, {"q": "a\x00b"}), 400, field="q")
        self.assert_error(client.get(URL, {"q": "ada", "modules": "gossip"}), 400, field="modules")
        self.assert_error(client.get(URL, {"q": "ada", "limit": 21}), 400, field="limit")
        self.assert_error(client.get(URL, {"q": "ada", "nonsense": 1}), 400, field="nonsense")
        for text in ("...", "'", "a:*&|!(", "%", "\\", "ß" * 500, "a " * 5000):
            self.search(text)

    def test_of_a_common_word_the_newest_are_found_by_whoever_sees_all_and_ones_own_by_others(self) -> None:
        with org_scope(self.uma):
            mine = Lead.objects.create(name="Common, mine", stage=find_stage("leads"))
        with org_scope(self.alice):
            Lead.objects.bulk_create(Lead(name=f"Common {number}", stage=find_stage("leads")) for number in range(110))
        self.assertEqual(self.names("common"), [f"Common {number}" for number in range(109, 104, -1)])
        self.assertEqual([row["id"] for row in self.search("common", self.uma)], [str(mine.pk)])

    def test_a_better_match_comes_before_newer_ones(self) -> None:
        with org_scope(self.alice):
            Lead.objects.bulk_create(
                Lead(name=f"Lead {number}", notes="Of Ada", stage=find_stage("leads")) for number in range(4)
            )
        self.assertEqual(self.names("ada", modules="leads", limit=2), ["Ada Byron", "Lead 3"])

    def test_it_is_two_statements_beside_the_sign_in_however_many_types_match(self) -> None:
        self.assertEqual(self.cost(self.client_of(self.alice), f"{URL}?q=byron"), 3)
        self.assertEqual(self.cost(self.client_of(self.alice), f"{URL}?q=ada"), 3)
        self.assertEqual(self.cost(self.client_of(self.alice), f"{URL}?q=nobodyhasthis"), 2)
