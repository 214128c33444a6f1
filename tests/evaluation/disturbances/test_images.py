"""Disturbances of images change what they say by as much as they say, on images made by hand."""

from __future__ import annotations

import math

import numpy as np
import pytest

from driving.evaluation.disturbances.kinds import KINDS, make_disturbance

DT_S = 0.1
GREY = np.full((90, 160, 3), 128, np.uint8)
EDGE = np.where(np.arange(400)[None, :, None] < 200, 40, 200).astype(np.uint8) * np.ones((60, 1, 3), np.uint8)
PICTURE = np.random.default_rng(0).integers(0, 256, (45, 80, 3)).astype(np.uint8)
IMAGE_KINDS = [kind for kind, one in KINDS.items() if "change_image" in dir(one) and one.change_image is not KINDS["mass"].change_image]


def show(kind: str, severity: float, image: np.ndarray, count: int = 1, seed: int = 0, begin_s: float = 0.0) -> np.ndarray:
    """Return what a driver sees (T, Y, X, 3) of an image that stands still."""
    image.flags.writeable = False
    disturbance = make_disturbance(kind, severity, seed)
    return np.stack([disturbance.change_image(image, begin_s + DT_S * tick) for tick in range(count)])


@pytest.mark.parametrize("kind", IMAGE_KINDS)
def test_one_seed_shows_the_same_images_and_keeps_their_shape_and_type(kind: str) -> None:
    severity = 0.4 * KINDS[kind].highest
    one, two = (show(kind, severity, PICTURE, 20, seed=3, begin_s=30.0) for _ in range(2))
    assert one.tobytes() == two.tobytes()
    assert one.dtype == np.uint8
    assert one.shape[1:] == PICTURE.shape
    assert (one != PICTURE).any() or kind == "frozen_frames"  # of a picture that stands still
    assert show(kind, 0.0, PICTURE)[0].tobytes() == PICTURE.tobytes()


def test_noise_has_the_variance_of_its_severity_and_differs_between_pixels_colours_and_images() -> None:
    noise = show("image_noise", 0.01, GREY, 2).astype(float) / 255.0
    assert noise.var() == pytest.approx(0.01, rel=0.02)
    assert noise.mean() == pytest.approx(128 / 255, abs=0.002)
    assert abs(np.corrcoef(noise[0].ravel(), noise[1].ravel())[0, 1]) < 0.02
    assert abs(np.corrcoef(noise[0, ..., 0].ravel(), noise[0, ..., 1].ravel())[0, 1]) < 0.03


def test_a_blur_widens_an_edge_to_a_bell_of_the_standard_deviation_that_it_says() -> None:
    slope = np.diff(show("blur", 2.0, EDGE)[0, 30, :, 0].astype(float))
    at = np.arange(len(slope))
    middle = np.average(at, weights=slope)
    assert math.sqrt(np.average((at - middle) ** 2, weights=slope)) == pytest.approx(0.02 * 400, rel=0.05)


@pytest.mark.parametrize(
    ("kind", "severity", "dark", "bright"),
    [
        ("brightness", 0.1, 40 + 25.5, 200 + 25.5),
        ("brightness", -0.3, 0, 200 - 76.5),
        ("contrast_loss", 0.5, 127.5 - 43.75, 127.5 + 36.25),
        ("contrast_loss", 1.0, 127.5, 127.5),
    ],
)
def test_light_changes_each_grey_level_as_computed_by_hand(kind: str, severity: float, dark: float, bright: float) -> None:
    image = show(kind, severity, EDGE)[0]
    assert image[0, 0, 0] == pytest.approx(dark, abs=0.51)
    assert image[0, -1, 0] == pytest.approx(bright, abs=0.51)


def test_stronger_jpeg_compression_changes_more_and_keeps_the_order_of_the_colours() -> None:
    red = np.zeros((32, 32, 3), np.uint8)
    red[..., 0] = 200
    assert np.abs(show("jpeg", 20.0, red)[0].astype(int) - red).max() < 8
    errors = [np.abs(show("jpeg", severity, PICTURE)[0].astype(int) - PICTURE).mean() for severity in (5.0, 50.0, 95.0)]
    assert errors == sorted(errors)


@pytest.mark.parametrize(("kind", "colour"), [("dirt", (70, 60, 50)), ("occlusion", (0, 0, 0))])
def test_what_is_on_the_lens_covers_the_share_that_it_says_and_stays(kind: str, colour: tuple[int, int, int]) -> None:
    white = np.full((180, 320, 3), 255, np.uint8)
    first, last = show(kind, 0.25, white, 2)
    assert first.tobytes() == last.tobytes()
    half_way = (255 + np.array(colour)) / 2
    assert (first < half_way).all(-1).mean() == pytest.approx(0.25, abs=0.02)
    assert (first == colour).all(-1).any()
    assert show(kind, 0.25, white, seed=1).tobytes() != first.tobytes()


def test_a_lens_flare_adds_the_light_that_it_says_at_its_glow_in_the_upper_part() -> None:
    black = np.zeros((180, 320, 3), np.uint8)
    image = show("lens_flare", 0.5, black)[0]
    row, _ = np.unravel_index(image[..., 0].argmax(), image.shape[:2])
    assert row < 0.4 * 180
    assert image.max() >= 0.5 * 255
    assert (show("lens_flare", 0.5, GREY)[0] >= GREY).all()


def test_frames_are_dropped_one_by_one_and_freeze_for_a_second_on_average() -> None:
    dropped = (show("dropped_frames", 0.3, GREY[:2, :2], 4000) == 0).all((1, 2, 3))
    assert dropped.mean() == pytest.approx(0.3, abs=0.03)
    frozen = make_disturbance("frozen_frames", 0.4, 0)
    shown = np.array([frozen.change_image(np.full((1, 1, 3), tick % 256, np.uint8), DT_S * tick)[0, 0, 0] for tick in range(20000)])
    is_old = shown != np.arange(20000) % 256
    assert is_old.mean() == pytest.approx(0.4, abs=0.05)
    assert is_old.sum() * DT_S / (np.diff(is_old.astype(int)) == 1).sum() == pytest.approx(1.0, rel=0.15)


def test_exposure_and_colours_drift_slowly_to_their_severity_and_stay_there() -> None:
    for begin_s, share in ((0.0, 0.0), (30.0, 0.5), (60.0, 1.0), (90.0, 1.0)):
        darker = show("exposure_drift", -2.0, GREY, begin_s=begin_s)[0]
        assert (darker[0, 0, 0] / 128) ** 2.2 == pytest.approx(0.25**share, rel=0.03)
        warmer = show("colour_drift", 0.5, GREY, begin_s=begin_s)[0, 0, 0].astype(float)
        assert warmer == pytest.approx(128 * (1.0 + 0.5 * share * np.array([1.0, 0.0, -1.0])), abs=0.51)
