"""Playbacks for tests: a generated drive with a network like the paper's, or with many hidden neurons."""

from __future__ import annotations

from dataclasses import replace

import cv2
import numpy as np

from driving.bicycle import Bicycle
from driving.viewer.openloop import run_policy
from driving.viewer.page.writer import Network
from driving.viewer.playback import Neurons, Playback
from driving.viewer.saliency import Band, Saliency, overlay
from tests.policy.cells import build_policy
from tests.viewer.drives import make_drive

PAPER_ROLES = ("motor",) + ("command",) * 6 + ("inter",) * 12
BAND = Band(0.4, 0.9)


def make_neurons(roles: tuple[str, ...], features: int = 32, seed: int = 0) -> Neurons:
    """Return neurons with these roles, sparse synapses from the senses to the motors, and some among the command neurons."""
    random = np.random.default_rng(seed)
    names = [f"{role} {roles[:i].count(role)}" for i, role in enumerate(roles)]
    before = {"command": "inter", "motor": "command" if "command" in roles else "hidden"}
    edges: list[tuple[str, str, float]] = []
    for name, role in zip(names, roles, strict=True):
        sources = [f"sensory {i}" for i in range(features)] if role in ("inter", "hidden") else [n for n in names if n.startswith(before[role])]
        chosen = random.choice(sources, min(6, len(sources)), replace=False)
        edges += [(str(source), name, float(random.uniform(0.1, 1.0) * random.choice([-1, 1]))) for source in chosen]
    edges += [("command 0", "command 3", 0.8), ("command 2", "command 2", -0.4)] if "command" in roles else []
    return Neurons.from_parts(names, roles, edges)


def make_playback(ticks: int = 60, roles: tuple[str, ...] = PAPER_ROLES, seed: int = 3, without: tuple[str, ...] = ()) -> Playback:
    """Return a generated drive whose neurons follow the road with different delays; the columns `without` are missing."""
    columns, road_xy, _, images = make_drive(ticks, seed)
    neurons = make_neurons(roles)
    random = np.random.default_rng(seed)
    causes = np.stack([columns["curvature_per_m"] * 60, columns["lateral_m"], columns["heading_error_rad"] * 5], axis=1)
    target = np.tanh(causes @ random.normal(size=(3, len(roles))))
    tau, states, state = random.uniform(0.1, 1.2, len(roles)), [], np.zeros(len(roles))
    for t in range(ticks):
        state = state + (target[t] - state) * np.minimum(1.0, columns["dt_s"][t] / tau)
        states.append(state)
    columns["time_s"] = columns["time_s"] - columns["time_s"][0]
    return Playback(
        title="policy on winding_3",
        facts="ClearNoon  ·  10 Hz  ·  seed 3",
        columns={name: values for name, values in columns.items() if name not in without},
        neurons=neurons,
        state_TH=np.array(states, dtype=np.float32),
        tau_s_TH=(tau * (1.0 + 0.3 * np.array(states))).astype(np.float32),
        open_frames=lambda: iter(images),
        centre_xy=None if "x_m" in without else road_xy[: int(columns["s_m"][-1] * 2) + 40],
    )


def make_watched_playback(ticks: int = 40, case: str = "ltc") -> tuple[Playback, Network]:
    """Return a generated drive whose neurons are those of a real policy that has seen its images, and that policy."""
    playback, policy = make_playback(ticks), build_policy(case)
    seen = run_policy(policy, playback.open_frames(), playback.columns["dt_s"])
    neurons = Neurons.from_parts(policy.cell.neuron_names, policy.cell.neuron_roles, policy.cell.edges())
    watched = replace(playback, neurons=neurons, state_TH=seen.states, tau_s_TH=seen.tau_s, features_TI=seen.features)
    return watched, Network(policy, Bicycle())


def edges_as_saliency(images: np.ndarray) -> list[Saliency]:
    """Return a saliency for tests of the pictures alone: the image's upright edges."""
    found = []
    for image in images:
        grey = cv2.cvtColor(image, cv2.COLOR_RGB2GRAY)[round(BAND.top * image.shape[0]) : round(BAND.bottom * image.shape[0])]
        strength = cv2.resize(np.abs(cv2.Sobel(grey, cv2.CV_32F, 1, 0)), (144, 48))
        heat = strength / max(float(strength.max()), 1e-6)
        found.append(Saliency(heat, BAND, overlay(image, heat, BAND)))
    return found
