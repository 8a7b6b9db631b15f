"""Folders that tests read."""

from __future__ import annotations

from pathlib import Path

ROOT = Path(__file__).parents[2]
"""The checkout."""

DATA = ROOT / "tests" / "data"
"""Files written for the tests and reviewed with them."""

SHARED = ROOT.parent / "shared"
"""Recorded bodies beside the checkout. A test that reads them skips without them and names the reason."""
