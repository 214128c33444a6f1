"""Runs a command in its own network namespace. The client's traffic manager needs one, because it opens a port on all interfaces."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys

import pytest

from tests.standin.servers import ROOT

LONGEST_S = 200.0
ISOLATED = ["unshare", "-rn", "sh", "-c", 'ip link set lo up && exec "$@"', "sh"]


def run_isolated(*command: object) -> str:
    """Run a Python command in a network namespace that has only a loopback device, and return what it prints.

    Skips the test where this machine does not allow such a namespace. The client's traffic manager has hung in one of about forty runs, with all
    threads in its library. So a command that does not end within LONGEST_S runs once more, and a line says so.
    """
    if not (shutil.which("unshare") and shutil.which("ip")):
        pytest.skip("needs unshare and ip to make a network namespace")
    if subprocess.run([*ISOLATED, "true"], capture_output=True, check=False).returncode:
        pytest.skip("this machine does not let users make network namespaces")
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    words = [*ISOLATED, sys.executable, *map(str, command)]
    try:
        done = subprocess.run(words, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=LONGEST_S, check=False)
    except subprocess.TimeoutExpired:
        print(f"{command[1]} did not end within {LONGEST_S:.0f} s, and runs once more", file=sys.stderr)
        done = subprocess.run(words, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=LONGEST_S, check=False)
    assert done.returncode == 0, done.stderr[-3000:]
    return done.stdout
