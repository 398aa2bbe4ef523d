"""Mail fetched by IMAP. What was taken in is marked as seen; nothing is deleted."""

import imaplib
import logging
import socket
from collections.abc import Callable
from datetime import datetime, timedelta
from ipaddress import ip_address
from typing import Any

from django.conf import settings
from django.db import transaction
from django.db.models import Q
from django.utils import timezone
from imap_tools import AND, BaseMailBox, ImapToolsError, MailBox, MailBoxStartTls, MailBoxUnencrypted, MailMessageFlags

from common.api.errors import TooLarge
from common.inbound import NotAMail
from common.vault import Unreadable, reveal

from .models import Mailbox

logger = logging.getLogger(__name__)

TIMEOUT = 30  # seconds of silence
#: Mails fetched at once; the others follow a minute later.
BATCH = 50
#: For so long a mailbox is whoever's who has begun to fetch its mail.
CLAIM = timedelta(seconds=50)
KINDS: dict[str, Any] = {"ssl": MailBox, "starttls": MailBoxStartTls, "none": MailBoxUnencrypted}


class Refused(ValueError):
    """We do not connect to this host."""


#: Stores one raw mail of a mailbox, in a transaction. Raises TooLarge and NotAMail.
TakeIn = Callable[[Any, bytes], Any]


def fetch_all(model: type[Mailbox], take_in: TakeIn) -> int:
    """Take in the new mail of the org's mailboxes, as far as no other worker is about it. Returns how many mails."""
    now = timezone.now()
    free = Q(polled_at=None) | Q(polled_at__lt=now - CLAIM)
    mailboxes = model._default_manager.filter(free, is_active=True).exclude(imap_host="")
    return sum(fetch(found, take_in) for found in mailboxes if claimed(found, free, now))


def claimed(mailbox: Mailbox, free: Q, now: datetime) -> bool:
    return bool(type(mailbox)._default_manager.filter(free, pk=mailbox.pk).update(polled_at=now))


def fetch(mailbox: Mailbox, take_in: TakeIn) -> int:
    """Take in the new mail of one mailbox. What goes wrong is kept as its ``error``."""
    count, problems = 0, []
    try:
        with connect(mailbox) as server:
            for header in server.fetch(AND(seen=False, flagged=False), mark_seen=False, headers_only=True, limit=BATCH):
                problem = take_one(mailbox, server, header, take_in)
                count += not problem
                problems += [problem] if problem else []
    except (ImapToolsError, imaplib.IMAP4.error, OSError, Unreadable, Refused) as error:
        problems.append(f"{type(error).__name__}: {error}")
    type(mailbox)._default_manager.filter(pk=mailbox.pk).update(error="\n".join(problems)[:2000])
    return count


def connect(mailbox: Mailbox) -> BaseMailBox:
    check_host(mailbox.imap_host)
    server = KINDS[mailbox.imap_security](mailbox.imap_host, mailbox.imap_port, timeout=TIMEOUT)
    password = reveal(mailbox.imap_password) if mailbox.imap_password else ""
    opened: BaseMailBox = server.login(mailbox.imap_user or mailbox.address, password, mailbox.imap_folder)
    return opened


def check_host(host: str) -> None:
    """Raises Refused for an address inside our own network, where it is not allowed."""
    if not settings.IMAP_PRIVATE_HOSTS:
        for *_, address in socket.getaddrinfo(host, None):
            if not ip_address(str(address[0]).partition("%")[0]).is_global:
                raise Refused(f"{host} is not a public host.")


def take_one(mailbox: Mailbox, server: BaseMailBox, header: Any, take_in: TakeIn) -> str:
    """Take in one mail, and mark it as seen when that is stored. Says why not, and flags it, where it cannot be taken.

    A worker that is killed in between finds it again, and knows it by its Message-ID.
    """
    flag, problem = MailMessageFlags.SEEN, ""
    try:
        if header.size_rfc822 > settings.MAX_MAIL_BYTES:
            raise TooLarge(f"A mail may have at most {settings.MAX_MAIL_BYTES} bytes.")
        for message in server.fetch(uid_list=[header.uid], mark_seen=False):
            with transaction.atomic():
                take_in(mailbox, message.obj.as_bytes())
    except (TooLarge, NotAMail) as error:
        flag, problem = MailMessageFlags.FLAGGED, f'Left in the mailbox, flagged: "{header.subject[:100]}". {error}'
        logger.warning("mailbox %s: %s", mailbox.pk, problem)
    server.flag([header.uid], [flag], True)
    return problem
