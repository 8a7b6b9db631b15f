"""Imports that garbage collection leaves alone."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def lasting() -> Iterator[None]:
    """What is imported meanwhile is never garbage, so no collection looks at it, then or later.

    A scan makes so many objects that looking through a thousand modules again and again is an eighth of its
    CPU time (docs/performance.md).
    """
    gc.disable()
    try:
        yield
    finally:
        gc.freeze()
        gc.enable()
