"""The names of private DNS zones in the clouds of China and the US Government, by the region of the workspace.

From https://learn.microsoft.com/azure/private-link/private-endpoint-dns and
https://learn.microsoft.com/azure/machine-learning/how-to-custom-dns (2026-08).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from functools import cache
from typing import Final

from checks.model import Remediation

_CHINA, _US_GOVERNMENT = ("china",), ("usgov", "usdod")

_ENDINGS: Final[Mapping[tuple[str, ...], Mapping[str, str]]] = {
    _CHINA: {
        ".api.azureml.ms": ".api.ml.azure.cn",
        ".notebooks.azure.net": ".notebooks.chinacloudapi.cn",
        ".core.windows.net": ".core.chinacloudapi.cn",
        ".vaultcore.azure.net": ".vaultcore.azure.cn",
        ".azurecr.io": ".azurecr.cn",
    },
    _US_GOVERNMENT: {
        ".api.azureml.ms": ".api.ml.azure.us",
        ".notebooks.azure.net": ".notebooks.usgovcloudapi.net",
        ".core.windows.net": ".core.usgovcloudapi.net",
        ".vaultcore.azure.net": ".vaultcore.usgovcloudapi.net",
        ".azurecr.io": ".azurecr.us",
    },
}
"""The starts of a cloud's regions to the endings of its zones, by those of the public cloud."""


@cache
def in_cloud_of(fix: Remediation, region: str) -> Remediation:
    """Return the fix with the DNS zones of the region's cloud, the public one unless the region names another."""
    name = region.lower().replace(" ", "")
    endings = next((found for starts, found in _ENDINGS.items() if name.startswith(starts)), {})
    zones = {
        f"privatelink{part}{public}": f"privatelink{part}{own}"
        for public, own in endings.items()
        for part in ("", ".blob", ".file")
    }
    return replace(
        fix,
        az=_with(zones, fix.az),
        bicep=_with(zones, fix.bicep),
        terraform=_with(zones, fix.terraform),
    )


def _with(zones: Mapping[str, str], text: str) -> str:
    for public, own in zones.items():
        text = text.replace(public, own)
    return text
