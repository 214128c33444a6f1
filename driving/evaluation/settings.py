"""What an evaluation was asked to drive, kept beside its results so that its drives can be made again."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path

from jsonargparse import ArgumentParser

from driving.evaluation.drive_task import DriverReference
from driving.evaluation.suite import SuiteConfig
from driving.quantities import UserError
from policy.whole_file import write_text

SETTINGS = "settings.json"


def write_settings(folder: Path, driver: DriverReference, suite: SuiteConfig) -> None:
    """Write who drives, and what. Paths become absolute, so that they hold wherever the file is read."""
    named = asdict(driver) | {"checkpoint": None if driver.checkpoint is None else str(driver.checkpoint.absolute())}
    values = asdict(suite) | {"maps": [str(path.absolute()) for path in suite.maps]}
    write_text(folder / SETTINGS, json.dumps({"driver": named, "suite": values}, indent=1, default=str))


def read_settings(folder: Path) -> tuple[DriverReference, SuiteConfig]:
    """Read who drove, and what. Raises UserError where they are not there, or where its policy or maps are gone."""
    try:
        settings = json.loads((folder / SETTINGS).read_text(encoding="utf-8"))
    except (FileNotFoundError, NotADirectoryError) as error:
        raise UserError(f"{folder} holds no {SETTINGS}: give a folder that scripts/evaluate.py wrote, or evaluate again") from error
    except ValueError as error:
        raise UserError(f"{folder / SETTINGS} cannot be read ({error}): evaluate again") from error
    parser = ArgumentParser(exit_on_error=False)
    parser.add_class_arguments(DriverReference, "driver")
    parser.add_class_arguments(SuiteConfig, "suite")
    made = parser.instantiate(parser.parse_object(settings))
    return made.driver, made.suite
