"""Where the time of a path goes, function by function."""

import cProfile
import io
import pstats

from .paths import Path

CALLS, SHOWN = 200, 25


def of(path: Path) -> str:
    """The functions that take the most time of their own, and with all they call. Profiling slows Python, not PostgreSQL."""
    for _ in range(5):
        path.ours()()
    profile = cProfile.Profile()
    for _ in range(CALLS):
        call = path.ours()
        profile.enable()
        call()
        profile.disable()
    out = io.StringIO()
    out.write(f"\n=== {path.name}: {CALLS} calls\n")
    for key in ("tottime", "cumulative"):
        pstats.Stats(profile, stream=out).strip_dirs().sort_stats(key).print_stats(SHOWN)
    return out.getvalue()
