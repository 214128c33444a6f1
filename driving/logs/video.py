"""Camera video in and out: mp4 through PyAV, one frame at a time, RGB uint8 (Y, X, 3).

Written as H.264 with a key frame every 8 frames and no B-frames, for speed and for seeking; frame k is shown at k / fps.
Even sizes are 4:2:0; an odd width or height cannot be, so there the chroma is kept whole (4:4:4).
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import av.error
import cv2
import numpy as np

from driving.logs.features import LogError

ENCODER = {"preset": "ultrafast", "crf": "20", "g": "8", "bf": "0"}
KEYFRAME_EVERY = 8
UNSTATED, BT470BG, BT601 = 2, 5, 6
LIMITED_RANGE, FULL_RANGE = 1, 2
SMALL_PX = 640 * 480
MOST_PENDING = 8  # images that wait for the encoder; more make the writer wait


def pixel_format(height_px: int, width_px: int) -> str:
    """4:2:0 where the size is even, else 4:4:4."""
    return "yuv420p" if height_px % 2 == 0 and width_px % 2 == 0 else "yuv444p"


def frame_rate(fps: float) -> Fraction:
    """The frame rate as an exact fraction that mp4 can hold."""
    return Fraction(fps).limit_denominator(1000)


def video_info(height_px: int, width_px: int, fps: float) -> dict[str, Any]:
    """What `meta/info.json` says of a video that `VideoEncoder` writes."""
    return {
        "video.height": height_px,
        "video.width": width_px,
        "video.codec": "h264",
        "video.pix_fmt": pixel_format(height_px, width_px),
        "video.is_depth_map": False,
        "video.fps": fps,
        "video.channels": 3,
        "has_audio": False,
    }


class VideoEncoder:
    """Writes an mp4 as frames arrive and keeps few of them; `close` it, or the file is unreadable.

    The encoding is done by a thread of its own, while whoever drives waits for the next image.
    """

    def __init__(self, path: Path, height_px: int, width_px: int, fps: float) -> None:
        self._container = av.open(str(path), "w", format="mp4")
        stream = self._container.add_stream("libx264", rate=frame_rate(fps))
        stream.width, stream.height = width_px, height_px
        stream.pix_fmt = pixel_format(height_px, width_px)
        stream.codec_context.thread_count = 1
        stream.codec_context.colorspace = BT601
        stream.codec_context.color_range = LIMITED_RANGE
        stream.options = dict(ENCODER)
        self._stream = stream
        self._count = 0
        self._thread = ThreadPoolExecutor(1, "encoder")
        self._pending: deque[Future[None]] = deque()

    def write(self, image: np.ndarray) -> None:
        """Append an image (Y, X, 3) uint8 RGB, which must not change any more. An error of the encoder is raised here or by `close`, but later."""
        while len(self._pending) >= MOST_PENDING or (self._pending and self._pending[0].done()):
            self._pending.popleft().result()
        self._pending.append(self._thread.submit(self._encode, image))

    def _encode(self, image: np.ndarray) -> None:
        if self._stream.pix_fmt == "yuv420p":
            planes = np.asarray(cv2.cvtColor(image, cv2.COLOR_RGB2YUV_I420), dtype=np.uint8)
            frame = av.VideoFrame.from_ndarray(planes, format="yuv420p")
        else:
            frame = av.VideoFrame.from_ndarray(np.ascontiguousarray(image), format="rgb24").reformat(format="yuv444p")
        frame.pts = self._count
        self._container.mux(self._stream.encode(frame))
        self._count += 1

    def close(self) -> None:
        """Write what the encoder still holds, and the index that makes the file readable."""
        try:
            while self._pending:
                self._pending.popleft().result()
        finally:
            self._thread.shutdown(cancel_futures=True)
            if self._count:
                self._container.mux(self._stream.encode(None))
            self._container.close()


def broken_video(path: Path, reason: object) -> LogError:
    """The error for a video that cannot be read."""
    state = "is truncated or no mp4" if path.exists() else "is missing"
    return LogError(f"video {path} {state} ({reason}): copy it again from its source, or record the episode again")


def _rgb(frame: av.VideoFrame) -> np.ndarray:
    """The frame as (Y, X, 3) uint8 RGB; OpenCV is 2.5 times as fast as swscale, but knows BT.601 in limited range only."""
    even = frame.width % 2 == 0 and frame.height % 2 == 0
    if frame.format.name == "yuv420p" and even and frame.colorspace in (UNSTATED, BT470BG, BT601) and frame.color_range != FULL_RANGE:
        return np.asarray(cv2.cvtColor(frame.to_ndarray(), cv2.COLOR_YUV2RGB_I420), dtype=np.uint8)
    return frame.to_ndarray(format="rgb24")


def decode(path: Path, start_s: float, count: int, fps: float) -> Iterator[np.ndarray]:
    """`count` images from the one shown at `start_s` on, one every 1 / fps; raises LogError where one is missing."""
    half_s, done = 0.5 / fps, 0
    try:
        with av.open(str(path)) as container:
            stream = container.streams.video[0]
            small = stream.width * stream.height <= SMALL_PX
            stream.thread_type = "SLICE" if small else "AUTO"
            stream.codec_context.thread_count = 1 if small else 0
            stream.codec_context.options = {"err_detect": "explode"}  # else a damaged image is patched up and handed out
            if start_s > half_s:
                container.seek(max(0, int((start_s - half_s) / float(stream.time_base or 1))), stream=stream)
            for frame in container.decode(stream):
                if done == count:
                    return
                late_s = float(frame.time or 0.0) - (start_s + done / fps)
                if late_s < -half_s:
                    continue
                if late_s > half_s:
                    break
                yield _rgb(frame)
                done += 1
    except (av.error.FFmpegError, IndexError) as error:
        raise broken_video(path, error) from error
    if done < count:
        raise broken_video(path, f"no frame at {start_s + done / fps:.3f} s, {count - done} of {count} frames missing")
