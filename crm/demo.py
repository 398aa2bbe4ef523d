"""Two organizations with people and records to look at, for development and first impressions. Never in production."""

from dataclasses import dataclass
from datetime import timedelta
from itertools import cycle
from typing import Any
from unicodedata import normalize

from django.conf import settings
from django.contrib.auth.hashers import make_password
from django.db import transaction
from django.utils import timezone

import boards.demo
import cases.demo
import custom_objects.demo
import documents.demo
import emails.demo
import events.demo
import invoices.demo
import opportunity.demo
import planner.demo
import tasks.demo
from accounts.models import Account
from common.people.models import Org, Profile, Role, User
from common.people.services import create_org
from common.records.models import Comment, Stage, Tag
from common.tenancy import org_scope
from contacts.models import Contact
from leads.models import Lead
from opportunity.models import Opportunity
from teams.models import Team

PASSWORD = "atrium demo"  # noqa: S105 -- known on purpose, and refused in production
STAFF = "staff@atrium.example"


class DemoRefused(RuntimeError):
    """The demo may not be loaded here."""


@dataclass(frozen=True)
class Company:
    name: str
    industry: str
    website: str
    employees: int
    contact: str  # first and last name
    title: str


@dataclass(frozen=True)
class Tenant:
    name: str
    domain: str
    currency: str
    people: tuple[tuple[str, str, str], ...]  # name, role, title; the first is the owner
    teams: tuple[str, ...]
    tags: tuple[tuple[str, str], ...]
    companies: tuple[Company, ...]
    leads: tuple[tuple[str, str, str, int, str], ...]  # name, company, stage, value, source
    deals: tuple[tuple[str, str, int], ...]  # name, stage, amount; one per company, in turn
    notes: tuple[str, ...]


