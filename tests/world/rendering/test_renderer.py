"""Pictures: points lie where the pinhole formula puts them, near hides far, weathers differ as their names say, bytes repeat."""

from __future__ import annotations

import math
from dataclasses import replace
from functools import lru_cache

import carla
import numpy as np
import pytest

from driving.quantities import Pose
from driving.world.maps.routes import spread_routes
from driving.world.rendering.boxes import NO_BOXES, Boxes
from driving.world.rendering.camera import Lens
from driving.world.rendering.renderer import Renderer
from driving.world.rendering.scene import SceneConfig, build_scene
from driving.world.scenery.planting import SceneryConfig
from driving.world.weather import PRESETS, Weather
from tests.world.networks import ground, network

WIDTH, HEIGHT, FOV = 320, 180, 90.0
LENS = Lens(WIDTH, HEIGHT, FOV)
CLEAR = PRESETS["ClearNoon"]


@lru_cache
def renderer_without_scenery(name: str) -> Renderer:
    """Return a renderer of a map without scenery."""
    return Renderer(build_scene(network(name), ground(name), 0, SceneConfig(SceneryConfig(density=0.0))))


@lru_cache
def renderer_with_scenery(name: str, seed: int) -> Renderer:
    """Return a renderer of a map with scenery."""
    return Renderer(build_scene(network(name), ground(name), seed))


def camera_at(name: str, s_m: float) -> Pose:
    """Return the pose of a camera on a route, 1.6 m above the road."""
    pose = spread_routes(network(name).map, 1, 400.0, 0)[0].pose_at(s_m)
    return Pose(pose.x_m, pose.y_m, pose.z_m + 1.6, pose.pitch_rad - 0.1, pose.yaw_rad, 0.02)


def pixel_of(camera: Pose, point: np.ndarray) -> tuple[float, float, float]:
    """Return column, row and depth of a point in a pinhole camera, by the client's own transform."""
    turn = carla.Rotation(math.degrees(camera.pitch_rad), math.degrees(camera.yaw_rad), math.degrees(camera.roll_rad))
    matrix = np.array(carla.Transform(carla.Location(camera.x_m, camera.y_m, camera.z_m), turn).get_inverse_matrix())
    x, y, z, _ = matrix @ [*point, 1.0]
    focal = WIDTH / (2 * math.tan(math.radians(FOV) / 2))
    return WIDTH / 2 + focal * y / x, HEIGHT / 2 - focal * z / x, x


@pytest.mark.parametrize("name", ["Town02", "curves_elevation", "track:17"])
def test_the_depth_of_lane_points_is_that_of_the_pinhole_camera(name: str) -> None:
    renderer, checked = renderer_without_scenery(name), 0
    route = spread_routes(network(name).map, 1, 400.0, 0)[0]
    for start in (20.0, 120.0, 250.0):
        camera = camera_at(name, start)
        depth = renderer.render(camera, LENS, CLEAR, NO_BOXES, 0.0, "depth")
        for ahead in np.arange(5.0, 30.0, 2.5):
            at = route.pose_at(start + ahead)
            column, row, far = pixel_of(camera, np.array([at.x_m, at.y_m, at.z_m]))
            if 1 <= column < WIDTH - 1 and 1 <= row < HEIGHT - 1:
                near, away = depth[int(row) + 1, int(column)], depth[int(row) - 1, int(column)]
                assert near <= far + 0.05, f"{ahead} m ahead: expected {far:.2f} m, the row below shows {near:.2f} m"
                assert away >= far - 0.05, f"{ahead} m ahead: expected {far:.2f} m, the row above shows {away:.2f} m"
                checked += 1
    assert checked > 15


@pytest.mark.parametrize("name", ["Town02", "track:17"])
def test_painted_lines_lie_within_a_pixel_of_their_place_on_the_map(name: str) -> None:
    renderer, found, asked = renderer_without_scenery(name), 0, 0
    for start in (20.0, 150.0):
        camera = camera_at(name, start)
        tags = renderer.render(camera, LENS, CLEAR, NO_BOXES, 0.0, "semantic")
        for marking in network(name).markings:
            if marking.kind != "solid":
                continue
            for point in marking.xyz_m[::3]:
                column, row, far = pixel_of(camera, point)
                if 4.0 < far < 15.0 and 2 <= column < WIDTH - 2 and 2 <= row < HEIGHT - 2:
                    around = tags[int(row) - 1 : int(row) + 2, int(column) - 1 : int(column) + 2]
                    asked, found = asked + 1, found + bool((around == 24).any())
    if asked == 0:
        pytest.skip(f"{name} does not have a solid line near the camera")
    assert found == asked


def car_ahead(camera: Pose, ahead_m: float, turned_rad: float = 0.0) -> Boxes:
    """Return one car that far ahead of a camera, facing away from it or turned."""
    x, y = camera.x_m + ahead_m * math.cos(camera.yaw_rad), camera.y_m + ahead_m * math.sin(camera.yaw_rad)
    return Boxes(
        np.array([[x, y, camera.z_m - 0.9, 0.0, camera.yaw_rad + turned_rad, 0.0]]),
        np.array([[2.3, 1.0, 0.75]]),
        np.array([[200, 20, 20]], np.uint8),
        np.array([14], np.uint8),
        np.zeros(1, np.uint32),
    )


