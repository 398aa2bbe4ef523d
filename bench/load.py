"""Load over HTTP from a process of its own: ``python -m bench.load <port> <method> <path> <seconds> <connections>``.

The bearer token comes on standard input, bodies are made here. Prints how many requests were answered well, and badly.
Only for where wrk is not installed: it takes more of the machine for itself.
"""

import http.client
import json
import sys
import threading
import time
from typing import Any


def body(number: int) -> bytes:
    return json.dumps(
        {"name": f"Load Person {number}", "company": "Load Ltd", "email": f"load{number}@load.example.com", "source": "Website"}
    ).encode()


class Client(threading.Thread):
    def __init__(self, port: int, method: str, path: str, headers: dict[str, str], until: float):
        super().__init__()
        self.port, self.method, self.path, self.headers, self.until = port, method, path, headers, until
        self.good = self.bad = 0

    def run(self) -> None:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
        while time.monotonic() < self.until:
            content = body(self.good) if self.method == "POST" else None
            connection.request(self.method, self.path, content, self.headers)
            response = connection.getresponse()
            response.read()
            if response.status < 400:
                self.good += 1
            else:
                self.bad += 1
        connection.close()


def main(port: str, method: str, path: str, seconds: str, connections: str) -> dict[str, Any]:
    headers = {"Authorization": f"Bearer {sys.stdin.read().strip()}", "Content-Type": "application/json"}
    began = time.monotonic()
    clients = [Client(int(port), method, path, headers, began + float(seconds)) for _ in range(int(connections))]
    for client in clients:
        client.start()
    for client in clients:
        client.join()
    took = time.monotonic() - began
    return {"per_second": sum(client.good for client in clients) / took, "bad": sum(client.bad for client in clients)}


if __name__ == "__main__":
    print(json.dumps(main(*sys.argv[1:])))
