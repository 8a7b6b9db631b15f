"""The controls that each check supports, by framework.

Sources: the control groups of the initiatives in Azure/azure-policy (commit f4a50ba, 2026-04) and the
Azure security baseline for Machine Learning (v3). NIST ids are written as NIST writes them (`SC-7(3)`
where the initiative's group is named `SC.7.3`).
"""

from __future__ import annotations

from collections.abc import Mapping

Controls = Mapping[str, tuple[str, ...]]

INBOUND: Controls = {"MCSB": ("NS-2",)}
"""Anything that closes the way in."""

PUBLIC_NETWORK_ACCESS: Controls = {
    "Azure Policy": ("438c38d2-3772-465a-a9cc-7a6666a275ce",),
    "CIS Controls 8.1": ("3.3", "5.1", "6.8", "8.11", "10.7", "13.1", "13.3", "18.4"),
    "GDPR": ("Art. 24", "Art. 25", "Art. 28", "Art. 32"),
    "ISO/IEC 27002:2022": ("5.14", "8.2"),
    "MCSB": ("NS-2",),
    "NIS2": ("21",),
    "NIST CSF 2.0": ("PR.AA-05",),
    "NIST SP 800-53 r5": ("AC-3", "AC-4", "AC-6", "SC-7", "SC-7(3)"),
    "PCI DSS 4": ("1.4.4", "7.2.1", "7.2.2", "7.2.3", "7.2.4", "7.2.5", "7.2.5.1", "7.2.6", "7.3.1"),
    "SOC 2": (
        "A1.1",
        "CC2.3",
        "CC5.3",
        "CC6.1",
        "CC6.2",
        "CC6.3",
        "CC6.7",
        "CC7.2",
        "CC7.4",
        "CC8.1",
        "PI1.3",
    ),
}
"""Built-in "Workspaces should disable public network access" (438c38d2)."""

PRIVATE_LINK: Controls = {
    "Azure Policy": ("45e05259-1eb5-4f70-9574-baf73e9d219b",),
    "DORA": ("9.3a",),
    "FedRAMP": ("AC-4", "AC-17", "AC-17(1)", "SC-7", "SC-7(3)"),
    "GDPR": ("Art. 24", "Art. 25", "Art. 28", "Art. 32"),
    "MCSB": ("NS-2",),
    "NIST SP 800-171 r2": ("3.1.1", "3.1.3", "3.1.12", "3.1.13", "3.1.14", "3.13.1", "3.13.2", "3.13.5"),
    "NIST SP 800-53 r5": ("AC-4", "AC-17", "AC-17(1)", "SC-7", "SC-7(3)"),
}
"""Built-in "Workspaces should use private link" (45e05259)."""

MANAGED_NETWORK: Controls = {"MCSB": ("NS-1", "NS-2")}
"""Anything about the managed network that no built-in asks."""

ISOLATION_MODE: Controls = {
    "Azure Policy": ("6ddb1705-c8cf-450e-aa4b-19ad6703c440",),
    "MCSB": ("NS-1", "NS-2"),
}
"""Built-in "should use Allow Only Approved Outbound Managed Vnet mode" (6ddb1705).

Its parameter `isolationMode` defaults to `Disabled`: assigned without parameters it flags every
workspace that has a managed network.
"""

OUTBOUND: Controls = {"MCSB": ("DP-2", "NS-1")}
"""Anything about outbound rules; no built-in reads them."""

LOCAL_AUTHENTICATION: Controls = {"MCSB": ("IM-1",)}
"""Anything about keys and passwords where Entra ID could decide."""

MANAGED_IDENTITY: Controls = {"MCSB": ("IM-3",)}
"""Anything about the identity the workspace acts with."""

CUSTOMER_KEY: Controls = {
    "Azure Policy": ("7f40cee6-e933-4d0f-a782-b96615e0f4a6", "ba769a63-b8cc-4b2d-abf6-ac33c7204be8"),
    "DORA": ("9.3c",),
    "FedRAMP": ("SC-12",),
    "GDPR": ("Art. 24", "Art. 25", "Art. 28", "Art. 32"),
    "MCSB": ("DP-5",),
    "NIST SP 800-171 r2": ("3.13.10",),
    "NIST SP 800-53 r5": ("SC-12",),
    "SOC 2": ("CC6.1",),
}
"""Built-ins "Workspaces should be encrypted with a customer-managed key" (7f40cee6, ba769a63)."""

RESOURCE_LOGS: Controls = {
    "Azure Policy": ("afe0c3be-ba3b-4544-ba52-0c99672a8ad6",),
    "CIS Controls 8.1": ("3.14", "8.1", "8.2", "8.3", "8.5", "8.7", "8.8", "8.9", "13.11"),
    "GDPR": ("Art. 24", "Art. 25", "Art. 28", "Art. 32"),
    "ISO/IEC 27002:2022": ("8.15",),
    "MCSB": ("LT-3", "LT-4"),
    "NIST CSF 2.0": ("DE.AE-03",),
    "NIST SP 800-53 r5": ("AU-2", "AU-12", "AU-12(1)"),
    "PCI DSS 4": ("10.2.1.2", "10.4.2.1"),
    "SOC 2": ("A1.1", "CC2.3", "CC4.1", "CC4.2", "CC5.3", "CC7.2", "CC7.4", "CC8.1"),
}
"""Built-in "Resource logs in Azure Machine Learning Workspaces should be enabled" (afe0c3be)."""
