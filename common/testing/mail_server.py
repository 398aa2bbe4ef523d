"""A mail server that speaks SMTP, and refuses when it is told to."""

import socket
from contextlib import closing
from email import message_from_bytes, policy
from typing import Any

from aiosmtpd.controller import Controller


def free_port() -> int:
    with closing(socket.socket()) as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def smtp_settings(port: int) -> dict[str, Any]:
    """Settings that send mail to a server on this machine."""
    backend = "django.core.mail.backends.smtp.EmailBackend"
    return {"EMAIL_BACKEND": backend, "EMAIL_HOST": "127.0.0.1", "EMAIL_PORT": port, "EMAIL_USE_TLS": False}


class MailServer:
    """Answers with ``refusals``, one a mail, and then takes each: as (sender, recipients, message) in ``taken``."""

    def __init__(self, refusals: list[str]):
        self.refusals = list(refusals)
        self.taken: list[tuple[str, list[str], Any]] = []
        self.controller = Controller(self, hostname="127.0.0.1", port=free_port())

    @property
    def settings(self) -> dict[str, Any]:
        return smtp_settings(self.controller.port)

    def __enter__(self) -> "MailServer":
        self.controller.start()
        return self

    def __exit__(self, *error: Any) -> None:
        self.controller.stop()

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:
        if self.refusals:
            return self.refusals.pop(0)
        message = message_from_bytes(envelope.content, policy=policy.default)
        self.taken.append((envelope.mail_from, envelope.rcpt_tos, message))
        return "250 Taken"
