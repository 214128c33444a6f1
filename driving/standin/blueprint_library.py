"""The blueprint library: all blueprints as the client lists them, and the check of what a client asks to spawn."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any

from driving.standin.blueprints.description import BOOL, COLOUR, FLOAT, INT, STRING, Attribute, Blueprint, Description
from driving.standin.blueprints.props import PROPS, Prop
from driving.standin.blueprints.sensor_attributes import Attributes
from driving.standin.blueprints.vehicle_models import MODELS, VehicleModel
from driving.standin.sensors.table import SENSORS
from driving.standin.wire.messages import MalformedError, fields, items, natural, text
from driving.standin.wire.rpc import RefusedError

MAX_VALUE_CHARACTERS = 200
WALKERS = 52
_TYPE_NAMES = {BOOL: "bool", INT: "whole number", FLOAT: "number", STRING: "short text", COLOUR: "colour r,g,b"}
_PATTERNS = {
    BOOL: re.compile(r"(?i)true|false|1|0"),
    INT: re.compile(r"[+-]?\d{1,10}"),
    FLOAT: re.compile(r"[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d{1,2})?", re.IGNORECASE),
    COLOUR: re.compile(r"\d{1,3},\d{1,3},\d{1,3}"),
}


def _make_sensor(identifier: str, attributes: Attributes) -> Blueprint:
    """Return a sensor's blueprint; each attribute recommends its default, from which CARLA's examples take their values."""
    found = (Attribute.of(name, value) for name, value in sorted(attributes.items()))
    return Blueprint(identifier, tuple(replace(attribute, recommended=(attribute.value,)) for attribute in found))


def _make_vehicle(model: VehicleModel) -> Blueprint:
    attributes = (
        Attribute.of("role_name", "autopilot", ("autopilot", "scenario", "ego_vehicle")),
        Attribute("color", COLOUR, model.colours[0], model.colours),
        Attribute.of("sticky_control", True),
        Attribute.of("terramechanics", False),
        Attribute.of("number_of_wheels", model.wheels, modifiable=False),
        Attribute.of("generation", model.generation, modifiable=False),
        Attribute.of("object_type", "", modifiable=False),
        Attribute.of("base_type", model.base_type, modifiable=False),
        Attribute.of("special_type", model.special_type, modifiable=False),
        Attribute.of("has_lights", model.wheels == 4, modifiable=False),
        Attribute.of("has_dynamic_doors", False, modifiable=False),
        Attribute.of("ros_name", model.id, modifiable=False),
    )
    return Blueprint(model.id, attributes, model)


# It is listed because scripts look it up before they spawn one.
_WALKER_AI = Blueprint(
    "controller.ai.walker",
    (Attribute.of("role_name", "walker"),),
    not_served="it needs Unreal's navigation mesh: walkers go by apply_control",
)
_TRIGGER = Blueprint(
    "static.trigger.friction",
    (
        Attribute.of("role_name", "none"),
        Attribute.of("friction", 3.5),
        *(Attribute.of(f"extent_{axis}", 100.0) for axis in "xyz"),
    ),
)


def _make_walker(number: int) -> Blueprint:
    age, gender = ("adult", "child", "senior")[number % 3 if number % 4 == 0 else 0], ("male", "female")[number % 2]
    attributes = (
        Attribute.of("role_name", "pedestrian"),
        Attribute.of("is_invincible", True),
        Attribute.of("speed", "1.4", ("0.0", "1.4", "2.8")),
        Attribute.of("gender", gender, modifiable=False),
        Attribute.of("age", age, modifiable=False),
        Attribute.of("generation", 2, modifiable=False),
        Attribute.of("can_use_wheelchair", False, modifiable=False),
        Attribute.of("use_wheelchair", False),
    )
    return Blueprint(f"walker.pedestrian.{number:04d}", attributes)


def _make_prop(prop: Prop) -> Blueprint:
    return Blueprint(prop.id, (Attribute.of("role_name", "prop"), Attribute.of("size", "medium", modifiable=False)))


BLUEPRINTS: tuple[Blueprint, ...] = (
    *(_make_vehicle(model) for model in MODELS),
    *(_make_walker(number) for number in range(1, WALKERS + 1)),
    *(_make_sensor(name, sensor.attributes) for name, sensor in SENSORS.items()),
    _WALKER_AI,
    *(_make_prop(prop) for prop in PROPS.values()),
    _TRIGGER,
)
BY_ID = {blueprint.id: blueprint for blueprint in BLUEPRINTS}


def list_definitions() -> list[Any]:
    """Return the result of get_actor_definitions."""
    return [
        [uid, blueprint.id, blueprint.tags, [_define(attribute) for attribute in blueprint.attributes]]
        for uid, blueprint in enumerate(BLUEPRINTS, start=1)
    ]


def _define(attribute: Attribute) -> list[Any]:
    restricted_to_recommended = False
    return [attribute.id, attribute.type, attribute.value, list(attribute.recommended), attribute.modifiable, restricted_to_recommended]


def describe(item: Any) -> Description:
    """Return an ActorDescription from the wire, with the values of its attributes checked.

    Raises RefusedError for an unknown blueprint and MalformedError for a bad value.
    """
    number, name, given = fields(item, 3, and_more=True)
    natural(number)
    identifier = text(name)
    blueprint = BY_ID.get(identifier)
    if blueprint is None:
        families = sorted({known.rsplit(".", 1)[0] + ".*" for known in BY_ID})
        raise RefusedError(f"no blueprint '{identifier[:80]}': this server offers {', '.join(families)}")
    sent = {text(key): text(value) for key, _, value in (fields(one, 3, and_more=True) for one in items(given))}
    values: dict[str, str] = {}
    for attribute in blueprint.attributes:
        value = sent.get(attribute.id, attribute.value) if attribute.modifiable else attribute.value
        pattern = _PATTERNS.get(attribute.type)
        if len(value) > MAX_VALUE_CHARACTERS or (pattern is not None and not pattern.fullmatch(value.strip())):
            raise MalformedError(f"a {_TYPE_NAMES[attribute.type]} for attribute {attribute.id} of {identifier}", value)
        values[attribute.id] = value
    message = [BLUEPRINTS.index(blueprint) + 1, identifier, [[one.id, one.type, values[one.id]] for one in blueprint.attributes]]
    return Description(blueprint, values, message)
