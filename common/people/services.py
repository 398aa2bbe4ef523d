"""What happens to people: sign up, sign in, be invited and join, lose a password and get another."""

import base64
import secrets
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
from common.records.packs import PACKS, apply_pack
from common.tenancy import org_scope

from .authentication import find_member
from .mail import queue_mail
from .models import Invitation, Org, Profile, Role, User, normalize_email
from .permissions import SYSTEM_ROLES
from .tokens import digest, end_sessions, secret_token

reset_tokens = PasswordResetTokenGenerator()
EMAIL_SALT = "verify-email"
BAD_LINK = "This link is not valid any more."
CHOOSE_ANEW = "Choose a new password: this address is confirmed together with one."
ADDRESS_TAKEN = "This e-mail address has an account already. Sign in instead."


class WrongPassword(ValidationError):
    """A password that is not the account's."""


def check_password_rules(password: str, user: User | None = None) -> None:
    try:
        validate_password(password, user)
    except DjangoValidationError as error:
        raise ValidationError({"password": error.messages}) from error


@transaction.atomic
def create_org(*, name: str, owner: User, starter_pack: str = "sales", **fields: Any) -> Profile:
    """A new tenant with its system roles, what a starter pack holds, and ``owner`` as its admin."""
    slug = slugify(name)[:50].strip("-") or "org"
    try:
        with transaction.atomic():
            org = Org.objects.create(name=name, slug=slug, **fields)
    except IntegrityError:  # the name is taken; a number would tell by how many
        org = Org.objects.create(name=name, slug=f"{slug}-{secrets.token_hex(4)}", **fields)
    with org_scope(org):
        roles = {
            role: Role.objects.create(name=role, is_system=True, description=system.description)
            for role, system in SYSTEM_ROLES.items()
        }
        profile = Profile.objects.create(user=owner, role=roles["admin"])
    with org_scope(profile):
        apply_pack(PACKS[starter_pack])
    profile.org = org
    return profile


@transaction.atomic
def register(*, email: str, password: str, name: str, org_name: str = "", starter_pack: str = "sales") -> Profile:
    """A new account and its organization. Raises Conflict where the address has an account."""
    email, name = normalize_email(email), name.strip()
    check_password_rules(password, User(email=email, name=name))
    try:
        with transaction.atomic():
            user = User.objects.create_user(email, password, name=name)
    except IntegrityError as error:
        raise Conflict(ADDRESS_TAKEN) from error
    profile = create_org(name=org_name.strip() or f"{name}'s organization"[:150], owner=user, starter_pack=starter_pack)
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


def request_verification(email: str) -> None:
    """Have that link mailed again, if the address has an account and is not confirmed: a task looks, as for a reset."""
    from common.tasks import send_verification_task

    send_verification_task.delay(normalize_email(email))


def send_verification_again(email: str) -> None:
    user = User.objects.filter(email=email, is_active=True, email_verified_at=None).first()
    if user is not None:
        send_verification(user)


def user_of_verification(token: str, users: Any = User.objects) -> User:
    """Whose address a mailed token confirms. Raises ValidationError."""
    try:
        user_id, email = signing.loads(token, salt=EMAIL_SALT, max_age=timedelta(days=14))
        return users.get(pk=user_id, email=email, is_active=True)
    except (signing.BadSignature, ValueError, User.DoesNotExist, DjangoValidationError) as error:
        raise ValidationError({"token": [BAD_LINK]}) from error


@transaction.atomic
def verify_email(*, token: str, password: str = "") -> User:
    """Mark an address as its owner's, who chooses a new password where that makes them staff."""
    user = user_of_verification(token, User.objects.select_for_update())
    if becomes_staff(user):
        if not password:
            raise ValidationError({"password": [CHOOSE_ANEW]})
        set_password(user, password)
    mark_verified(user)
    return user


def becomes_staff(user: User) -> bool:
    """Whether whoever proves the address becomes platform staff.

    That takes a new password, since anybody may have signed up with the address and a password of their own.
    """
    return user.email_verified_at is None and user.email.rpartition("@")[2] in settings.SUPERADMIN_EMAIL_DOMAINS


def mark_verified(user: User) -> None:
    """The address is its owner's, and so is the password where it makes them staff."""
    if user.email_verified_at is None:
        user.is_superuser = user.is_superuser or becomes_staff(user)
        user.email_verified_at = timezone.now()
        user.save(update_fields=["email_verified_at", "is_superuser"])


