"""The picture files of a source, found by name in its folders, also where the case of a folder or a file differs."""

from __future__ import annotations

from pathlib import Path, PureWindowsPath

import numpy as np

from driving.logs.importers.tally import Tally
from driving.logs.pictures import PictureError, decode_picture


class PictureFolders:
    """The folders in which a source's pictures may lie.

    Args:
        root: the source's folder, below which recorded paths are sought too.
        names: folders below `root`, the usual one first; "." is `root` itself.
        notes: gets a line where a folder's name differs in case.
    """

    def __init__(self, root: Path, names: tuple[str, ...], notes: list[str]) -> None:
        self._root, self._files = root, {}
        self._folders = [root / name for name in names]
        for folder in self._folders:
            found = _find_folder(folder)
            if found is not None and found.name != folder.name:
                notes.append(f"the pictures are in {found}, not in {folder.name}/: read from there")
            for path in [] if found is None else sorted(found.iterdir(), reverse=True):
                self._files[(folder, path.name.lower())] = path

    def read(self, recorded: str, place: str, tally: Tally) -> np.ndarray | None:
        """Return the picture (Y, X, 3) RGB that a line names; None where it is missing or broken, which is counted.

        Args:
            recorded: the path as the source names it; it may be another machine's.
            place: the line, for the message.
            tally: counts what is missing or broken.
        """
        path = self._find(recorded)
        if path is None:
            name = PureWindowsPath(recorded).name
            tried = " and ".join(str(folder / name) for folder in self._folders)
            tally.skip("image missing", f"{place} names {recorded}, tried {tried}: copy the pictures there")
            return None
        try:
            return decode_picture(path.read_bytes())
        except (PictureError, OSError) as error:
            tally.skip("image broken", f"{place}: {path}, {error}")
            return None

    def _find(self, recorded: str) -> Path | None:
        """Return where a recorded path's file is: in the folders by its name, else below the source, else where it was recorded."""
        name = PureWindowsPath(recorded).name
        for folder in self._folders:
            exact = folder / name
            if exact.is_file():
                return exact
            if (folder, name.lower()) in self._files:
                return self._files[(folder, name.lower())]
        below = self._root / PureWindowsPath(recorded).as_posix()  # an absolute path stays as it is
        return below if below.is_file() else None


def _find_folder(wanted: Path) -> Path | None:
    """Return the folder, or the one beside it whose name differs in case only."""
    if wanted.is_dir():
        return wanted
    beside = sorted(wanted.parent.iterdir()) if wanted.parent.is_dir() else []
    return next((path for path in beside if path.is_dir() and path.name.lower() == wanted.name.lower()), None)
