"""Garbage collection around the imports of a scan."""

from __future__ import annotations

import gc
from importlib import import_module

import pytest

from scanner.lasting import lasting


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
