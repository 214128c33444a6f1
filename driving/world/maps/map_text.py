"""OpenDRIVE text as the client can use it: what stands before the XML is stripped, and each lane has a road mark from its beginning.

The client's parser takes neither for granted, and its lane invasion sensor ends the process on a lane without a road mark. The marks that are
added are of type "none". Everything else stays byte for byte. Whether the text is a map at all is left to `opendrive`.
"""

from __future__ import annotations

import re
from pathlib import Path
from xml.parsers import expat

from driving.quantities import UserError

NO_MARK = b'<roadMark sOffset="0" type="none" material="standard" color="white" laneChange="none"/>'
LANE_PATH = ["OpenDRIVE", "road", "lanes", "laneSection"]
# A byte order mark, white space, comments and processing instructions other than the XML line.
_BEFORE_XML = re.compile(r"(?:\ufeff|\s|<!--.*?-->|<\?(?!xml\s).*?\?>)+(?=<\?xml\s)", re.DOTALL)
_TAG = re.compile(rb"""<(?:[^>"']|"[^"]*"|'[^']*')*>""")


def read_opendrive(path: Path) -> str:
    """Return the text of a map file, mended as `mend_opendrive` does. Raises UserError for a file that cannot be read."""
    try:
        return mend_opendrive(path.read_bytes().decode())
    except (OSError, UnicodeDecodeError) as cause:
        raise UserError(f"map {path.stem} cannot be read ({cause}): give a readable file with UTF-8 text") from None


def mend_opendrive(text: str) -> str:
    """Return an OpenDRIVE text without what stands before its XML, and with a road mark in each lane. Text that is not XML stays as it is."""
    before = _BEFORE_XML.match(text)
    text = text[before.end() :] if before else text.removeprefix("\ufeff")
    try:
        data = text.encode()
        additions = _Lanes().find_unmarked(data)
    except (UnicodeEncodeError, expat.ExpatError):
        return text
    if not additions:
        return text
    pieces, done = [], 0
    for at in additions:
        if data.startswith(b"/>", at):  # an element without content: it gets some
            pieces += [data[done:at], b">", NO_MARK, b"</lane>"]
            done = at + len(b"/>")
        else:
            pieces += [data[done:at], NO_MARK]
            done = at
    return b"".join([*pieces, data[done:]]).decode()


class _Lanes:
    """Finds the lanes whose road marks do not begin where the lane begins."""

    def __init__(self) -> None:
        self._parser = expat.ParserCreate("utf-8")
        self._parser.StartElementHandler, self._parser.EndElementHandler = self._start, self._end
        self._open: list[str] = []
        self._marked = False  # whether the lane that is open has a mark at its beginning
        self._data = self._begin = b""  # the whole text, the lane's begin tag
        self._begin_at = 0
        self._additions: list[int] = []

    def find_unmarked(self, data: bytes) -> list[int]:
        """Return the places of their end tags, in bytes and in order; for <lane/> that of "/>". Raises ExpatError for data that is not XML."""
        self._data = data
        self._parser.Parse(data, True)
        return self._additions

    def _start(self, name: str, attributes: dict[str, str]) -> None:
        if self._is_lane():
            if name == "roadMark":
                self._marked |= _begins_with_lane(attributes.get("sOffset", ""))
        elif name == "lane":
            self._marked, self._begin_at = False, self._parser.CurrentByteIndex
            tag = _TAG.match(self._data, self._begin_at)
            self._begin = tag[0] if tag else b""
        self._open.append(name)

    def _end(self, name: str) -> None:
        if self._is_lane() and not self._marked:
            empty = self._begin.endswith(b"/>")
            self._additions.append(self._begin_at + len(self._begin) - len(b"/>") if empty else self._parser.CurrentByteIndex)
        self._open.pop()

    def _is_lane(self) -> bool:
        """Return whether the innermost open element is a lane of a lane section."""
        return len(self._open) == len(LANE_PATH) + 2 and self._open[-1] == "lane" and self._open[: len(LANE_PATH)] == LANE_PATH


def _begins_with_lane(offset: str) -> bool:
    try:
        return float(offset or 0.0) <= 0.0
    except ValueError:
        return True  # not a number: whoever reads the numbers says so
