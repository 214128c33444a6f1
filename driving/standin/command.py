"""The server's command line: maps, port, seed, faults; announces itself on stdout, ends cleanly on SIGTERM and SIGINT."""

from __future__ import annotations

import argparse
import gc
import os
import signal
import sys
from pathlib import Path

from driving.command import run
from driving.quantities import UserError
from driving.standin import faults

COMPILED = "LIQUIDLANE_COMPILED"  # set in a process that was started over once its code was compiled; keeps one whose cache fails from looping
EXAMPLE = """example:
  python scripts/standin.py --maps maps/ --port 2000        # then any CARLA 0.9.16 script
  python scripts/standin.py --track 7 --fault hang:30@200   # a generated road; tick 200 is answered 30 s late

faults, KIND[:AMOUNT][@TICK], several separated by commas:
"""


def _parser() -> argparse.ArgumentParser:
    about = "A CARLA 0.9.16 server without a GPU: the unmodified carla client drives on it."
    spec = (faults.__doc__ or "").split("\n\n", 1)[1] if faults.__doc__ else ""
    parser = argparse.ArgumentParser("standin", description=about, epilog=EXAMPLE + spec, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--host", default="127.0.0.1", help="address to listen on (default 127.0.0.1, this machine only)")
    parser.add_argument("--port", type=int, default=2000, help="RPC port, sensors on the next one (default 2000; 0 takes any free ones)")
    parser.add_argument("--map", type=Path, metavar="FILE.xodr", help="the OpenDRIVE map to start on")
    parser.add_argument("--maps", type=Path, metavar="DIR", help="offer every .xodr file of a folder")
    parser.add_argument("--track", type=int, metavar="SEED", help="start on the road that a seed makes (default: track 0 if no map is given)")
    parser.add_argument("--seed", type=int, default=0, help="seed of the scenery (default 0)")
    parser.add_argument("--randomise", action="store_true", help="other scenery, colours and weather at each load, drawn from the seed")
    parser.add_argument("--fault", default="", metavar="SPEC", help="make things go wrong on purpose, see below")
    return parser


def _serve() -> None:
    arguments = _parser().parse_args()
    if not 0 <= arguments.port <= 65535:
        raise UserError(f"--port {arguments.port} is none: give 0 to 65535")
    if arguments.seed < 0 or (arguments.track or 0) < 0:
        raise UserError("--seed and --track must not be negative")
    planned = faults.Faults(arguments.fault)
    # what follows takes seconds to import: help and mistakes need not wait for it
    from driving.standin.episode.catalogue import Catalogue
    from driving.standin.server import Server

    catalogue = Catalogue(arguments.seed, arguments.map, arguments.maps, arguments.track, arguments.randomise)
    server = Server(arguments.host, arguments.port, catalogue, planned)
    if server.compiled and COMPILED not in os.environ:  # see `warmup` for why
        os.execve(sys.executable, [sys.executable, "-m", "driving.standin", *sys.argv[1:]], {**os.environ, COMPILED: "1"})
    gc.collect()
    gc.freeze()
    print(f"listening on {server.host}:{server.port}", flush=True)
    while True:
        server.loop.turn()


class _StoppedError(BaseException):  # not an Exception, which `run` would report as a bug
    """A signal has come."""


def _stop(*_: object) -> None:
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, signal.SIG_IGN)
    raise _StoppedError


def main() -> int:
    """Runs the command until a signal comes; the process's exit status."""
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, _stop)
    try:
        return run(_serve)
    except _StoppedError:
        return 0
