"""Which values of sensors' attributes can be served; the others are refused when the sensor is to be spawned."""

from __future__ import annotations

from driving.standin.blueprints.library import WALKER_AI, Description
from driving.standin.wire.rpc import RefusedError

MAX_CAMERA_PX = 8192
_RATE, _ROUND = (0.0, 1.0), (-90.0, 90.0)
_LIDAR: dict[str, tuple[float, float]] = {
    "channels": (1, 1024),
    "range": (0.1, 5000.0),
    "points_per_second": (1, 10_000_000),
    "rotation_frequency": (0.0, 1000.0),
    "upper_fov": _ROUND,
    "lower_fov": _ROUND,
    "horizontal_fov": (0.1, 360.0),
    "atmosphere_attenuation_rate": (0.0, 1000.0),
    "dropoff_general_rate": _RATE,
    "dropoff_intensity_limit": _RATE,
    "dropoff_zero_intensity": _RATE,
    "noise_stddev": (0.0, 1000.0),
}
_RADAR: dict[str, tuple[float, float]] = {**_LIDAR, "horizontal_fov": (0.1, 170.0), "vertical_fov": (0.1, 170.0)}

_DVS: dict[str, tuple[float, float]] = {
    "positive_threshold": (0.01, 1000.0),
    "negative_threshold": (0.01, 1000.0),
    "sigma_positive_threshold": (0.0, 1000.0),
    "sigma_negative_threshold": (0.0, 1000.0),
    "refractory_period_ns": (0, 9_999_999_999),
    "log_eps": (1e-9, 1000.0),
}
_LIMITS = {"sensor.other.radar": _RADAR, "sensor.camera.dvs": _DVS}


def refuse_unservable(wanted: Description) -> None:
    """Raises RefusedError, with what could be given instead, for a sensor or walker's controller that cannot be."""
    name = wanted.blueprint.id
    if name == WALKER_AI:
        raise RefusedError(f"{name} is not served by this stand-in server, it needs Unreal's navigation mesh: walkers go by apply_control")
    if name.startswith("sensor.camera"):
        width, height, fov = (wanted.number(key) for key in ("image_size_x", "image_size_y", "fov"))
        if not (1 <= width <= MAX_CAMERA_PX and 1 <= height <= MAX_CAMERA_PX and 1.0 <= fov <= 170.0):
            raise RefusedError(f"camera of {width:.0f}x{height:.0f} pixels and fov {fov}: give 1 to {MAX_CAMERA_PX} pixels and 1 to 170 degrees")
    limits = _LIDAR if name.startswith("sensor.lidar") else _LIMITS.get(name, {})
    for key, (low, high) in limits.items():
        if key in wanted.values and not low <= wanted.number(key) <= high:
            raise RefusedError(f"{name} with {key} {wanted.values[key]}: give {low:g} to {high:.10g}")
