"""The two clocks of a case, to its first answer and to its resolution, and what happens when one runs out.

A clock counts working time from the case's creation, but for the time that the case stood in a stage which is not open
(waiting on somebody, or closed): by as much working time its deadline moves on.
"""

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from django.db import transaction
from django.utils import timezone

from common.business_hours import ALWAYS, Calendar, NeverOpen, after, working_time
from common.notifications.services import notify
from common.people.models import Profile
from common.records.models import Stage

from .models import Case, SlaPolicy
from .models.cases import ClockState, Priority

CLOCKS = {"first_answer": "first_answered_at", "resolution": "resolved_at"}
CLOSED = (Stage.Kind.WON, Stage.Kind.LOST)
TEXTS = {
    ClockState.NEAR: "Little time is left to {deed} #{number} {name}: until {due:%-d %b %H:%M}",
    ClockState.BREACHED: "#{number} {name} was to be {done} by {due:%-d %b %H:%M}",
}
DEEDS = {"first_answer": ("answer", "answered"), "resolution": ("solve", "solved")}
MINUTE = timedelta(minutes=1)


def turn_clocks(case: Case, *, now: datetime | None = None, rematch: bool = False) -> None:
    """Set the clocks by where the case stands. The caller, who has locked the case, saves ``Case.clock_columns``.

    ``rematch``: what decides on the policy has changed, so it is looked for anew, and warns anew.
    """
    now = now or timezone.now()
    if rematch:
        case.sla_policy = SlaPolicy.for_case(case)
    calendar = calendar_of(case.sla_policy)
    kind = Stage.objects.values_list("kind", flat=True).get(pk=case.stage_id)
    stop_or_go(case, kind, calendar, now)
    close_or_reopen(case, kind, now)
    set_deadlines(case, calendar, rematch=rematch)


def calendar_of(policy: SlaPolicy | None) -> Calendar:
    return policy.hours.calendar if policy and policy.hours else ALWAYS


def stop_or_go(case: Case, kind: str, calendar: Calendar, now: datetime) -> None:
    if kind != Stage.Kind.OPEN:
        case.stopped_since = case.stopped_since or now
    elif case.stopped_since:
        case.stopped_seconds += round(working_time(calendar, case.stopped_since, now).total_seconds())
        case.stopped_since = None


def close_or_reopen(case: Case, kind: str, now: datetime) -> None:
    if kind in CLOSED:
        case.resolved_at = case.resolved_at or now
        case.closed_on = case.closed_on or case.resolved_at.astimezone(ZoneInfo(case.org.timezone)).date()
    elif case.resolved_at:
        case.resolved_at = case.closed_on = None


def set_deadlines(case: Case, calendar: Calendar, *, rematch: bool = False) -> None:
    alerts: list[datetime] = []
    for clock, done in CLOCKS.items():
        near, due = moments(case, clock, calendar)
        if rematch and due != getattr(case, f"{clock}_due"):
            setattr(case, f"{clock}_state", ClockState.FINE)
        setattr(case, f"{clock}_due", due)
        state = getattr(case, f"{clock}_state")
        if near and due and state != ClockState.BREACHED and not getattr(case, done) and not case.stopped_since:
            alerts.append(near if state == ClockState.FINE else due)
    case.next_alert_at = min(alerts, default=None)


def moments(case: Case, clock: str, calendar: Calendar) -> tuple[datetime | None, datetime | None]:
    """When to warn, and the deadline; neither where nothing is promised."""
    policy = case.sla_policy
    minutes = getattr(policy, f"{clock}_minutes", None)
    if policy is None or minutes is None:
        return None, None
    stopped = timedelta(seconds=case.stopped_seconds)
    try:
        due = after(calendar, case.created_at, minutes * MINUTE + stopped)
        return after(calendar, case.created_at, minutes * policy.warn_percent / 100 * MINUTE + stopped), due
    except NeverOpen:
        return None, None


# --- When a clock runs out


def raise_alerts(now: datetime | None = None) -> int:
    """Warn of clocks that run out and escalate those that did, each once. Returns how many cases there were.

    Whoever locks a case takes care of it: run it as often as one likes, in as many workers.
    """
    now, count = now or timezone.now(), 0
    while raise_next_alert(now):
        count += 1
    return count


@transaction.atomic
def raise_next_alert(now: datetime) -> bool:
    waiting = Case.objects.filter(next_alert_at__lte=now).order_by("next_alert_at")
    case = waiting.select_for_update(skip_locked=True, of=("self",)).first()
    if case is None:
        return False
    calendar = calendar_of(case.sla_policy)
    for clock, done in CLOCKS.items():
        near, due = moments(case, clock, calendar)
        state = ClockState.FINE
        if near and due and not getattr(case, done):
            state = ClockState.BREACHED if due <= now else ClockState.NEAR if near <= now else ClockState.FINE
        if due and state not in (ClockState.FINE, getattr(case, f"{clock}_state")):
            setattr(case, f"{clock}_state", state)
            alert(case, clock, state, due)
    set_deadlines(case, calendar)
    case.save(update_fields=[*Case.clock_columns, "updated_at", "updated_by"])
    return True


def alert(case: Case, clock: str, state: ClockState, due: datetime) -> None:
    policy = case.sla_policy
    deed, done = DEEDS[clock]
    local = due.astimezone(ZoneInfo(case.org.timezone))
    text = TEXTS[state].format(deed=deed, done=done, number=case.number, name=case.name, due=local)
    broken = state == ClockState.BREACHED
    if broken and policy and case.escalated_at is None and (policy.raises_priority or policy.assigns_lead):
        escalate(case, raise_priority=policy.raises_priority, assign_lead=policy.assigns_lead)
    notify(to=who_cares(case), kind="breached" if broken else "due", record=case, text=text)


def who_cares(case: Case) -> list[Profile]:
    """Those who work on a case; where nobody does, its teams, or else the organization's admins."""
    for people in (
        case.assigned_to.all(),
        Profile.objects.filter(teams__in=case.teams.all()).distinct(),
        Profile.objects.filter(role__is_system=True, role__name="admin"),
    ):
        if found := list(people.filter(is_active=True)):
            return found
    return []


def escalate(case: Case, *, raise_priority: bool = True, assign_lead: bool = True) -> None:
    """The next higher priority, and the leads of the case's teams take part. The deadlines stay as they were promised.

    The caller has locked the case.
    """
    if raise_priority:
        ladder = list(Priority)
        case.priority = ladder[min(ladder.index(Priority(case.priority)) + 1, len(ladder) - 1)]
    if assign_lead:
        leads = case.teams.filter(lead__is_active=True).values_list("lead", flat=True)
        case.assigned_to.add(*leads)  # type: ignore[arg-type]
    case.escalated_at = timezone.now()
    case.save(update_fields=["priority", "escalated_at", "updated_at", "updated_by"])
