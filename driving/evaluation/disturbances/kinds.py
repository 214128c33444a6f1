"""The kinds of disturbances by name. A new one is a class in one of this folder's files and its entry here."""

from __future__ import annotations

import difflib
from typing import Any

from driving.evaluation.disturbances import dynamics, frames, image, lens, road, sensor_drift, steering, timing, weather
from driving.quantities import UserError
from driving.rollout.disturbance import Disturbance

KINDS: dict[str, type[Disturbance]] = {
    one.kind: one
    for one in (
        image.ImageNoise,
        image.Blur,
        image.Brightness,
        image.Contrast,
        image.Jpeg,
        lens.LensFlare,
        lens.Dirt,
        lens.Occlusion,
        frames.DroppedFrames,
        frames.FrozenFrames,
        sensor_drift.CameraYawDrift,
        sensor_drift.CameraPitchDrift,
        sensor_drift.CameraLateralDrift,
        sensor_drift.CameraHeightDrift,
        sensor_drift.ExposureDrift,
        sensor_drift.ColourDrift,
        weather.Rain,
        weather.Fog,
        weather.LaterHour,
        road.MissingPaint,
        road.WornPaint,
        road.LaneWidth,
        dynamics.Mass,
        dynamics.TyreFriction,
        dynamics.Gusts,
        steering.SteeringRatio,
        steering.SteeringDeadZone,
        steering.SteeringRate,
        steering.SteeringDelay,
        steering.Latency,
        timing.FrameRate,
        timing.Jitter,
        timing.LostTicks,
    )
}


def check_disturbance(kind: str, severity: float) -> None:
    """Raise UserError for an unknown kind, and for a severity out of the kind's range."""
    if kind not in KINDS:
        near = difflib.get_close_matches(kind, KINDS, 1)
        hint = f"did you mean '{near[0]}'? " if near else ""
        raise UserError(f"'{kind}' is not a disturbance: {hint}give one of {', '.join(KINDS)}")
    what = KINDS[kind]
    if not what.lowest <= severity <= what.highest:
        raise UserError(f"severity {severity:g} of disturbance '{kind}' is out of range: give {what.lowest:g} to {what.highest:g} ({what.unit})")


def make_disturbance(kind: str, severity: float, seed: int) -> Disturbance:
    """Return the disturbance of one drive. The kind "none", and a severity of 0, disturb nothing.

    Raises UserError for what `check_disturbance` refuses.
    """
    if kind == Disturbance.kind:
        return Disturbance()
    check_disturbance(kind, severity)
    return Disturbance() if severity == 0.0 else KINDS[kind](severity, seed)


def describe_disturbance(kind: str, severity: float, seed: int) -> dict[str, Any]:
    """Return kind, severity, unit and seed, for the trace's meta."""
    return {"kind": kind, "severity": severity, "unit": KINDS.get(kind, Disturbance).unit, "seed": seed}
