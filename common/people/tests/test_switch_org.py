from common.people.services import create_org

from .base import NOWHERE, PeopleTestCase


class SwitchOrgTest(PeopleTestCase):
    def setUp(self) -> None:
        self.second = create_org(name="Second", owner=self.uma.user)

    def switch(self, org: object) -> object:
        return self.auth("switch-org", {"org": org}, self.client_of(self.uma))

    def test_it_answers_a_token_pair_for_the_other_organization(self) -> None:
        response = self.switch(str(self.second.org_id))
        self.assertEqual(response.status_code, 200, response.content)
        body = response.json()
        self.assertEqual((body["org"]["name"], body["profile"]["role"]), ("Second", "admin"))
        me = self.bearer(body).get("/api/v1/auth/me").json()
        self.assertEqual((me["org"]["name"], me["role"]), ("Second", "admin"))
        fresh = self.auth("refresh-token", {"refresh_token": body["refresh_token"]}).json()
        self.assertEqual(self.bearer(fresh).get("/api/v1/org/").json()["name"], "Second")

    def test_the_tokens_of_before_go_on_in_their_organization(self) -> None:
        pair = self.login("uma").json()
        self.auth("switch-org", {"org": str(self.org.pk)}, self.bearer(pair))
        self.assertEqual(self.bearer(pair).get("/api/v1/org/").json()["name"], pair["orgs"][0]["name"])

    def test_an_organization_of_others_is_refused_like_one_that_never_was(self) -> None:
        theirs = self.switch(str(self.other.pk))
        self.assert_error(theirs, 403, says="not a member")
        self.same_error(theirs, self.switch(NOWHERE))

    def test_one_that_is_closed_or_that_one_has_left_is_refused_too(self) -> None:
        self.second.org.is_active = False
        self.second.org.save()
        self.assert_error(self.switch(str(self.second.org_id)), 403, says="not a member")

    def test_malformed_input_is_refused_by_field(self) -> None:
        for value in ("no-id", None, 1.5, []):
            self.assert_error(self.switch(value), 400, field="org")
        extra = {"org": str(self.org.pk), "role": "admin"}
        self.assert_error(self.auth("switch-org", extra, self.client_of(self.uma)), 400, field="role")

    def test_a_stranger_is_refused(self) -> None:
        self.assert_error(self.auth("switch-org", {"org": str(self.org.pk)}), 401)
