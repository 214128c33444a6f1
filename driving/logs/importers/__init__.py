"""Other people's driving data made into our logs: one file a format, found here by name.

A new format is one file with `read(source, *, options) -> Recording`, and one line in `FORMATS`.
"""

from __future__ import annotations

import difflib
import inspect
from collections.abc import Callable
from pathlib import Path
from typing import Any

from driving.logs.features import LogError
from driving.logs.importers import comma2k19, donkeycar, lerobot, sullychen, udacity
from driving.logs.importers.recording import ImportReport, Recording, write_recording

FORMATS: dict[str, Callable[..., Recording]] = {
    "donkeycar": donkeycar.read,
    "comma2k19": comma2k19.read,
    "udacity": udacity.read,
    "sullychen": sullychen.read,
    "lerobot": lerobot.read,
}


def options(format: str) -> dict[str, inspect.Parameter]:
    """The options that a format's importer takes, by name. Raises LogError on an unknown format."""
    if format not in FORMATS:
        nearest = difflib.get_close_matches(format, FORMATS, 1)
        raise LogError(f"no importer for {format!r}{f', did you mean {nearest[0]!r}' if nearest else ''}: choose one of {', '.join(FORMATS)}")
    parameters = inspect.signature(FORMATS[format], eval_str=True).parameters
    return {name: parameter for name, parameter in parameters.items() if parameter.kind is parameter.KEYWORD_ONLY}


def import_log(format: str, source: Path, out: Path, *, width_px: int | None = None, **chosen: Any) -> ImportReport:
    """Import `source` into a new log at `out` (images at most `width_px` wide) and say what was made. Raises LogError."""
    known = options(format)
    for name in chosen.keys() - known.keys():
        raise LogError(f"the {format} importer has no option {name!r}: it takes {', '.join(known) or 'none'}")
    source = Path(source)
    if not source.exists():
        raise LogError(f"{source} does not exist: give the folder of the {format} data")
    return write_recording(FORMATS[format](source, **chosen), Path(out), width_px)
