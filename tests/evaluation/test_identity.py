"""The digest of a trace: what changes it, what does not, and where two traces are said to differ."""

from __future__ import annotations

import numpy as np

from driving.evaluation.identity import describe_build, digest_all, digest_trace, find_difference
from driving.rollout.trace import Trace


def make_trace(ticks: int = 50, end: str = "finished", **changed: np.ndarray) -> Trace:
    columns = {name: np.linspace(0.0, 1.0, ticks) for name in ("frame", "time_s", "act_s", "tick_s", "dt_s", "steer", "lateral_m")}
    columns["label_steer"] = np.full(ticks, np.nan)
    columns["neuron_state"] = np.ones((ticks, 19), np.float32)
    return Trace(columns | changed, {"end_reason": end})


def test_the_digest_ignores_the_wall_clock_and_the_servers_own_count_of_frames() -> None:
    ones = np.ones(50)
    assert digest_trace(make_trace()) == digest_trace(make_trace(frame=ones, time_s=ones, act_s=ones, tick_s=ones))


def test_the_digest_sees_the_last_bit_of_every_other_column_and_how_the_drive_ended() -> None:
    steer, neurons = np.linspace(0.0, 1.0, 50), np.ones((50, 19), np.float32)
    steer[30] = np.nextafter(steer[30], 2.0)
    neurons[40, 3] = np.nextafter(np.float32(1.0), np.float32(2.0))
    others = [make_trace(steer=steer), make_trace(neuron_state=neurons), make_trace(end="stuck"), make_trace(ticks=49)]
    assert len({digest_trace(trace) for trace in [make_trace(), *others]}) == 5
    assert find_difference(make_trace(), others[0]).startswith("tick 30 is the first to differ, in steer: ")
    assert find_difference(make_trace(), others[1]).startswith("tick 40 is the first to differ, in neuron_state: ")
    assert "ended differently: finished, stuck" in find_difference(make_trace(), others[2])
    longer = make_trace(51, speed_mps=np.ones(51))
    assert find_difference(make_trace(), longer) == "only one of them has speed_mps"


def test_the_order_and_the_names_of_drives_are_part_of_the_digest_of_all() -> None:
    drives = [("track_1", "ab"), ("track_2", "cd")]
    assert digest_all(drives) == digest_all(list(drives))
    assert len({digest_all(drives), digest_all(drives[::-1]), digest_all(drives[:1]), digest_all([("track_1", "ab"), ("track_3", "cd")])}) == 4


def test_an_identity_names_commit_versions_and_machine() -> None:
    build = describe_build()
    assert build["versions"]["numpy"] == np.__version__
    assert build["commit"]
    assert {"processor", "cores", "memory", "system"} <= set(build["machine"])
