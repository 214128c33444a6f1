"""What a generated road brings along: parked cars and trees are solid, tunnels shade their road, surfaces and patches are seen as road."""

from __future__ import annotations

import numpy as np

from driving.quantities import Pose
from driving.world.generated.families import PLANS, generate_road
from driving.world.ground.contact import Ground
from driving.world.maps.roads import RoadNetwork
from driving.world.meshes import materials
from driving.world.rendering.boxes import NO_BOXES
from driving.world.rendering.camera import Lens
from driving.world.rendering.renderer import Renderer
from driving.world.rendering.scene import SceneConfig, build_scene
from driving.world.scenery.planting import SceneryConfig
from driving.world.weather import PRESETS


def _build(family: str, seed: int) -> tuple[RoadNetwork, Renderer]:
    network = RoadNetwork.from_opendrive(family, generate_road(family, seed))
    return network, Renderer(build_scene(network, Ground.from_network(network), 0, SceneConfig(SceneryConfig(density=0.0))))


def _look(network: RoadNetwork, renderer: Renderer, s_m: float) -> np.ndarray:
    """Return what a driver in the right lane sees at a station (90, 160, 3)."""
    at = network.map.get_waypoint_xodr(0, -1, s_m).transform
    camera = Pose(at.location.x, at.location.y, at.location.z + 1.5, -0.1, np.radians(at.rotation.yaw))
    return renderer.render(camera, Lens(160, 90, 90.0), PRESETS["ClearNoon"], NO_BOXES, 1.0)[..., :3].astype(int)


def test_parked_cars_stand_beside_the_lanes_and_are_solid() -> None:
    seed = next(seed for seed in range(20) if sum(thing.kind == "car" for thing in PLANS["parked"](seed).things) > 20)
    network, renderer = _build("parked", seed)
    scene = renderer.scene
    cars = scene.objects.kinds == "Car"
    planned = PLANS["parked"](seed).things
    assert cars.sum() == sum(thing.kind == "car" for thing in planned)
    assert (scene.objects.kinds == "Tree").sum() == sum(thing.kind == "tree" for thing in planned)
    assert len(scene.solids) == len(planned)
    assert set(scene.objects.tags[cars]) == {14}
    lanes = [strip for strip in network.strips if strip.kind == "parking"]
    middles = np.concatenate([(strip.left_xyz_m + strip.right_xyz_m)[:, :2] / 2.0 for strip in lanes])
    away = np.array([np.hypot(*(middles - centre[:2]).T).min() for centre in scene.objects.centres[cars]])
    assert away.max() < 1.1  # places of a lane are at most 2 m apart


def test_the_road_in_a_tunnel_lies_in_the_shade_between_solid_walls() -> None:
    network, renderer = _build("tunnelled", 1)
    tunnel = max(PLANS["tunnelled"](1).tunnels, key=lambda one: one.length_m)
    assert (renderer.scene.objects.kinds == "Tunnel").sum() >= len(PLANS["tunnelled"](1).tunnels)
    assert len(renderer.scene.solids) > 2 * len(network.tunnels)
    outside, inside = (_look(network, renderer, s)[75:, 60:100].mean() for s in (tunnel.start_m - 40.0, tunnel.start_m + tunnel.length_m / 2.0))
    assert inside < 0.75 * outside


def test_surfaces_and_patches_are_seen_as_road_and_look_different() -> None:
    seeds: dict[str, int] = {}
    for seed in range(30):
        seeds.setdefault(PLANS["surfaces"](seed).sections[0].right[0].surface, seed)
    assert set(seeds) == {"concrete", "cobbles", "gravel"}
    for surface, seed in seeds.items():
        network, renderer = _build("surfaces", seed)
        code = materials.OF_SURFACE[surface]
        assert (renderer.scene.faces.drawn.codes == code).any()
        assert materials.TAGS[code] == 1
        if surface == "concrete":
            assert (renderer.scene.faces.drawn.codes == materials.PATCH).any()  # its joints
            assert _look(network, renderer, 100.0)[80:, 60:100].mean() > 1.3 * _look(*_build("narrow", 1), 100.0)[80:, 60:100].mean()
