"""Evaluations on the stand-in: the table repeats byte for byte, finished drives are kept, and servers that fail are replaced."""

from __future__ import annotations

import json
import os
import signal
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from driving.drivers.driver import Driver
from driving.drivers.expert import Expert
from driving.evaluation.command import NOT_ALL_DRIVEN, evaluate_command
from driving.evaluation.drive_task import DriverReference
from driving.evaluation.estimates import choose_headline
from driving.evaluation.results import RESULTS
from driving.evaluation.runner import ProgressListener, RunConfig, evaluate
from driving.evaluation.suite import DisturbanceConfig, SuiteConfig
from driving.evaluation.summary import SUMMARY
from driving.evaluation.workers.servers import Address
from driving.quantities import CameraSpec, UserError
from driving.rollout.listeners import CAMERA_MOVIE
from driving.simulator.process import StandinProcess
from driving.world.generated.tracks import TrackConfig

CAMERA = CameraSpec(width_px=64, height_px=36)
EXPERT = DriverReference("expert")
ROOT = Path(__file__).resolve().parents[2]


def small_suite(*tracks: int, **values: Any) -> SuiteConfig:
    """Return a suite of short routes on generated tracks."""
    plain: dict[str, Any] = {"families": {"track": list(tracks)}, "track": TrackConfig(length_m=300.0), "route_length_m": 60.0, "camera": CAMERA}
    return SuiteConfig(**(plain | {"weathers": ["ClearNoon", "WetNoon"]} | values))


def table_of(summary: dict[str, Any]) -> str:
    """Return all of a summary that another run must repeat byte for byte."""
    return json.dumps({name: value for name, value in summary.items() if name != "wall_clock"})


def read_lines(folder: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (folder / RESULTS).read_text().splitlines()]


@pytest.fixture(scope="module")
def servers() -> Iterator[list[Address]]:
    """Return two sound servers, for tests that are not about servers."""
    with StandinProcess() as one, StandinProcess() as other:
        yield [Address(server.host, server.port) for server in (one, other)]


