"""Settings: every variable is explained, and production is safe or does not start."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from django.conf import settings

READ = re.compile(r'\benv(?:\.\w+)?\(\s*"([A-Z][A-Z0-9_]+)"')
EXPLAINED = re.compile(r"^#? ?([A-Z][A-Z0-9_]+)=", re.MULTILINE)
PRODUCTION = {
    "ENV_TYPE": "prod",
    "SECRET_KEY": "7Jb2mX9qLw4TzR8vKc1NsY6dHf3GpQ5aEu0WiOxMtBnVjZlD-r_C",
    "ALLOWED_HOSTS": "crm.example",
    "DOMAIN_NAME": "https://crm.example",
}
INHERITED = ("PATH", "HOME", "LANG", "PYTHONPATH")


def run(*command: str, **environment: str) -> "subprocess.CompletedProcess[str]":
    kept = {name: os.environ[name] for name in INHERITED if name in os.environ}
    home = {"ATRIUM_HOME": str(settings.ATRIUM_HOME)}
    return subprocess.run(
        [sys.executable, *command], cwd=settings.BASE_DIR, env=kept | home | environment, capture_output=True, text=True
    )


def base(name: str) -> str:
    return (Path(settings.BASE_DIR) / name).read_text()


def test_every_variable_is_explained_in_env_example() -> None:
    read = set(READ.findall(base("crm/settings.py"))) | {"DBUSER", "DBPASSWORD", "DBHOST", "DBPORT"}
    assert set(EXPLAINED.findall(base(".env.example"))) == read


def test_the_environment_is_read_in_the_settings_only() -> None:
    readers = re.compile(r"os\.environ(?!\.setdefault\(\"DJANGO_SETTINGS_MODULE\")|os\.getenv|environ\.Env\(")
    folders = ("common", "crm", "leads", "accounts", "contacts", "opportunity", "teams", "compat")
    files = [path for folder in folders for path in (Path(settings.BASE_DIR) / folder).rglob("*.py")]
    found = {str(path.relative_to(settings.BASE_DIR)) for path in files if readers.search(path.read_text())}
    assert {path for path in found if "/tests/" not in path and "/testing/" not in path} <= {"crm/settings.py"}


def test_production_passes_the_deployment_check() -> None:
    checked = run("manage.py", "check", "--deploy", "--fail-level", "INFO", **PRODUCTION)
    assert checked.returncode == 0, checked.stderr
    assert "no issues" in checked.stdout


@pytest.mark.parametrize("missing", ["SECRET_KEY"])
def test_production_does_not_start_without(missing: str) -> None:
    checked = run("manage.py", "check", **{name: value for name, value in PRODUCTION.items() if name != missing})
    assert checked.returncode == 1
    assert missing in checked.stderr and "Traceback" not in checked.stderr


def test_production_answers_with_safe_headers_and_cookies() -> None:
    script = """
import django; django.setup()
from django.conf import settings
from django.test import Client
answer = Client().get("/test/", secure=True, headers={"host": "crm.example"})
assert answer.status_code == 200, answer.content
assert answer.headers["Strict-Transport-Security"] == "max-age=31536000; includeSubDomains; preload", answer.headers
assert "default-src 'self'" in answer.headers["Content-Security-Policy"]
assert answer.headers["X-Request-ID"]
assert Client().get("/test/", headers={"host": "crm.example"}).headers["Location"] == "https://crm.example/test/"
assert Client().get("/test/", secure=True, headers={"host": "evil.example"}).status_code == 400
assert settings.SESSION_COOKIE_SECURE and settings.CSRF_COOKIE_SECURE and settings.SESSION_COOKIE_HTTPONLY
assert not settings.DEBUG and not settings.CORS_ALLOWED_ORIGINS
"""
    ran = run("-c", script, DJANGO_SETTINGS_MODULE="crm.settings", **PRODUCTION)
    assert ran.returncode == 0, ran.stderr


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("PORT", "abc"),
        ("PORT", "80000"),
        ("MAIL_BACKEND", "pigeon"),
        ("DATABASE_URL", "mysql://x@y/z"),
        ("DATABASE_URL", "rubbish"),
        ("LOG_FORMAT", "xml"),
    ],
)
def test_a_wrong_value_is_named_in_one_line(name: str, value: str) -> None:
    checked = run("manage.py", "check", **{name: value})
    assert checked.returncode == 1
    assert name in checked.stderr and len(checked.stderr.splitlines()) == 1


@pytest.mark.parametrize(("form", "expected"), [("json", '"request_id":"abcdefgh12"'), ("line", "[abcdefgh12]")])
def test_log_lines_name_the_request(form: str, expected: str) -> None:
    script = """
