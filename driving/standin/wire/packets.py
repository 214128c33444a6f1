"""The bytes of sensor messages: the 48-byte header, the world snapshot's 119-byte records, image and event bodies.

A malformed body aborts the whole process of the client. So everything here is made from fixed layouts and checked numbers.
"""

from __future__ import annotations

import math
import struct
from typing import Any, NamedTuple

import msgpack
import numpy as np

from driving.quantities import Pose
from driving.standin.wire.event_loop import Part
from driving.world.rendering.camera import Lens

Message = list[Part]  # one message of a sensor, in parts that are sent one after the other

# CARLA's numbers of the types of sensors.
COLLISION, DEPTH, NORMALS, DVS, GNSS, IMU, OBSTACLE, FLOW, RADAR, SEMANTIC_LIDAR, LIDAR = 0, 1, 2, 3, 4, 5, 7, 8, 9, 10, 11
RGB, SEMANTIC, INSTANCE, SNAPSHOT = 13, 14, 15, 17
HEADER = struct.Struct("<QQd6f")
SNAPSHOT_HEAD = struct.Struct("<Qdf3iI")
IMAGE_HEAD = struct.Struct("<IIf")
CLOUD_HEAD = struct.Struct("<fI")

# One point of a lidar (m, in the sensor's frame), and one of a radar (m/s away from the sensor, rad, rad, m).
LIDAR_POINT = np.dtype([("xyz", "<f4", 3), ("intensity", "<f4")])
SEMANTIC_POINT = np.dtype([("xyz", "<f4", 3), ("cosine", "<f4"), ("actor", "<u4"), ("tag", "<u4")])
RADAR_POINT = np.dtype([("velocity", "<f4"), ("azimuth", "<f4"), ("altitude", "<f4"), ("depth", "<f4")])
# One actor in the snapshot. `pose` is x, y, z (m), pitch, yaw, roll (degrees); velocities are m/s, `turning` is degrees/s.
RECORD = np.dtype(
    [
        ("id", "<u4"),
        ("activity", "u1"),
        ("pose", "<f4", 6),
        ("velocity", "<f4", 3),
        ("turning", "<f4", 3),
        ("acceleration", "<f4", 3),
        ("state", "V54"),
    ]
)
# The same with a vehicle's 54-byte state. `numbers` are the columns of `pose` to `acceleration`, then throttle, steer and brake.
VEHICLE_RECORD = np.dtype(
    [
        ("id", "<u4"),
        ("activity", "u1"),
        ("numbers", "<f4", 18),
        ("hand_brake_reverse_manual", "u1", 3),
        ("gear", "<i4"),
        ("speed_limit", "<f4"),
        ("light_state", "u1"),
        ("has_light", "u1"),
        ("light_id", "<u4"),
        ("failure", "u1"),
        ("unused", "V24"),
    ]
)
# The 54-byte state of a traffic light.
LIGHT_STATE = np.dtype(
    [
        ("sign_id", "S32"),
        ("green_s", "<f4"),
        ("yellow_s", "<f4"),
        ("red_s", "<f4"),
        ("elapsed_s", "<f4"),
        ("pole", "<u4"),
        ("frozen", "u1"),
        ("state", "u1"),
    ]
)
FIELDS = [(name, RECORD[name]) for name in ("id", "activity", "pose", "velocity", "turning", "acceleration")]
LIGHT_RECORD = np.dtype([*FIELDS, *((name, LIGHT_STATE[name]) for name in LIGHT_STATE.names or ())])
assert RECORD.itemsize == VEHICLE_RECORD.itemsize == LIGHT_RECORD.itemsize == 119


class Stamp(NamedTuple):
    """What the header of a sensor's message says."""

    kind: int  # CARLA's number of the type of sensor, RGB and so on
    frame: int
    elapsed_s: float
    at: Pose  # of the sensor, in the world


