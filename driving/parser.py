"""The one way in which all commands parse their command line. A wrong one is a UserError that names the nearest option."""

from __future__ import annotations

import re
from argparse import RawDescriptionHelpFormatter
from collections.abc import Iterable
from typing import Any

from jsonargparse import ArgumentError, ArgumentParser, DefaultHelpFormatter

from driving.quantities import UserError
from policy.options import nearest

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
