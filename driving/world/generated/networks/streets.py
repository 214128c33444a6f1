"""Networks of streets: a grid of junctions that is not quite regular, with streets between them, some of them left out.

Routes go straight on through the junctions, where there is no paint. They do not turn off: see `driving.world.maps.forks`.

Opposite streets of a junction are in line but for a few degrees, as in CARLA's towns: the bends lie between the junctions. Before, ways turned by
9 degrees (median) on asphalt without paint. No driver can know such a bend. Also as in these towns, bends of 25 m radius and more begin and end
right at junctions, because many junctions are twisted against the grid, and in half of the networks pavements end at the junctions. A policy that
had only seen almost straight streets whose kerbs go round the corners left its lane 3.7 times per km in Town05 and Town10HD. After 40 minutes on the
new ones, two trainings did so 4.0 and 2.7 times, one seed each.
"""

from __future__ import annotations

import math

import numpy as np

from driving.world.generated.networks.layout import Arm, Network, Place, Way, find_biarc
from driving.world.generated.plan import Lane, MarkColour, Section, Thing
from driving.world.generated.roadside import Roadside, draw_centre, draw_divider, draw_edge, lay_lanes

ACROSS = 3  # junctions along each side
BLOCK_M = (80.0, 160.0)
JITTER = 0.1  # how far a junction lies from its place in the grid, as a share of a block
BEND_RAD, KINK_RAD = 0.12, 0.03  # how far streets leave the straight at the rim, and in junctions, from the line through both neighbours
TWISTED_SHARE, TWIST_RAD = 0.6, (0.25, 0.6)  # share of junctions that are turned against the grid, and how far, either way
BARE_SHARE = 0.5  # of networks without pavements along the ways of junctions
LEFT_OUT, LEADS_OUT = 0.2, 0.6  # share of streets that are not there, and of junctions at the rim with a street that leads out
ROOM_M, TURN_M = (2.5, 11.0), 5.5  # radius of the tightest corner of a pavement, one per network; least radius of the edge of a lane for driving
NARROW_M, BLOCK_PER_M = 14.0, 4.0  # blocks grow by the second value for each metre that half a junction is wider than the first
LEAST_RADIUS_M, WIDEST_GAP_RAD = 6.0, 3.1  # of a junction, and of the angle between two neighbours that demands room
SIDES: tuple[Roadside, ...] = ("kerb", "kerb", "grass", "shoulder")
STOP_SHARE, CROSSWALK_SHARE = 0.6, 0.4
STOP_AWAY_M, CROSSWALK_M = 1.0, (2.0, 5.0)  # from the junction: of a stop line where there is no crossing, and from where to where a crossing lies

Node = tuple[int, int]


def write_streets(seed: int) -> str:
    """Return the OpenDRIVE text of network `seed`."""
    random = np.random.default_rng([seed, 17])
    lanes, section = _draw_section(random)
    driven = sum(lane.widest_m for lane in lanes if lane.kind == "driving")
    width = max(sum(lane.widest_m for lane in lanes) + float(random.uniform(*ROOM_M)), driven + TURN_M)
    block = float(random.uniform(*BLOCK_M)) + BLOCK_PER_M * max(0.0, width - NARROW_M)
    grid = [(i, j) for i in range(-1, ACROSS + 1) for j in range(-1, ACROSS + 1)]
    nodes = {node: (np.array(node) + random.uniform(-JITTER, JITTER, 2)) * block for node in grid}
    edges = _choose_edges(random)
    twists = {node: _draw_twist(random) for node in grid}
    directions = {(a, b): twists[a] + _draw_direction(random, nodes, a, b) for edge in edges for a, b in (edge, edge[::-1])}
    radii = {node: _find_radius(sorted(angle for (a, _), angle in directions.items() if a == node), width) for node in {a for a, _ in directions}}
    network, arms = Network(f"streets_{seed}"), dict[Node, list[Arm]]()
    for a, b in edges:
        start, end = (_place(nodes[node], directions[node, other], radii[node]) for node, other in ((a, b), (b, a)))
        pieces = find_biarc(start, end.turned())
        things = _draw_paint(random, sum(piece.length_m for piece in pieces), driven)
        for node, arm in zip((a, b), network.add_road(start, pieces, section, things), strict=True):
            arms.setdefault(node, []).append(arm)
    beside = tuple(lane for lane in lanes if lane.kind == "driving") if random.random() < BARE_SHARE else lanes
    for meeting in arms.values():
        if len(meeting) > 1:
            network.add_junction(_find_ways(meeting, beside))
    return network.write()


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
    """Return the streets as pairs of junctions. Each junction keeps at least two. Some streets lead out of the network, to a place without one."""
    inside = range(ACROSS)
    pairs = [((i, j), other) for i in inside for j in inside for other in ((i + 1, j), (i, j + 1)) if max(other) < ACROSS]
    kept = list(pairs)
    for pair in pairs:
        degrees = [sum(node in one for one in kept) for node in pair]
        if random.random() < LEFT_OUT and min(degrees) > 2:
            kept.remove(pair)
    rim = [((0, k), (-1, k)) for k in inside] + [((ACROSS - 1, k), (ACROSS, k)) for k in inside]
    out = rim + [(near[::-1], far[::-1]) for near, far in rim]
    return kept + [pair for pair in out if random.random() < LEADS_OUT]


