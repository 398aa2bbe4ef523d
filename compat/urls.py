"""The URL dialects of earlier systems: the Lightweight CRM's, at the root."""

from django.urls import path

from assistant.urls import chat

from .views import BoardLeadViewSet, TestView

urlpatterns = [
    path("leads/", BoardLeadViewSet.as_view({"get": "list", "post": "create"}), name="board-leads"),
    path(
        "leads/<str:pk>/",
        BoardLeadViewSet.as_view({"get": "retrieve", "put": "update", "patch": "update", "delete": "destroy"}),
        name="board-lead",
    ),
    path("leads/<str:pk>/status/", BoardLeadViewSet.as_view({"put": "move", "patch": "move"}), name="board-lead-status"),
    *chat,
    path("test/", TestView.as_view(), name="test"),
]
