"""The isolation walk: every route × every verb × another tenant's ids, another owner's record, a lower role, nobody.

The routes come from the URL configuration, the ids from one row of every tenant model, the bodies from the serializers. A
new route or model is walked without a line here; where the walk cannot know how to fill it, it fails and says so.
"""

import re
from typing import Any
from uuid import uuid4

import pytest
from django.db import DatabaseError, connection, transaction
from django.test import Client
from django.urls.converters import UUIDConverter
from rest_framework.parsers import MultiPartParser

from common.activity.models import Activity
from common.people.models import Profile
from common.records.models import BaseRecord, OnRecord
from common.tenancy import org_scope
from common.tenancy.tables import TENANT_TABLES
from common.testing import OrgTestCase
from common.testing.rows import one_of_each
from tests.bodies import good_body, with_other_id, with_references
from tests.routes import Route, all_routes

pytestmark = pytest.mark.raw_sql  # the digests below read whole tables

THEIRS, OURS = "Theirmarker", "Ourmarker"
#: Endpoints that need no token, by path. Nothing else may be added without thought.
PUBLIC = {
    "auth/register/",
    "auth/login/",
    "auth/refresh-token/",
    "auth/logout/",
    "auth/password/forgot/",
    "auth/password/reset/",
    "auth/email/verify/",
    "auth/email/verify/resend/",
    "auth/invite/accept/",
    "cases/inbound/<str:token>/",
    "emails/inbound/<str:token>/",
    "health/",
    "test/",
    "schema/",
    "swagger-ui/",
    "docs/",
    "schema/redoc/",
    "schema/redoc.js/",
}
#: Pages that need no session.
PUBLIC_PAGES = {
    "",
    "signup/",
    "login/",
    "logout/",
    "forgot-password/",
    "reset-password/",
    "verify-email/",
    "accept-invitation/",
    "survey/<str:token>/",
    "meeting/<str:token>/",
    "calendar/<str:token>/",
    "favicon.ico/",
    "i/<str:token>/",
    "i/<str:token>/pdf/",
    "i/<str:token>/answer/",
    "mail/opened/<str:token>/",
    "mail/link/<str:token>/",
}
#: What everyone who is signed in may use, whatever their role.
FOR_EVERYONE = {
    "auth/me/", "auth/switch-org/", "auth/password/change/", "profile/", "org/", "search/",
    "notifications/", "notifications/unread/", "notifications/read/", "notifications/read-all/", "notifications/settings/",
    *(f"{place}chat/{part}" for place in ("", "assistant/") for part in ("", "clear/")),
    *(f"assistant/{part}/" for part in ("tools", "preferences")),
}  # fmt: skip
UUID = re.compile(rb"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")


def rows_shown(body: Any) -> int:
    """Of how many rows a list, a board, a summary or a report tells."""
    found = []
    for part in body if isinstance(body, list) else [body]:
        found += [len(part[name]) for name in ("results", "cards", "accounts") if name in part]
        found += [part["count"]] if "count" in part else []
    assert found or body == [], f"Teach the walk to find rows in {body!r}"
    return sum(found)


