"""HTML that others wrote: made safe to show and to send on, or turned into plain text, and plain text into HTML."""

import re
from collections.abc import Callable
from html import unescape

import nh3
from django.utils.html import linebreaks, urlize

STYLES = {
    "background-color", "border", "border-bottom", "border-collapse", "border-color", "border-left", "border-radius",
    "border-right", "border-spacing", "border-style", "border-top", "border-width", "color", "display", "font-family",
    "font-size", "font-style", "font-weight", "height", "letter-spacing", "line-height", "list-style-type", "margin",
    "margin-bottom", "margin-left", "margin-right", "margin-top", "max-width", "min-width", "overflow-wrap", "padding",
    "padding-bottom", "padding-left", "padding-right", "padding-top", "text-align", "text-decoration", "text-transform",
    "vertical-align", "white-space", "width", "word-break",
}  # fmt: skip
LAYOUT = {"align", "valign", "bgcolor", "width", "height", "cellpadding", "cellspacing", "border"}
ATTRIBUTES = {tag: set(names) for tag, names in nh3.ALLOWED_ATTRIBUTES.items()} | {"*": {"style", "dir", "lang", "title"}}
for tag in ("table", "tr", "td", "th"):
    ATTRIBUTES[tag] |= LAYOUT
SCHEMES = {"http", "https", "mailto", "tel"}
ABSOLUTE = re.compile(r"(https?|mailto|tel):", re.IGNORECASE)
OPENING, TAG = re.compile(r"<[a-zA-Z]"), re.compile(r"<[^<>]*>")
#: A parser's time grows with the square of how deep tags stand in each other: of HTML with more, the text is kept.
MAX_TAGS = 10_000
MAX_LENGTH = 200_000
BREAK = re.compile(r"<(?:br|hr)\b[^<>]*>|</?(?:p|div|tr|ul|ol|table|blockquote|pre|h[1-6])\b[^<>]*>")
ITEM = re.compile(r"<li\b[^<>]*>")
LINK = re.compile(r'<a href="(http[^"]*)"[^<>]*>([^<>]*)</a>')


def cleaned(html: str, rewrite: Callable[[str], str] | None = None) -> str:
    """The harmless part of HTML: text, layout, pictures and absolute links, each of which ``rewrite`` may replace."""

    def kept(tag: str, name: str, value: str) -> str | None:
        if name not in ("href", "src"):
            return value
        if not ABSOLUTE.match(value.strip()):
            return None
        return rewrite(value.strip()) if rewrite and tag == "a" else value

    if len(OPENING.findall(html)) > MAX_TAGS:
        html = TAG.sub(" ", html)
    return nh3.clean(
        html.replace("\x00", ""),
        attributes=ATTRIBUTES,
        attribute_filter=kept,
        filter_style_properties=STYLES,
        url_schemes=SCHEMES,
        link_rel="noopener noreferrer",
    )


def html_of(text: str) -> str:
    """Plain text as HTML, with its paragraphs and links."""
    return linebreaks(urlize(text, autoescape=True)) if text.strip() else ""


def text_of(html: str) -> str:
    """What HTML says, as plain text with its lines and the addresses of its links."""
    text = " ".join(cleaned(html[:MAX_LENGTH]).split())
    text = LINK.sub(lambda link: f"{link[2]} ({link[1]})" if link[1] != link[2] else link[1], text)
    text = unescape(TAG.sub(" ", ITEM.sub("\n- ", BREAK.sub("\n", text))))
    return re.sub(r"\n{3,}", "\n\n", "\n".join(" ".join(line.split()) for line in text.split("\n"))).strip()
