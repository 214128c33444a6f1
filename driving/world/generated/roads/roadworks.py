"""Roads under repair: yellow lines lead the lanes aside, and the white lines from before are still there. Yellow counts where both are seen."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import numpy as np

from driving.world.generated.alignment import Terrain, plan_road
from driving.world.generated.plan import Lane, Mark, RoadPlan, Section, Thing, ThingKind, constant, draw_mark, ease
from driving.world.generated.things import draw_patches, lay_strip
from driving.world.geometry.cubics import Cubic

TERRAIN = Terrain(radius_m=(60.0, 400.0), turn_deg=(10.0, 70.0), straight_m=(30.0, 120.0))
SHOULDER_M = 2.2  # room for the lanes to move aside
SHIFT_M = (0.5, 1.7)
OPEN_M, CHANGE_M, RUN_M = (50.0, 150.0), (30.0, 60.0), (50.0, 180.0)  # lengths without works, of the move aside and back, and of the works
OLD_M = 0.13  # width of the old lines
PATCHES_PER_KM = 40.0


def plan_roadworks(seed: int) -> RoadPlan:
    """Return the plan of road `seed`."""
    plan = plan_road("roadworks", seed, TERRAIN, _draw_sections)
    half = plan.sections[0].right[0].widest_m
    things = draw_patches(np.random.default_rng([seed, 1]), plan.length_m, (-half - SHOULDER_M, half + SHOULDER_M), PATCHES_PER_KM)
    return replace(plan, offsets=_find_shift(plan.sections), things=(*things, *_leave_old_lines(plan)))


def _draw_sections(random: np.random.Generator, length_m: float) -> tuple[Section, ...]:
    """Draw stretches in turn: without works, aside, in the works, and back. The right shoulder grows where the lanes go left."""
    width = float(random.uniform(2.9, 3.6))
    lines = draw_mark("broken", "white", random), draw_mark("solid", "white", random)
    yellow = draw_mark("solid", "yellow", random, (0.15, 0.22)), draw_mark("solid", "yellow", random, (0.15, 0.22))
    sections, s = [], 0.0
    while s < length_m:
        sections.append(_lay(s, *lines, width, ease(1.0, 0.0, 0.0)))
        s += float(random.uniform(*OPEN_M))
        shift = float(random.uniform(*SHIFT_M)) * (1.0 if random.random() < 0.5 else -1.0)
        change, run = float(random.uniform(*CHANGE_M)), float(random.uniform(*RUN_M))
        if s + 2 * change + run + OPEN_M[0] > length_m:
            break
        for size, before, after in ((change, 0.0, shift), (run, shift, shift), (change, shift, 0.0)):
            sections.append(_lay(s, *yellow, width, ease(size, before, after)))
            s += size
    return tuple(sections)


def _lay(s_m: float, centre: Mark, line: Mark, width_m: float, shift: Cubic) -> Section:
    """Return a section whose lanes are shifted to the left; the asphalt's edges stay."""

    def side(sign: float) -> tuple[Lane, ...]:
        room = Cubic(0.0, SHOULDER_M + sign * shift.a, *(sign * value for value in shift[2:]))
        return (Lane("driving", constant(width_m), line, "lane"), Lane("shoulder", (room,), name="shoulder"))

    return Section(s_m, centre, side(-1.0), side(1.0))


def _find_shift(sections: tuple[Section, ...]) -> tuple[Cubic, ...]:
    """Return how far the lanes lie to the left, as the right shoulder tells."""
    rooms = [(section.start_m, section.right[1].width[0]) for section in sections]
    return tuple(Cubic(start, room.a - SHOULDER_M, *room[2:]) for start, room in rooms)


def _leave_old_lines(plan: RoadPlan) -> Iterator[Thing]:
    """Yield the white lines that the works' lanes cross, where they were before."""
    width = plan.sections[0].right[0].widest_m
    ends = [*(section.start_m for section in plan.sections[1:]), plan.length_m]
    for section, end in zip(plan.sections, ends, strict=True):
        if section.centre.colour == "yellow":
            yield _make_line("old dashed line", section.start_m, end, 0.0)
            for t in (width, -width):
                yield _make_line("old solid line", section.start_m, end, t)


def _make_line(kind: ThingKind, start_m: float, end_m: float, t_m: float) -> Thing:
    """Return a line along the road; its outline is one side of a strip."""
    strip = lay_strip(kind, start_m, end_m, lambda s: np.full(len(s), t_m), lambda s: np.full(len(s), t_m + OLD_M))
    return replace(strip, outline=strip.outline[: len(strip.outline) // 2])
