"""The pages of sign-up, sign-in, and the first ones after it."""

from django.urls import path

from . import pages, workspace_pages

urlpatterns = [
    path("", pages.home, name="home"),
    path("favicon.ico/", pages.favicon),
    path("signup/", pages.sign_up, name="sign-up"),
    path("login/", pages.sign_in, name="sign-in"),
    path("logout/", pages.sign_out, name="sign-out"),
    path("forgot-password/", pages.forgot_password, name="forgot-password-page"),
    path("reset-password/", pages.reset_password, name="reset-password-page"),
    path("verify-email/", pages.verify_email, name="verify-email-page"),
    path("accept-invitation/", pages.accept_invitation, name="accept-invitation-page"),
    path("app/", workspace_pages.app, name="app"),
    path("app/invite/", workspace_pages.invite, name="invite"),
    path("app/verify-email/", workspace_pages.verify_again, name="verify-again"),
    path("app/switch/", workspace_pages.switch, name="switch"),
]
