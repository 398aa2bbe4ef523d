"""Mails go out through Amazon SES: its own client, over real HTTP to a server that answers as SES does."""

import base64
from http.server import BaseHTTPRequestHandler, HTTPServer
from threading import Thread
from typing import Any
from urllib.parse import parse_qs

from django.test import override_settings

from emails.tests.cases import MailTestCase

SENT = """<SendRawEmailResponse xmlns="http://ses.amazonaws.com/doc/2010-12-01/"><SendRawEmailResult>
<MessageId>1</MessageId></SendRawEmailResult><ResponseMetadata><RequestId>1</RequestId></ResponseMetadata></SendRawEmailResponse>"""
REFUSED = """<ErrorResponse xmlns="http://ses.amazonaws.com/doc/2010-12-01/"><Error><Type>Sender</Type>
<Code>{}</Code><Message>It says why.</Message></Error><RequestId>1</RequestId></ErrorResponse>"""


class Ses(HTTPServer):
    """Answers with ``refusals``, and then takes each mail: as raw bytes in ``taken``."""

    def __init__(self, *refusals: tuple[int, str]):
        super().__init__(("127.0.0.1", 0), Answer)
        self.refusals, self.taken = list(refusals), list[bytes]()

    def __enter__(self) -> "Ses":
        Thread(target=self.serve_forever, daemon=True).start()
        return self

    def __exit__(self, *error: Any) -> None:
        self.shutdown()
        self.server_close()


class Answer(BaseHTTPRequestHandler):
    server: Ses

    def do_POST(self) -> None:
        body = parse_qs(self.rfile.read(int(self.headers["Content-Length"])).decode())
        code, text = 200, SENT
        if self.server.refusals:
            code, name = self.server.refusals.pop(0)
            text = REFUSED.format(name)
        else:
            self.server.taken.append(base64.b64decode(body["RawMessage.Data"][0]))
        self.send_response(code)
        self.end_headers()
        self.wfile.write(text.encode())

    def log_message(self, *arguments: Any) -> None:
        """Nothing."""


class SesTest(MailTestCase):
    def send_by(self, server: Ses) -> Any:
        pk = self.write(bcc=["secret@x.example"])
        settings = {
            "AWS_SES_REGION_ENDPOINT_URL": f"http://127.0.0.1:{server.server_port}",
            "AWS_SES_ACCESS_KEY_ID": "key",
            "AWS_SES_SECRET_ACCESS_KEY": "secret",
            "AWS_SES_AUTO_THROTTLE": None,
        }
        with override_settings(EMAIL_BACKEND="django_ses.SESBackend", **settings):
            self.act(pk, "send")
        return self.shown(pk)

    def test_it_goes_out_whole(self) -> None:
        with Ses() as server:
            shown = self.send_by(server)
        self.assertEqual((shown["status"], shown["error"]), ("sent", ""))
        self.assertIn(shown["message_id"].encode(), server.taken[0])
        self.assertNotIn(b"secret@x.example", server.taken[0])

    def test_what_ses_refuses_for_good_is_not_tried_again(self) -> None:
        with Ses((400, "MessageRejected")) as server:
            shown = self.send_by(server)
        self.assertEqual((shown["status"], shown["next_attempt_at"]), ("failed", None))
        self.assertIn("It says why.", shown["error"])
