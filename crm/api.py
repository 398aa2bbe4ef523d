"""The /api tree: every endpoint, by its path."""

from django.urls import include, path, register_converter
from rest_framework.routers import SimpleRouter

from accounts.views import AccountViewSet
from boards.views import BoardViewSet, CardViewSet, ColumnViewSet
from cases.desk_views import (
    AssignmentRuleViewSet,
    BusinessHoursViewSet,
    CannedAnswerViewSet,
    MailboxViewSet,
    SlaPolicyViewSet,
    SurveyViewSet,
)
from cases.inbound_views import InboundView
from cases.views import ArticleViewSet, CaseViewSet
from common.api.health import HealthView
from common.custom_fields.views import CustomFieldViewSet
from common.notifications.views import NotificationSettingsView, NotificationViewSet
from common.people import members, views
from common.people.api_key_views import ApiKeyViewSet
from common.records.everything import SearchView
from common.records.hanging import AttachmentViewSet, CommentViewSet
from common.records.interactions import InteractionViewSet
from common.records.number_views import NumberSeriesViewSet
from common.records.pack_views import ApplyPackView, PacksView, SampleDataView
from common.records.staged_views import PipelineViewSet, StageViewSet
from common.records.tags import TagViewSet
from common.saved_views.views import SavedViewViewSet
from contacts.views import ContactViewSet
from custom_objects.views import CustomObjectViewSet, CustomRecordViewSet, ObjectKey
from documents.views import DocumentViewSet
from emails.settings_views import MailSettingsView, SignatureView
from emails.views import BlockedAddressViewSet, EmailTemplateViewSet, EmailViewSet, InboundEmailView, MailAccountViewSet
from events.views import CalendarFeedView, EventViewSet
from invoices.views import InvoiceViewSet
from leads.views import LeadViewSet
from opportunity.views import (
    ExchangeRateViewSet,
    GoalViewSet,
    OpportunityViewSet,
    PriceViewSet,
    ProductViewSet,
    StageLimitViewSet,
    TaxRateViewSet,
)
from planner.views import PlanViewSet
from tasks.views import TaskViewSet
from teams.views import TeamViewSet

router = SimpleRouter(use_regex_path=False)
router.register("accounts", AccountViewSet, "account")
router.register("contacts", ContactViewSet, "contact")
router.register("leads", LeadViewSet, "lead")
router.register("opportunities", OpportunityViewSet, "opportunity")
router.register("products", ProductViewSet, "product")
router.register("prices", PriceViewSet, "price")
router.register("tax-rates", TaxRateViewSet, "taxrate")
router.register("exchange-rates", ExchangeRateViewSet, "exchangerate")
router.register("stage-limits", StageLimitViewSet, "stagelimit")
router.register("goals", GoalViewSet, "goal")
router.register("cases", CaseViewSet, "case")
router.register("articles", ArticleViewSet, "article")
router.register("sla-policies", SlaPolicyViewSet, "sla-policy")
router.register("business-hours", BusinessHoursViewSet, "business-hours")
router.register("assignment-rules", AssignmentRuleViewSet, "assignment-rule")
router.register("canned-answers", CannedAnswerViewSet, "canned-answer")
router.register("mailboxes", MailboxViewSet, "mailbox")
router.register("surveys", SurveyViewSet, "survey")
router.register("tasks", TaskViewSet, "task")
router.register("events", EventViewSet, "event")
router.register("planner", PlanViewSet, "plan")
router.register("boards", BoardViewSet, "board")
router.register("board-columns", ColumnViewSet, "column")
router.register("cards", CardViewSet, "card")
router.register("invoices", InvoiceViewSet, "invoice")
router.register("emails", EmailViewSet, "email")
router.register("email-templates", EmailTemplateViewSet, "emailtemplate")
router.register("mail-accounts", MailAccountViewSet, "mailaccount")
router.register("blocked-addresses", BlockedAddressViewSet, "blockedaddress")
router.register("documents", DocumentViewSet, "document")
router.register("teams", TeamViewSet, "team")
router.register("objects", CustomObjectViewSet, "object")
router.register("custom-fields", CustomFieldViewSet, "custom-field")
router.register("views", SavedViewViewSet, "view")
router.register("comments", CommentViewSet, "comment")
router.register("attachments", AttachmentViewSet, "attachment")
router.register("interactions", InteractionViewSet, "interaction")
router.register("tags", TagViewSet, "tag")
router.register("pipelines", PipelineViewSet, "pipeline")
router.register("stages", StageViewSet, "stage")
router.register("number-series", NumberSeriesViewSet, "numberseries")
router.register("notifications", NotificationViewSet, "notification")
router.register("users", members.UserViewSet, "user")
router.register("invitations", members.InvitationViewSet, "invitation")
router.register("roles", members.RoleViewSet, "role")
router.register("api-keys", ApiKeyViewSet, "api-key")

register_converter(ObjectKey, "objectkey")
of_objects = SimpleRouter(use_regex_path=False)
of_objects.register("", CustomRecordViewSet, "customrecord")

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
    path("calendar-feed/", CalendarFeedView.as_view(), name="calendar-feed"),
    path("org/", members.OrgView.as_view(), name="org"),
    path("search/", SearchView.as_view(), name="search"),
    path("notifications/settings/", NotificationSettingsView.as_view(), name="notification-settings"),
    path("emails/signature/", SignatureView.as_view(), name="email-signature"),
    path("emails/inbound/<str:token>/", InboundEmailView.as_view(), name="email-inbound"),
    path("emails/settings/", MailSettingsView.as_view(), name="email-settings"),
    path("", include("assistant.urls")),
    path("cases/inbound/<str:token>/", InboundView.as_view(), name="case-inbound"),
    path("", include("compat.meetings")),
    path("", include("compat.tickets")),
    *router.urls,
    path("starter-packs/", PacksView.as_view(), name="starter-packs"),
    path("starter-packs/sample-data/", SampleDataView.as_view(), name="sample-data"),
    path("starter-packs/<str:name>/apply/", ApplyPackView.as_view(), name="apply-starter-pack"),
    path("objects/<objectkey:key>/", include(of_objects.urls)),
    path("students/", include(of_objects.urls), {"key": "student"}),
]
