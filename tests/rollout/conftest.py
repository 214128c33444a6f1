"""Fixtures of the loop's tests."""

from tests.rollout.world import session_fixture as session

__all__ = ["session"]
