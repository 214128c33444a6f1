"""The image cache: a log's images at the model's size, decoded once, one memory-mapped file per episode beside the log.

Decoding video takes longer than a training step, so every later epoch and run reads these files. A file's name holds a digest of what it was
made from (the video or table, the camera transform). Another source or another transform makes another file, and files that no episode needs are
removed. Only the parts that are read come into memory.

Files are written, not mapped, because a full disk ends a process that writes into a map without a word. One process fills the cache at a time, and
another one that needs it waits. A mapped file stays readable when it is removed. Shapes: T frames, Y rows, X columns, C channels (RGB), uint8.
"""

from __future__ import annotations

import errno
import hashlib
import json
import math
import os
import shutil
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import asdict
from pathlib import Path

import cv2
import numpy as np
from rich import get_console
from rich.progress import track

from driving.folder_lock import lock_folder
from driving.logs.features import LogError
from driving.logs.reader import Log
from driving.quantities import UserError
from driving.refusals import describe_space, format_size
from perception.transform import CameraTransform, CameraTransformConfig
from policy.whole_file import replace_whole

NO_SPACE = (errno.ENOSPC, errno.EDQUOT)
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
    shapes = {episode.index: (episode.length, config.height_px, config.width_px, 3) for episode in log.episodes}
    images = _map_images(paths, shapes)
    if images.keys() != paths.keys():
        with _name_remedy(place), lock_folder(place, wait=True):
            images = _map_images(paths, shapes)  # once more: another process may have filled the cache meanwhile
            for stale in {*place.glob("episode_*.npy"), *place.glob(".episode_*")} - set(paths.values()):
                stale.unlink(missing_ok=True)
            missing = {number: path for number, path in paths.items() if number not in images}
            _check_space(place, sum(math.prod(shapes[number]) for number in missing))
            _fill(log, camera, config, missing)
            images = _map_images(paths, shapes)
    return images


def _map_images(paths: Mapping[int, Path], shapes: Mapping[int, tuple[int, ...]]) -> dict[int, np.ndarray]:
    """Map the files of the cache, without those that are missing or not whole."""
    images = {}
    for number, path in paths.items():
        with suppress(FileNotFoundError, ValueError, EOFError):
            one = np.load(path, mmap_mode="r")
            if one.shape == shapes[number]:
                images[number] = one
    return images


@contextmanager
def _name_remedy(place: Path) -> Iterator[None]:
    """Raise what the system refuses in the block as a UserError that names the cache and --data.cache."""
    try:
        yield
    except OSError as error:
        space = describe_space(place) if error.errno in NO_SPACE else ""
        remedy = f"make room{space}, or name another folder with --data.cache" if space else "name a folder that can be written with --data.cache"
        raise UserError(f"cannot write the image cache {place} ({error.strerror}): {remedy}") from error


def _check_space(place: Path, needed_bytes: int) -> None:
    """Raise UserError where the disk has less space than the images need, before minutes of decoding."""
    free_bytes = shutil.disk_usage(place).free
    if needed_bytes > free_bytes:
        raise UserError(
            f"the image cache {place} needs {format_size(needed_bytes)}, and {format_size(free_bytes)} are free there: "
            "free space, name another folder with --data.cache, or train on fewer episodes"
        )


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
    header = {"descr": "|u1", "fortran_order": False, "shape": (length, config.height_px, config.width_px, 3)}
    with replace_whole(path) as partial, partial.open("wb") as file:
        np.lib.format.write_array_header_1_0(file, header)
        count = 0
        for image in decode_images(log, index, camera, config):
            file.write(image.tobytes())
            count += 1
        if count != length:
            raise LogError(f"episode {index} of log {log.root} has {length} rows but {count} images: copy the log again from its source")


def decode_images(log: Log, index: int, camera: str, config: CameraTransformConfig, start: int = 0, stop: int | None = None) -> Iterator[np.ndarray]:
    """Yield the images (Y, X, C) of an episode's frames `start` to `stop` (exclusive) at the model's size, decoded without the cache."""
    transform = CameraTransform(config)
    return (transform.to_model(image) for image in log.frames(index, camera, start, stop))
