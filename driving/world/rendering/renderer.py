"""The camera: what a scene and the vehicles in it look like from a pose, in a weather, as an image, as depths or as semantic tags.

A software rasteriser on the CPU, one thread a call, deterministic: the same scene, pose, weather, boxes and time give the same bytes.
Perspective: a pinhole at the camera's pose; the pixel of a point (x forward, y right, z up in the camera's frame) is
(W / 2 + f y / x, H / 2 - f z / x) with f = W / (2 tan(fov / 2)) and pixel k covering [k, k + 1).
"""

from __future__ import annotations

import math
from typing import Literal

import numpy as np
from numba import njit

from driving.quantities import Pose
from driving.world.meshes.materials import ACTOR, GLOWING, TAGS
from driving.world.meshes.shapes import BODY_OF_TAG, BODY_PARTS, BODY_TRIANGLES, HEADLAMP, LAMP, SKIN, TAILLAMP, TROUSERS, TYRE, WINDOW
from driving.world.rendering import light as k
from driving.world.rendering.boxes import BRAKE_LIGHT, HIGH_BEAM, LOW_BEAM, Boxes
from driving.world.rendering.camera import Lens, camera_row, range_factor
from driving.world.rendering.culling import faces_seen, solids_seen, strokes_seen
from driving.world.rendering.light import light_of
from driving.world.rendering.noise import grain_of, noise_tiles
from driving.world.rendering.rasteriser import draw_paint, draw_shadows, draw_triangles
from driving.world.rendering.scene import SHADOWS_M, Scene
from driving.world.rendering.shading import rain_over, shade_image
from driving.world.rendering.sky import empty_sky
from driving.world.weather import Weather

FAR_M = 1000.0  # the depth of the sky
BOXES_M = 250.0

Buffers = tuple[np.ndarray, np.ndarray, np.ndarray]
Want = Literal["rgb", "depth", "semantic"]


class Renderer:
    """Draws one scene. Keeps its buffers between calls: one renderer a thread."""

    def __init__(self, scene: Scene) -> None:
        self.scene = scene
        self._noise = noise_tiles()
        self._grain = grain_of(self._noise)
        self._buffers: dict[tuple[int, int], Buffers] = {}
        self._weather: Weather | None = None
        self._light = light_of(Weather())
        self._sky = empty_sky()
        self._shadows = np.zeros((0, 10, 3, 3), np.float32)

    def render(self, camera: Pose, lens: Lens, weather: Weather, boxes: Boxes, time_s: float, want: Want = "rgb") -> np.ndarray:
        """One image: "rgb" BGRA uint8 (Y, X, 4), "depth" float32 m (Y, X), "semantic" uint8 tags (Y, X); a new array each time."""
        self._prepare(weather)
        row = camera_row(camera, lens)
        near, paint, shade = self._draw(row, lens.width_px, lens.height_px, boxes)
        if want == "depth":
            return np.where(near > 0, 1.0 / np.maximum(near, 1.0 / FAR_M), np.float32(FAR_M)).astype(np.float32)
        if want == "semantic":
            return TAGS[paint >> 24]
        out = np.empty((lens.height_px, lens.width_px, 4), np.uint8)
        shade_image(out.view(np.uint32)[..., 0], near, paint, shade, row, self._light, self._noise, self._grain, self._sky)
        if self._light[k.RAIN] > 0.0:
            rain_over(out, self._light[k.RAIN], self._light[k.WIND], int(time_s * 1000.0 + 0.5))
        return out

    def refresh(self) -> None:
        """Works the shadows out anew at the next picture, because things were hidden or shown."""
        self._weather = None

    def _prepare(self, weather: Weather) -> None:
        if weather != self._weather:
            self._weather = weather
            self._light = light_of(weather)
            self._sky = empty_sky()
            sunny = self._light[k.SHADOW] < 0.93
            self._shadows = self.scene.shadows(self._light[:3]) if sunny else np.zeros((0, 10, 3, 3), np.float32)

    def blank(self, columns: int, rows: int) -> Buffers:
        """The buffers `near`, `paint` and `shade` of a picture's size, empty; the next call for that size empties them again."""
        if (rows, columns) not in self._buffers:
            self._buffers[rows, columns] = (
                np.empty((rows, columns), np.float32),
                np.empty((rows, columns), np.uint32),
                np.empty((rows, columns), np.uint8),
            )
        buffers = self._buffers[rows, columns]
        for buffer in buffers:
            buffer.fill(0)
        return buffers

    def _draw(self, row: np.ndarray, columns: int, rows: int, boxes: Boxes) -> Buffers:
        buffers, scene, light, above = self.blank(columns, rows), self.scene, self._light, range_factor(row)
        _draw_faces(*buffers, row, light, scene.faces, above)
        if len(boxes.poses):
            self._draw_boxes(buffers, row, boxes)
        _draw_decals(*buffers, row, light, scene.strokes, self._shadows, SHADOWS_M * above, above)
        if len(boxes.poses):
            draw_shadows(*buffers, row, _under(boxes.poses, boxes.half_sizes, light[:3]))
        return buffers

    def _draw_boxes(self, buffers: Buffers, row: np.ndarray, boxes: Boxes) -> None:
        triangles, normals, codes, colours = box_triangles(boxes, row, self._light[k.NIGHT] > 0.5)
        seen = solids_seen(triangles, row, buffers[0].shape[1], buffers[0].shape[0])
        draw_triangles(*buffers, row, self._light, triangles, normals, codes, colours, *seen)


