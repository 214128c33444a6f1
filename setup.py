"""Build the CPU kernels beside the Python code. Without a compiler the installation continues without them. All else is in pyproject.toml."""

from __future__ import annotations

import sys
from pathlib import Path

from setuptools import Extension, setup
from setuptools.command.bdist_wheel import bdist_wheel
from setuptools.command.build_ext import build_ext

KERNELS = Path("policy/kernels/cpu")
# No -ffast-math: it breaks the exponential, see ltc_register.h. No -march: each lane width has its own target and is chosen at run time.
FLAGS = ["-std=c++17", "-O3", "-fno-math-errno", "-fno-trapping-math", "-fno-signed-zeros", "-ffp-contract=fast"]
# These flags make the registers of a tile take turns, so that each hides the latency of the others.
FLAGS += ["-fno-tree-ter", "-fschedule-insns", "-fsched-pressure"]
FLAGS += ["-fvisibility=hidden", "-pthread", "-g0"]
QUIET = ["-Wno-psabi", "-Wno-maybe-uninitialized", "-Wno-uninitialized"]


class BuildKernel(build_ext):
    """The build of a library for ctypes. It is not an extension module: it has one file name for every Python, and no module initialiser."""

    def get_ext_filename(self, fullname: str) -> str:
        """Return the library's file name."""
        return str(Path(*fullname.split("."))) + (".dll" if sys.platform == "win32" else ".so")

    def get_export_symbols(self, ext: Extension) -> list[str]:
        """Return the exported symbols, without a module initialiser."""
        return ext.export_symbols


class PlatformWheel(bdist_wheel):
    """A wheel that depends on the platform, but not on the Python version."""

    def get_tag(self) -> tuple[str, str, str]:
        """Return the wheel's tag: any Python 3, this platform."""
        return "py3", "none", super().get_tag()[2]


libraries = [
    Extension(
        f"policy.kernels.cpu.lib{name}",
        sources=[str(KERNELS / f"{name}.cpp")],
        depends=[str(path) for path in sorted(KERNELS.glob(f"{name}_*.h"))],
        extra_compile_args=FLAGS + QUIET,
        extra_link_args=["-pthread"] + ([] if sys.platform == "win32" else ["-s"]),
        language="c++",
        optional=True,
    )
    for name in ("ltc", "convolutions")
]
setup(ext_modules=libraries, cmdclass={"build_ext": BuildKernel, "bdist_wheel": PlatformWheel})
