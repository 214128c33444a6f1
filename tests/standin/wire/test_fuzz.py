"""Ten thousand bad messages on both ports: the server neither dies, nor hangs, nor grows."""

from __future__ import annotations

import random
import socket
import struct
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgpack
import pytest

from tests.standin.servers import Server, serving, synchronous

CASES = 10_000
CALLS_PER_CONNECTION = 20
HUGE = (b"\xdd\xff\xff\xff\xff", b"\xc6\xff\xff\xff\xff", b"\xdb\x7f\xff\xff\xff", b"\xdf\xff\xff\xff\xff", b"\xc9\xff\xff\xff\xff\x01")
# Methods and what they take: (i)d, (v)ector, (t)ransform, (b)ool, (n)umber, te(x)t, (d)escription, (c)ontrol, (s)ettings, (k) commands, (w)eather.
METHODS = {
    "version": "",
    "get_episode_info": "",
    "get_sensor_token": "i",
    "get_episode_settings": "",
    "set_episode_settings": "s",
    "tick_cue": "",
    "get_map_info": "",
    "get_actors_by_id": "v",
    "spawn_actor": "dt",
    "spawn_actor_with_parent": "dtiix",
    "destroy_actor": "i",
    "get_actor_bounding_box": "i",
    "set_actor_transform": "it",
    "set_actor_location": "iv",
    "set_actor_target_velocity": "iv",
    "set_actor_target_angular_velocity": "iv",
    "enable_actor_constant_velocity": "iv",
    "add_actor_impulse": "iv",
    "add_actor_force": "iv",
    "add_actor_torque": "iv",
    "set_actor_simulate_physics": "ib",
    "set_actor_collisions": "ib",
    "apply_control_to_vehicle": "ic",
    "apply_ackermann_control_to_vehicle": "ic",
    "apply_physics_control": "ic",
    "get_physics_control": "i",
    "get_telemetry_data": "i",
    "get_wheel_steer_angle": "ii",
    "set_vehicle_light_state": "ii",
    "apply_batch": "kb",
    "set_weather_parameters": "w",
    "cast_ray": "vv",
    "project_point": "vvn",
    "load_new_episode": "xbi",
    "copy_opendrive_to_file": "x",
    "set_traffic_light_state": "ii",
    "freeze_all_traffic_lights": "b",
    "add_traffic_manager_running": "v",
    "no_such_method": "iv",
}


def anything(draw: random.Random, depth: int = 0) -> Any:
    """A value of any type, some of them near what calls take."""
    plain: list[Callable[[], Any]] = [
        lambda: None,
        lambda: draw.random() < 0.5,
        lambda: draw.randint(-5, 40),
        lambda: draw.choice([0, -1, 2**31, 2**32 - 1, 2**63 - 1, -(2**63)]),
        lambda: draw.uniform(-1e3, 1e3),
        lambda: draw.choice([float("nan"), float("inf"), -float("inf"), 1e308, 5e-324]),
        lambda: draw.choice(["", "vehicle.tesla.model3", "sensor.camera.rgb", "\udce4".encode("utf-8", "surrogatepass"), "x" * 300, "-1", "nan"]),
        lambda: draw.randbytes(draw.choice([0, 3, 24, 300])),
        lambda: [draw.uniform(-1e3, 1e3) for _ in range(3)],
        lambda: [[draw.uniform(-500, 500) for _ in range(3)], [draw.uniform(-400, 400) for _ in range(3)]],
        lambda: [draw.random(), draw.random(), draw.random(), False, False, False, draw.randint(-3, 9)],
        lambda: [draw.randint(0, 40), draw.choice(["vehicle.tesla.model3", "sensor.camera.rgb", "static.trigger.friction"]), []],
        lambda: [True, False, [True, draw.choice([0.05, -1.0, 1e9, 0.0])], True, 0.01, 10],
    ]
    if depth < 3 and draw.random() < 0.3:
        return [anything(draw, depth + 1) for _ in range(draw.randint(0, 6))]
    return draw.choice(plain)()


def number(draw: random.Random) -> float:
    """A number, often a harmless one."""
    return draw.choice([0.0, 1.0, draw.uniform(-400, 400), draw.uniform(-1e6, 1e6), 1e12, float("nan"), -float("inf")])


