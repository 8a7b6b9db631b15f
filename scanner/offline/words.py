"""The words of the az ml extension, put back into those of Azure Resource Manager.

What its commands print was settled from azure-ai-ml 1.27.1 and 1.35.2: members in snake_case, some enums in
snake_case by one command and PascalCase by another, some as the name of a Python enum's member.
"""

from __future__ import annotations

import re
from typing import Any

_LEAKED = re.compile(r"^[A-Z][A-Za-z]*\.([A-Z][A-Z0-9_]*)$")

_CANONICAL = (
    *("Enabled", "Disabled", "Allow", "Deny", "AccessKey", "Identity", "UserDelegationSAS"),
    *("AllowInternetOutbound", "AllowOnlyApprovedOutbound", "Standard", "Basic"),
    *("FQDN", "PrivateEndpoint", "ServiceTag"),
    *("Required", "Recommended", "UserDefined", "Dependency"),
    *("Inactive", "Active", "Provisioning", "Deleting", "Failed"),
    *("None", "SystemAssigned", "UserAssigned", "SystemAssigned,UserAssigned"),
    *("Default", "Hub", "Project", "FeatureStore"),
)


def folded(name: str) -> str:
    """A member's or an enum's name without case, underscores and spaces: both casings become one."""
    return name.replace("_", "").replace(" ", "").lower()


_WORD_OF = {folded(word): word for word in _CANONICAL}


def members(row: dict[str, Any]) -> dict[str, Any]:
    """The members by folded name."""
    return {folded(name): value for name, value in row.items()}


def word(value: Any) -> Any:
    """An enum's value as Azure spells it; what is not known stays as it is, for the checks to judge."""
    if not isinstance(value, str):
        return value
    leaked = _LEAKED.match(value)
    return _WORD_OF.get(folded(leaked.group(1) if leaked else value), value)
