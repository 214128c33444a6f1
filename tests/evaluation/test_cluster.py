"""Evaluations on a Ray cluster of two nodes on this machine: one table, whoever drives, and a node that dies."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from driving.evaluation.drive_task import DriverReference
from driving.evaluation.runner import RunConfig, evaluate
from driving.evaluation.workers.ray_environment import LOCAL, prepare_environment
from driving.quantities import UserError
from perception.transform import CameraTransformConfig
from policy.network import DrivingPolicy, PolicyConfig, save_policy
from tests.evaluation.test_runner import Words, small_suite, table_of

prepare_environment(LOCAL)  # before Ray is imported
pytest.importorskip("ray", reason="Ray is not installed: pip install 'liquidlane[cluster]'")
NODE: dict[str, Any] = {"num_cpus": 1, "node_ip_address": "127.0.0.1", "include_dashboard": False, "object_store_memory": 100 << 20}


@pytest.fixture
def cluster() -> Iterator[Any]:
    from ray.cluster_utils import Cluster

    made = Cluster(initialize_head=True, head_node_args=NODE)
    try:
        made.add_node(**NODE)
        made.wait_for_nodes()
        yield made
    finally:
        made.shutdown()


def make_policy(folder: Path) -> DriverReference:
    save_policy(DrivingPolicy(PolicyConfig(transform=CameraTransformConfig(16, 32), target="curvature", scale=0.001)), folder)
    return DriverReference(checkpoint=folder)


@pytest.mark.filterwarnings("default")  # Ray's own warnings are not ours
def test_a_cluster_gives_the_table_of_one_machine_also_when_a_node_dies(cluster: Any, tmp_path: Path) -> None:
    policy = make_policy(tmp_path / "policy")
    suite, words = small_suite(1, 2, 3, 4), Words()
    here = evaluate(policy, suite, tmp_path / "here")
    other = cluster.worker_nodes.copy().pop()

    def end_node_in_a_drive() -> None:
        while not words.lines:
            time.sleep(0.05)
        cluster.remove_node(other, allow_graceful=False)

    killer = threading.Thread(target=end_node_in_a_drive, daemon=True)
    killer.start()
    there = evaluate(policy, suite, tmp_path / "there", RunConfig(workers=2, ray=cluster.address), words)
    killer.join()
    assert table_of(there) == table_of(here)
    assert any("1 of 2 servers are left" in line for line in words.lines)
    for name in ("trace.npz", "trace.json", "camera.mp4"):
        assert (tmp_path / "there" / "routes" / "track_3" / name).stat().st_size > 0


@pytest.mark.parametrize(("address", "message"), [("127.0.0.1:1", "no Ray cluster responds at 127.0.0.1:1"), ("head", "give host:port")])
def test_an_address_without_a_cluster_is_refused_at_once(tmp_path: Path, address: str, message: str) -> None:
    with pytest.raises(UserError, match=message):
        evaluate(DriverReference("expert"), small_suite(1), tmp_path, RunConfig(ray=address))
