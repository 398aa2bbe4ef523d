"""The /api tree: every endpoint, by its path."""

from django.urls import include, path
from rest_framework.routers import SimpleRouter

from accounts.views import AccountViewSet
from common.api.health import HealthView
from common.people import members, views
from common.people.api_key_views import ApiKeyViewSet
from common.records.hanging import AttachmentViewSet, CommentViewSet, TagViewSet
from common.records.staged_views import PipelineViewSet, StageViewSet
from contacts.views import ContactViewSet
from leads.views import LeadViewSet
from opportunity.views import OpportunityViewSet
from teams.views import TeamViewSet

router = SimpleRouter(use_regex_path=False)
router.register("accounts", AccountViewSet, "account")
router.register("contacts", ContactViewSet, "contact")
router.register("leads", LeadViewSet, "lead")
router.register("opportunities", OpportunityViewSet, "opportunity")
router.register("teams", TeamViewSet, "team")
router.register("comments", CommentViewSet, "comment")
router.register("attachments", AttachmentViewSet, "attachment")
router.register("tags", TagViewSet, "tag")
router.register("pipelines", PipelineViewSet, "pipeline")
router.register("stages", StageViewSet, "stage")
router.register("users", members.UserViewSet, "user")
router.register("invitations", members.InvitationViewSet, "invitation")
router.register("roles", members.RoleViewSet, "role")
router.register("api-keys", ApiKeyViewSet, "api-key")

auth = [
    path("register/", views.RegisterView.as_view(), name="register"),
    path("login/", views.LoginView.as_view(), name="login"),
    path("refresh-token/", views.RefreshView.as_view(), name="refresh-token"),
    path("logout/", views.LogoutView.as_view(), name="logout"),
    path("me/", views.MeView.as_view(), name="me"),
    path("switch-org/", views.SwitchOrgView.as_view(), name="switch-org"),
    path("password/forgot/", views.ForgotPasswordView.as_view(), name="forgot-password"),
    path("password/reset/", views.ResetPasswordView.as_view(), name="reset-password"),
    path("password/change/", views.ChangePasswordView.as_view(), name="change-password"),
    path("email/verify/", views.VerifyEmailView.as_view(), name="verify-email"),
    path("email/verify/resend/", views.ResendVerificationView.as_view(), name="resend-verification"),
    path("invite/accept/", views.AcceptInvitationView.as_view(), name="accept-invitation"),
]

urlpatterns = [
    path("health/", HealthView.as_view(), name="health"),
    path("auth/", include(auth)),
    path("profile/", members.OwnProfileView.as_view(), name="profile"),
    path("org/", members.OrgView.as_view(), name="org"),
    path("", include("assistant.urls")),
    *router.urls,
]
