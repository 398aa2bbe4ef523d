#!/usr/bin/env python
import os
import sys


def main() -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "crm.settings")
    from django.conf import settings
    from django.core.exceptions import ImproperlyConfigured
    from django.core.management import execute_from_command_line

    try:
        settings.INSTALLED_APPS  # noqa: B018 -- reads them all
    except (ImproperlyConfigured, ValueError, OSError) as error:
        sys.exit(f"Atrium's settings are not right: {error}. See .env.example.")
    execute_from_command_line(sys.argv)


if __name__ == "__main__":
    main()
