"""The assistant under /api; the chat is at the root as well, where the Lightweight CRM had it."""

from django.urls import path
from rest_framework.routers import SimpleRouter

from . import streams, views

router = SimpleRouter(use_regex_path=False)
router.register("assistant/calls", views.CallViewSet, "assistant-call")

chat = [
    path("chat/", views.ChatView.as_view(), name="chat"),
    path("chat/status/<uuid:task_id>/", views.ChatStatusView.as_view(), name="chat-status"),
    path("chat/clear/", views.ChatClearView.as_view(), name="chat-clear"),
]
urlpatterns = [
    *(path(f"assistant/{entry.pattern}", entry.callback, name=entry.name) for entry in chat),
    path("assistant/chat/stream/<uuid:task_id>/", streams.ChatStreamView.as_view(), name="chat-stream"),
    path("assistant/tools/", views.ToolsView.as_view(), name="assistant-tools"),
    path("assistant/usage/", views.UsageView.as_view(), name="assistant-usage"),
    path("assistant/settings/", views.SettingsView.as_view(), name="assistant-settings"),
    path("assistant/preferences/", views.PreferencesView.as_view(), name="assistant-preferences"),
    *router.urls,
]
