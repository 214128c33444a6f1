"""From buffers to the picture: texture, shadow, wet, head lamps and fog for each pixel, and rain over all. Compiled by numba.

Buffers and camera: `rasteriser`; the light's row: `light`; the sky is looked up in the table that `sky` makes. Textures are two tiles of noise,
looked up by the place in the world. A row goes block by block through short loops over slices, which compile to vector code: an index into a
whole picture, or a value read anew in the loop, would keep them from it.
"""

from __future__ import annotations

import math

import numpy as np
from numba import njit

from driving.world.meshes import materials as m
from driving.world.rendering import light as k
from driving.world.rendering.camera import C_CX, C_CY, C_FOCAL, C_FORWARD, C_RIGHT, C_UP
from driving.world.rendering.noise import TILE, smooth
from driving.world.rendering.sky import SKY_PX, sky_entry

FINE_PER_M, COARSE_PER_M, BROAD_PER_M = 14.0, 1.9, 1.1
GLOW_CLASS = 12

# A block of a row: so many pixels at once, each quantity in its own stretch of an array.
BLOCK = 256
DEPTH, SIZE, CLEAR, ALONG_X, ALONG_Y, DOWN, WET_GROUND, POOL, GRAIN, PATCH, SPECK, RED, GREEN, BLUE, STRETCHES = range(0, 15 * BLOCK, BLOCK)
# What is the same for many pixels: fog, wet, night; directions of a row's middle, of a block's first pixel, from pixel to pixel; tiles' origins.
R_FOG, R_FROM, R_PER_M, R_SHADOW, R_BASE, R_FIRST, R_STEP, R_ORIGIN = 0, 3, 4, 5, 6, 9, 12, 15
R_MIRROR, R_SHINE, R_TO_SUN, R_WET, R_NIGHT, ROW_WIDTH = 23, 26, 29, 32, 33, 34
FAR_M = 1e5  # far from the world's origin, and positive, so that a cast rounds down
FAR_TEXELS = 16384  # a multiple of TILE that keeps places in tiles positive
TILE_BITS, MASK = np.int32(8), np.int32(TILE - 1)
ZERO, ONE, F_1_2, F_1_6, F_1_24 = np.float32(0.0), np.float32(1.0), np.float32(0.5), np.float32(0.16666), np.float32(0.0416)
F_SIX_TENTHS, FINE_FADES, WHITE = np.float32(0.6), np.float32(0.025), np.float32(255.0)
F_2, F_4, F_9, F_12, F_14 = np.float32(0.2), np.float32(0.4), np.float32(0.9), np.float32(0.12), np.float32(14.0)
F_30, F_35, F_70 = np.float32(0.30), np.float32(0.35), np.float32(0.70)
LAMP_FADES = np.float32(1.0 / 55.0)  # 1 / m
GLOW_RED, GLOW_GREEN, GLOW_BLUE = np.float32(200.0), np.float32(170.0), np.float32(120.0)
SMALLEST, FARTHEST = np.float32(1e-5), np.float32(1e6)
COARSE, BROAD, FINELY = np.float32(COARSE_PER_M), np.float32(BROAD_PER_M), np.float32(FINE_PER_M)
HALF_SKY, SKY_WIDE = np.float32(SKY_PX * 0.4999), np.int32(SKY_PX)
OPAQUE, NOTHING = np.uint32(0xFF000000), np.uint32(0)


# How strongly a surface shows the fine and the coarse tile, how much coarse noise reddens it: land, paved ground, leaves, paint.
LAND_FINE, LAND_COARSE, LAND_TINT = np.float32(0.0030), np.float32(0.0045), np.float32(0.0010)
PAVED_FINE, PAVED_COARSE = np.float32(0.0022), np.float32(0.0014)
LEAVES_FINE, LEAVES_COARSE, LEAVES_TINT = np.float32(0.0030), np.float32(0.0030), np.float32(0.0006)
PAINT_FINE, PAINT_COARSE = np.float32(0.0016), np.float32(0.0010)
SLABS = np.float32(0.05)  # every other slab of a pavement is so much darker


