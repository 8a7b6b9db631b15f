"""The controls that the checks of computes and endpoints support; `frameworks` names sources and spelling."""

from __future__ import annotations

from checks.families.frameworks import Controls

_GDPR = ("Art. 24", "Art. 25", "Art. 28", "Art. 32")

COMPUTE_NETWORK: Controls = {
    "Azure Policy": ("7804b5c7-01dc-4723-969b-ae300cc07ff1",),
    "CIS Controls 8.1": ("3.12", "8.11", "10.7", "12.2", "12.3", "13.1", "13.3", "13.4", "18.4"),
    "GDPR": _GDPR,
    "ISO/IEC 27002:2022": ("5.14",),
    "MCSB": ("NS-2",),
    "NIS2": ("21",),
    "NIST SP 800-53 r5": ("AC-4", "AC-4(4)", "AC-4(6)", "SC-7"),
    "PCI DSS 4": ("1.4.4",),
    "SOC 2": ("A1.1", "CC2.3", "CC5.3", "CC6.1", "CC7.2", "CC7.4", "CC8.1", "PI1.3"),
}
"""Built-in "Computes should be in a virtual network" (7804b5c7)."""

LOCAL_AUTHENTICATION: Controls = {
    "Azure Policy": ("e96a9a5f-07ca-471b-9bc5-6a0f33cbd68f",),
    "CIS Controls 8.1": (
        "3.14",
        "4.7",
        "5.1",
        "5.3",
        "5.4",
        "5.5",
        "5.6",
        "6.1",
        "6.2",
        "10.7",
        "12.5",
        "12.8",
        "13.1",
        "13.3",
        "13.11",
        "18.4",
    ),
    "GDPR": _GDPR,
    "ISO/IEC 27002:2022": ("5.18",),
    "MCSB": ("IM-1",),
    "NIST SP 800-53 r5": ("AC-2",),
    "PCI DSS 4": ("7.2.1", "7.2.2", "7.2.3", "7.2.4", "7.2.5", "7.2.5.1", "7.2.6"),
    "SOC 2": ("A1.1", "CC2.2", "CC5.1", "CC5.3", "CC6.1", "CC6.2", "CC6.3", "CC7.2", "CC8.1", "CC9.2"),
}
"""Built-in "Computes should have local authentication methods disabled" (e96a9a5f)."""

LATEST_IMAGE: Controls = {
    "Azure Policy": ("f110a506-2dcb-422e-bcea-d533fc8c35e2",),
    "CIS Controls 8.1": (
        "10.7",
        "12.1",
        "12.3",
        "13.1",
        "13.3",
        "16.2",
        "16.5",
        "16.6",
        "16.7",
        "16.12",
        "16.13",
        "18.1",
        "18.2",
        "18.3",
        "18.4",
        "18.5",
    ),
    "DORA": ("9.3b", "9.3c"),
    "GDPR": _GDPR,
    "MCSB": ("PV-2",),
    "NIS2": ("11", "12", "21", "29"),
    "NIST CSF 2.0": ("DE.CM-09",),
    "NIST SP 800-53 r5": ("SI-2",),
    "PCI DSS 4": ("6.3.3",),
    "SOC 2": ("CC2.3", "CC5.3", "CC7.4"),
}
"""Built-in "Compute instances should be recreated to get the latest software updates" (f110a506)."""

ENDPOINT_IDENTITY: Controls = {"MCSB": ("IM-1",)}
"""Controls on callers of an endpoint; no built-in asks."""
