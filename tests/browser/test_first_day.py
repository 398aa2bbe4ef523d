"""The first day of an organization: it signs up, invites a colleague, works its leads, and no other one sees any of it."""

import json
import re
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from .conftest import Site

pytestmark = pytest.mark.browser

PASSWORD = "a long passphrase"
CALL = """async ([method, path, token, body]) => {
    const headers = {"Content-Type": "application/json", ...(token && {Authorization: `Bearer ${token}`})};
    const answer = await fetch(path, {method, headers, body: body && JSON.stringify(body), credentials: "omit"});
    return {status: answer.status, body: await answer.json()};
}"""


def call(page: Page, method: str, path: str, token: str | None = None, body: Any = None) -> Any:
    """Call the API as a script of the page would."""
    return page.evaluate(CALL, [method, path, token, body])


def token_of(page: Page, email: str) -> str:
    answer = call(page, "POST", "/api/v1/auth/login/", None, {"email": email, "password": PASSWORD})
    assert answer["status"] == 200, answer
    return answer["body"]["access_token"]


def sign_up(page: Page, name: str, email: str, org: str) -> None:
    page.goto("/")
    page.get_by_role("link", name="Create your organization").click()
    page.get_by_label("Your name").fill(name)
    page.get_by_label("E-mail").fill(email)
    page.get_by_label("Organization").fill(org)
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign up").click()
    expect(page.get_by_role("heading", level=1)).to_have_text(org)


def column(page: Page, stage: str) -> Any:
    return page.get_by_role("region", name=stage)


def make_lead(page: Page, token: str, **values: Any) -> str:
    answer = call(page, "POST", "/api/v1/leads/", token, values)
    assert answer["status"] == 201, answer
    return answer["body"]["id"]


def execute(page: Page, tag: str, path: str, body: Any, code: int) -> Any:
    """Send a POST from Swagger UI, and give what it then shows."""
    operation = page.locator(".opblock-post").filter(has=page.locator(f'[data-path="{path}"]'))
    if not operation.count():
        page.locator(f"[data-tag='{tag}'] .expand-operation").click(timeout=60_000)  # the document is large
    operation.locator(".opblock-summary-control").click()
    operation.locator("textarea").first.fill(json.dumps(body))
    operation.get_by_role("button", name="Execute").click()
    answer = operation.locator(".live-responses-table .response").first
    expect(answer.locator(".response-col_status")).to_contain_text(str(code))
    return json.loads(answer.locator(".highlight-code code").first.inner_text())


def test_first_day_of_an_organization(site: Site, visitor: Any) -> None:
    ada = visitor()
    sign_up(ada, "Ada Byron", "ada@engines.test", "Engines Ltd")
    expect(ada.get_by_text("No leads to show yet.")).to_be_visible()

    ada.goto(site.link_to("ada@engines.test"))
    ada.get_by_role("button", name="Confirm").click()
    expect(ada.get_by_role("status")).to_contain_text("ada@engines.test is confirmed")

    ada.get_by_label("Their e-mail").fill("charles@engines.test")
    ada.get_by_role("button", name="Send the invitation").click()
    expect(ada.get_by_role("status")).to_contain_text("charles@engines.test")
    link = site.link_to("charles@engines.test")

    charles = visitor()
    charles.goto(link)
    expect(charles.locator("main")).to_contain_text("Ada Byron invites you to join Engines Ltd as user")
    charles.get_by_label("Your name").fill("Charles Babbage")
    charles.get_by_label("Choose a password").fill(PASSWORD)
    charles.get_by_role("button", name="Accept and join").click()
    expect(charles.get_by_role("heading", level=1)).to_have_text("Engines Ltd")
    charles.goto(link)
    expect(charles.get_by_role("heading", level=1)).to_have_text("This link is not valid any more")
    charles.goto("/app/")

    token = token_of(ada, "ada@engines.test")
    lead = make_lead(ada, token, name="Mary Somerville", company="Spheres", value=12500)
    make_lead(ada, token, name="Sophie Germain", company="Plates")
    make_lead(charles, token_of(charles, "charles@engines.test"), name="William Mudge", company="Surveys")
    ada.reload()
    expect(column(ada, "Interest").get_by_role("listitem")).to_have_count(3)
    expect(column(ada, "Interest")).to_contain_text("12,500 USD")
    charles.reload()
    expect(column(charles, "Interest").get_by_role("listitem")).to_have_text(re.compile("William Mudge"))
    expect(charles.locator("body")).not_to_contain_text("Somerville")

    converted = call(ada, "POST", f"/api/v1/leads/{lead}/convert/", token, {})
    assert converted["status"] == 200, converted
    ada.reload()
    expect(column(ada, "Closed win").get_by_role("listitem")).to_contain_text("Mary Somerville")
    history = call(ada, "GET", f"/api/v1/leads/{lead}/history/", token)["body"]["results"]
    assert {"converted_at", "stage"} <= set(history[0]["changes"])

    mallory = visitor()
    sign_up(mallory, "Mallory", "mallory@rivals.test", "Rivals")
    for secret in ("Engines", "Somerville", "Germain", "Mudge", "charles"):
        expect(mallory.locator("body")).not_to_contain_text(secret)
    stranger = token_of(mallory, "mallory@rivals.test")
    assert call(mallory, "GET", "/api/v1/leads/", stranger)["body"]["results"] == []
    assert call(mallory, "GET", f"/api/v1/leads/{lead}/", stranger)["status"] == 404
    assert call(mallory, "POST", f"/api/v1/leads/{lead}/convert/", stranger, {})["status"] == 404


