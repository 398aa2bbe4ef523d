from django.db import connection
from django.test.utils import CaptureQueriesContext

from common.people.models import Profile, Role
from common.people.services import create_org
from common.records.serializers import find_stage
from common.tenancy import org_scope
from leads.models import Lead

from .base import NOWHERE, PeopleTestCase

LEADS = "/api/v1/leads/"


class OrgHeaderTest(PeopleTestCase):
    """Uma is a user of ours, an admin of a second org, and nothing in Mallory's."""

    def setUp(self) -> None:
        self.second = create_org(name="Second", owner=self.uma.user)
        for org, name in ((self.org, "in ours"), (self.second.org, "in the second"), (self.other, "in theirs")):
            with org_scope(org):
                Lead.objects.create(name=name, stage=find_stage("leads"))
        with org_scope(self.org):
            Profile.objects.filter(pk=self.uma.pk).update(role=Role.objects.get(name="admin"))

    def names(self, **headers: str) -> list[str]:
        body = self.client_of(self.uma, **headers).get(LEADS).json()
        return [lead["name"] for lead in body["results"]]

    def test_who_and_where_are_found_in_one_statement(self) -> None:
        self.client_of(self.uma).get(LEADS)
        client = self.client_of(self.uma)
        with CaptureQueriesContext(connection) as queries:
            client.options(LEADS)
        self.assertEqual(len(queries), 1, queries.captured_queries)
        self.assertNotIn("password", queries[0]["sql"])

    def test_without_the_header_the_token_says_where(self) -> None:
        self.assertEqual(self.names(), ["in ours"])

    def test_a_member_of_two_organizations_chooses_by_the_header(self) -> None:
        self.assertEqual(self.names(org=str(self.second.org_id)), ["in the second"])
        self.assertEqual(self.names(org=str(self.org.pk).upper()), ["in ours"])

    def test_what_is_made_is_made_there(self) -> None:
        client = self.client_of(self.uma, org=str(self.second.org_id))
        body = client.post(LEADS, {"name": "new"}).json()
        self.assertEqual((body["org"], body["created_by"]), (str(self.second.org_id), str(self.second.pk)))
        self.assertEqual(self.names(), ["in ours"])

    def test_an_organization_of_others_is_refused_like_one_that_never_was(self) -> None:
        answers = [self.client_of(self.uma, org=org).get(LEADS) for org in (str(self.other.pk), NOWHERE, "no-id", "", "a, b")]
        for answer in answers:
            self.assert_error(answer, 403, says="not a member")
            self.same_error(answer, answers[0])

    def test_the_header_holds_for_endpoints_that_need_no_organization(self) -> None:
        for org in (str(self.other.pk), "no-id"):
            self.assert_error(self.client_of(self.uma, org=org).get("/api/v1/auth/me"), 403, says="not a member")
        self.assertEqual(self.client_of(self.uma, org=str(self.second.org_id)).get("/api/v1/auth/me").json()["role"], "admin")

    def test_a_stranger_learns_nothing_by_it(self) -> None:
        answers = [self.client_of(None, org=org).get(LEADS) for org in (str(self.org.pk), NOWHERE)]
        self.assert_error(answers[0], 401)
        self.same_error(*answers)

    def test_a_closed_organization_is_like_one_that_never_was(self) -> None:
        self.second.org.is_active = False
        self.second.org.save()
        closed = self.client_of(self.uma, org=str(self.second.org_id)).get(LEADS)
        self.same_error(closed, self.client_of(self.uma, org=NOWHERE).get(LEADS))
