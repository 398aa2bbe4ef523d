"""Databases that test processes leave on the embedded server: those of killed ones, and templates of former migrations."""

import os
import re
from collections.abc import Iterable

#: A template as it is made and when it is ready, or a database of one process (and its copy for a test of migrations).
NAME = re.compile(r"(test_crm_[0-9a-f]{12}|test_crm)(?:_ready|_[a-z]+\d*_(\d+)(?:_scratch)?)?")


def left_over(databases: Iterable[str], template: str) -> list[str]:
    """Which ``databases`` nobody uses: no running process made them, nor a copy of them; and ``template`` is not theirs."""
    ours = {name: match for name in databases if (match := NAME.fullmatch(name))}
    used = {name for name, match in ours.items() if match[2] and is_running(int(match[2]))}
    templates = {template} | {ours[name][1] for name in used}
    return [name for name, match in ours.items() if name not in used and (match[2] or match[1] not in templates)]


def is_running(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        pass
    return True
