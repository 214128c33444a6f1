"""Training with --wandb true where Weights & Biases cannot be reached, does not answer, refuses the key, or goes away: it trains all the same."""

from __future__ import annotations

import http.server
import os
import shutil
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from driving.training import run_log
from driving.training.checkpoint import FOLDER
from tests.shared_data import REPOSITORY
from tests.standin.isolation import ISOLATED
from tests.training.logs import write_log

KEY = "0123456789abcdef" * 2 + "01234567"
SMALL = ["--data.window=8", "--data.batch_size=8", "--trainer.max_steps=1", "--trainer.accelerator=cpu", "--trainer.enable_progress_bar=false"]


def test_training_goes_on_offline_without_a_network_and_says_so_in_one_line(tmp_path: Path) -> None:
    if not (shutil.which("unshare") and shutil.which("ip")) or subprocess.run([*ISOLATED, "true"], capture_output=True, check=False).returncode:
        pytest.skip("this machine does not let users make network namespaces")
    words = [*ISOLATED, sys.executable, "scripts/train.py", "fit", "--config", "configs/train/scratch.yaml", "--wandb=true", *SMALL]
    log, run = write_log(tmp_path / "log", [30, 30]), tmp_path / "run"
    environment = {**os.environ, "WANDB_API_KEY": KEY, "HOME": str(tmp_path)}
    done = subprocess.run(
        [*words, "--data.log", str(log), "--out", str(run)], cwd=REPOSITORY, env=environment, capture_output=True, text=True, timeout=120, check=False
    )
    assert (done.returncode, done.stderr) == (0, "")
    told = [line for line in done.stdout.splitlines() if line.startswith("Weights & Biases is offline (")]
    assert len(told) == 1
    place = Path(told[0].rpartition("`wandb sync ")[2].rstrip("`"))
    assert list(place.glob("run-*.wandb"))
    assert (run / FOLDER).is_dir()


@contextmanager
def answering(status: int, body: bytes) -> Iterator[str]:
    """Give the address of a server that answers every request in the same way."""

    class Answer(http.server.BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            self.rfile.read(int(self.headers["Content-Length"]))
            self.send_response(status)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """Write nothing."""

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Answer) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()
            thread.join()


@pytest.mark.parametrize(
    ("status", "body", "reason"),
    [
        (401, b"", "refuses the key"),
        (500, b"", "answers with the error 500"),
        (200, b'{"data": {"viewer": null}}', "does not know the key"),
        (200, b"<html>a hotel's login page</html>", "cannot be reached"),
        (200, b'{"data": {"viewer": {"id": "me"}}}', None),
    ],
)
def test_a_server_that_does_not_accept_the_key_is_an_obstacle(status: int, body: bytes, reason: str | None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WANDB_API_KEY", KEY)
    with answering(status, body) as server:
        obstacle = run_log.find_obstacle(server)
    assert obstacle is None if reason is None else obstacle is not None and reason in obstacle


def test_a_server_that_never_answers_is_given_up_after_seconds(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WANDB_API_KEY", KEY)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        begun = time.monotonic()
        obstacle = run_log.find_obstacle(f"http://127.0.0.1:{silent.getsockname()[1]}")
        assert time.monotonic() - begun < run_log.ANSWER_S + 3.0
    assert obstacle is not None
