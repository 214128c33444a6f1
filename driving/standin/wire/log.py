"""The server's log on stderr. What a client can cause again and again is written once, and then counted.

Lines are of one kind where they differ in numbers only: in ports, in ids of streams. The first line of a kind is written at once. Those that
follow within PERIOD_S are counted, and one line at the end of the period says how many there were.
"""

from __future__ import annotations

import re
import sys
import time
import traceback

PERIOD_S = 60.0
MOST_KINDS = 50  # in one period; lines of further kinds count as one kind, so that invented names do not fill memory or disk
OTHERS = "lines of other kinds"
MAX_LINE_CHARACTERS = 500
_NUMBER = re.compile(r"\d+")


class Log:
    """The lines of one process."""

    def __init__(self) -> None:
        self._begun_s = 0.0
        self._repeated: dict[str, int] = {}  # by kind, in this period: how many lines followed the first one

    def write(self, text: str, kind: str = "") -> bool:
        """Write a line, or count it where one of its kind was written in this period. Returns whether it was written."""
        if not self._repeated:
            self._begun_s = time.monotonic()
        key = kind or _NUMBER.sub("#", text)[:MAX_LINE_CHARACTERS]
        if key not in self._repeated and len(self._repeated) >= MOST_KINDS:
            key = OTHERS
        if key in self._repeated:
            self._repeated[key] += 1
            return False
        self._repeated[key] = 0
        _print(text)
        return True

    def tell_counts(self) -> None:
        """At the end of a period, write how many lines of each kind were counted, and begin a new period."""
        if self._repeated and time.monotonic() - self._begun_s > PERIOD_S:
            repeated, self._repeated = self._repeated, {}
            for kind, count in repeated.items():
                if count:
                    _print(f"{count} more within {PERIOD_S:.0f} s: {kind}")


def _print(text: str) -> None:
    """Print a line. Parts of it come from the network, so unprintable characters are replaced and a long line is cut."""
    line = "".join(character if character.isprintable() else "?" for character in text)[:MAX_LINE_CHARACTERS]
    print(f"standin: {line}", file=sys.stderr, flush=True)


_log = Log()
log, tell_counts = _log.write, _log.tell_counts


def log_bug(what: str) -> None:
    """Log the exception that is being handled, with its traceback."""
    if log(f"bug in {what}"):
        for line in traceback.format_exc().splitlines():
            _print(line)
