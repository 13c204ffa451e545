"""Which keys count: not those typed ahead, not those pasted, not those of somebody who is still typing something else."""

from __future__ import annotations

from collections.abc import Sequence

from guard.terminal.keys import DOWN, END, HOME, PAGE_DOWN, PAGE_UP, UP, Key, Noise, Token

SETTLE_SECONDS = 0.03
SCROLLS = frozenset({UP, DOWN, PAGE_UP, PAGE_DOWN, HOME, END, "j", "k", "g", "G", " "})


class Patience:
    """The half second after a card is drawn, and the moment in which a key must stay alone. No clock: times are handed in.

    A card starts deaf and hears only after ``guard`` seconds without any key: whoever is typing has not read it. A key that
    answers counts when it came alone and nothing follows at once; two at a time are a paste, and start the wait again.
    """

    __slots__ = ("_candidate", "_deaf_until", "_guard", "_settles_at", "ready")

    def __init__(self, guard: float) -> None:
        self._guard = guard
        self._deaf_until = float("inf")
        self._candidate: Key | None = None
        self._settles_at = 0.0
        self.ready = False

    def restart(self, now: float) -> None:
        """A card was drawn."""
        self.ready, self._candidate = False, None
        self._deaf_until = now + self._guard

    def stop(self) -> None:
        """No card can be seen: nothing counts until ``restart``."""
        self.ready, self._candidate = False, None
        self._deaf_until = float("inf")

    def take(self, tokens: Sequence[Token], now: float) -> tuple[Key, ...]:
        """Take all tokens of one read; return the keys that count at once (those that only scroll)."""
        keys = [token for token in tokens if isinstance(token, Key | Noise)]
        if not keys:
            return ()
        if not self.ready:
            self._deaf_until = max(self._deaf_until, now + self._guard)
            return ()
        scrolling = tuple(key for key in keys if isinstance(key, Key) and key.name in SCROLLS)
        if len(scrolling) == len(keys) and self._candidate is None:
            return scrolling
        if len(keys) > 1 or self._candidate is not None or isinstance(keys[0], Noise):
            self._interrupted(keys, now)
            return ()
        self._candidate, self._settles_at = keys[0], now + SETTLE_SECONDS
        return ()

    def _interrupted(self, keys: Sequence[Token], now: float) -> None:
        """Something that is no single key. One piece of noise (the mouse) is nothing; more is text that was not meant for us."""
        if len(keys) > 1 or self._candidate is not None:
            self.restart(now)

    def tick(self, now: float) -> Key | None:
        """Time has passed, and all that was typed before ``now`` has been taken. Return the key that has come to count."""
        if not self.ready and now >= self._deaf_until:
            self.ready = True
        if self._candidate is not None and now >= self._settles_at:
            key, self._candidate = self._candidate, None
            return key
        return None

    def deadline(self) -> float:
        """When ``tick`` has something to do (infinite: never)."""
        if self._candidate is not None:
            return self._settles_at
        return float("inf") if self.ready else self._deaf_until
