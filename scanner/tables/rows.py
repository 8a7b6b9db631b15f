"""A row of a table while the scan reads it."""

from __future__ import annotations

from typing import Any

Row = dict[str, Any]
"""The cells of a row by the name of their column, as `checks.contract` declares them. None is not reported."""
