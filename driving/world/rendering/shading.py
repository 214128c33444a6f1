"""From buffers to the picture: texture, shadow, wetness, headlamps and fog for each pixel, and rain over all. Compiled by numba.

Buffers: `rasteriser`; camera rows: `camera`; light rows: `light`; the sky is looked up in the table that `sky` makes. Textures are two tiles of
noise, looked up by the place in the world. A picture's row is shaded block by block in short loops over slices. These compile to vector code; an
index into a whole picture, or a value read again inside the loop, would prevent that.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from numba import njit

from driving.world.meshes.materials import COBBLES, FOLIAGE, GRAVEL_LANE, MARKING, MEDIAN, SIDEWALK, TERRAIN
from driving.world.rendering import light as lights
from driving.world.rendering.camera import C_CX, C_CY, C_FOCAL, C_FORWARD, C_RIGHT, C_UP
from driving.world.rendering.noise import TILE, interpolate_tile
from driving.world.rendering.sky import SKY_PX, sky_entry

FINE_PER_M, COARSE_PER_M, BROAD_PER_M = 14.0, 1.9, 1.1  # pixels of a tile per metre of ground
GLOW_CLASS = np.uint32(12)  # materials of this class and above glow

# The quantities of a block: each has its own stretch of BLOCK in one array (STRETCHES,) float32, named by where it begins.
BLOCK = 256
(
    DEPTH,  # m
    SIZE,  # length of the viewing direction, whose forward part is 1
    CLEAR,  # share of the light that fog lets through
    ALONG_X,  # from the camera to the point, in the world (m)
    ALONG_Y,
    DOWN,  # vertical part of the viewing direction, negative below the horizon
    WET_GROUND,  # 1 on ground that gets wet, else 0
    POOL,  # share of a puddle
    GRAIN,  # noise of the coarse, the broad and the fine texture, about 0
    PATCH,
    SPECK,
    RED,  # 0 to 255
    GREEN,
    BLUE,
    STRETCHES,
) = range(0, 15 * BLOCK, BLOCK)

# Columns of `common` (COMMON_WIDTH,) float32: what is the same for many pixels.
R_FOG = 0  # 3 columns: colour of fog (0 to 255)
R_FROM = 3  # distance at which fog begins (m)
R_PER_M = 4  # fog's extinction at the camera's height (1/m)
R_SHADOW = 5  # share of the light that is left in the shadow
R_BASE = 6  # 3 columns: viewing direction in the middle column of this row
R_FIRST = 9  # 3 columns: viewing direction of the block's first pixel
R_STEP = 12  # 3 columns: its change from pixel to pixel
R_ORIGIN = 15  # 8 columns: the camera's x and y in pixels of the coarse, broad and fine tile, and in slabs of a pavement
R_MIRROR = 23  # 3 columns: colour that water mirrors (0 to 255)
R_SHINE = 26  # 3 columns: the sun's reflection in water (0 to 255)
R_TO_SUN = 29  # 3 columns: unit vector to the sun
R_WET = 32  # how wet the road is (0 to 1)
R_NIGHT = 33  # 0 by day, 1 by night
COMMON_WIDTH = 34

FAR_M = 1e5  # added to places in the world: they are positive then, so that a cast rounds down
FAR_TEXELS = 16384  # the same for places in tiles, a multiple of TILE
TILE_BITS, MASK = np.int32(8), np.int32(TILE - 1)
ZERO, ONE, WHITE = np.float32(0.0), np.float32(1.0), np.float32(255.0)
SMALLEST, FARTHEST_M = np.float32(1e-5), np.float32(1e6)
HALF, SIXTH, TWENTY_FOURTH = np.float32(0.5), np.float32(0.16666), np.float32(0.0416)  # of the exponential's series
COARSE, BROAD, FINE = np.float32(COARSE_PER_M), np.float32(BROAD_PER_M), np.float32(FINE_PER_M)
HALF_SKY, SKY_WIDE = np.float32(SKY_PX * 0.4999), np.int32(SKY_PX)
OPAQUE, UNKNOWN = np.uint32(0xFF000000), np.uint32(0)

# How strongly a surface shows the fine and the coarse tile, and how much coarse noise reddens it: land, paved ground, leaves, paint.
LAND_FINE, LAND_COARSE, LAND_TINT = np.float32(0.0030), np.float32(0.0045), np.float32(0.0010)
PAVED_FINE, PAVED_COARSE = np.float32(0.0022), np.float32(0.0014)
ROUGH_FINE = np.float32(0.0075)  # of cobbles and gravel
LEAVES_FINE, LEAVES_COARSE, LEAVES_TINT = np.float32(0.0030), np.float32(0.0030), np.float32(0.0006)
PAINT_FINE, PAINT_COARSE = np.float32(0.0016), np.float32(0.0010)
SLABS = np.float32(0.05)  # every other slab of a pavement is darker by this share
GRAIN_SHARE = np.float32(0.6)  # of the coarse noise's fine tile, beside its broad one
FINE_FADES = np.float32(0.025)  # 1/m: fine texture is gone at 40 m

# Wet ground: how it mirrors (seen flat: more), how it darkens, how the sun shines on it. The second name of each pair is a puddle's.
WET_MIRROR, POOL_MIRROR, POOL_MIRROR_FLAT = np.float32(0.6), np.float32(0.12), np.float32(0.70)
WET_DARKENS, POOL_DARKENS = np.float32(0.30), np.float32(0.35)
WET_SHINE, POOL_SHINE = np.float32(0.4), np.float32(0.6)

# Headlamps at the camera, and glowing lamps of vehicles.
LAMP_GAIN = np.float32(14.0)  # light of the headlamps next to the ambient light of the night
LAMP_FADES_PER_M = np.float32(1.0 / 55.0)
LAMP_BEGINS_PER_M = np.float32(0.2)  # the full light begins at 5 m
LAMP_BLUE = np.float32(0.9)  # headlamps are a little yellow
GLOW_RED, GLOW_GREEN, GLOW_BLUE = np.float32(200.0), np.float32(170.0), np.float32(120.0)
RED_GLOW = np.float32(0.12)  # a tail lamp's share of green and blue


class Textures(NamedTuple):
    """Tables that pixels are looked up in."""

    noise: np.ndarray  # (2, TILE, TILE) uint8, of `noise.noise_tiles`
    grain: np.ndarray  # (2, TILE * TILE) float32, of `noise.grain_of`
    sky: np.ndarray  # (SKY_PX, SKY_PX) uint32, of `sky.empty_sky`; entries are filled when they are first seen


@njit(cache=True, nogil=True, fastmath=True, error_model="numpy")
def shade_image(out, buffers, camera, light, textures):  # type: ignore[no-untyped-def]
    """Fill `out` (Y, X) uint32, which is BGRA in memory, from buffers, a camera row, a light row and `Textures`.

    Each row is shaded block by block, in loops over arrays of a fixed size: what does not need a table is computed for many pixels at once.
    """
    inverse_depth, surface, shadow = buffers.inverse_depth, buffers.surface, buffers.shadow
    noise, grain, sky = textures.noise, textures.grain, textures.sky
    rows, columns = inverse_depth.shape
    px_m = 1.0 / camera[C_FOCAL]  # a pixel's size one metre ahead
    common, beam = _make_common(camera, light), _make_beam(camera, columns)
    values, places = np.zeros(STRETCHES, np.float32), np.empty(4 * BLOCK, np.int32)
    for y in range(rows):
        up = (camera[C_CY] - y - 0.5) * px_m
        for axis in range(3):
            common[R_BASE + axis] = camera[C_FORWARD + axis] + camera[C_UP + axis] * up
        for start in range(0, columns, BLOCK):
            count = min(BLOCK, columns - start)
            right = (start + 0.5 - camera[C_CX]) * px_m
            for axis in range(3):
                common[R_FIRST + axis] = common[R_BASE + axis] + camera[C_RIGHT + axis] * right
                common[R_STEP + axis] = camera[C_RIGHT + axis] * px_m
            part = slice(start, start + count)
            depths, surfaces, shadows, pixels = inverse_depth[y, part], surface[y, part], shadow[y, part], out[y, part]
            solid = _count_solid(depths)
            if solid > 0:
                _find_points(values, depths, common)
                _find_places(values, places, count, common)
                _look_up_noise(values, places, grain, count)
                _apply_texture(values, places, surfaces, shadows, common)
                if light[lights.PUDDLES] > 0.0:
                    _find_puddles(values, noise, count, camera, light[lights.PUDDLES])
                if light[lights.WET] > 0.0:
                    _apply_wetness(values, shadows, common)
                if light[lights.NIGHT] > 0.0:
                    _apply_lamps(values, beam[part], surfaces, common)
                _blend_fog(pixels, values, common)
            if solid < count:
                _fill_sky(pixels, depths, places, light, sky, noise, common)


@njit(cache=True, nogil=True, fastmath=True, error_model="numpy")
def _make_common(camera, light):  # type: ignore[no-untyped-def]
    """Return the columns of `common` (COMMON_WIDTH,) that are the same for all pixels; the others are 0."""
    common = np.zeros(COMMON_WIDTH, np.float32)
    common[R_FROM] = light[lights.FOG_FROM_M]
    common[R_PER_M] = light[lights.FOG_PER_M] * math.exp(-light[lights.FOG_FALL] * max(0.0, camera[2] - 2.0) * 0.01)
    common[R_SHADOW], common[R_WET], common[R_NIGHT] = light[lights.SHADOW], light[lights.WET], light[lights.NIGHT]
    for c in range(3):
        common[R_FOG + c] = light[lights.FOG_R + c] * 255.0
        common[R_MIRROR + c], common[R_SHINE + c] = light[lights.HORIZON_R + c] * 235.0, light[lights.SUN_R + c] * 140.0
        common[R_TO_SUN + c] = light[lights.SUN_X + c]
    for n, per_m in enumerate((COARSE_PER_M, BROAD_PER_M, FINE_PER_M, 1.0)):
        for axis in range(2):
            common[R_ORIGIN + 2 * n + axis] = (camera[axis] + FAR_M) * per_m % TILE + FAR_TEXELS
    return common


@njit(cache=True, nogil=True, fastmath=True, error_model="numpy")
def _make_beam(camera, columns):  # type: ignore[no-untyped-def]
    """Return the share (X,) float32 of the headlamps' light that falls into each column of the picture."""
    beam = np.empty(columns, np.float32)
    for x in range(columns):
        right = (x + 0.5 - camera[C_CX]) / camera[C_FOCAL]
        beam[x] = math.exp(-1.2 * right * right)
    return beam


