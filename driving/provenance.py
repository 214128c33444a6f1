"""The origin of a result: commit, machine, versions."""

from __future__ import annotations

import os
import platform
import subprocess
from importlib import metadata
from pathlib import Path

PACKAGES = ("torch", "lightning", "numpy", "numba", "opencv-python-headless", "carla", "av", "pyarrow", "rerun-sdk")
REPOSITORY = Path(__file__).resolve().parents[1]


def read_commit(repository: Path = REPOSITORY) -> str:
    """Return the checkout's commit and whether tracked files differ from it. Without a git history the text says so."""
    try:
        head = _run_git(repository, "rev-parse", "--short=12", "HEAD")
        changed = _run_git(repository, "status", "--porcelain", "--untracked-files=no")
    except (OSError, subprocess.CalledProcessError):
        return "unknown (not a git checkout)"
    return f"{head} with local changes" if changed else head


def read_hardware() -> dict[str, str]:
    """Return the processor, the number of cores that this process may use, the memory, and the system."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    return {"processor": _read_processor(), "cores": str(cores), "memory": _read_memory(), "system": f"{platform.system()} {platform.release()}"}


def read_versions() -> dict[str, str]:
    """Return the versions of Python and of the packages; a package that is missing is "not installed"."""
    found = {"python": platform.python_version()}
    for name in PACKAGES:
        try:
            found[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            found[name] = "not installed"
    return found


def _run_git(repository: Path, *words: str) -> str:
    return subprocess.run(["git", "-C", str(repository), *words], capture_output=True, text=True, check=True).stdout.strip()


def _read_processor() -> str:
    cpuinfo = Path("/proc/cpuinfo")
    if cpuinfo.is_file():
        for line in cpuinfo.read_text().splitlines():
            if line.startswith("model name"):
                return line.split(":", 1)[1].strip()
    return platform.processor() or platform.machine()


def _read_memory() -> str:
    if not hasattr(os, "sysconf") or "SC_PHYS_PAGES" not in os.sysconf_names:
        return "unknown"
    return f"{os.sysconf('SC_PHYS_PAGES') * os.sysconf('SC_PAGE_SIZE') / 2**30:.1f} GiB"
