"""Garbage collection and threads around the imports of a scan."""

from __future__ import annotations

import gc
import os
import subprocess
import sys
from importlib import import_module
from pathlib import Path

import pytest

from scanner.cli.boundary import lasting


def test_garbage_is_collected_again_afterwards_whatever_happened() -> None:
    before = gc.get_threshold()
    try:
        with lasting():
            assert not gc.isenabled()
        assert gc.isenabled()
        with pytest.raises(ImportError), lasting():
            import_module("scanner.nowhere")
        assert gc.isenabled()
        assert gc.get_freeze_count() > 0
    finally:
        gc.set_threshold(*before)
        gc.unfreeze()


@pytest.mark.parametrize("before", [None, "2"])
def test_the_environment_is_as_it_was(before: str | None, monkeypatch: pytest.MonkeyPatch) -> None:
    name = "OPENBLAS_NUM_THREADS"
    if before is None:
        monkeypatch.delenv(name, raising=False)
    else:
        monkeypatch.setenv(name, before)
    threshold = gc.get_threshold()
    try:
        with lasting():
            assert os.environ[name] == "1"
        assert os.environ.get(name) == before
    finally:
        gc.set_threshold(*threshold)
        gc.unfreeze()


@pytest.mark.skipif(not Path("/proc/self/task").exists(), reason="threads are counted in /proc")
def test_numpy_starts_no_threads() -> None:
    script = "\n".join(
        [
            "from pathlib import Path",
            "from scanner.cli.boundary import lasting",
            "with lasting():",
            "    import numpy",
            "print(len(list(Path('/proc/self/task').iterdir())))",
        ]
    )
    told = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert told.stdout.strip() == "1"