def pack_header(stamp: Stamp) -> bytes:
    """Return the sensor header."""
    at = stamp.at
    degrees = (math.degrees(at.pitch_rad), math.degrees(at.yaw_rad), math.degrees(at.roll_rad))
    return HEADER.pack(stamp.kind, stamp.frame, stamp.elapsed_s, at.x_m, at.y_m, at.z_m, *degrees)


def pack_snapshot(frame: int, elapsed_s: float, delta_s: float, episode_id: int, records: np.ndarray) -> bytes:
    """Return a world snapshot of `records` (N,) of RECORD; the platform's time is the simulated one, so that drives repeat exactly."""
    head = pack_header(Stamp(SNAPSHOT, frame, elapsed_s, Pose()))
    return head + SNAPSHOT_HEAD.pack(episode_id, elapsed_s, delta_s, 0, 0, 0, 0) + records.tobytes()


def pack_image(stamp: Stamp, fov_deg: float, pixels: np.ndarray) -> Message:
    """Return a camera's message; pixels (Y, X, 4) BGRA uint8 or (Y, X, 2) flow float32, contiguous and not written to again."""
    rows, columns, _ = pixels.shape
    return [pack_header(stamp) + IMAGE_HEAD.pack(columns, rows, fov_deg), memoryview(pixels.data).cast("B")]


def pack_events(stamp: Stamp, lens: Lens, events: np.ndarray) -> Message:
    """Return a dynamic vision sensor's message of `events` (E,) of the world's EVENT."""
    return [pack_header(stamp) + IMAGE_HEAD.pack(*lens) + events.tobytes()]


def pack_values(stamp: Stamp, values: list[Any]) -> Message:
    """Return a message whose body is MessagePack: of a collision, IMU, GNSS or obstacle sensor."""
    return [pack_header(stamp) + msgpack.packb(values, use_bin_type=True)]


def pack_cloud(stamp: Stamp, angle_rad: float, counts: np.ndarray, points: np.ndarray) -> Message:
    """Return a lidar's message: the angle of its beam, the number of points per channel (C,), and the points (K,) of LIDAR_POINT or SEMANTIC_POINT.

    The points are sorted by channel.
    """
    head = pack_header(stamp) + CLOUD_HEAD.pack(angle_rad, len(counts))
    return [head + counts.astype("<u4").tobytes() + points.tobytes()]


def pack_detections(stamp: Stamp, detections: np.ndarray) -> Message:
    """Return a radar's message of `detections` (N,) of RADAR_POINT."""
    return [pack_header(stamp) + detections.tobytes()]


def encode_depth(depth_m: np.ndarray) -> np.ndarray:
    """Return depth (Y, X) in metres as CARLA's 24 bits over 1000 m, (Y, X, 4) BGRA: red is the lowest byte, blue the highest."""
    steps = np.minimum(depth_m * np.float32((1 << 24) - 1) / np.float32(1000.0), np.float32((1 << 24) - 1)).astype("<u4")
    out = np.empty((*depth_m.shape, 4), np.uint8)
    out[..., 2], out[..., 1], out[..., 0], out[..., 3] = steps & 255, (steps >> 8) & 255, (steps >> 16) & 255, 255
    return out


def encode_tags(tags: np.ndarray) -> np.ndarray:
    """Return semantic tags (Y, X) uint8 in the red channel of (Y, X, 4) BGRA."""
    out = np.zeros((*tags.shape, 4), np.uint8)
    out[..., 2], out[..., 3] = tags, 255
    return out


def encode_instances(tags: np.ndarray, ids: np.ndarray) -> np.ndarray:
    """Return semantic tags (Y, X) uint8 in red, the low 16 bits of ids (Y, X) in green (the lower) and blue, as (Y, X, 4) BGRA."""
    out = encode_tags(tags)
    out[..., 1], out[..., 0] = ids & 255, (ids >> 8) & 255
    return out
