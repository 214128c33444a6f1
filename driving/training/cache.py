"""The image cache: a log's images at the model's size, decoded once, one memory-mapped file per episode beside the log.

Decoding video takes longer than a training step, so every later epoch and run reads these files. A file's name holds a digest of what it was
made from (the video or table, the camera transform). Another source or another transform makes another file, and files that no episode needs are
removed.
Only the parts that are read come into memory. Shapes: T frames, Y rows, X columns, C channels (RGB), uint8.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict
from pathlib import Path

import cv2
import numpy as np
from rich import get_console
from rich.progress import track

from driving.logs.features import LogError
from driving.logs.reader import Log
from driving.quantities import UserError
from perception.transform import CameraTransform, CameraTransformConfig

THREADS = min(8, os.cpu_count() or 1)


def load_images(log: Log, camera: str, config: CameraTransformConfig, folder: Path | None = None) -> dict[int, np.ndarray]:
    """Return the images (T, Y, X, C) of each episode of the log, by its number, mapped from the cache. Missing ones are decoded first.

    Args:
        log: the log.
        camera: the camera's feature.
        config: the camera transform.
        folder: where the cache is, by default LOG.cache beside the log.

    Raises UserError where the cache cannot be written, LogError where the log's images cannot be read.
    """
    place = locate_cache(log.root, folder) / _digest(asdict(config), camera, cv2.__version__)
    paths = {number: place / f"episode_{number:06d}-{digest_source(log, number, camera)}.npy" for number in log.numbers}
    missing = [number for number, path in paths.items() if not path.is_file()]
    if missing:
        try:
            place.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise UserError(f"cannot make the image cache {place} ({error.strerror}): name a folder that can be written with --data.cache") from error
        for stale in set(place.glob("episode_*.npy")) - set(paths.values()):
            stale.unlink(missing_ok=True)
        _fill(log, camera, config, {number: paths[number] for number in missing})
    return {number: np.load(path, mmap_mode="r") for number, path in paths.items()}


def locate_cache(log: Path, folder: Path | None) -> Path:
    """Return the folder of a log's cache: beside the log, or in `folder` under a name that no other log has."""
    log = log.resolve()
    return log.with_name(f"{log.name}.cache") if folder is None else Path(folder) / f"{log.name}-{_digest(str(log))[:8]}"


def digest_source(log: Log, episode: int, camera: str) -> str:
    """Return a digest of what an episode's images are decoded from: the file's name, size and time, and which frames of it.

    Raises LogError where the log has no such camera, or the file is missing.
    """
    source = log.image_source(episode, camera)
    if not source.is_file():
        raise LogError(f"{source} is missing: copy the log again from its source")
    status, places = source.stat(), hashlib.sha256(log.image_places(episode, camera).tobytes()).hexdigest()
    return _digest(str(source.relative_to(log.root)), status.st_size, status.st_mtime_ns, places, log.fps)


def _digest(*values: object) -> str:
    """Return 16 hexadecimal digits that differ for different values."""
    return hashlib.sha256(json.dumps(values, sort_keys=True).encode()).hexdigest()[:16]


def _fill(log: Log, camera: str, config: CameraTransformConfig, paths: dict[int, Path]) -> None:
    """Decode episodes on a few threads. Each file appears whole or not at all."""
    frames = sum(episode.length for episode in log.episodes if episode.index in paths)
    with ThreadPoolExecutor(THREADS) as pool:
        jobs = [pool.submit(_write_episode, log, index, camera, config, path) for index, path in paths.items()]
        try:
            description = f"decoding {frames:,} frames for training"
            for job in track(jobs, description=description, transient=True, disable=not get_console().is_terminal):
                job.result()
        finally:
            pool.shutdown(cancel_futures=True)


def _write_episode(log: Log, index: int, camera: str, config: CameraTransformConfig, path: Path) -> None:
    """Decode one episode into its file of the cache."""
    length = log.episode(index).length
    unfinished = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        images = np.lib.format.open_memmap(unfinished, "w+", np.uint8, (length, config.height_px, config.width_px, 3))
        count = 0
        for image in decode_images(log, index, camera, config):
            images[count] = image
            count += 1
        if count != length:
            raise LogError(f"episode {index} of log {log.root} has {length} rows but {count} images: copy the log again from its source")
        images.flush()
        os.replace(unfinished, path)
    except OSError as error:
        raise UserError(f"cannot write the image cache {path} ({error.strerror}): make room, or name another folder with --data.cache") from error
    finally:
        unfinished.unlink(missing_ok=True)


def decode_images(log: Log, index: int, camera: str, config: CameraTransformConfig, start: int = 0, stop: int | None = None) -> Iterator[np.ndarray]:
    """Yield the images (Y, X, C) of an episode's frames `start` to `stop` (exclusive) at the model's size, decoded without the cache."""
    transform = CameraTransform(config)
    return (transform.to_model(image) for image in log.frames(index, camera, start, stop))