def request_password_reset(email: str) -> None:
    """Have a link mailed, if the address has an account. A task looks, so that the answer takes as long for any address."""
    from common.tasks import send_password_reset_task

    send_password_reset_task.delay(normalize_email(email))


def send_password_reset(email: str) -> None:
    user = User.objects.filter(email=email, is_active=True).first()
    if user is not None:
        queue_mail(user.email, "reset", user=user, link=reset_link(user))


def reset_link(user: User) -> str:
    """A page where the user sets a password, once."""
    return f"{settings.DOMAIN_NAME}/reset-password/?token={user.pk.hex}.{reset_tokens.make_token(user)}"


def user_of_reset(token: str, users: Any = User.objects) -> User:
    """Whose password a mailed token may change. Raises ValidationError."""
    user_id, _, secret = token.partition(".")
    try:
        user = users.get(pk=UUID(user_id), is_active=True)
    except (ValueError, User.DoesNotExist) as error:
        raise ValidationError({"token": [BAD_LINK]}) from error
    if not reset_tokens.check_token(user, secret):
        raise ValidationError({"token": [BAD_LINK]})
    return user


@transaction.atomic
def reset_password(*, token: str, password: str) -> User:
    user = user_of_reset(token, User.objects.select_for_update())
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
    check_may_grant(role, invited_by)
    email, secret = normalize_email(email), secret_token()
    invitation = Invitation.objects.select_for_update().filter(email=email, accepted_at=None).first() or Invitation(email=email)
    invitation.role = role
    invitation.token_hash = digest(secret)
    invitation.expires_at = timezone.now() + settings.INVITATION_LIFETIME
    invitation.save()
    key = base64.urlsafe_b64encode(invitation.org_id.bytes + invitation.pk.bytes).decode().rstrip("=")  # type: ignore[union-attr]
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
    user = invited_user(invitation, password=password, name=name, signed_in=signed_in)
    with org_scope(invitation.org_id):
        # the row lock makes a second click wait, and find the offer taken
        taken = Invitation.objects.filter(pk=invitation.pk, accepted_at=None).update(accepted_at=timezone.now())
        if not taken:
            raise ValidationError({"token": [BAD_LINK]})
        join(user, invitation)
    profile = find_member(user.pk, invitation.org_id)  # type: ignore[arg-type]
    if profile is None:  # the organization was closed at this moment
        raise ValidationError({"token": [BAD_LINK]})
    return profile


def invited_user(invitation: Invitation, *, password: str, name: str, signed_in: User | None) -> User:
    """The owner of the invited address, who has to show that they are, or a new account. Raises WrongPassword."""
    user = User.objects.filter(email=invitation.email).first()
    if user is None:
        name = name.strip() or invitation.email.partition("@")[0]
        check_password_rules(password, User(email=invitation.email, name=name))
        user = User.objects.create_user(invitation.email, password, name=name)
        mark_verified(user)
        return user
    if signed_in != user and not (user.check_password(password) and user.is_active):
        raise WrongPassword({"password": ["Give the password of your account, or sign in first."]})
    if not becomes_staff(user):
        mark_verified(user)
    return user


def join(user: User, invitation: Invitation) -> None:
    """Make ``user`` a member. Who is one already keeps their role; who was removed comes back by a later offer only."""
    profile, _ = Profile.objects.select_for_update(of=("self",)).get_or_create(user=user, defaults={"role": invitation.role})
    if profile.is_active:
        return
    if profile.updated_at > invitation.updated_at:
        raise ValidationError({"token": [BAD_LINK]})
    profile.is_active, profile.role = True, invitation.role
    profile.save(update_fields=["is_active", "role", "updated_at", "updated_by"])


# --- Membership, as an org's admin changes it


def check_may_grant(role: Role, by: Profile) -> None:
    """Nobody gives away what they may not do themselves."""
    if not by.reaches(role):
        raise ValidationError({"role": ["You cannot give a role that may do more than your own."]})


def check_some_admin_left(profile: Profile) -> None:
    """An org must keep one active admin, or nobody could manage it any more."""
    admins = Profile.objects.filter(is_active=True, user__is_active=True, role__is_system=True, role__name="admin")
    others = admins.exclude(pk=profile.pk).select_for_update(of=("self",))
    if profile.is_active and profile.is_admin and not others.first():
        raise Conflict("The organization needs at least one other active admin first.")
