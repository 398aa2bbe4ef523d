#!/bin/sh
# The web server of production. Does not start where the database role could bypass row-level security.
set -eu
python manage.py check --database default
exec granian --interface wsgi --host 0.0.0.0 --port 8000 --no-ws \
    --workers "${WEB_WORKERS:-2}" --blocking-threads "${WEB_THREADS:-8}" \
    --workers-kill-timeout 30 --respawn-failed-workers --log-level warning \
    crm.wsgi:application