def fitting(draw: random.Random, kind: str) -> Any:
    """An argument of a kind (see METHODS), one time in eight something else."""
    if draw.random() < 0.125:
        return anything(draw)
    vector = [number(draw) for _ in range(3)]
    description = [1, draw.choice(["vehicle.tesla.model3", "sensor.other.imu", "static.trigger.friction", "vehicle.none"]), [["color", 5, "1,2,3"]]]
    makers: dict[str, Callable[[], Any]] = {
        "i": lambda: draw.randint(0, 60),
        "v": lambda: vector,
        "t": lambda: [vector, [draw.uniform(-400, 400) for _ in range(3)]],
        "b": lambda: draw.random() < 0.5,
        "n": lambda: number(draw),
        "x": lambda: draw.choice(["Nowhere", "<OpenDRIVE/>", "x" * 400] * 10 + ["", "track_0"]),
        "d": lambda: description,
        "c": lambda: [number(draw), number(draw), number(draw), False, draw.random() < 0.5, draw.random() < 0.5, draw.randint(-2, 9)],
        "s": lambda: [draw.random() < 0.5, False, [True, draw.choice([0.05, 0.0, -1.0, 2.0])], True, 0.01, 10],
        "k": lambda: [[[draw.randint(0, 22), [draw.randint(0, 60), vector]]] for _ in range(3)],
        "w": lambda: [number(draw) for _ in range(14)],
    }
    return makers[kind]()


def call(draw: random.Random) -> bytes:
    """A well-formed call whose arguments mostly fit the method."""
    method = draw.choice(list(METHODS))
    arguments = [fitting(draw, kind) for kind in METHODS[method]]
    if draw.random() < 0.05:
        arguments.append(anything(draw))
    return msgpack.packb([0, draw.randint(0, 2**32 - 1), method, [[draw.random() < 0.1], *arguments]], use_bin_type=True)


def rubbish(draw: random.Random) -> bytes:
    """Bytes that are no call: random, cut off, of huge lengths, deeply nested, of wrong shape."""
    kind = draw.randrange(6)
    if kind == 0:
        return draw.randbytes(draw.randint(1, 200))
    if kind == 1:
        whole = call(draw)
        return whole[: draw.randint(1, len(whole))]
    if kind == 2:
        return draw.choice(HUGE) + draw.randbytes(8)
    if kind == 3:
        return b"\x91" * draw.choice([100, 1025, 5000]) + b"\xc0"
    if kind == 4:
        return msgpack.packb(anything(draw), use_bin_type=True)
    whole = bytearray(call(draw))
    for _ in range(3):
        whole[draw.randrange(len(whole))] = draw.randrange(256)
    return bytes(whole)


def send(server: Server, port: int, *messages: bytes) -> None:
    """Sends over a connection of its own, reads a little of what comes, and hangs up, sometimes rudely."""
    with socket.create_connection((server.host, port), timeout=10.0) as connection:
        try:
            for message in messages:
                connection.sendall(message)
            connection.shutdown(socket.SHUT_WR)
            while connection.recv(1 << 16):
                pass
        except (ConnectionError, BrokenPipeError, OSError):
            pass


@pytest.fixture(scope="module")
def target(tmp_path_factory: pytest.TempPathFactory) -> Any:
    """A server of its own, because fuzzing changes its world."""
    with serving(tmp_path_factory.mktemp("fuzz"), "--track", 0) as server:
        yield server


def alive(server: Server) -> None:
    """Connects, drives a tick, and reads the log."""
    world = server.client().reload_world()
    synchronous(world)
    assert world.tick() > 0
    assert "Traceback" not in Path(server.log).read_text()


def test_no_bytes_on_the_rpc_port_hurt_the_server(target: Server) -> None:
    draw = random.Random(1)
    alive(target)
    before_mb = target.rss_mb
    for _ in range(CASES // 4):
        send(target, target.port, rubbish(draw))
    for _ in range(CASES // 2 // CALLS_PER_CONNECTION):
        send(target, target.port, *(call(draw) for _ in range(CALLS_PER_CONNECTION)))
    alive(target)
    assert target.rss_mb - before_mb < 60.0


def test_no_bytes_on_the_stream_port_hurt_the_server(target: Server) -> None:
    draw = random.Random(2)
    alive(target)
    before_mb = target.rss_mb
    for _ in range(CASES // 4):
        wrong = struct.pack("<I", draw.choice([0, 2, 7, 2**32 - 1])) + draw.randbytes(draw.randint(0, 4))
        send(target, target.port + 1, draw.choice([draw.randbytes(draw.randint(0, 60)), wrong, struct.pack("<I", 1) + b"x"]))
    alive(target)
    assert target.rss_mb - before_mb < 30.0


def test_bad_connections_are_logged_once_and_then_counted(tmp_path: Path) -> None:
    with serving(tmp_path, "--track", 0) as server:
        before = len(server.log.read_text().splitlines())
        for _ in range(20):
            send(server, server.port, b"\xc1" * 100)
        server.client().get_server_version()
        (line,) = server.log.read_text().splitlines()[before:]
        assert "closed 127.0.0.1" in line


def test_connections_that_say_nothing_do_not_block_others(target: Server) -> None:
    silent = [socket.create_connection((target.host, port)) for port in (target.port, target.port + 1) for _ in range(100)]
    alive(target)
    for connection in silent:
        connection.close()
