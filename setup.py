"""Builds the CPU kernel beside the Python code; everything else is in pyproject.toml. Without a compiler the installation goes on without it."""

from __future__ import annotations

import sys
from pathlib import Path

from setuptools import Extension, setup
from setuptools.command.bdist_wheel import bdist_wheel
from setuptools.command.build_ext import build_ext

KERNELS = Path("policy/kernels/cpu")
# No -ffast-math: it spoils the exponential, see ltc_register.h. No -march: lane widths carry their own targets and are chosen at run time.
FLAGS = ["-std=c++17", "-O3", "-fno-math-errno", "-fno-trapping-math", "-fno-signed-zeros", "-ffp-contract=fast"]
# Keeps the registers of a tile in turns, so that they hide one another's latency.
FLAGS += ["-fno-tree-ter", "-fschedule-insns", "-fsched-pressure"]
FLAGS += ["-fvisibility=hidden", "-pthread", "-g0"]
QUIET = ["-Wno-psabi", "-Wno-maybe-uninitialized", "-Wno-uninitialized"]


class BuildKernel(build_ext):
    """A library for ctypes, not an extension module: one file name for every Python, and no module initialiser."""

    def get_ext_filename(self, fullname: str) -> str:
        return str(Path(*fullname.split("."))) + (".dll" if sys.platform == "win32" else ".so")

    def get_export_symbols(self, ext: Extension) -> list[str]:
        return ext.export_symbols


class PlatformWheel(bdist_wheel):
    """The library depends on the platform, not on the Python: one wheel serves them all."""

    def get_tag(self) -> tuple[str, str, str]:
        return "py3", "none", super().get_tag()[2]


kernel = Extension(
    "policy.kernels.cpu.libltc",
    sources=[str(KERNELS / "ltc.cpp")],
    depends=[str(path) for path in sorted(KERNELS.glob("*.h"))],
    extra_compile_args=FLAGS + QUIET,
    extra_link_args=["-pthread"] + ([] if sys.platform == "win32" else ["-s"]),
    language="c++",
    optional=True,
)
setup(ext_modules=[kernel], cmdclass={"build_ext": BuildKernel, "bdist_wheel": PlatformWheel})
