"""The wall of failures: which are chosen, and the page with its clips."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest

from driving.drivers.learned import LearnedDriver
from driving.evaluation.failures.failure import Failure
from driving.quantities import UserError
from driving.reports.command import report_command
from driving.reports.drives import Evaluation, read_evaluations
from driving.reports.failures.choose import MOST_CLIPS, MOST_PER_CAUSE, DriveFailure, group_by_cause, list_failures
from driving.reports.failures.page import make_causes_table, write_failures
from driving.rollout.trace import Trace
from driving.video import VideoWriter
from policy.network import DrivingPolicy, PolicyConfig
from tests.evaluation.test_estimates import make_row, make_summary
from tests.viewer.drives import make_drive

TICKS = 90
FAILURE = Failure(
    tick=62,
    onset_tick=55,
    time_s=6.2,
    cause="ran wide in a bend",
    words="ran wide in a bend to the left of 40 m radius",
    side="right",
    since_put_back_s=None,
    radius_m=40.0,
    s_m=60.0,
    x_m=1.0,
    y_m=2.0,
    road=3,
    lane=-1,
    road_s_m=60.0,
    lateral_m=2.1,
    speed_mps=8.0,
)


def make_failures(*places: tuple[str, float, str], **drive: Any) -> list[DriveFailure]:
    """Return failures, given as (drive's name, distance along the road, cause)."""
    return [
        DriveFailure(replace(FAILURE, road_s_m=s_m, cause=cause, tick=number), make_row(0, name=name, map="m", disturbance="none", **drive), Path())  # type: ignore[arg-type]
        for number, (name, s_m, cause) in enumerate(places)
    ]


def test_each_place_is_shown_once_the_most_frequent_first_and_drives_take_turns() -> None:
    (group,) = group_by_cause(make_failures(("a", 10, "cut a bend"), ("a", 60, "cut a bend"), ("a", 61, "cut a bend"), ("b", 90, "cut a bend")))
    assert [one.failure.road_s_m for one in group.shown] == [60, 90, 10]
    assert group.count_at(group.shown[0].place) == 2


def test_an_undisturbed_first_departure_stands_for_its_place() -> None:
    (disturbed,) = make_failures(("a", 10, "cut a bend"))
    disturbed = replace(disturbed, drive=disturbed.drive | {"disturbance": "blur"})  # type: ignore[operator]
    again, plain = make_failures(("b", 11, "cut a bend"), ("c", 12, "cut a bend"))
    again = replace(again, failure=replace(again.failure, since_put_back_s=1.5))
    (group,) = group_by_cause([disturbed, again, plain])
    assert [one.name for one in group.shown] == ["c"]


def test_the_number_of_clips_is_bounded_and_shared_between_the_causes() -> None:
    many = [(f"d{number}", 100.0 * number, "at a junction") for number in range(200)]
    causes = ("cut a bend", "stuck", "ran wide in a bend", "after a put-back", "drifted out on a straight")
    groups = group_by_cause(make_failures(*many, *((f"e{number}", 100.0 * number, cause) for cause in causes for number in range(9))))
    assert groups[0].cause == "at a junction"
    assert len(groups[0].failures) == 200
    assert sum(len(group.shown) for group in groups) == MOST_CLIPS
    assert {len(group.shown) for group in groups} <= {MOST_CLIPS // 6, MOST_PER_CAUSE}


@pytest.fixture(scope="module")
def policy() -> DrivingPolicy:
    return DrivingPolicy(PolicyConfig()).eval()


@pytest.fixture(scope="module")
def evaluation(tmp_path_factory: pytest.TempPathFactory, policy: DrivingPolicy) -> Evaluation:
    """Return an evaluation of two drives; the second one has failed and kept no camera movie."""
    folder = tmp_path_factory.mktemp("evaluation")
    columns, _, _, images = make_drive(TICKS, 3)
    neurons = LearnedDriver(policy).neurons()
    assert neurons is not None
    columns["neuron_state"] = np.random.default_rng(0).normal(size=(TICKS, len(neurons["names"])))
    row = make_row(0, departures=1, disturbance="none", severity=0.0, seed=4, failures=[FAILURE.as_dict()])
    for name in ("track_0", "track_1"):
        Trace(columns, {"driver": "ltc", "neurons": neurons, "weather": "ClearNoon", "seed": 4}).save(folder / "routes" / name)
    with VideoWriter(folder / "routes" / "track_0" / "camera.mp4", *images[0].shape[:2], 10.0) as movie:
        for image in images:
            movie.write(image)
    other = make_row(1, disturbance="blur", severity=2.0, seed=4, failures=[replace(FAILURE, words="<b>", road_s_m=900.0).as_dict()])
    (folder / "summary.json").write_text(json.dumps(make_summary([row, other])))
    return read_evaluations([folder])[0]


def test_the_page_has_each_failures_words_place_clip_and_command(tmp_path: Path, evaluation: Evaluation, policy: DrivingPolicy) -> None:
    page = write_failures(tmp_path / "failures.html", evaluation, policy)
    assert page is not None
    text = page.read_text()
    assert "2 failures of ltc on suite made" in text
    assert "ran wide in a bend to the left of 40 m radius" in text
    assert "road 3, lane -1, 60 m" in text
    assert "blur 2" in text
    assert "&lt;b&gt;" in text
    assert f"scripts/evaluate.py --again {evaluation.folder} --only track_1 --out " in text
    clips = re.findall(r'<video src="([^"]+)" poster="([^"]+)"', text)
    assert clips == [("failures/track_0_62.mp4", "failures/track_0_62.jpg")]
    assert "kept no camera movie" in text
    assert (tmp_path / clips[0][1]).is_file()
    with av.open(str(tmp_path / clips[0][0])) as container:
        assert container.streams.video[0].width == 1280
        assert [frame.time for frame in container.decode(video=0)][-2] == pytest.approx(6.0, abs=0.11)


def test_without_the_policy_the_clip_shows_the_camera_alone(tmp_path: Path, evaluation: Evaluation) -> None:
    write_failures(tmp_path / "failures.html", evaluation, None)
    with av.open(str(tmp_path / "failures" / "track_0_62.mp4")) as container:
        assert container.streams.video[0].width == 320


def test_the_report_links_the_page_and_counts_the_causes(tmp_path: Path, evaluation: Evaluation) -> None:
    report_command("", ["--evaluation", str(evaluation.folder), "--out", str(tmp_path)])
    text = (tmp_path / "report.md").read_text()
    assert "[failures.html](failures.html)" in text
    assert "| ran wide in a bend | 2 | 100 | 2.00 | 2 | 2 |" in text
    assert "| to the right, m | +0.100 (unknown) |" in text  # one route is undisturbed: nothing to resample
    assert (tmp_path / "failures.html").is_file()


def test_policies_of_one_name_are_told_apart_and_shown_side_by_side(tmp_path: Path) -> None:
    for name, count in (("seed0", 0), ("seed1", 2)):
        (tmp_path / "both" / name).mkdir(parents=True)
        rows = [make_row(number, departures=count, disturbance="none", failures=[]) for number in range(3)]
        (tmp_path / "both" / name / "summary.json").write_text(json.dumps(make_summary(rows)))
    assert [one.label for one in read_evaluations([tmp_path / "both"])] == ["ltc (seed0)", "ltc (seed1)"]
    report_command("", ["--evaluation", str(tmp_path / "both"), "--out", str(tmp_path / "out")])
    text = (tmp_path / "out" / "report.md").read_text()
    assert "| 95 % intervals in brackets | ltc (seed0) | ltc (seed1) |" in text
    assert "| departures per km | 0.00 (below 1.00) | 2.00 (" in text
    assert not (tmp_path / "out" / "failures.html").exists()


def test_an_evaluation_without_failures_has_no_page_and_one_that_is_broken_is_refused(tmp_path: Path) -> None:
    good = Evaluation(tmp_path, make_summary([make_row(0, failures=[])]), "ltc")
    assert list_failures(good) == []
    assert write_failures(tmp_path / "failures.html", good, None) is None
    assert make_causes_table(good) is None
    with pytest.raises(UserError, match=r"summary\.json cannot be read"):
        read_evaluations([tmp_path / "none"])
