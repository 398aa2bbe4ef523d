"""The pages of sign-up and sign-in. They need no script."""

from typing import Any

from django.conf import settings
from django.contrib import messages
from django.contrib.auth import login, logout
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.templatetags.static import static
from django.utils.cache import add_never_cache_headers
from django.utils.http import url_has_allowed_host_and_scheme, urlencode
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_POST, require_safe
from rest_framework.exceptions import ValidationError

from common.tenancy import org_scope

from . import attempts, services
from .forms import (
    ForgotPasswordForm,
    LoginForm,
    PageForm,
    ResetPasswordForm,
    SignUpForm,
    TokenForm,
    VerifyWithPasswordForm,
    accept_form_for,
)
from .models import Invitation, Profile, User
from .views import MAILED, WRONG
from .workspaces import SESSION_KEY

form_page = require_http_methods(["GET", "HEAD", "POST"])


def show(request: HttpRequest, template: str, form: PageForm | None = None, *, status: int = 0, **context: Any) -> HttpResponse:
    """A page that no cache keeps, with the status of its form if it has one."""
    response = render(request, template, context | {"form": form}, status=status or (form.status if form else 200))
    if form and form.retry_after:
        response.headers["Retry-After"] = str(form.retry_after)
    add_never_cache_headers(response)
    return response


def show_mailed(request: HttpRequest, template: str, form: PageForm | None = None, **context: Any) -> HttpResponse:
    """A page behind a mailed link. Its address has a secret, which no Referer may carry, not even to our own logs."""
    response = show(request, template, form, **context)
    response.headers["Referrer-Policy"] = "strict-origin"
    return response


def show_dead_link(request: HttpRequest, kind: str) -> HttpResponse:
    return show_mailed(request, "dead_link.html", status=400, kind=kind)


def sent(request: HttpRequest) -> Any:
    return request.POST if request.method == "POST" else None


def given_token(request: HttpRequest) -> str:
    return request.POST.get("token") or request.GET.get("token", "")


def signed_in_user(request: Any) -> User | None:
    return request.user if request.user.is_authenticated else None


def next_path(request: HttpRequest) -> str:
    """Where to go afterwards: a path of this site, or nothing."""
    path = request.POST.get("next") or request.GET.get("next", "")
    return path if path.startswith("/") and url_has_allowed_host_and_scheme(path, allowed_hosts=None) else ""


def enter(request: HttpRequest, profile: Profile) -> None:
    """Sign the browser in, in the profile's organization."""
    login(request, profile.user)
    request.session[SESSION_KEY] = str(profile.org_id)


@require_safe
def home(request: HttpRequest) -> HttpResponse:
    return redirect("app") if signed_in_user(request) else show(request, "home.html")


@require_safe
def favicon(request: HttpRequest) -> HttpResponse:
    """For what asks at the root, without looking at a page."""
    return redirect(static("atrium/logo.svg"))


@form_page
@sensitive_post_parameters("password")
def sign_up(request: HttpRequest) -> HttpResponse:
    if signed_in_user(request):
        return redirect("app")
    form = SignUpForm(sent(request))
    if not form.submit(request, services.register):
        return show(request, "signup.html", form)
    enter(request, form.result)
    return redirect("app")


@form_page
@sensitive_post_parameters("password")
def sign_in(request: HttpRequest) -> HttpResponse:
    """Who is signed in and was sent here from a page may sign in as somebody else: that page refused them."""
    path = next_path(request)
    if request.method != "POST" and not path and signed_in_user(request):
        return redirect("app")

    def authenticate(email: str, password: str) -> User:
        user = services.authenticate(email, password)
        if user is None:
            attempts.failed(request, email)
            raise ValidationError(WRONG)
        attempts.succeeded(request, email)
        return user

    form = LoginForm(sent(request))
    if not form.submit(request, authenticate):
        return show(request, "login.html", form, next=path)
    login(request, form.result)
    return redirect(path or settings.LOGIN_REDIRECT_URL)


@require_POST
def sign_out(request: HttpRequest) -> HttpResponse:
    logout(request)
    messages.info(request, "You are signed out.")
    return redirect(next_path(request) or settings.LOGOUT_REDIRECT_URL)


@form_page
def forgot_password(request: HttpRequest) -> HttpResponse:
    form = ForgotPasswordForm(sent(request))
    if not form.submit(request, services.request_password_reset):
        return show(request, "forgot_password.html", form)
    messages.success(request, f"{MAILED} The link in it works for 24 hours.")
    return redirect("sign-in")


@form_page
@sensitive_post_parameters("password")
def reset_password(request: HttpRequest) -> HttpResponse:
    token = given_token(request)
    form = ResetPasswordForm(sent(request), initial={"token": token})
    if form.submit(request, services.reset_password):
        messages.success(request, "The password was changed. Sign in with it.")
        return redirect("sign-in")
    try:
        services.user_of_reset(token)
    except ValidationError:
        return show_dead_link(request, "reset")
    return show_mailed(request, "reset_password.html", form)


@form_page
@sensitive_post_parameters("password")
def verify_email(request: HttpRequest) -> HttpResponse:
    """Only the button confirms: programs that look at mails follow their links."""
    token = given_token(request)
    try:
        user = services.user_of_verification(token)
    except ValidationError:
        return show_dead_link(request, "verify")
    form_class = VerifyWithPasswordForm if services.becomes_staff(user) else TokenForm
    form = form_class(sent(request), initial={"token": token})
    if form.submit(request, services.verify_email):
        messages.success(request, f"Thank you: {form.result.email} is confirmed.")
        return redirect("app" if signed_in_user(request) else "sign-in")
    return show_mailed(request, "verify_email.html", form, address=user.email)


@form_page
@sensitive_post_parameters("password")
def accept_invitation(request: HttpRequest) -> HttpResponse:
    """Join an organization: as the account's owner who is signed in, with the account's password, or as a new person."""
    token = given_token(request)
    try:
        invitation = services.find_invitation(token)
    except ValidationError:
        return show_dead_link(request, "invitation")
    user = signed_in_user(request)
    about: Any = {
        "invitation": invitation,
        "inviter": inviter_of(invitation),
        "path": f"{request.path}?{urlencode({'token': token})}",
    }
    if user is not None and user.email != invitation.email:
        return show_mailed(request, "accept_as_somebody_else.html", status=409 if request.method == "POST" else 200, **about)

    def accept(**values: str) -> Profile:
        try:
            return services.accept_invitation(**values, signed_in=user)
        except services.WrongPassword:
            attempts.failed(request, invitation.email)
            raise

    form = accept_form_for(invitation.email, user)(sent(request), initial={"token": token})
    if form.submit(request, accept, address=invitation.email):
        enter(request, form.result)
        messages.success(request, f"Welcome to {form.result.org.name}.")
        return redirect("app")
    if "token" in form.errors:
        return show_dead_link(request, "invitation")
    return show_mailed(request, "accept_invitation.html", form, **about)


def inviter_of(invitation: Invitation) -> str:
    """The name of whoever sent the invitation last; empty where that was the platform's staff."""
    if invitation.updated_by_id is None:
        return ""
    with org_scope(invitation.org_id):
        return str(Profile.objects.select_related("user").get(pk=invitation.updated_by_id))