def _draw_section(random: np.random.Generator) -> tuple[tuple[Lane, ...], Section]:
    """Draw the lanes of one side, and the section with this side twice."""
    count, width = int(random.choice(3, p=[0.45, 0.35, 0.2])) + 1, float(random.uniform(2.9, 3.8))
    edge = draw_edge(random, SIDES[int(random.integers(len(SIDES)))], (0.4, 1.5), 0.6)
    lanes = lay_lanes(count, width, draw_divider(random), edge)
    colour: MarkColour = "yellow" if random.random() < 0.5 else "white"
    centre = draw_centre(random, colour, count)
    return lanes, Section(0.0, centre, lanes, lanes)


def _find_radius(angles: list[float], width_m: float) -> float:
    """Return the distance of a junction's arms from its middle at which the corner between each two neighbours has room for all lanes."""
    gaps = [(after - before) % (2.0 * math.pi) or math.pi for before, after in zip(angles, [*angles[1:], angles[0]], strict=True)]
    return max(LEAST_RADIUS_M, *(width_m / math.tan(min(gap, WIDEST_GAP_RAD) / 2.0) for gap in gaps))


def _place(middle: np.ndarray, angle_rad: float, radius_m: float) -> Place:
    """Return the place at a radius from a junction's middle that looks away from it."""
    return Place(float(middle[0]) + radius_m * math.cos(angle_rad), float(middle[1]) + radius_m * math.sin(angle_rad), angle_rad)


def _find_ways(arms: list[Arm], lanes: tuple[Lane, ...]) -> list[Way]:
    """Return the ways from each arm to each other. The one to the neighbour at the right has the pavement beside it."""
    ways = []
    for arm in arms:
        others = sorted((other for other in arms if other is not arm), key=lambda other: _turn_right(arm, other))
        for number, other in enumerate(others):
            ways.append(Way(arm, other, lanes if number == 0 else tuple(lane for lane in lanes if lane.kind == "driving")))
    return ways


def _turn_right(arm: Arm, other: Arm) -> float:
    """Return how far round (rad) the other arm lies, counted from one's own to the right, as seen by who enters the junction."""
    return (other.place.heading_rad - arm.place.heading_rad) % (2.0 * math.pi)


def _draw_paint(random: np.random.Generator, length_m: float, half_m: float) -> tuple[Thing, ...]:
    """Draw crossings and stop lines at the two ends of a street; `half_m` is the width of its lanes in one direction."""
    things = list[Thing]()
    for is_end in (False, True):

        def at(away_m: float, is_end: bool = is_end) -> float:
            return length_m - away_m if is_end else away_m

        crossing = random.random() < CROSSWALK_SHARE
        if crossing:
            near, far = (at(away) for away in CROSSWALK_M)
            things.append(Thing("crosswalk", near, 0.0, outline=((near, -half_m), (near, half_m), (far, half_m), (far, -half_m))))
        if random.random() < STOP_SHARE:
            s, side = at(CROSSWALK_M[1] + STOP_AWAY_M if crossing else STOP_AWAY_M), -1.0 if is_end else 1.0
            things.append(Thing("StopLine", s, side * half_m / 2.0, outline=((s, 0.1 * side), (s, side * (half_m - 0.1)))))
    return tuple(things)
