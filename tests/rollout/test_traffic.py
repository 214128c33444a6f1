"""Traffic in a recording: the car ahead keeps its distance, others drive beside and against it, and none is left behind at the end."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from driving.drivers.expert import Expert
from driving.quantities import UserError
from driving.rollout.loop import DriveConfig, drive
from driving.rollout.mounting import MountingConfig, draw_camera
from driving.rollout.record import record
from driving.rollout.record_config import MIX, RecordConfig
from driving.rollout.tick import Tick
from driving.rollout.traffic import Traffic, TrafficConfig
from driving.simulator.session import Session
from driving.world.generated.families import FAMILIES, generate_road
from driving.world.maps.neighbours import find_neighbours
from driving.world.maps.routes import spread_routes
from tests.rollout.world import CAMERA


class Distances:
    """A listener that notes where the other cars are."""

    def __init__(self, session: Session, own_id: int) -> None:
        self._session, self._own_id = session, own_id
        self.nearest_m: list[float] = []
        self.ahead_m: list[float] = []

    def on_tick(self, tick: Tick) -> None:
        pose = tick.observation.vehicle.pose
        forward = np.array([np.cos(pose.yaw_rad), np.sin(pose.yaw_rad)])
        cars = [car for car in self._session.world.get_actors().filter("vehicle.*") if car.id != self._own_id]
        away = np.array([(car.get_location().x - pose.x_m, car.get_location().y - pose.y_m) for car in cars])
        sizes = np.hypot(*away.T)
        self.nearest_m.append(float(sizes.min()))
        lane = np.abs(away @ np.array([-forward[1], forward[0]])) < 1.5
        self.ahead_m.extend((away @ forward)[lane & (sizes < 30.0)].tolist())


def test_the_car_ahead_keeps_its_distance_and_the_traffic_leaves_with_the_episode(session: Session) -> None:
    session.load_opendrive("motorway_2", generate_road("motorway", 2))
    route = spread_routes(session.map, 1, 500.0, 0)[0]
    around = find_neighbours(session.map, route, 50.0, 40.0, 120.0)
    assert around.beside
    ego = session.spawn_ego(route.pose_at(50.0), CAMERA)
    session.tick()
    [own] = session.world.get_actors().filter("vehicle.*")
    seen = Distances(session, own.id)
    with Traffic(session, route, (50.0, 200.0), TrafficConfig(ahead_share=1.0, gap_m=(9.0, 20.0)), np.random.default_rng(4)) as traffic:
        trace = drive(session, ego, route, Expert(), DriveConfig(start_m=50.0, time_s=12.0), [traffic, seen])
    assert np.abs(trace.columns["lateral_m"]).max() < 0.5
    assert not ego.collisions
    assert min(seen.nearest_m) > 5.0
    assert 6.0 < min(seen.ahead_m) < 22.0
    session.tick()
    assert len(session.world.get_actors().filter("vehicle.*")) == 1
    ego.destroy()


def test_a_two_way_road_has_oncoming_lanes_that_lead_towards_the_car(session: Session) -> None:
    session.load_opendrive("rural_1", generate_road("rural", 1))
    route = spread_routes(session.map, 1, 500.0, 0)[0]
    around = find_neighbours(session.map, route, 100.0, 40.0, 120.0)
    assert around.oncoming
    lane = around.oncoming[0]
    start, end = (np.hypot(lane.x_m[k] - route.pose_at(100.0).x_m, lane.y_m[k] - route.pose_at(100.0).y_m) for k in (0, 100))
    assert end < start


def test_maps_of_a_folder_and_of_the_server_are_recorded_with_traffic_and_other_mountings(session: Session, tmp_path: Path) -> None:
    (tmp_path / "maps").mkdir()
    for name in ("rural_3", "town_3"):
        (tmp_path / "maps" / f"{name}.xodr").write_text(generate_road(name.split("_")[0], 3))
    config = RecordConfig(
        families={},
        maps=tmp_path / "maps",
        server_maps=["street_2"],
        minutes=0.25,
        episode_s=5.0,
        camera=CAMERA,
        traffic=TrafficConfig(share=1.0),
        mounting=MountingConfig(other_share=1.0),
    )
    assert record([session], config, tmp_path / "log") > 130
    empty = tmp_path / "empty"
    empty.mkdir()
    with pytest.raises(UserError, match=r"has no .xodr file"):
        list(RecordConfig(maps=[empty]).map_files())


def test_mountings_stay_within_their_ranges_and_the_usual_one_does_not_depend_on_the_share() -> None:
    config = MountingConfig(other_share=0.5)
    cameras = [draw_camera(CAMERA, config, np.random.default_rng(seed)) for seed in range(60)]
    usual = [draw_camera(CAMERA, MountingConfig(), np.random.default_rng(seed)) for seed in range(60)]
    others = [camera for camera in cameras if camera.fov_deg != CAMERA.fov_deg]
    assert 15 < len(others) < 45
    assert all(65.0 <= camera.fov_deg <= 110.0 and 1.1 < camera.mount.z_m < 2.5 for camera in others)
    assert all(0.97 < camera.width_px / camera.height_px < 2.45 for camera in others)
    assert len({camera.width_px for camera in others}) > 5
    assert all(camera == plain for camera, plain in zip(cameras, usual, strict=True) if camera.fov_deg == CAMERA.fov_deg)


def test_the_usual_mix_has_roads_of_every_family() -> None:
    assert set(MIX) == set(FAMILIES)
    assert all(MIX.values())