def box_triangles(boxes: Boxes, row: np.ndarray, night: bool = False) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """The boxes near a camera as triangles (F, 3, 3), their normals (F, 3), codes (F,) and colours (F, 3), box after box."""
    parts = boxes.poses, boxes.half_sizes, boxes.colours, boxes.tags, boxes.lights
    return _cars(*parts, BODY_OF_TAG, row, BODY_TRIANGLES, BODY_PARTS, bool(night))


@njit(cache=True, nogil=True)
def _draw_faces(near, paint, shade, camera, light, faces, above):  # type: ignore[no-untyped-def]
    chosen, places = faces_seen(faces, camera, near.shape[1], near.shape[0], above)
    draw_triangles(near, paint, shade, camera, light, faces.triangles, faces.normals, faces.codes, faces.colours, chosen, places)


@njit(cache=True, nogil=True)
def _draw_decals(near, paint, shade, camera, light, strokes, shadows, shadows_m, above):  # type: ignore[no-untyped-def]
    chosen = strokes_seen(strokes, camera, near.shape[1], near.shape[0], above)
    draw_paint(near, paint, shade, camera, light, strokes.ends, strokes.sides, strokes.colours, chosen)
    if len(shadows):
        draw_shadows(near, paint, shade, camera, _close(shadows, camera, shadows_m))


@njit(cache=True, nogil=True)
def _close(shadows, camera, far_m):  # type: ignore[no-untyped-def]
    """The shadow triangles of the things near the camera and not behind it."""
    kept = []
    for n in range(shadows.shape[0]):
        x, y = shadows[n, 0, 0, 0] - camera[0], shadows[n, 0, 0, 1] - camera[1]
        if x * x + y * y < far_m * far_m and x * camera[3] + y * camera[4] > -40.0:
            kept.append(n)
    out = np.empty((len(kept) * 10, 3, 3), np.float32)
    for i in range(len(kept)):
        out[i * 10 : i * 10 + 10] = shadows[kept[i]]
    return out


@njit(cache=True, nogil=True)
def _under(poses, half, sun):  # type: ignore[no-untyped-def]
    """The shadow below each box, shifted away from the sun: (2 N, 3, 3)."""
    out = np.empty((2 * poses.shape[0], 3, 3), np.float32)
    for n in range(poses.shape[0]):
        cos, sin = math.cos(poses[n, 4]), math.sin(poses[n, 4])
        z = poses[n, 2] - half[n, 2] + 0.03
        shift = min(2.0, half[n, 2] / max(sun[2], 0.2)) if sun[2] > 0.07 else 0.0
        corners = np.empty((4, 3))
        for c in range(4):
            x = half[n, 0] * (1.0 if c in (0, 3) else -1.0)
            y = half[n, 1] * (1.0 if c < 2 else -1.0)
            corners[c, 0] = poses[n, 0] + cos * x - sin * y - sun[0] * shift
            corners[c, 1] = poses[n, 1] + sin * x + cos * y - sun[1] * shift
            corners[c, 2] = z
        out[2 * n, 0], out[2 * n, 1], out[2 * n, 2] = corners[0], corners[1], corners[2]
        out[2 * n + 1, 0], out[2 * n + 1, 1], out[2 * n + 1, 2] = corners[0], corners[2], corners[3]
    return out


