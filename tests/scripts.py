"""Several scripts one after the other. Each has a process of its own, forked from one that has imported the large libraries already.

Their imports take seconds. A script's own imports are its own, and so are its arguments, its output and its exit status.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from tests.shared_data import REPOSITORY

FORK = """
import json, os, runpy, sys
folder, scripts, forbidden = sys.argv[1], json.loads(sys.argv[2]), json.loads(sys.argv[3])
sys.modules.update(dict.fromkeys(forbidden))  # importing one of them raises ImportError
import jsonargparse, lightning.pytorch, matplotlib, numba, pyarrow.parquet, scipy.stats, torch
for number, words in enumerate(scripts):
    child = os.fork()
    if child == 0:
        for name, stream in (("out", 1), ("err", 2)):
            os.dup2(os.open(f"{folder}/{number}.{name}", os.O_WRONLY | os.O_CREAT), stream)
        sys.argv = words
        runpy.run_path(words[0], run_name="__main__")
        sys.exit(0)
    print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), flush=True)
"""


class Finished(NamedTuple):
    """What became of one script."""

    status: int
    out: str
    err: str


def run_scripts(folder: Path, scripts: Sequence[Sequence[str | Path]], forbidden: Sequence[str] = ()) -> list[Finished]:
    """Run scripts with their arguments in the repository's folder. `forbidden` names modules that they cannot import.

    `folder` takes what they print.
    """
    folder.mkdir(parents=True, exist_ok=True)
    words = [str(folder), json.dumps([list(map(str, script)) for script in scripts]), json.dumps(list(forbidden))]
    done = subprocess.run([sys.executable, "-c", FORK, *words], cwd=REPOSITORY, capture_output=True, text=True, timeout=400, check=False)
    assert done.returncode == 0, done.stderr
    printed = [[(folder / f"{number}.{name}").read_text() for name in ("out", "err")] for number in range(len(scripts))]
    return [Finished(int(status), *texts) for status, texts in zip(done.stdout.split(), printed, strict=True)]
