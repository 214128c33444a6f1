"""A report as plain blocks, and its two renderings: one self-contained HTML page and Markdown with its pictures beside it."""

from __future__ import annotations

import base64
import html
from collections.abc import Sequence
from dataclasses import dataclass, field
from importlib.resources import files
from pathlib import Path


@dataclass(frozen=True)
class Words:
    """A paragraph."""

    text: str


@dataclass(frozen=True)
class Table:
    """Rows of cells already written out; the first column is text, the others are set as numbers unless `textual`."""

    header: Sequence[str]
    rows: Sequence[Sequence[str]]
    note: str = ""
    textual: bool = False
    strong_rows: Sequence[int] = ()


@dataclass(frozen=True)
class Picture:
    """An SVG drawing or a JPEG, its caption and a file name (without ending) for the Markdown."""

    name: str
    caption: str
    svg: str = ""
    jpeg: bytes = b""

    @property
    def file_name(self) -> str:
        """The name of its file beside the Markdown."""
        return f"{self.name}.{'svg' if self.svg else 'jpg'}"


@dataclass(frozen=True)
class Gallery:
    """Pictures side by side."""

    pictures: Sequence[Picture]


@dataclass(frozen=True)
class Links:
    """Named files, relative to the report, each with what it holds."""

    items: Sequence[tuple[str, str, str]]


Block = Words | Table | Gallery | Links


@dataclass(frozen=True)
class Section:
    """A titled part of the report."""

    title: str
    blocks: Sequence[Block]


@dataclass(frozen=True)
class Document:
    """The whole report; `headline` are (figure, what it is) pairs for the top."""

    title: str
    lead: str
    sections: Sequence[Section]
    headline: Sequence[tuple[str, str]] = field(default_factory=tuple)


def as_html(document: Document) -> str:
    """One page that needs no network and no other file, except what it links to."""
    style = (files("driving.reports") / "report.css").read_text(encoding="utf-8")
    tiles = "".join(f"<div><b>{html.escape(figure)}</b><span>{html.escape(what)}</span></div>" for figure, what in document.headline)
    body = "".join(
        f"<section><h2>{html.escape(section.title)}</h2>{''.join(map(_block_html, section.blocks))}</section>" for section in document.sections
    )
    title = html.escape(document.title)
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{title}</title><style>{style}</style></head><body><header><h1>{title}</h1><p>{html.escape(document.lead)}</p></header>"
        f'<div class="tiles">{tiles}</div>{body}</body></html>\n'
    )


def _block_html(block: Block) -> str:
    if isinstance(block, Words):
        return f"<p>{html.escape(block.text)}</p>"
    if isinstance(block, Table):
        return _table_html(block)
    if isinstance(block, Gallery):
        return f'<div class="gallery">{"".join(map(_picture_html, block.pictures))}</div>'
    items = "".join(
        f'<li><a href="{html.escape(href, quote=True)}">{html.escape(name)}</a> {html.escape(what)}</li>' for name, href, what in block.items
    )
    return f"<ul>{items}</ul>"


def _table_html(table: Table) -> str:
    head = "".join(f"<th>{html.escape(cell)}</th>" for cell in table.header)
    rows = "".join(
        f"<tr{' class=strong' if i in table.strong_rows else ''}>{''.join(f'<td>{html.escape(cell)}</td>' for cell in row)}</tr>"
        for i, row in enumerate(table.rows)
    )
    head = f"<thead><tr>{head}</tr></thead>" if any(table.header) else ""
    kind = ' class="textual"' if table.textual else ""
    note = f'<p class="note">{html.escape(table.note)}</p>' if table.note else ""
    return f'<div class="scroll"><table{kind}>{head}<tbody>{rows}</tbody></table></div>{note}'


def _picture_html(picture: Picture) -> str:
    caption = html.escape(picture.caption)
    if picture.svg:
        return f"<figure>{picture.svg}<figcaption>{caption}</figcaption></figure>"
    data = base64.b64encode(picture.jpeg).decode("ascii")
    return f'<figure><img alt="{caption}" src="data:image/jpeg;base64,{data}"><figcaption>{caption}</figcaption></figure>'


def as_markdown(document: Document, pictures_folder: str) -> str:
    """The same report as Markdown; pictures are taken from `pictures_folder` beside it."""
    parts = [f"# {document.title}", document.lead, "\n".join(f"- **{figure}** {what}" for figure, what in document.headline)]
    for section in document.sections:
        parts.append(f"## {section.title}")
        parts.extend(_block_markdown(block, pictures_folder) for block in section.blocks)
    return "\n\n".join(part for part in parts if part) + "\n"


def _block_markdown(block: Block, folder: str) -> str:
    if isinstance(block, Words):
        return block.text
    if isinstance(block, Table):
        side = "---" if block.textual else "---:"
        lines = [block.header, ["---"] + [side] * (len(block.header) - 1), *block.rows]
        table = "\n".join("| " + " | ".join(cell.replace("|", "\\|") for cell in line) + " |" for line in lines)
        return f"{table}\n\n{block.note}" if block.note else table
    if isinstance(block, Gallery):
        return "\n\n".join(f"![{picture.caption}]({folder}/{picture.file_name})" for picture in block.pictures)
    return "\n".join(f"- [{name}]({href}) {what}" for name, href, what in block.items)


def write_pictures(document: Document, folder: Path) -> None:
    """The Markdown's pictures as files."""
    pictures = [p for section in document.sections for block in section.blocks if isinstance(block, Gallery) for p in block.pictures]
    if pictures:
        folder.mkdir(parents=True, exist_ok=True)
    for picture in pictures:
        (folder / picture.file_name).write_bytes(picture.svg.encode("utf-8") if picture.svg else picture.jpeg)
