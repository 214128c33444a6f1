"""What a scene and the bodies in it look like from a camera, in a weather: as an image, as depths or as semantic tags.

A software rasteriser on the CPU. It is deterministic: the same scene, pose, weather, boxes and time give the same bytes. One call uses one thread.
Steps: `culling` finds what is visible, `rasteriser` draws triangles, `decals` draws paint and shadows, `shading` makes the picture.
"""

from __future__ import annotations

from typing import Literal

import numpy as np
from numba import njit

from driving.quantities import Pose
from driving.world.meshes.materials import TAGS
from driving.world.rendering import light
from driving.world.rendering.boxes import Boxes, faces_of
from driving.world.rendering.camera import Frustum, Lens
from driving.world.rendering.culling import find_visible_faces, find_visible_paint, find_visible_solids
from driving.world.rendering.decals import draw_paint, draw_shadows
from driving.world.rendering.noise import grain_of, noise_tiles
from driving.world.rendering.rasteriser import Buffers, draw_triangles
from driving.world.rendering.scene import SHADOWS_M, Scene
from driving.world.rendering.shading import Textures, draw_rain, shade_image
from driving.world.rendering.shadows import NO_SHADOWS, select_shadows, shadows_under
from driving.world.rendering.sky import empty_sky
from driving.world.weather import Weather

FAR_M = 1000.0  # the depth of the sky
SUNNY = 0.93  # share of the light that is left in the shadow above which no shadow is seen
LAMPS_LIT = 0.5  # share of the night above which all vehicles' lamps are lit

Want = Literal["rgb", "depth", "semantic"]


class Renderer:
    """A painter of one scene. It keeps its buffers between calls, so each thread needs its own."""

    def __init__(self, scene: Scene) -> None:
        self.scene = scene
        self._noise = noise_tiles()
        self._grain = grain_of(self._noise)
        self._buffers: dict[tuple[int, int], Buffers] = {}
        self._weather: Weather | None = None
        self._light = light.light_row(Weather())
        self._textures = Textures(self._noise, self._grain, empty_sky())
        self._shadows = NO_SHADOWS

    def render(self, camera: Pose, lens: Lens, weather: Weather, boxes: Boxes, time_s: float, want: Want = "rgb") -> np.ndarray:
        """Return a new picture: "rgb" BGRA uint8 (Y, X, 4), "depth" float32 m (Y, X), "semantic" uint8 tags (Y, X)."""
        self._prepare(weather)
        frustum = Frustum.of(camera, lens)
        buffers = self._draw(frustum, boxes)
        if want == "depth":
            inverse_depth = buffers.inverse_depth
            return np.where(inverse_depth > 0, 1.0 / np.maximum(inverse_depth, 1.0 / FAR_M), np.float32(FAR_M)).astype(np.float32)
        if want == "semantic":
            return TAGS[buffers.surface >> 24]
        picture = np.empty((lens.height_px, lens.width_px, 4), np.uint8)
        shade_image(picture.view(np.uint32)[..., 0], buffers, frustum.camera, self._light, self._textures)
        if self._light[light.RAIN] > 0.0:
            draw_rain(picture, self._light[light.RAIN], self._light[light.WIND], int(time_s * 1000.0 + 0.5))
        return picture

    def refresh(self) -> None:
        """Compute the shadows again at the next picture, because scenery objects were hidden or shown."""
        self._weather = None

    def _prepare(self, weather: Weather) -> None:
        if weather != self._weather:
            self._weather = weather
            self._light = light.light_row(weather)
            self._textures = Textures(self._noise, self._grain, empty_sky())
            self._shadows = self.scene.shadows(self._light[:3]) if self._light[light.SHADOW] < SUNNY else NO_SHADOWS

    def blank(self, columns: int, rows: int) -> Buffers:
        """Return empty buffers of a picture's size. The next call for that size empties and returns the same ones."""
        if (rows, columns) not in self._buffers:
            self._buffers[rows, columns] = Buffers.of_size(rows, columns)
        buffers = self._buffers[rows, columns]
        buffers.clear()
        return buffers

    def _draw(self, frustum: Frustum, boxes: Boxes) -> Buffers:
        buffers, row = self.blank(frustum.columns, frustum.rows), self._light
        _draw_faces(buffers, frustum, row, self.scene.faces)
        if len(boxes.poses):
            faces = faces_of(boxes, frustum.camera, row[light.NIGHT] > LAMPS_LIT)
            draw_triangles(buffers, frustum.camera, row, faces, find_visible_solids(faces.triangles, frustum))
        _draw_decals(buffers, frustum, row, self.scene.paint_segments, self._shadows)
        if len(boxes.poses):
            draw_shadows(buffers, frustum.camera, shadows_under(boxes.poses, boxes.half_sizes, row[:3]))
        return buffers


@njit(cache=True, nogil=True)
def _draw_faces(buffers, frustum, light, faces):  # type: ignore[no-untyped-def]
    """Draw the visible triangles of `scene.SceneFaces`."""
    draw_triangles(buffers, frustum.camera, light, faces.drawn, find_visible_faces(faces, frustum))


@njit(cache=True, nogil=True)
def _draw_decals(buffers, frustum, light, segments, shadows):  # type: ignore[no-untyped-def]
    """Draw the visible `scene.PaintSegments`, then the shadows (N, 10, 3, 3) near the camera."""
    draw_paint(buffers, frustum.camera, light, segments, find_visible_paint(segments, frustum))
    if len(shadows):
        draw_shadows(buffers, frustum.camera, select_shadows(shadows, frustum.camera, SHADOWS_M * frustum.range_factor))
