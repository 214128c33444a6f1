"""Drives a suite closed loop, route by route, and keeps what came out: traces, camera movies, figures, one summary.

Each route's result is on the disk when the route ends, and the summary with it. A run that was cut off goes on where it was: a route whose
result belongs to the same suite and the same driver is not driven again. A server that dies, hangs or loses a frame is met with a new
session (and, when the server is our own, a new server), and the route is driven again from its start, so that its figures stay those of one drive.
"""

from __future__ import annotations

import contextlib
import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from driving.drivers.driver import Driver
from driving.evaluation.metrics import Columns, combine, measure
from driving.evaluation.suite import Road, SuiteConfig, digest_of, roads_of, routes_of
from driving.quantities import CameraSpec
from driving.rollout.listeners import CAMERA_MOVIE, CameraMovie
from driving.rollout.loop import DriveConfig, drive
from driving.rollout.trace import Trace
from driving.simulator.errors import SimulatorError
from driving.simulator.process import server_at
from driving.simulator.session import Session, SessionConfig
from driving.world.maps.routes import Route
from driving.world.weather import PRESETS

TRIES = 3
SUMMARY = "summary.json"
ROUTES = "routes"


@dataclass(frozen=True)
class Endpoint:
    """Where to drive: a named server, or with neither host nor port our own stand-in with these arguments."""

    host: str | None = None
    port: int | None = None
    timeout_s: float = 60.0
    standin: tuple[str, ...] = ()


Tell = Callable[[str], None]


def evaluate(
    make_driver: Callable[[], Driver],
    suite: SuiteConfig,
    out: Path | None = None,
    endpoint: Endpoint | None = None,
    identity: str = "",
    tell: Tell = lambda line: None,
) -> dict[str, Any]:
    """Drives every route of a suite; returns the summary, which `out`/summary.json holds as well.

    `identity` names the driver's content (a digest of its weights): finished routes of the same identity are kept. `tell` gets one line
    a route. Raises SimulatorError when a route failed TRIES times; what was finished is kept.
    """
    done: list[tuple[dict[str, Any], Columns, float]] = []
    driver = make_driver()
    work = _Work(suite, driver, out, endpoint or Endpoint(), f"{digest_of(suite)} {driver.name} {identity}", tell)
    index = 0
    for road in roads_of(suite):
        for result in work.drive_road(road, index):
            done.append(result)
            index += 1
            if out is not None:
                _write(out / SUMMARY, _summary(suite, driver, done))
    work.close()
    return _summary(suite, driver, done)


class _Work:
    """One evaluation under way: its server, its session, where results go."""

    def __init__(self, suite: SuiteConfig, driver: Driver, out: Path | None, endpoint: Endpoint, key: str, tell: Tell) -> None:
        self.suite, self.driver, self.out, self.endpoint, self.key, self.tell = suite, driver, out, endpoint, key, tell
        self._open = contextlib.ExitStack()
        self._session: Session | None = None
        self._loaded = ""

    def close(self) -> None:
        """Ends session and own server."""
        self._open.close()
        self._session, self._loaded = None, ""

    def session(self) -> Session:
        """The session, opened when it is first needed."""
        if self._session is None:
            end = self.endpoint
            host, port = self._open.enter_context(server_at(end.host, end.port, end.standin))
            self._session = self._open.enter_context(Session(SessionConfig(host, port, end.timeout_s, self.suite.dt_s)))
        return self._session

    def drive_road(self, road: Road, index: int) -> Iterator[tuple[dict[str, Any], Columns, float]]:
        """The results of one road's routes, in order."""
        for number, route in enumerate(routes_of(self.suite, road)):
            weather = self.suite.weathers[(index + number) % len(self.suite.weathers)]
            folder = None if self.out is None else self.out / ROUTES / route.name
            trace = self._kept(folder)
            if trace is None:
                trace = self._tried(road, route, weather, folder)
            row = self._row(trace, route, road, weather)
            how = f"{row['departures']} departures, {row['mean_abs_lateral_m']:.3f} m off centre, {row['end_reason']}"
            self.tell(f"{row['name']} ({weather}): {row['km']:.2f} km, {how}")
            yield row, trace.columns, float(trace.meta["route_length_m"])

    def _kept(self, folder: Path | None) -> Trace | None:
        if folder is None or not (folder / "trace.json").is_file():
            return None
        trace = Trace.load(folder)
        return trace if trace.meta.get("evaluation_key") == self.key else None

    def _tried(self, road: Road, route: Route, weather: str, folder: Path | None) -> Trace:
        for attempt in range(TRIES):
            try:
                return self._driven(road, route, weather, folder)
            except SimulatorError as error:
                self.close()
                if attempt + 1 == TRIES:
                    raise SimulatorError(f"route {route.name} failed {TRIES} times; the last time: {error}") from error
                self.tell(f"{route.name}: {error}; trying again ({attempt + 2} of {TRIES})")
        raise AssertionError

    def _driven(self, road: Road, route: Route, weather: str, folder: Path | None) -> Trace:
        session = self.session()
        if self._loaded != road.name:
            session.load_opendrive(road.name, road.opendrive)
            self._loaded = road.name
        session.set_weather(PRESETS[weather])
        camera = self.suite.camera or CameraSpec()
        ego = session.spawn_ego(route.pose_at(0.0), camera)
        plan = DriveConfig(self.suite.max_speed_mps, self.suite.departure_m, 0.0, self.suite.route_length_m, None, self.suite.seed)
        try:
            with contextlib.ExitStack() as open_:
                movie = [] if folder is None else [open_.enter_context(CameraMovie(folder / CAMERA_MOVIE, self.suite.dt_s))]
                trace = drive(session, ego, route, self.driver, plan, movie)
        finally:
            ego.destroy()
        trace.meta |= {"map": road.name, "weather": weather, "camera": asdict(camera), "evaluation_key": self.key}
        if folder is not None:
            trace.save(folder)
        return trace

    def _row(self, trace: Trace, route: Route, road: Road, weather: str) -> dict[str, Any]:
        measures = measure(trace.columns, float(trace.meta["route_length_m"])).as_dict()
        about = {"name": route.name, "map": road.name, "weather": weather, "length_m": trace.meta["route_length_m"]}
        return about | {"end_reason": trace.meta["end_reason"]} | measures


def _summary(suite: SuiteConfig, driver: Driver, done: list[tuple[dict[str, Any], Columns, float]]) -> dict[str, Any]:
    return {
        "suite": suite.name,
        "seed": suite.seed,
        "driver": driver.name,
        "departure_rule": f"more than {suite.departure_m:g} m from the centre line; put back on it two seconds of driving further on",
        "overall": combine([(columns, length) for _, columns, length in done]).as_dict(),
        "routes": [row for row, _, _ in done],
    }


def _write(path: Path, summary: Mapping[str, Any]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(f".{path.name}")
    partial.write_text(json.dumps(summary, indent=1))
    partial.replace(path)
