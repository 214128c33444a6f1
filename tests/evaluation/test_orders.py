"""Workers stay on their roads, so that each road's world is built by one server."""

import threading
from pathlib import Path

from driving.evaluation.drive_task import DriverReference
from driving.evaluation.suite import SuiteConfig
from driving.evaluation.tasks import make_tasks
from driving.evaluation.workers.drive_process import DriveJob
from driving.evaluation.workers.orders import Order, Orders


def _make_orders(out: Path) -> list[Order]:
    suite = SuiteConfig(families={"track": [1, 2, 3]}, weathers=["ClearNoon", "WetNoon"], every_weather=True, route_length_m=100.0)
    return [Order(DriveJob(task, DriverReference("expert"), out / task.name, "")) for task in make_tasks(suite)]


def test_each_worker_takes_the_drives_of_its_own_road_first(tmp_path: Path) -> None:
    orders = Orders()
    for order in _make_orders(tmp_path):
        orders.put(order)
    taken = []
    for worker in ("one", "two", "one", "two", "two", "one"):
        order = orders.take(worker)
        assert order is not None
        taken.append((worker, order.road))
    assert taken == [("one", "track_1"), ("two", "track_2"), ("one", "track_1"), ("two", "track_2"), ("two", "track_3"), ("one", "track_3")]


def test_a_worker_that_waits_gets_none_at_the_end(tmp_path: Path) -> None:
    orders, results = Orders(), list[Order | None]()
    thread = threading.Thread(target=lambda: results.append(orders.take("one")))
    thread.start()
    orders.close()
    thread.join(10.0)
    orders.put(_make_orders(tmp_path)[0])
    assert results == [None]
    assert orders.take("two") is None
