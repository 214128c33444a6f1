"""The process that shows the drives of a live feed in Rerun's viewer, beside the process that drives.

Nothing here waits for it, so a viewer that is slow, or has ended, does not hold up the drive.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from driving.interrupts import OWNER
from driving.rollout.live_feed import FEED


@contextmanager
def run_live_viewer(folder: Path, checkpoint: Path, output: int | IO[str] | None = None) -> Iterator[subprocess.Popen[str]]:
    """Run the viewer of the feed in `folder`, with the policy of `checkpoint`, until the context ends. Then remove the feed.

    The viewer prints where it is to be seen, on this process's stdout, or on `output`. It ends with this process.
    """
    command = [sys.executable, "-m", "driving.viewer", "--live", str(folder), "--checkpoint", str(checkpoint)]
    environment = {**os.environ, OWNER: str(os.getpid())}
    # A session of its own: a terminal's Ctrl-C does not reach it, and it can have the lowest priority beside this process (driving/viewer/live.py).
    try:
        with subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=output, env=environment, start_new_session=True, text=True) as viewer:
            try:
                yield viewer
            finally:
                viewer.kill()
    finally:
        (folder / FEED).unlink(missing_ok=True)