@njit(cache=True, nogil=True, fastmath=True, error_model="numpy")
def _count_solid(depths):  # type: ignore[no-untyped-def]
    """Return how many of a block's pixels show anything but sky. depths (up to BLOCK,): 1 / depth."""
    solid = 0
    for x in range(len(depths)):
        solid += depths[x] > ZERO
    return solid


@njit(cache=True, nogil=True, fastmath=True, error_model="numpy")
def _find_points(values, depths, common):  # type: ignore[no-untyped-def]
    """Fill DEPTH, SIZE, CLEAR, ALONG_X, ALONG_Y and DOWN of a block. depths (up to BLOCK,): 1 / depth."""
    dx0, dy0, dz0 = common[R_FIRST], common[R_FIRST + 1], common[R_FIRST + 2]
    sx, sy, sz = common[R_STEP], common[R_STEP + 1], common[R_STEP + 2]
    from_m, per_m = common[R_FROM], common[R_PER_M]
    for x in range(len(depths)):
        n = np.float32(np.int32(x))
        dx, dy, dz = dx0 + sx * n, dy0 + sy * n, dz0 + sz * n
        depth = ONE / max(depths[x], SMALLEST)
        size = math.sqrt(dx * dx + dy * dy + dz * dz)
        t = max((depth * size - from_m) * per_m, ZERO)
        # 1 / e^t by its series: slightly too large, by less than one per cent where it matters, and without a function call
        values[CLEAR + x] = ONE / (ONE + t * (ONE + t * (HALF + t * (SIXTH + t * TWENTY_FOURTH))))
        values[DEPTH + x], values[SIZE + x] = depth, size
        values[ALONG_X + x], values[ALONG_Y + x], values[DOWN + x] = dx * depth, dy * depth, dz


