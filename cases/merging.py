"""Two cases that are one: what hangs on the one goes to the other, and can be given back as it was."""

from typing import Any
from uuid import UUID

from django.db import transaction
from django.utils import timezone
from django.utils.dateparse import parse_date
from rest_framework.exceptions import ValidationError

from common.api.errors import Conflict
from common.records.models import ABOUT_RECORDS, Stage
from common.records.stages import move

from .models import Case, CaseMerge
from .services import demand_unmerged


def hanging() -> list[Any]:
    """What can hang on a case: comments, attachments, interactions, tasks, mails …"""
    return [model for model in ABOUT_RECORDS if "case" in model.record_types()]


def everything(model: Any) -> Any:
    return getattr(model, "with_bin", model._default_manager)


@transaction.atomic
def merge(*, case: Case, into: Case) -> None:
    """Make a case part of another: what hangs on it and its contacts go there, and it is closed. Both are locked.

    Raises ValidationError for a case into itself, Conflict where one of them is merged already.
    """
    if case.pk == into.pk:
        raise ValidationError({"into": ["A case cannot be merged into itself."]})
    demand_unmerged(case)
    demand_unmerged(into)
    carried = {}
    for model in hanging():
        rows = everything(model).filter(case=case)
        carried[model._meta.label_lower] = [str(pk) for pk in rows.order_by("pk").values_list("pk", flat=True)]
        rows.update(case=into)
    known = set(into.contacts.values_list("pk", flat=True))
    added = [pk for pk in case.contacts.order_by("pk").values_list("pk", flat=True) if pk not in known]
    into.contacts.add(*added)  # type: ignore[arg-type]
    before, contacts = state_of(case), list(map(str, added))
    CaseMerge.objects.create(case=case, into=into, carried=carried, contacts=contacts, before=before)
    case.merged_into = into
    case.save(update_fields=["merged_into", "updated_at", "updated_by"])
    stages = Stage.objects.filter(pipeline=Stage.objects.get(pk=case.stage_id).pipeline_id)
    if closed := stages.filter(kind=Stage.Kind.WON).order_by("position").first():
        move(case, stage=closed)


@transaction.atomic
def unmerge(*, case: Case) -> Case:
    """Take a merge back: each row that came from the case, and still is where it went, returns to it. Both are locked.

    Raises Conflict where it is not merged, or the case that it went into was itself merged into another since.
    """
    merged = CaseMerge.objects.select_for_update(of=("self",)).filter(case=case, undone_at=None).first()
    if merged is None:
        raise Conflict("This case is not merged.")
    into = Case.with_bin.select_for_update(of=("self",)).get(pk=merged.into_id)
    demand_unmerged(into)
    for model in hanging():
        ids = merged.carried.get(model._meta.label_lower, [])
        everything(model).filter(pk__in=ids, case=into).update(case=case)
    give_back_contacts(merged, into)
    restore(case, merged.before)
    merged.undone_at = timezone.now()
    merged.save(update_fields=["undone_at", "updated_at", "updated_by"])
    return case


def give_back_contacts(merged: CaseMerge, into: Case) -> None:
    """Contacts that only this merge brought leave again; what another open merge brings too becomes that one's."""
    leaving = {UUID(pk) for pk in merged.contacts}
    for other in CaseMerge.objects.filter(into=into, undone_at=None).exclude(pk=merged.pk).order_by("pk"):
        staying = leaving & set(other.case.contacts.values_list("pk", flat=True))
        if staying:
            other.contacts = [*other.contacts, *map(str, sorted(staying))]
            other.save(update_fields=["contacts", "updated_at", "updated_by"])
            leaving -= staying
    into.contacts.remove(*leaving)  # type: ignore[arg-type]


def state_of(case: Case) -> dict[str, Any]:
    """Where a case stands, as JSON."""
    closed_on = case.closed_on.isoformat() if case.closed_on else None
    return {"stage": str(case.stage_id), "card_order": case.card_order, "closed_on": closed_on}


def restore(case: Case, before: dict[str, Any]) -> None:
    """Stand where the case stood. Meanwhile its clocks stood still; where its stage is gone, it stays closed."""
    case.merged_into = None
    if stage := Stage.objects.filter(pk=before["stage"]).first():
        case.enter(stage)
        case.card_order = before["card_order"]
        case.closed_on = parse_date(before["closed_on"]) if before["closed_on"] else None
    case.save(update_fields=["merged_into", *Case.moved_columns, "updated_at", "updated_by"])
