"""What a failure to send a mail means: whether to try again, and whose address does not exist."""

import smtplib
from collections.abc import Iterator

from botocore.exceptions import ClientError
from django.core.mail import BadHeaderError
from rest_framework.exceptions import ValidationError

from common.inbound import NO_SUCH_ADDRESS

#: Amazon SES refuses for good what says one of these.
FINAL = (
    "MessageRejected",
    "MailFromDomainNotVerified",
    "MailFromDomainNotVerifiedException",
    "InvalidParameterValue",
    "BadRequestException",
)


def is_permanent(error: Exception) -> bool:
    """Whether trying again would end the same way: a reply of 500 or more, but for those to our own password."""
    if isinstance(error, smtplib.SMTPRecipientsRefused):
        return all(code >= 500 for code, _ in error.recipients.values())
    if isinstance(error, (smtplib.SMTPAuthenticationError, smtplib.SMTPConnectError, smtplib.SMTPHeloError)):
        return False
    if isinstance(error, smtplib.SMTPResponseException):
        return error.smtp_code >= 500
    if isinstance(error, ClientError):
        return error.response.get("Error", {}).get("Code") in FINAL
    return isinstance(error, (ValidationError, BadHeaderError, UnicodeError, ValueError))


def invalid_addresses(error: Exception) -> Iterator[str]:
    """The addresses that a mail server says do not exist."""
    if isinstance(error, smtplib.SMTPRecipientsRefused):
        for address, (_, words) in error.recipients.items():
            if NO_SUCH_ADDRESS.search(text_of(words)):
                yield address


def reason(error: Exception) -> str:
    """Why a mail was not sent, in the mail server's words."""
    if isinstance(error, smtplib.SMTPRecipientsRefused):
        lines = [f"{address}: {code} {text_of(words)}" for address, (code, words) in error.recipients.items()]
        return "; ".join(lines)[:1000]
    if isinstance(error, smtplib.SMTPResponseException):
        return f"{error.smtp_code} {text_of(error.smtp_error)}"[:1000]
    if isinstance(error, ValidationError):
        return " ".join(str(line) for lines in error.detail.values() for line in lines)[:1000]  # type: ignore[union-attr]
    return f"{type(error).__name__}: {error}"[:1000]


def text_of(words: bytes | str) -> str:
    text = words.decode("utf-8", "replace") if isinstance(words, bytes) else words
    return " ".join(text.replace("\x00", "").split())