class WalkTestCase(OrgTestCase):
    @classmethod
    def setUpTestData(cls) -> None:
        super().setUpTestData()
        cls.routes = all_routes()
        cls.views = list({route.name: route for route in reversed(cls.routes)}.values())  # once for all versions of the API
        cls.theirs = one_of_each(cls.mallory, THEIRS)
        cls.ours = one_of_each(cls.alice, OURS)
        cls.their_ids = {str(row.pk) for row in cls.theirs.values()} | {str(cls.other.pk), str(cls.mallory.user_id)}

    def setUp(self) -> None:
        self.before = {org: self.digest(org) for org in (self.org, self.other)}

    def digest(self, org: Any) -> dict[str, Any]:
        """Every row of an org, in short."""
        with org_scope(org), connection.cursor() as cursor:
            found = {}
            for table in sorted(TENANT_TABLES):
                cursor.execute(f"SELECT count(*), md5(string_agg(t::text, '|' ORDER BY id)) FROM \"{table}\" t")
                found[table] = cursor.fetchone()
        return found

    def assert_untouched(self, *orgs: Any) -> None:
        for org in orgs or (self.org, self.other):
            self.assertEqual(self.digest(org), self.before[org], f"something in {org} changed")

    def rows_for(self, route: Route, rows: dict[Any, Any]) -> list[Any]:
        """Rows whose ids the route's path may take."""
        if not route.takes_ids:
            return [None]
        if route.model is None:
            tokens_only = not any(isinstance(converter, UUIDConverter) for _, converter in route.converters)
            return list(rows.values())[: 1 if tokens_only else None]  # as a token, one id is as wrong as any other
        self.assertIn(route.model, rows, f"{route.path}: no row of {route.model.__name__}; see common/testing/rows.py")
        return [rows[route.model]]

    def ask(self, client: Any, verb: str, url: str, body: Any = None, route: Route | None = None) -> Any:
        """Send a request. A server error, another tenant's data, or the shape of an error being off fails the test."""
        client.raise_request_exception = False
        savepoint = transaction.savepoint()
        if verb in ("get", "head", "options"):
            response = getattr(client, verb)(url)
        elif route is not None and self.takes_files(route):
            response = getattr(client, verb)(url, body, format="multipart")
        elif isinstance(client, Client) and not hasattr(client, "credentials"):
            response = getattr(client, verb)(url, body or {})
        else:
            response = getattr(client, verb)(url, body or {}, format="json")
        try:
            transaction.savepoint_commit(savepoint)
        except DatabaseError:
            transaction.savepoint_rollback(savepoint)
        content = self.content(response)
        self.assertLess(response.status_code, 500, f"{verb} {url}: {content[:500]!r}")
        told = content + str(dict(response.headers)).encode()
        self.assertNotIn(THEIRS.lower().encode(), told.lower(), f"{verb} {url} tells of the other tenant")
        if response.status_code >= 400 and verb != "head" and url.startswith("/api") and not url.startswith("/api/schema"):
            self.assert_error(response, response.status_code)
        return response

    @staticmethod
    def content(response: Any) -> bytes:
        if response.streaming:
            return b"".join(response.streaming_content)
        return response.content

    @staticmethod
    def takes_files(route: Route) -> bool:
        parsers = route.callback.initkwargs.get("parser_classes", []) if route.is_api else []
        return MultiPartParser in parsers

    def body_for(self, route: Route, verb: str) -> dict[str, Any]:
        serializer = route.request_serializer(verb)
        return good_body(serializer, self.ours, route.model) if serializer is not None else {}

    def assert_same_answer(self, first: Any, second: Any, label: str) -> None:
        """Two answers that differ only in the ids that were asked for and in the request's id."""
        shown = []
        for response in (first, second):
            content = self.content(response) if not response.streaming else b""
            content = content.replace(response.get("X-Request-ID", "no id").encode(), b"")
            shown.append((response.status_code, UUID.sub(b"<id>", content)))
        self.assertEqual(*shown, label)

    def assert_no_foreign_id(self, response: Any, label: str) -> None:
        if not response.streaming:
            found = {match.decode() for match in UUID.findall(response.content)}
            self.assertFalse(found & self.their_ids, f"{label} shows ids of the other tenant")


