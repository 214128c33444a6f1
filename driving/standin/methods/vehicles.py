"""RPC methods on vehicles: controls, physics, lights, wheels and telemetry."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

from driving.standin.actors.kinds import Vehicle, locate_wheels
from driving.standin.methods.actors import ActorMethods
from driving.standin.simulation import Simulation
from driving.standin.wire.messages import ackermann_control, fields, natural, physics_control, physics_message, real, vehicle_control
from driving.standin.wire.rpc import OK_VOID, refuse_always, respond
from driving.world.physics import dynamics, vehicle_physics
from driving.world.physics.fleet import Fleet


class VehicleMethods:
    """The methods of one simulation."""

    def __init__(self, simulation: Simulation, actors: ActorMethods) -> None:
        self._simulation, self._actors = simulation, actors

    def list_methods(self) -> dict[str, Callable[..., Any]]:
        """Return the methods by their names on the wire."""
        return {
            "apply_control_to_vehicle": self.apply_control_to_vehicle,
            "apply_ackermann_control_to_vehicle": self.apply_ackermann_control_to_vehicle,
            "get_ackermann_controller_settings": lambda actor_id: respond(self._find_vehicle(actor_id).ackermann_settings),
            "apply_ackermann_controller_settings": self.apply_ackermann_controller_settings,
            "get_physics_control": self.get_physics_control,
            "apply_physics_control": self.apply_physics_control,
            "restore_physx_physics": self.restore_physics,
            "get_vehicle_light_state": lambda actor_id: respond([int(self._fleet.lights[self._find_vehicle(actor_id).row])]),
            "set_vehicle_light_state": self.set_vehicle_light_state,
            "get_vehicle_light_states": self.get_vehicle_light_states,
            "get_wheel_steer_angle": self.get_wheel_steer_angle,
            "set_wheel_steer_direction": lambda actor_id, *_: self._accept(actor_id),
            "set_wheel_pitch_angle": lambda actor_id, *_: self._accept(actor_id),
            "get_wheel_pitch_angle": lambda actor_id, *_: respond(0.0 * self._find_vehicle(actor_id).id),
            "open_vehicle_door": lambda actor_id, *_: self._accept(actor_id),
            "close_vehicle_door": lambda actor_id, *_: self._accept(actor_id),
            "show_vehicle_debug_telemetry": lambda actor_id, *_: self._accept(actor_id),
            "get_telemetry_data": self.get_telemetry_data,
            "enable_carsim": refuse_always("CarSim physics"),
            "enable_chrono_physics": refuse_always("Chrono physics"),
        }

    @property
    def _fleet(self) -> Fleet:
        return self._simulation.episode.fleet

    def _find_vehicle(self, actor_id: Any) -> Vehicle:
        return self._actors.find_vehicle(actor_id)

    def _accept(self, actor_id: Any) -> Any:
        self._find_vehicle(actor_id)
        return OK_VOID

    def apply_control_to_vehicle(self, actor_id: Any, item: Any) -> Any:
        """Set throttle, steer, brake and so on. They last until the next such call."""
        vehicle = self._find_vehicle(actor_id)
        self._fleet.control[vehicle.row] = vehicle_control(item)
        vehicle.ackermann = None
        return OK_VOID

    def apply_ackermann_control_to_vehicle(self, actor_id: Any, item: Any) -> Any:
        """Let the Ackermann controller drive a vehicle."""
        vehicle = self._find_vehicle(actor_id)
        vehicle.ackermann = ackermann_control(item)
        self._simulation.episode.any_ackermann = True
        return OK_VOID

    def apply_ackermann_controller_settings(self, actor_id: Any, item: Any) -> Any:
        """Set the six gains of the Ackermann controller."""
        self._find_vehicle(actor_id).ackermann_settings = [real(part) for part in fields(item, 6, and_more=True)]
        return OK_VOID

    def get_physics_control(self, actor_id: Any) -> Any:
        """Return the VehiclePhysicsControl of a vehicle."""
        vehicle = self._find_vehicle(actor_id)
        return respond(physics_message(vehicle.current_physics, locate_wheels(vehicle, self._fleet)))

    def apply_physics_control(self, actor_id: Any, item: Any) -> Any:
        """Replace the physics of a vehicle."""
        vehicle = self._find_vehicle(actor_id)
        vehicle.apply_physics(physics_control(item, vehicle.physics), self._fleet)
        return OK_VOID

    def restore_physics(self, actor_id: Any) -> Any:
        """Give a vehicle the physics of its blueprint again."""
        vehicle = self._find_vehicle(actor_id)
        vehicle.apply_physics(vehicle.model.physics, self._fleet)
        return OK_VOID

    def set_vehicle_light_state(self, actor_id: Any, item: Any) -> Any:
        """Set the light bits of a vehicle."""
        self._fleet.lights[self._find_vehicle(actor_id).row] = natural(fields(item, 1)[0] if isinstance(item, list) else item)
        return OK_VOID

    def get_vehicle_light_states(self) -> Any:
        """Return [[id, bits], ...] of all vehicles."""
        return respond([[vehicle.id, int(self._fleet.lights[vehicle.row])] for vehicle in self._simulation.episode.vehicles])

    def get_wheel_steer_angle(self, actor_id: Any, wheel: Any) -> Any:
        """Return the steering angle of a wheel in degrees; only the front wheels steer."""
        vehicle = self._find_vehicle(actor_id)
        steers = natural(wheel) < max(1, len(vehicle.physics.wheels) // 2)
        return respond(math.degrees(float(self._fleet.state[vehicle.row, dynamics.STEER])) if steers else 0.0)

    def get_telemetry_data(self, actor_id: Any) -> Any:
        """Return VehicleTelemetryData: speed, steer, throttle, brake, rpm, gear, drag, wheels. What this world does not model is 0."""
        vehicle = self._find_vehicle(actor_id)
        fleet, row = self._fleet, vehicle.row
        state, control, parameters = fleet.state[row], fleet.control[row], fleet.parameters[row]
        speed_mps = math.hypot(state[dynamics.VX], state[dynamics.VY])
        spin_radps = float(state[dynamics.VX] / parameters[vehicle_physics.RADIUS])
        drag_n = float(parameters[vehicle_physics.DRAG] * speed_mps * speed_mps)
        wheels = [[wheel.tire_friction, 0.0, 0.0, spin_radps, *[0.0] * 6] for wheel in vehicle.physics.wheels]
        pedals = [float(control[column]) for column in (dynamics.C_STEER, dynamics.C_THROTTLE, dynamics.C_BRAKE)]
        return respond([speed_mps, *pedals, float(state[dynamics.RPM]), int(state[dynamics.GEAR]), drag_n, wheels])
