"""How every command ends: a user's mistake becomes one line and exit status 2, an interrupt status 130, never a traceback."""

from __future__ import annotations

import re
import sys
from argparse import RawDescriptionHelpFormatter
from collections.abc import Callable, Iterable
from typing import Any

from jsonargparse import ArgumentError, ArgumentParser, DefaultHelpFormatter

from driving.quantities import TellingError, UserError
from driving.world.compiled import forget_stale_code
from policy.options import nearest

UNKNOWN = re.compile(r"(?:unrecognized arguments: --|does not accept option '|Option ')([\w.]+)")


def refusal(error: ArgumentError, known: Iterable[str]) -> UserError:
    """A parser's complaint in one line, with the nearest known option where it names an unknown one."""
    words = " ".join(str(error).split()).rstrip(".")
    named = UNKNOWN.search(words)
    return UserError(f"{words}{nearest(named.group(1), known) if named else ''}: see --help for what the command takes")


class Parser(ArgumentParser):
    """A parser whose complaints are UserErrors."""

    def parse_args(self, *given: Any, **named: Any) -> Any:
        """As jsonargparse's. Raises UserError for what it does not take."""
        try:
            return super().parse_args(*given, **named)
        except ArgumentError as error:
            raise refusal(error, self.get_defaults(skip_validation=True).keys()) from error


class _Help(RawDescriptionHelpFormatter, DefaultHelpFormatter):
    """Keeps the example's lines."""


def make_parser(about: str) -> Parser:
    """A parser for one command, its example shown as it is written; with `--print_config` where a config option is added."""
    return Parser(description=about, formatter_class=_Help, exit_on_error=False)


def run(main: Callable[[], None]) -> int:
    """Call `main`, after removing compiled code that is older than its source, and return the process's exit status."""
    forget_stale_code()
    try:
        main()
    except (TellingError, ValueError) as error:
        print(f"error: {' '.join(str(error).split())}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("interrupted; what was finished is kept", file=sys.stderr)
        return 130
    return 0