class IsolationWalk(WalkTestCase):
    def test_the_walk_covers_what_there_is(self) -> None:
        models = {route.model for route in self.routes if route.model is not None}
        self.assertGreater(len(self.routes), 150)
        self.assertGreater(len(models), 10)
        with_references_to = {
            target
            for route in self.routes
            for verb in route.verbs
            if (serializer := route.request_serializer(verb)) is not None
            for _, target, _, _ in with_references({}, serializer, self.theirs)
        }
        self.assertGreater(len(with_references_to), 7)

    def test_nobody_gets_in_but_where_the_public_may(self) -> None:
        open_routes = set()
        for route in self.routes:
            for row in self.rows_for(route, self.ours):
                for verb in route.verbs:
                    url = route.url(row and row.pk)
                    with self.subTest(f"{verb} {route.path}"):
                        response = self.ask(self.client_of(None) if route.is_api else Client(), verb, url, {}, route)
                        self.assertNotIn(OURS.encode(), self.content(response) if not response.streaming else b"")
                        self.assert_no_foreign_id(response, url)
                        if route.is_api and response.status_code == 401:
                            self.assertEqual(response["WWW-Authenticate"], "Bearer")
                        elif not (response.status_code == 302 and response["Location"].startswith("/login/")):
                            open_routes.add(route.name)
        self.assertEqual(open_routes, PUBLIC | PUBLIC_PAGES)
        self.assert_untouched()

    def test_another_tenants_id_in_the_path_is_an_id_that_never_was(self) -> None:
        client = self.client_of(self.alice)
        for route in self.routes:
            for row in self.rows_for(route, self.theirs) if route.takes_ids else ():
                for verb in route.verbs:
                    with self.subTest(f"{verb} {route.path}"):
                        body = self.body_for(route, verb)
                        theirs = self.ask(client, verb, route.url(row.pk), body, route)
                        nowhere = self.ask(client, verb, route.url(uuid4()), body, route)
                        if verb != "options":
                            self.assertIn(theirs.status_code, (404,) if route.view_class else (404, 405), theirs.content[:300])
                        self.assert_same_answer(theirs, nowhere, f"{verb} {route.path}")
        self.assert_untouched()

    def test_another_tenants_id_in_the_body_does_not_exist(self) -> None:
        client = self.client_of(self.alice)
        for route in self.views:
            for verb in route.verbs:
                serializer = route.request_serializer(verb)
                if serializer is None:
                    continue
                good = good_body(serializer, self.ours, route.model)
                row = self.rows_for(route, self.ours)[0]
                for name, target, pk, body in with_references(good, serializer, self.theirs):
                    with self.subTest(f"{verb} {route.path} {name}"):
                        url, never = route.url(row and row.pk), with_other_id(body, name, str(uuid4()))
                        theirs = self.ask(client, verb, url, body, route)
                        self.assertIn(theirs.status_code, (400, 403, 404), theirs.content)
                        self.assert_same_answer(theirs, self.ask(client, verb, url, never, route), f"{verb} {route.path} {name}")
                        if target is not None:
                            self.assert_error(theirs, 400, field=name.partition(".")[0])
                            self.assertIn(pk, str(theirs.json()["details"]))
                            self.assertTrue(name.endswith(".id") or "does not exist" in theirs.content.decode(), theirs.content)
        self.assert_untouched()

    def test_ids_of_ours_are_taken_wherever_a_body_has_them(self) -> None:
        """What makes the test before this one mean something, for ids deep within a body too."""
        client, taken = self.client_of(self.alice), set()
        for route in self.views:
            for verb in route.verbs:
                serializer = route.request_serializer(verb)
                if serializer is None or route.model is None:
                    continue
                example = getattr(route.view_class, "example", ())
                good = good_body(serializer, self.ours, route.model, example) if verb == "post" else {}
                row = self.rows_for(route, self.ours)[0]
                for name, _, _, body in with_references(good, serializer, self.ours):
                    if "." in name:
                        with transaction.atomic():
                            response = self.ask(client, verb, route.url(row and row.pk), body, route)
                            transaction.set_rollback(True)
                        if response.status_code < 300:
                            taken.add((verb, route.name, name))
        for name in ("lines.product", "lines.tax"):
            self.assertIn(("post", "invoices/", name), taken)
            self.assertIn(("patch", "opportunities/<uuid:pk>/", name), taken)
        for name in ("profile", "contact", "lead"):
            self.assertIn(("post", "events/", f"participants.{name}"), taken)
            self.assertIn(("patch", "events/<uuid:pk>/", f"participants.{name}"), taken)
        self.assertIn(("patch", "tasks/<uuid:pk>/", "checklist.id"), taken)

    def test_a_body_that_is_ours_is_taken(self) -> None:
        """What makes the test before this one mean something: the same bodies, with ids of our own, are accepted."""
        client, accepted = self.client_of(self.alice), set()
        for route in self.views:
            for verb in route.verbs:
                if route.is_api and route.model is not None and verb in ("post", "put", "patch"):
                    row = self.rows_for(route, self.ours)[0]
                    with transaction.atomic():
                        response = self.ask(client, verb, route.url(row and row.pk), self.body_for(route, verb), route)
                        transaction.set_rollback(True)
                    if response.status_code < 300:
                        accepted.add((verb, route.name))
        for module in ("accounts", "contacts", "leads", "opportunities", "teams", "tags"):
            self.assertIn(("post", f"{module}/"), accepted)
            self.assertIn(("patch", f"{module}/<uuid:pk>/"), accepted)
        self.assertIn(("post", "leads/<uuid:pk>/assign/"), accepted)
        self.assertGreater(len(accepted), 35)

    def test_lists_show_only_what_is_ours(self) -> None:
        client, seen = self.client_of(self.alice), 0
        for route in self.views:
            if "get" in route.verbs and route.is_api:
                for row in self.rows_for(route, self.ours):
                    url = route.url(row and row.pk)
                    with self.subTest(route.path):
                        response = self.ask(client, "get", url)
                        self.assert_no_foreign_id(response, url)
                        seen += OURS.encode() in self.content(response) if not response.streaming else 0
        self.assertGreater(seen, 35)
        self.assert_untouched()

    def test_filters_by_another_tenants_ids_find_nothing(self) -> None:
        client, tried = self.client_of(self.alice), 0
        for route in self.views:
            filters = getattr(route.view_class, "filters", None)
            if (
                filters is None
                or route.takes_ids
                or not route.path.startswith("api/")
                or "list" not in route.callback.actions.values()
            ):
                continue
            for name, declared in filters().items():
                if declared.relation is None and declared.field.is_relation and declared.lookup in ("", "in"):
                    target = declared.field.related_model
                    pk = self.theirs[target].pk if target in self.theirs else self.mallory.user_id
                    with self.subTest(f"{route.path}?{name}"):
                        response = self.ask(client, "get", f"{route.url()}?{name}={pk}")
                        self.assertEqual((response.status_code, response.json()["results"]), (200, []))
                        self.assertEqual(response.json()["count"], 0)
                        tried += 1
        self.assertGreater(tried, 40)

    def test_the_org_header_of_another_tenant_opens_nothing(self) -> None:
        client = self.client_of(self.alice, org=str(self.other.pk))
        for route in self.views:
            if not route.is_api or route.name in PUBLIC | {"auth/me/", "auth/switch-org/", "auth/password/change/"}:
                continue
            for row in self.rows_for(route, self.theirs):
                for verb in route.verbs:
                    with self.subTest(f"{verb} {route.path}"):
                        response = self.ask(client, verb, route.url(row and row.pk), self.body_for(route, verb), route)
                        self.assertEqual(response.status_code, 403)
        self.assert_untouched()

    def test_pages_of_a_session_show_only_what_is_ours(self) -> None:
        client = Client()
        client.force_login(self.alice.user)
        guesses = dict.fromkeys(("org", "role", "id", "pk", "user", "profile", "team"), str(self.other.pk))
        for route in self.routes:
            if not route.is_api:
                for verb in route.verbs:
                    for bodies in ({}, guesses, {**guesses, "role": str(self.theirs[Profile].role_id)}):
                        with self.subTest(f"{verb} {route.path}"):
                            response = self.ask(client, verb, route.url(), bodies)
                            if verb != "post":  # a form shows what was sent
                                self.assert_no_foreign_id(response, route.path)
                client.force_login(self.alice.user)
        self.assert_untouched(self.other)


