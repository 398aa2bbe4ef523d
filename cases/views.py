from typing import Any, ClassVar

from drf_spectacular.utils import OpenApiExample, extend_schema
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from common.api.parameters import ETAG, IF_MATCH, documented
from common.records.models import Comment
from common.records.projection import read_row
from common.records.staged_views import StagedViewSet
from common.records.views import RecordViewSet

from . import answers, merging, services, sla
from .models import Article, Case
from .serializers import (
    ArticleSerializer,
    CaseMergeSerializer,
    CaseSerializer,
    EscalateSerializer,
    ReplyAnswerSerializer,
    ReplySerializer,
    SurveySerializer,
)

MERGED = {409: "The case was merged into another one."}


class CaseViewSet(StagedViewSet):
    tool_names: ClassVar[dict[str, str]] = {"reply": "answer_customer_of_{one}", "send_survey": "send_survey_of_{one}"}
    also_called = ["ticket", "support request"]
    queryset = Case.objects.all()
    serializer_class = CaseSerializer
    example = {"name": "The seat is loose", "priority": "High", "case_type": "Incident", "status": "New"}
    filterset_fields = ["number", "name", "priority", "case_type", "account", "account__name", "contacts", "closed_on", "parent",
                        "articles", "merged_into", "first_answer_due", "first_answer_state", "resolution_due",
                        "resolution_state", "resolved_at"]  # fmt: skip

    def get_object_for(self, action: str) -> Case:
        case: Case = super().get_object_for(action)
        if action == "edit" and self.action != "unmerge":
            services.demand_unmerged(case)
        return case

    def validated(self, serializer_class: Any) -> dict[str, Any]:
        serializer = serializer_class(data=self.request.data, context=self.get_serializer_context())
        serializer.is_valid(raise_exception=True)
        return dict(serializer.validated_data)

    def perform_create(self, serializer: Any) -> Case:
        case: Case = super().perform_create(serializer)
        services.opened(case=case)
        return case

    def perform_update(self, serializer: Any) -> None:
        case, values = serializer.instance, serializer.validated_data
        fields = [name for name in values if name in Case.decisive and getattr(case, name) != values[name]]
        super().perform_update(serializer)
        services.changed(case=case, fields=fields)

    def hung(self, record: Case, instance: Any) -> None:
        super().hung(record, instance)
        if isinstance(instance, Comment):
            services.commented(case=record, comment=instance, by=self.profile)

    @extend_schema(
        request=ReplySerializer,
        responses={201: ReplyAnswerSerializer, **MERGED},
        examples=[
            OpenApiExample("Answer", {"text": "Turn both screws clockwise.", "status": "Waiting on customer"}, request_only=True)
        ],
    )
    @action(detail=True, methods=["post"])
    def reply(self, request: Request, pk: Any = None) -> Response:
        """Answer the customer of a case by mail."""
        case = self.get_object_for("edit")
        sent = answers.reply(case=case, by=self.profile, **self.validated(ReplySerializer))
        row: Any = read_row(ReplyAnswerSerializer, ReplyAnswerSerializer.names(), sent.pk)
        return Response(row[0], status=201)

    @extend_schema(request=EscalateSerializer, responses=MERGED)
    @documented(IF_MATCH, ETAG)
    @action(detail=True, methods=["post"])
    def escalate(self, request: Request, pk: Any = None) -> Response:
        """Escalate a case: the next higher priority, and the leads of its teams take part."""
        case = self.get_object_for("edit")
        sla.escalate(case, **self.validated(EscalateSerializer))
        return self.written(pk)

    @extend_schema(request=CaseMergeSerializer, responses={409: "One of the cases was merged already."})
    @documented(IF_MATCH, ETAG)
    @action(detail=True, methods=["post"])
    def merge(self, request: Request, pk: Any = None) -> Response:
        """Merge a case into another one, which takes over its comments, files, mails and contacts."""
        case = self.get_object_for("edit")
        into = self.validated(CaseMergeSerializer)["into"]
        self.check_may("edit", into)
        merging.merge(case=case, into=Case.objects.select_for_update(of=("self",)).get(pk=into.pk))
        return self.written(pk)

    @extend_schema(request=None, responses={409: "The case is not merged, or the other one was merged itself since."})
    @documented(IF_MATCH, ETAG)
    @action(detail=True, methods=["post"])
    def unmerge(self, request: Request, pk: Any = None) -> Response:
        """Take a merge back: the case gets its comments, files, mails and contacts again."""
        merging.unmerge(case=self.get_object_for("edit"))
        return self.written(pk)

    @extend_schema(request=None, responses={201: SurveySerializer, **MERGED})
    @action(detail=True, methods=["post"], url_path="survey")
    def send_survey(self, request: Request, pk: Any = None) -> Response:
        """Ask the customer of a case, by mail, how satisfied they are."""
        survey = answers.send_survey(case=self.get_object_for("edit"))
        row: Any = read_row(SurveySerializer, SurveySerializer.names(), survey.pk)
        return Response(row[0], status=201)


class ArticleViewSet(RecordViewSet):
    also_called = ["knowledge article", "help text"]
    queryset = Article.objects.all()
    serializer_class = ArticleSerializer
    example = {"title": "Tightening a loose seat", "body": "Turn both screws clockwise.", "is_published": True}
    filterset_fields = ["title", "is_published"]
