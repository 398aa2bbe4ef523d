import getpass
import sys
from typing import Any

from django.core.exceptions import ValidationError
from django.core.management import BaseCommand, CommandError
from django.core.validators import validate_email
from django.db import transaction
from rest_framework.exceptions import ValidationError as Refused

from common.people.models import User, normalize_email
from common.people.services import mark_verified, reset_link, set_password


class Command(BaseCommand):
    help = (
        "Make a platform administrator, who sees every organization in /admin/. Asks for a password or prints a link to set one."
    )

    def add_arguments(self, parser: Any) -> None:
        parser.add_argument("email")
        parser.add_argument("--name", default="")
        parser.add_argument(
            "--link", action="store_true", help="print a link, which works once, instead of asking for a password"
        )

    @transaction.atomic
    def handle(self, *args: Any, email: str, name: str, link: bool, **options: Any) -> None:
        email = normalize_email(email)
        try:
            validate_email(email)
        except ValidationError as error:
            raise CommandError(f"{email} is not an e-mail address.") from error
        user = User.objects.filter(email=email).first()
        is_new = user is None
        user = user or User.objects.create_user(email, None, name=name)
        user.is_superuser = user.is_active = True
        user.save(update_fields=["is_superuser", "is_active"])
        mark_verified(user)
        if not is_new:
            self.stdout.write(f"{email} keeps their password and is a platform administrator now.")
        elif link or not sys.stdin.isatty():
            self.stdout.write(f"{email} is a platform administrator. This link sets the password, once, within a day:")
            self.stdout.write(reset_link(user))
        else:
            self.ask_password(user)
            self.stdout.write(f"{email} is a platform administrator.")

    def ask_password(self, user: User) -> None:
        password = getpass.getpass("Password: ")
        if password != getpass.getpass("Once more: "):
            raise CommandError("The two are not the same. Nothing was changed.")
        try:
            set_password(user, password)
        except Refused as error:
            messages = error.detail["password"] if isinstance(error.detail, dict) else error.detail
            raise CommandError(" ".join(map(str, messages))) from error