class RolesWalk(WalkTestCase):
    """Inside one org: Alice's records, walked by Uma, who may do what she owns, and by Vic, a client."""

    @classmethod
    def setUpTestData(cls) -> None:
        super().setUpTestData()
        cls.hidden_ids = {str(row.pk) for model, row in cls.ours.items() if cls.is_record(model)}

    @staticmethod
    def is_record(model: Any) -> bool:
        """What belongs to a person: records but teams and catalogues, what hangs on them, and what is part of them."""
        if whole := getattr(model, "part_of", ""):
            model = model._meta.get_field(whole).related_model
        if issubclass(model, BaseRecord):
            return hasattr(model, "assigned_to") and not model.catalogue
        return issubclass(model, OnRecord)

    def test_another_owners_record_is_one_that_never_was(self) -> None:
        client, tried = self.client_of(self.uma), 0
        for route in self.routes:
            if not route.takes_ids or not (route.model is None or self.is_record(route.model)):
                continue
            for row in self.rows_for(route, self.ours):
                for verb in route.verbs:
                    with self.subTest(f"{verb} {route.path}"):
                        body = self.body_for(route, verb)
                        hidden = self.ask(client, verb, route.url(row.pk), body, route)
                        if verb != "options":
                            self.assertIn(hidden.status_code, (404,) if route.view_class else (404, 405), hidden.content[:300])
                        nowhere = self.ask(client, verb, route.url(uuid4()), body, route)
                        self.assert_same_answer(hidden, nowhere, f"{verb} {route.path}")
                        tried += 1
        self.assertGreater(tried, 150)
        self.assert_untouched()

    def test_another_owners_record_cannot_be_referred_to(self) -> None:
        client, tried = self.client_of(self.uma), set()
        for route in self.views:
            for verb in route.verbs:
                serializer = route.request_serializer(verb)
                if serializer is None or route.takes_ids:
                    continue
                good = {}
                for name, target, _, body in with_references(good, serializer, self.ours):
                    if target is not None and self.is_record(target):
                        with self.subTest(f"{verb} {route.path} {name}"):
                            answer = self.ask(client, verb, route.url(), body)
                            if answer.status_code != 403:  # who may write none of these is told just that
                                self.assert_error(answer, 400, field=name.partition(".")[0], says="does not exist")
                                tried.add(name)
        self.assertGreaterEqual(tried, {"account", "contacts", "opportunity", "participants.contact", "participants.lead"})
        self.assert_untouched()

    def test_what_all_share_can_be_read_and_not_changed_by_a_lower_role(self) -> None:
        client = self.client_of(self.uma)
        shared = [route for route in self.views if route.is_api and route.model and not self.is_record(route.model)]
        hidden = {"api-keys/<uuid:pk>/": 404}  # everyone has their own
        hidden |= {"sla-policies/<uuid:pk>/": 404, "assignment-rules/<uuid:pk>/": 404}  # for an account that Uma may not see
        for route in shared:
            for row in self.rows_for(route, self.ours):
                for verb in ("put", "patch", "delete"):
                    if verb in route.verbs:
                        with self.subTest(f"{verb} {route.path}"):
                            url, body = route.url(row and row.pk), self.body_for(route, verb)
                            answer = self.ask(client, verb, url, body, route)
                            self.assertEqual(answer.status_code, hidden.get(route.name, 403))
        self.assertGreater(len(shared), 20)
        self.assert_untouched()

    def test_lists_of_a_lower_role_hide_what_is_not_theirs(self) -> None:
        client = self.client_of(self.uma)
        for route in self.views:
            if route.is_api and "get" in route.verbs and not route.takes_ids:
                with self.subTest(route.path):
                    content = self.content(self.ask(client, "get", route.url()))
                    self.assertFalse({match.decode() for match in UUID.findall(content)} & self.hidden_ids)
        self.assert_untouched()

    def test_a_client_reaches_nothing_but_their_own_account(self) -> None:
        client = self.client_of(self.vic)
        for route in self.views:
            if not route.is_api or route.name in PUBLIC | FOR_EVERYONE:
                continue
            for row in self.rows_for(route, self.ours):
                for verb in route.verbs:
                    with self.subTest(f"{verb} {route.path}"):
                        response = self.ask(client, verb, route.url(row and row.pk), self.body_for(route, verb), route)
                        self.assertNotIn(OURS, str(response.content if not response.streaming else b""))
                        if response.status_code == 200 and verb == "get":
                            self.assertEqual(rows_shown(response.json()), 0)
                        elif response.status_code == 400:
                            self.assert_error(response, 400, says="does not exist")
                        elif verb not in ("head", "options"):
                            self.assertIn(response.status_code, (403, 404), response.content[:300])
        self.assert_untouched()

    def test_reading_leaves_no_trace(self) -> None:
        client = self.client_of(self.alice)
        for route in self.views:
            if route.is_api:
                for row in self.rows_for(route, self.ours):
                    for verb in ("get", "head", "options"):
                        if verb in route.verbs:
                            self.ask(client, verb, route.url(row and row.pk))
        self.assert_untouched()
        with org_scope(self.org):
            self.assertGreater(Activity.objects.count(), 10)


