"""What sensors measure: the world after one tick.

The episode and the simulation make these records. Sensors get only the records and import neither of the two.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from driving.standin.actors.kinds import Body
from driving.standin.actors.others import Others
from driving.standin.sensors.visible_bodies import VisibleBodies
from driving.standin.traffic.lamps import Lamps
from driving.standin.traffic.lights import TrafficLights
from driving.world.maps.roads import RoadNetwork
from driving.world.physics.fleet import Fleet
from driving.world.physics.static_boxes import Statics
from driving.world.rendering.renderer import Renderer
from driving.world.sensing.rays import RayCaster
from driving.world.weather import Weather


@dataclass(frozen=True, slots=True)
class SensedWorld:
    """The parts of an episode that sensors measure. They are the episode's own objects and change with it."""

    network: RoadNetwork  # for its georeference
    renderer: Renderer
    rays: RayCaster
    statics: Statics  # the boxes of solid static objects
    lamps: Lamps
    lights: TrafficLights
    fleet: Fleet
    others: Others  # the poses of the sensors themselves
    bodies: list[Body]  # in the order of the fleet's rows


@dataclass(frozen=True)
class SensorTick:
    """One tick, as the sensors see it."""

    world: SensedWorld
    number: int  # of ticks in synchronous mode since the server started, from 1; 0 in asynchronous mode
    synchronous: bool
    no_rendering: bool  # the client has switched cameras off
    frame: int
    elapsed_s: float  # simulated time since the episode began
    delta_s: float  # the length of the tick
    scene_s: float  # the clock of what moves by itself in pictures, such as rain
    weather: Weather
    contacts: np.ndarray  # (K, 4) of `Fleet.step`: who touched whom during the tick

    @cached_property
    def visible(self) -> VisibleBodies:
        """The bodies as boxes, computed when the first sensor needs them."""
        return VisibleBodies(self.world.fleet, self.world.bodies)
