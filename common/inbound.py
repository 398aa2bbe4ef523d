"""Mail that comes in: one raw message (RFC 822) as what we make use of. Whatever record it is for, it is read here.

Nothing in it is to be believed: not who it says it is from, nor that its parts can be decoded.
"""

import hashlib
import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from email import message_from_bytes
from email.message import Message
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


#: RFC 3463: the address, or its host, does not exist or takes no mail. The rest is about what was sent, or about this day.
NO_SUCH_ADDRESS = re.compile(r"\b5\.(?:1\.(?:[1-46]|10)|2\.1|4\.4)\b")
STATUS = re.compile(r"\b[245]\.\d{1,3}\.\d{1,3}\b")
MAX_REASON = 500


@dataclass(frozen=True)
class Failure:
    """One address that a mail did not reach, as a delivery status notification says (RFC 3464)."""

    address: str
    status: str
    words: str

    @property
    def is_invalid(self) -> bool:
        """Whether no mail will ever get there."""
        return bool(NO_SUCH_ADDRESS.search(f"{self.status} {self.words}"))

    @property
    def reason(self) -> str:
        return " ".join([self.status, self.words.removeprefix(self.status).strip()]).strip()[:MAX_REASON] or "no reason given"


class NotAMail(ValueError):
    """The bytes are no message that somebody sent."""


@dataclass(frozen=True)
class InboundMail:
    """``references``: Message-IDs of what it answers, the nearest last. ``is_automatic``: by a machine, so never answered.

    ``is_reply_by_machine``: an out-of-office note, a bounce. ``delivered_to`` also has the addresses that no header To shows.
    ``failures``: whom one of our mails, which then is the nearest of ``references``, did not reach.
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
    failures: list[Failure] = field(default_factory=list)

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
    failures = failures_in(message.obj)
    references += returned_ids(message.obj) if failures else []
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
        failures=failures,
    )


def failures_in(report: Message) -> list[Failure]:
    """Whom a mail did not reach for good, where ``report`` is a delivery status notification; delays do not count."""
    if report.get_content_type() != "multipart/report":
        return []
    blocks = [block for part in report.walk() if part.get_content_type() == "message/delivery-status" for block in parts_of(part)]
    failed = [block for block in blocks if clean(block.get("Action")).strip().lower() == "failed"]
    return [failure for block in failed[:MAX_ADDRESSES] for failure in failures_of(block)]


def failures_of(block: Message) -> Iterator[Failure]:
    """Of one recipient: the address that we wrote to, if the report knows it, and the one that it ended at."""
    words = " ".join(clean(block.get("Diagnostic-Code")).partition(";")[2].split())
    found = STATUS.search(f"{clean(block.get('Status'))} {words}")
    for name in ("Original-Recipient", "Final-Recipient"):
        address = clean(block.get(name)).rpartition(";")[2].strip().strip("<>").lower()
        if ADDRESS.fullmatch(address):
            yield Failure(address, found[0] if found else "", words)


def returned_ids(report: Message) -> list[str]:
    """The Message-IDs of the mails that a report gives back, whole or only their headers."""
    found = []
    for part in report.walk():
        if part.get_content_type() == "message/rfc822":
            found += [clean(inner.get("Message-ID")) for inner in parts_of(part)]
        elif part.get_content_type() == "text/rfc822-headers":
            headers = message_from_bytes(part.get_payload(decode=True) or b"")  # type: ignore[arg-type]
            found.append(clean(headers.get("Message-ID")))
    return MESSAGE_ID.findall(" ".join(found))


def parts_of(part: Message) -> list[Message]:
    inner = part.get_payload()
    return [entry for entry in inner if isinstance(entry, Message)] if isinstance(inner, list) else []


#: Who knows the mails that we sent: functions that take note of a report about one of theirs, and return its record, or None.
ON_FAILURE: list[Callable[[InboundMail], Any]] = []


def failure_noted(mail: InboundMail) -> Any:
    """Have the record of a mail that did not arrive say so, whichever mailbox was told. Returns it, or None."""
    return next((record for note in ON_FAILURE if (record := note(mail)) is not None), None)


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
