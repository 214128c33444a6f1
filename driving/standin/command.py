"""The server's command line: maps, port, seed and faults. The server says on stdout where it listens.

Imports of other packages stand inside functions: signals are handled before they begin.
"""

from __future__ import annotations

import gc
import os
import platform
import sys
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

from driving.command import start
from driving.interrupts import keep

if TYPE_CHECKING:
    from driving.parser import Parser

LARGEST_PORT = 65535
RESTARTED = "LIQUIDLANE_COMPILED"  # set when the process starts itself again after compiling; a second restart would never end
EXAMPLE = """example:
  python scripts/standin.py --maps maps/ --port 2000        # then any CARLA 0.9.16 script
  python scripts/standin.py --track 7 --fault hang:30@200   # a generated road; the reply to tick 200 comes 30 s late

faults, KIND[:AMOUNT][@TICK], several separated by commas:
"""


def _make_parser() -> Parser:
    from driving.parser import make_parser
    from driving.standin import faults

    about = "A CARLA 0.9.16 server without a GPU: the unmodified carla client drives on it."
    spec = (faults.__doc__ or "").split("\n\n", 1)[1] if faults.__doc__ else ""
    parser = make_parser(about, EXAMPLE + spec)
    parser.add_argument("--host", type=str, default="127.0.0.1", help="address to listen on; the default is this machine only")
    parser.add_argument("--port", type=int, default=2000, help="RPC port; sensors use the next one; 0 takes any two free ports")
    parser.add_argument("--map", type=Path | None, default=None, metavar="FILE.xodr", help="OpenDRIVE map to start on")
    parser.add_argument("--maps", type=Path | None, default=None, metavar="DIR", help="offer every .xodr file in this folder")
    parser.add_argument("--track", type=int | None, default=None, metavar="SEED", help="start on this seed's generated road (0 if no map is given)")
    parser.add_argument("--seed", type=int, default=0, help="seed of the scenery")
    parser.add_argument("--randomise", action="store_true", help="draw new scenery, colours and weather from the seed at each load of a map")
    parser.add_argument("--fault", type=str, default="", metavar="SPEC", help="make faults on purpose, see below")
    return parser


def check_system() -> None:
    """Raises UserError on a system other than Linux."""
    from driving.quantities import UserError

    system = platform.system()
    if system != "Linux":
        raise UserError(
            f"the stand-in server needs Linux (it waits for its sockets with epoll) and this is {system}: "
            "run it in a Linux container, or name a running CARLA server with --host and --port"
        )


def _serve() -> None:
    from driving.quantities import UserError
    from driving.standin.faults import Faults

    arguments = _make_parser().parse_args()
    check_system()
    if not 0 <= arguments.port <= LARGEST_PORT:
        raise UserError(f"--port {arguments.port} is not a port: give 0 to {LARGEST_PORT}")
    if arguments.seed < 0 or (arguments.track or 0) < 0:
        raise UserError(f"--seed is {arguments.seed} and --track is {arguments.track or 0}: give 0 or more")
    planned = Faults(arguments.fault)
    # Help and wrong arguments do not wait for these imports.
    from driving.standin.episode.catalogue import Catalogue
    from driving.standin.server import Server

    catalogue = Catalogue(arguments.seed, arguments.map, arguments.maps, arguments.track, arguments.randomise)
    server = Server(arguments.host, arguments.port, catalogue, planned)
    if server.has_compiled and RESTARTED not in os.environ:  # the reason is in `warmup`
        os.execve(sys.executable, [sys.executable, "-m", "driving.standin", *sys.argv[1:]], {**os.environ, RESTARTED: "1"})
    gc.collect()
    gc.freeze()
    keep("the server has ended, and its clients have lost their connection")
    print(f"listening on {server.host}:{server.port}", flush=True)
    while True:
        server.loop.turn()


def main() -> NoReturn:
    """Run the server until a signal comes or its owner ends, and end the process."""
    keep("the server did not serve yet")
    start(_serve)