import django; django.setup()
from django.test import Client
Client().get("/no-such-page/", headers={"x-request-id": "abcdefgh12"})
"""
    ran = run("-c", script, DJANGO_SETTINGS_MODULE="crm.settings", LOG_FORMAT=form, LOG_LEVEL="INFO")
    assert ran.returncode == 0, ran.stderr
    assert any(expected in line and "no-such-page" in line for line in ran.stderr.splitlines()), ran.stderr


def test_sentry_is_told_of_errors_when_it_is_set() -> None:
    script = """
import django; django.setup()
import sentry_sdk
client = sentry_sdk.get_client()
assert client.is_active() and client.options["environment"] == "dev" and not client.options["send_default_pii"]
assert "django" in client.integrations
"""
    ran = run("-c", script, DJANGO_SETTINGS_MODULE="crm.settings", SENTRY_DSN="https://public@sentry.invalid/1")
    assert ran.returncode == 0, ran.stderr


FAILING_SITE = """
import json, logging, sys
import django; django.setup()
import sentry_sdk
from django.db import IntegrityError
from django.test import RequestFactory
from django.urls import path
from django.views.decorators.csrf import csrf_exempt
from sentry_sdk.transport import Transport
from crm import urls, wsgi

class Collecting(Transport):
    def capture_envelope(self, envelope):
        if event := envelope.get_event():
            json.dump(event, sys.stdout)

@csrf_exempt
def failing(request):
    secret, body = request.GET["token"], request.body
    logging.getLogger("site").warning("Mailed https://crm.example/accept-invitation/?token=%s to them", secret)
    raise IntegrityError(f"No {request.get_full_path()} for you\\nDETAIL:  Key (email)=(hidden-row) already exists.")

urls.urlpatterns.append(path("failing/", failing))
sentry_sdk.get_client().transport = Collecting()
headers = {
    "authorization": "Bearer hidden-bearer", "cookie": "sessionid=hidden-cookie", "user-agent": "Firefox",
    "referer": "http://localhost/reset-password/?token=hidden-referer",
}
body = {"password": "hidden-password"}
url = "/failing/?token=hidden-token&next=%2Fapp"
request = RequestFactory().post(url, body, content_type="application/json", headers=headers)
list(wsgi.application(request.environ, lambda status, headers: None))
"""


def test_what_sentry_is_told_signs_nobody_in() -> None:
    place = {"DJANGO_SETTINGS_MODULE": "crm.settings", "SENTRY_DSN": "https://public@sentry.invalid/1"}
    ran = run("-c", FAILING_SITE, **place)
    assert "hidden" not in ran.stdout, re.findall(r".{60}hidden.{40}", ran.stdout)
    event = json.loads(ran.stdout)
    sent = event["request"]
    assert (sent.pop("headers")["User-Agent"], sent) == ("Firefox", {"method": "POST", "url": "http://testserver/failing/"})
    [error] = event["exception"]["values"]
    assert (error["type"], error["value"]) == ("IntegrityError", "No /failing/ for you")
    assert error["stacktrace"]["frames"][-1]["function"] == "failing"
    messages = [crumb.get("message") for crumb in event["breadcrumbs"]["values"]]
    assert "Mailed https://crm.example/accept-invitation/ to them" in messages
