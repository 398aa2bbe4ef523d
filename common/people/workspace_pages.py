"""The first pages after sign-in: the organization's leads, its open invitations, and the way to another organization."""

from dataclasses import dataclass
from decimal import Decimal
from functools import cache
from typing import Any

import orjson
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied
from django.forms import UUIDField
from django.forms import ValidationError as FormError
from django.http import Http404, HttpResponse
from django.shortcuts import redirect
from django.utils import timezone
from django.views.decorators.http import require_POST, require_safe

from common.api.pages import COUNT_CAP
from common.records.models import MODULES
from common.records.serializers import ProjectedSerializer
from common.records.stages import board, column_counts

from . import services
from .authentication import find_member
from .forms import InviteForm, ResendForm
from .models import Invitation, Profile, Role
from .pages import form_page, sent, show
from .permissions import may_invite
from .workspaces import SESSION_KEY, memberships

CARDS = 5
INVITATIONS = 50


@dataclass(frozen=True)
class Column:
    """A stage of the leads board, with its first cards."""

    name: str
    kind: str
    cards: list[dict[str, Any]]
    count: int

    @property
    def shown_count(self) -> str:
        return f"{COUNT_CAP - 1:,}+" if self.count >= COUNT_CAP else f"{self.count:,}"

    @property
    def more(self) -> bool:
        return self.count > len(self.cards)


@cache
def card_serializer(model: Any) -> Any:
    """What a card shows. (The module's own serializer stands above this package, and has ten times as much.)"""
    meta = type("Meta", (), {"model": model, "fields": ["id", "name", "company", "value", "currency"]})
    return type("CardSerializer", (ProjectedSerializer,), {"Meta": meta})


def leads_board(profile: Profile) -> list[Column] | None:
    """The leads that a person may see, stage by stage; None where their role has nothing to do with leads."""
    model = MODULES["leads"]
    if profile.scope_for(model.module, "view") == "none":
        return None
    leads, serializer = model.objects.visible_to(profile), card_serializer(model)
    stages = board(leads, None, serializer, serializer.names(), CARDS)
    counts = column_counts(leads, [stage[0] for stage in stages])
    return [
        Column(name, kind, [card_of(text, profile) for text in cards], count)
        for (_, name, kind, _, cards), count in zip(stages, counts, strict=True)
    ]


def card_of(text: str, profile: Profile) -> dict[str, Any]:
    card = orjson.loads(text)
    return card | {"worth": money(card["value"], card["currency"] or profile.org.currency)}


def money(value: str | None, currency: str) -> str:
    if value is None:
        return ""
    amount = Decimal(value)
    return f"{amount:,.0f} {currency}" if amount == amount.to_integral_value() else f"{amount:,.2f} {currency}"


def invite_form(profile: Profile, values: Any = None) -> InviteForm:
    """With the roles that the person may give away: nobody makes others mightier than themselves."""
    roles = [role for role in Role.objects.order_by("created_at") if profile.reaches(role)]
    return InviteForm(values, roles=roles)


@login_required
@require_safe
def app(request: Any) -> HttpResponse:
    """The first page of the organization that the session is in."""
    profile, orgs = request.profile, memberships(request.user)
    if profile is None:
        return show(request, "no_org.html")
    columns = leads_board(profile)
    context = {
        "profile": profile,
        "orgs": [membership.org for membership in orgs],
        "columns": columns,
        "has_leads": any(column.count for column in columns or []),
        "may_create": profile.scope_for("leads", "create") != "none",
        "api": request.build_absolute_uri("/api/v1"),
    }
    if not may_invite(profile):
        return show(request, "app.html", **context)
    invitations = list(Invitation.objects.filter(accepted_at=None).select_related("role")[:INVITATIONS])
    return show(request, "app.html", invite_form(profile), invitations=invitations, now=timezone.now(), **context)


@login_required
@form_page
def invite(request: Any) -> HttpResponse:
    """Invite a colleague by mail. The answer is the same for any address."""
    profile = request.profile
    if profile is None or not may_invite(profile):
        raise PermissionDenied
    form = invite_form(profile, sent(request))

    def send(email: str, role: Role) -> Invitation:
        return services.invite(email=email, role=role, invited_by=profile)

    if not form.submit(request, send):
        return show(request, "invite.html", form, profile=profile)
    messages.success(request, f"An invitation is on its way to {form.result.email}. It can be accepted for seven days.")
    return redirect("app")


@login_required
@require_POST
def verify_again(request: Any) -> HttpResponse:
    """Have the mail that confirms one's address sent again."""
    form, address = ResendForm(request.POST), request.user.email
    if form.submit(request, lambda: services.request_verification(address), address=address):
        messages.success(request, f"A new mail is on its way to {address}.")
    else:
        messages.error(request, " ".join(form.non_field_errors()))
    return redirect("app")


@login_required
@form_page
def switch(request: Any) -> HttpResponse:
    """Choose the organization to work in, of one's own ones."""
    if request.method != "POST":
        return show(request, "switch.html", profile=request.profile, memberships=memberships(request.user))
    try:
        org_id = UUIDField().clean(request.POST.get("org"))
    except FormError as error:
        raise Http404 from error
    member = find_member(request.user.pk, org_id)
    if member is None:
        raise Http404
    request.session[SESSION_KEY] = str(member.org_id)
    return redirect("app")
