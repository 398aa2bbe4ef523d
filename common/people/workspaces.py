"""Which organizations a person belongs to, and the one that their browser session is in."""

from typing import Any
from uuid import UUID

from common.tenancy import all_orgs

from .authentication import find_member
from .models import Profile, User

SESSION_KEY = "org"


def memberships(user: User) -> list[Profile]:
    """The active profiles of a user in all active orgs. The one question that has to look across tenants."""
    with all_orgs(user_id=user.pk):
        profiles = Profile.objects.filter(user=user, is_active=True, org__is_active=True)
        return list(profiles.select_related("org", "role").order_by("org__name", "pk"))


def session_profile(request: Any, user: User) -> Profile | None:
    """The profile in the org that the session is in; where it has ended, in another one."""
    if chosen := request.session.get(SESSION_KEY):
        if profile := find_member(user.pk, UUID(chosen)):
            return profile
    for profile in memberships(user):
        request.session[SESSION_KEY] = str(profile.org_id)
        return find_member(user.pk, profile.org.pk)
    return None
