"""The attributes of the sensors' blueprints: CARLA's names and defaults, and the numbers that this server can serve.

The table in `sensors/table.py` says which sensor has which of these groups. CARLA lists attributes that the stand-in does not act on
(the lens and the post-processing of a camera); scripts set them.
"""

from __future__ import annotations

from dataclasses import asdict

from driving.standin.blueprints.description import AttributeValue, Bounded
from driving.world.sensing.event_camera import EventConfig

Attributes = dict[str, AttributeValue]
MAX_CAMERA_PX = 8192
MAX_ROUND_DEG = 90.0
_AXES = ("x", "y", "z")

EVERY_TICK: Attributes = {"role_name": "front", "ros_name": ""}
PACED: Attributes = {**EVERY_TICK, "sensor_tick": 0.0}

_LENS: Attributes = {
    "lens_circle_falloff": 5.0,
    "lens_circle_multiplier": 0.0,
    "lens_k": -1.0,
    "lens_kcube": 0.0,
    "lens_x_size": 0.08,
    "lens_y_size": 0.08,
}
IMAGE: Attributes = {
    **PACED,
    "image_size_x": Bounded(800, 1, MAX_CAMERA_PX),
    "image_size_y": Bounded(600, 1, MAX_CAMERA_PX),
    "fov": Bounded(90.0, 1.0, 170.0),
    **_LENS,
}
COLOUR_IMAGE: Attributes = {
    **IMAGE,
    "black_clip": 0.0,
    "blade_count": 5,
    "bloom_intensity": 0.675,
    "blur_amount": 1.0,
    "blur_radius": 0.0,
    "calibration_constant": 16.0,
    "chromatic_aberration_intensity": 0.0,
    "chromatic_aberration_offset": 0.0,
    "enable_postprocess_effects": True,
    "exposure_compensation": 0.0,
    "exposure_max_bright": 12.0,
    "exposure_min_bright": 10.0,
    "exposure_mode": "histogram",
    "exposure_speed_down": 1.0,
    "exposure_speed_up": 3.0,
    "focal_distance": 1000.0,
    "fstop": 1.4,
    "gamma": 2.2,
    "iso": 100.0,
    "lens_flare_intensity": 0.1,
    "min_fstop": 1.2,
    "motion_blur_intensity": 0.45,
    "motion_blur_max_distortion": 0.35,
    "motion_blur_min_object_screen_size": 0.1,
    "shoulder": 0.26,
    "shutter_speed": 200.0,
    "slope": 0.88,
    "temp": 6500.0,
    "tint": 0.0,
    "toe": 0.55,
    "white_clip": 0.04,
}
_EVENT_LIMITS: dict[str, tuple[float, float]] = {
    "positive_threshold": (0.01, 1000.0),
    "negative_threshold": (0.01, 1000.0),
    "sigma_positive_threshold": (0.0, 1000.0),
    "sigma_negative_threshold": (0.0, 1000.0),
    "refractory_period_ns": (0, 9_999_999_999),
    "log_eps": (1e-9, 1000.0),
}
EVENTS: Attributes = {
    **COLOUR_IMAGE,
    **{name: Bounded(value, *_EVENT_LIMITS[name]) if name in _EVENT_LIMITS else value for name, value in asdict(EventConfig()).items()},
}

SEMANTIC_LIDAR: Attributes = {
    **PACED,
    "channels": Bounded(32, 1, 1024),
    "range": Bounded(10.0, 0.1, 5000.0),
    "points_per_second": Bounded(56000, 1, 10_000_000),
    "rotation_frequency": Bounded(10.0, 0.0, 1000.0),
    "upper_fov": Bounded(10.0, -MAX_ROUND_DEG, MAX_ROUND_DEG),
    "lower_fov": Bounded(-30.0, -MAX_ROUND_DEG, MAX_ROUND_DEG),
    "horizontal_fov": Bounded(360.0, 0.1, 360.0),
}
LIDAR: Attributes = {
    **SEMANTIC_LIDAR,
    "atmosphere_attenuation_rate": Bounded(0.004, 0.0, 1000.0),
    "dropoff_general_rate": Bounded(0.45, 0.0, 1.0),
    "dropoff_intensity_limit": Bounded(0.8, 0.0, 1.0),
    "dropoff_zero_intensity": Bounded(0.4, 0.0, 1.0),
    "noise_seed": 0,
    "noise_stddev": Bounded(0.0, 0.0, 1000.0),
}
RADAR: Attributes = {
    **PACED,
    "horizontal_fov": Bounded(30.0, 0.1, 170.0),
    "vertical_fov": Bounded(30.0, 0.1, 170.0),
    "range": Bounded(100.0, 0.1, 5000.0),
    "points_per_second": Bounded(1500, 1, 10_000_000),
    "noise_seed": 0,
}

IMU: Attributes = {
    **PACED,
    "noise_seed": 0,
    **{f"noise_accel_stddev_{axis}": 0.0 for axis in _AXES},
    **{f"noise_gyro_{kind}_{axis}": 0.0 for kind in ("bias", "stddev") for axis in _AXES},
}
GNSS: Attributes = {**PACED, "noise_seed": 0, **{f"noise_{what}_{kind}": 0.0 for what in ("alt", "lat", "lon") for kind in ("bias", "stddev")}}
OBSTACLE: Attributes = {**PACED, "distance": 5.0, "hit_radius": 0.5, "only_dynamics": False, "debug_linetrace": False}
