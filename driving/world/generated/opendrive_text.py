"""Write generated roads as OpenDRIVE text, with the `scenariogeneration` library. The same plan gives the same text, byte by byte."""

from __future__ import annotations

import xml.etree.ElementTree as ET

from scenariogeneration import xodr

from driving.world.generated.plan import Lane, Mark, Piece, RoadPlan, Section, Thing, Tunnel

# How OpenDRIVE calls what stands beside a road or lies on it. A reader of the text knows patches by their names.
OBJECT_TYPES = {"tree": "tree", "car": "car", "crosswalk": "crosswalk", "StopLine": "roadMark"}
FRICTION = 0.8  # of every surface: OpenDRIVE demands a figure, and the stand-in has none for lanes
DATE = "2020-01-01T00:00:00"  # OpenDRIVE requires a date; a fixed one keeps the text reproducible


def write_road(name: str, plan: RoadPlan) -> str:
    """Return a map that has one road, as OpenDRIVE text."""
    view = xodr.PlanView(0.0, 0.0, 0.0)
    for piece in plan.pieces:
        view.add_geometry(make_geometry(piece))
    road = xodr.Road(0, view, make_lanes(plan), name=name)
    for height in plan.heights:
        road.add_elevation(*height)
    for bank in plan.banks:
        road.add_superelevation(*bank)
    file = xodr.OpenDrive(name)
    file.add_road(road)
    file.adjust_roads_and_lanes()
    root = dated_root(file)
    write_objects(root.findall("road")[0], plan.things, plan.tunnels)
    return to_text(root)


def dated_root(file: xodr.OpenDrive) -> ET.Element:
    """Return a map's root element with a date that is always the same."""
    root = file.get_element()
    header = root.find("header")
    if header is not None:
        header.set("date", DATE)
    return root


def to_text(root: ET.Element) -> str:
    """Return a map as text."""
    return '<?xml version="1.0" encoding="UTF-8"?>\n' + ET.tostring(root, encoding="unicode") + "\n"


def make_geometry(piece: Piece) -> xodr.Line | xodr.Arc | xodr.Spiral:
    """Return a piece of the reference line."""
    if piece.start == piece.end == 0.0:
        return xodr.Line(piece.length_m)
    if piece.start == piece.end:
        return xodr.Arc(piece.start, length=piece.length_m)
    return xodr.Spiral(piece.start, piece.end, length=piece.length_m)


def make_lanes(plan: RoadPlan) -> xodr.Lanes:
    """Return all lane sections. Lanes of the same name continue each other."""
    lanes, linker = xodr.Lanes(), xodr.LaneLinker()
    made = [_section(section) for section in plan.sections]
    for k in range(1, len(made)):
        for one, before in _name_lanes(plan.sections[k - 1], made[k - 1]):
            for other, after in _name_lanes(plan.sections[k], made[k]):
                if one == other:
                    linker.add_link(predlane=before, succlane=after)
    for section in made:
        lanes.add_lanesection(section, linker if len(made) > 1 else None)
    for offset in plan.offsets:
        lanes.add_laneoffset(xodr.LaneOffset(*offset))
    return lanes


def _name_lanes(section: Section, made: xodr.LaneSection) -> list[tuple[str, xodr.Lane]]:
    """Return the lanes that have a name, with side and name in one word."""
    sides = (("left", section.left, made.leftlanes), ("right", section.right, made.rightlanes))
    return [(f"{side} {lane.name}", one) for side, lanes, found in sides for lane, one in zip(lanes, found, strict=True) if lane.name]


def _section(section: Section) -> xodr.LaneSection:
    """Return one lane section."""
    centre = xodr.Lane(lane_type=xodr.LaneType.none)
    centre.add_roadmark(_mark(section.centre))
    made = xodr.LaneSection(section.start_m, centre)
    for add, lanes in ((made.add_left_lane, section.left), (made.add_right_lane, section.right)):
        for lane in lanes:
            add(_lane(lane))
    return made


def _lane(lane: Lane) -> xodr.Lane:
    """Return one lane with its width and its outer mark."""
    first, *rest = lane.width
    made = xodr.Lane(xodr.LaneType[lane.kind], first.a, first.b, first.c, first.d, first.s_m)
    for piece in rest:
        made.add_lane_width(piece.a, piece.b, piece.c, piece.d, piece.s_m)
    made.add_roadmark(_mark(lane.mark))
    if lane.surface != "asphalt":
        made.add_lane_material(FRICTION, surface=lane.surface)
    return made


def _mark(mark: Mark) -> xodr.RoadMark:
    """Return a painted line."""
    kind, colour = xodr.RoadMarkType[mark.kind], xodr.RoadMarkColor[mark.colour]
    if mark.kind == "broken":
        return xodr.RoadMark(kind, mark.width_m, length=mark.dash_m, space=mark.gap_m, color=colour)
    return xodr.RoadMark(kind, mark.width_m, color=colour)


def write_objects(road: ET.Element, things: tuple[Thing, ...], tunnels: tuple[Tunnel, ...] = ()) -> None:
    """Add what stands beside a road and lies on it. The library would number objects anew in each process's second map."""
    if not things and not tunnels:
        return
    objects = ET.SubElement(road, "objects")
    for number, thing in enumerate(things):
        place = {"id": number, "name": thing.kind, "type": OBJECT_TYPES.get(thing.kind, "patch"), "s": thing.s_m, "t": thing.t_m, "zOffset": 0.0}
        size = dict(zip(("length", "width", "height"), thing.size_m, strict=True))
        values = place | {"hdg": thing.heading_rad, "orientation": "none"} | size
        made = ET.SubElement(objects, "object", {key: str(value) for key, value in values.items()})
        if thing.outline:
            outline = ET.SubElement(made, "outline")
            for s, t in thing.outline:
                ET.SubElement(outline, "cornerRoad", {"s": f"{s:.3f}", "t": f"{t:.3f}", "dz": "0", "height": "0"})
    for number, tunnel in enumerate(tunnels):
        values = {"id": number, "name": "tunnel", "type": "standard", "s": tunnel.start_m, "length": tunnel.length_m}
        lit = {"lighting": 0.5, "daylight": 0.5}
        ET.SubElement(objects, "tunnel", {key: str(value) for key, value in (values | lit).items()})
