from .base import PeopleTestCase


class LogoutTest(PeopleTestCase):
    def setUp(self) -> None:
        self.pair = self.login("uma").json()

    def logout(self, token: str) -> object:
        return self.auth("logout", {"refresh_token": token})

    def test_the_session_is_dead_at_once_with_all_its_tokens(self) -> None:
        response = self.logout(self.pair["refresh_token"])
        self.assertEqual((response.status_code, response.content), (204, b""))
        self.assert_error(self.bearer(self.pair).get("/api/v1/leads/"), 401, says="has ended")
        self.assert_error(self.bearer(self.pair).get("/api/v1/auth/me"), 401, says="has ended")
        self.assert_error(self.auth("refresh-token", {"refresh_token": self.pair["refresh_token"]}), 401, says="has ended")

    def test_other_sessions_go_on(self) -> None:
        other = self.login("uma").json()
        self.logout(self.pair["refresh_token"])
        self.assertEqual(self.bearer(other).get("/api/v1/leads/").status_code, 200)

    def test_a_second_time_is_fine(self) -> None:
        for _ in range(2):
            self.assertEqual(self.logout(self.pair["refresh_token"]).status_code, 204)

    def test_only_a_refresh_token_does_it(self) -> None:
        for token in (self.pair["access_token"], "nonsense"):
            self.assert_error(self.logout(token), 401)
        self.assertEqual(self.bearer(self.pair).get("/api/v1/leads/").status_code, 200)
