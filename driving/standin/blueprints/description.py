"""Blueprints and their attributes, and the description of what a client asks to spawn. The list of blueprints is in `blueprint_library`."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from driving.standin.blueprints.vehicle_models import VehicleModel
from driving.standin.wire.rpc import RefusedError

BOOL, INT, FLOAT, STRING, COLOUR = range(1, 6)  # CARLA's ActorAttributeType


@dataclass(frozen=True, slots=True)
class Bounded:
    """An attribute's default number, and the least and the largest number that can be served."""

    value: int | float
    least: float
    largest: float


AttributeValue = bool | int | float | str | Bounded


@dataclass(frozen=True, slots=True)
class Attribute:
    """One attribute of a blueprint, its values as strings."""

    id: str
    type: int  # BOOL to COLOUR
    value: str  # the default
    recommended: tuple[str, ...] = ()
    modifiable: bool = True
    limits: tuple[float, float] | None = None  # the least and the largest number that can be served

    @staticmethod
    def of(name: str, value: AttributeValue, recommended: tuple[str, ...] = (), modifiable: bool = True) -> Attribute:
        """Return an attribute whose type is that of its default `value`."""
        plain = value.value if isinstance(value, Bounded) else value
        limits = (value.least, value.largest) if isinstance(value, Bounded) else None
        if isinstance(plain, bool):
            return Attribute(name, BOOL, str(plain).lower(), recommended, modifiable)
        kind = INT if isinstance(plain, int) else FLOAT if isinstance(plain, float) else STRING
        return Attribute(name, kind, str(plain), recommended, modifiable, limits=limits)


@dataclass(frozen=True, slots=True)
class Blueprint:
    """One kind of actor that can be spawned. A blueprint with `not_served`, the reason, is listed but refused."""

    id: str
    attributes: tuple[Attribute, ...]
    model: VehicleModel | None = None
    not_served: str = ""

    @property
    def tags(self) -> str:
        """The words of the id, as the client lists them."""
        return ",".join(self.id.split("."))


@dataclass(frozen=True, slots=True)
class Description:
    """What a client asks to spawn: a blueprint and the values of its attributes."""

    blueprint: Blueprint
    values: dict[str, str] = field(compare=False)
    message: list[Any] = field(compare=False)  # the ActorDescription that Actor records contain

    def number(self, name: str, default: float = 0.0) -> float:
        """Return an attribute as a number, or `default` where the blueprint does not have the attribute."""
        return float(self.values.get(name, default))

    def is_on(self, name: str) -> bool:
        """Return whether an attribute is true. It is false where the blueprint does not have the attribute."""
        return self.values.get(name, "").strip().lower() in ("true", "1")

    def refuse_unservable(self) -> None:
        """Raise RefusedError for what this server cannot spawn; the message says what could be given instead."""
        if self.blueprint.not_served:
            raise RefusedError(f"{self.blueprint.id} is not served by this stand-in server, {self.blueprint.not_served}")
        for attribute in self.blueprint.attributes:
            if attribute.limits is not None:
                least, largest = attribute.limits
                if not least <= self.number(attribute.id) <= largest:
                    wanted = f"{self.blueprint.id} with {attribute.id} {self.values[attribute.id]}"
                    raise RefusedError(f"{wanted}: give {least:g} to {largest:.10g}")
