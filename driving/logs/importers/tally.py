"""What an import leaves out, clips or bridges: counted by reason, with the first place of each, and told to the user."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import NamedTuple


class Deed(NamedTuple):
    """What was done to how many, and why."""

    verb: str  # skipped, clipped, bridged, left out
    unit: str  # frames, or samples of a signal
    why: str


@dataclass
class Tally:
    """Counts that grow while a source is read. `totals` has how many there were, by unit."""

    counts: Counter[Deed] = field(default_factory=Counter)
    first: dict[Deed, str] = field(default_factory=dict)
    totals: Counter[str] = field(default_factory=Counter)

    def skip(self, why: str, where: str = "", count: int = 1) -> None:
        """Count frames that are left out; `where` tells the first place, as in "line 7: steering is 'x'"."""
        self.add(Deed("skipped", "frames", why), where, count)

    def add(self, deed: Deed, where: str = "", count: int = 1) -> None:
        """Count what was done, and remember the first place."""
        self.counts[deed] += count
        if where and count:
            self.first.setdefault(deed, where)

    @property
    def skipped(self) -> int:
        """The number of frames that are left out."""
        return sum(count for deed, count in self.counts.items() if deed.verb == "skipped")

    def lines(self) -> list[str]:
        """Return one line per reason, as in "skipped 2 of 40 frames: image missing; first: line 7 names ..."."""
        return [
            f"{deed.verb} {count:,} of {self.totals[deed.unit]:,} {deed.unit}: {deed.why}"
            + (f"; first: {self.first[deed]}" if deed in self.first else "")
            for deed, count in self.counts.items()
            if count
        ]
