"""What went wrong, in words for people. Neither keys nor pages of a server get into them, or into the log."""

import time
from email.utils import parsedate_to_datetime

import openai
from django.conf import settings

from .shapes import ProviderError

SILENT = "The language model did not answer in time. Please ask again."
UNREACHABLE = "The language model could not be reached. Please try again later."
BROKE_OFF = "The language model's answer broke off. Please ask again."
UNREADABLE = "The language model sent something that could not be read. If this goes on, check OPENAI_BASE_URL."
REFUSED = "The language model's provider refused to answer this."
BUSY = "The language model is busy: it has too many requests. Please try again {when}."
FAULTY = "The language model's server has a fault ({status}). Please try again later."
NOT_ACCEPTED = "The language model's server did not accept the request ({status})."
TEXTS = {
    401: "The language model's server refused the key. Check OPENAI_API_KEY.",
    402: "The language model's account has no quota left. Check its plan and billing.",
    403: "The language model's server does not allow this key to do that.",
    404: "The language model “{model}” was not found. Check OPENAI_MODEL and OPENAI_BASE_URL.",
    408: SILENT,
    413: "The conversation is too long for the language model. Clear it, or ask for less at once.",
    429: BUSY,
}
#: What says more than the status that it comes with.
CODES = {
    "insufficient_quota": 402,
    "billing_hard_limit_reached": 402,
    "context_length_exceeded": 413,
    "rate_limit_exceeded": 429,
    "model_not_found": 404,
    "invalid_prompt": 400,
}


def fault(text: str = "", *, status: int | None = None, code: str | None = None, wait: float | None = None) -> ProviderError:
    """By its status, its code, or both; a fault that nothing is known about is the server's."""
    status = CODES.get(code or "", status or 500)
    text = text or TEXTS.get(status) or (FAULTY if status >= 500 else NOT_ACCEPTED)
    again = text not in (REFUSED, SILENT) and (status in (409, 429) or status >= 500)
    words = text.format(status=status, model=settings.OPENAI_MODEL, when=when(wait or 60))
    return ProviderError(words, status=status, again=again, wait=wait)


def when(wait: float) -> str:
    return f"in {max(wait, 1):.0f} seconds" if wait < 3600 else "later"


def explain(error: Exception, *, opened: bool) -> ProviderError:
    match error:
        case openai.APITimeoutError():
            return fault(SILENT)
        case openai.APIStatusError():
            return fault(status=error.status_code, code=code_of(error), wait=wait_of(error))
        case openai.APIConnectionError():
            return fault(BROKE_OFF if opened else UNREACHABLE)
        case openai.APIError():
            return fault(code=code_of(error))
    return fault(UNREADABLE)


def code_of(error: openai.APIError) -> str | None:
    return error.code if error.code in CODES else error.type


def particulars(error: BaseException | None) -> str:
    """Of the SDK's error, for the log."""
    names = ("status_code", "code", "param", "request_id")
    known = [f"{name}={value}"[:100] for name in names if (value := getattr(error, name, None))]
    return " ".join([type(error).__name__, *known]) if error else ""


def wait_of(error: openai.APIStatusError) -> float | None:
    """The seconds of Retry-After, which may also be a date."""
    asked = error.response.headers.get("retry-after", "")
    try:
        return max(0.0, float(asked))
    except ValueError:
        pass
    try:
        return max(0.0, parsedate_to_datetime(asked).timestamp() - time.time())
    except ValueError:
        return None
