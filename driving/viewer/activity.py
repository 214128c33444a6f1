"""Figures of the network's activity over a drive, as in the neural circuit policies study (Lechner et al. 2020, Fig. 4c and 5).

Shapes: T ticks, H neurons. Pure functions of the states; a step over which the car was put back on its lane is no step of the network's doing
and is left out of the changes.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from driving.viewer.playback import Playback


@dataclass(frozen=True)
class Components:
    """Principal components of the hidden activity: shares of variance, largest first (K,), and the first two along the drive (T, 2)."""

    shares: np.ndarray
    first_two: np.ndarray


def hidden_states(playback: Playback) -> np.ndarray:
    """(T, K) the states without the motor neurons: the activity that the study's Fig. 5 takes apart."""
    kept = [i for i, role in enumerate(playback.neurons.roles) if role != "motor"]
    return playback.state_TH[:, kept].astype(np.float64)


def principal_components(states_TK: np.ndarray) -> Components:
    """Components of the centred states; all shares are 0 where nothing moves."""
    centred = states_TK - states_TK.mean(axis=0)
    left, strengths, _ = np.linalg.svd(centred, full_matrices=False)
    variance = strengths**2
    total = float(variance.sum())
    scores = left[:, :2] * strengths[:2]
    if scores.shape[1] < 2:
        scores = np.pad(scores, ((0, 0), (0, 2 - scores.shape[1])))
    return Components(variance / total if total > 0 else np.zeros_like(variance), scores)


def largest_changes(playback: Playback) -> np.ndarray:
    """(H,) each neuron's largest |change of state from one tick to the next| (Fig. 4c; sorted there, in the neurons' order here)."""
    changes = np.abs(np.diff(playback.state_TH.astype(np.float64), axis=0))
    departed = playback.columns.get("departed")
    if departed is not None:
        changes = changes[~departed[:-1].astype(bool)]
    return changes.max(axis=0, initial=0.0)
