"""A report as a list of plain blocks, and its two forms: one self-contained HTML page, and Markdown with the pictures in a folder beside it."""

from __future__ import annotations

import base64
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from typing import ClassVar, Literal, NamedTuple

import jinja2

from policy.whole_file import write_bytes

Kind = Literal["paragraph", "table", "gallery", "link list"]


@dataclass(frozen=True)
class Paragraph:
    """A paragraph of text."""

    kind: ClassVar[Kind] = "paragraph"
    text: str


@dataclass(frozen=True)
class Table:
    """Rows of cells that are formatted already."""

    kind: ClassVar[Kind] = "table"
    header: Sequence[str]  # one heading per column; all empty: the HTML page shows no header
    rows: Sequence[Sequence[str]]
    note: str = ""  # small text below the table
    textual: bool = False  # whether all columns are text; otherwise all but the first are aligned as numbers
    strong_rows: Sequence[int] = ()  # indices of the rows that are emphasised


@dataclass(frozen=True)
class Picture:
    """An SVG chart or a JPEG image."""

    name: str  # the file's name without its ending
    caption: str
    svg: str = ""
    jpeg: bytes = b""

    @property
    def file_name(self) -> str:
        """The name of the picture's file for the Markdown."""
        return f"{self.name}.{'svg' if self.svg else 'jpg'}"

    @property
    def data_uri(self) -> str:
        """The JPEG image as a data URI, for embedding it in the page."""
        return f"data:image/jpeg;base64,{base64.b64encode(self.jpeg).decode('ascii')}"


@dataclass(frozen=True)
class Gallery:
    """Pictures side by side."""

    kind: ClassVar[Kind] = "gallery"
    pictures: Sequence[Picture]


class Link(NamedTuple):
    """A file that the report refers to."""

    name: str
    target: str  # the path relative to the report
    content: str  # what the file holds


@dataclass(frozen=True)
class LinkList:
    """A list of files."""

    kind: ClassVar[Kind] = "link list"
    links: Sequence[Link]


Block = Paragraph | Table | Gallery | LinkList


@dataclass(frozen=True)
class Section:
    """A titled part of the report."""

    title: str
    blocks: Sequence[Block]


class Tile(NamedTuple):
    """A figure at the top of the report."""

    figure: str  # with its unit
    meaning: str


@dataclass(frozen=True)
class Document:
    """The whole report."""

    title: str
    lead: str  # one line below the title
    sections: Sequence[Section]
    headline: Sequence[Tile] = ()


def render_html(document: Document) -> str:
    """Return one page that opens without a network. It does not need other files, except for those that it links to."""
    loader = jinja2.PackageLoader("driving.reports", package_path="")
    environment = jinja2.Environment(loader=loader, autoescape=True, undefined=jinja2.StrictUndefined, trim_blocks=True, lstrip_blocks=True)
    style = (files("driving.reports") / "report.css").read_text(encoding="utf-8")
    return environment.get_template("report.html.j2").render(report=document, style=style) + "\n"


def render_markdown(document: Document, pictures_folder: str) -> str:
    """Return the same report as Markdown. It refers to its pictures in `pictures_folder` beside it."""
    parts = [f"# {document.title}", document.lead, "\n".join(f"- **{tile.figure}** {tile.meaning}" for tile in document.headline)]
    for section in document.sections:
        parts.append(f"## {section.title}")
        parts.extend(_render_block(block, pictures_folder) for block in section.blocks)
    return "\n\n".join(part for part in parts if part) + "\n"


def _render_block(block: Block, folder: str) -> str:
    match block:
        case Paragraph():
            return block.text
        case Table():
            side = "---" if block.textual else "---:"
            lines = [block.header, ["---"] + [side] * (len(block.header) - 1), *block.rows]
            table = "\n".join("| " + " | ".join(cell.replace("|", "\\|") for cell in line) + " |" for line in lines)
            return f"{table}\n\n{block.note}" if block.note else table
        case Gallery():
            return "\n\n".join(f"![{picture.caption}]({folder}/{picture.file_name})" for picture in block.pictures)
        case LinkList():
            return "\n".join(f"- [{link.name}]({link.target}) {link.content}" for link in block.links)


def write_pictures(document: Document, folder: Path) -> None:
    """Write the pictures of the Markdown into `folder`."""
    pictures = [p for section in document.sections for block in section.blocks if isinstance(block, Gallery) for p in block.pictures]
    for picture in pictures:
        write_bytes(folder / picture.file_name, picture.svg.encode("utf-8") if picture.svg else picture.jpeg)
