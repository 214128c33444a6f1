"""Navigation commands: what a driver is to do at the next junction.

Codevilla et al. 2018, "End-to-end driving via conditional imitation learning".
"""

from __future__ import annotations

from enum import IntEnum


class Command(IntEnum):
    """One command. A policy with the option `command` gets it as four further inputs of its cell, of which one is 1 and the others are 0."""

    FOLLOW = 0  # the lane; no junction is near
    LEFT = 1
    STRAIGHT = 2
    RIGHT = 3


COMMAND_NAMES = tuple(command.name.lower() for command in Command)
