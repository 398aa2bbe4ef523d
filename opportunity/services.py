"""What happens to deals beyond their own row: they are closed, and offered."""

from datetime import date
from typing import Any

from django.core.exceptions import PermissionDenied
from django.db import transaction
from rest_framework.exceptions import ValidationError

from common.api.errors import Conflict
from common.people.models import Profile
from common.records.lines import lines_of, write_lines
from common.records.models import Stage
from common.records.serializers import add_links

from .models import CLOSED, Opportunity


@transaction.atomic(savepoint=False)
def close(opportunity: Opportunity, *, won: bool, reason: str, closed_on: date) -> Opportunity:
    """Move a deal to its pipeline's first stage of the kind, with the reason. ``opportunity`` must be locked by the caller.

    Raises Conflict when it is closed, and a validation error where the pipeline has no such stage.
    """
    stage = Stage.objects.get(pk=opportunity.stage_id)
    if stage.kind in CLOSED:
        raise Conflict(f'This deal is closed already: it is in "{stage}". Move it to an open stage first.')
    kind = Stage.Kind.WON if won else Stage.Kind.LOST
    goal = Stage.objects.filter(pipeline=stage.pipeline_id, kind=kind).order_by("position", "id").first()
    if goal is None:
        raise ValidationError({"won": [f"The pipeline has no stage for {kind} deals."]})
    opportunity.enter(goal)
    opportunity.closed_on, opportunity.close_reason = closed_on, reason
    opportunity.save(update_fields=[*opportunity.moved_columns, "updated_at", "updated_by"])
    return opportunity


@transaction.atomic(savepoint=False)
def quote(opportunity: Opportunity, *, by: Profile, title: str = "", due_date: date | None = None) -> Any:
    """An estimate, as a draft, with the deal's lines, account, first contact and people.

    Raises PermissionDenied where the person may not make one, and a validation error for a deal without lines.
    """
    model: Any = Opportunity._meta.get_field("invoices").related_model
    if by.scope_for(model.module, "create") == "none":
        raise PermissionDenied(f"Your role may not create {model.module}.")
    if not opportunity.has_lines:
        raise ValidationError({"lines": ["Give the deal its lines first: they are what is offered."]})
    estimate = model.objects.create(
        kind="estimate",
        title=title or opportunity.name,
        opportunity=opportunity,
        account=opportunity.account,
        contact=opportunity.contacts.order_by("pk").first(),
        currency=opportunity.currency,
        due_date=due_date,
    )
    for name in ("assigned_to", "teams", "tags"):
        add_links(estimate, name, list(getattr(opportunity, name).values_list("pk", flat=True)))
    write_lines(estimate, lines_of(opportunity))
    estimate.save()
    return estimate
