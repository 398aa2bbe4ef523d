"""What a record is: owned, shared, tagged, binned, searchable, commented, and perhaps in a stage of a pipeline."""

import secrets
from typing import Any

from django.db import models
from django.db.models.functions import Lower
from django.db.models.signals import class_prepared
from django.utils import timezone

from common.base import BaseModel, add_constraints, add_indexes
from common.custom_fields.models import CustomField
from common.people.models import Profile
from common.people.permissions import CATALOGUES
from common.tenancy.constraints import CustomValuesTriggers, OneOf, SearchColumn, TenantReference
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
        in one of them. Who may view their own also views what names them as a contact, and what is published.
        """
        scope = profile.scope_for(self.model.module, action) if profile else "none"
        if scope == "all":
            return self
        if scope == "none":
            return self.none()
        ids = self.model.ids_of(profile, with_teams=scope == "team")
        if action == "view":
            ids = ids.union(*self.model.also_shown_to(profile), all=True)
        return self.filter(pk__in=ids)


class LiveManager(models.Manager.from_queryset(RecordQuerySet)):  # type: ignore[misc]
    """Records that are not in the bin."""

    def get_queryset(self) -> RecordQuerySet:
        return super().get_queryset().filter(deleted_at=None)


class BaseRecord(BaseModel):
    """What every module's rows are: binned rather than deleted, searchable, with comments and attachments.

    ``module`` is its name in paths and permissions.
    """

    module = ""
    #: The field that people know a record by.
    label_field = "name"
    #: Columns of the full-text index, the most telling first.
    search_columns: tuple[str, ...] = ("name",)
    #: The reference to the contacts whom a record names: people whose e-mail address is a contact's may view it.
    named_by = ""
    #: What is published: rows with these values may be viewed by everyone who may view any.
    published: dict[str, Any] = {}
    #: Whether all colleagues share these: who may view any may view all. Clients see of them what is published.
    catalogue = False
    #: The links to people who may view a record without it being theirs.
    shown_through: tuple[str, ...] = ()

    deleted_at = models.DateTimeField(null=True, blank=True, editable=False)

    objects = LiveManager()
    with_bin = RecordQuerySet.as_manager()

    class Meta:
        abstract = True
        ordering = ["-created_at", "-id"]

    def __str__(self) -> str:
        return str(getattr(self, self.label_field))

    @classmethod
    def ids_of(cls, profile: Profile, *, with_teams: bool) -> Any:
        """A subquery: the ids of records that are a person's, or (``with_teams``) also their teams'."""
        return cls.with_bin.filter(created_by=profile.pk).order_by().values("pk")

    @classmethod
    def also_shown_to(cls, profile: Profile) -> list[Any]:
        """Subqueries: the ids of further records that a person may view, whoever has them."""
        named = [cls.naming(profile)] if cls.named_by else []
        published = [cls.with_bin.filter(**cls.published)] if cls.published else []
        rows = [found.order_by().values("pk") for found in (*named, *published)]
        return [*rows, *(cls.linked_to(profile, name) for name in cls.shown_through)]

    @classmethod
    def naming(cls, profile: Profile) -> Any:
        """The records that name a person as a contact."""
        return cls.with_bin.filter(**{f"{cls.named_by}__email": profile.user.email, f"{cls.named_by}__deleted_at": None})

    @classmethod
    def linked_to(cls, profile: Profile, name: str) -> Any:
        """A subquery: the ids of records that the many-to-many field ``name`` links to a person."""
        links = cls._meta.get_field(name).remote_field.through._default_manager  # type: ignore[union-attr]
        return links.filter(profile=profile.pk).values(f"{cls._meta.model_name}_id")

    @classmethod
    def files_of(cls, records: Any) -> list[Any]:
        """The files that go when ``records`` are deleted for good, besides attachments."""
        return []


#: The names of a record's links to people, teams and tags.
LINKS = ("assigned_to", "teams", "tags")


class Record(BaseRecord):
    """A row that people own, share with teams and tag."""

    #: The links that make a record somebody's own.
    owned_through: tuple[str, ...] = ("assigned_to",)

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
        mine = [cls.linked_to(profile, name) for name in cls.owned_through]
        if not with_teams:
            return made.union(*mine, all=True)
        assigned = cls.assigned_to.through._default_manager
        membership = Profile.teams.through._default_manager
        my_teams = membership.filter(profile=profile.pk, team__deleted_at=None).values("team_id")
        shared = cls.teams.through._default_manager.filter(team__in=my_teams).values(source)
        colleagues = membership.filter(team__in=my_teams).values("profile_id")
        theirs = assigned.filter(profile__in=colleagues).values(source)
        return made.union(*mine, shared, theirs, all=True)

    @classmethod
    def archived_fields(cls) -> Any:
        """The custom fields whose data is kept and not shown; a row may be named by OuterRef."""
        return CustomField.objects.filter(module=cls.module, is_archived=True).order_by()


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
        WAITING = "waiting"  # on somebody outside: clocks stand still
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
            models.CheckConstraint(condition=models.Q(kind__in=["open", "waiting", "won", "lost"]), name="stages_kind"),
            models.CheckConstraint(condition=models.Q(probability__lte=100), name="stages_probability"),
        ]

    def __str__(self) -> str:
        return self.name


class StagedRecord(Record):
    """A record that stands in a stage, as a card in a column. Cards are ordered by ``card_order``, compared as text."""

    #: What a move to another stage writes.
    moved_columns: tuple[str, ...] = ("stage", "card_order")

    stage = TenantForeignKey(Stage, models.PROTECT, related_name="+")
    card_order = models.TextField(default=last_rank, db_collation="C", editable=False)

    class Meta(Record.Meta):
        abstract = True

    def enter(self, stage: Stage) -> None:
        """Become the last card of another stage."""
        self.stage, self.card_order = stage, last_rank()


def attachment_path(attachment: "Attachment", filename: str) -> str:
    """Unguessable, and free of anything that the person who uploads decides."""
    return f"attachments/{attachment.org_id}/{secrets.token_urlsafe(24)}"


class OnRecord(models.Model):
    """Something about a record of any type: one reference per type, of which one at most is set."""

    #: Whether there has to be one.
    needs_record = True
    #: What becomes of it when its record is deleted for good.
    on_purge: Any = models.CASCADE
    #: Record types, by model name, that it is never about.
    never_on: tuple[str, ...] = ()
    #: The order in which those of one record are read.
    newest_first: tuple[str, ...] = ("-id",)

    class Meta:
        abstract = True

    @classmethod
    def record_types(cls) -> list[str]:
        """The names of its references."""
        return [name for name in RECORD_MODELS if name not in (*cls.never_on, cls._meta.model_name)]

    @classmethod
    def readable_by(cls, profile: Profile) -> Any:
        """The rows that a person may read, once they see the record."""
        return cls._default_manager.all()

    @classmethod
    def may_be_added_by(cls, profile: Profile) -> bool:
        """Whether a person may add one to a record that they see."""
        return True

    @property
    def record(self) -> BaseRecord | None:
        return next((getattr(self, name) for name in self.record_types() if getattr(self, f"{name}_id")), None)


class Comment(OnRecord, BaseModel):
    comment = models.TextField(max_length=10_000)
    is_internal = models.BooleanField(default=False, help_text="Not for people with the role client")

    class Meta:
        db_table = "comments"
        ordering = ["-id"]

    @classmethod
    def readable_by(cls, profile: Profile) -> Any:
        return cls.objects.filter(is_internal=False) if profile.is_client else cls.objects.all()

    def __str__(self) -> str:
        return self.comment[:60]


class Attachment(OnRecord, BaseModel):
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


class Interaction(OnRecord, BaseModel):
    """What was said or done with somebody: a call, a meeting, a note."""

    newest_first = ("-occurred_at", "-id")

    class Type(models.TextChoices):
        CALL = "call"
        EMAIL = "email"
        MEETING = "meeting"
        NOTE = "note"
        SMS = "sms"
        WHATSAPP = "whatsapp"

    class Direction(models.TextChoices):
        INBOUND = "inbound"
        OUTBOUND = "outbound"

    type = models.CharField(max_length=10, choices=Type.choices)
    direction = models.CharField(max_length=10, choices=Direction.choices, blank=True)
    subject = models.CharField(max_length=200, blank=True)
    notes = models.TextField(blank=True)
    occurred_at = models.DateTimeField(default=timezone.now)
    duration = models.PositiveIntegerField(null=True, blank=True, help_text="Minutes")

    class Meta:
        db_table = "interactions"
        ordering = ["-occurred_at", "-id"]

    @classmethod
    def readable_by(cls, profile: Profile) -> Any:
        """Clients read the mails, which they wrote or got; not what colleagues noted."""
        return cls.objects.filter(type=cls.Type.EMAIL) if profile.is_client else cls.objects.all()

    @classmethod
    def may_be_added_by(cls, profile: Profile) -> bool:
        """Clients comment; what was said with them is for colleagues to tell."""
        return not profile.is_client

    def __str__(self) -> str:
        return self.subject or self.type


#: Rows out of the bin. An index for lists has this as its condition: then counts are read from the index alone.
LIVE = models.Q(deleted_at=None)

#: Every record type by its model name, in the order of declaration.
RECORD_MODELS: dict[str, type[BaseRecord]] = {}
MODULES: dict[str, type[BaseRecord]] = {}
#: What is about records. More join as they are declared.
ABOUT_RECORDS: list[type[OnRecord]] = [Comment, Attachment, Interaction]


def register_record(sender: Any, **kwargs: Any) -> None:
    """Give a record type its module name, search and indexes, and a place in comments and attachments, as it is declared."""
    meta = sender._meta
    if not issubclass(sender, BaseRecord) or meta.abstract or sender.__module__ == "__fake__":
        return
    sender.module = sender.module or str(meta.verbose_name_plural).replace(" ", "-")
    RECORD_MODELS[meta.model_name] = MODULES[sender.module] = sender
    if sender.catalogue:
        CATALOGUES.add(sender.module)
    searched = [*sender.search_columns, *(["custom_fields"] if issubclass(sender, Record) else [])]
    add_constraints(sender, [SearchColumn(name=f"{meta.db_table}_search", columns=searched)])
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
        values = CustomValuesTriggers(name=f"{meta.db_table}_custom_values", module=sender.module)
        add_constraints(sender, [once, values])
    for model in ABOUT_RECORDS:
        refer(model, sender)


def register_about(sender: Any, **kwargs: Any) -> None:
    """Give what is about records its references to the types that there are by now."""
    if issubclass(sender, OnRecord) and not sender._meta.abstract and sender.__module__ != "__fake__":
        ABOUT_RECORDS.append(sender)
        for record in RECORD_MODELS.values():
            refer(sender, record)


def refer(model: Any, record: Any) -> None:
    """A reference from ``model`` to a record type. Its index holds only the rows that have one."""
    name, table = record._meta.model_name, model._meta.db_table
    if name not in model.record_types():
        return
    on_purge = models.CASCADE if model.needs_record else model.on_purge
    field = TenantForeignKey(record, on_purge, null=True, blank=True, related_name=table, db_index=False)
    field.contribute_to_class(model, name)
    has_one = models.Q((f"{name}__isnull", False))
    add_indexes(model, [models.Index(fields=[name, *model.newest_first], condition=has_one, name=f"{table}_on_{name}")])
    add_constraints(
        model,
        [
            TenantReference(field=name, name=f"{table}_{name}_same_org"),
            OneOf(name=f"{table}_one_record", fields=sorted(model.record_types()), needed=model.needs_record),
        ],
    )


class_prepared.connect(register_record)
class_prepared.connect(register_about)
