"""The policy that comes with the package is what its model card says, and it keeps its lane on a road that it has not seen."""

from __future__ import annotations

import hashlib
from pathlib import Path

import yaml

from driving.drivers.learned import PRETRAINED, LearnedDriver, checkpoint_folder
from driving.quantities import CameraSpec
from driving.rollout.loop import DriveConfig, drive
from driving.simulator.process import StandinProcess
from driving.simulator.session import Session, SessionConfig
from driving.world.generated.families import generate_road
from driving.world.maps.routes import spread_routes
from driving.world.weather import PRESETS
from policy.network import SHIPPED, WEIGHTS, architecture, load_policy

CARD = SHIPPED / "MODEL_CARD.md"
LARGEST_BYTES = 1_000_000


def test_the_shipped_policy_is_what_its_card_says() -> None:
    folder = checkpoint_folder(Path(PRETRAINED))
    facts = yaml.safe_load(CARD.read_text(encoding="utf-8").split("---")[1])
    policy = load_policy(folder)
    assert facts["weights_sha256"] == hashlib.sha256((folder / WEIGHTS).read_bytes()).hexdigest()
    assert facts["architecture"] == architecture(policy.config)
    assert facts["neurons"] == policy.cell.neurons == 19
    assert facts["parameters"] == sum(one.numel() for one in policy.parameters())
    assert sum(file.stat().st_size for file in folder.iterdir()) < LARGEST_BYTES
    assert {"command", "commit", "seed", "data", "scores"} <= facts.keys()


def test_the_shipped_policy_keeps_its_lane_on_a_road_that_it_has_not_seen() -> None:
    with StandinProcess() as server, Session(SessionConfig(server.host, server.port)) as session:
        session.load_opendrive("rural_9005", generate_road("rural", 9005))
        session.set_weather(PRESETS["CloudyNoon"])
        route = spread_routes(session.map, 1, 500.0, 0)[0]
        ego = session.spawn_ego(route.pose_at(0.0), CameraSpec())
        trace = drive(session, ego, route, LearnedDriver(load_policy(SHIPPED)), DriveConfig(length_m=300.0))
    assert trace.meta["end_reason"] == "finished"
    assert not trace.columns["departed"].any()
