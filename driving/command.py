"""How every command ends: a user's mistake becomes one line and exit status 2, an interrupt status 130, never a traceback."""

from __future__ import annotations

import sys
from argparse import RawDescriptionHelpFormatter
from collections.abc import Callable

from jsonargparse import ArgumentError, ArgumentParser, DefaultHelpFormatter

from driving.quantities import UserError


class _Help(RawDescriptionHelpFormatter, DefaultHelpFormatter):
    """Keeps the example's lines."""


def make_parser(about: str) -> ArgumentParser:
    """A parser for one command, its example shown as it is written; with `--print_config` where a config option is added."""
    return ArgumentParser(description=about, formatter_class=_Help, exit_on_error=False)


def run(main: Callable[[], None]) -> int:
    """Calls `main` and returns the process's exit status."""
    try:
        main()
    except (UserError, ValueError, ArgumentError) as error:
        print(f"error: {' '.join(str(error).split())}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("interrupted; what was finished is kept", file=sys.stderr)
        return 130
    return 0
