"""Cars without physics that are put from place to place: the traffic of a recording."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import carla
import numpy as np

from driving.quantities import Pose
from driving.simulator.ego import transform_of


class OtherCars:
    """A group of cars, of drawn models. A place that is taken at the start gets no car."""

    def __init__(self, client: carla.Client, world: carla.World, poses: Sequence[Pose], random: np.random.Generator, ask: Callable[..., Any]) -> None:
        """Spawn the cars. `ask(what, call)` runs a call to the server. Raises SimulatorError where it fails."""
        self._client, self._ask = client, ask
        models = [one for one in world.get_blueprint_library().filter("vehicle.*") if int(one.get_attribute("number_of_wheels")) == 4]
        models.sort(key=lambda one: str(one.id))
        self._actors: list[int | None] = []
        for pose in poses:
            model = models[int(random.integers(len(models)))]
            if model.has_attribute("color"):
                colours = model.get_attribute("color").recommended_values
                model.set_attribute("color", colours[int(random.integers(len(colours)))])
            car = ask("spawn another car", lambda model=model, pose=pose: world.try_spawn_actor(model, transform_of(pose)))
            if car is not None:
                ask("place another car", lambda car=car: car.set_simulate_physics(False))
            self._actors.append(None if car is None else int(car.id))

    def move(self, poses: Sequence[Pose]) -> None:
        """Put the cars at other poses, in the order in which they were spawned. Raises SimulatorError where the server fails."""
        moved = [(actor, pose) for actor, pose in zip(self._actors, poses, strict=True) if actor is not None]
        if moved:
            batch = [carla.command.ApplyTransform(actor, transform_of(pose)) for actor, pose in moved]
            self._ask("move the other cars", lambda: self._client.apply_batch(batch))

    def destroy(self) -> None:
        """Remove the cars. Raises SimulatorError where the server fails."""
        batch = [carla.command.DestroyActor(actor) for actor in self._actors if actor is not None]
        self._actors.clear()
        if batch:
            self._ask("remove the other cars", lambda: self._client.apply_batch_sync(batch, False))
