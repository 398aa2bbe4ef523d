"""What the starter packs hold. Plain data; ``packs`` puts it into an organization."""

from dataclasses import dataclass, field
from typing import Any

from . import pack_mails

Stages = tuple[tuple[str, str, int], ...]  # name, kind, probability in percent
Pipelines = dict[str, tuple[str, Stages]]  # module -> pipeline's name, stages


@dataclass(frozen=True)
class Pack:
    name: str
    label: str
    description: str
    pipelines: Pipelines
    roles: dict[str, tuple[str, dict[str, Any]]] = field(default_factory=dict)  # name -> description, permissions
    objects: dict[str, tuple[str, str]] = field(default_factory=dict)  # key -> name, plural
    fields: tuple[dict[str, Any], ...] = ()
    mails: pack_mails.Mails = ()
    samples: tuple[dict[str, Any], ...] = ()


OWN = dict.fromkeys(("view", "create", "edit", "delete"), "own")
TEAM = {"view": "team", "create": "own", "edit": "team", "delete": "own"}

LEADS: Stages = (
    ("Interest", "open", 10),
    ("Meeting booked", "open", 30),
    ("Proposal sent", "open", 60),
    ("Closed win", "won", 100),
    ("Closed lost", "lost", 0),
)
USUAL: Pipelines = {
    "leads": ("Leads", LEADS),
    "opportunities": (
        "Sales",
        (
            ("Qualification", "open", 20),
            ("Proposal", "open", 50),
            ("Negotiation", "open", 75),
            ("Won", "won", 100),
            ("Lost", "lost", 0),
        ),
    ),
    "cases": (
        "Support",
        (
            ("New", "open", 0),
            ("Assigned", "open", 0),
            ("Waiting on customer", "waiting", 0),
            ("Closed", "won", 100),
            ("Rejected", "lost", 0),
        ),
    ),
    "tasks": ("Tasks", (("New", "open", 0), ("In Progress", "open", 0), ("Completed", "won", 100))),
}


def sample(
    module: str, ref: str, /, custom_fields: Any = None, stage: str = "", object: str = "", **values: Any
) -> dict[str, Any]:
    made = {"module": module, "ref": ref, "values": values, "custom_fields": custom_fields or {}, "stage": stage}
    return made | ({"object": object} if object else {})


SALES = Pack(
    name="sales",
    label="Sales",
    description="Leads that become customers, deals, tasks and support.",
    pipelines=USUAL,
    mails=pack_mails.SALES,
    samples=(
        sample("accounts", "harbour", name="Harbour Works", industry="Shipping", website="https://harbour.example"),
        sample("contacts", "nora", first_name="Nora", last_name="Lind", email="nora@harbour.example", account="@harbour"),
        sample(
            "leads",
            "kai",
            name="Kai Moreno",
            company="Lantern Foods",
            email="kai@lantern.example",
            value=12_000,
            source="Web site",
            stage="Meeting booked",
        ),
        sample(
            "leads",
            "iris",
            name="Iris Okafor",
            company="Northlight",
            email="iris@northlight.example",
            value=4_500,
            source="Referral",
            stage="Interest",
        ),
        sample("opportunities", "fleet", name="Fleet refit", account="@harbour", amount=48_000, stage="Proposal"),
    ),
)

EDUCATION = Pack(
    name="education",
    label="Education",
    description="Families who ask, counselors who look after them, students who enroll.",
    pipelines={
        **USUAL,
        "leads": (
            "Admissions",
            (
                ("New", "open", 10),
                ("Contacted", "open", 20),
                ("Counseling", "open", 40),
                ("Application", "open", 60),
                ("Offer", "open", 80),
                ("Enrolled", "won", 100),
                ("Lost", "lost", 0),
            ),
        ),
    },
    roles={
        "Counselor": (
            "Looks after families and students: their own, and their teams'.",
            {
                "*": OWN,
                **dict.fromkeys(("leads", "objects", "tasks", "contacts", "events", "planner"), TEAM),
                "tags": {"view": "all"},
            },
        ),
    },
    objects={"student": ("Student", "Students")},
    fields=(
        {"module": "objects/student", "key": "lead", "label": "Lead", "type": "relation", "target": "leads"},
        {"module": "objects/student", "key": "date_of_birth", "label": "Date of birth", "type": "date"},
        {
            "module": "objects/student",
            "key": "grade",
            "label": "Grade",
            "type": "choice",
            "options": ["Kindergarten", *(str(grade) for grade in range(1, 13)), "Undergraduate", "Graduate"],
        },
        {"module": "objects/student", "key": "program", "label": "Program", "type": "text"},
        {"module": "objects/student", "key": "school", "label": "Current school", "type": "text"},
        {"module": "leads", "key": "program_interest", "label": "Program of interest", "type": "text"},
        {"module": "leads", "key": "start_term", "label": "Start", "type": "choice", "options": ["Autumn", "Spring", "Summer"]},
    ),
    mails=pack_mails.EDUCATION,
    samples=(
        sample(
            "leads",
            "haddad",
            name="Leila Haddad",
            email="leila@haddad.example",
            source="Open day",
            stage="Counseling",
            custom_fields={"program_interest": "Bilingual primary school", "start_term": "Autumn"},
        ),
        sample(
            "leads",
            "svensson",
            name="Erik Svensson",
            email="erik@svensson.example",
            source="Web site",
            stage="New",
            custom_fields={"program_interest": "Summer school", "start_term": "Summer"},
        ),
        sample(
            "objects",
            "sami",
            object="student",
            name="Sami Haddad",
            custom_fields={"lead": "@haddad", "date_of_birth": "2018-04-12", "grade": "3", "program": "Bilingual primary school"},
        ),
        sample(
            "objects",
            "freja",
            object="student",
            name="Freja Svensson",
            custom_fields={"lead": "@svensson", "date_of_birth": "2012-09-30", "grade": "8"},
        ),
    ),
)