@njit(cache=True, nogil=True, fastmath=True, error_model="numpy")
def shade_image(out, near, paint, shade, camera, light, noise, grain, sky):  # type: ignore[no-untyped-def]
    """Fills `out` (Y, X) uint32, which is BGRA in memory. sky: the table of `sky`, filled where it is seen; grain: `grain_of(noise)`.

    A row goes block by block through loops over arrays of a fixed size: what needs no table is worked out for many pixels at once.
    """
    rows, columns = near.shape
    inv_f = 1.0 / camera[C_FOCAL]
    ox, oy = camera[0] + FAR_M, camera[1] + FAR_M
    row, beam = _row_of(camera, light), _beam_of(camera, columns)
    values, places = np.zeros(STRETCHES, np.float32), np.empty(4 * BLOCK, np.int32)
    for y in range(rows):
        v = (camera[C_CY] - y - 0.5) * inv_f
        for axis in range(3):
            row[R_BASE + axis] = camera[C_FORWARD + axis] + camera[C_UP + axis] * v
        for start in range(0, columns, BLOCK):
            count = min(BLOCK, columns - start)
            u = (start + 0.5 - camera[C_CX]) * inv_f
            for axis in range(3):
                row[R_FIRST + axis], row[R_STEP + axis] = row[R_BASE + axis] + camera[C_RIGHT + axis] * u, camera[C_RIGHT + axis] * inv_f
            part = slice(start, start + count)
            far, own, shaded, pixels = near[y, part], paint[y, part], shade[y, part], out[y, part]
            solid = _solid(far)
            if solid > 0:
                _geometry(values, far, row)
                _places(values, places, count, row)
                _look_up(values, places, grain, count)
                _texture(values, places, own, shaded, row)
                if light[k.PUDDLES] > 0.0:
                    _puddles(values, noise, count, ox, oy, light[k.PUDDLES])
                if light[k.WET] > 0.0:
                    _wet(values, shaded, row)
                if light[k.NIGHT] > 0.0:
                    _by_night(values, beam[part], own, row)
                _blend_fog(pixels, values, row)
            if solid < count:
                _sky_block(pixels, far, places, sky, light, noise, row)


@njit(cache=True, nogil=True, fastmath=True, error_model="numpy")
def _row_of(camera, light):  # type: ignore[no-untyped-def]
    """What is the same for all pixels, for the R_ columns."""
    row = np.zeros(ROW_WIDTH, np.float32)
    row[R_FROM] = light[k.FOG_FROM_M]
    row[R_PER_M] = light[k.FOG_PER_M] * math.exp(-light[k.FOG_FALL] * max(0.0, camera[2] - 2.0) * 0.01)
    row[R_SHADOW], row[R_WET], row[R_NIGHT] = light[k.SHADOW], light[k.WET], light[k.NIGHT]
    for c in range(3):
        row[R_FOG + c] = light[k.FOG_R + c] * 255.0
        row[R_MIRROR + c], row[R_SHINE + c] = light[k.HORIZON_R + c] * 235.0, light[k.SUN_R + c] * 140.0
        row[R_TO_SUN + c] = light[k.SUN_X + c]
    for n, per_m in enumerate((COARSE_PER_M, BROAD_PER_M, FINE_PER_M, 1.0)):
        for axis in range(2):
            row[R_ORIGIN + 2 * n + axis] = (camera[axis] + FAR_M) * per_m % TILE + FAR_TEXELS
    return row


@njit(cache=True, nogil=True, fastmath=True, error_model="numpy")
def _beam_of(camera, columns):  # type: ignore[no-untyped-def]
    """How much of the head lamps' light falls into each column of the picture."""
    beam = np.empty(columns, np.float32)
    for x in range(columns):
        u = (x + 0.5 - camera[C_CX]) / camera[C_FOCAL]
        beam[x] = math.exp(-1.2 * u * u)
    return beam


