"""Videos in and out: RGB uint8 frames (Y, X, 3), H.264 in mp4, one frame at a time through PyAV.

Even sizes are written as 4:2:0. H.264 cannot do that for an odd width or height, so such frames keep their whole chroma (4:4:4).
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path
from types import TracebackType

import av
import av.container
import av.error
import cv2
import numpy as np

from driving.quantities import UserError
from policy.whole_file import WholeFile, name_refusals

UNSTATED, BT470BG, BT601 = 2, 5, 6  # FFmpeg's numbers of colour spaces; OpenCV converts by BT.601
LIMITED_RANGE, FULL_RANGE = 1, 2  # FFmpeg's numbers of colour ranges
SMALL_PX = 640 * 480  # images up to this size are decoded fastest by one thread
MOST_PENDING = 8  # frames that may wait for the encoder; more make the caller wait
FINE_TIME_BASE = Fraction(1, 90_000)  # s; mp4's usual unit for frames with times of their own


class VideoError(UserError):
    """A video file that cannot be read."""


@dataclass(frozen=True)
class Encoding:
    """How a video is written."""

    codec: Mapping[str, str]  # options of libx264
    file: Mapping[str, str] = field(default_factory=dict)  # options of the mp4 file
    own_times: bool = False  # whether each frame has a time of its own; else frame k is shown at k / fps
    threads: int = 1  # threads of the encoder


# Fast to write and to seek in: a key frame every 8 frames, no B-frames.
RECORDING = Encoding({"preset": "ultrafast", "crf": "20", "g": "8", "bf": "0"})
# Small. The x264 parameters make it three times as fast as the preset alone, for a third more bytes: most of a view's frame stands still.
VIEWING = Encoding(
    {"preset": "veryfast", "crf": "22", "x264-params": "rc-lookahead=5:bframes=0:subme=1:trellis=0"}, {"movflags": "+faststart"}, own_times=True
)


def pixel_format(height_px: int, width_px: int) -> str:
    """Return the pixel format that is written: 4:2:0 for even sizes, else 4:4:4."""
    return "yuv420p" if height_px % 2 == 0 and width_px % 2 == 0 else "yuv444p"


class VideoWriter:
    """Writes a video as frames arrive, and holds only a few of them. The file appears under its name when `close` has completed it.

    A thread of its own encodes, while the caller makes the next frame. As a context manager it closes, or discards the file after an error.
    """

    def __init__(self, path: Path, height_px: int, width_px: int, fps: float, encoding: Encoding = RECORDING) -> None:
        self._file = WholeFile(path)
        with name_refusals(path):
            self._container = av.open(str(self._file.partial), "w", format="mp4", options=dict(encoding.file))
        stream = self._container.add_stream("libx264", rate=Fraction(fps).limit_denominator(1000))
        stream.width, stream.height = width_px, height_px
        stream.pix_fmt = pixel_format(height_px, width_px)
        if encoding.own_times:
            stream.time_base = stream.codec_context.time_base = FINE_TIME_BASE
        stream.codec_context.thread_count = encoding.threads
        stream.codec_context.colorspace = BT601
        stream.codec_context.color_range = LIMITED_RANGE
        stream.options = dict(encoding.codec)
        self._stream, self._own_times = stream, encoding.own_times
        self._count = 0
        self._thread = ThreadPoolExecutor(1, "encoder")
        self._pending: deque[Future[None]] = deque()

    def write(self, image: np.ndarray, time_s: float = 0.0) -> None:
        """Append an RGB image (Y, X, 3), which must not change any more.

        With times of their own, frames are shown from `time_s` on, and times must rise. An error of the encoder is raised later, here or by
        `close`.
        """
        with name_refusals(self._file.path):
            while len(self._pending) >= MOST_PENDING or (self._pending and self._pending[0].done()):
                self._pending.popleft().result()
        self._pending.append(self._thread.submit(self._encode, image, time_s))

    def _encode(self, image: np.ndarray, time_s: float) -> None:
        """Encode one image and write what the encoder gives out."""
        if self._stream.pix_fmt == "yuv420p":
            planes = np.asarray(cv2.cvtColor(image, cv2.COLOR_RGB2YUV_I420), dtype=np.uint8)
            frame = av.VideoFrame.from_numpy_buffer(planes, format="yuv420p")
        else:
            frame = av.VideoFrame.from_ndarray(np.ascontiguousarray(image), format="rgb24").reformat(format="yuv444p")
        if self._own_times:
            frame.pts, frame.time_base = round(time_s / FINE_TIME_BASE), FINE_TIME_BASE
        else:
            frame.pts = self._count
        self._container.mux(self._stream.encode(frame))
        self._count += 1

    def close(self) -> None:
        """Complete the file: write what the encoder still holds and the index. Raises what the encoder raised; then no file is left."""
        try:
            with name_refusals(self._file.path):
                while self._pending:
                    self._pending.popleft().result()
                if self._count:
                    self._container.mux(self._stream.encode(None))
                self._container.close()
            self._thread.shutdown()
            self._file.commit()
        except BaseException:
            self.discard()
            raise

    def discard(self) -> None:
        """Stop and leave no file."""
        self._thread.shutdown(cancel_futures=True)
        with suppress(av.error.FFmpegError):  # on a full disk the file's end cannot be written either
            self._container.close()
        self._file.discard()

    def __enter__(self) -> VideoWriter:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        if kind is None:
            self.close()
        else:
            self.discard()


def read_frames(path: Path) -> Iterator[np.ndarray]:
    """Yield all frames of a video in order. Raises VideoError where it cannot be read."""
    with _open_video(path) as container:
        for frame in container.decode(video=0):
            yield _to_rgb(frame)


def read_range(path: Path, start_s: float, count: int, fps: float) -> Iterator[np.ndarray]:
    """Yield `count` frames, one every 1 / fps. The first is the frame that is shown at `start_s`.

    Raises VideoError where one is missing or damaged.
    """
    half_s, done = 0.5 / fps, 0
    with _open_video(path) as container:
        stream = container.streams.video[0]
        small = stream.width * stream.height <= SMALL_PX
        stream.thread_type = "SLICE" if small else "AUTO"
        stream.codec_context.thread_count = 1 if small else 0
        stream.codec_context.options = {"err_detect": "explode"}  # otherwise a damaged image is patched up and returned
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
            yield _to_rgb(frame)
            done += 1
    if done < count:
        raise _broken(path, f"no frame at {start_s + done / fps:.3f} s, {count - done} of {count} frames missing")


def frame_times(path: Path) -> np.ndarray:
    """Return when each frame is shown (s), in order, without decoding. Raises VideoError where the file cannot be read."""
    with _open_video(path) as container:
        stream = container.streams.video[0]
        base = float(stream.time_base or 1)
        return np.array(sorted(packet.pts * base for packet in container.demux(stream) if packet.pts is not None and packet.size))


@contextmanager
def _open_video(path: Path) -> Iterator[av.container.InputContainer]:
    """Open a video for reading, and turn FFmpeg's errors into VideoError."""
    try:
        with av.open(str(path)) as container:
            yield container
    except (av.error.FFmpegError, OSError, IndexError) as error:  # IndexError: the file has no video stream
        raise _broken(path, error) from error


def _broken(path: Path, reason: object) -> VideoError:
    """Make the error for a video that cannot be read."""
    state = "is truncated or not an mp4" if path.exists() else "is missing"
    return VideoError(f"video {path} {state} ({reason}): copy it again from its source, or record it again")


def _to_rgb(frame: av.VideoFrame) -> np.ndarray:
    """Return the frame as RGB (Y, X, 3). OpenCV is 2.5 times as fast as swscale, but knows only BT.601 in limited range."""
    even = frame.width % 2 == 0 and frame.height % 2 == 0
    if frame.format.name == "yuv420p" and even and frame.colorspace in (UNSTATED, BT470BG, BT601) and frame.color_range != FULL_RANGE:
        return np.asarray(cv2.cvtColor(frame.to_ndarray(), cv2.COLOR_YUV2RGB_I420), dtype=np.uint8)
    return frame.to_ndarray(format="rgb24")
