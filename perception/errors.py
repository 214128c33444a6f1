"""The error for a mistake in what a user wrote, which `perception` and `policy` raise and every command prints as one line."""

from __future__ import annotations


class ConfigError(ValueError):
    """A mistake in a configuration or in a file that the user can mend: what was expected, what was got, and the remedy."""
