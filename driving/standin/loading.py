"""When the next episode begins after `load_new_episode`: CARLA answers the call first, and opens the level at a later tick.

The stock client relies on this. After the answer it closes its snapshot stream, asks for the episode, subscribes again, and ticks if the world
is synchronous. It must see the new episode's first snapshot on the new subscription. There the snapshot makes its TrafficManager read the new
map. On the old subscription it would make the TrafficManager use an episode that the client's main thread is just deleting, which ends the
process.

Between the load and the opening the old world stands still, as in CARLA. A message of an old sensor would do the same harm.

A TrafficManager that has just become synchronous may still be busy in its own thread, with calls on the same connection. So while one is
registered the answer waits until no call comes.
"""

from __future__ import annotations

import time

from driving.standin.episode.state import Episode
from driving.standin.wire.rpc import OK_VOID, Later

QUIET_S = 0.05  # without a call; a client's thread needs less between two calls
LONGEST_QUIET_S = 1.0  # an asynchronous TrafficManager never stops to call
OPENING_S = 1.0  # after the answer the level opens even if no client asks for the episode


class Loading:
    """The episode that has been loaded and has not begun."""

    def __init__(self) -> None:
        self._episode: Episode | None = None
        self._reply: Later | None = None  # not sent yet
        self._since_s = self._called_s = 0.0  # monotonic clock: when the map was loaded, or answered for; the last call
        self._asked = False  # whether a client has asked for the episode since the answer

    def start(self, episode: Episode, patiently: bool) -> Later | None:
        """Keep an episode until it may begin. Returns the reply if it is to wait."""
        if self._reply is not None:
            self._reply.finish(OK_VOID)  # an earlier load: its map is not opened any more
        self._episode, self._asked = episode, False
        self._since_s = self._called_s = time.monotonic()
        self._reply = Later(holds_calls=False) if patiently else None
        return self._reply

    def note_call(self) -> None:
        """Note that a call has been served."""
        if self._reply is not None:
            self._called_s = time.monotonic()

    def note_asked(self) -> None:
        """Note that a client asks for the episode, and so has left the old one."""
        self._asked = self._reply is None

    def reply_when_due(self) -> float | None:
        """Send the reply once no call comes. Returns after how many seconds to try again, None for no reply."""
        if self._reply is None:
            return None
        now = time.monotonic()
        wait_s = min(self._called_s + QUIET_S, self._since_s + LONGEST_QUIET_S) - now
        if wait_s <= 0.0:
            reply, self._reply = self._reply, None
            self._since_s = now
            reply.finish(OK_VOID)
            return None
        return wait_s

    def is_closed(self) -> bool:
        """Return whether the world stands still: a map is loaded and may not open yet."""
        return self._episode is not None and not self._asked

    def may_open(self) -> bool:
        """Return whether a tick may open the level."""
        return self._episode is not None and self._asked

    def is_overdue(self) -> bool:
        """Return whether the level must open without a tick, because no client has asked for the episode."""
        return self._episode is not None and self._reply is None and time.monotonic() - self._since_s > OPENING_S

    def take(self) -> Episode | None:
        """Return the episode, once."""
        episode, self._episode = self._episode, None
        return episode
