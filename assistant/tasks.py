"""What the assistant does outside a request. Thin: ids in, scope opened, engine called."""

from celery import shared_task

from common.tenancy import all_orgs, org_scope

from .engine import answer, unfinished


@shared_task
def answer_turn(turn_id: str) -> None:
    answer(turn_id)


@shared_task
def resume_turns() -> int:
    """Send again what a dead worker or a broker that forgot left unanswered."""
    with all_orgs():  # turns of every org, each then in its person's scope
        waiting = list(unfinished().select_related("profile"))
    for turn in waiting:
        with org_scope(turn.profile, source="api"):
            answer_turn.delay(str(turn.pk))
    return len(waiting)
