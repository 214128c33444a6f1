"""CARLA's episode settings: how the world's clock runs. The clock itself is left to `simulation`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from driving.standin.wire.messages import flag, natural, optional, real

LONGEST_STEP_S = 1.0


@dataclass(frozen=True, slots=True)
class Settings:
    """The eleven settings in the wire's order; `step_s` is None for a variable step."""

    synchronous: bool = False
    no_rendering: bool = False
    step_s: float | None = None
    substepping: bool = True
    max_substep_s: float = 0.01
    max_substeps: int = 10
    max_culling_m: float = 0.0
    deterministic_ragdolls: bool = True
    tile_stream_m: float = 3000.0
    actor_active_m: float = 2000.0
    spectator_as_ego: bool = True

    def message(self) -> list[Any]:
        """As EpisodeSettings."""
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
        """From EpisodeSettings, whole. Raises ValueError for a step that is not in (0, LONGEST_STEP_S]."""
        step = optional(item[2])
        if step is not None:
            step = real(step)
            if step == 0.0:  # a client's way to ask for a variable step
                step = None
            elif not 0.0 < step <= LONGEST_STEP_S:
                raise ValueError(f"fixed_delta_seconds is {step}: give a step above 0 and up to {LONGEST_STEP_S} s")
        return Settings(
            flag(item[0]),
            flag(item[1]),
            step,
            flag(item[3]),
            real(item[4]),
            natural(item[5]),
            real(item[6]),
            flag(item[7]),
            real(item[8]),
            real(item[9]),
            flag(item[10]),
        )
