"""Garbage collection that does not look for garbage where there is none."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager

_THRESHOLD = 50_000


@contextmanager
def lasting() -> Iterator[None]:
    """What is imported meanwhile is never garbage, so no collection looks at it, then or later.

    A scan makes so many objects that looking through a thousand modules again and again is an eighth of its
    CPU time (docs/performance.md). They live until it ends, so afterwards a collection is worth its while
    after fifty thousand new ones, not after seven hundred.
    """
    gc.disable()
    try:
        yield
    finally:
        gc.freeze()
        gc.set_threshold(_THRESHOLD)
        gc.enable()
