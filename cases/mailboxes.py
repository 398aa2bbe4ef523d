"""Mail to the help desk's mailboxes, fetched by IMAP."""

from common.mailboxes import imap

from .inbound import take_in
from .models import Mailbox


def fetch_all() -> int:
    """Take in the new mail of the org's mailboxes. Returns how many mails."""
    return imap.fetch_all(Mailbox, take_in)
