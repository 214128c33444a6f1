"""What all commands share: one way to parse the command line, and one way to end.

A user's mistake ends in one line and exit status 2, an interrupt in exit status 130. Any other exception is a bug: it keeps its traceback.
"""

from __future__ import annotations

import re
import sys
import traceback
from argparse import RawDescriptionHelpFormatter
from collections.abc import Callable, Iterable
from typing import Any

from jsonargparse import ArgumentError, ArgumentParser, DefaultHelpFormatter

from driving.quantities import LiquidLaneError, UserError
from driving.world.compiled import forget_stale_code
from perception.errors import ConfigError
from policy.options import nearest

MISTAKE = 2  # exit statuses
BUG = 70  # EX_SOFTWARE of sysexits.h
INTERRUPTED = 130
UNKNOWN = re.compile(r"(?:unrecognized arguments: --|does not accept option '|Option ')([\w.]+)")


class Help(RawDescriptionHelpFormatter, DefaultHelpFormatter):
    """The help of a command: its description keeps its line breaks, and each option shows its default."""


class Parser(ArgumentParser):
    """A parser that raises UserError for a wrong command line."""

    def parse_args(self, *given: Any, **named: Any) -> Any:
        """Parse as jsonargparse does. Raises UserError for an unknown option and for a value of a wrong type."""
        try:
            return super().parse_args(*given, **named)
        except ArgumentError as error:
            raise explain(error, self.get_defaults(skip_validation=True).keys()) from error


def make_parser(about: str, after: str = "") -> Parser:
    """Return the parser of a command or of a subcommand. Its help shows `about` before the options and the text `after` below them."""
    return Parser(description=about, epilog=after, formatter_class=Help, exit_on_error=False)


def explain(error: ArgumentError, known: Iterable[str]) -> UserError:
    """Return the parser's complaint as one line; for an unknown option it adds the nearest of the `known` ones."""
    words = " ".join(str(error).split()).rstrip(".")
    named = UNKNOWN.search(words)
    return UserError(f"{words}{nearest(named.group(1), known) if named else ''}: see --help for what the command takes")


def run(main: Callable[[], int | None]) -> int:
    """Remove compiled code that is older than its source, call `main`, and return the process's exit status.

    The status is what `main` returns, or 0 where it returns None. OSErrors pass through.
    """
    forget_stale_code()
    try:
        return main() or 0
    except (LiquidLaneError, ConfigError, ArgumentError) as error:
        print(f"error: {' '.join(str(error).split())}", file=sys.stderr)
        return MISTAKE
    except KeyboardInterrupt:
        print("interrupted; what was finished is kept", file=sys.stderr)
        return INTERRUPTED
    except OSError:
        raise
    except Exception as error:
        traceback.print_exc()
        print(f"{type(error).__name__} is a bug in LiquidLane: please report it with the lines above in the project's issue tracker", file=sys.stderr)
        return BUG
