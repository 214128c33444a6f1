"""What can be spawned, as the client's blueprint library lists it; and what a client asks to spawn, checked against that."""

from __future__ import annotations

import re
from dataclasses import asdict, dataclass, field, replace
from typing import Any

from driving.standin.blueprints.props import PROPS, Prop
from driving.standin.blueprints.vehicle_models import MODELS, VehicleModel
from driving.standin.wire.messages import natural, text
from driving.standin.wire.rpc import RefusedError
from driving.world.sensing.event_camera import EventConfig

BOOL, INT, FLOAT, STRING, COLOUR = range(1, 6)
_PATTERNS = {
    BOOL: re.compile(r"(?i)true|false|1|0"),
    INT: re.compile(r"[+-]?\d{1,10}"),
    FLOAT: re.compile(r"[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d{1,2})?", re.IGNORECASE),
    COLOUR: re.compile(r"\d{1,3},\d{1,3},\d{1,3}"),
}


@dataclass(frozen=True, slots=True)
class Attribute:
    """One attribute of a blueprint: its default and what is recommended, as strings."""

    id: str
    type: int
    value: str
    recommended: tuple[str, ...] = ()
    modifiable: bool = True
    restricted: bool = False


@dataclass(frozen=True, slots=True)
class Blueprint:
    """One thing that can be spawned."""

    id: str
    attributes: tuple[Attribute, ...]
    model: VehicleModel | None = None

    @property
    def tags(self) -> str:
        """The words of the id, as the client lists them."""
        return ",".join(self.id.split("."))


@dataclass(frozen=True, slots=True)
class Description:
    """What a client asked to spawn: a blueprint and its attributes' values, also as the message that `Actor` records repeat."""

    blueprint: Blueprint
    values: dict[str, str] = field(compare=False)
    message: list[Any] = field(compare=False)

    def number(self, name: str, default: float = 0.0) -> float:
        """An attribute as a number."""
        return float(self.values.get(name, default))

    def yes(self, name: str) -> bool:
        """An attribute as a truth."""
        return self.values.get(name, "").strip().lower() in ("true", "1")


def _attribute(name: str, value: object, recommended: tuple[str, ...] = (), restricted: bool = False, modifiable: bool = True) -> Attribute:
    kind = BOOL if isinstance(value, bool) else INT if isinstance(value, int) else FLOAT if isinstance(value, float) else STRING
    return Attribute(name, kind, str(value).lower() if kind == BOOL else str(value), recommended, modifiable, restricted)