SUPPORT = Pack(
    name="support",
    label="Support",
    description="A help desk: cases by urgency and product, agents who solve them.",
    pipelines=USUAL,
    roles={
        "Support agent": ("Solves the cases of their teams.", {"*": OWN, "cases": TEAM, "tasks": TEAM, "tags": {"view": "all"}})
    },
    fields=(
        {"module": "cases", "key": "product", "label": "Product", "type": "text"},
        {"module": "cases", "key": "product_version", "label": "Version", "type": "text"},
        {
            "module": "cases",
            "key": "channel",
            "label": "Channel",
            "type": "choice",
            "options": ["E-mail", "Phone", "Chat", "Web form"],
        },
        {
            "module": "accounts",
            "key": "plan",
            "label": "Support plan",
            "type": "choice",
            "options": ["Basic", "Standard", "Premium"],
        },
    ),
    mails=pack_mails.SUPPORT,
    samples=(
        sample("accounts", "bakery", name="Corner Bakery", custom_fields={"plan": "Standard"}),
        sample("contacts", "tom", first_name="Tom", last_name="Baker", email="tom@bakery.example", account="@bakery"),
        sample(
            "cases",
            "till",
            name="The till prints nothing",
            account="@bakery",
            stage="Assigned",
            custom_fields={"product": "Till 3", "channel": "Phone"},
        ),
        sample(
            "cases", "invoice", name="Invoice sent twice", account="@bakery", stage="New", custom_fields={"channel": "E-mail"}
        ),
    ),
)

AGENCY = Pack(
    name="agency",
    label="Agency",
    description="Briefs that become projects, with budgets and deadlines, for clients who come back.",
    pipelines={
        **USUAL,
        "opportunities": (
            "Pitches",
            (
                ("Brief", "open", 20),
                ("Pitch", "open", 40),
                ("Offer", "open", 60),
                ("Contract", "open", 90),
                ("Won", "won", 100),
                ("Lost", "lost", 0),
            ),
        ),
    },
    roles={"Project lead": ("Runs the projects of their teams.", {"*": TEAM, "tags": {"view": "all"}})},
    objects={"project": ("Project", "Projects")},
    fields=(
        {"module": "objects/project", "key": "client", "label": "Client", "type": "relation", "target": "accounts"},
        {"module": "objects/project", "key": "budget", "label": "Budget", "type": "money"},
        {"module": "objects/project", "key": "deadline", "label": "Deadline", "type": "date"},
        {
            "module": "objects/project",
            "key": "services",
            "label": "Services",
            "type": "multi_choice",
            "options": ["Branding", "Web", "Film", "Social media", "Print"],
        },
        {"module": "opportunities", "key": "brief", "label": "Brief", "type": "url", "help_text": "Where the brief is kept"},
    ),
    mails=pack_mails.AGENCY,
    samples=(
        sample("accounts", "theatre", name="Riverside Theatre", industry="Culture"),
        sample("opportunities", "season", name="Season campaign", account="@theatre", amount=26_000, stage="Pitch"),
        sample(
            "objects",
            "posters",
            object="project",
            name="Autumn posters",
            custom_fields={
                "client": "@theatre",
                "budget": "8500.00",
                "deadline": "2027-09-01",
                "services": ["Branding", "Print"],
            },
        ),
    ),
)

PACKS = {pack.name: pack for pack in (SALES, EDUCATION, SUPPORT, AGENCY)}
