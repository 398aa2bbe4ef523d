"""What a record is: owned, shared, tagged, binned, searchable, commented, and perhaps in a stage of a pipeline."""

import secrets
from typing import Any

from django.db import models
from django.db.models.functions import Lower
from django.db.models.signals import class_prepared

from common.base import BaseModel, add_constraints, add_indexes
from common.people.models import Profile
from common.tenancy.constraints import OneOf, SearchColumn, TenantReference
from common.tenancy.fields import TenantForeignKey, TenantManyToManyField

from .rank import last_rank


class Tag(BaseModel):
    name = models.CharField(max_length=60)
    color = models.CharField(max_length=7, default="#6b7280")

    class Meta:
        db_table = "tags"
        ordering = ["name"]
        constraints = [models.UniqueConstraint("org", Lower("name"), name="tags_name_once")]

    def __str__(self) -> str:
        return self.name


class RecordQuerySet(models.QuerySet[Any]):
    def visible_to(self, profile: Profile | None, action: str = "view") -> "RecordQuerySet":
        """The records on which ``profile`` may do ``action``. The only place that decides it.

        own: made by or assigned to the person. team: own, shared with one of the person's teams, or assigned to someone
        in one of them.
        """
        scope = profile.scope_for(self.model.module, action) if profile else "none"
        if scope == "all":
            return self
        if scope == "none":
            return self.none()
        return self.filter(pk__in=self.model.ids_of(profile, with_teams=scope == "team"))


class LiveManager(models.Manager.from_queryset(RecordQuerySet)):  # type: ignore[misc]
    """Records that are not in the bin."""

    def get_queryset(self) -> RecordQuerySet:
        return super().get_queryset().filter(deleted_at=None)


class BaseRecord(BaseModel):
    """What every module's rows are: binned rather than deleted, searchable, with comments and attachments.

    ``module`` is its name in paths and permissions.
    """

    module = ""
    #: Columns of the full-text index, the most telling first.
    search_columns: tuple[str, ...] = ("name",)

    deleted_at = models.DateTimeField(null=True, blank=True, editable=False)

    objects = LiveManager()
    with_bin = RecordQuerySet.as_manager()

    class Meta:
        abstract = True
        ordering = ["-created_at", "-id"]

    def __str__(self) -> str:
        return str(getattr(self, "name", self.pk))

    @classmethod
    def ids_of(cls, profile: Profile, *, with_teams: bool) -> Any:
        """A subquery: the ids of records that are a person's, or (``with_teams``) also their teams'."""
        return cls.with_bin.filter(created_by=profile.pk).order_by().values("pk")


#: The names of a record's links to people, teams and tags.
LINKS = ("assigned_to", "teams", "tags")


class Record(BaseRecord):
    """A row that people own, share with teams and tag."""

    assigned_to = TenantManyToManyField(Profile, related_name="+", blank=True)
    teams = TenantManyToManyField("teams.Team", related_name="+", blank=True)
    tags = TenantManyToManyField(Tag, related_name="+", blank=True)
    custom_fields = models.JSONField(default=dict, blank=True)
    external_id = models.CharField(max_length=200, null=True, blank=True, help_text="The record's id in another system")

    class Meta(BaseRecord.Meta):
        abstract = True

    @classmethod
    def ids_of(cls, profile: Profile, *, with_teams: bool) -> Any:
        made = super().ids_of(profile, with_teams=with_teams)
        source = f"{cls._meta.model_name}_id"
        assigned = cls.assigned_to.through._default_manager
        mine = assigned.filter(profile=profile.pk).values(source)
        if not with_teams:
            return made.union(mine, all=True)
        membership = Profile.teams.through._default_manager
        my_teams = membership.filter(profile=profile.pk, team__deleted_at=None).values("team_id")
        shared = cls.teams.through._default_manager.filter(team__in=my_teams).values(source)
        colleagues = membership.filter(team__in=my_teams).values("profile_id")
        theirs = assigned.filter(profile__in=colleagues).values(source)
        return made.union(mine, shared, theirs, all=True)


class Pipeline(BaseModel):
    """The way of one module's records through stages. Each org has its own; one per module is the default."""

    module = models.CharField(max_length=60)
    name = models.CharField(max_length=100)
    is_default = models.BooleanField(default=False)

    class Meta:
        db_table = "pipelines"
        ordering = ["module", "name"]
        constraints = [
            models.UniqueConstraint("org", "module", Lower("name"), name="pipelines_name_once"),
            models.UniqueConstraint(fields=["org", "module"], condition=models.Q(is_default=True), name="pipelines_one_default"),
        ]

    def __str__(self) -> str:
        return self.name


