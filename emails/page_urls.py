from django.urls import path

from . import pages

urlpatterns = [
    path("mail/opened/<str:token>/", pages.OpenedView.as_view(), name="mail-opened"),
    path("mail/link/<str:token>/", pages.LinkView.as_view(), name="mail-link"),
]
