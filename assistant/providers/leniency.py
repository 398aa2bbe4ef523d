"""Where compatible servers are not quite compatible."""

import json
from typing import Any


def sound(arguments: str) -> str:
    """Arguments to send back: some servers read them again, and stumble over what the model once got wrong."""
    try:
        return arguments if isinstance(json.loads(arguments), dict) else "{}"
    except ValueError:
        return "{}"


def figure(usage: Any, *path: str) -> int:
    """A number of tokens; 0 where a server leaves it out."""
    for name in path:
        usage = getattr(usage, name, None)
    return usage or 0


def storable(text: str) -> str:
    """Without what a database cannot keep: NUL, and halves of characters."""
    return text.replace("\0", "").encode(errors="replace").decode()
