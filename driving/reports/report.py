"""report.html and report.md of a run: what was run and on which machine, how long it took, what was learnt, and how it drives."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

from driving import provenance
from driving.evaluation.estimates import choose_headline, describe
from driving.evaluation.table import describe_not_driven
from driving.reports import benchmarks, drives, robustness, training
from driving.reports.dagger import make_dagger_section
from driving.reports.document import Block, Document, Link, LinkList, Paragraph, Section, Table, Tile, render_html, render_markdown, write_pictures
from driving.reports.failures.page import make_causes_table
from policy.whole_file import write_text

PICTURES = "report_pictures"


@dataclass(frozen=True)
class Stage:
    """One stage of a run."""

    name: str
    seconds: float  # wall-clock time
    what: str = ""  # what the stage did


class View(NamedTuple):
    """A file that the report links to."""

    name: str
    path: Path
    content: str  # what the file holds


@dataclass(frozen=True)
class ReportInputs:
    """The sources of a report. The report has no section for a source that is not given."""

    title: str
    lead: str = ""  # one line below the title
    config: Mapping[str, Any] = field(default_factory=dict)  # the run's values, seeds too; mappings may be nested
    stages: Sequence[Stage] = ()
    log: Path | None = None  # a log's folder
    metrics_csv: Path | None = None  # the metrics of the training
    evaluations: Sequence[drives.Evaluation] = ()  # of policies on one suite; the first one is shown in full
    failures: Sequence[Path] = ()  # pages of the evaluations' failures
    expert: Path | None = None  # the expert's evaluation on the same suite
    dagger: Path | None = None  # a run of `scripts/dagger.py`
    benchmark: Path | None = None  # the JSON of `scripts/benchmark.py ltc`
    views: Sequence[View] = ()
    notes: Sequence[str] = ()


class HeadlineMeasure(NamedTuple):
    """A measure of an evaluation's summary that the top of the report shows."""

    key: str
    form: str  # the format string of the figure
    meaning: str


HEADLINE = (
    HeadlineMeasure("km", "{:.2f} km", "driven closed loop"),
    HeadlineMeasure("departures", "{:.0f}", "lane departures"),
    HeadlineMeasure("mean_abs_lateral_m", "{:.3f} m", "mean distance from the centre"),
    HeadlineMeasure("max_abs_lateral_m", "{:.2f} m", "greatest distance from the centre"),
    HeadlineMeasure("mean_speed_mps", "{:.1f} m/s", "mean speed"),
    HeadlineMeasure("driving_score", "{:.1f}", "driving score, of 100"),
)


def write_report(out_dir: Path, inputs: ReportInputs) -> Path:
    """Write report.html (self-contained) and report.md with its pictures into `out_dir`. Return the page's path.

    Raises UserError when an input cannot be read.
    """
    document = compose_report(out_dir, inputs)
    page = render_html(document)
    write_pictures(document, out_dir / PICTURES)
    write_text(out_dir / "report.md", render_markdown(document, PICTURES))
    write_text(out_dir / "report.html", page)
    return out_dir / "report.html"


def compose_report(out_dir: Path, inputs: ReportInputs) -> Document:
    """Return the report as a document whose links are relative to `out_dir`. Raises UserError when an input cannot be read."""
    policy = inputs.evaluations[0] if inputs.evaluations else None
    expert = None if inputs.expert is None else drives.read_evaluation(inputs.expert)
    sections = []
    if policy is not None:
        sections.append(_describe_driving(inputs.evaluations, expert))
        robust = robustness.make_robustness_section([*inputs.evaluations, *([expert] if expert else [])])
        sections += [*([robust] if robust else []), *_describe_failures(inputs, out_dir)]
    if inputs.views:
        links = [Link(view.name, _make_relative(view.path, out_dir), view.content) for view in inputs.views]
        sections.append(Section("Views of a drive", [LinkList(links)]))
    if inputs.dagger is not None:
        sections.append(make_dagger_section(inputs.dagger))
    if inputs.metrics_csv is not None:
        sections.append(Section("Training", [training.draw_training_curves(inputs.metrics_csv)]))
    if inputs.log is not None:
        sections.append(Section("The driving log", training.describe_log(inputs.log)))
    if inputs.benchmark is not None:
        sections.append(benchmarks.make_benchmark_section(inputs.benchmark))
    sections.extend(_describe_run(inputs))
    if inputs.notes:
        sections.append(Section("Notes", [Paragraph(note) for note in inputs.notes]))
    return Document(inputs.title, inputs.lead, sections, [] if policy is None else make_headline(policy.summary["overall"]))


def make_headline(overall: Mapping[str, Any]) -> list[Tile]:
    """Return the figures at the top of the page, without the measures that the summary does not have."""
    return [Tile(measure.form.format(overall[measure.key]), measure.meaning) for measure in HEADLINE if overall.get(measure.key) is not None]


def _describe_driving(policies: Sequence[drives.Evaluation], expert: drives.Evaluation | None) -> Section:
    policy, summary = policies[0], policies[0].summary
    rule = summary.get("departure_rule")
    facts = f"Suite {summary['suite']}, seed {summary.get('seed', '–')}." + (f" Departure: {rule}." if rule else "")
    blocks: list[Block] = [Paragraph(facts), drives.make_figures_table([*policies, *([expert] if expert else [])])]
    for one in policies:
        words = (*describe(choose_headline(one.routes)), *describe_not_driven(one.summary))
        blocks.append(Paragraph(" ".join([f"{one.label}:" if len(policies) > 1 else "", *words]).strip()))
        blocks.append(drives.make_routes_table(one, expert))
    blocks += [gallery for gallery in (drives.draw_maps(policy), drives.pick_key_frames(policy)) if gallery.pictures]
    return Section("Driving closed loop", blocks)


def _describe_failures(inputs: ReportInputs, out_dir: Path) -> list[Section]:
    tables = [table for table in map(make_causes_table, inputs.evaluations) if table is not None]
    links = [
        Link(page.name, _make_relative(page, out_dir), "the six seconds before them, by cause, and how to drive them again")
        for page in inputs.failures
    ]
    return [Section("Failures", [*tables, *([LinkList(links)] if links else [])])] if tables else []


def _describe_run(inputs: ReportInputs) -> list[Section]:
    stages = [[stage.name, f"{stage.seconds:.1f}", stage.what] for stage in inputs.stages]
    stages.append(["all", f"{sum(stage.seconds for stage in inputs.stages):.1f}", ""])
    machine = provenance.read_hardware()
    versions = ", ".join(f"{name} {version}" for name, version in provenance.read_versions().items())
    rows = [["commit", provenance.read_commit()], *([name, value] for name, value in machine.items()), ["versions", versions]]
    rows += [[name, value] for name, value in flatten(inputs.config)]
    time = [Section("Time", [Table(["stage", "seconds", "what"], stages, textual=True, strong_rows=(len(stages) - 1,))])] if inputs.stages else []
    return [*time, Section("What was run", [Table(["", ""], rows, textual=True)])]


def flatten(values: Mapping[str, Any], prefix: str = "") -> list[tuple[str, str]]:
    """Return nested values as (dotted name, value) pairs in order."""
    pairs: list[tuple[str, str]] = []
    for name, value in values.items():
        pairs.extend(flatten(value, f"{prefix}{name}.") if isinstance(value, Mapping) else [(f"{prefix}{name}", str(value))])
    return pairs


def _make_relative(path: Path, out_dir: Path) -> str:
    return Path(os.path.relpath(path, out_dir)).as_posix()