@njit(cache=True, nogil=True, fastmath=True, error_model="numpy")
def _solid(near):  # type: ignore[no-untyped-def]
    """How many of a block's pixels show anything but sky."""
    solid = 0
    for x in range(len(near)):
        solid += near[x] > ZERO
    return solid


@njit(cache=True, nogil=True, fastmath=True, error_model="numpy")
def _geometry(values, near, row):  # type: ignore[no-untyped-def]
    """Depth, way and fog for a block."""
    dx0, dy0, dz0, sx, sy, sz = row[R_FIRST], row[R_FIRST + 1], row[R_FIRST + 2], row[R_STEP], row[R_STEP + 1], row[R_STEP + 2]
    from_m, per_m = row[R_FROM], row[R_PER_M]
    for x in range(len(near)):
        n = np.float32(np.int32(x))
        dx, dy, dz = dx0 + sx * n, dy0 + sy * n, dz0 + sz * n
        depth = ONE / max(near[x], SMALLEST)
        size = math.sqrt(dx * dx + dy * dy + dz * dz)
        t = max((depth * size - from_m) * per_m, ZERO)
        # 1 / e^t from below, to a per cent where it matters, without a call
        values[CLEAR + x] = ONE / (ONE + t * (ONE + t * (F_1_2 + t * (F_1_6 + t * F_1_24))))
        values[DEPTH + x], values[SIZE + x] = depth, size
        values[ALONG_X + x], values[ALONG_Y + x], values[DOWN + x] = dx * depth, dy * depth, dz


@njit(cache=True, nogil=True, fastmath=True, error_model="numpy")
def _places(values, places, count, row):  # type: ignore[no-untyped-def]
    """Where to look in the tiles, and whether a slab of a pavement is an odd one, for a block."""
    coarse_x, coarse_y, broad_x, broad_y = row[R_ORIGIN], row[R_ORIGIN + 1], row[R_ORIGIN + 2], row[R_ORIGIN + 3]
    fine_x, fine_y, slab_x, slab_y = row[R_ORIGIN + 4], row[R_ORIGIN + 5], row[R_ORIGIN + 6], row[R_ORIGIN + 7]
    for x in range(count):
        px, py = min(max(values[ALONG_X + x], -FARTHEST), FARTHEST), min(max(values[ALONG_Y + x], -FARTHEST), FARTHEST)
        column, line = np.int32(coarse_x + px * COARSE), np.int32(coarse_y + py * COARSE)
        places[x] = ((line & MASK) << TILE_BITS) | (column & MASK)
        column, line = np.int32(broad_x + px * BROAD), np.int32(broad_y + py * BROAD)
        places[BLOCK + x] = ((line & MASK) << TILE_BITS) | (column & MASK)
        column, line = np.int32(fine_x + px * FINELY), np.int32(fine_y + py * FINELY)
        places[2 * BLOCK + x] = ((line & MASK) << TILE_BITS) | (column & MASK)
        places[3 * BLOCK + x] = (np.int32(slab_x + px) + np.int32(slab_y + py)) & np.int32(1)


@njit(cache=True, nogil=True, fastmath=True, error_model="numpy")
def _look_up(values, places, grain, count):  # type: ignore[no-untyped-def]
    """Looks the noise up: a loop of its own, because no other can be vectorised beside look-ups."""
    fine, broad = grain[0], grain[1]
    for x in range(count):
        values[GRAIN + x] = fine[places[x]]
        values[PATCH + x] = broad[places[BLOCK + x]]
        values[SPECK + x] = fine[places[2 * BLOCK + x]]


