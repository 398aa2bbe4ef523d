#!/bin/sh
# Beside scripts/web.sh, for clients that wait: the assistant's streams and MCP. It can answer everything else too, more slowly.
set -eu
python manage.py check --database default
exec granian --interface asgi --host 0.0.0.0 --port "${LIVE_PORT:-8001}" --no-ws \
    --workers "${LIVE_WORKERS:-1}" \
    --workers-kill-timeout 5 --respawn-failed-workers --log-level warning \
    crm.asgi:application