def test_administration_opens_for_the_admin_only(site: Site, visitor: Any) -> None:
    boss = visitor()
    sign_up(boss, "Bo Boss", "boss@admin.test", "Adminland")
    boss.get_by_label("Their e-mail").fill("worker@admin.test")
    boss.get_by_role("button", name="Send the invitation").click()
    expect(boss.get_by_role("status")).to_contain_text("worker@admin.test")
    boss.get_by_role("link", name="the administration").click()
    expect(boss).to_have_url(re.compile("/admin/$"))
    expect(boss.locator("body")).to_contain_text("Profiles")

    worker = visitor()
    worker.goto(site.link_to("worker@admin.test"))
    worker.get_by_label("Your name").fill("Wo Worker")
    worker.get_by_label("Choose a password").fill(PASSWORD)
    worker.get_by_role("button", name="Accept and join").click()
    expect(worker.get_by_role("heading", level=1)).to_have_text("Adminland")
    expect(worker.get_by_role("link", name="the administration")).to_have_count(0)
    refused = worker.goto("/admin/")
    assert refused.status == 403
    expect(worker.get_by_role("heading", level=1)).to_have_text("Not allowed")
    expect(worker.locator("body")).not_to_contain_text("boss@admin.test")


def test_newcomer_signs_up_signs_in_and_makes_a_lead_from_swagger_ui_alone(site: Site, visitor: Any) -> None:
    page = visitor()
    page.goto("/swagger-ui/")
    account = {"email": "sam@swagger.test", "password": PASSWORD}
    execute(page, "Sign-up and sign-in", "/api/v1/auth/register/", {**account, "name": "Sam", "org_name": "Swaggerland"}, 201)
    token = execute(page, "Sign-up and sign-in", "/api/v1/auth/login/", account, 200)["access_token"]
    page.get_by_role("button", name="Authorize").first.click()
    page.get_by_label("auth-bearer-value").fill(token)
    page.get_by_role("button", name="Apply credentials").first.click()
    page.locator(".close-modal").first.click()
    lead = execute(page, "Leads", "/api/v1/leads/", {"name": "From Swagger"}, 201)
    assert (lead["name"], lead["status"]) == ("From Swagger", "Interest")


def test_forgotten_password_is_replaced_and_signs_every_browser_out(site: Site, visitor: Any) -> None:
    page, other = visitor(), visitor()
    sign_up(other, "Fay Forget", "fay@forget.test", "Forgetters")
    page.goto("/login/")
    page.get_by_role("link", name="Forgot your password?").click()
    page.get_by_label("E-mail").fill("fay@forget.test")
    page.get_by_role("button", name="Send the link").click()
    expect(page.get_by_role("status")).to_contain_text("a mail is on its way")
    while "reset-password" not in (link := site.link_to("fay@forget.test")):
        page.wait_for_timeout(200)
    page.goto(link)
    page.get_by_label("New password").fill("quite another phrase")
    page.get_by_role("button", name="Change the password").click()
    page.get_by_label("E-mail").fill("fay@forget.test")
    page.get_by_label("Password").fill("quite another phrase")
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Forgetters")
    other.goto("/app/")
    expect(other.get_by_role("heading", level=1)).to_have_text("Sign in")


@pytest.mark.parametrize("width", [320, 390, 1280])
def test_pages_fit_and_work_without_script(site: Site, visitor: Any, width: int) -> None:
    page = visitor(java_script_enabled=False, viewport={"width": width, "height": 800})
    sign_up(page, "W" * 100, f"width{width}@{'long' * 12}.test", "Organization" * 10)
    for path in ("/app/", "/app/switch/", "/app/invite/", "/reset-password/", "/login/?next=/admin/", "/nowhere/"):
        page.goto(path)
        wide = page.locator("main").bounding_box()
        assert wide["x"] + wide["width"] <= width, path
        assert page.screenshot(full_page=True)[16:20] == width.to_bytes(4, "big"), f"{path} scrolls sideways"
    page.goto("/app/")
    page.locator(".menu summary").last.click()
    page.get_by_role("button", name="Sign out").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Sign in")
