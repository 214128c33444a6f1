"""The image cache is filled once, kept while it is valid, renewed when it is not, and never half-written."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest

from driving.logs.features import LogError
from driving.logs.keys import IMAGE
from driving.logs.reader import Log
from driving.training.cache import load_images, locate_cache
from perception.transform import CameraTransform, CameraTransformConfig
from tests.training.logs import write_log

SMALL = CameraTransformConfig(24, 48, crop_top=0.25)


def files(log: Path) -> dict[Path, int]:
    """Return every cached file and when it was written (ns)."""
    return {path: path.stat().st_mtime_ns for path in locate_cache(log, None).rglob("*") if path.is_file()}


def test_cached_images_are_the_logs_through_the_transform(tmp_path: Path) -> None:
    root = write_log(tmp_path / "log", [20, 12])
    images = load_images(Log(root), IMAGE, SMALL)
    assert [episode.shape for episode in images.values()] == [(20, 24, 48, 3), (12, 24, 48, 3)]
    expected = np.stack([CameraTransform(SMALL).to_model(frame) for frame in Log(root).frames(1, IMAGE)])
    assert (images[1] == expected).all()
    assert isinstance(images[0], np.memmap)


def test_a_second_run_decodes_nothing(tmp_path: Path) -> None:
    root = write_log(tmp_path / "log", [20])
    load_images(Log(root), IMAGE, SMALL)
    written = files(root)
    load_images(Log(root), IMAGE, SMALL)
    assert files(root) == written
    assert len(written) == 1


def test_another_transform_has_its_own_files(tmp_path: Path) -> None:
    root = write_log(tmp_path / "log", [20])
    load_images(Log(root), IMAGE, SMALL)
    taller = load_images(Log(root), IMAGE, CameraTransformConfig(24, 48, crop_top=0.5))
    assert len(files(root)) == 2
    assert not (np.asarray(taller[0]) == load_images(Log(root), IMAGE, SMALL)[0]).all()


def test_a_grown_log_decodes_the_new_episodes_only(tmp_path: Path) -> None:
    root = write_log(tmp_path / "log", [20])
    load_images(Log(root), IMAGE, SMALL)
    before = files(root)
    write_log(root, [15], seed=4)
    assert [len(images) for images in load_images(Log(root), IMAGE, SMALL).values()] == [20, 15]
    assert before.items() <= files(root).items()


def test_a_changed_video_is_decoded_again_and_its_old_file_is_removed(tmp_path: Path) -> None:
    root = write_log(tmp_path / "log", [20])
    load_images(Log(root), IMAGE, SMALL)
    (old,) = files(root)
    video = Log(root).episodes[0].videos[IMAGE].path
    os.utime(video, ns=(1, 1))
    load_images(Log(root), IMAGE, SMALL)
    (new,) = files(root)
    assert new != old


def test_a_truncated_video_leaves_no_cache_behind(tmp_path: Path) -> None:
    root = write_log(tmp_path / "log", [40])
    video = Log(root).episodes[0].videos[IMAGE].path
    video.write_bytes(video.read_bytes()[: video.stat().st_size // 2])
    with pytest.raises(LogError):
        load_images(Log(root), IMAGE, SMALL)
    assert not files(root)


def test_a_cache_can_lie_elsewhere(tmp_path: Path) -> None:
    root = write_log(tmp_path / "log", [10])
    load_images(Log(root), IMAGE, SMALL, tmp_path / "elsewhere")
    assert not locate_cache(root, None).exists()
    assert len(list((tmp_path / "elsewhere").rglob("*.npy"))) == 1


def test_a_camera_that_the_log_lacks_is_refused_by_name(tmp_path: Path) -> None:
    with pytest.raises(LogError, match=r"no camera 'observation\.images\.rear'"):
        load_images(Log(write_log(tmp_path / "log", [10])), "observation.images.rear", SMALL)