@njit(cache=True, nogil=True)
def _cars(poses, half, own, tags, lights, bodies, camera, shape, parts, night):  # type: ignore[no-untyped-def]
    """The boxes as the triangles of what they are, `bodies` by tag: (F, 3, 3), normals, codes, colours."""
    count = 0
    near = np.zeros(poses.shape[0], np.bool_)
    for n in range(poses.shape[0]):
        x, y, z = poses[n, 0] - camera[0], poses[n, 1] - camera[1], poses[n, 2] - camera[2]
        near[n] = x * x + y * y + z * z < BOXES_M * BOXES_M
        count += bodies[tags[n], 1] - bodies[tags[n], 0] if near[n] else 0
    triangles, normals = np.empty((count, 3, 3), np.float32), np.empty((count, 3), np.float32)
    codes, colours = np.empty(count, np.uint8), np.empty((count, 3), np.uint8)
    at = 0
    for n in range(poses.shape[0]):
        if not near[n]:
            continue
        cp, sp = math.cos(poses[n, 3]), math.sin(poses[n, 3])
        cy, sy = math.cos(poses[n, 4]), math.sin(poses[n, 4])
        cr, sr = math.cos(poses[n, 5]), math.sin(poses[n, 5])
        for f in range(bodies[tags[n], 0], bodies[tags[n], 1]):
            part = parts[f]
            for c in range(3):
                x, y, z = shape[f, c, 0] * half[n, 0], shape[f, c, 1] * half[n, 1], shape[f, c, 2] * half[n, 2]
                triangles[at, c, 0] = poses[n, 0] + cp * cy * x + (cy * sp * sr - sy * cr) * y - (cy * sp * cr + sy * sr) * z
                triangles[at, c, 1] = poses[n, 1] + cp * sy * x + (sy * sp * sr + cy * cr) * y - (sy * sp * cr - cy * sr) * z
                triangles[at, c, 2] = poses[n, 2] + sp * x - cp * sr * y + cp * cr * z
            a, b = triangles[at, 1] - triangles[at, 0], triangles[at, 2] - triangles[at, 0]
            nx, ny, nz = a[1] * b[2] - a[2] * b[1], a[2] * b[0] - a[0] * b[2], a[0] * b[1] - a[1] * b[0]
            size = max(1e-9, math.sqrt(nx * nx + ny * ny + nz * nz))
            normals[at, 0], normals[at, 1], normals[at, 2] = nx / size, ny / size, nz / size
            codes[at] = ACTOR + tags[n]
            colours[at] = own[n]
            if part == WINDOW:
                colours[at, 0], colours[at, 1], colours[at, 2] = 30, 38, 46
            elif part == TYRE:
                colours[at, 0], colours[at, 1], colours[at, 2] = 26, 26, 28
            elif part == TROUSERS:
                colours[at, 0], colours[at, 1], colours[at, 2] = 46, 48, 58
            elif part == SKIN:
                colours[at, 0], colours[at, 1], colours[at, 2] = 196, 152, 124
            elif part == LAMP:
                codes[at] = GLOWING + tags[n]
            elif part == HEADLAMP:
                lit = night or lights[n] & (LOW_BEAM | HIGH_BEAM) != 0
                codes[at] = (GLOWING if lit else ACTOR) + tags[n]
                colours[at, 0], colours[at, 1], colours[at, 2] = 250, 248, 235
            elif part == TAILLAMP:
                braking = lights[n] & BRAKE_LIGHT != 0
                codes[at] = (GLOWING if night or braking else ACTOR) + tags[n]
                colours[at, 0], colours[at, 1], colours[at, 2] = (255, 40, 30) if braking else (150, 22, 20)
            at += 1
    return triangles, normals, codes, colours
