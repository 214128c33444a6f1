"""The vehicles that can be spawned. Their sizes and masses are close to those of CARLA's vehicles with the same names.

Their tyres grip as CARLA's do, which is better than road tyres. CARLA's TrafficManager drives a corner of 5 m radius at 28 km/h, which needs
1.2 g, and a car that slides there hits the oncoming traffic. Brakes are those of dry asphalt, 1 g.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from driving.standin.wire.messages import Box, Vector
from driving.world.physics.vehicle_physics import Physics, make_wheels

WIDEST_BODY_M = 2.6
TIRE_FRICTION = 3.5  # CARLA's
TRACK_OF_WIDTH = 0.75  # the distance between left and right wheels, as a share of the width
TAGS = {"car": 14, "van": 14, "truck": 15, "bus": 16, "motorcycle": 18, "bicycle": 19}  # CARLA's semantic tags

BaseType = Literal["car", "van", "truck", "bus", "motorcycle", "bicycle"]
SpecialType = Literal["", "emergency", "taxi"]


@dataclass(frozen=True, slots=True)
class VehicleModel:
    """One vehicle blueprint."""

    id: str
    length_m: float
    width_m: float
    height_m: float
    wheelbase_m: float
    mass_kg: float
    base_type: BaseType = "car"
    special_type: SpecialType = ""
    generation: int = 2
    wheels: int = 4
    radius_m: float = 0.35  # of the wheels
    steer_deg: float = 70.0  # the largest angle of the front wheels
    torque_scale: float = 1.0  # of the engine, relative to `Physics`
    colours: tuple[str, ...] = ("28,36,52", "137,12,22", "211,211,211", "17,37,103", "180,44,44")

    @property
    def box(self) -> Box:
        """The bounding box. The origin is on the ground, under the centre."""
        return Box((0.0, 0.0, self.height_m / 2.0), (self.length_m / 2.0, self.width_m / 2.0, self.height_m / 2.0))

    @property
    def body_half_m(self) -> Vector:
        """The half sizes of the body that others touch and cameras see. It is narrower than the bounding box, which includes the mirrors."""
        return (self.length_m / 2.0, min(self.width_m, WIDEST_BODY_M) / 2.0, self.height_m / 2.0)

    @property
    def physics(self) -> Physics:
        """The physics that it is spawned with."""
        wheels = make_wheels(self.mass_kg, self.wheelbase_m, self.width_m * TRACK_OF_WIDTH, self.radius_m, self.steer_deg, TIRE_FRICTION)
        return Physics.of_car(self.mass_kg, wheels, self.torque_scale)

    @property
    def tags(self) -> bytes:
        """CARLA's semantic tags of the actor, one byte each."""
        return bytes([TAGS[self.base_type]])


