"""Facts that all CMP checks use: the kind of a compute, and whether it runs in a managed network."""

from __future__ import annotations

from typing import Final

import pandas as pd

from checks.contract.isolation import DISABLED, effective_mode
from checks.contract.tables import Tables
from checks.contract.three_valued import of_workspace, says

MANAGED_TYPES: Final = ("AmlCompute", "ComputeInstance")
"""What Azure Machine Learning runs itself: compute clusters and compute instances."""

UNSUPPORTED_TYPES: Final = ("Kubernetes", "AKS", "VirtualMachine")
"""Attached computes that no managed network covers; from "Managed virtual network", Limitations, 2026-11."""

OTHER_TYPES: Final = ("DataFactory", "HDInsight", "Databricks", "DataLakeAnalytics", "SynapseSpark")
"""The rest of the kinds that the contract names, as of api-version 2025-12-01."""

NOT_MANAGED = "The compute is neither a compute cluster nor a compute instance."
TYPE_UNKNOWN = "or the compute's type, was not reported or is an unknown word."
MODE_UNKNOWN = "or the compute's type or its workspace's isolation mode, was not reported."


def is_type(computes: pd.DataFrame, *types: str) -> pd.Series:
    """Per compute whether it is of one of the types; `<NA>` for a type Azure has not documented."""
    known = says(computes["compute_type"], *MANAGED_TYPES, *UNSUPPORTED_TYPES, *OTHER_TYPES)
    return says(computes["compute_type"], *types).where(known)


def is_managed(endpoints: pd.DataFrame) -> pd.Series:
    """Return for each online endpoint whether Azure runs it, rather than an attached Kubernetes cluster.

    The kind decides; without one, the compute that the endpoint names. An endpoint that reports neither is managed,
    because Azure writes `properties.compute` for Kubernetes endpoints only. `<NA>` for an undocumented kind.
    """
    kind = endpoints["kind"]
    by_kind = says(kind, "Managed").where(says(kind, "Managed", "K8S", "Kubernetes"))
    names_cluster = endpoints["compute_id"].fillna("").ne("")
    return by_kind.mask(kind.isna(), ~names_cluster)


def mode_around(tables: Tables) -> pd.Series:
    """Per compute the effective isolation mode of its workspace."""
    return of_workspace(effective_mode(tables.workspaces), tables.computes)


def why_not_isolated(computes: pd.DataFrame, mode: pd.Series) -> pd.Series:
    """Per compute why a check of managed computes under isolation does not apply."""
    reason = pd.Series(NOT_MANAGED, index=computes.index, dtype="string")
    return reason.mask(says(mode, DISABLED).fillna(value=False), "The managed network is off.")


def or_none(column: pd.Series) -> pd.Series:
    """A column in words: "none" where it is empty, "not reported" where it is `<NA>`."""
    return column.mask(column.eq("").fillna(value=False), "none").fillna("not reported")
