"""Small sources in each format that has an importer, as the format's own recorder writes them."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from tests.logs.drives import picture


def write_image(path: Path, t: int, size: tuple[int, int] = (48, 64)) -> None:
    """Write image `t` as a JPEG file."""
    path.parent.mkdir(parents=True, exist_ok=True)
    cv2.imwrite(str(path), cv2.cvtColor(picture(t, *size), cv2.COLOR_RGB2BGR), [cv2.IMWRITE_JPEG_QUALITY, 95])


def tub_record(t: int, **changes: Any) -> dict[str, Any]:
    """Return a record of a tub at 20 Hz. A change to None removes the key."""
    record = {
        "_index": t,
        "_session_id": "21-01-01_0",
        "_timestamp_ms": 1_600_000_000_000 + 50 * t + (t % 3),
        "cam/image_array": f"{t}_cam_image_array_.jpg",
        "user/angle": round(0.8 * float(np.sin(t / 5.0)), 6),
        "user/mode": "user",
        "user/throttle": round(0.6 * float(np.cos(t / 9.0)), 6),
    }
    return {key: value for key, value in {**record, **changes}.items() if value is not None}


def tub(root: Path, records: Sequence[dict[str, Any] | str], deleted: Sequence[int] = (), catalog_size: int = 15) -> Path:
    """Write a Donkeycar tub and return its folder. A record that is text is written as it is."""
    lines = [record if isinstance(record, str) else json.dumps(record, allow_nan=True) for record in records]
    root.mkdir(parents=True)
    paths = []
    for start in range(0, len(lines), catalog_size):
        paths.append(f"catalog_{len(paths)}.catalog")
        (root / paths[-1]).write_text("\n".join(lines[start : start + catalog_size]) + "\n")
    for record in records:
        if not isinstance(record, str) and "cam/image_array" in record:
            write_image(root / "images" / record["cam/image_array"], record["_index"])
    manifest = [["cam/image_array", "user/angle", "user/throttle", "user/mode"], ["image_array", "float", "float", "str"], {}, {"created_at": 1.6e9}]
    last = {"paths": paths, "current_index": len(lines), "max_len": catalog_size, "deleted_indexes": list(deleted)}
    (root / "manifest.json").write_text("\n".join(json.dumps(line) for line in [*manifest, last]) + "\n")
    return root


def udacity_name(camera: str, milliseconds: int) -> str:
    """Return the simulator's file name for an image that was taken `milliseconds` after 19:25:00."""
    seconds, rest = divmod(milliseconds, 1000)
    return f"{camera}_2019_04_02_19_{25 + seconds // 60:02d}_{seconds % 60:02d}_{rest:03d}.jpg"


def udacity(root: Path, at_ms: Sequence[int], header: bool = False, folder: str = "C:\\Users\\me\\Desktop\\IMG\\") -> Path:
    """Write a recording of Udacity's simulator, as it does on Windows, and return its folder."""
    rows = ["center,left,right,steering,throttle,brake,speed"] if header else []
    for t, milliseconds in enumerate(at_ms):
        names = [udacity_name(camera, milliseconds) for camera in ("center", "left", "right")]
        write_image(root / "IMG" / names[0], t)
        rows.append(",".join([folder + names[0], " " + folder + names[1], " " + folder + names[2], f"{0.01 * t:.4f}", "0.5", "0", f"{20.0 + t}"]))
    root.mkdir(exist_ok=True)
    (root / "driving_log.csv").write_text("\n".join(rows) + "\n")
    return root


def sullychen(root: Path, frames: int, dated: bool) -> Path:
    """Write SullyChen's dataset of 2018 (dated) or 2017 and return its folder."""
    lines = []
    for t in range(frames):
        write_image(root / "data" / f"{t}.jpg", t, (32, 57))
        seconds, milliseconds = divmod(33 * t + 800, 1000)
        lines.append(f"{t}.jpg {(-3.5 + t):.6f}" + (f",2018-07-01 17:09:{44 + seconds}:{milliseconds}" if dated else ""))
    (root / "data.txt").write_text("\n".join(lines) + "\n")
    return root


def comma2k19(root: Path, frames: int = 30, video: bool = True, number: int = 3) -> Path:
    """Write a segment in which the car turns more and more to the left, and return its folder. Its CAN data end before the last frame."""
    segment = root / "b0c9|2018-08-02--08-34-47" / str(number)
    times = 5000.0 + np.arange(frames) / 20.0
    can = np.arange(times[0], times[-1] - 0.1, 0.012)
    arrays = {
        "global_pose/frame_times": times,
        "processed_log/CAN/speed/t": can,
        "processed_log/CAN/speed/value": (20.0 + (can - 5000.0))[:, None],
        "processed_log/CAN/steering_angle/t": can,
        "processed_log/CAN/steering_angle/value": 54.0 * (can - 5000.0),
        "processed_log/IMU/gyro/t": can,
        "processed_log/IMU/gyro/value": np.stack([can * 0, can * 0, -0.1 * (can - 5000.0)], axis=1),
    }
    for name, array in arrays.items():
        path = segment / name
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("wb") as file:
            np.save(file, array)
    if video:
        hevc(segment / "video.hevc", frames)
    return segment


def hevc(path: Path, frames: int) -> None:
    """Write a raw HEVC stream, as comma's camera does."""
    import av

    with av.open(str(path), "w", format="hevc") as container:
        stream = container.add_stream("libx265", rate=20, options={"x265-params": "log-level=none", "preset": "ultrafast"})
        stream.width, stream.height, stream.pix_fmt = 64, 48, "yuv420p"
        for t in range(frames):
            container.mux(stream.encode(av.VideoFrame.from_ndarray(picture(t), format="rgb24")))
        container.mux(stream.encode(None))
