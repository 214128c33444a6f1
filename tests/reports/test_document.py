"""A document as HTML and as Markdown."""

from __future__ import annotations

from driving.reports.document import Document, Gallery, Link, LinkList, Paragraph, Picture, Section, Table, Tile, render_html, render_markdown

BLOCKS = [
    Paragraph("a < b"),
    Table(["name", "value"], [["x|y", "1"], ["all", "2"]], note="in <m>", strong_rows=(1,)),
    Gallery([Picture("chart", "a chart", svg="<svg><g/></svg>"), Picture("photo", "a 'photo'", jpeg=b"jpeg")]),
    LinkList([Link("drive.mp4", "views/drive.mp4", "the drive")]),
]
DOCUMENT = Document("A & B", "<script>", [Section("Part <1>", BLOCKS)], [Tile("3 km", "driven")])


def test_texts_are_escaped_and_charts_are_embedded() -> None:
    page = render_html(DOCUMENT)
    assert "<h1>A &amp; B</h1><p>&lt;script&gt;</p>" in page
    assert "<p>a &lt; b</p>" in page
    assert "<h2>Part &lt;1&gt;</h2>" in page
    assert "<svg><g/></svg>" in page
    assert 'src="data:image/jpeg;base64,anBlZw=="' in page
    assert '<tr class="strong"><td>all</td><td>2</td></tr>' in page
    assert '<a href="views/drive.mp4">drive.mp4</a> the drive' in page


def test_a_table_without_headings_has_no_header() -> None:
    page = render_html(Document("", "", [Section("", [Table(["", ""], [["commit", "1"]], textual=True)])]))
    assert "<thead>" not in page
    assert '<table class="textual">' in page


def test_markdown_holds_the_same_blocks() -> None:
    text = render_markdown(DOCUMENT, "pictures")
    assert "- **3 km** driven" in text
    assert "| x\\|y | 1 |" in text
    assert "![a chart](pictures/chart.svg)" in text
    assert "![a 'photo'](pictures/photo.jpg)" in text
    assert "- [drive.mp4](views/drive.mp4) the drive" in text
