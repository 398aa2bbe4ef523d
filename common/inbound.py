"""Mail that comes in: one raw message (RFC 822) as what we make use of. Whatever record it is for, it is read here.

Nothing in it is to be believed: not who it says it is from, nor that its parts can be decoded.
"""

import hashlib
import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from django.conf import settings
from django.core.files.uploadedfile import SimpleUploadedFile
from imap_tools import MailMessage

from common.api.errors import TooLarge
from common.html import text_of
from common.records.comments import AttachmentSerializer

MAX_TEXT = 100_000
MAX_FILES = 50
MAX_REFERENCES = 100
MAX_ADDRESSES = 100
MESSAGE_ID = re.compile(r"<[^<>\s]{1,996}>")
TOKEN = re.compile(r"\[#([\w./-]{1,60})\]")
ADDRESS = re.compile(r"[^@\s<>\"']{1,64}@[^@\s<>\"']{1,255}")
#: Headers that only machines set, with the values that say nothing.
MACHINE_HEADERS = {
    "auto-submitted": ("no",), "precedence": ("first-class", "normal", ""), "x-autoreply": ("no",), "x-autorespond": ("no",),
    "list-id": ("",), "x-loop": ("",),
}  # fmt: skip
MACHINES = ("mailer-daemon", "postmaster", "bounce", "bounces")
#: Of those, the senders of replies: these say nothing that anybody waits for.
REPLIES = ("auto-replied", "auto_reply", "auto-notified")


class NotAMail(ValueError):
    """The bytes are no message that somebody sent."""


@dataclass(frozen=True)
class InboundMail:
    """``references``: Message-IDs of what it answers, the nearest last. ``is_automatic``: by a machine, so never answered.

    ``is_reply_by_machine``: an out-of-office note, a bounce. ``delivered_to`` also has the addresses that no header To shows.
    """

    message_id: str
    sender: str
    sender_name: str
    subject: str
    text: str
    references: list[str]
    is_automatic: bool = False
    is_reply_by_machine: bool = False
    files: list[tuple[str, bytes]] = field(default_factory=list, repr=False)
    html: str = field(default="", repr=False)
    to: list[str] = field(default_factory=list)
    cc: list[str] = field(default_factory=list)
    delivered_to: list[str] = field(default_factory=list)

    @property
    def token(self) -> str:
        """The number of a record in the subject: "42" of "Re: The seat [#42]"."""
        found = TOKEN.findall(self.subject)
        return found[-1] if found else ""


def read_mail(raw: bytes) -> InboundMail:
    """Raises TooLarge past ``MAX_MAIL_BYTES``, and NotAMail where there is no sender."""
    if len(raw) > settings.MAX_MAIL_BYTES:
        raise TooLarge(f"A mail may have at most {settings.MAX_MAIL_BYTES} bytes.")
    try:
        return parsed(MailMessage.from_bytes(raw), raw)
    except NotAMail:
        raise
    except (ValueError, LookupError, TypeError, AttributeError, AssertionError, RecursionError) as error:
        raise NotAMail("This mail cannot be read.") from error  # what the standard library raises for malformed ones


def parsed(message: MailMessage, raw: bytes) -> InboundMail:
    sender = message.from_values
    address = clean(sender.email).lower() if sender else ""
    if not sender or not ADDRESS.fullmatch(address):
        raise NotAMail("This mail has no sender.")
    by_machine = is_bounce(message, address)
    marked = any(value not in says_nothing for name, says_nothing in MACHINE_HEADERS.items() for value in values(message, name))
    replies = any(value.startswith(REPLIES) for name in ("auto-submitted", "precedence") for value in values(message, name))
    references = [pk for name in ("references", "in-reply-to") for pk in MESSAGE_ID.findall(" ".join(values(message, name)))]
    ids = MESSAGE_ID.findall(" ".join(values(message, "message-id")))
    return InboundMail(
        message_id=ids[0] if ids else f"<{hashlib.sha256(raw).hexdigest()}@none>",
        sender=address,
        sender_name=clean(sender.name)[:200],
        subject=" ".join(clean(message.subject).split()),
        text=clean(message.text).strip() or text_of(clean(message.html)),
        references=references[-MAX_REFERENCES:],
        is_automatic=marked or by_machine,
        is_reply_by_machine=replies or by_machine,
        files=[(clean(part.filename) or "file", part.payload) for part in message.attachments][:MAX_FILES],
        html=clean(message.html),
        to=addresses(message.to),
        cc=addresses(message.cc),
        delivered_to=addresses(value for name in ("delivered-to", "x-original-to") for value in values(message, name)),
    )


def addresses(found: Iterable[str]) -> list[str]:
    """Those that are addresses, as far as anybody writes to so many."""
    return [address for entry in found if ADDRESS.fullmatch(address := clean(entry).strip())][:MAX_ADDRESSES]


def values(message: MailMessage, name: str) -> list[str]:
    """A header's values, in lower case but for Message-IDs, whose case counts."""
    found = [clean(value).strip() for value in message.headers.get(name, ())]
    return found if name in ("message-id", "references", "in-reply-to") else [value.lower() for value in found]


def is_bounce(message: MailMessage, address: str) -> bool:
    report = any(value.startswith("multipart/report") for value in values(message, "content-type"))
    return report or address.partition("@")[0] in MACHINES or "<>" in values(message, "return-path")


def clean(text: Any) -> str:
    """Without what PostgreSQL cannot store: null characters and halves of characters."""
    return str(text or "").replace("\x00", "").encode("utf-8", "replace").decode()


def attach_files(mail: InboundMail, **record: Any) -> list[str]:
    """Attach the mail's files to a record, by the same checks as uploads. Returns a line for each that was refused."""
    refused = []
    for name, content in mail.files:
        serializer = AttachmentSerializer(data={"file": SimpleUploadedFile(name[-150:], content)}, context={"profile": None})
        try:
            if serializer.is_valid():
                serializer.save(**record)
                continue
            reason = str(next(iter(serializer.errors.values()))[0])
        except TooLarge as error:
            reason = str(error.detail)
        refused.append(f"[{name[-150:]} was not accepted: {reason}]")
    return refused
