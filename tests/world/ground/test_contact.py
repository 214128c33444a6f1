"""The ground lies where the client places lanes, with land a little lower beside them. A bridge is not the ground of what is below it."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.interpolate import CubicSpline

from driving.world.ground.contact import GRASS_FRICTION, ROAD_FRICTION, Ground
from driving.world.ground.patches import Patches
from driving.world.ground.terrain import DROP_M, Terrain
from tests.world.networks import EVERY, driving_waypoints, ground, network, places


@pytest.mark.parametrize("name", EVERY)
def test_every_driving_waypoint_is_on_the_road_at_its_height(name: str) -> None:
    xyz = places(driving_waypoints(name))
    z, friction = ground(name).height(*xyz.T)
    assert (friction == ROAD_FRICTION).all()
    assert np.abs(z - xyz[:, 2]).max() < 0.005


@pytest.mark.parametrize("name", EVERY)
def test_the_whole_width_of_a_lane_is_road(name: str) -> None:
    points = driving_waypoints(name, 9.0)
    for share in (-0.98, -0.5, 0.5, 0.98):
        sides = [point.transform.get_right_vector() for point in points]
        shift = np.array([[side.x, side.y, 0.0] for side in sides]) * np.array([[point.lane_width / 2.0 * share] for point in points])
        at = places(points) + shift
        assert (ground(name).height(*at.T)[1] == ROAD_FRICTION).mean() > 0.998


@pytest.mark.parametrize("name", ["curves_elevation", "track:3", "track:17"])
def test_along_a_lane_the_ground_is_as_high_and_as_steep_as_the_road(name: str) -> None:
    strips = [strip for strip in network(name).strips if strip.kind == "driving" and np.ptp(strip.left_xyz_m[:, 2]) > 1.0 and len(strip.s_m) > 20]
    assert strips
    for strip in strips:
        fine = np.linspace(strip.s_m[3], strip.s_m[-4], 10 * len(strip.s_m))
        line = CubicSpline(strip.s_m, (strip.left_xyz_m + strip.right_xyz_m) / 2.0)(fine)
        z, friction = ground(name).height(*line.T.copy())
        assert (friction == ROAD_FRICTION).all()
        assert np.abs(z - line[:, 2]).max() < 0.003
        assert np.abs(np.diff(z - line[:, 2]) / np.diff(fine)).max() < 0.002


def test_a_smooth_hill_has_no_facets() -> None:
    s = np.linspace(0.0, 200.0, 101)
    left = np.column_stack([s, np.zeros_like(s), 2.0 - 2.0 * np.cos(s / 17.0)])
    axis = np.array([-300.0, 300.0])
    hill = Ground(Patches.between(s, left, left + np.array([0.0, 4.0, 0.0])), Terrain(axis, axis, np.full((2, 2), -9.0)))
    x = np.linspace(10.0, 190.0, 3001)
    z, _ = hill.height(x, np.full_like(x, 1.3), np.zeros_like(x))
    # facets of 2 m turn the slope by 0.014 at each edge
    assert np.abs(np.diff(z) / np.diff(x) - 2.0 / 17.0 * np.sin((x[1:] + x[:-1]) / 2.0 / 17.0)).max() < 0.0005


@pytest.mark.parametrize("name", EVERY)
def test_the_land_begins_a_little_below_the_road(name: str) -> None:
    steps = []
    for strip in network(name).strips:
        for edge, other in ((strip.left_xyz_m, strip.right_xyz_m), (strip.right_xyz_m, strip.left_xyz_m)):
            out = edge[:, :2] - other[:, :2]
            width = np.linalg.norm(out, axis=1)
            kept = width > 0.05
            at = edge[kept, :2] + 0.15 * out[kept] / width[kept, None]
            z, friction = ground(name).height(at[:, 0], at[:, 1], edge[kept, 2])
            steps.append((z - edge[kept, 2])[friction == GRASS_FRICTION])
    every = np.concatenate(steps)
    assert len(every) > 500
    assert every.max() < 0.0
    assert every.min() > -0.15
    assert np.median(every) == pytest.approx(-DROP_M, abs=0.01)


def flat(x: float, y: float, size: float, height: float) -> Patches:
    """Return a level square."""
    left = np.array([[x, y, height], [x + size, y, height]])
    return Patches.between(np.array([0.0, size]), left, left + np.array([0.0, size, 0.0]))


def bridge() -> Ground:
    """Make a road at 0 m with a bridge at 6 m over its middle."""
    axis = np.array([0.0, 30.0])
    return Ground(Patches.join([flat(0.0, 0.0, 30.0, 0.0), flat(10.0, 10.0, 10.0, 6.0)]), Terrain(axis, axis, np.full((2, 2), -1.0)))


@pytest.mark.parametrize(("hint", "height"), [(0.3, 0.0), (2.5, 0.0), (6.2, 6.0), (9.0, 6.0), (5.0, 6.0), (-4.0, 0.0)])
def test_under_a_bridge_the_road_counts_and_on_it_the_bridge(hint: float, height: float) -> None:
    z, _ = bridge().height(np.array([15.0]), np.array([15.0]), np.array([hint]))
    assert z[0] == pytest.approx(height)


def test_a_seam_between_two_strips_is_road_and_a_gap_is_not() -> None:
    axis = np.array([-30.0, 30.0])
    land = Terrain(axis, axis, np.full((2, 2), -1.0))
    for gap, friction in ((0.004, ROAD_FRICTION), (0.1, GRASS_FRICTION)):
        strips = Ground(Patches.join([flat(0.0, 0.0, 10.0, 0.0), flat(10.0 + gap, 0.0, 10.0, 0.0)]), land)
        assert strips.height(np.array([10.0 + gap / 2.0]), np.array([4.0]), np.array([0.0]))[1][0] == friction


def test_far_from_any_road_there_is_still_land() -> None:
    everywhere = np.random.default_rng(0).uniform(-20_000.0, 20_000.0, (500, 2))
    z, friction = ground("track:3").height(everywhere[:, 0], everywhere[:, 1], np.zeros(500))
    assert np.isfinite(z).all()
    assert (friction == GRASS_FRICTION).mean() > 0.99


def test_points_are_independent_of_their_company() -> None:
    xyz = places(driving_waypoints("track:3", 20.0))
    together = ground("track:3").height(*xyz.T)[0]
    alone = [ground("track:3").height(*at[:, None])[0][0] for at in xyz]
    np.testing.assert_array_equal(together, alone)
