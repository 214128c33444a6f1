"""On a full disk every command ends in one line with the remedy, and what it finished before is whole."""

from __future__ import annotations

from pathlib import Path

from driving.logs.doctor import examine
from driving.logs.reader import Log
from driving.logs.writer import LogWriter
from driving.video import read_frames
from policy.network import load_policy
from tests.logs.drives import FEATURES, FPS, record
from tests.surroundings.small_disks import python, python_on_small_disk, refusal

TRAIN = ("scripts/train.py", "fit", "--trainer.max_epochs=9", "--trainer.accelerator=cpu", "--trainer.enable_progress_bar=false")
SMALL = ("--data.window=8", "--data.batch_size=8", "--model.policy.transform.height_px=24", "--model.policy.transform.width_px=48")
TO_FULL_DISK = "import subprocess, sys; full = open('/dev/full', 'w')"
RECORD = """
import sys
from pathlib import Path
from driving.command import run
from driving.logs.writer import LogWriter
from tests.logs.drives import FEATURES, FPS, record
def main():
    with LogWriter(Path(sys.argv[1]), FEATURES, FPS) as writer:
        for seed in range(100):
            record(writer, 5, seed)
sys.exit(run(main))
"""
FILM = """
import sys
from pathlib import Path
from driving.command import run
from driving.video import VideoWriter
from tests.logs.drives import picture
def main():
    for count in range(1, 60):
        with VideoWriter(Path(sys.argv[1]) / "film.mp4", 48, 64, 10.0) as writer:
            for t in range(count):
                writer.write(picture(t))
        print(count, flush=True)
sys.exit(run(main))
"""


def test_a_recording_keeps_its_finished_episodes_and_goes_on_where_there_is_room(tmp_path: Path) -> None:
    done = python_on_small_disk("200k", tmp_path / "disk", kept := tmp_path / "kept", "-c", RECORD, tmp_path / "disk" / "log")
    line = refusal(done)
    assert "disk/log (No space left on device" in line
    assert "free space there" in line
    log = kept / "log"
    finished = len(Log(log).episodes)
    assert finished > 0
    assert not [path for path in log.rglob("*") if path.name in (".lock", ".unfinished")]
    with LogWriter(log, FEATURES, FPS) as writer:
        record(writer, 4)
    assert examine(log, decode_all=True) == []
    assert len(Log(log).episodes) == finished + 1


def test_a_movie_is_never_cut_in_silence(tmp_path: Path) -> None:
    done = python_on_small_disk("24k", tmp_path / "disk", kept := tmp_path / "kept", "-c", FILM, tmp_path / "disk")
    assert "film.mp4 (No space left on device" in refusal(done)
    assert [path.name for path in kept.iterdir()] == ["film.mp4"]
    assert len(list(read_frames(kept / "film.mp4"))) == int(done.stdout.split()[-1])


def test_the_image_cache_says_before_it_decodes_how_much_space_it_needs(log: Path, tmp_path: Path) -> None:
    words = (*TRAIN, *SMALL, "--data.log", log, "--out", tmp_path / "run", "--data.cache", tmp_path / "disk")
    line = refusal(python_on_small_disk("150k", tmp_path / "disk", tmp_path / "kept", *words))
    assert "needs 207 KB, and 15" in line
    assert "--data.cache" in line
    assert not list((tmp_path / "kept").iterdir())
    assert not (tmp_path / "run").exists()


def test_training_keeps_the_last_whole_policy(log: Path, tmp_path: Path) -> None:
    words = (*TRAIN, *SMALL, "--keep", "last", "--data.log", log, "--out", tmp_path / "disk" / "run")
    line = refusal(python_on_small_disk("500k", tmp_path / "disk", kept := tmp_path / "kept", *words))
    assert "disk/run/" in line
    assert "No space left on device" in line
    load_policy(kept / "run" / "checkpoint")
    assert not list((kept / "run").rglob("*.partial"))


def test_views_are_whole_or_missing(log: Path, run: Path, tmp_path: Path) -> None:
    words = ("scripts/view.py", "--checkpoint", run, "--log", log, "--out", tmp_path / "disk" / "view")
    line = refusal(python_on_small_disk("600k", tmp_path / "disk", kept := tmp_path / "kept", *words))
    assert "disk/view/drive.mp4 (No space left on device" in line
    assert [path.name for path in (kept / "view").iterdir()] == ["wiring.png"]


def test_an_output_that_is_piped_onto_a_full_disk_is_refused_too(log: Path) -> None:
    done = python("-c", f"{TO_FULL_DISK}; sys.exit(subprocess.call([sys.executable, 'scripts/doctor.py', {str(log)!r}], stdout=full))")
    assert "No space left on device" in refusal(done)
