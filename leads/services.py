"""What happens to leads beyond their own row: they are handed over, and become customers."""

from collections.abc import Iterable
from typing import Any
from uuid import UUID

from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.utils import timezone

from common.activity.models import Activity
from common.api.errors import Conflict
from common.people.models import Profile
from common.records.models import LINKS, Attachment, BaseRecord, Comment, Record, Stage
from common.records.rank import last_rank
from common.records.search import search_filter
from common.records.serializers import add_links, find_stage

from .models import Lead

Links = dict[str, list[UUID]]
MADE = ("converted_account", "converted_contact", "converted_opportunity")


def made_model(name: str) -> Any:
    """The record type that ``converted_<name>`` refers to; apps know each other only by their references."""
    return Lead._meta.get_field(f"converted_{name}").related_model


@transaction.atomic
def assign(*, leads: Iterable[Lead], to: Profile) -> None:
    """Hand leads over to one person, who replaces whoever had them. The caller has locked them and may edit each."""
    for lead in leads:
        lead.assigned_to.set([to.pk])  # type: ignore[list-item]
        lead.save(update_fields=["updated_at", "updated_by"])


@transaction.atomic
def convert(
    *,
    lead: Lead,
    by: Profile,
    account: Any = None,
    contact: Any = None,
    create_opportunity: bool = True,
    opportunity_name: str = "",
) -> Lead:
    """Make a customer of a lead: an account, a contact and an opportunity, which take over what hangs on it.

    A given account or contact is used; otherwise one of the same company or e-mail address that the person may see;
    otherwise a new one. The lead goes to its pipeline's won stage. ``lead`` must be locked by the caller. Raises Conflict
    when it was converted before, PermissionDenied where the person may not make what is needed.
    """
    if lead.converted_at is not None:
        raise Conflict("This lead was converted already.")
    links: Links = {name: list(getattr(lead, name).values_list("pk", flat=True)) for name in LINKS}
    lead.converted_account = account or find_or_make("account", "name", lead.company or lead.name, lead, by, links)
    lead.converted_contact = contact or find_or_make("contact", "email", lead.email, lead, by, links)
    lead.converted_account.contacts.add(lead.converted_contact)
    if create_opportunity:
        people: Links = {"contacts": [lead.converted_contact.pk]}
        lead.converted_opportunity = make("opportunity", opportunity_values(lead, opportunity_name), by, links | people)
    hand_over(lead, lead.converted_opportunity or lead.converted_contact)
    if won := Stage.objects.filter(pipeline=lead.stage.pipeline_id, kind=Stage.Kind.WON).order_by("position").first():
        lead.stage, lead.card_order = won, last_rank()
    lead.converted_at = timezone.now()
    lead.save()
    return lead


@transaction.atomic
def undo_conversion(*, lead: Lead) -> Lead:
    """Take a conversion back. What it made goes to the bin unless others use it by now; what hung on the lead returns.

    ``lead`` must be locked by the caller. Raises Conflict when it is not converted.
    """
    if lead.converted_at is None:
        raise Conflict("This lead is not converted.")
    changes = Activity.objects.filter(record_id=lead.pk, changes__has_key="converted_at").order_by("-id").first()
    made = made_with(changes) if changes else set()
    heir = lead.converted_opportunity or lead.converted_contact
    if heir is not None and heir.pk in made:
        hand_over(heir, lead)
    records = [getattr(lead, name) for name in reversed(MADE)]
    lead.converted_at = lead.converted_account = lead.converted_contact = lead.converted_opportunity = None
    for record in records:
        if record is not None and record.pk in made and not in_use(record, by_others_than=made):
            record.deleted_at = timezone.now()
            record.save(update_fields=["deleted_at", "updated_at", "updated_by"])
    before = changes.changes.get("stage_id") if changes else None
    if before and (stage := Stage.objects.filter(pk=before[0]).first()):
        lead.stage, lead.card_order = stage, last_rank()
    lead.save()
    return lead


def made_with(change: Activity) -> set[UUID]:
    """The records that the same request made in the same transaction as a change."""
    same = Activity.objects.filter(xid=change.xid, request_id=change.request_id, action="create")
    return set(same.values_list("record_id", flat=True))


def find_or_make(kind: str, key: str, value: str, lead: Lead, by: Profile, links: Links) -> Any:
    """The record of ``kind`` whose ``key`` is ``value`` in any case, among those that ``by`` may see; or a new one."""
    if value:
        candidates = search_filter(made_model(kind).objects.visible_to(by), value).order_by("created_at")[:200]
        for candidate in candidates:
            if getattr(candidate, key).lower() == value.lower():
                return candidate
    values = account_values(lead) if kind == "account" else contact_values(lead)
    return make(kind, values, by, links)


def make(kind: str, values: dict[str, Any], by: Profile, links: Links) -> Any:
    model = made_model(kind)
    if by.scope_for(model.module, "create") == "none":
        raise PermissionDenied(f"Your role may not create {model.module}, which converting a lead does.")
    record = model(**values)
    record.save(force_insert=True)
    for name, ids in links.items():
        add_links(record, name, ids)
    return record


def account_values(lead: Lead) -> dict[str, Any]:
    return {"name": lead.company or lead.name, "website": lead.website, "billing_address": lead.address}


def contact_values(lead: Lead) -> dict[str, Any]:
    first, _, last = lead.name.strip().rpartition(" ")
    return {
        "first_name": first[:100],
        "last_name": last[:100],
        "email": lead.email,
        "phone": lead.phone,
        "title": lead.title,
        "organization": lead.company,
        "address": lead.address,
        "account": lead.converted_account,
    }


def opportunity_values(lead: Lead, name: str) -> dict[str, Any]:
    model = made_model("opportunity")
    return {
        "name": name or lead.company or lead.name,
        "account": lead.converted_account,
        "amount": lead.value,
        "currency": lead.currency,
        "probability": lead.probability,
        "close_date": lead.close_date,
        "lead_source": lead.source,
        "description": lead.notes,
        "stage": find_stage(model.module),
    }


def hand_over(giver: Record, heir: Record) -> None:
    """Move comments and attachments from one record to another, of whatever type."""
    from_name, to_name = giver._meta.model_name, heir._meta.model_name
    for model in (Comment, Attachment):
        model._default_manager.filter(**{str(from_name): giver}).update(**{str(from_name): None, str(to_name): heir})


def in_use(record: Record, *, by_others_than: set[UUID]) -> bool:
    """Whether other live records refer to this one by now."""
    relations = [relation for relation in record._meta.related_objects if issubclass(relation.related_model, BaseRecord)]
    return any(
        relation.related_model.objects.filter(**{relation.field.name: record.pk}).exclude(pk__in=by_others_than).exists()  # type: ignore[attr-defined]
        for relation in relations
        if not relation.hidden
    )