@pytest.fixture(scope="module")
def sound(servers: list[Address], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the folder of an evaluation of three drives in which nothing failed."""
    evaluate(EXPERT, small_suite(1, 2, 3), folder := tmp_path_factory.mktemp("sound"), RunConfig(servers=servers[:1]))
    return folder


def read_summary(folder: Path) -> dict[str, Any]:
    summary: dict[str, Any] = json.loads((folder / SUMMARY).read_text())
    return summary


class Words(ProgressListener):
    """Keeps what an evaluation says."""

    def __init__(self) -> None:
        self.lines: list[str] = []

    def say(self, line: str) -> None:
        self.lines.append(line)


def test_one_worker_and_two_give_one_table_and_a_resumed_run_drives_only_what_is_missing(servers: list[Address], sound: Path, tmp_path: Path) -> None:
    one = read_summary(sound)
    assert one["overall"]["departures"] == 0
    assert one["overall"]["km"] == pytest.approx(0.18, abs=0.03)
    assert [(row["name"], row["weather"]) for row in one["routes"]] == [("track_1", "ClearNoon"), ("track_2", "WetNoon"), ("track_3", "ClearNoon")]
    two = tmp_path / "two"
    evaluate(EXPERT, small_suite(1), two, RunConfig(servers=servers[:1]))
    (two / RESULTS).write_bytes((two / RESULTS).read_bytes() + b'{"key": "a line that a killed process has le')
    kept = (two / "routes" / "track_1" / "trace.npz").stat().st_mtime_ns
    words = Words()
    assert table_of(evaluate(EXPERT, small_suite(1, 2, 3), two, RunConfig(servers=servers), words)) == table_of(one)
    assert table_of(read_summary(two)) == table_of(one)
    assert (two / "routes" / "track_1" / "trace.npz").stat().st_mtime_ns == kept
    assert sorted(line["row"]["name"] for line in read_lines(two)) == ["track_1", "track_2", "track_3"]
    assert len(words.lines) == 2
    assert (two / "routes" / "track_1" / CAMERA_MOVIE).is_file()
    evaluate(EXPERT, small_suite(1, max_speed_mps=7.0), two, RunConfig(servers=servers[:1], movies=False))
    assert not (two / "routes" / "track_1" / CAMERA_MOVIE).exists(), "the movie of another drive stands beside the trace"
    assert (two / "routes" / "track_1" / "trace.npz").stat().st_mtime_ns != kept, "another suite's result was taken"


def test_what_servers_do_to_a_drive_costs_attempts_and_changes_no_figure(sound: Path, tmp_path: Path) -> None:
    words = Words()
    with StandinProcess("--fault", "refuse:1@1,drop:1@30,cut@90,hang:60@120") as server:
        run = RunConfig(servers=[Address(server.host, server.port)], timeout_s=3.0, attempts=5)
        shaky = evaluate(EXPERT, small_suite(1), tmp_path / "shaky", run, words)
    assert shaky["routes"] == read_summary(sound)["routes"][:1]
    refused, late, cut, hung = shaky["wall_clock"]["failed_attempts"]["track_1"]
    assert "cannot load map track_1" in refused
    assert "the camera gave" in late
    assert "expected frame" in late
    assert "did not tick" in cut
    assert "did not tick" in hung
    assert [line.partition("; ")[2] for line in words.lines[:4]] == [f"trying again ({number} of 5)" for number in (2, 3, 4, 5)]


def test_a_route_that_fails_in_every_attempt_stands_as_not_driven_and_is_driven_by_the_next_run(tmp_path: Path) -> None:
    summary = evaluate(EXPERT, small_suite(1), tmp_path, RunConfig(attempts=2, standin=("--fault", "die@30")))
    assert summary["routes"] == []
    [missing] = summary["not_driven"]
    assert (missing["name"], missing["length_m"]) == ("track_1", 60.0)
    assert "2 attempts failed" in missing["reason"]
    assert "exit status 3" in missing["reason"]
    assert len(summary["wall_clock"]["failed_attempts"]["track_1"]) == 2
    again = evaluate(EXPERT, small_suite(1), tmp_path)
    assert ([row["name"] for row in again["routes"]], again["not_driven"]) == (["track_1"], [])


def test_a_server_of_another_version_is_refused_with_both_versions(tmp_path: Path) -> None:
    with StandinProcess("--fault", "version:15") as server:
        run = RunConfig(servers=[Address(server.host, server.port)])
        with pytest.raises(UserError, match=r"is CARLA 0\.9\.15, the client is 0\.9\.16: install one version for both"):
            evaluate(EXPERT, small_suite(1), tmp_path, run)


@dataclass(frozen=True)
class FailsOnce(DriverReference):
    """An expert that cannot be made in the first drive's process."""

    marker: Path = Path()
    fail: Callable[[], object] = os.abort

    def load(self) -> Driver:
        if self.marker.with_name("runner").exists() and not self.marker.exists():
            self.marker.touch()
            self.fail()
        self.marker.with_name("runner").touch()  # the first call is the runner's own, which asks for the driver's name
        return Expert()


def divide_by_zero() -> None:
    print(1 // 0)


def test_a_library_that_aborts_ends_one_attempt_and_a_bug_ends_the_evaluation_with_its_traceback(servers: list[Address], tmp_path: Path) -> None:
    run = RunConfig(servers=servers[:1])
    summary = evaluate(FailsOnce("expert", marker=tmp_path / "aborted"), small_suite(1), tmp_path / "one", run)
    [failed] = summary["wall_clock"]["failed_attempts"]["track_1"]
    assert signal.SIGABRT.name in failed
    assert len(summary["routes"]) == 1
    (tmp_path / "two").mkdir()
    with pytest.raises(ZeroDivisionError) as caught:
        evaluate(FailsOnce("expert", marker=tmp_path / "two" / "failed", fail=divide_by_zero), small_suite(1), tmp_path / "two", run)
    assert "in divide_by_zero" in str(caught.value.__cause__)


def test_an_evaluation_stops_at_the_same_undisturbed_drive_whatever_else_is_done(servers: list[Address], tmp_path: Path) -> None:
    asked: list[list[str]] = []

    def stop(rows: Sequence[dict[str, Any]]) -> str | None:
        asked.append([row["name"] for row in rows])
        return "two are enough" if len(rows) == 2 else None

    suite = small_suite(1, 2, 3, disturbances=[DisturbanceConfig("image_noise", [0.1])])
    first, again = (evaluate(EXPERT, suite, tmp_path, RunConfig(servers=servers), stop=stop) for _ in range(2))
    counted = [row["name"] for row in choose_headline(first["routes"])]  # the suite's seed draws the order of an evaluation that may stop early
    assert len(set(counted)) == 2
    assert first["stopped"] == "two are enough"
    assert table_of(first) == table_of(again)
    assert asked == [counted[:1], counted] * 2


@pytest.mark.parametrize(
    ("values", "named"),
    [
        ({"weathers": ["Sunny"]}, "Sunny"),
        ({"maps": [Path("none.xodr")]}, "none.xodr"),
        ({"route_length_m": 0.0}, "route_length_m"),
        ({"families": {}}, "no road to drive on: give OpenDRIVE files with --map"),
    ],
)
def test_a_suite_that_cannot_be_driven_is_refused(values: dict[str, Any], named: str) -> None:
    with pytest.raises(UserError, match=named):
        small_suite(1, **values)


def test_the_command_drives_chosen_drives_and_says_by_its_status_that_one_was_not_driven(tmp_path: Path) -> None:
    words = ["--suite", str(ROOT / "configs" / "suite" / "quickstart.yaml"), "--driver", "expert", "--out", str(tmp_path)]
    short = ["--route_length_m", "60", "--only", "track_9002"]
    assert evaluate_command("", [*words, *short]) == 0
    [row] = read_summary(tmp_path)["routes"]
    assert (row["name"], row["weather"]) == ("track_9002", "CloudySunset")
    assert evaluate_command("", ["--again", str(tmp_path), "--only", "track_9002", "--out", str(tmp_path / "again")]) == 0
    assert read_summary(tmp_path / "again")["routes"] == [row]
    with StandinProcess("--fault", "refuse:9@1") as server:
        other = ["--servers", f"{server.host}:{server.port}", "--attempts", "1", "--max_speed_mps", "7"]
        assert evaluate_command("", [*words, *short, *other]) == NOT_ALL_DRIVEN


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--only", "track_9009"], "no drive named track_9009, did you mean 'track_900"),
        (["--familiez", "{}"], "familiez.*did you mean 'families'"),
        (["--workers", "0"], "workers is 0: give more than 0"),
        (["--workers", "2", "--host", "127.0.0.1"], "each named server has one worker"),
        (["--servers", "localhost"], "server 'localhost' is not an address: give host:port"),
        (["--driver", "policy"], "--checkpoint"),
        (["--driver", "policy", "--checkpoint", "a", "b"], "a holds no policy"),
    ],
)
def test_what_the_command_cannot_do_is_refused_before_anything_is_driven(words: list[str], said: str, tmp_path: Path) -> None:
    with pytest.raises(UserError, match=said):
        evaluate_command("", ["--driver", "expert", "--out", str(tmp_path), *words])
    assert not (tmp_path / RESULTS).exists()


def test_policies_of_one_name_are_not_mixed(tmp_path: Path) -> None:
    for run in ("a/run", "b/run"):
        (tmp_path / run).mkdir(parents=True)
        (tmp_path / run / "policy.json").write_text("{}")
    with pytest.raises(UserError, match="2 checkpoints have only the names run"):
        evaluate_command("", ["--out", str(tmp_path / "out"), "--checkpoint", str(tmp_path / "a/run"), str(tmp_path / "b/run")])
