"""The page, its tables and its pictures as media of a Weights & Biases run, also offline."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import cv2
import numpy as np

from driving.reports.document import Document, Gallery, Picture, Table
from driving.training.run_log import end_wandb_log, make_wandb_log


def log_page(out: Path, page: str, document: Document) -> None:
    """Log a page to a new run whose files lie in `out`."""
    import wandb  # imported here, because the import takes a second

    log = make_wandb_log(out)
    try:
        media: dict[str, Any] = {"explain": wandb.Html(page, inject=False)}
        for section in document.sections:
            for block in section.blocks:
                if isinstance(block, Table):
                    media[section.title] = wandb.Table(columns=list(block.header), data=[list(row) for row in block.rows])
                elif isinstance(block, Gallery):
                    media |= {one.name: _make_medium(one) for one in block.pictures}
        log.experiment.log(media)
    finally:
        end_wandb_log(log)


def _make_medium(picture: Picture) -> Any:
    """Return a chart as a page, and a photograph as an image."""
    import wandb

    if picture.svg:
        return wandb.Html(picture.svg, inject=False)
    pixels: Any = cv2.imdecode(np.frombuffer(picture.jpeg, np.uint8), cv2.IMREAD_COLOR)
    return wandb.Image(cv2.cvtColor(pixels, cv2.COLOR_BGR2RGB), caption=picture.caption)
