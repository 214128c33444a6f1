"""Cars without physics that are put from place to place: the traffic of a recording."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Sequence
from typing import Any

import carla
import numpy as np

from driving.quantities import Pose
from driving.simulator.ego import transform_of
from driving.simulator.errors import SimulatorError


class OtherCars:
    """A group of cars, of drawn models. A place that is taken at the start gets no car."""

    def __init__(self, client: carla.Client, world: carla.World, poses: Sequence[Pose], random: np.random.Generator, ask: Callable[..., Any]) -> None:
        """Spawn the cars. `ask(what, call)` runs a call to the server. Raises SimulatorError where it fails."""
        self._client, self._ask = client, ask
        library = world.get_blueprint_library().filter("vehicle.*")
        models = sorted((one for one in library if int(one.get_attribute("number_of_wheels")) == 4), key=lambda one: str(one.id))
        self._actors: list[int | None] = []
        try:
            for pose in poses:
                self._actors.append(self._spawn(world, pose, models, random))
        except BaseException:
            self.destroy()
            raise

    def _spawn(self, world: carla.World, pose: Pose, models: list[carla.ActorBlueprint], random: np.random.Generator) -> int | None:
        """Spawn one car of a drawn model and colour, and return its number; None where the place is taken."""
        model = models[int(random.integers(len(models)))]
        if model.has_attribute("color"):
            colours = model.get_attribute("color").recommended_values
            model.set_attribute("color", colours[int(random.integers(len(colours)))])
        car = self._ask("spawn another car", lambda: world.try_spawn_actor(model, transform_of(pose)))
        if car is None:
            return None
        self._ask("place another car", lambda: car.set_simulate_physics(False))
        return int(car.id)

    def move(self, poses: Sequence[Pose]) -> None:
        """Put the cars at other poses, in the order in which they were spawned. Raises SimulatorError where the server fails."""
        moved = [(actor, pose) for actor, pose in zip(self._actors, poses, strict=True) if actor is not None]
        try:
            self._client.apply_batch([carla.command.ApplyTransform(actor, transform_of(pose)) for actor, pose in moved])
        except RuntimeError as error:
            raise SimulatorError(f"cannot move the other cars: {' '.join(str(error).split())}; start the server again") from error

    def destroy(self) -> None:
        """Remove the cars. A server that has ended is not an error here."""
        batch = [carla.command.DestroyActor(actor) for actor in self._actors if actor is not None]
        self._actors.clear()
        with contextlib.suppress(SimulatorError):
            self._ask("remove the other cars", lambda: self._client.apply_batch_sync(batch, False))
