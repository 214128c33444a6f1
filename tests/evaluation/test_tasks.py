"""The drives of a suite: in a fixed order, with names of their own, and each can be driven again alone."""

from __future__ import annotations

import pickle
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from driving.evaluation.disturbances.kinds import KINDS
from driving.evaluation.suite import DisturbanceConfig, RouteConfig, SuiteConfig
from driving.evaluation.tasks import count_tasks, make_tasks
from driving.parser import make_parser
from driving.quantities import UserError
from driving.world.generated.tracks import TrackConfig
from driving.world.maps.opendrive import read_map
from driving.world.maps.routes import follow_lane, follow_lane_from
from tests.shared_data import REPOSITORY

SUITES = sorted((REPOSITORY / "configs" / "suite").glob("*.yaml"))
CIRCUIT = REPOSITORY / "configs" / "maps" / "circuit.xodr"


def make_suite(**values: Any) -> SuiteConfig:
    plain: dict[str, Any] = {"families": {"track": [1, 2]}, "track": TrackConfig(length_m=300.0), "weathers": ["ClearNoon", "WetNoon"]}
    return SuiteConfig(**(plain | {"route_length_m": 120.0} | values))


def read_suite(path: Path, **values: Any) -> SuiteConfig:
    parser = make_parser("")
    parser.add_class_arguments(SuiteConfig, skip={"camera"})
    options = parser.instantiate(parser.parse_path(str(path)))
    return SuiteConfig(**({name: options[name] for name in SuiteConfig.__dataclass_fields__ if name != "camera"} | values))


def test_a_suite_is_routes_times_weathers_times_disturbances_times_seeds() -> None:
    plain = list(make_tasks(make_suite()))
    assert [(task.name, task.weather, task.seed) for task in plain] == [("track_1", "ClearNoon", 0), ("track_2", "WetNoon", 0)]
    noise = DisturbanceConfig("image_noise", [0.1, 0.2])
    suite = make_suite(every_weather=True, disturbances=[noise], seeds=[0, 7], maps=[CIRCUIT])
    tasks = list(make_tasks(suite))
    assert len(tasks) == count_tasks(suite) == 4 * 2 * 3 * 2
    names = [task.name for task in tasks]
    assert names[:3] == ["track_1_ClearNoon_seed0", "track_1_ClearNoon_seed0_image_noise_0.1", "track_1_ClearNoon_seed0_image_noise_0.2"]
    assert names[-1] == "circuit_1_WetNoon_seed7_image_noise_0.2"
    assert len({task.digest() for task in tasks}) == len(set(names)) == len(tasks)
    assert pickle.loads(pickle.dumps(tasks[-1])) == tasks[-1]


def test_a_route_that_is_named_by_its_place_is_the_same_route() -> None:
    [first, *_] = make_tasks(make_suite(maps=[CIRCUIT], families={}))
    place = first.route
    named = RouteConfig(str(CIRCUIT), place.road, place.lane, place.start_m, name="again")
    [again] = make_tasks(make_suite(families={}, routes=[named]))
    assert (again.name, again.route) == ("again", place)
    carla_map = read_map("circuit", first.road.opendrive)
    one, two = (follow_lane_from(carla_map, task.route.start, 120.0) for task in (first, again))
    near = follow_lane(carla_map, carla_map.get_waypoint_xodr(*place.start), 120.0)
    for name in ("x_m", "y_m", "yaw_rad", "curvature_per_m"):
        assert getattr(one, name).tobytes() == getattr(two, name).tobytes() == getattr(near, name).tobytes()
    [motorway] = make_tasks(make_suite(families={"motorway": [3]}))
    route = motorway.route
    [short] = make_tasks(make_suite(families={}, routes=[RouteConfig("motorway_3", route.road, route.lane, route.start_m, 60.0)]))
    assert short.name == f"motorway_3_road{route.road}_lane{route.lane}_{route.start_m:g}m"
    assert (short.road, short.route.start, short.route.length_m) == (motorway.road, route.start, 60.0)
    with pytest.raises(UserError, match="no lane at road 99, lane 1, 0 m: name a driving lane"):
        follow_lane_from(carla_map, place.start._replace(road=99, s_m=0.0), 120.0)


def test_the_stress_suite_has_every_disturbance_and_a_suite_refuses_those_that_do_not_exist() -> None:
    assert {task.disturbance for task in make_tasks(read_suite(REPOSITORY / "configs" / "suite" / "stress.yaml"))} == {"none", *KINDS}
    with pytest.raises(UserError, match="'image_nois' is not a disturbance: did you mean 'image_noise'"):
        make_suite(disturbances=[DisturbanceConfig("image_nois", [0.1])])
    with pytest.raises(UserError, match=r"severity 2 of disturbance 'image_noise' is out of range: give 0 to 0\.5"):
        make_suite(disturbances=[DisturbanceConfig("image_noise", [0.1, 2.0])])


def test_two_drives_of_one_name_are_refused() -> None:
    with pytest.raises(UserError, match="two drives of suite 'quickstart' are named circuit_0"):
        list(make_tasks(make_suite(maps=[CIRCUIT, CIRCUIT])))


@pytest.mark.parametrize("path", SUITES, ids=lambda path: path.stem)
def test_each_suite_of_the_repository_can_be_driven(path: Path) -> None:
    if path.stem == "towns":
        with pytest.raises(UserError, match="no road to drive on: give OpenDRIVE files with --map"):
            read_suite(path)
    suite = read_suite(path, maps=[CIRCUIT] if path.stem == "towns" else [])
    assert suite.name == path.stem
    assert count_tasks(suite) > 2
    assert np.isfinite(next(make_tasks(suite)).route.start_m)
