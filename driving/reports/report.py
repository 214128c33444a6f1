"""report.html and report.md of a run: what was run and on what, how long it took, what was learnt and how it drives."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from driving.reports import benchmarks, drives, provenance, training
from driving.reports.document import Block, Document, Links, Section, Table, Words, as_html, as_markdown, write_pictures

PICTURES = "report_pictures"


@dataclass(frozen=True)
class Stage:
    """One stage of a run: what it did and how long it took (wall clock)."""

    name: str
    seconds: float
    what: str = ""


@dataclass(frozen=True)
class ReportInputs:
    """What a report is made from; what is left out is left out of the report.

    `config` are the run's values (seeds too), nested mappings allowed. `log` is a log's folder, `metrics_csv` the training's, `evaluation`
    and `expert` folders with summary.json and routes/NAME, `benchmark` the JSON of scripts/benchmark.py ltc. `links` are (name, path,
    what it holds); paths are made relative to the report.
    """

    title: str
    lead: str = ""
    config: Mapping[str, Any] = field(default_factory=dict)
    stages: Sequence[Stage] = ()
    log: Path | None = None
    metrics_csv: Path | None = None
    evaluation: Path | None = None
    expert: Path | None = None
    benchmark: Path | None = None
    links: Sequence[tuple[str, Path, str]] = ()
    notes: Sequence[str] = ()


def write_report(out_dir: Path, inputs: ReportInputs) -> Path:
    """Writes report.html (self-contained) and report.md with its pictures into `out_dir`; returns the page's path."""
    document = compose(out_dir, inputs)
    page = as_html(document)
    out_dir.mkdir(parents=True, exist_ok=True)
    write_pictures(document, out_dir / PICTURES)
    (out_dir / "report.md").write_text(as_markdown(document, PICTURES), encoding="utf-8")
    (out_dir / "report.html").write_text(page, encoding="utf-8")
    return out_dir / "report.html"


def compose(out_dir: Path, inputs: ReportInputs) -> Document:
    """The report as a document. Raises UserError where an input cannot be read."""
    policy = None if inputs.evaluation is None else drives.read_evaluation(inputs.evaluation)
    expert = None if inputs.expert is None else drives.read_evaluation(inputs.expert)
    sections = []
    if policy is not None:
        sections.append(_driving(policy, expert))
    if inputs.links:
        sections.append(Section("To look at", [Links([(name, _relative(path, out_dir), what) for name, path, what in inputs.links])]))
    if inputs.metrics_csv is not None:
        sections.append(Section("Training", [training.training_curves(inputs.metrics_csv)]))
    if inputs.log is not None:
        sections.append(Section("The log it learnt from", training.log_table(inputs.log)))
    if inputs.benchmark is not None:
        sections.append(benchmarks.benchmark_section(inputs.benchmark))
    sections.extend(_run(inputs))
    if inputs.notes:
        sections.append(Section("Notes", [Words(note) for note in inputs.notes]))
    return Document(inputs.title, inputs.lead, sections, [] if policy is None else headline(policy.summary["overall"]))


def headline(overall: Mapping[str, Any]) -> list[tuple[str, str]]:
    """The figures at the top of the page."""
    tiles = [(f"{overall['km']:.2f} km", "driven closed loop"), (f"{int(overall['departures'])}", "lane departures")]
    wanted: list[tuple[str, str, str]] = [
        ("mean_abs_lateral_m", "{:.3f} m", "mean distance from the centre"),
        ("max_abs_lateral_m", "{:.2f} m", "greatest distance"),
    ]
    wanted += [("mean_speed_mps", "{:.1f} m/s", "mean speed"), ("latency_p50_ms", "{:.2f} ms", "image to action, median")]
    return tiles + [(form.format(overall[key]), what) for key, form, what in wanted if overall.get(key) is not None]


def _driving(policy: drives.Evaluation, expert: drives.Evaluation | None) -> Section:
    summary = policy.summary
    rule = summary.get("departure_rule")
    told = f"Suite {summary.get('suite', '–')}, seed {summary.get('seed', '–')}." + (f" Departure: {rule}." if rule else "")
    blocks: list[Block] = [Words(told), drives.overall_table([policy, *([expert] if expert else [])]), drives.routes_table(policy, expert)]
    blocks += [gallery for gallery in (drives.maps(policy), drives.key_frames(policy)) if gallery.pictures]
    return Section("Driving closed loop", blocks)


def _run(inputs: ReportInputs) -> list[Section]:
    stages = [[stage.name, f"{stage.seconds:.1f}", stage.what] for stage in inputs.stages]
    stages.append(["all", f"{sum(stage.seconds for stage in inputs.stages):.1f}", ""])
    machine = provenance.hardware()
    versions = ", ".join(f"{name} {version}" for name, version in provenance.versions().items())
    rows = [["commit", provenance.commit()], *([name, value] for name, value in machine.items()), ["versions", versions]]
    rows += [[name, value] for name, value in flat(inputs.config)]
    time = [Section("Time", [Table(["stage", "seconds", "what"], stages, textual=True, strong_rows=(len(stages) - 1,))])] if inputs.stages else []
    return [*time, Section("What was run", [Table(["", ""], rows, textual=True)])]


def flat(values: Mapping[str, Any], before: str = "") -> list[tuple[str, str]]:
    """Nested values as (dotted name, value) pairs in order."""
    pairs: list[tuple[str, str]] = []
    for name, value in values.items():
        pairs.extend(flat(value, f"{before}{name}.") if isinstance(value, Mapping) else [(f"{before}{name}", str(value))])
    return pairs


def _relative(path: Path, out_dir: Path) -> str:
    return Path(os.path.relpath(path, out_dir)).as_posix()