@njit(cache=True, nogil=True, fastmath=True, error_model="numpy")
def _find_places(values, places, count, common):  # type: ignore[no-untyped-def]
    """Fill places (4 * BLOCK,) int32: where to look in the coarse, broad and fine tile, and whether a slab of a pavement is an odd one (0 or 1)."""
    coarse_x, coarse_y, broad_x, broad_y = common[R_ORIGIN], common[R_ORIGIN + 1], common[R_ORIGIN + 2], common[R_ORIGIN + 3]
    fine_x, fine_y, slab_x, slab_y = common[R_ORIGIN + 4], common[R_ORIGIN + 5], common[R_ORIGIN + 6], common[R_ORIGIN + 7]
    for x in range(count):
        px, py = min(max(values[ALONG_X + x], -FARTHEST_M), FARTHEST_M), min(max(values[ALONG_Y + x], -FARTHEST_M), FARTHEST_M)
        column, line = np.int32(coarse_x + px * COARSE), np.int32(coarse_y + py * COARSE)
        places[x] = ((line & MASK) << TILE_BITS) | (column & MASK)
        column, line = np.int32(broad_x + px * BROAD), np.int32(broad_y + py * BROAD)
        places[BLOCK + x] = ((line & MASK) << TILE_BITS) | (column & MASK)
        column, line = np.int32(fine_x + px * FINE), np.int32(fine_y + py * FINE)
        places[2 * BLOCK + x] = ((line & MASK) << TILE_BITS) | (column & MASK)
        places[3 * BLOCK + x] = (np.int32(slab_x + px) + np.int32(slab_y + py)) & np.int32(1)