@njit(cache=True, nogil=True, fastmath=True, error_model="numpy")
def _texture(values, places, paint, shade, row):  # type: ignore[no-untyped-def]
    """The block's colours (0 to 255) with texture and the sun's shadow. What shows no texture lies in no shadow either."""
    dark = row[R_SHADOW]
    for x in range(len(paint)):
        value = paint[x]
        code = np.int32(value >> np.uint32(24))
        land = ((code >= m.TERRAIN) & (code < m.SIDEWALK)) | (code == m.MEDIAN)
        paved = (code >= m.SIDEWALK) & (code < m.FOLIAGE) & (code != m.MEDIAN)
        leaves, line = code == m.FOLIAGE, code == m.MARKING
        coarse = LAND_COARSE if land else PAVED_COARSE if paved else LEAVES_COARSE if leaves else PAINT_COARSE if line else ZERO
        fine = LAND_FINE if land else PAVED_FINE if paved else LEAVES_FINE if leaves else PAINT_FINE if line else ZERO
        reds = LAND_TINT if land else LEAVES_TINT if leaves else ZERO
        slab = SLABS * np.float32(places[3 * BLOCK + x]) if code == m.SIDEWALK else ZERO
        patch, close = values[PATCH + x], max(ZERO, ONE - values[DEPTH + x] * FINE_FADES)
        factor = ONE + coarse * (values[GRAIN + x] * F_SIX_TENTHS + patch) + fine * values[SPECK + x] * close - slab
        factor *= ONE if shade[x] == 0 else dark
        values[WET_GROUND + x] = ONE if paved | line else ZERO
        values[RED + x] = np.float32(np.int32((value >> np.uint32(16)) & np.uint32(255))) * (factor + reds * patch)
        values[GREEN + x] = np.float32(np.int32((value >> np.uint32(8)) & np.uint32(255))) * factor
        values[BLUE + x] = np.float32(np.int32(value & np.uint32(255))) * factor


@njit(cache=True, nogil=True, fastmath=True, error_model="numpy")
def _puddles(values, noise, count, ox, oy, puddles):  # type: ignore[no-untyped-def]
    """How much of a puddle each pixel of the block is (0 to 1)."""
    for x in range(count):
        values[POOL + x] = ZERO
        if values[WET_GROUND + x] > ZERO:
            px, py = ox + values[ALONG_X + x], oy + values[ALONG_Y + x]
            rough = smooth(noise[1], px * 1.7, py * 1.7) - 128.0
            values[POOL + x] = min(1.0, max(0.0, (rough * 0.011 - 0.72 + 1.1 * puddles) * 5.0))


@njit(cache=True, nogil=True, fastmath=True, error_model="numpy")
def _wet(values, shade, row):  # type: ignore[no-untyped-def]
    """Wet ground: darker, and mirroring the horizon the more the flatter it is seen; puddles mirror all."""
    wet, dx0, dy0, sx, sy = row[R_WET], row[R_FIRST], row[R_FIRST + 1], row[R_STEP], row[R_STEP + 1]
    sun_x, sun_y, sun_z = row[R_TO_SUN], row[R_TO_SUN + 1], row[R_TO_SUN + 2]
    mirror_r, mirror_g, mirror_b = row[R_MIRROR], row[R_MIRROR + 1], row[R_MIRROR + 2]
    shine_r, shine_g, shine_b = row[R_SHINE], row[R_SHINE + 1], row[R_SHINE + 2]
    for x in range(len(shade)):
        n, size, z, pool = np.float32(np.int32(x)), values[SIZE + x], values[DOWN + x], values[POOL + x]
        flat = ONE + z / size  # 0 looking straight down, 1 along the ground
        flat2 = flat * flat
        mirror = flat2 * flat2 * F_SIX_TENTHS * wet * (ONE - pool) + pool * (F_12 + F_70 * flat2)
        keep = (ONE - F_30 * wet) * (ONE - F_35 * pool) * (ONE - mirror) - ONE
        cos = max(ZERO, (dx0 + sx * n) * sun_x + (dy0 + sy * n) * sun_y - z * sun_z) / size
        cos2 = cos * cos
        cos8 = cos2 * cos2 * cos2 * cos2
        open_sky = ONE if shade[x] == 0 else ZERO
        shine = cos8 * cos8 * cos8 * (F_4 * wet + F_SIX_TENTHS * pool) * open_sky
        ground, r, g, b = values[WET_GROUND + x], values[RED + x], values[GREEN + x], values[BLUE + x]
        values[RED + x] = r + ground * (r * keep + mirror * mirror_r + shine * shine_r)
        values[GREEN + x] = g + ground * (g * keep + mirror * mirror_g + shine * shine_g)
        values[BLUE + x] = b + ground * (b * keep + mirror * mirror_b + shine * shine_b)


