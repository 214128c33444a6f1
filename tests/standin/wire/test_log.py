"""A client that does the same thing for ever costs the server neither its log nor a core."""

from __future__ import annotations

import time
from pathlib import Path

import carla
import pytest

from driving.standin.wire import log
from tests.standin.conftest import Spawn, ours
from tests.standin.servers import Server
from tests.standin.wire.raw_client import RawClient

TICKS_PER_S = 100.0


def cpu_s(process: int) -> float:
    """Return the processor time that a process has used."""
    return sum(map(int, Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[11:13])) / TICKS_PER_S


def test_lines_of_one_kind_are_written_once_and_counted_at_the_end_of_the_period(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    kept = log.Log()
    for number in range(1000):
        kept.write(f"closed 127.0.0.1:{number}: no stream {number}")
    kept.write("another line")
    kept.tell_counts()
    assert capsys.readouterr().err.splitlines() == ["standin: closed 127.0.0.1:0: no stream 0", "standin: another line"]
    monkeypatch.setattr(log, "PERIOD_S", -1.0)
    kept.tell_counts()
    assert capsys.readouterr().err.splitlines()[0].startswith("standin: 999 more within")
    kept.write("another line")
    assert capsys.readouterr().err == "standin: another line\n"


def test_invented_names_fill_neither_log_nor_memory(capsys: pytest.CaptureFixture[str]) -> None:
    kept = log.Log()
    for number in range(1000):
        kept.write("called " + "".join(chr(97 + number // 26**place % 26) for place in range(3)))
    assert len(capsys.readouterr().err.splitlines()) <= log.MOST_KINDS + 1


def lines_of(server: Server) -> list[str]:
    """Return the server's lines without those that count what earlier tests have caused: a period may end at any time."""
    return [line for line in server.log.read_text().splitlines() if " more within " not in line]


@ours
def test_a_sensor_destroyed_by_another_reference_costs_a_line_and_no_core(server: Server, world: carla.World, spawn: Spawn) -> None:
    sensors = [spawn("sensor.other.collision") for _ in range(3)]
    for sensor in sensors:
        sensor.listen(lambda event: None)
    world.tick()
    lines, server_s, own_s = len(lines_of(server)), cpu_s(server.process.pid), time.process_time()
    for sensor in sensors:
        assert world.get_actors().find(sensor.id).destroy()
    time.sleep(2.0)
    assert len(lines_of(server)) - lines <= 2  # one kind, in one period or two
    assert cpu_s(server.process.pid) - server_s < 0.5
    assert time.process_time() - own_s < 0.5
    for sensor in sensors:
        sensor.stop()
    assert world.tick() > 0


@ours
def test_calls_that_are_not_served_or_not_understood_are_refused_each_time_and_logged_once(server: Server) -> None:
    raw, lines = RawClient(server.host, server.port), len(lines_of(server))
    for _ in range(200):
        with pytest.raises(RuntimeError, match="not served"):
            raw.call("fly_away")
        with pytest.raises(RuntimeError, match="not understood"):
            raw.call("destroy_actor", "all", "of", "them")
    raw.close()
    assert len(lines_of(server)) - lines <= 4  # two kinds, in one period or two