_LENS: dict[str, object] = {
    "lens_circle_falloff": 5.0,
    "lens_circle_multiplier": 0.0,
    "lens_k": -1.0,
    "lens_kcube": 0.0,
    "lens_x_size": 0.08,
    "lens_y_size": 0.08,
}
_IMAGE: dict[str, object] = {"image_size_x": 800, "image_size_y": 600, "fov": 90.0, **_LENS}
_POSTPROCESS: dict[str, object] = {
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
_EVENTS: dict[str, object] = asdict(EventConfig())
_AXES = ("x", "y", "z")
_IMU: dict[str, object] = {
    "noise_seed": 0,
    **{f"noise_accel_stddev_{axis}": 0.0 for axis in _AXES},
    **{f"noise_gyro_{kind}_{axis}": 0.0 for kind in ("bias", "stddev") for axis in _AXES},
}
_GNSS: dict[str, object] = {"noise_seed": 0, **{f"noise_{what}_{kind}": 0.0 for what in ("alt", "lat", "lon") for kind in ("bias", "stddev")}}
_SEMANTIC_LIDAR: dict[str, object] = {
    "channels": 32,
    "range": 10.0,
    "points_per_second": 56000,
    "rotation_frequency": 10.0,
    "upper_fov": 10.0,
    "lower_fov": -30.0,
    "horizontal_fov": 360.0,
}
_LIDAR: dict[str, object] = {
    **_SEMANTIC_LIDAR,
    "atmosphere_attenuation_rate": 0.004,
    "dropoff_general_rate": 0.45,
    "dropoff_intensity_limit": 0.8,
    "dropoff_zero_intensity": 0.4,
    "noise_seed": 0,
    "noise_stddev": 0.0,
}
_RADAR: dict[str, object] = {"horizontal_fov": 30.0, "vertical_fov": 30.0, "range": 100.0, "points_per_second": 1500, "noise_seed": 0}

SENSORS: dict[str, dict[str, object]] = {
    "sensor.camera.rgb": {**_IMAGE, **_POSTPROCESS},
    "sensor.camera.depth": _IMAGE,
    "sensor.camera.semantic_segmentation": _IMAGE,
    "sensor.camera.instance_segmentation": _IMAGE,
    "sensor.camera.normals": _IMAGE,
    "sensor.camera.optical_flow": _IMAGE,
    "sensor.camera.dvs": {**_IMAGE, **_POSTPROCESS, **_EVENTS},
    "sensor.lidar.ray_cast": _LIDAR,
    "sensor.lidar.ray_cast_semantic": _SEMANTIC_LIDAR,
    "sensor.other.radar": _RADAR,
    "sensor.other.collision": {},
    "sensor.other.lane_invasion": {},
    "sensor.other.imu": _IMU,
    "sensor.other.gnss": _GNSS,
    "sensor.other.obstacle": {"distance": 5.0, "hit_radius": 0.5, "only_dynamics": False, "debug_linetrace": False},
}
# In the library because scripts look it up before they spawn any; to spawn one is refused.
WALKER_AI = "controller.ai.walker"
NEVER_TICKED = ("sensor.other.collision", "sensor.other.lane_invasion")


def _sensor(identifier: str, extra: dict[str, object]) -> Blueprint:
    plain: dict[str, object] = {"role_name": "front", "ros_name": "", **extra}
    if identifier not in NEVER_TICKED:
        plain["sensor_tick"] = 0.0
    attributes = (_attribute(name, value) for name, value in sorted(plain.items()))
    return Blueprint(identifier, tuple(replace(attribute, recommended=(attribute.value,)) for attribute in attributes))


def _vehicle(model: VehicleModel) -> Blueprint:
    attributes = (
        _attribute("role_name", "autopilot", ("autopilot", "scenario", "ego_vehicle")),
        Attribute("color", COLOUR, model.colours[0], model.colours),
        _attribute("sticky_control", True),
        _attribute("terramechanics", False),
        _attribute("number_of_wheels", model.wheels, (), modifiable=False),
        _attribute("generation", model.generation, (), modifiable=False),
        _attribute("object_type", "", (), modifiable=False),
        _attribute("base_type", model.base_type, (), modifiable=False),
        _attribute("special_type", model.special_type, (), modifiable=False),
        _attribute("has_lights", model.wheels == 4, (), modifiable=False),
        _attribute("has_dynamic_doors", False, (), modifiable=False),
        _attribute("ros_name", model.id, (), modifiable=False),
    )
    return Blueprint(model.id, attributes, model)


_TRIGGER = Blueprint(
    "static.trigger.friction",
    (
        _attribute("role_name", "none"),
        _attribute("friction", 3.5),
        *(_attribute(f"extent_{axis}", 100.0) for axis in _AXES),
    ),
)


def _walker(number: int) -> Blueprint:
    age, gender = ("adult", "child", "senior")[number % 3 if number % 4 == 0 else 0], ("male", "female")[number % 2]
    attributes = (
        _attribute("role_name", "pedestrian"),
        _attribute("is_invincible", True),
        _attribute("speed", "1.4", ("0.0", "1.4", "2.8")),
        _attribute("gender", gender, (), modifiable=False),
        _attribute("age", age, (), modifiable=False),
        _attribute("generation", 2, (), modifiable=False),
        _attribute("can_use_wheelchair", False, (), modifiable=False),
        _attribute("use_wheelchair", False),
    )
    return Blueprint(f"walker.pedestrian.{number:04d}", attributes)


def _prop(prop: Prop) -> Blueprint:
    return Blueprint(prop.id, (_attribute("role_name", "prop"), _attribute("size", "medium", (), modifiable=False)))


WALKERS = 52
BLUEPRINTS: tuple[Blueprint, ...] = (
    *(_vehicle(model) for model in MODELS),
    *(_walker(number) for number in range(1, WALKERS + 1)),
    *(_sensor(*item) for item in SENSORS.items()),
    Blueprint(WALKER_AI, (_attribute("role_name", "walker"),)),
    *(_prop(prop) for prop in PROPS.values()),
    _TRIGGER,
)
BY_ID = {blueprint.id: blueprint for blueprint in BLUEPRINTS}


def definitions() -> list[Any]:
    """The result of get_actor_definitions."""
    return [
        [uid, blueprint.id, blueprint.tags, [[a.id, a.type, a.value, list(a.recommended), a.modifiable, a.restricted] for a in blueprint.attributes]]
        for uid, blueprint in enumerate(BLUEPRINTS, start=1)
    ]


def describe(item: Any) -> Description:
    """An ActorDescription from the wire, its values checked. Raises RefusedError for an unknown blueprint, ValueError for a bad value."""
    _, identifier, given = natural(item[0]), text(item[1]), item[2]
    blueprint = BY_ID.get(identifier)
    if blueprint is None:
        raise RefusedError(
            f"no blueprint '{identifier[:80]}': this server offers {', '.join(sorted({b.id.rsplit('.', 1)[0] + '.*' for b in BLUEPRINTS}))}"
        )
    sent = {text(name): text(value) for name, _, value in given}
    values: dict[str, str] = {}
    for attribute in blueprint.attributes:
        value = sent.get(attribute.id, attribute.value) if attribute.modifiable else attribute.value
        pattern = _PATTERNS.get(attribute.type)
        if len(value) > 200 or (pattern is not None and not pattern.fullmatch(value.strip())):
            raise ValueError(f"attribute {attribute.id} of {identifier} is '{value[:40]}'")
        values[attribute.id] = value
    message = [BLUEPRINTS.index(blueprint) + 1, identifier, [[a.id, a.type, values[a.id]] for a in blueprint.attributes]]
    return Description(blueprint, values, message)
