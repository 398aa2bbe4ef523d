from typing import Any

from django.core.management.commands.makemigrations import Command as DjangoCommand

from common.tenancy.owner import owner_connection


class Command(DjangoCommand):
    """Django's makemigrations, as the role that owns the tables: it also works before the first migration."""

    def handle(self, *args: Any, **options: Any) -> Any:
        with owner_connection():
            return super().handle(*args, **options)
