"""Importers that make other people's driving data into our logs: one file per format, found here by name.

A new format is one file with a dataclass `Options` and a function `read(source, options) -> Recording`, and one line in `FORMATS`.
"""

from __future__ import annotations

import difflib
from dataclasses import fields
from pathlib import Path
from types import ModuleType
from typing import Any

from driving.logs.features import LogError
from driving.logs.importers import comma2k19, donkeycar, lerobot, sullychen, udacity
from driving.logs.importers.recording import ImportReport, write_recording

FORMATS: dict[str, ModuleType] = {"donkeycar": donkeycar, "comma2k19": comma2k19, "udacity": udacity, "sullychen": sullychen, "lerobot": lerobot}


def import_log(format: str, source: Path, out: Path, *, width_px: int | None = None, **chosen: Any) -> ImportReport:
    """Import `source` into a new log at `out` and return what was made.

    Args:
        format: a key of `FORMATS`.
        source: the data, as it was published or recorded.
        out: folder for the log; new or empty.
        width_px: makes wider images this wide, in proportion.
        chosen: fields of the format's `Options`.

    Raises LogError for an unknown format or option, and where the source cannot be read.
    """
    if format not in FORMATS:
        nearest = difflib.get_close_matches(format, FORMATS, 1)
        raise LogError(f"no importer for {format!r}{f', did you mean {nearest[0]!r}' if nearest else ''}: choose one of {', '.join(FORMATS)}")
    importer = FORMATS[format]
    known = [field.name for field in fields(importer.Options)]
    for name in chosen.keys() - set(known):
        raise LogError(f"the {format} importer has no option {name!r}: it takes {', '.join(known)}")
    source = Path(source)
    if not source.exists():
        raise LogError(f"{source} does not exist: give the folder of the {format} data")
    return write_recording(importer.read(source, importer.Options(**chosen)), Path(out), width_px)
