"""The cells by name, for the option `cell` of a config. To add a cell, write a file here and add a line to CELLS."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from policy.cell import Cell, make_config
from policy.cells.cfc import Cfc
from policy.cells.ct_gru import CtGru
from policy.cells.ct_rnn import CtRnn
from policy.cells.feed_forward import FeedForward
from policy.cells.hybrid import Hybrid
from policy.cells.ltc import Ltc
from policy.cells.spiking import Spiking
from policy.cells.torch_rnn import Gru, Lstm, Rnn
from policy.cells.transformer import Transformer
from policy.options import choose

CELLS: dict[str, type[Cell]] = {
    "ltc": Ltc,
    "cfc": Cfc,
    "ct_rnn": CtRnn,
    "rnn": Rnn,
    "lstm": Lstm,
    "gru": Gru,
    "ct_gru": CtGru,
    "feed_forward": FeedForward,
    "transformer": Transformer,
    "hybrid": Hybrid,
    "spiking": Spiking,
}


def make_cell(name: str, inputs: int, motors: int, options: Mapping[str, Any]) -> Cell:
    """Make the cell `name` over `inputs` features with `motors` outputs. Raises ConfigError for an unknown name or option."""
    cell = choose(CELLS, name, "cell")
    return cell(inputs, motors, make_config(cell, dict(options)))
