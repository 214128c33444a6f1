"""How all commands start and end.

A user's mistake ends in one line and exit status 2; `driving.interrupts` handles signals. Any other exception is a bug: it keeps its traceback.
"""

from __future__ import annotations

import os
import sys
import traceback
from collections.abc import Callable
from typing import NoReturn

from driving import interrupts

MISTAKE = 2  # exit statuses
BUG = 70  # EX_SOFTWARE of sysexits.h


def start(main: Callable[[], int | None]) -> NoReturn:
    """Call `main` as this process's command and end the process. `main` imports what it needs, because imports take seconds."""
    interrupts.handle_signals()
    if interrupts.OWNER in os.environ:
        interrupts.end_with(int(os.environ[interrupts.OWNER]))
    status = BUG
    try:
        status = run(main)
    finally:
        if interrupts.was_interrupted():
            interrupts.end()
        interrupts.finish()
    sys.exit(status)


def run(main: Callable[[], int | None]) -> int:
    """Remove compiled code that is older than its source, call `main`, and return the process's exit status.

    The status is what `main` returns, or 0 where it returns None. OSErrors pass through.
    """
    from jsonargparse import ArgumentError

    from driving.quantities import LiquidLaneError
    from driving.world.compiled import forget_stale_code
    from perception.errors import ConfigError

    forget_stale_code()
    try:
        return main() or 0
    except (LiquidLaneError, ConfigError, ArgumentError) as error:
        print(f"error: {' '.join(str(error).split())}", file=sys.stderr)
        return MISTAKE
    except OSError:
        raise
    except Exception as error:
        traceback.print_exc()
        print(f"{type(error).__name__} is a bug in LiquidLane: please report it with the lines above in the project's issue tracker", file=sys.stderr)
        return BUG
