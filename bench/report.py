"""The table: each path beside its floor, and whether it keeps its limit."""

from dataclasses import dataclass

from .paths import Path
from .timing import Timed


@dataclass
class Row:
    path: Path
    ours: Timed
    floor: Timed | None
    whole: Timed | None
    statements: int | None

    @property
    def measure(self) -> float | None:
        """What the limit is about."""
        if self.path.judged_by == "ours":
            return self.ours.best
        if self.floor is None:
            return None
        return self.ours.best - self.floor.best if self.path.judged_by == "added" else self.ours.best / self.floor.best

    @property
    def missed(self) -> bool:
        too_many = self.path.statements is not None and (self.statements or 0) > self.path.statements
        return too_many or (self.path.limit is not None and (self.measure or 0) > self.path.limit)


HEADER = ("path", "ours µs", "floor µs", "ratio", "limit", "", "whole µs", "SQL")
FORMAT = "{:<42}{:>9}{:>10}{:>8}{:>9}  {:<5}{:>9}{:>5}"


def _limit(path: Path) -> str:
    if path.limit is None:
        return ""
    return f"{path.limit:g}" if path.judged_by == "ratio" else f"{path.limit:,.0f} µs"


def short(added: float) -> str:
    return f"+{added:.1f}" if added < 1000 else f"+{added:,.0f}"


def line(row: Row) -> str:
    ratio = ""
    if row.floor:
        added = row.path.judged_by == "added"
        ratio = short(row.measure or 0) if added else f"{row.ours.best / row.floor.best:.2f}"
    verdict = "" if row.path.limit is None else "MISS" if row.missed else "ok"
    return FORMAT.format(
        row.path.name,
        f"{row.ours.best:,.0f}" if row.ours.best >= 100 else f"{row.ours.best:.1f}",
        (f"{row.floor.best:,.0f}" if row.floor.best >= 100 else f"{row.floor.best:.1f}") if row.floor else "",
        ratio,
        _limit(row.path),
        verdict,
        f"{row.whole.best:,.0f}" if row.whole else "",
        row.statements if row.statements is not None else "",
    ).rstrip()


def tenancy_total(rows: list[Row], limit: float = 10) -> tuple[str, bool] | None:
    """Both parts of what tenancy adds to a statement."""
    added = [row.measure for row in rows if row.path.name.startswith("tenancy") and row.measure is not None]
    if len(added) < 2:
        return None
    total = sum(added)
    text = FORMAT.format(
        "tenancy per statement", "", "", f"+{total:.1f}", f"{limit:g} µs", "ok" if total <= limit else "MISS", "", ""
    )
    return text.rstrip(), total > limit


def table(rows: list[Row]) -> tuple[str, bool]:
    """The table as text, and whether a limit was missed."""
    lines = [FORMAT.format(*HEADER).rstrip(), *(line(row) for row in rows)]
    missed = any(row.missed for row in rows)
    if total := tenancy_total(rows):
        lines.append(total[0])
        missed |= total[1]
    return "\n".join(lines), missed
