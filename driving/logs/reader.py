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
from driving.logs.pictures import read_pictures
from driving.video import VideoError, read_range

SCALARS = frozenset({keys.TIME, *keys.BOOKKEEPING})
POSITION = "__position__"  # a row's place in its file, beside the columns of the file


class Log:
    """The log in `root`. While a writer appends episodes, it has those that were finished when it was opened.

    Its methods take an episode's number, `EpisodeInfo.index`. Numbers may be missing, so that a number is not a position in `episodes`.
    """

    def __init__(self, root: Path) -> None:
        """Read the metadata. Raises LogError where there is no log, or a broken one."""
        self.root = Path(root)
        info = metadata.read_info(self.root)
        self.fps = float(info["fps"])
        self.features: dict[str, Feature] = metadata.read_features(info)
        self.episodes: list[EpisodeInfo] = metadata.read_episodes(self.root, info)
        self.image_keys: list[str] = [key for key, feature in self.features.items() if feature.is_camera]
        self._by_number = {episode.index: episode for episode in self.episodes}
        self._table: tuple[Path, pa.Table] | None = None

    def __getstate__(self) -> dict[str, Any]:
        """Leave out the table that was read last: a worker process reads its own."""
        return {**self.__dict__, "_table": None}

    @property
    def numbers(self) -> list[int]:
        """The numbers of the episodes, in order."""
        return list(self._by_number)

    @property
    def frame_count(self) -> int:
        """The number of frames in all episodes."""
        return sum(episode.length for episode in self.episodes)

    def columns(self, index: int) -> dict[str, np.ndarray]:
        """Return every signal of an episode except the images, by feature. Raises LogError where the rows cannot be read."""
        rows = self._rows(self.episode(index))
        return {key: _array(rows[key], self.features.get(key), key) for key in rows.column_names if key != POSITION}

    def signals(self, index: int, key: str) -> dict[str, np.ndarray]:
        """Return the elements (T,) of an episode's vector `key` by name; nothing where the log has no such vector, or no names for it."""
        feature = self.features.get(key)
        if feature is None or feature.is_camera or not feature.names:
            return {}
        values = self.columns(index)[key].reshape(-1, len(feature.names))
        return {name: values[:, column] for column, name in enumerate(feature.names)}

    def timestamps(self, index: int) -> np.ndarray:
        """Return the true times (T,) float64 in s since the episode's first frame; the nominal times where the log has no true ones."""
        rows = self._rows(self.episode(index))
        times = _array(rows[keys.TIME if keys.TIME in rows.column_names else "timestamp"], None, keys.TIME)
        times = times.astype(np.float64)
        return times - times[:1]

    def frames(self, index: int, key: str, start: int = 0, stop: int | None = None) -> Iterator[np.ndarray]:
        """Yield the images (Y, X, 3) uint8 RGB of frames `start` to `stop` (exclusive), decoded one at a time.

        Raises LogError where the log has no such camera or frames, or where the video or a picture is broken.
        """
        source, episode = self.image_source(index, key), self.episode(index)
        stop = episode.length if stop is None else stop
        if not 0 <= start <= stop <= episode.length:
            raise LogError(f"episode {index} of log {self.root} has {episode.length} frames, asked for {start} to {stop}")
        if key in episode.videos:
            return _read_images(source, self.image_places(index, key)[start:stop], self.fps)
        return read_pictures(source, key, self.image_places(index, key)[start:stop], self.root)

    def image_source(self, index: int, key: str) -> Path:
        """Return the file that holds an episode's images: a video, or the table. Raises LogError where the log has no such camera."""
        episode = self.episode(index)
        if key not in self.image_keys:
            raise LogError(f"log {self.root} has no camera {key!r}: choose one of {self.image_keys}")
        return episode.videos[key].path if key in episode.videos else episode.data_path

    def image_places(self, index: int, key: str) -> np.ndarray:
        """Return where each image of an episode (T,) is in its source: the time in a video (s), or the row of a table.

        Rows that were taken out of an episode are still in its video, so that times may have gaps.
        """
        episode = self.episode(index)
        rows = self._rows(episode)
        if key not in episode.videos:
            return rows[POSITION].to_numpy()
        return episode.videos[key].from_s + rows["timestamp"].to_numpy().astype(np.float64)

    def episode(self, index: int) -> EpisodeInfo:
        """Return an episode by its number. Raises LogError where the log does not have it."""
        if index not in self._by_number:
            raise LogError(f"log {self.root} has no episode {index}: choose one of {metadata.join_numbers(self._by_number)}")
        return self._by_number[index]

    def _rows(self, episode: EpisodeInfo) -> pa.Table:
        """Return an episode's rows without pictures, ordered by `frame_index`, with their `POSITION` in the file."""
        kept = self._table  # another thread may replace it meanwhile
        if kept is None or kept[0] != episode.data_path:
            table = metadata.read_table(episode.data_path, without=[key for key in self.image_keys if not self.features[key].is_video])
            lacking = [key for key in ("episode_index", "frame_index", "timestamp") if key not in table.column_names]
            if lacking:
                raise LogError(f"{episode.data_path} lacks {', '.join(lacking)}: copy the log again from its source")
            kept = self._table = (episode.data_path, table.append_column(POSITION, pa.array(np.arange(table.num_rows))))
        rows = kept[1].filter(pc.equal(kept[1]["episode_index"], episode.index))
        if rows.num_rows != episode.length:
            there = metadata.join_numbers(kept[1]["episode_index"].unique().to_pylist())
            found = f"has {rows.num_rows} rows of episode {episode.index}, expected {episode.length}; its rows are of {there}"
            raise LogError(f"{episode.data_path} {found}: correct the metadata where rows were taken out on purpose, else copy the file again")
        numbers = rows["frame_index"].to_numpy()
        return rows if (np.diff(numbers) > 0).all() else rows.take(np.argsort(numbers, kind="stable"))


def _read_images(path: Path, shown_s: np.ndarray, fps: float) -> Iterator[np.ndarray]:
    """Yield the images that a log's video shows at these times (T,), one seek per run. Raises LogError where one is missing or damaged."""
    runs = np.split(shown_s, np.flatnonzero(np.abs(np.diff(shown_s) * fps - 1.0) > 0.5) + 1) if len(shown_s) else []
    try:
        for run in runs:
            yield from read_range(path, float(run[0]), len(run), fps)
    except VideoError as error:
        raise LogError(str(error)) from error


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
