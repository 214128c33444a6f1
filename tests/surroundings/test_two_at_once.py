"""Two processes in one folder: the second is refused with the name of the first, and a dead holder's lock is free."""

from __future__ import annotations

import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import numpy as np
import pytest

from driving.folder_lock import LOCK, FolderInUseError, lock_folder
from driving.logs.keys import IMAGE
from driving.logs.reader import Log
from driving.training.cache import load_images, locate_cache
from perception.transform import CameraTransformConfig
from policy.whole_file import replace_whole, write_text
from tests.shared_data import REPOSITORY
from tests.surroundings.small_disks import python, refusal
from tests.training.logs import write_log

HOLD = """
import sys
from pathlib import Path
from driving.folder_lock import lock_folder
with lock_folder(Path(sys.argv[1])):
    print("held", flush=True)
    sys.stdin.read()
"""
FILL = """
import sys
from pathlib import Path
from driving.logs.keys import IMAGE
from driving.logs.reader import Log
from driving.training.cache import load_images
from perception.transform import CameraTransformConfig
images = load_images(Log(Path(sys.argv[1])), IMAGE, CameraTransformConfig(24, 48))
print(sum(int(one.sum()) for one in images.values()))
"""
SMALL = CameraTransformConfig(24, 48)


def start(program: str, *words: object) -> subprocess.Popen[str]:
    command = [sys.executable, "-c", program, *map(str, words)]
    return subprocess.Popen(command, cwd=REPOSITORY, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


@contextmanager
def holder(folder: Path) -> Iterator[subprocess.Popen[str]]:
    """Give a process that holds the lock of a folder."""
    with start(HOLD, folder) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "held\n"
        try:
            yield process
        finally:
            process.kill()


def test_a_run_that_trains_is_not_replaced_by_a_second_training(log: Path, tmp_path: Path) -> None:
    write_text(tmp_path / "run" / "checkpoint" / "policy.json", "{}")
    words = ("scripts/train.py", "fit", "--data.log", log, "--out", tmp_path / "run", "--existing", "replace")
    with holder(tmp_path / "run") as process:
        line = refusal(python(*words))
    assert f"{tmp_path / 'run'} is in use by process {process.pid} on " in line
    assert "wait until it ends" in line
    assert (tmp_path / "run" / "checkpoint" / "policy.json").is_file()


@pytest.mark.parametrize("name", ["view", "report", "evaluate", "record", "import"])
def test_every_command_that_writes_into_a_folder_takes_its_lock(name: str, log: Path, run: Path, tmp_path: Path) -> None:
    (tmp_path / "drive_log.csv").touch()
    out = tmp_path / "out"
    words: dict[str, tuple[object, ...]] = {
        "view": ("scripts/view.py", "--checkpoint", run, "--log", log, "--out", out),
        "report": ("scripts/report.py", "--log", log, "--out", out),
        "evaluate": ("scripts/evaluate.py", "--driver", "expert", "--out", out),
        "record": ("scripts/record.py", "--out", out),
        "import": ("scripts/import_logs.py", "lerobot", log, out, "--steer", "action:steer", "--steer_positive", "right"),
    }
    with holder(out) as process:
        line = refusal(python(*words[name]))
    assert f"process {process.pid} on " in line


def test_a_killed_holders_lock_is_free_and_its_file_does_not_count(tmp_path: Path) -> None:
    with holder(tmp_path / "out") as process:
        with pytest.raises(FolderInUseError, match=rf"process {process.pid} on .* \(-c .*, since 20"), lock_folder(tmp_path / "out"):
            pass
        process.send_signal(signal.SIGKILL)
        process.wait()
    assert (tmp_path / "out" / LOCK).exists()
    with lock_folder(tmp_path / "out"):
        pass
    assert not (tmp_path / "out" / LOCK).exists()


def test_what_was_made_for_the_lock_alone_is_removed(tmp_path: Path) -> None:
    with lock_folder(tmp_path / "a" / "b"):
        pass
    assert not (tmp_path / "a").exists()
    with lock_folder(tmp_path / "a" / "b"):
        (tmp_path / "a" / "b" / "result").touch()
    assert [path.name for path in (tmp_path / "a" / "b").iterdir()] == ["result"]


def test_two_trainings_fill_one_image_cache_together(tmp_path: Path) -> None:
    root = write_log(tmp_path / "log", [40, 30, 20])
    processes = [start(FILL, root) for _ in range(3)]
    sums = {process.communicate()[0] for process in processes}
    images = load_images(Log(root), IMAGE, SMALL)
    assert sums == {f"{sum(int(np.asarray(one).sum()) for one in images.values())}\n"}
    assert {path.suffix for path in locate_cache(root, None).rglob("*") if path.is_file()} == {".npy"}


def test_a_cut_file_of_the_image_cache_is_decoded_again(tmp_path: Path) -> None:
    root = write_log(tmp_path / "log", [20, 15])
    whole = {number: np.array(images) for number, images in load_images(Log(root), IMAGE, SMALL).items()}
    first, second = sorted(locate_cache(root, None).rglob("*.npy"))
    first.write_bytes(first.read_bytes()[:5000])
    second.write_bytes(b"")
    assert all((np.asarray(images) == whole[number]).all() for number, images in load_images(Log(root), IMAGE, SMALL).items())


def test_a_partial_file_belongs_to_one_process_and_goes_when_that_has_ended(tmp_path: Path) -> None:
    dead = subprocess.run([sys.executable, "-c", "import os; print(os.getpid())"], capture_output=True, text=True).stdout.strip()
    others = [tmp_path / f".result.{pid}.partial" for pid in (dead, 1)]
    for other in others:
        other.touch()
    with suppress(ZeroDivisionError), replace_whole(tmp_path / "result") as partial:
        partial.write_text("half")
        assert partial not in others
        raise ZeroDivisionError
    assert [path.name for path in tmp_path.iterdir()] == [others[1].name]