MODELS: tuple[VehicleModel, ...] = (
    VehicleModel("vehicle.tesla.model3", 4.79, 2.16, 1.49, 2.875, 1845.0, radius_m=0.355),
    VehicleModel("vehicle.lincoln.mkz_2020", 4.89, 2.10, 1.49, 2.85, 1730.0, radius_m=0.355, torque_scale=0.9),
    VehicleModel("vehicle.lincoln.mkz_2017", 4.90, 2.13, 1.51, 2.85, 1720.0, generation=1, radius_m=0.355, torque_scale=0.9),
    VehicleModel("vehicle.audi.a2", 3.71, 1.79, 1.55, 2.41, 1060.0, generation=1, radius_m=0.30, torque_scale=0.5),
    VehicleModel("vehicle.audi.etron", 4.86, 2.03, 1.65, 2.93, 2490.0, generation=1, radius_m=0.37, torque_scale=1.2),
    VehicleModel("vehicle.audi.tt", 4.18, 1.99, 1.39, 2.50, 1350.0, generation=1, radius_m=0.34, torque_scale=0.8),
    VehicleModel("vehicle.bmw.grandtourer", 4.61, 2.24, 1.67, 2.78, 1600.0, generation=1, radius_m=0.33, torque_scale=0.7),
    VehicleModel("vehicle.chevrolet.impala", 5.36, 2.03, 1.41, 2.84, 1720.0, generation=1, torque_scale=0.8),
    VehicleModel("vehicle.citroen.c3", 3.99, 1.85, 1.62, 2.54, 1090.0, generation=1, radius_m=0.32, torque_scale=0.45),
    VehicleModel("vehicle.dodge.charger_2020", 5.01, 2.10, 1.53, 3.05, 1820.0, radius_m=0.36, torque_scale=1.1),
    VehicleModel("vehicle.dodge.charger_police_2020", 5.24, 2.10, 1.64, 3.05, 1920.0, special_type="emergency", radius_m=0.36, torque_scale=1.1),
    VehicleModel("vehicle.ford.crown", 5.36, 1.80, 1.57, 2.91, 1880.0, special_type="taxi", torque_scale=0.8),
    VehicleModel("vehicle.ford.mustang", 4.72, 1.89, 1.30, 2.74, 1680.0, generation=1, radius_m=0.34, torque_scale=1.1),
    VehicleModel("vehicle.jeep.wrangler_rubicon", 3.87, 1.90, 1.88, 2.42, 1880.0, generation=1, radius_m=0.41, torque_scale=0.8),
    VehicleModel("vehicle.mercedes.coupe", 5.03, 2.15, 1.64, 2.95, 1700.0, generation=1, radius_m=0.35),
    VehicleModel("vehicle.mercedes.coupe_2020", 4.67, 2.00, 1.42, 2.84, 1640.0, radius_m=0.35),
    VehicleModel("vehicle.mini.cooper_s", 3.81, 1.97, 1.48, 2.47, 1200.0, generation=1, radius_m=0.31, torque_scale=0.6),
    VehicleModel("vehicle.mini.cooper_s_2021", 4.55, 2.10, 1.77, 2.67, 1420.0, radius_m=0.33, torque_scale=0.6),
    VehicleModel("vehicle.nissan.micra", 3.63, 1.85, 1.50, 2.45, 1040.0, generation=1, radius_m=0.31, torque_scale=0.4),
    VehicleModel("vehicle.nissan.patrol_2021", 5.57, 2.15, 2.05, 3.08, 2750.0, radius_m=0.42, torque_scale=1.2),
    VehicleModel("vehicle.seat.leon", 4.19, 1.82, 1.47, 2.64, 1310.0, generation=1, radius_m=0.32, torque_scale=0.6),
    VehicleModel("vehicle.nissan.patrol", 4.60, 1.93, 1.85, 2.83, 2350.0, generation=1, radius_m=0.40, torque_scale=1.0),
    VehicleModel("vehicle.micro.microlino", 2.21, 1.48, 1.38, 1.57, 515.0, generation=1, radius_m=0.29, torque_scale=0.2),
    VehicleModel("vehicle.toyota.prius", 4.51, 2.01, 1.52, 2.70, 1400.0, generation=1, radius_m=0.32, torque_scale=0.5),
    VehicleModel("vehicle.tesla.cybertruck", 6.27, 2.39, 2.10, 3.81, 3100.0, generation=1, radius_m=0.44, torque_scale=2.0),
    VehicleModel("vehicle.volkswagen.t2_2021", 4.44, 1.79, 1.99, 2.40, 1450.0, "van", radius_m=0.33, torque_scale=0.4),
    VehicleModel("vehicle.volkswagen.t2", 4.48, 2.07, 2.04, 2.40, 1300.0, "van", generation=1, radius_m=0.33, torque_scale=0.4),
    VehicleModel("vehicle.mercedes.sprinter", 5.91, 1.99, 2.56, 3.66, 2300.0, "van", radius_m=0.36, torque_scale=0.9),
    VehicleModel("vehicle.ford.ambulance", 6.36, 2.35, 2.43, 3.50, 3500.0, "van", "emergency", radius_m=0.38, torque_scale=1.2),
    VehicleModel("vehicle.carlamotors.carlacola", 5.20, 2.61, 2.47, 3.10, 4200.0, "truck", generation=1, radius_m=0.45, torque_scale=1.5),
    VehicleModel("vehicle.carlamotors.european_hgv", 7.93, 2.89, 3.60, 4.20, 8500.0, "truck", radius_m=0.50, torque_scale=3.0),
    VehicleModel("vehicle.carlamotors.firetruck", 8.57, 2.91, 3.83, 4.60, 9500.0, "truck", "emergency", radius_m=0.50, torque_scale=3.0),
    VehicleModel("vehicle.mitsubishi.fusorosa", 10.27, 3.94, 4.25, 5.00, 7500.0, "bus", radius_m=0.48, torque_scale=2.5),
    VehicleModel("vehicle.yamaha.yzf", 2.21, 0.87, 1.53, 1.38, 280.0, "motorcycle", generation=1, wheels=2, radius_m=0.31, torque_scale=0.15),
    VehicleModel("vehicle.vespa.zx125", 1.80, 0.87, 1.58, 1.26, 200.0, "motorcycle", generation=1, wheels=2, radius_m=0.25, torque_scale=0.06),
    VehicleModel(
        "vehicle.harley-davidson.low_rider", 2.36, 0.77, 1.60, 1.60, 370.0, "motorcycle", generation=1, wheels=2, radius_m=0.31, torque_scale=0.15
    ),
    VehicleModel("vehicle.kawasaki.ninja", 2.03, 0.80, 1.46, 1.40, 270.0, "motorcycle", generation=1, wheels=2, radius_m=0.31, torque_scale=0.15),
    VehicleModel("vehicle.gazelle.omafiets", 1.84, 0.67, 1.78, 1.12, 95.0, "bicycle", generation=1, wheels=2, radius_m=0.35, torque_scale=0.02),
    VehicleModel("vehicle.diamondback.century", 1.64, 0.57, 1.63, 1.05, 90.0, "bicycle", generation=1, wheels=2, radius_m=0.35, torque_scale=0.02),
    VehicleModel("vehicle.bh.crossbike", 1.49, 0.86, 1.61, 1.04, 90.0, "bicycle", generation=1, wheels=2, radius_m=0.35, torque_scale=0.02),
)
BY_ID = {model.id: model for model in MODELS}
