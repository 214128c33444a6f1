"""The description of a saved policy as JSON: policy.json of a checkpoint, or the metadata of an exported model. PyTorch is not needed.

It contains the name of the format, "config" (the values of a `PolicyConfig`, the wiring in full), "neurons" (names, roles, edges), and "extra" with
what the trainer added, such as the car that ties curvature to steer.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from perception.errors import ConfigError

FORMAT = "liquidlane policy 1"


def parse_description(text: str, where: Path | str) -> dict[str, Any]:
    """Parse the description in `text`, which comes from `where`. Raises ConfigError when it is broken or of another format."""
    try:
        description = json.loads(text)
    except ValueError as error:
        raise ConfigError(f"{where} is not JSON ({error}): the checkpoint is broken, take another one") from error
    if not isinstance(description, dict) or description.get("format") != FORMAT:
        raise ConfigError(f"{where} does not have the format '{FORMAT}': it was written by another program or version")
    for part in ("config", "neurons"):
        if not isinstance(description.get(part), dict):
            raise ConfigError(f"{where} has no '{part}': the checkpoint is broken, take another one")
    return description