class AdminWalk(OrgTestCase):
    """The Django admin has a walk of its own; here only that nobody gets in without a session, by any of its paths."""

    def paths(self, patterns: Any, before: str = "/admin/") -> Any:
        for entry in patterns:
            path = before + re.sub(r"<path:\w+>|<int:\w+>|<uuid:\w+>|<str:\w+>|<slug:\w+>", "1", str(entry.pattern))
            path = re.sub(r"\(\?P<url>\.\*\)|\(\?P<app_label>([a-z_]+)[^)]*\)", lambda match: match.group(1) or "x/", path)
            path = path.replace("^", "").replace("$", "")
            yield from self.paths(entry.url_patterns, path) if hasattr(entry, "url_patterns") else [path]

    def test_nobody_gets_into_the_admin(self) -> None:
        from django.contrib import admin

        client, answers = Client(), set()
        for path in self.paths(admin.site.urls[0]):
            for verb in ("get", "post"):
                with self.subTest(f"{verb} {path}"):
                    response = getattr(client, verb)(path)
                    self.assertNotIn(b"Ours", response.content)
                    if "/login/" not in path and "/logout/" not in path:
                        self.assertIn(response.status_code, (302, 403))
                        answers.add(response.status_code)
                        if response.status_code == 302:
                            self.assertRegex(response["Location"], "^(/admin)?/login/")
        self.assertIn(302, answers)
