from typing import Any

from django.core.management.commands.showmigrations import Command as DjangoCommand

from common.tenancy.owner import owner_connection


class Command(DjangoCommand):
    """Django's showmigrations, as the role that owns the tables: it also works before the first migration."""

    def handle(self, *args: Any, **options: Any) -> Any:
        with owner_connection():
            return super().handle(*args, **options)
