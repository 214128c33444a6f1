"""Networks of streets: a grid of junctions that is not quite regular, with streets between them, some of them left out.

Routes go straight on through the junctions, where there is mostly no paint. They do not turn off: see `driving.world.maps.forks`.

Each line of the grid is a street of its own: one to three lanes each way, not always as many in both directions, or with a median, which ends at
junctions. Where a street ends at another one, lines of the latter may go on.

Opposite streets of a junction are in line but for a few degrees, as in CARLA's towns: the bends lie between the junctions. Before, ways turned by
9 degrees (median) on asphalt without paint. No driver can know such a bend. Also as in these towns, bends of 25 m radius and more begin and end
right at junctions, because many junctions are twisted against the grid, and in half of the networks pavements end at the junctions. A policy that
had only seen almost straight streets whose kerbs go round the corners left its lane 3.7 times per km in Town05 and Town10HD. After 40 minutes on the
new ones, two trainings did so 4.0 and 2.7 times, one seed each.
"""

from __future__ import annotations

import math

import numpy as np

from driving.world.generated.networks.crossings import Meeting, Paint, Side, Street, find_radius, find_ways
from driving.world.generated.networks.layout import Contact, Network, Place, find_biarc
from driving.world.generated.plan import NO_MARK, Lane, MarkColour, Thing, constant, draw_mark
from driving.world.generated.roadside import Roadside, draw_centre, draw_divider, draw_edge, lay_lanes

ACROSS = 3  # junctions along each side
BLOCK_M = (70.0, 140.0)
JITTER = 0.1  # how far a junction lies from its place in the grid, as a share of a block
BEND_RAD, KINK_RAD = 0.12, 0.03  # how far streets leave the straight at the rim, and in junctions, from the line through both neighbours
TWISTED_SHARE, TWIST_RAD = 0.6, (0.25, 0.6)  # share of junctions that are turned against the grid, and how far, either way
BARE_SHARE = 0.5  # of networks without pavements along the ways of junctions
LEFT_OUT, LEADS_OUT = 0.2, 0.6  # share of streets that are not there, and of junctions at the rim with a street that leads out
LANES = (0.3, 0.45, 0.25)  # share of streets with one, two and three lanes each way
UNEVEN_SHARE = 0.15  # of streets whose other direction has another number of lanes
MEDIAN_SHARE, HALF_MEDIAN_M, LINED_MEDIAN_SHARE = 0.35, (0.6, 3.5), 0.7  # of streets with several lanes each way
CENTRE_SHARE, DIVIDER_SHARE = 0.5, 0.3  # of junctions of three streets with lines of the one that goes on
ROOM_M = (2.5, 11.0)  # radius of the tightest corner of a pavement, one per network
NARROW_M, BLOCK_PER_M = 14.0, 4.0  # blocks grow by the second value for each metre that half of the widest street is wider than the first
SIDES: tuple[Roadside, ...] = ("kerb", "kerb", "grass", "shoulder")
STOP_SHARE, CROSSWALK_SHARE = 0.6, 0.4
STOP_AWAY_M, CROSSWALK_M = 1.0, (2.0, 5.0)  # from the junction: of a stop line where there is no crossing, and from where to where a crossing lies

Node = tuple[int, int]


def write_streets(seed: int) -> str:
    """Return the OpenDRIVE text of network `seed`."""
    random = np.random.default_rng([seed, 17])
    side, room = SIDES[int(random.integers(len(SIDES)))], float(random.uniform(*ROOM_M))
    lines = {(axis, place): _draw_street(random, side) for axis in range(2) for place in range(ACROSS)}
    widest = max(one.reach_m(room) for street in lines.values() for one in (street.left, street.right))
    block = float(random.uniform(*BLOCK_M)) + BLOCK_PER_M * max(0.0, widest - NARROW_M)
    grid = [(i, j) for i in range(-1, ACROSS + 1) for j in range(-1, ACROSS + 1)]
    nodes = {node: (np.array(node) + random.uniform(-JITTER, JITTER, 2)) * block for node in grid}
    edges = _choose_edges(random)
    twists = {node: _draw_twist(random) for node in grid}
    ends = {(a, b): twists[a] + _draw_direction(random, nodes, a, b) for edge in edges for a, b in (edge, edge[::-1])}
    reaches = {end: (left.reach_m(room), right.reach_m(room)) for end in ends for left, right in [lines[_line(*end)].sides_at(_contact(*end))]}
    network, meetings = Network(f"streets_{seed}"), dict[Node, list[Meeting]]()
    for a, b in edges:
        street = lines[_line(a, b)]
        start, end = (_place(nodes, ends, reaches, one) for one in ((a, b), (b, a)))
        pieces = find_biarc(start, end.turned())
        things = _draw_paint(random, sum(piece.length_m for piece in pieces), street)
        for node, arm in zip((a, b), network.add_road(start, pieces, street.section, things), strict=True):
            meetings.setdefault(node, []).append(Meeting(arm, street))
    bare = random.random() < BARE_SHARE
    for meeting in meetings.values():
        paint = Paint(random.random() < CENTRE_SHARE, random.random() < DIVIDER_SHARE)
        if len(meeting) > 1:
            network.add_junction(find_ways(meeting, bare, paint))
    return network.write()


