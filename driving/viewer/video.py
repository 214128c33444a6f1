"""Movies in and out, one frame at a time: RGB (Y, X, 3) uint8, H.264 in mp4, each frame at its own time."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path
from types import TracebackType

import av
import cv2
import numpy as np

from driving.quantities import UserError

TIME_BASE = Fraction(1, 90_000)
# Three times as fast as the preset alone, for a third more bytes: most of a frame stands still.
ENCODER: dict[str, object] = {"preset": "veryfast", "crf": "22", "x264-params": "rc-lookahead=5:bframes=0:subme=1:trellis=0"}
BT601 = 6  # the matrix of OpenCV's RGB to YUV; untagged, players would guess BT.709 at this size


def read_frames(path: Path) -> Iterator[np.ndarray]:
    """The movie's frames in order. Raises UserError where the file cannot be read as a movie."""
    try:
        with av.open(str(path)) as container:
            for frame in container.decode(video=0):
                yield frame.to_ndarray(format="rgb24")
    except (av.FFmpegError, IndexError) as error:
        raise UserError(f"movie {path} cannot be decoded ({error}): it is truncated or no movie; record the drive again") from error


class MovieWriter:
    """Writes `path` as H.264 yuv420p; use as a context manager. The file appears under its name only when it is complete."""

    def __init__(self, path: Path, width_px: int, height_px: int, fps: float, *, threads: int = 1) -> None:
        self._path, self._partial = path, path.with_suffix(".partial.mp4")
        path.parent.mkdir(parents=True, exist_ok=True)
        self._container = av.open(str(self._partial), "w", options={"movflags": "+faststart"})
        stream = self._container.add_stream("libx264", rate=Fraction(fps).limit_denominator(1000))
        stream.width, stream.height, stream.pix_fmt = width_px, height_px, "yuv420p"
        stream.time_base = TIME_BASE
        stream.codec_context.time_base = TIME_BASE
        stream.codec_context.thread_count = threads
        stream.codec_context.colorspace = BT601
        stream.options = dict(ENCODER)
        self._stream = stream

    def __enter__(self) -> MovieWriter:
        return self

    def write(self, image: np.ndarray, time_s: float) -> None:
        """Adds an RGB frame that is to be shown from `time_s` on; times must rise."""
        planes = np.asarray(cv2.cvtColor(image, cv2.COLOR_RGB2YUV_I420), dtype=np.uint8)
        frame = av.VideoFrame.from_ndarray(planes, format="yuv420p")
        frame.pts, frame.time_base = round(time_s / TIME_BASE), TIME_BASE
        self._container.mux(self._stream.encode(frame))

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        if kind is None:
            self._container.mux(self._stream.encode(None))
        self._container.close()
        if kind is None:
            self._partial.replace(self._path)
        else:
            self._partial.unlink(missing_ok=True)