@njit(cache=True, nogil=True, fastmath=True, error_model="numpy")
def _by_night(values, beam, paint, row):  # type: ignore[no-untyped-def]
    """Lamps of vehicles glow; head lamps at the camera light what is ahead, within their beam (a share a column of the picture)."""
    night = row[R_NIGHT]
    for x in range(len(paint)):
        depth = values[DEPTH + x]
        fall = max(ZERO, ONE - depth * LAMP_FADES)
        lamp = ONE + F_14 * night * fall * fall * beam[x] * min(ONE, depth * F_2)
        glows = (paint[x] >> np.uint32(27)) >= np.uint32(GLOW_CLASS)
        r, g, b = values[RED + x], values[GREEN + x], values[BLUE + x]
        white = night if g + g > r else F_12 * night  # a tail lamp is red
        values[RED + x] = r + GLOW_RED * night if glows else r * lamp
        values[GREEN + x] = g + GLOW_GREEN * white if glows else g * lamp
        values[BLUE + x] = b + GLOW_BLUE * white if glows else b * lamp * F_9


@njit(cache=True, nogil=True, fastmath=True, error_model="numpy")
def _blend_fog(out, values, row):  # type: ignore[no-untyped-def]
    """Lays fog over the block and packs it."""
    fog_r, fog_g, fog_b = row[R_FOG], row[R_FOG + 1], row[R_FOG + 2]
    for x in range(len(out)):
        clear = values[CLEAR + x]
        r = min(max(fog_r + (values[RED + x] - fog_r) * clear, ZERO), WHITE)
        g = min(max(fog_g + (values[GREEN + x] - fog_g) * clear, ZERO), WHITE)
        b = min(max(fog_b + (values[BLUE + x] - fog_b) * clear, ZERO), WHITE)
        out[x] = np.uint32((np.int32(r) << np.int32(16)) | (np.int32(g) << np.int32(8)) | np.int32(b)) | OPAQUE


@njit(cache=True, nogil=True, fastmath=True, error_model="numpy")
def _sky_block(out, near, places, sky, light, noise, row):  # type: ignore[no-untyped-def]
    """Puts the sky where a block shows it."""
    table, unknown, count = sky.reshape(-1), 0, len(out)
    dx0, dy0, dz0, sx, sy, sz = row[R_FIRST], row[R_FIRST + 1], row[R_FIRST + 2], row[R_STEP], row[R_STEP + 1], row[R_STEP + 2]
    for x in range(count):
        n = np.float32(np.int32(x))
        dx, dy, dz = dx0 + sx * n, dy0 + sy * n, dz0 + sz * n
        # octahedral coordinates of the upper half of all directions; what is below the horizon looks as the horizon
        scale = HALF_SKY / (abs(dx) + abs(dy) + max(dz, ZERO))
        places[x] = np.int32(HALF_SKY + dy * scale) * SKY_WIDE + np.int32(HALF_SKY + dx * scale)
    for x in range(count):
        colour, open_sky = table[places[x]], near[x] <= ZERO
        out[x] = colour if open_sky else out[x]
        unknown += open_sky & (colour == NOTHING)
    if unknown > 0:
        for x in range(count):
            if near[x] <= ZERO:
                at = places[x]
                if table[at] == 0:
                    table[at] = sky_entry(at // SKY_PX, at % SKY_PX, light, noise)
                out[x] = table[at]


@njit(cache=True, nogil=True)
def rain_over(out, rain, wind, moment):  # type: ignore[no-untyped-def]
    """Streaks of rain on (Y, X, 4), the same for the same `moment` (an integer of the simulation's time)."""
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
