"""Exits with 0 if the web server of this container answers, at port 8000 or the one given. Asks as the proxy would."""

import os
import sys
import urllib.request

port = sys.argv[1] if len(sys.argv) > 1 else "8000"
host = os.environ.get("ALLOWED_HOSTS", "localhost").split(",")[0].strip()
request = urllib.request.Request(f"http://127.0.0.1:{port}/test/", headers={"Host": host, "X-Forwarded-Proto": "https"})
try:
    with urllib.request.urlopen(request, timeout=4) as response:
        sys.exit(response.status != 200)
except OSError as error:
    sys.exit(str(error))
