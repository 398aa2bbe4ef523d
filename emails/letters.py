"""A mail as it goes out: its headers, its text and HTML with signature and tracking, its files."""

import base64
import hmac
from email.utils import formataddr, parseaddr
from uuid import UUID

from django.conf import settings
from django.core.mail import EmailMultiAlternatives
from django.template.loader import render_to_string
from django.utils.crypto import salted_hmac
from django.utils.safestring import mark_safe

from common.html import cleaned, html_of, text_of
from common.people.models import Profile
from common.records.models import Attachment

from .models import Email, MailSettings, Signature
from .tracking import link_url, open_url

#: How many mails of a conversation the header References names.
MAX_REFERENCES = 20
MAC_BYTES = 10
LONGEST_LOCAL_PART = 64


def build(mail: Email) -> EmailMultiAlternatives:
    """The message. ``mail.links`` is set to the links that its tracking leads to."""
    text, html = body(mail)
    message = EmailMultiAlternatives(
        mail.subject,
        text,
        mail.sender,
        mail.to,
        cc=mail.cc,
        bcc=mail.bcc,
        reply_to=[reply_address(mail)],
        headers={"Message-ID": mail.message_id, **thread_headers(mail)},
    )
    message.attach_alternative(html, "text/html")
    for attachment in Attachment.objects.filter(email=mail).order_by("id"):
        with attachment.file.open("rb") as stored:
            message.attach(attachment.file_name, stored.read(), attachment.content_type)
    return message


def body(mail: Email) -> tuple[str, str]:
    """The text and the HTML, with the sender's signature. Where tracking is on, links and a picture of the HTML lead to us."""
    signature = Signature.objects.filter(profile=mail.sent_by_id).first() or Signature()
    below = signature.text or text_of(signature.html)
    text = f"{mail.body_text.rstrip()}\n\n-- \n{below}\n" if below else f"{mail.body_text.rstrip()}\n"
    content = mail.body_html or html_of(mail.body_text)
    foot = signature.html or html_of(signature.text)
    mail.links, tracked = [], is_tracked(mail)

    def rewrite(url: str) -> str:
        if not url.lower().startswith(("http://", "https://")):
            return url
        if url not in mail.links:
            mail.links.append(url)
        return link_url(mail, mail.links.index(url))

    context = {
        "subject": mail.subject,
        "content": mark_safe(cleaned(content, rewrite if tracked else None)),  # noqa: S308 -- cleaned
        "signature": mark_safe(cleaned(foot, rewrite if tracked else None)),  # noqa: S308 -- cleaned
        "pixel": open_url(mail) if tracked else "",
    }
    return text, render_to_string("mail/letter.html", context)


def is_tracked(mail: Email) -> bool:
    return MailSettings.current().with_tracking if mail.with_tracking is None else mail.with_tracking


def sender_of(person: Profile) -> str:
    """The header From: the person's name, at the organization's address or else the platform's."""
    address = MailSettings.current().sender_address or parseaddr(settings.DEFAULT_FROM_EMAIL)[1]
    return formataddr((" ".join(str(person.user.name or person.org.name).split()), address))


def address_in(sender: str) -> str:
    return parseaddr(sender)[1]


def new_message_id(mail: Email) -> str:
    return f"<{mail.pk.hex}@{address_in(mail.sender).rpartition('@')[2]}>"


def thread_headers(mail: Email) -> dict[str, str]:
    """In-Reply-To and References, by which mail programs show a conversation."""
    if mail.answers is None or not mail.answers.message_id:
        return {}
    earlier = Email.with_bin.filter(thread=mail.thread, pk__lte=mail.answers.pk).exclude(message_id="").order_by("-id")
    known = list(earlier.values_list("message_id", flat=True)[:MAX_REFERENCES])
    return {"In-Reply-To": mail.answers.message_id, "References": " ".join(reversed(known))}


# --- Where answers go


def reply_address(mail: Email) -> str:
    """The organization's address for answers with a token of this mail in it; or else the sender's own."""
    address = MailSettings.current().reply_address
    if not address:
        return mail.sent_by.user.email if mail.sent_by else address_in(mail.sender)
    local, _, domain = address.rpartition("@")
    with_token = f"{local}+{reply_token(mail.pk)}"
    return f"{with_token if len(with_token) <= LONGEST_LOCAL_PART else local}@{domain}"


def reply_token(mail_id: UUID, key: str | None = None) -> str:
    """A mail's id with a proof that it came from us; in lower case, since some servers make addresses so."""
    proof = salted_hmac("emails.reply", mail_id.bytes, secret=key, algorithm="sha256").digest()[:MAC_BYTES]
    return base64.b32encode(mail_id.bytes + proof).decode().rstrip("=").lower()


def mail_of_token(token: str) -> UUID | None:
    """The id in a reply token; None where we never made that token."""
    try:
        raw = base64.b32decode(token.upper() + "=" * (-len(token) % 8))
        mail_id = UUID(bytes=raw[:16])
    except ValueError:
        return None
    keys = [settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS]
    return mail_id if any(hmac.compare_digest(token.lower(), reply_token(mail_id, key)) for key in keys) else None
