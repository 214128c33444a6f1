"""What a saved policy says about itself, as JSON: policy.json of a checkpoint, the metadata of an exported model. Needs no PyTorch.

It has the format's name, "config" (the values of a `PolicyConfig`, the wiring in full), "neurons" (names, roles, edges), and "extra" with
what the trainer added, such as the car that ties curvature to steer.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from perception.errors import ConfigError

FORMAT = "liquidlane policy 1"


def parse_description(text: str, where: Path | str) -> dict[str, Any]:
    """The description in `text`; raises ConfigError, naming `where` it is from, when it is broken or of another format."""
    try:
        description = json.loads(text)
    except ValueError as error:
        raise ConfigError(f"{where} is not JSON ({error}): the checkpoint is broken, take another one") from error
    if not isinstance(description, dict) or description.get("format") != FORMAT:
        raise ConfigError(f"{where} is not of the format '{FORMAT}': it was written by another program or version")
    return description
