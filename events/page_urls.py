"""Pages and feeds of events, which need no sign-in."""

from django.urls import path

from . import pages

urlpatterns = [
    path("meeting/<str:token>/", pages.meeting, name="meeting-page"),
    path("calendar/<str:token>/", pages.feed, name="calendar-feed-page"),
]