KAYAKS = Tenant(
    name="Fjord Kayaks",
    domain="fjord.example",
    currency="EUR",
    people=(
        ("Astrid Nilsen", "admin", "Managing director"),
        ("Mateo Alvarez", "manager", "Head of sales"),
        ("Priya Raman", "user", "Account executive"),
        ("Jonas Weber", "user", "Account executive"),
        ("Chloe Martin", "client", "Buyer at Lakeside Rentals"),
    ),
    teams=("Rentals", "Retail"),
    tags=(("key account", "#7c3aed"), ("fair 2026", "#0891b2"), ("needs demo", "#d97706")),
    companies=(
        Company("Lakeside Rentals", "Tourism", "https://lakeside.example", 24, "Chloe Martin", "Purchasing"),
        Company("Harbour Outdoor", "Retail", "https://harbour-outdoor.example", 140, "Tomasz Nowak", "Category manager"),
        Company("Blue Coast Tours", "Tourism", "https://bluecoast.example", 35, "Inês Carvalho", "Owner"),
        Company("Alpine Scouts", "Non-profit", "https://alpine-scouts.example", 12, "Lukas Frei", "Camp leader"),
    ),
    leads=(
        ("Hanna Virtanen", "Saimaa Canoe Club", "Interest", 8400, "Website"),
        ("Oliver Grant", "Loch Adventures", "Interest", 15200, "Trade fair"),
        ("Yuki Tanaka", "Biwa Paddle", "Interest", 32000, "Referral"),
        ("Sofia Rossi", "Garda Sport", "Interest", 5600, "Website"),
        ("Noah Dubois", "Annecy Plein Air", "Meeting booked", 12800, "Phone"),
        ("Emma Larsen", "Aarhus Havn", "Meeting booked", 21900, "Trade fair"),
        ("Ravi Menon", "Kerala Backwaters", "Meeting booked", 47500, "Referral"),
        ("Marta Silva", "Douro Aventura", "Proposal sent", 18300, "Website"),
        ("Liam O'Connor", "Shannon Boats", "Proposal sent", 26400, "Phone"),
        ("Zeynep Kaya", "Bodrum Marine", "Proposal sent", 9900, "Website"),
        ("Chloe Martin", "Lakeside Rentals", "Closed win", 38500, "Referral"),
        ("Inês Carvalho", "Blue Coast Tours", "Closed win", 14700, "Trade fair"),
        ("Peter Novak", "Bled Camping", "Closed lost", 7200, "Website"),
        ("John Doe", "Acme Corp", "Interest", 9600, "Referral"),
        ("Jane Smith", "Acme Corp", "Meeting booked", 13500, "Referral"),
        ("John Smith", "Tech Corp", "Interest", 11800, "Website"),
        ("Jane Doe", "Microsoft", "Interest", 24000, "Trade fair"),
    ),
    deals=(
        ("30 touring kayaks", "Won", 38500),
        ("Spring assortment", "Negotiation", 64000),
        ("Season rental fleet", "Proposal", 14700),
        ("Youth boats", "Qualification", 6100),
    ),
    notes=(
        "Called today: wants a price for ten boats with paddles and vests.",
        "Met at the fair. Prefers delivery before Easter.",
        "Sent the catalogue and two references.",
        "Asked for a trial day on the water with the whole team.",
    ),
)
SCHOOL = Tenant(
    name="Lumen Languages",
    domain="lumen.example",
    currency="USD",
    people=(
        ("Grace Okafor", "admin", "Principal"),
        ("Daniel Kim", "manager", "Head of admissions"),
        ("Leila Haddad", "user", "Admissions counselor"),
        ("Victor Mendes", "client", "Training officer at Orbit Airlines"),
    ),
    teams=("Admissions",),
    tags=(("scholarship", "#16a34a"), ("company course", "#2563eb")),
    companies=(
        Company("Orbit Airlines", "Aviation", "https://orbit.example", 5200, "Victor Mendes", "Training officer"),
        Company("Mercy Hospital", "Health", "https://mercy.example", 1900, "Ana Torres", "Head of nursing"),
        Company("Bright Software", "Software", "https://bright.example", 310, "Wei Zhang", "People partner"),
    ),
    leads=(
        ("Amara Diallo", "", "Interest", 2400, "Website"),
        ("Lucas Pereira", "", "Interest", 2400, "Instagram"),
        ("Nadia Petrova", "", "Interest", 3100, "Referral"),
        ("Sam Taylor", "Mercy Hospital", "Meeting booked", 18600, "Phone"),
        ("Ahmed Farouk", "", "Meeting booked", 2800, "Open day"),
        ("Wei Zhang", "Bright Software", "Proposal sent", 22000, "Referral"),
        ("Victor Mendes", "Orbit Airlines", "Closed win", 54000, "Referral"),
        ("Julia Braun", "", "Closed lost", 2400, "Open day"),
    ),
    deals=(
        ("English for cabin crew", "Won", 54000),
        ("Spanish for nurses", "Qualification", 18600),
        ("Onboarding in German", "Negotiation", 22000),
    ),
    notes=(
        "Took the placement test: B1. Wants the evening course.",
        "Visa papers are on their way; asked for a letter of admission.",
        "Compares us with two other schools, decides by Friday.",
    ),
)
TENANTS = (KAYAKS, SCHOOL)
#: Modules with data of their own, in an order in which each finds what it refers to.
MODULES = (opportunity.demo, invoices.demo, cases.demo, tasks.demo, events.demo, planner.demo, boards.demo, documents.demo,
           custom_objects.demo, emails.demo)  # fmt: skip


def is_empty() -> bool:
    return not (Org.objects.exists() or User.objects.exists())


def is_loaded() -> bool:
    return User.objects.filter(email=STAFF).exists()


@transaction.atomic
def load() -> None:
    """Load all of it, or nothing. Raises DemoRefused in production, and where it is loaded already."""
    if settings.PRODUCTION:
        raise DemoRefused("The demo has passwords that everybody knows: it is not for production.")
    if is_loaded():
        raise DemoRefused("The demo is there already.")
    password = make_password(PASSWORD)
    make_user("Sam Staff", STAFF, password, is_superuser=True)
    for tenant in TENANTS:
        load_tenant(tenant, password)


def email_of(name: str, domain: str) -> str:
    """The first name at ``domain``, in plain letters: an address with accents is none for most servers."""
    plain = normalize("NFKD", name.split()[0]).encode("ascii", "ignore").decode()
    return f"{plain.lower()}@{domain}"


def make_user(name: str, email: str, password: str, **fields: Any) -> User:
    return User.objects.create(name=name, email=email, password=password, email_verified_at=timezone.now(), **fields)


