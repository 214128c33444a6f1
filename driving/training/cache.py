"""A log's images as the model sees them, decoded once: one memory-mapped file an episode, beside the log.

Decoding video takes longer than a training step, so every later epoch and run reads these files. Each is named for what it was made
from (the video, the camera transform): other videos or another transform make other files, and those that no episode needs any more go.
Only the parts that are asked for come into memory. Shapes: T frames, Y rows, X columns, C channels (RGB), uint8.
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


def model_images(log: Log, camera: str, config: CameraTransformConfig, folder: Path | None = None) -> list[np.ndarray]:
    """The model-size images (T, Y, X, C) of every episode of the log, mapped from the cache, which is filled first where it must be.

    folder: where the cache lies, by default `LOG.cache` beside the log. Raises UserError where it cannot be written, LogError where
    the log's images cannot be read.
    """
    place = cache_folder(log.root, folder) / _digest(asdict(config), camera, cv2.__version__)
    paths = [place / f"episode_{episode.index:06d}-{fingerprint(log, episode.index, camera)}.npy" for episode in log.episodes]
    missing = [index for index, path in enumerate(paths) if not path.is_file()]
    if missing:
        try:
            place.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise UserError(f"cannot make the image cache {place} ({error.strerror}): name a folder that can be written with --data.cache") from error
        for stale in set(place.glob("episode_*.npy")) - set(paths):
            stale.unlink(missing_ok=True)
        _fill(log, camera, config, {index: paths[index] for index in missing})
    return [np.load(path, mmap_mode="r") for path in paths]


def cache_folder(log: Path, folder: Path | None) -> Path:
    """Where a log's cache lies: beside it, or in a folder of its own under `folder`."""
    log = log.resolve()
    return log.with_name(f"{log.name}.cache") if folder is None else Path(folder) / f"{log.name}-{_digest(str(log))[:8]}"


def fingerprint(log: Log, episode: int, camera: str) -> str:
    """What an episode's video is known by: its file's name, size and time, and the episode's place and length in it."""
    info = log.episodes[episode]
    if camera not in info.videos:
        raise LogError(f"episode {episode} of log {log.root} has no camera '{camera}': choose one of {', '.join(log.image_keys)}")
    video = info.videos[camera]
    if not video.path.is_file():
        raise LogError(f"{video.path} is missing: copy the log again from its source")
    status = video.path.stat()
    return _digest(str(video.path.relative_to(log.root)), status.st_size, status.st_mtime_ns, video.from_s, info.length, log.fps)


def _digest(*values: object) -> str:
    return hashlib.sha256(json.dumps(values, sort_keys=True).encode()).hexdigest()[:16]


def _fill(log: Log, camera: str, config: CameraTransformConfig, paths: dict[int, Path]) -> None:
    """Decodes episodes on a few threads; each file appears whole or not at all."""
    frames = sum(log.episodes[index].length for index in paths)
    with ThreadPoolExecutor(THREADS) as pool:
        jobs = [pool.submit(_write_episode, log, index, camera, config, path) for index, path in paths.items()]
        try:
            words = f"decoding {frames:,} frames for training"
            for job in track(jobs, description=words, transient=True, disable=not get_console().is_terminal):
                job.result()
        finally:
            pool.shutdown(cancel_futures=True)


def _write_episode(log: Log, index: int, camera: str, config: CameraTransformConfig, path: Path) -> None:
    length = log.episodes[index].length
    unfinished = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        images = np.lib.format.open_memmap(unfinished, "w+", np.uint8, (length, config.height_px, config.width_px, 3))
        count = 0
        for image in model_frames(log, index, camera, config):
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


def model_frames(log: Log, index: int, camera: str, config: CameraTransformConfig, start: int = 0, stop: int | None = None) -> Iterator[np.ndarray]:
    """An episode's images as the model sees them, one at a time, past the cache."""
    transform = CameraTransform(config)
    return (transform.to_model(image) for image in log.frames(index, camera, start, stop))