def test_a_car_hides_the_road_behind_it_and_its_tag_shows() -> None:
    camera, ahead = camera_at("track:3", 30.0), 12.0
    car = car_ahead(camera, ahead)
    renderer = renderer_without_scenery("track:3")
    tags = renderer.render(camera, LENS, CLEAR, car, 0.0, "semantic")
    depth = renderer.render(camera, LENS, CLEAR, car, 0.0, "depth")
    empty = renderer.render(camera, LENS, CLEAR, NO_BOXES, 0.0, "depth")
    inside = tags == 14
    assert inside.sum() > 100
    assert depth[inside].max() < ahead + 2.6
    assert (depth[inside] <= empty[inside] + 1e-3).all()
    columns = np.flatnonzero(inside.any(axis=0))
    assert abs((columns[0] + columns[-1]) / 2 - WIDTH / 2) < 12


def test_at_night_tail_lamps_are_red_and_head_lamps_white() -> None:
    camera = camera_at("track:3", 30.0)
    brightest = []
    for turned_rad in (0.0, math.pi):
        image = renderer_without_scenery("track:3").render(camera, LENS, PRESETS["ClearNight"], car_ahead(camera, 8.0, turned_rad), 0.0)
        pixels = image[HEIGHT // 3 :, WIDTH // 3 : -WIDTH // 3, :3].reshape(-1, 3).astype(int)
        brightest.append(pixels[pixels[:, 2].argmax()])
    (tail_blue, tail_green, tail_red), (head_blue, head_green, head_red) = brightest
    assert tail_red > 2.5 * max(tail_green, tail_blue)
    assert min(head_green, head_blue) > 0.5 * head_red > 50


def test_every_preset_looks_different_and_night_is_dark() -> None:
    renderer, camera = renderer_with_scenery("track:3", 5), camera_at("track:3", 60.0)
    images = {name: renderer.render(camera, LENS, weather, NO_BOXES, 1.0)[..., :3].astype(int) for name, weather in PRESETS.items()}
    names = sorted(images)
    for n, one in enumerate(names):
        for other in names[n + 1 :]:
            if PRESETS[one] != PRESETS[other]:
                assert np.abs(images[one] - images[other]).mean() > 0.25, f"{one} and {other} look alike"
    assert images["ClearNight"].mean() < 0.4 * images["ClearNoon"].mean()
    sky = {name: image[: HEIGHT // 4] for name, image in images.items()}
    assert sky["ClearNoon"][..., 0].mean() > sky["ClearNoon"][..., 2].mean() + 30, "a clear sky is blue"
    assert sky["DustStorm"][..., 2].mean() > sky["DustStorm"][..., 0].mean(), "a dust storm is brown"


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("cloudiness", 90.0),
        ("precipitation", 60.0),
        ("precipitation_deposits", 80.0),
        ("sun_azimuth_angle", 120.0),
        ("sun_altitude_angle", 15.0),
        ("fog_density", 60.0),
        ("wetness", 80.0),
        ("scattering_intensity", 0.0),
        ("mie_scattering_scale", 0.3),
        ("rayleigh_scattering_scale", 0.0),
        ("dust_storm", 70.0),
    ],
)
def test_each_parameter_of_the_weather_is_seen(name: str, value: float) -> None:
    renderer, camera = renderer_with_scenery("track:3", 5), camera_at("track:3", 60.0)
    before = renderer.render(camera, LENS, Weather(), NO_BOXES, 1.0).astype(int)
    after = renderer.render(camera, LENS, replace(Weather(), **{name: value}), NO_BOXES, 1.0).astype(int)
    assert np.abs(before - after).mean() > 0.2


@pytest.mark.parametrize(("name", "value"), [("fog_distance", 60.0), ("fog_falloff", 5.0)])
def test_fog_obeys_its_distance_and_falloff(name: str, value: float) -> None:
    renderer, foggy = renderer_with_scenery("track:3", 5), replace(Weather(), fog_density=60.0)
    camera = camera_at("track:3", 60.0)
    camera = Pose(camera.x_m, camera.y_m, camera.z_m + 20.0, -0.5, camera.yaw_rad, 0.0)
    before = renderer.render(camera, LENS, foggy, NO_BOXES, 1.0).astype(int)
    after = renderer.render(camera, LENS, replace(foggy, **{name: value}), NO_BOXES, 1.0).astype(int)
    assert np.abs(before - after).mean() > 1.0


def test_wind_slants_the_rain() -> None:
    renderer, rain = renderer_with_scenery("track:3", 5), replace(Weather(), precipitation=80.0)
    camera = camera_at("track:3", 60.0)
    calm, windy = (renderer.render(camera, LENS, replace(rain, wind_intensity=w), NO_BOXES, 1.0) for w in (0.0, 100.0))
    assert (calm != windy).mean() > 0.01


def test_the_same_seed_gives_the_same_bytes_and_another_seed_another_scene() -> None:
    camera = camera_at("track:3", 60.0)
    one, two = (Renderer(build_scene(network("track:3"), ground("track:3"), 5)).render(camera, LENS, CLEAR, NO_BOXES, 1.0) for _ in range(2))
    other = renderer_with_scenery("track:3", 6).render(camera, LENS, CLEAR, NO_BOXES, 1.0)
    assert one.tobytes() == two.tobytes()
    assert one.tobytes() != other.tobytes()


def test_nothing_solid_stands_on_a_driving_lane() -> None:
    solids = renderer_with_scenery("Town02", 1).scene.solids
    lanes = np.array([[w.transform.location.x, w.transform.location.y] for w in network("Town02").map.generate_waypoints(2.0)])
    assert len(solids) > 50
    reach = np.hypot(*(solids[:, None, :2] - lanes[None]).transpose(2, 0, 1)).min(1)
    assert (reach > 1.8 + np.minimum(solids[:, 3], solids[:, 4])).all()
