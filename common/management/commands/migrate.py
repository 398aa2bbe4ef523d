from typing import Any

from django.core.management.commands.migrate import Command as MigrateCommand

from common.tenancy.owner import owner_connection


class Command(MigrateCommand):
    """Django's migrate, as the role that owns the tables. So are its checks: before the first migration nobody else can ask."""

    def execute(self, *args: Any, **options: Any) -> Any:
        with owner_connection():
            return super().execute(*args, **options)
