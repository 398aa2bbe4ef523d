"""What happens to people: sign up, sign in, be invited and join, lose a password and get another."""

import base64
from datetime import timedelta
from typing import Any
from uuid import UUID

from django.conf import settings
from django.contrib.auth import hashers
from django.contrib.auth.password_validation import validate_password
from django.contrib.auth.tokens import PasswordResetTokenGenerator
from django.core import signing
from django.core.exceptions import ValidationError as DjangoValidationError
from django.db import IntegrityError, transaction
from django.utils import timezone
from django.utils.text import slugify
from rest_framework.exceptions import ValidationError

from common.api.errors import Conflict
from common.records.packs import SALES, apply_pack
from common.tenancy import org_scope

from .authentication import find_member
from .mail import queue_mail
from .models import Invitation, Org, Profile, Role, User, normalize_email
from .permissions import SYSTEM_ROLES
from .tokens import digest, end_sessions, secret_token

reset_tokens = PasswordResetTokenGenerator()
EMAIL_SALT = "verify-email"
BAD_LINK = "This link is not valid any more."
ADDRESS_TAKEN = "This e-mail address has an account already. Sign in instead."


def check_password_rules(password: str, user: User | None = None) -> None:
    try:
        validate_password(password, user)
    except DjangoValidationError as error:
        raise ValidationError({"password": error.messages}) from error


def free_slug(name: str) -> str:
    base = slugify(name)[:50].strip("-") or "org"
    taken = set(Org.objects.filter(slug__startswith=base).values_list("slug", flat=True))
    return next(slug for slug in (base, *(f"{base}-{number}" for number in range(2, len(taken) + 3))) if slug not in taken)


@transaction.atomic
def create_org(*, name: str, owner: User, **fields: Any) -> Profile:
    """A new tenant with its system roles, pipelines, and ``owner`` as its admin."""
    try:
        with transaction.atomic():
            org = Org.objects.create(name=name, slug=free_slug(name), **fields)
    except IntegrityError:  # two orgs of one name at the same moment
        org = Org.objects.create(
            name=name, slug=f"{free_slug(name)[:50]}-{secret_token()[:6].lower().replace('_', '-')}", **fields
        )
    with org_scope(org):
        roles = {
            role: Role.objects.create(name=role, is_system=True, description=system.description)
            for role, system in SYSTEM_ROLES.items()
        }
        profile = Profile.objects.create(user=owner, role=roles["admin"])
        apply_pack(SALES)
    profile.org = org
    return profile


@transaction.atomic
def register(*, email: str, password: str, name: str, org_name: str = "") -> Profile:
    """A new account and its organization. Raises Conflict where the address has an account."""
    email, name = normalize_email(email), name.strip()
    check_password_rules(password, User(email=email, name=name))
    try:
        with transaction.atomic():
            user = User.objects.create_user(email, password, name=name)
    except IntegrityError as error:
        raise Conflict(ADDRESS_TAKEN) from error
    profile = create_org(name=org_name.strip() or f"{name}'s organization"[:150], owner=user)
    send_verification(user)
    return profile


def authenticate(email: str, password: str) -> User | None:
    """The user, if the password is theirs; it takes as long when nobody has the address."""
    user = User.objects.filter(email=normalize_email(email)).first()
    if user is None:
        hashers.make_password(password)
        return None
    return user if user.check_password(password) and user.is_active else None


# --- E-mail addresses and passwords


def send_verification(user: User) -> None:
    token = signing.dumps([str(user.pk), user.email], salt=EMAIL_SALT)
    queue_mail(user.email, "verify", user=user, link=f"{settings.DOMAIN_NAME}/verify-email/?token={token}")


def verify_email(token: str) -> User:
    """Mark an address as its owner's. An address in a platform domain makes its owner platform staff."""
    try:
        user_id, email = signing.loads(token, salt=EMAIL_SALT, max_age=timedelta(days=14))
        user = User.objects.get(pk=user_id, email=email)
    except (signing.BadSignature, ValueError, User.DoesNotExist, DjangoValidationError) as error:
        raise ValidationError({"token": [BAD_LINK]}) from error
    mark_verified(user)
    return user


def mark_verified(user: User) -> None:
    if user.email_verified_at is None:
        user.email_verified_at = timezone.now()
        user.is_superuser = user.is_superuser or user.email.rpartition("@")[2] in settings.SUPERADMIN_EMAIL_DOMAINS
        user.save(update_fields=["email_verified_at", "is_superuser"])


