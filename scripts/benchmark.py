"""How fast things are, on this machine, beside their peers.

    python scripts/benchmark.py ltc --out outputs/benchmark_ltc.json
    python scripts/benchmark.py standin --out outputs/benchmark_standin.json

ltc: the liquid networks beside ncps and torch's LSTM and GRU: training steps, single steps, memory.
standin: the CARLA-protocol server with cameras and traffic, client included, beside CarRacing-v3 and highway-env.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from driving.quantities import UserError


def parser() -> argparse.ArgumentParser:
    """The command's arguments."""
    words = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parts = words.add_subparsers(dest="what", required=True)
    ltc = parts.add_parser("ltc", help="liquid networks beside ncps, LSTM and GRU")
    ltc.add_argument("--out", type=Path, default=Path("outputs/benchmark_ltc.json"), help="JSON file (default %(default)s)")
    ltc.add_argument("--units", type=int, nargs="+", default=[19, 64], help="neurons (default 19 64)")
    ltc.add_argument("--batches", type=int, nargs="+", default=[8, 32, 128], help="batch sizes (default 8 32 128)")
    ltc.add_argument("--threads", type=int, nargs="+", default=[1, 2], help="threads (default 1 2)")
    ltc.add_argument("--rounds", type=int, default=15, help="how often each contender runs in turn (default 15)")
    ltc.add_argument("--no-memory", action="store_true", help="leave out the memory, which takes a fresh process each")
    standin = parts.add_parser("standin", help="the CARLA-protocol server beside CarRacing-v3 and highway-env")
    standin.add_argument("--out", type=Path, default=Path("outputs/benchmark_standin.json"), help="JSON file (default %(default)s)")
    standin.add_argument("--map", type=Path, help="the OpenDRIVE file to drive on (default: a generated track)")
    standin.add_argument("--maps", type=Path, help="measure also how long each OpenDRIVE file of this folder takes to load")
    standin.add_argument("--rounds", type=int, default=7, help="how often each contender runs in turn (default 7)")
    standin.add_argument("--seconds", type=float, default=1.0, help="how long a turn is (default 1)")
    return words


def main() -> int:
    """Runs the command; returns its exit status."""
    chosen = parser().parse_args()
    try:
        if chosen.what == "ltc":
            from driving.benchmarks import ltc as networks

            rows = networks.measure(chosen.units, chosen.batches, chosen.threads, chosen.rounds, not chosen.no_memory, print)
            networks.write(rows, chosen.out)
        else:
            from driving.benchmarks import standin as servers

            servers.enter_own_network()
            result = servers.measure(chosen.rounds, chosen.seconds, chosen.map, chosen.maps)
            print(servers.table(result))
            servers.write(result, chosen.out)
    except (ValueError, UserError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    print(f"written to {chosen.out}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
