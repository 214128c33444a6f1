"""What a front-end looks at, on pictures whose markings are known; and how a policy's activity is summed up."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from driving.explanation.activity import measure_activity
from driving.explanation.certainty import check_bounds
from driving.explanation.looking import find_masks, measure_looking
from driving.explanation.road_pictures import RoadPictures
from perception.frontends import ConvolutionalHead
from policy.network import DrivingPolicy
from tests.explanation.watched import make_drive
from tests.policy.cells import build_policy

ROAD, LINE, GRASS = 1, 24, 10


def draw_pictures(name: str, seed: int, same: bool = False) -> RoadPictures:
    """Grey road with one white line each, at a place of its own, on grass; the line is the only contrast on the road."""
    random = np.random.default_rng(seed)
    images, tags = [], []
    for number in range(6):
        x = 160 if same else int(random.integers(60, 260))
        image, tag = np.full((180, 320, 3), 90, np.uint8), np.full((180, 320), ROAD, np.uint8)
        tag[:63] = GRASS  # above what the model sees
        cv2.line(image, (x, 60), (x, 180), (255, 255, 255), 6)
        cv2.line(tag, (x, 63), (x, 180), LINE, 6)
        images.append(image)
        tags.append(tag)
        random.integers(number + 1)
    return RoadPictures(name, np.stack(images), np.stack(tags))


def make_line_seer() -> DrivingPolicy:
    """A policy whose front-end passes brightness on in every layer, so that its saliency is where the picture is bright."""
    policy = build_policy("ltc", transform={"height_px": 48, "width_px": 144})
    head = policy.frontend
    assert isinstance(head, ConvolutionalHead)
    for block in head.blocks:
        block[0].weight.data.fill_(0.0)
        block[0].weight.data[:, :, block[0].weight.shape[2] // 2, block[0].weight.shape[3] // 2] = 1.0
    return policy


def test_a_front_end_that_sees_the_line_is_told_from_one_that_looks_at_a_place() -> None:
    policy, pictures = make_line_seer(), [draw_pictures(f"road_{seed}", seed) for seed in range(4)]
    looking = measure_looking(policy, pictures)
    share, chance = looking.share["markings"], looking.chance["markings"]
    assert share.value > 3 * chance.value
    assert looking.beyond_chance["markings"].interval.low > 0.0
    assert looking.beyond_chance["markings"].value == pytest.approx(share.value - chance.value)
    noisy = [looking.similarity[variance].value for variance in (0.1, 0.2, 0.3)]
    assert 1.0 > noisy[0] > noisy[1] > noisy[2] > 0.0
    alike = measure_looking(policy, [draw_pictures(f"road_{seed}", seed, same=True) for seed in range(3)])
    assert alike.beyond_chance["markings"].value == pytest.approx(0.0, abs=1e-9), "always the same place: no more than chance"


def test_masks_go_through_the_models_own_transform() -> None:
    policy, pictures = make_line_seer(), draw_pictures("road", 0)
    masks = find_masks(policy, pictures.tags)
    assert masks["markings"].shape == (6, 48, 144)
    area = (pictures.tags[:, 63:] == LINE).mean()
    assert masks["markings"].mean() == pytest.approx(area, rel=0.02)
    assert np.all(masks["either"] >= np.maximum(masks["markings"], masks["edges"]) - 1e-9)
    assert masks["edges"][:, :2].mean() > 0.5, "the road ends at the upper rim"
    assert masks["edges"][:, 10:].max() == 0.0, "a line on the road is not its edge"


def test_activity_is_summed_up_by_its_changes_its_frequencies_and_its_directions() -> None:
    time = np.arange(500) * 0.1
    slow, fast = np.sin(2 * np.pi * 0.3 * time), np.sin(2 * np.pi * 2.5 * time)
    drives = [make_drive(n, [lambda s, r: slow, lambda s, r: 2 * slow, lambda s, r: -slow, lambda s, r: fast]) for n in range(3)]
    calm = measure_activity(drives, ["inter"] * 3 + ["motor"])
    assert calm.component_shares[0] == pytest.approx(1.0)
    assert calm.largest_change_H[1] == pytest.approx(2 * calm.largest_change_H[0])
    assert calm.fast_share == pytest.approx(1 / 7, abs=0.01), "of the power of 1, 4, 1 and 1"
    assert calm.frequency_hz_F[np.argmax(calm.power_F)] == pytest.approx(0.3, abs=0.1)


def test_bounds_are_compared_with_what_drives_have_seen() -> None:
    policy = build_policy("ltc")
    names = policy.cell.neuron_names
    inside = make_drive(0, [lambda s, r: np.zeros(len(s)) for _ in names])
    kept = check_bounds(policy, [inside])
    assert kept.is_kept
    assert kept.prediction_range is not None
    assert kept.prediction_range[0] < kept.prediction_range[1]
    outside = make_drive(0, [lambda s, r: np.linspace(0.0, 3.0, len(s)) for _ in names])
    assert not check_bounds(policy, [outside]).is_kept
    unproven = check_bounds(build_policy("spiking"), [make_drive(0, [lambda s, r: s[:, 0]] * 8)])
    assert unproven.bounds is None
    assert unproven.why == "nothing is proven about the states of a Spiking"
