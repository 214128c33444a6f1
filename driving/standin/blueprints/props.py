"""Props that a client can put on a road: plain boxes with the sizes of the real objects. Cameras see them and cars hit them."""

from __future__ import annotations

from dataclasses import dataclass

from driving.standin.wire.messages import Box

STATIC_TAG = 20  # CARLA's semantic tag of props


@dataclass(frozen=True, slots=True)
class Prop:
    """One prop."""

    id: str
    half_x_m: float
    half_y_m: float
    half_z_m: float
    colour: tuple[int, int, int]  # RGB
    tag: int = STATIC_TAG

    @property
    def box(self) -> Box:
        """The bounding box. The origin is on the ground, under the centre."""
        return Box((0.0, 0.0, self.half_z_m), (self.half_x_m, self.half_y_m, self.half_z_m))


PROPS = {
    prop.id: prop
    for prop in (
        Prop("static.prop.constructioncone", 0.17, 0.17, 0.29, (232, 92, 24)),
        Prop("static.prop.trafficcone01", 0.20, 0.20, 0.38, (232, 92, 24)),
        Prop("static.prop.trafficcone02", 0.20, 0.20, 0.38, (224, 70, 30)),
        Prop("static.prop.streetbarrier", 0.30, 0.60, 0.52, (200, 60, 48)),
        Prop("static.prop.trafficwarning", 1.10, 1.30, 1.80, (240, 180, 30)),
        Prop("static.prop.warningaccident", 0.30, 0.55, 0.55, (240, 200, 40)),
        Prop("static.prop.warningconstruction", 0.30, 0.55, 0.55, (240, 200, 40)),
        Prop("static.prop.barrel", 0.30, 0.30, 0.46, (70, 90, 150)),
        Prop("static.prop.bin", 0.35, 0.35, 0.55, (50, 80, 60)),
        Prop("static.prop.box01", 0.30, 0.30, 0.30, (150, 116, 76)),
        Prop("static.prop.box02", 0.35, 0.30, 0.25, (150, 116, 76)),
        Prop("static.prop.creasedbox01", 0.35, 0.35, 0.30, (140, 108, 70)),
        Prop("static.prop.bench01", 0.30, 0.85, 0.45, (110, 84, 58)),
        Prop("static.prop.container", 1.20, 2.00, 1.20, (60, 110, 90)),
        Prop("static.prop.plasticchair", 0.25, 0.25, 0.45, (220, 220, 216)),
        Prop("static.prop.shoppingcart", 0.50, 0.30, 0.50, (150, 154, 160)),
    )
}
