import os

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "crm.settings")
django.setup()

from evals.run import main  # noqa: E402 -- models need the settings

raise SystemExit(main())
