"""Measure how fast LiquidLane is on this machine, beside its peers.

    python scripts/benchmark.py ltc --out outputs/benchmark_ltc.json
    python scripts/benchmark.py standin --out outputs/benchmark_standin.json
    python scripts/benchmark.py drive --out outputs/benchmark_drive.json
    python scripts/benchmark.py page --page VIEW/neurons.html --out outputs/benchmark_page.json

ltc compares the liquid networks with ncps and with torch's LSTM and GRU: training steps, single steps, memory.
standin compares the CARLA-protocol server, its client, cameras and traffic included, with CarRacing-v3 and highway-env.
drive compares a whole drive, policy, trace and movie included, with what the server makes when nobody drives, and what the live view costs.
page plays a page of scripts/view.py in Chromium, and counts its frames per second.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from driving.command import start

if TYPE_CHECKING:
    from driving.parser import Parser


def make_benchmark_parser() -> Parser:
    """Return the command's parser, which has one subcommand per benchmark."""
    from driving.parser import make_parser

    parser, ltc, standin = make_parser(__doc__ or ""), make_parser("Time the liquid networks."), make_parser("Time the stand-in server.")
    drive, page = make_parser("Time a drive."), make_parser("Time a page.")
    ltc.add_argument("--out", type=Path, default=Path("outputs/benchmark_ltc.json"), help="the JSON file to write")
    ltc.add_argument("--units", type=int, nargs="+", default=[19, 64], help="numbers of neurons")
    ltc.add_argument("--batches", type=int, nargs="+", default=[8, 32, 128], help="batch sizes")
    ltc.add_argument("--threads", type=int, nargs="+", default=[1, 2], help="numbers of threads")
    ltc.add_argument("--rounds", type=int, default=15, help="how often each contender runs")
    ltc.add_argument("--no-memory", action="store_true", help="do not measure memory, which takes a fresh process per contender")
    standin.add_argument("--out", type=Path, default=Path("outputs/benchmark_standin.json"), help="the JSON file to write")
    standin.add_argument("--map", type=Path | None, default=None, help="the OpenDRIVE file to drive on (default: a generated track)")
    standin.add_argument("--maps", type=Path | None, default=None, help="a folder of OpenDRIVE files; measure how long each takes to load")
    standin.add_argument("--rounds", type=int, default=7, help="how often each contender runs")
    standin.add_argument("--seconds", type=float, default=1.0, help="how long one run of a contender lasts (s)")
    drive.add_argument("--out", type=Path, default=Path("outputs/benchmark_drive.json"), help="the JSON file to write")
    drive.add_argument("--checkpoint", type=Path | None, default=None, help="the policy that drives (default: one with random weights)")
    drive.add_argument("--rounds", type=int, default=7, help="how often each contender drives")
    drive.add_argument("--ticks", type=int, default=300, help="how long a drive is")
    page.add_argument("--page", type=Path, required=True, help="the neurons.html of a drive")
    page.add_argument("--out", type=Path, default=Path("outputs/benchmark_page.json"), help="the JSON file to write")
    page.add_argument("--seconds", type=float, default=5.0, help="how long the page plays in each case (s)")
    parts = parser.add_subcommands(dest="what", metavar="WHAT")
    parts.add_subcommand("ltc", ltc, help="liquid networks beside ncps, LSTM and GRU")
    parts.add_subcommand("standin", standin, help="the CARLA-protocol server beside CarRacing-v3 and highway-env")
    parts.add_subcommand("drive", drive, help="a whole drive beside the server alone")
    parts.add_subcommand("page", page, help="the page of a drive in Chromium")
    return parser


def main() -> None:
    """Run the benchmark and write its figures."""
    from policy.whole_file import check_place

    command = make_benchmark_parser().parse_args()
    chosen: Any = command[command.what]
    check_place(chosen.out)
    if command.what == "ltc":
        from driving.benchmarks import ltc as networks

        networks.write(networks.measure(chosen.units, chosen.batches, chosen.threads, chosen.rounds, not chosen.no_memory, print), chosen.out)
    elif command.what == "drive":
        from driving.benchmarks import drives

        rows = drives.measure(chosen.rounds, chosen.ticks, chosen.checkpoint, print)
        print(drives.table(rows))
        drives.write(rows, chosen.out)
    elif command.what == "page":
        from driving.benchmarks import page

        played = page.measure(chosen.page, chosen.seconds)
        print(page.table(chosen.page, played))
        page.write(chosen.page, played, chosen.out)
    else:
        from driving.benchmarks import standin as servers

        servers.enter_own_network()
        result = servers.measure(chosen.rounds, chosen.seconds, chosen.map, chosen.maps)
        print(servers.table(result))
        servers.write(result, chosen.out)
    print(f"written to {chosen.out}")


if __name__ == "__main__":
    start(main)
