"""A help desk to look at, for each organization of the demo."""

from itertools import cycle
from typing import Any

from django.utils import timezone

from common import links
from common.people.models import Profile
from common.records.models import Comment, Interaction, Stage
from common.tenancy import org_scope

from . import services
from .answers import answer_survey
from .models import Article, AssignmentRule, BusinessHours, CannedAnswer, Case, Mailbox, SlaPolicy, Survey

WEEK = {day: [["09:00", "12:30"], ["13:00", "17:00"]] for day in ("mon", "tue", "wed", "thu", "fri")}
CANNED = (
    (
        "We got it",
        "Hello {{ contact.first_name }},\n\nthank you for writing. You are #{{ case.number }}.\n\n{{ org.name }}",
    ),
    (
        "Solved?",
        "Hello {{ contact.first_name }},\n\ndid that solve “{{ case.name }}”? Just answer.\n\n{{ agent.name }}",
    ),
)
#: name, priority, type, stage, what the customer wrote, what was answered, rating; by the domain of the demo's organization
CASES: dict[str, tuple[tuple[str, str, str, str, str, str, int], ...]] = {
    "fjord.example": (
        ("The seat of a touring kayak is loose", "High", "Incident", "Assigned", "Boats 4 and 9, since Monday: it slides back.",
         "Turn both screws under the seat clockwise, and tell us whether it holds.", 0),
        ("Two paddles are missing from the delivery", "Urgent", "Incident", "New", "The note says 30, we counted 28.", "", 0),
        ("How do we store the boats over winter?", "Low", "Question", "Waiting on customer", "Is an unheated shed all right?",
         "It is, upside down and away from the sun. Do you have racks?", 0),
        ("Hatch covers let water in", "Normal", "Problem", "Closed", "After an hour there is water in the rear hatch.",
         "The seals of that series were too thin: new ones are on their way, free of charge.", 5),
    ),
    "lumen.example": (
        ("Three people cannot sign in to the course", "Urgent", "Incident", "Assigned", "They get “unknown account”.",
         "Their accounts had the old domain. Please try again now.", 0),
        ("Certificates for the tax office", "Normal", "Question", "Waiting on customer", "Can you issue them for last year?",
         "Gladly: for which of your people?", 0),
        ("The Thursday group overlaps with our shifts", "High", "Problem", "New", "Nobody can come before 18:00.", "", 0),
        ("Wrong level in the placement test", "Low", "Question", "Closed", "Ana is certainly more than A2.",
         "We tested her again by phone: B1. She starts in the other group on Monday.", 4),
    ),
}  # fmt: skip
ARTICLES = {
    "fjord.example": ("Tightening a loose seat", "Turn both screws under the seat clockwise, a quarter at a time."),
    "lumen.example": ("Signing in to a course", "Use the address at which you got the invitation, in small letters."),
}


def add_demo(domain: str, staff: list[Profile]) -> None:
    """In the scope of an organization that has people, teams, accounts and contacts."""
    if domain not in CASES:
        return
    hours = BusinessHours.objects.create(name="Office", week=WEEK, holidays=holidays())
    set_up_desk(domain, hours, staff)
    article = Article.objects.create(title=ARTICLES[domain][0], body=ARTICLES[domain][1], is_published=True)
    for values, person in zip(CASES[domain], cycle(staff[1:])):
        case = add_case(person, *values)
        if values is CASES[domain][0]:
            case.articles.add(article)


def holidays() -> dict[str, str]:
    year = timezone.localdate().year
    return {f"{at}-{day}": name for at in (year, year + 1) for day, name in (("01-01", "New Year"), ("12-25", "Christmas"))}


def set_up_desk(domain: str, hours: BusinessHours, staff: list[Profile]) -> None:
    urgent = {"first_answer_minutes": 60, "resolution_minutes": 480, "raises_priority": True, "assigns_lead": True}
    SlaPolicy.objects.create(name="Urgent", priority="Urgent", hours=hours, **urgent)
    SlaPolicy.objects.create(name="All others", position=1, hours=hours, first_answer_minutes=240, resolution_minutes=2400)
    AssignmentRule.objects.create(name="In turn").people.set(staff[1:])
    answers = [CannedAnswer.objects.create(title=title, text=text) for title, text in CANNED]
    _, token_hash = links.new_token()
    Mailbox.objects.create(name="Help", address=f"help@{domain}", auto_answer=answers[0], token_hash=token_hash)


def contact_for(number: int) -> Any:
    """Each customer in turn; who has a sign-in of the role client is known by its address."""
    contacts: Any = Case._meta.get_field("contacts").related_model
    found = list(contacts.objects.order_by("created_at"))
    contact = found[number % len(found)]
    client = Profile.objects.filter(role__name="client", user__name=str(contact)).select_related("user").first()
    if client and contact.email != client.user.email:
        contact.email = client.user.email
        contact.save(update_fields=["email"])
    return contact


def add_case(person: Profile, name: str, priority: str, kind: str, stage: str, asked: str, answer: str, rating: int) -> Case:
    contact = contact_for(Case.objects.count())
    with org_scope(person):
        stages = {row.name: row for row in Stage.objects.filter(pipeline__module=Case.module)}
        values = {"name": name, "priority": priority, "case_type": kind, "description": asked, "account": contact.account}
        case: Case = Case.objects.create(stage=stages["New"], **values)
        case.contacts.add(contact)
        services.opened(case=case)
        if answer:
            Interaction.objects.create(case=case, type="email", direction="outbound", subject=name, notes=answer)
            services.note_answer(case)
        Comment.objects.create(case=case, comment="Seen by all of us at the stand-up.", is_internal=True)
        case.enter(stages[stage])
        case.save()
        if rating:
            _, token_hash = links.new_token()
            survey = Survey.objects.create(case=case, email=contact.email, token_hash=token_hash)
            answer_survey(survey=survey, rating=rating, comment="Quick and friendly.")
    return case