def request_password_reset(email: str) -> None:
    """Mail a link, if the address has an account. The caller learns nothing of it."""
    user = User.objects.filter(email=normalize_email(email), is_active=True).first()
    if user is not None:
        token = f"{user.pk.hex}.{reset_tokens.make_token(user)}"
        queue_mail(user.email, "reset", user=user, link=f"{settings.DOMAIN_NAME}/reset-password/?token={token}")


@transaction.atomic
def reset_password(*, token: str, password: str) -> User:
    user_id, _, secret = token.partition(".")
    try:
        user = User.objects.select_for_update().get(pk=UUID(user_id), is_active=True)
    except (ValueError, User.DoesNotExist) as error:
        raise ValidationError({"token": [BAD_LINK]}) from error
    if not reset_tokens.check_token(user, secret):
        raise ValidationError({"token": [BAD_LINK]})
    set_password(user, password)
    mark_verified(user)
    return user


@transaction.atomic
def set_password(user: User, password: str, *, keep_session: Any = None) -> None:
    """A new password ends every session but ``keep_session``."""
    check_password_rules(password, user)
    user.set_password(password)
    user.save(update_fields=["password"])
    end_sessions(user, but=keep_session)


# --- Invitations


@transaction.atomic
def invite(*, email: str, role: Role, invited_by: Profile) -> Invitation:
    """Offer a place in the org of the scope. Inviting again replaces the earlier offer; nobody learns who has an account."""
    email, secret = normalize_email(email), secret_token()
    invitation = Invitation.objects.select_for_update().filter(email=email, accepted_at=None).first() or Invitation(email=email)
    invitation.role = role
    invitation.token_hash = digest(secret)
    invitation.expires_at = timezone.now() + settings.INVITATION_LIFETIME
    invitation.save()
    key = base64.urlsafe_b64encode(invitation.org_id.bytes + invitation.pk.bytes).decode().rstrip("=")
    link = f"{settings.DOMAIN_NAME}/accept-invitation/?token={key}.{secret}"
    queue_mail(email, "invite", org=invited_by.org, invited_by=invited_by, role=role, link=link)
    return invitation


def find_invitation(token: str) -> Invitation:
    """The open invitation behind a mailed token. Raises ValidationError."""
    key, _, secret = token.partition(".")
    try:
        raw = base64.urlsafe_b64decode(key + "=" * (-len(key) % 4))
        org_id, pk = UUID(bytes=raw[:16]), UUID(bytes=raw[16:])
    except ValueError as error:
        raise ValidationError({"token": [BAD_LINK]}) from error
    with org_scope(org_id):
        offers = Invitation.objects.select_related("role", "org").filter(
            pk=pk, token_hash=digest(secret), accepted_at=None, expires_at__gt=timezone.now(), org__is_active=True
        )
        invitation = offers.first()
    if invitation is None:
        raise ValidationError({"token": [BAD_LINK]})
    return invitation


@transaction.atomic
def accept_invitation(*, token: str, password: str = "", name: str = "", signed_in: User | None = None) -> Profile:
    """Join an org. The owner of the address joins with a session or their password; a new person makes an account."""
    invitation = find_invitation(token)
    user = User.objects.filter(email=invitation.email).first()
    if user is None:
        check_password_rules(password, User(email=invitation.email, name=name))
        user = User.objects.create_user(invitation.email, password, name=name.strip() or invitation.email.partition("@")[0])
    elif signed_in != user and not (user.is_active and user.check_password(password)):
        raise ValidationError({"password": ["Give the password of your account, or sign in first."]})
    mark_verified(user)
    with org_scope(invitation.org_id):
        # the row lock makes a second click wait, and find the offer taken
        taken = Invitation.objects.filter(pk=invitation.pk, accepted_at=None).update(accepted_at=timezone.now())
        if not taken:
            raise ValidationError({"token": [BAD_LINK]})
        profile, _ = Profile.objects.get_or_create(user=user, defaults={"role": invitation.role})
        if not profile.is_active:
            profile.is_active, profile.role = True, invitation.role
            profile.save(update_fields=["is_active", "role", "updated_at", "updated_by"])
    found = find_member(user.pk, invitation.org_id)
    assert found is not None
    return found


# --- Membership, as an org's admin changes it


def check_some_admin_left(profile: Profile) -> None:
    """An org must keep one active admin, or nobody could manage it any more."""
    others = Profile.objects.filter(is_active=True, role__is_system=True, role__name="admin").exclude(pk=profile.pk)
    if profile.is_admin and not others.select_for_update(of=("self",)).first():
        raise Conflict("The organization needs at least one other active admin first.")