def _line(a: Node, b: Node) -> tuple[int, int]:
    """Return on which line of the grid the street between two neighbours lies: its axis, and its place along the other one."""
    return (0, a[1]) if a[1] == b[1] else (1, a[0])


def _contact(a: Node, b: Node) -> Contact:
    """Return which end of the street to a neighbour lies at a junction. Streets run towards the higher node, as `_choose_edges` lists them."""
    return "start" if a < b else "end"


def _draw_street(random: np.random.Generator, roadside: Roadside) -> Street:
    """Draw the lanes of both directions of a street, and the lines between them."""
    count, width = int(random.choice(3, p=LANES)) + 1, float(random.uniform(2.9, 3.8))
    other = count if random.random() >= UNEVEN_SHARE else max(1, count + int(random.choice([-1, 1])))
    colour: MarkColour = "yellow" if random.random() < 0.5 else "white"
    edge, divider, inside = draw_edge(random, roadside, (0.4, 1.5), 0.6), draw_divider(random), tuple[Lane, ...]()
    centre = draw_centre(random, colour, max(count, other))
    if max(count, other) > 1 and random.random() < MEDIAN_SHARE:
        inside, centre = (Lane("median", constant(float(random.uniform(*HALF_MEDIAN_M)))),), NO_MARK
        if random.random() < LINED_MEDIAN_SHARE:
            inside = (*inside, Lane("shoulder", constant(float(random.uniform(0.15, 0.5))), draw_mark("solid", colour, random)))
    sides = [Side(inside, lay_lanes(number, width, divider, edge)[:number], edge.outside) for number in (other, count)]
    return Street(centre, sides[0], sides[1])


def _draw_direction(random: np.random.Generator, nodes: dict[Node, np.ndarray], start: Node, end: Node) -> float:
    """Draw the direction (rad) in which a street leaves a junction for its neighbour; the opposite street leaves it almost the other way."""
    behind = (2 * start[0] - end[0], 2 * start[1] - end[1])
    if behind in nodes:
        origin, most = behind, KINK_RAD
    else:  # a place at the rim, which has one street only
        origin, most = start, BEND_RAD
    x, y = nodes[end] - nodes[origin]
    return math.atan2(y, x) + float(random.uniform(-most, most))


def _draw_twist(random: np.random.Generator) -> float:
    """Draw by how much (rad) a junction is turned against the grid."""
    twist = float(random.uniform(*TWIST_RAD)) * random.choice([-1.0, 1.0])
    return twist if random.random() < TWISTED_SHARE else 0.0


def _choose_edges(random: np.random.Generator) -> list[tuple[Node, Node]]:
    """Return the streets as pairs of junctions, the lower one first, so that each line of the grid is one street with one right side.

    Each junction keeps at least two. Some streets lead out of the network, to a place without one.
    """
    inside = range(ACROSS)
    pairs = [((i, j), other) for i in inside for j in inside for other in ((i + 1, j), (i, j + 1)) if max(other) < ACROSS]
    kept = list(pairs)
    for pair in pairs:
        degrees = [sum(node in one for one in kept) for node in pair]
        if random.random() < LEFT_OUT and min(degrees) > 2:
            kept.remove(pair)
    rim = [((-1, k), (0, k)) for k in inside] + [((ACROSS - 1, k), (ACROSS, k)) for k in inside]
    out = rim + [(low[::-1], high[::-1]) for low, high in rim]
    return kept + [pair for pair in out if random.random() < LEADS_OUT]


def _place(
    nodes: dict[Node, np.ndarray], ends: dict[tuple[Node, Node], float], reaches: dict[tuple[Node, Node], tuple[float, float]], end: tuple[Node, Node]
) -> Place:
    """Return where a street begins at a junction, looking away from it."""
    x, y = nodes[end[0]]
    others = [(angle, *reaches[other]) for other, angle in ends.items() if other[0] == end[0] and other != end]
    radius = find_radius(ends[end], others, *reaches[end])
    return Place(float(x), float(y), ends[end]).ahead(radius)


def _draw_paint(random: np.random.Generator, length_m: float, street: Street) -> tuple[Thing, ...]:
    """Draw crossings and stop lines at the two ends of a street."""
    things = list[Thing]()
    for is_end in (False, True):

        def at(away_m: float, is_end: bool = is_end) -> float:
            return length_m - away_m if is_end else away_m

        crossing = random.random() < CROSSWALK_SHARE
        if crossing:
            near, far = (at(away) for away in CROSSWALK_M)
            right, left = -street.right.driven_m, street.left.driven_m
            things.append(Thing("crosswalk", near, 0.0, outline=((near, right), (near, left), (far, left), (far, right))))
        if random.random() < STOP_SHARE:
            s, side, sign = at(CROSSWALK_M[1] + STOP_AWAY_M if crossing else STOP_AWAY_M), *((street.right, -1.0) if is_end else (street.left, 1.0))
            inner, outer = sign * (side.inside_m + 0.1), sign * (side.driven_m - 0.1)
            things.append(Thing("StopLine", s, (inner + outer) / 2.0, outline=((s, inner), (s, outer))))
    return tuple(things)
