"""Reading a driving log, LeRobot v3.0 (ours or anybody's) or v2.1: columns per episode, images one at a time.

The reader does not check values; `driving.logs.doctor` does. What cannot be read is a LogError with the remedy.
Shapes: T frames; columns (T, n) for features of numbers, (T,) for text, times and the format's own columns; images (Y, X, 3).
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from driving.logs import keys, metadata
from driving.logs.features import Feature, LogError
from driving.logs.metadata import EpisodeInfo
from driving.video import VideoError, read_range

SCALARS = frozenset({keys.TIME, *keys.BOOKKEEPING})


class Log:
    """The log in `root`. While a writer appends episodes, it has those that were finished when it was opened."""

    def __init__(self, root: Path) -> None:
        """Read the metadata. Raises LogError where there is no log, or a broken one."""
        self.root = Path(root)
        info = metadata.read_info(self.root)
        self.fps = float(info["fps"])
        self.features: dict[str, Feature] = metadata.read_features(info)
        self.episodes: list[EpisodeInfo] = metadata.read_episodes(self.root, info)
        self.image_keys: list[str] = [key for key, feature in self.features.items() if feature.is_video]
        self._table: tuple[Path, pa.Table] | None = None

    def __getstate__(self) -> dict[str, Any]:
        """Leave out the table that was read last: a worker process reads its own."""
        return {**self.__dict__, "_table": None}

    @property
    def frame_count(self) -> int:
        """The number of frames in all episodes."""
        return sum(episode.length for episode in self.episodes)

    def columns(self, index: int) -> dict[str, np.ndarray]:
        """Return every signal of an episode except the images, by feature. Raises LogError where the rows cannot be read."""
        rows = self._rows(self._episode(index))
        return {key: _array(rows[key], self.features.get(key), key) for key in rows.column_names if _is_signal(self.features.get(key))}

    def signals(self, index: int, key: str) -> dict[str, np.ndarray]:
        """Return the elements (T,) of an episode's vector `key` by name; nothing where the log has no such vector, or no names for it."""
        feature = self.features.get(key)
        if feature is None or feature.is_video or not feature.names:
            return {}
        values = self.columns(index)[key].reshape(-1, len(feature.names))
        return {name: values[:, column] for column, name in enumerate(feature.names)}

    def timestamps(self, index: int) -> np.ndarray:
        """Return the true times (T,) float64 in s since the episode's first frame; the nominal times where the log has no true ones."""
        rows = self._rows(self._episode(index))
        times = _array(rows[keys.TIME if keys.TIME in rows.column_names else "timestamp"], None, keys.TIME)
        return times.astype(np.float64)

    def frames(self, index: int, key: str, start: int = 0, stop: int | None = None) -> Iterator[np.ndarray]:
        """Yield the images (Y, X, 3) uint8 RGB of frames `start` to `stop` (exclusive), decoded one at a time.

        Raises LogError where the log has no such camera or frames, or where the video is broken.
        """
        episode = self._episode(index)
        if key not in episode.videos:
            raise LogError(f"log {self.root} has no camera {key!r}: choose one of {self.image_keys}")
        stop = episode.length if stop is None else stop
        if not 0 <= start <= stop <= episode.length:
            raise LogError(f"episode {index} of log {self.root} has {episode.length} frames, asked for {start} to {stop}")
        video = episode.videos[key]
        return _read_images(video.path, video.from_s + start / self.fps, stop - start, self.fps)

    def _episode(self, index: int) -> EpisodeInfo:
        if not 0 <= index < len(self.episodes):
            raise LogError(f"log {self.root} has {len(self.episodes)} episodes, asked for number {index}: they count from 0")
        return self.episodes[index]

    def _rows(self, episode: EpisodeInfo) -> pa.Table:
        if self._table is None or self._table[0] != episode.data_path:
            self._table = (episode.data_path, metadata.read_table(episode.data_path))
        rows = self._table[1]
        rows = rows.filter(pc.equal(rows["episode_index"], episode.index))
        if rows.num_rows != episode.length:
            found = f"has {rows.num_rows} rows of episode {episode.index}, expected {episode.length}"
            raise LogError(f"{episode.data_path} {found}: copy the log again from its source")
        return rows


def _read_images(path: Path, start_s: float, count: int, fps: float) -> Iterator[np.ndarray]:
    """Yield the images of a log's video. Raises LogError where one is missing or damaged."""
    try:
        yield from read_range(path, start_s, count, fps)
    except VideoError as error:
        raise LogError(str(error)) from error


def _is_signal(feature: Feature | None) -> bool:
    return feature is None or feature.dtype not in ("video", "image")


def _array(column: pa.ChunkedArray, feature: Feature | None, key: str) -> np.ndarray:
    """Return a column as NumPy, (T,) or (T, n); lists of lists become more axes."""
    count = len(column)
    flat = column.combine_chunks()
    while pa.types.is_list(flat.type) or pa.types.is_large_list(flat.type) or pa.types.is_fixed_size_list(flat.type):
        flat = flat.flatten()
    values = flat.to_numpy(zero_copy_only=False)
    if feature is None or feature.dtype == "string" or key in SCALARS:
        return values
    return values.reshape(count, *feature.shape)