@njit(cache=True, nogil=True, fastmath=True, error_model="numpy")
def _look_up_noise(values, places, grain, count):  # type: ignore[no-untyped-def]
    """Fill GRAIN, PATCH and SPECK of a block. Look-ups have their own loop because they would keep any other from being vectorised."""
    fine, broad = grain[0], grain[1]
    for x in range(count):
        values[GRAIN + x] = fine[places[x]]
        values[PATCH + x] = broad[places[BLOCK + x]]
        values[SPECK + x] = fine[places[2 * BLOCK + x]]


@njit(cache=True, nogil=True, fastmath=True, error_model="numpy")
def _apply_texture(values, places, surfaces, shadows, common):  # type: ignore[no-untyped-def]
    """Fill RED, GREEN, BLUE and WET_GROUND of a block, with texture and the sun's shadow, from its part of the surface and shadow buffers."""
    dark = common[R_SHADOW]
    for x in range(len(surfaces)):
        value = surfaces[x]
        code = np.int32(value >> np.uint32(24))
        land = ((code >= TERRAIN) & (code < SIDEWALK)) | (code == MEDIAN)
        paved = (code >= SIDEWALK) & (code < FOLIAGE) & (code != MEDIAN)
        leaves, line = code == FOLIAGE, code == MARKING
        coarse = LAND_COARSE if land else PAVED_COARSE if paved else LEAVES_COARSE if leaves else PAINT_COARSE if line else ZERO
        fine = LAND_FINE if land else PAVED_FINE if paved else LEAVES_FINE if leaves else PAINT_FINE if line else ZERO
        fine = ROUGH_FINE if (code == COBBLES) | (code == GRAVEL_LANE) else fine
        reds = LAND_TINT if land else LEAVES_TINT if leaves else ZERO
        slab = SLABS * np.float32(places[3 * BLOCK + x]) if code == SIDEWALK else ZERO
        patch, close = values[PATCH + x], max(ZERO, ONE - values[DEPTH + x] * FINE_FADES)
        factor = ONE + coarse * (values[GRAIN + x] * GRAIN_SHARE + patch) + fine * values[SPECK + x] * close - slab
        factor *= ONE if shadows[x] == 0 else dark
        values[WET_GROUND + x] = ONE if paved | line else ZERO
        values[RED + x] = np.float32(np.int32((value >> np.uint32(16)) & np.uint32(255))) * (factor + reds * patch)
        values[GREEN + x] = np.float32(np.int32((value >> np.uint32(8)) & np.uint32(255))) * factor
        values[BLUE + x] = np.float32(np.int32(value & np.uint32(255))) * factor


