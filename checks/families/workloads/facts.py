"""The texts that the checks of computes share."""

from __future__ import annotations

import pandas as pd

from checks.contract.isolation import DISABLED
from checks.contract.three_valued import says

NOT_MANAGED = "The compute is neither a compute cluster nor a compute instance."
TYPE_UNKNOWN = "or the compute's type, was not reported or is an unknown word."
MODE_UNKNOWN = "or the compute's type or its workspace's isolation mode, was not reported."


def why_not_isolated(computes: pd.DataFrame, mode: pd.Series) -> pd.Series:
    """Per compute why a check of managed computes under isolation does not apply."""
    reason = pd.Series(NOT_MANAGED, index=computes.index, dtype="string")
    return reason.mask(says(mode, DISABLED).fillna(value=False), "The managed network is off.")


def or_none(column: pd.Series) -> pd.Series:
    """A column in words: "none" where it is empty, "not reported" where it is `<NA>`."""
    return column.mask(column.eq("").fillna(value=False), "none").fillna("not reported")
