"""Imports for the whole run: nobody looks for garbage among them, and they start nothing that is not used."""

from __future__ import annotations

import gc
import os
from collections.abc import Iterator
from contextlib import contextmanager

_THRESHOLD = 50_000
_BLAS_THREADS = "OPENBLAS_NUM_THREADS"


@contextmanager
def lasting() -> Iterator[None]:
    """What is imported meanwhile is never garbage, so no collection looks at it, then or later.

    A scan makes so many objects that looking through a thousand modules again and again is an eighth of its
    CPU time (docs/performance.md). They live until it ends, so afterwards a collection is worth its while
    after fifty thousand new ones, not after seven hundred.

    numpy starts a thread for every core, for linear algebra, of which there is none here: half of the time it
    takes to import it on two cores.
    """
    wanted = os.environ.get(_BLAS_THREADS)
    os.environ[_BLAS_THREADS] = "1"
    gc.disable()
    try:
        yield
    finally:
        gc.freeze()
        gc.set_threshold(_THRESHOLD)
        gc.enable()
        if wanted is None:
            del os.environ[_BLAS_THREADS]
        else:
            os.environ[_BLAS_THREADS] = wanted
