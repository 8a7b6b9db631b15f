"""Read the kind of a compute and of an online endpoint. Checks of computes, endpoints and networks call it."""

from __future__ import annotations

from typing import Final

from checks.contract.three_valued import says
from checks.frames import pd

MANAGED_TYPES: Final = ("AmlCompute", "ComputeInstance")
"""The types that Azure Machine Learning runs itself: compute clusters and compute instances."""

UNSUPPORTED_TYPES: Final = ("Kubernetes", "AKS", "VirtualMachine")
"""Attached computes that no managed network covers. Source: "Managed virtual network", Limitations, 2026-11."""

OTHER_TYPES: Final = ("DataFactory", "HDInsight", "Databricks", "DataLakeAnalytics", "SynapseSpark")
"""The other types of the contract of api-version 2025-12-01."""


def is_type(computes: pd.DataFrame, *types: str) -> pd.Series:
    """Return for each compute whether it is of one of the types. `<NA>` for an undocumented type."""
    known = says(computes["compute_type"], *MANAGED_TYPES, *UNSUPPORTED_TYPES, *OTHER_TYPES)
    return says(computes["compute_type"], *types).where(known)


def is_managed(endpoints: pd.DataFrame) -> pd.Series:
    """Return for each online endpoint whether Azure runs it, rather than an attached Kubernetes cluster.

    The kind decides; without one, the compute that the endpoint names. An endpoint that reports neither is managed,
    because Azure writes `properties.compute` for Kubernetes endpoints only. `<NA>` for an undocumented kind.
    """
    kind = endpoints["kind"]
    by_kind = says(kind, "Managed", among=("Managed", "K8S", "Kubernetes"))
    names_cluster = endpoints["compute_id"].fillna("").ne("")
    return by_kind.mask(kind.isna(), ~names_cluster)
