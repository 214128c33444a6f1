"""Figures of the network's activity over a drive, as in the study of neural circuit policies (Lechner et al. 2020, Fig. 4c and 5).

Shapes: T ticks, H neurons. All figures are pure functions of the states. When the car is put back on its lane, the states jump;
this change does not come from the network and is not counted.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from driving.viewer.playback import Playback


@dataclass(frozen=True)
class Components:
    """The principal components of the hidden activity."""

    shares: np.ndarray  # (K,) shares of the variance, largest first
    first_two: np.ndarray  # (T, 2) the first two components along the drive


def select_hidden_states(playback: Playback) -> np.ndarray:
    """Return the states (T, K) without the motor neurons: the activity that the study's Fig. 5 analyses."""
    hidden = [index for index, role in enumerate(playback.neurons.roles) if role != "motor"]
    return playback.state_TH[:, hidden].astype(np.float64)


def find_components(states_TK: np.ndarray) -> Components:
    """Return the components of the centred states; all shares are 0 when no state changes."""
    centred = states_TK - states_TK.mean(axis=0)
    left, strengths, _ = np.linalg.svd(centred, full_matrices=False)
    variance = strengths**2
    total = float(variance.sum())
    scores = left[:, :2] * strengths[:2]
    if scores.shape[1] < 2:
        scores = np.pad(scores, ((0, 0), (0, 2 - scores.shape[1])))
    return Components(variance / total if total > 0 else np.zeros_like(variance), scores)


def find_largest_changes(playback: Playback) -> np.ndarray:
    """Return each neuron's largest absolute change of state from one tick to the next (H,), as in Fig. 4c but in the neurons' order."""
    changes = np.abs(np.diff(playback.state_TH.astype(np.float64), axis=0))
    departed = playback.columns.get("departed")
    if departed is not None:
        changes = changes[~departed[:-1].astype(bool)]
    return changes.max(axis=0, initial=0.0)
