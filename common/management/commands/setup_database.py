import secrets
from argparse import ArgumentParser
from typing import Any
from urllib.parse import quote

import psycopg2
from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from common.tenancy.roles import APP, OWNER, bootstrap, connection_values

LINES = {"DATABASE_URL": APP, "DATABASE_OWNER_URL": OWNER}


class Command(BaseCommand):
    """Make roles and database on a PostgreSQL server, as one who may."""

    help = "Make the database and its three roles on a PostgreSQL server, and print the lines for .env. Safe to repeat."
    requires_system_checks = []  # they ask the database that this command makes

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--admin-url", default=settings.DATABASE_ADMIN_URL, help="postgres://… of a role that may make roles")
        parser.add_argument("--database", default="crm", help="the database's name (crm)")
        parser.add_argument("--new-passwords", action="store_true", help="replace the passwords of roles that are there already")

    def handle(self, *args: Any, **options: Any) -> None:
        if not options["admin_url"].startswith(("postgres://", "postgresql://")):
            raise CommandError("Say who may make roles: --admin-url postgres://postgres:…@host/postgres, or DATABASE_ADMIN_URL.")
        server = connection_values(options["admin_url"])
        try:
            known = existing_roles(server)
            passwords = {
                role: given_password(role) or (secrets.token_urlsafe(24) if options["new_passwords"] or role not in known else "")
                for role in (OWNER, APP)
            }
            bootstrap(server, options["database"], passwords)
        except psycopg2.Error as error:
            raise CommandError(f"PostgreSQL says: {str(error).strip()}") from error
        self.stdout.write("Roles and database are there. Put these lines into .env, then run `python manage.py migrate`:\n\n")
        for variable, role in LINES.items():
            secret = quote(passwords[role], safe="") or "<its password, unchanged>"
            where = f"{server.get('host', 'localhost')}:{server.get('port', 5432)}/{options['database']}"
            self.stdout.write(f"{variable}=postgres://{role}:{secret}@{where}")


def given_password(role: str) -> str:
    """The password that DATABASE_URL or DATABASE_OWNER_URL gives to ``role``, if they do."""
    for place in (settings.DATABASES["default"], settings.DATABASE_OWNER):
        if place.get("USER") == role and place.get("PASSWORD"):
            return place["PASSWORD"]
    return ""


def existing_roles(server: dict[str, Any]) -> set[str]:
    connection = psycopg2.connect(**server)
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT rolname FROM pg_roles")
            return {name for (name,) in cursor.fetchall()}
    finally:
        connection.close()
