"""CARLA's episode settings: how the world's clock runs. `simulation` runs the clock."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from driving.standin.wire.messages import MalformedError, fields, flag, natural, optional, real

LONGEST_STEP_S = 1.0


@dataclass(frozen=True, slots=True)
class Settings:
    """The eleven settings, in their order on the wire. This server uses the first three and keeps the others for clients."""

    synchronous: bool = False  # time advances with the client's ticks only
    no_rendering: bool = False  # cameras send nothing
    step_s: float | None = None  # None for a variable step
    substepping: bool = True
    max_substep_s: float = 0.01
    max_substeps: int = 10
    max_culling_m: float = 0.0
    deterministic_ragdolls: bool = True
    tile_stream_m: float = 3000.0
    actor_active_m: float = 2000.0
    spectator_as_ego: bool = True

    def message(self) -> list[Any]:
        """Return the settings as CARLA's EpisodeSettings."""
        step = [False] if self.step_s is None else [True, self.step_s]
        return [
            self.synchronous,
            self.no_rendering,
            step,
            self.substepping,
            self.max_substep_s,
            self.max_substeps,
            self.max_culling_m,
            self.deterministic_ragdolls,
            self.tile_stream_m,
            self.actor_active_m,
            self.spectator_as_ego,
        ]

    @staticmethod
    def from_message(item: list[Any]) -> Settings:
        """Read a complete EpisodeSettings. Raises MalformedError for a step outside of (0, LONGEST_STEP_S]; 0 means a variable step."""
        sent = fields(item, 11, and_more=True)
        synchronous, no_rendering, step, substepping, max_substep, max_substeps, culling, ragdolls, tile_stream, actor_active, ego = sent
        step_s = optional(step)
        if step_s is not None:
            step_s = real(step_s)
            if step_s == 0.0:  # how clients ask for a variable step
                step_s = None
            elif not 0.0 < step_s <= LONGEST_STEP_S:
                raise MalformedError(f"fixed_delta_seconds above 0 and up to {LONGEST_STEP_S} s", step_s)
        return Settings(
            synchronous=flag(synchronous),
            no_rendering=flag(no_rendering),
            step_s=step_s,
            substepping=flag(substepping),
            max_substep_s=real(max_substep),
            max_substeps=natural(max_substeps),
            max_culling_m=real(culling),
            deterministic_ragdolls=flag(ragdolls),
            tile_stream_m=real(tile_stream),
            actor_active_m=real(actor_active),
            spectator_as_ego=flag(ego),
        )
