"""The page behind a survey's link. It needs no script, and no account."""

from typing import Any

from django import forms
from django.http import Http404, HttpRequest, HttpResponse
from django.urls import path
from django.views.decorators.http import require_http_methods

from common import links
from common.api.errors import Conflict
from common.people.pages import show_mailed

from .answers import answer_survey
from .models import Survey

RATINGS = [(5, "Very good"), (4, "Good"), (3, "All right"), (2, "Not good"), (1, "Bad")]


class SurveyForm(forms.Form):
    rating = forms.TypedChoiceField(
        choices=RATINGS, coerce=int, widget=forms.RadioSelect, error_messages={"required": "Please choose one."}
    )
    comment = forms.CharField(
        required=False, max_length=5000, label="Anything you would like to add?", widget=forms.Textarea(attrs={"rows": 4})
    )


@require_http_methods(["GET", "HEAD", "POST"])
def survey(request: HttpRequest, token: str) -> HttpResponse:
    with links.opened(token, source="site") as token_hash:
        found = Survey.objects.select_related("case", "org").filter(token_hash=token_hash, case__deleted_at=None).first()
        if found is None:
            raise Http404
        return answered(request, found)


def answered(request: HttpRequest, survey: Survey) -> HttpResponse:
    form: Any = SurveyForm(request.POST if request.method == "POST" else None)
    done = survey.answered_at is not None
    if not done and form.is_bound and form.is_valid():
        try:
            answer_survey(survey=survey, **form.cleaned_data)
        except Conflict:
            pass  # answered twice at once: the first counts
        done = True
    status = 400 if form.is_bound and not done else 200
    return show_mailed(request, "survey.html", status=status, survey=survey, survey_form=form, done=done)


urlpatterns = [path("survey/<str:token>/", survey, name="survey")]