class Stage(BaseModel):
    class Kind(models.TextChoices):
        OPEN = "open"
        WON = "won"
        LOST = "lost"

    pipeline = TenantForeignKey(Pipeline, models.CASCADE, related_name="stages")
    name = models.CharField(max_length=100)
    position = models.PositiveSmallIntegerField(default=0)
    kind = models.CharField(max_length=10, choices=Kind.choices, default=Kind.OPEN)
    probability = models.PositiveSmallIntegerField(default=0, help_text="Percent")

    class Meta:
        db_table = "stages"
        ordering = ["pipeline", "position", "id"]
        constraints = [
            models.UniqueConstraint("org", "pipeline", Lower("name"), name="stages_name_once"),
            models.CheckConstraint(condition=models.Q(kind__in=["open", "won", "lost"]), name="stages_kind"),
            models.CheckConstraint(condition=models.Q(probability__lte=100), name="stages_probability"),
        ]

    def __str__(self) -> str:
        return self.name


class StagedRecord(Record):
    """A record that stands in a stage, as a card in a column. Cards are ordered by ``card_order``, compared as text."""

    stage = TenantForeignKey(Stage, models.PROTECT, related_name="+")
    card_order = models.TextField(default=last_rank, db_collation="C", editable=False)

    class Meta(Record.Meta):
        abstract = True


def attachment_path(attachment: "Attachment", filename: str) -> str:
    """Unguessable, and free of anything that the person who uploads decides."""
    return f"attachments/{attachment.org_id}/{secrets.token_urlsafe(24)}"


class OnRecord(BaseModel):
    """Something that hangs on exactly one record, of any type: one reference per type, of which one is set."""

    class Meta:
        abstract = True

    @property
    def record(self) -> BaseRecord:
        return next(getattr(self, name) for name in RECORD_MODELS if getattr(self, f"{name}_id"))


class Comment(OnRecord):
    comment = models.TextField(max_length=10_000)

    class Meta:
        db_table = "comments"
        ordering = ["-id"]

    def __str__(self) -> str:
        return self.comment[:60]


class Attachment(OnRecord):
    hidden_columns = ("file",)

    file = models.FileField(upload_to=attachment_path, max_length=200)
    file_name = models.CharField(max_length=200)
    size = models.PositiveBigIntegerField(help_text="Bytes")
    content_type = models.CharField(max_length=100)

    class Meta:
        db_table = "attachments"
        ordering = ["-id"]

    def __str__(self) -> str:
        return self.file_name


#: Rows out of the bin. An index for lists has this as its condition: then counts are read from the index alone.
LIVE = models.Q(deleted_at=None)

#: Every record type by its model name, in the order of declaration.
RECORD_MODELS: dict[str, type[BaseRecord]] = {}
MODULES: dict[str, type[BaseRecord]] = {}


def register_record(sender: Any, **kwargs: Any) -> None:
    """Give a record type its module name, search and indexes, and a place in comments and attachments, as it is declared."""
    meta = sender._meta
    if not issubclass(sender, BaseRecord) or meta.abstract or sender.__module__ == "__fake__":
        return
    sender.module = sender.module or str(meta.verbose_name_plural).replace(" ", "-")
    RECORD_MODELS[meta.model_name] = MODULES[sender.module] = sender
    add_constraints(sender, [SearchColumn(name=f"{meta.db_table}_search", columns=list(sender.search_columns))])
    newest = ["org", "-created_at", "-id"]
    indexes = [
        models.Index(fields=newest, condition=LIVE, name=f"{meta.db_table}_by_created"),
        models.Index(fields=newest, condition=~LIVE, name=f"{meta.db_table}_bin"),
    ]
    if issubclass(sender, StagedRecord):
        place = ["org", "stage", "card_order", "id"]
        indexes.append(models.Index(fields=place, condition=LIVE, name=f"{meta.db_table}_board"))
    add_indexes(sender, indexes)
    if issubclass(sender, Record):
        once = models.UniqueConstraint(fields=["org", "external_id"], name=f"{meta.db_table}_external_id_once")
        add_constraints(sender, [once])
    for model in (Comment, Attachment):
        table = model._meta.db_table
        field = TenantForeignKey(sender, models.CASCADE, null=True, blank=True, related_name=table)
        field.contribute_to_class(model, meta.model_name)
        add_constraints(
            model,
            [
                TenantReference(field=meta.model_name, name=f"{table}_{meta.model_name}_same_org"),
                OneOf(name=f"{table}_one_record", fields=sorted(RECORD_MODELS)),
            ],
        )


class_prepared.connect(register_record)