@njit(cache=True, nogil=True, fastmath=True, error_model="numpy")
def _find_puddles(values, noise, count, camera, puddles):  # type: ignore[no-untyped-def]
    """Fill POOL of a block: each pixel's share of a puddle (0 to 1). puddles: how much of the ground is under water (0 to 1)."""
    origin_x, origin_y = camera[0] + FAR_M, camera[1] + FAR_M
    for x in range(count):
        values[POOL + x] = ZERO
        if values[WET_GROUND + x] > ZERO:
            px, py = origin_x + values[ALONG_X + x], origin_y + values[ALONG_Y + x]
            rough = interpolate_tile(noise[1], px * 1.7, py * 1.7) - 128.0
            values[POOL + x] = min(1.0, max(0.0, (rough * 0.011 - 0.72 + 1.1 * puddles) * 5.0))


@njit(cache=True, nogil=True, fastmath=True, error_model="numpy")
def _apply_wetness(values, shadows, common):  # type: ignore[no-untyped-def]
    """Darken wet ground and let it mirror the horizon, more the flatter it is seen. Puddles mirror more."""
    wet, dx0, dy0, sx, sy = common[R_WET], common[R_FIRST], common[R_FIRST + 1], common[R_STEP], common[R_STEP + 1]
    sun_x, sun_y, sun_z = common[R_TO_SUN], common[R_TO_SUN + 1], common[R_TO_SUN + 2]
    mirror_r, mirror_g, mirror_b = common[R_MIRROR], common[R_MIRROR + 1], common[R_MIRROR + 2]
    shine_r, shine_g, shine_b = common[R_SHINE], common[R_SHINE + 1], common[R_SHINE + 2]
    for x in range(len(shadows)):
        n, size, z, pool = np.float32(np.int32(x)), values[SIZE + x], values[DOWN + x], values[POOL + x]
        flat = ONE + z / size  # 0 looking straight down, 1 along the ground
        flat2 = flat * flat
        mirror = flat2 * flat2 * WET_MIRROR * wet * (ONE - pool) + pool * (POOL_MIRROR + POOL_MIRROR_FLAT * flat2)
        keep = (ONE - WET_DARKENS * wet) * (ONE - POOL_DARKENS * pool) * (ONE - mirror) - ONE
        cos = max(ZERO, (dx0 + sx * n) * sun_x + (dy0 + sy * n) * sun_y - z * sun_z) / size
        cos2 = cos * cos
        cos8 = cos2 * cos2 * cos2 * cos2
        sunlit = ONE if shadows[x] == 0 else ZERO
        shine = cos8 * cos8 * cos8 * (WET_SHINE * wet + POOL_SHINE * pool) * sunlit
        ground, r, g, b = values[WET_GROUND + x], values[RED + x], values[GREEN + x], values[BLUE + x]
        values[RED + x] = r + ground * (r * keep + mirror * mirror_r + shine * shine_r)
        values[GREEN + x] = g + ground * (g * keep + mirror * mirror_g + shine * shine_g)
        values[BLUE + x] = b + ground * (b * keep + mirror * mirror_b + shine * shine_b)


