"""What happens to cases beyond their own row: they are taken on, answered, and go on when the customer writes."""

from collections.abc import Collection
from typing import Any
from uuid import UUID

from django.db import transaction
from django.utils import timezone
from rest_framework.exceptions import ValidationError

from common.api.errors import Conflict
from common.notifications.services import notify
from common.people.models import Profile
from common.records.models import Comment, Stage
from common.records.stages import move

from .models import AssignmentRule, Case
from .sla import turn_clocks, who_cares

IN_CIRCLES = "A case cannot be, over others, its own parent."


@transaction.atomic
def opened(*, case: Case) -> None:
    """What a new case gets, once it is linked: somebody to work on it, and its deadlines."""
    if not case.assigned_to.exists():
        assign_by_rule(case)
    turn_clocks(case, rematch=True)
    case.save(update_fields=[*Case.clock_columns, "updated_at", "updated_by"])


@transaction.atomic
def changed(*, case: Case, fields: Collection[str]) -> None:
    """What follows from a change of a case's ``fields``. The caller has locked the case."""
    turn_clocks(case, rematch=not set(Case.decisive).isdisjoint(fields))
    case.save(update_fields=[*Case.clock_columns, "updated_at", "updated_by"])


def assign_by_rule(case: Case) -> None:
    """Give a case to whose turn it is. The rule is locked until the transaction ends, so that turns stay fair."""
    rule = AssignmentRule.for_case(case)
    if rule is None:
        return
    rule = AssignmentRule.objects.select_for_update(of=("self",)).get(pk=rule.pk)
    if rule.team:
        case.teams.add(rule.team)
    people = rule.people.all() if rule.people.exists() or not rule.team else rule.team.members.all()
    found = list(people.filter(is_active=True, user__is_active=True).order_by("pk"))
    if not found:
        return
    last = rule.last_person_id
    rule.last_person = next((person for person in found if last is None or person.pk > last), found[0])
    rule.save(update_fields=["last_person"])
    case.assigned_to.add(rule.last_person)


def check_parent(case: Case | None, parent: Case | None) -> None:
    """Raises ValidationError where ``parent`` would make a case its own ancestor.

    The ancestors are locked: of two who close a circle from both ends at once, one waits, and is refused.
    """
    seen: set[UUID] = set()
    while case is not None and parent is not None and parent.pk not in seen:
        if parent.pk == case.pk:
            raise ValidationError({"parent": [IN_CIRCLES]})
        seen.add(parent.pk)
        parent = Case.with_bin.select_for_update(of=("self",)).filter(pk=parent.parent_id).first() if parent.parent_id else None


# --- The talk with the customer


def demand_unmerged(case: Case) -> None:
    """Raises Conflict, which says where a merged case goes on."""
    if case.merged_into is not None:
        into = case.merged_into
        raise Conflict(f"#{case.number} was merged into #{into.number} ({into.pk}). Work on that one, or unmerge this one.")


@transaction.atomic
def commented(*, case: Case, comment: Comment, by: Profile) -> None:
    """What follows from a comment: a colleague's answers the customer, who may read it; a client's wakes the case."""
    case = Case.objects.select_for_update(of=("self",)).get(pk=case.pk)
    demand_unmerged(case)
    if by.is_client:
        customer_wrote(case=case, who=str(by))
    elif not comment.is_internal:
        note_answer(case)


def note_answer(case: Case) -> None:
    """The customer has heard of us: the first time stops the first clock. The caller has locked the case."""
    if case.first_answered_at is None:
        case.first_answered_at = timezone.now()
        turn_clocks(case)
        case.save(update_fields=[*Case.clock_columns, "updated_at", "updated_by"])


@transaction.atomic
def customer_wrote(*, case: Case, who: str) -> None:
    """A case that waited, or was closed, is open again; those who work on it are told. The caller has locked it."""
    stage = Stage.objects.get(pk=case.stage_id)
    if stage.kind != Stage.Kind.OPEN and (back := open_stage_before(stage)):
        move(case, stage=back)
    notify(to=who_cares(case), kind="answered", record=case, text=f"#{case.number} {case.name}: {who} wrote")


def open_stage_before(stage: Stage) -> Any:
    """The open stage that a case comes back to: the nearest before this one, or the first there is."""
    stages = Stage.objects.filter(pipeline=stage.pipeline_id, kind=Stage.Kind.OPEN).order_by("position")
    return stages.filter(position__lt=stage.position).last() or stages.first()
