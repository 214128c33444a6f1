"""How bodies look by their tags: pedestrians are slender figures, and props fill their boxes."""

from __future__ import annotations

import numpy as np
import pytest

from driving.quantities import Pose
from driving.world.rendering.boxes import Boxes, faces_of
from driving.world.rendering.camera import Lens, camera_row
from driving.world.rendering.renderer import Renderer
from driving.world.rendering.scene import SceneConfig, build_scene
from driving.world.scenery.planting import SceneryConfig
from driving.world.weather import Weather
from tests.world.networks import ground, network

CAMERA = Pose(0.0, 0.0, 500.0)  # high above everything else


def make_body(tag: int, half: tuple[float, float, float]) -> Boxes:
    poses = np.array([[8.0, 0.0, 500.0, 0.0, 0.0, 0.0]])
    return Boxes(poses, np.array([half]), np.array([[200, 30, 30]], np.uint8), np.array([tag], np.uint8), np.zeros(1, np.uint32))


def find_pixels(tag: int, half: tuple[float, float, float]) -> np.ndarray:
    """Return the mask (200, 200) of the pixels that show a body 8 m ahead to a camera of 90 degrees."""
    bare = build_scene(network("track:3"), ground("track:3"), 0, SceneConfig(SceneryConfig(density=0.0)))
    return np.asarray(Renderer(bare).render(CAMERA, Lens(200, 200, 90.0), Weather(), make_body(tag, half), 0.0, "semantic") == tag)


def test_a_prop_fills_its_box() -> None:
    shown = find_pixels(20, (1.0, 1.0, 1.0))
    across = 2.0 / 7.0 * 100.0  # its front is 7 m away
    assert shown.sum() == pytest.approx(across**2, rel=0.06)


def test_a_pedestrian_is_a_figure_with_head_and_legs() -> None:
    shown = find_pixels(12, (0.19, 0.19, 0.93))
    rows = np.flatnonzero(shown.any(1))
    width = shown.sum(1)[rows]
    assert len(rows) == pytest.approx(1.86 / 7.85 * 100.0, abs=2)
    head, body_wide = width[: len(rows) // 8].max(), width[len(rows) // 4 : len(rows) // 2].max()
    assert head < 0.75 * body_wide


@pytest.mark.parametrize("tag", [7, 12, 14, 20])
def test_a_body_keeps_to_its_box_and_turns_its_triangles_outwards(tag: int) -> None:
    boxes = make_body(tag, (0.5, 0.4, 0.9))
    faces = faces_of(boxes, camera_row(CAMERA, Lens(100, 100, 90.0)))
    local = faces.triangles.astype(float) - boxes.poses[0, :3]
    assert np.abs(local / boxes.half_sizes[0]).max() < 1.03
    assert np.abs(local / boxes.half_sizes[0]).max(axis=(0, 1))[2] == pytest.approx(1.0, abs=1e-3)
    assert np.isfinite(faces.normals).all()