@njit(cache=True, nogil=True, fastmath=True, error_model="numpy")
def _apply_lamps(values, beam, surfaces, common):  # type: ignore[no-untyped-def]
    """Let lamps of vehicles glow, and light what is ahead with headlamps at the camera. beam (up to BLOCK,): of `_make_beam`."""
    night = common[R_NIGHT]
    for x in range(len(surfaces)):
        depth = values[DEPTH + x]
        fall = max(ZERO, ONE - depth * LAMP_FADES_PER_M)
        lamp = ONE + LAMP_GAIN * night * fall * fall * beam[x] * min(ONE, depth * LAMP_BEGINS_PER_M)
        glows = (surfaces[x] >> np.uint32(27)) >= GLOW_CLASS
        r, g, b = values[RED + x], values[GREEN + x], values[BLUE + x]
        white = night if g + g > r else RED_GLOW * night
        values[RED + x] = r + GLOW_RED * night if glows else r * lamp
        values[GREEN + x] = g + GLOW_GREEN * white if glows else g * lamp
        values[BLUE + x] = b + GLOW_BLUE * white if glows else b * lamp * LAMP_BLUE


@njit(cache=True, nogil=True, fastmath=True, error_model="numpy")
def _blend_fog(out, values, common):  # type: ignore[no-untyped-def]
    """Lay fog over a block and write its pixels to `out` (up to BLOCK,) uint32."""
    fog_r, fog_g, fog_b = common[R_FOG], common[R_FOG + 1], common[R_FOG + 2]
    for x in range(len(out)):
        clear = values[CLEAR + x]
        r = min(max(fog_r + (values[RED + x] - fog_r) * clear, ZERO), WHITE)
        g = min(max(fog_g + (values[GREEN + x] - fog_g) * clear, ZERO), WHITE)
        b = min(max(fog_b + (values[BLUE + x] - fog_b) * clear, ZERO), WHITE)
        out[x] = np.uint32((np.int32(r) << np.int32(16)) | (np.int32(g) << np.int32(8)) | np.int32(b)) | OPAQUE


@njit(cache=True, nogil=True, fastmath=True, error_model="numpy")
def _fill_sky(out, depths, places, light, sky, noise, common):  # type: ignore[no-untyped-def]
    """Write the sky to `out` (up to BLOCK,) uint32 where a block shows it. depths: 1 / depth; places: working memory."""
    table, unknown, count = sky.reshape(-1), 0, len(out)
    dx0, dy0, dz0 = common[R_FIRST], common[R_FIRST + 1], common[R_FIRST + 2]
    sx, sy, sz = common[R_STEP], common[R_STEP + 1], common[R_STEP + 2]
    for x in range(count):
        n = np.float32(np.int32(x))
        dx, dy, dz = dx0 + sx * n, dy0 + sy * n, dz0 + sz * n
        # octahedral coordinates of the upper half of all directions; below the horizon the sky looks as at the horizon
        scale = HALF_SKY / (abs(dx) + abs(dy) + max(dz, ZERO))
        places[x] = np.int32(HALF_SKY + dy * scale) * SKY_WIDE + np.int32(HALF_SKY + dx * scale)
    for x in range(count):
        colour, open_sky = table[places[x]], depths[x] <= ZERO
        out[x] = colour if open_sky else out[x]
        unknown += open_sky & (colour == UNKNOWN)
    if unknown > 0:
        for x in range(count):
            if depths[x] <= ZERO:
                at = places[x]
                if table[at] == 0:
                    table[at] = sky_entry(at // SKY_PX, at % SKY_PX, light, noise)
                out[x] = table[at]


@njit(cache=True, nogil=True)
def draw_rain(out, rain, wind, moment):  # type: ignore[no-untyped-def]
    """Draw streaks of rain on a picture (Y, X, 4), the same for the same `moment` (an integer). rain, wind: 0 to 1."""
    rows, columns, _ = out.shape
    count = int(rain * rows * columns / 260.0)
    length = max(2, int(rows * 0.07))
    slant = 0.9 * wind - 0.2
    state = np.uint64(moment * 2654435761 + 12345)
    for _ in range(count):
        state = state * np.uint64(6364136223846793005) + np.uint64(1442695040888963407)
        x = float((state >> np.uint64(33)) % np.uint64(columns))
        y = int((state >> np.uint64(45)) % np.uint64(rows))
        for step in range(length):
            yy, xx = y + step, int(x + slant * step)
            if 0 <= yy < rows and 0 <= xx < columns:
                for c in range(3):
                    old = out[yy, xx, c]
                    out[yy, xx, c] = np.uint8(old + (225 - old) * 0.22) if old < 225 else old
