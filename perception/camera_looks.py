"""Looks of other cameras, as changes of training images that must not change the steering: exposure that blooms, colour casts, soft images,
JPEG, motion blur, drops and dirt on the lens, the own bonnet at the lower edge.

All consecutive images of a window get the same change. Each change has its share of the windows; with all shares at 0 nothing is drawn.
Shapes: T time, Y rows, X columns, C channels (RGB).
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from perception.errors import ConfigError

BLOOM_FROM = 215.0  # light above this level spreads to its surroundings


@dataclass
class CameraLooksConfig:
    """The largest size of each change, and the share of windows that get it.

    Args:
        exposure_share: share of the windows with another exposure.
        exposure_stops: the light is multiplied by up to 2 to the power of plus or minus this value; what gets too bright blooms.
        cast_share: share of the windows with a colour cast.
        cast: red and blue are multiplied by 1 plus or minus up to this value.
        soft_share: share of the windows with soft images, as of a smaller camera.
        soft: the smaller image is smaller by up to this factor.
        jpeg_share: share of the windows with traces of JPEG.
        jpeg_quality: the lowest quality (the highest is 80).
        blur_share: share of the windows with motion blur.
        blur_px: the longest blur (pixels of the model's image).
        dirt_share: share of the windows with drops or dirt on the lens.
        dirt_spots: the largest number of spots.
        bonnet_share: share of the windows with a bonnet at the lower edge.
        bonnet_height: the largest part of the image's height that it covers.
    """

    exposure_share: float = 0.0
    exposure_stops: float = 0.8
    cast_share: float = 0.0
    cast: float = 0.3
    soft_share: float = 0.0
    soft: float = 2.2
    jpeg_share: float = 0.0
    jpeg_quality: int = 15
    blur_share: float = 0.0
    blur_px: int = 5
    dirt_share: float = 0.0
    dirt_spots: int = 6
    bonnet_share: float = 0.0
    bonnet_height: float = 0.2

    def __post_init__(self) -> None:
        """Check the shares. Raises ConfigError where one is not between 0 and 1."""
        for name, share in self.shares.items():
            if not 0.0 <= share <= 1.0:
                raise ConfigError(f"augmentation.looks.{name} is {share}: give a share from 0 to 1")

    @property
    def shares(self) -> dict[str, float]:
        """The share of each change by its name."""
        return {name: value for name, value in vars(self).items() if name.endswith("_share")}


def change_looks(pixels_TYXC: np.ndarray, config: CameraLooksConfig, random: np.random.Generator) -> None:
    """Change one window of uint8 images in place: first what lies before the lens, then the sensor, then the encoding."""
    has = {name: bool(random.random() < share) for name, share in config.shares.items()}
    if has["bonnet_share"]:
        _cover_with_bonnet(pixels_TYXC, config, random)
    if has["dirt_share"]:
        _add_spots(pixels_TYXC, config, random)
    if has["exposure_share"] or has["cast_share"]:
        stops = random.uniform(-1, 1) * config.exposure_stops if has["exposure_share"] else 0.0
        cast = random.uniform(-1, 1) * config.cast if has["cast_share"] else 0.0
        tint = random.uniform(-0.3, 0.3) * config.cast if has["cast_share"] else 0.0
        _expose(pixels_TYXC, 2.0**stops * np.array([1.0 + cast, 1.0 + tint, 1.0 - cast]))
    if has["blur_share"]:
        length = int(random.integers(2, max(3, config.blur_px + 1)))
        kernel = np.full((1, length), 1.0 / length, np.float32)
        for image in pixels_TYXC:
            cv2.filter2D(image, -1, kernel, dst=image)
    if has["soft_share"]:
        _soften(pixels_TYXC, float(random.uniform(1.2, max(1.2, config.soft))))
    if has["jpeg_share"]:
        quality = int(random.integers(config.jpeg_quality, 81))
        for image in pixels_TYXC:
            _, code = cv2.imencode(".jpg", image, [cv2.IMWRITE_JPEG_QUALITY, quality])
            image[:] = cv2.imdecode(code, cv2.IMREAD_UNCHANGED)


def _expose(pixels_TYXC: np.ndarray, gains_C: np.ndarray) -> None:
    """Multiply the light of each channel, and let what is too bright spread."""
    table = np.clip(np.arange(256)[:, None] * gains_C, 0, 255).astype(np.uint8)[None]
    blooms = float(gains_C.max()) > 1.05
    for image in pixels_TYXC:
        cv2.LUT(image, table, dst=image)
        if blooms:
            bright = cv2.subtract(image, np.full_like(image, int(BLOOM_FROM)))
            cv2.addWeighted(image, 1.0, cv2.GaussianBlur(bright, (0, 0), 3.0), 1.0, 0.0, dst=image)


def _soften(pixels_TYXC: np.ndarray, factor: float) -> None:
    """Make the images smaller and large again."""
    rows, columns = pixels_TYXC.shape[1:3]
    size = (max(8, round(columns / factor)), max(8, round(rows / factor)))
    for image in pixels_TYXC:
        image[:] = cv2.resize(cv2.resize(image, size, interpolation=cv2.INTER_AREA), (columns, rows), interpolation=cv2.INTER_LINEAR)


def _add_spots(pixels_TYXC: np.ndarray, config: CameraLooksConfig, random: np.random.Generator) -> None:
    """Lay blurred spots over the window: dark dirt, or drops that show a blurred picture."""
    rows, columns = pixels_TYXC.shape[1:3]
    mask = np.zeros((rows, columns), np.float32)
    for _ in range(int(random.integers(1, config.dirt_spots + 1))):
        centre = (int(random.integers(columns)), int(random.integers(rows)))
        axes = (int(random.integers(2, max(3, columns // 14))), int(random.integers(2, max(3, rows // 6))))
        cv2.ellipse(mask, centre, axes, float(random.uniform(0, 180)), 0, 360, float(random.uniform(0.3, 0.9)), -1)
    opacity = cv2.GaussianBlur(mask, (0, 0), 1.5)[..., None]
    is_drop, tone = random.random() < 0.5, float(random.uniform(20, 110))
    for image in pixels_TYXC:
        under = cv2.GaussianBlur(image, (0, 0), 5.0).astype(np.float32) if is_drop else tone
        image[:] = (image * (1.0 - opacity) + under * opacity).astype(np.uint8)


def _cover_with_bonnet(pixels_TYXC: np.ndarray, config: CameraLooksConfig, random: np.random.Generator) -> None:
    """Cover the lower edge with a bonnet: a flat arch of one colour that is brighter towards its rim."""
    rows, columns = pixels_TYXC.shape[1:3]
    height = config.bonnet_height * rows * float(random.uniform(0.2, 1.0))
    middle, half = columns * float(random.uniform(0.4, 0.6)), columns * float(random.uniform(0.5, 0.9))
    y, x = np.mgrid[:rows, :columns]
    rim = rows - height * np.sqrt(np.clip(1.0 - ((x - middle) / half) ** 2, 0.0, None))
    inside = y >= rim
    shine = 1.0 + 0.5 * np.exp(-np.abs(y - rim) / max(1.0, height / 3.0))
    colour = random.uniform(10, 190) * random.uniform(0.8, 1.2, 3)
    pixels_TYXC[:, inside] = np.clip(colour * shine[..., None], 0, 255).astype(np.uint8)[inside]
