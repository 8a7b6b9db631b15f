"""Rows of a frame as plain texts, for templates."""

from __future__ import annotations

from collections.abc import Iterator

import pandas as pd


def records(frame: pd.DataFrame) -> Iterator[dict[str, str]]:
    """One dictionary for each row, in order: column to text, "" where not reported."""
    names = [str(name) for name in frame.columns]
    columns = [frame[name].astype("string").fillna("").to_numpy(dtype=object).tolist() for name in names]
    return (dict(zip(names, row, strict=True)) for row in zip(*columns, strict=True))