def load_tenant(tenant: Tenant, password: str) -> None:
    users = [make_user(name, email_of(name, tenant.domain), password) for name, *_ in tenant.people]
    owner = create_org(name=tenant.name, owner=users[0], currency=tenant.currency)
    with org_scope(owner):
        staff = [profile for profile in join(tenant, users) if profile.role.name != "client"]
        teams = make_teams(tenant, staff)
        tags = [Tag.objects.create(name=name, color=color) for name, color in tenant.tags]
        make_customers(tenant, staff, teams, tags)
        make_leads(tenant, staff, teams, tags)
        for module in MODULES:
            module.add_demo(tenant.domain, staff)


def join(tenant: Tenant, users: list[User]) -> list[Profile]:
    roles = {role.name: role for role in Role.objects.all()}
    profiles = []
    for user, (_, role, title) in zip(users, tenant.people, strict=True):
        profile, _ = Profile.objects.get_or_create(user=user, defaults={"role": roles[role]})
        profile.title = title
        profile.save(update_fields=["title", "updated_at", "updated_by"])
        profiles.append(profile)
    return profiles


def make_teams(tenant: Tenant, staff: list[Profile]) -> list[Team]:
    teams = []
    for index, name in enumerate(tenant.teams):
        team = Team.objects.create(name=name, lead=staff[1])
        team.members.set([staff[1], *staff[2 + index :: len(tenant.teams)]])
        teams.append(team)
    return teams


def stages_of(module: str) -> dict[str, Stage]:
    return {stage.name: stage for stage in Stage.objects.filter(pipeline__module=module)}


def make_customers(tenant: Tenant, staff: list[Profile], teams: list[Team], tags: list[Tag]) -> None:
    stages, sellers = stages_of("opportunities"), cycle(staff[1:])
    for company, (deal, stage, amount), seller in zip(tenant.companies, tenant.deals, sellers, strict=False):
        first, _, last = company.contact.partition(" ")
        domain = company.website.removeprefix("https://")
        with org_scope(seller):
            account = Account.objects.create(
                name=company.name,
                industry=company.industry,
                website=company.website,
                number_of_employees=company.employees,
                email=f"info@{domain}",
            )
            contact = Contact.objects.create(
                first_name=first,
                last_name=last,
                title=company.title,
                account=account,
                organization=company.name,
                email=email_of(company.contact, domain),
            )
            account.contacts.add(contact)
            opportunity = Opportunity.objects.create(
                name=f"{deal} for {company.name}",
                account=account,
                amount=amount,
                currency=tenant.currency,
                stage=stages[stage],
                probability=stages[stage].probability,
                close_date=timezone.localdate() + timedelta(days=21),
                closed_on=timezone.localdate() - timedelta(days=6) if stages[stage].kind == Stage.Kind.WON else None,
            )
            opportunity.contacts.add(contact)
            for record in (account, contact, opportunity):
                record.assigned_to.add(seller)
                record.teams.add(teams[0])
            account.tags.add(tags[0])


def make_leads(tenant: Tenant, staff: list[Profile], teams: list[Team], tags: list[Tag]) -> None:
    stages, notes = stages_of("leads"), cycle(tenant.notes)
    for number, (name, company, stage, value, source) in enumerate(tenant.leads):
        seller = staff[1 + number % (len(staff) - 1)]
        with org_scope(seller):
            lead = Lead.objects.create(
                name=name,
                company=company,
                email=email_of(name, "mail.example"),
                phone=f"+49 30 5550{number:03}",
                value=value,
                currency=tenant.currency,
                source=source,
                stage=stages[stage],
                probability=stages[stage].probability,
                close_date=timezone.localdate() + timedelta(days=10 + 3 * number),
            )
            lead.assigned_to.add(seller)
            lead.teams.add(teams[number % len(teams)])
            lead.tags.set(tags[number % 3 : number % 3 + 1 + number % 2])
            if number % 2 == 0:
                Comment.objects.create(lead=lead, comment=next(notes))


def logins() -> str:
    """Who can sign in to the demo, with their password."""
    lines = [f'Demo logins, all with the password "{PASSWORD}":', f"  {STAFF:<26}platform staff, sees every organization"]
    for tenant in TENANTS:
        for name, role, _ in tenant.people:
            lines.append(f"  {email_of(name, tenant.domain):<26}{role} at {tenant.name}")
    return "\n".join(lines)
