"""What the front-end looks at: whether noise moves its saliency, and whether the saliency lies on the lane's markings and edges.

Markings are CARLA's road lines. Edges are where the road's surface ends in the picture. What chance gives is the saliency of one picture on the
markings of the others: a front-end that always looks at the same part of the picture reaches no more.
Shapes: N pictures, Y rows, X columns of what the network sees, C colours.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
import torch
from torchmetrics.functional.image import structural_similarity_index_measure

from driving.evaluation.statistics.bootstrap import bootstrap_mean
from driving.evaluation.statistics.interval import Interval
from driving.explanation.road_pictures import RoadPictures
from perception.saliency import visual_backprop
from policy.network import DrivingPolicy

ROAD_TAG, LINE_TAG = 1, 24
EDGE_PX = 7  # the width of an edge in the camera's picture
NOISE_VARIANCES = (0.1, 0.2, 0.3)  # of images in [0, 1], as in the NCP paper
SHIFTS = 8  # how many other pictures each saliency is laid over


@dataclass(frozen=True)
class Estimate:
    """A mean over routes with its interval."""

    value: float
    interval: Interval


@dataclass(frozen=True)
class Looking:
    """The figures of one front-end."""

    similarity: dict[float, Estimate]  # structural similarity of the saliency with and without noise, by the noise's variance
    share: dict[str, Estimate]  # share of the saliency on "markings", on "edges" and on "either"
    chance: dict[str, Estimate]  # the same with the markings of other pictures
    beyond_chance: dict[str, Estimate]  # share less chance, per route


def measure_looking(policy: DrivingPolicy, pictures: Sequence[RoadPictures], seed: int = 0) -> Looking:
    """Return how a policy's front-end looks at some pictures."""
    heats = [find_saliency(policy, _see(policy, one.images)) for one in pictures]
    random = np.random.default_rng(seed)  # the same noise for all policies whose images have one size
    similar = {
        variance: [_compare(policy, one, heat, variance, random) for one, heat in zip(pictures, heats, strict=True)] for variance in NOISE_VARIANCES
    }
    masks = [find_masks(policy, one.tags) for one in pictures]
    shares = {name: [_share(heat, mask[name]) for heat, mask in zip(heats, masks, strict=True)] for name in masks[0]}
    chances = {name: _shares_elsewhere(heats, [mask[name] for mask in masks]) for name in masks[0]}
    beyond = {name: [share - chance for share, chance in zip(shares[name], chances[name], strict=True)] for name in shares}
    return Looking(
        {variance: _estimate(values) for variance, values in similar.items()},
        *({name: _estimate(values) for name, values in part.items()} for part in (shares, chances, beyond)),
    )


def find_saliency(policy: DrivingPolicy, seen_NYXC: np.ndarray) -> np.ndarray:
    """Return the saliency (N, Y, X) of images as the model sees them."""
    return visual_backprop(policy.frontend, policy.transform.normalise(torch.from_numpy(seen_NYXC))).numpy()


def find_masks(policy: DrivingPolicy, tags_NYX: np.ndarray) -> dict[str, np.ndarray]:
    """Return how much of each of the model's pixels (N, Y, X) is marking, edge, or either, from 0 to 1."""
    masks: dict[str, list[np.ndarray]] = {"markings": [], "edges": [], "either": []}
    for tags in tags_NYX:
        line, road = tags == LINE_TAG, ((tags == LINE_TAG) | (tags == ROAD_TAG)).astype(np.uint8)
        edge = cv2.morphologyEx(road, cv2.MORPH_GRADIENT, np.ones((EDGE_PX, EDGE_PX), np.uint8)) > 0
        for name, mask in (("markings", line), ("edges", edge), ("either", line | edge)):
            picture = np.repeat(mask[..., None], 3, axis=2).astype(np.uint8) * 255
            masks[name].append(policy.transform.to_model(picture)[..., 0] / 255.0)
    return {name: np.stack(part) for name, part in masks.items()}


def _see(policy: DrivingPolicy, images: np.ndarray) -> np.ndarray:
    return np.stack([policy.transform.to_model(image) for image in images])


def _compare(policy: DrivingPolicy, pictures: RoadPictures, heat_NYX: np.ndarray, variance: float, random: np.random.Generator) -> float:
    """Return the mean structural similarity of the saliency of noisy pictures with that of clean ones."""
    noise = random.normal(0.0, 255.0 * np.sqrt(variance), pictures.images.shape)
    noisy = np.clip(pictures.images + noise, 0, 255).astype(np.uint8)
    other_NYX = find_saliency(policy, _see(policy, noisy))
    other, heat = (torch.from_numpy(one[:, None].astype(np.float32)) for one in (other_NYX, heat_NYX))
    return float(structural_similarity_index_measure(other, heat, data_range=1.0))  # type: ignore[arg-type]


def _share(heat_NYX: np.ndarray, mask_NYX: np.ndarray) -> float:
    """Return the share of the saliency on a mask, as a mean over pictures."""
    total_N = heat_NYX.sum((1, 2))
    return float(np.mean((heat_NYX * mask_NYX).sum((1, 2))[total_N > 0] / total_N[total_N > 0]))


def _shares_elsewhere(heats: Sequence[np.ndarray], masks: Sequence[np.ndarray]) -> list[float]:
    """Return for each route the share of its saliency on the masks of the pictures of all routes, a fixed number of steps away."""
    all_masks = np.concatenate(masks)
    count = len(all_masks)
    steps = np.unique(np.linspace(1, count - 1, min(SHIFTS, count - 1)).round().astype(int)) if count > 1 else np.zeros(1, int)
    first, shares = 0, []
    for heat in heats:
        places = first + np.arange(len(heat))
        shares.append(float(np.mean([_share(heat, all_masks[(places + step) % count]) for step in steps])))
        first += len(heat)
    return shares


def _estimate(values: Sequence[float]) -> Estimate:
    return Estimate(float(np.mean(values)), bootstrap_mean(np.array(values)))
