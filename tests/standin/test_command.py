"""The server's command line on systems that cannot run it."""

from __future__ import annotations

import subprocess
import sys

import pytest

from tests.standin.servers import ROOT

ELSEWHERE = """
import platform, select, sys
platform.system = lambda: {system!r}
del select.epoll
sys.argv = ["standin", "--port", "0"]
from driving.standin.command import main
raise SystemExit(main())
"""


@pytest.mark.parametrize("system", ["Darwin", "Windows"])
def test_on_a_system_other_than_linux_the_server_names_the_remedy_in_one_line(system: str) -> None:
    command = [sys.executable, "-c", ELSEWHERE.format(system=system)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 2
    (line,) = done.stderr.splitlines()
    assert line.startswith(f"error: the stand-in server needs Linux (it waits for its sockets with epoll) and this is {system}: ")
    assert "container" in line
    assert "--host and --port" in line
    assert done.stdout == ""
