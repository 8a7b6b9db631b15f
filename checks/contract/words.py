"""The documented words of columns that several checks read, as the contract of api-version 2025-12-01 lists them.

Azure may add words. `checks.contract.three_valued.says` with `among` takes any other word as unknown.
"""

from __future__ import annotations

from typing import Final

KINDS: Final = ("Default", "Hub", "Project", "FeatureStore")
"""The kind of a workspace."""

ACCESS: Final = ("Enabled", "Disabled")
"""`publicNetworkAccess` of workspaces and endpoints."""

DEPENDENCY_ACCESS: Final = (*ACCESS, "SecuredByPerimeter")
"""`publicNetworkAccess` of storage accounts, key vaults and registries."""

ACTIONS: Final = ("Allow", "Deny")
"""The actions of firewalls and of service-tag rules."""

NETWORK_STATUSES: Final = ("Active", "Inactive")
"""The status of a managed network."""

CONNECTION_STATUSES: Final = ("Approved", "Pending", "Rejected", "Disconnected", "Timeout")
"""The status of a private endpoint connection."""

CONNECTION_STATES: Final = ("Succeeded", "Creating", "Deleting", "Failed")
"""The provisioning state of a private endpoint connection."""

RULE_TYPES: Final = ("FQDN", "PrivateEndpoint", "ServiceTag")
"""The type of an outbound rule."""

RULE_STATUSES: Final = ("Active", "Inactive", "Provisioning", "Deleting", "Failed")
"""The status of an outbound rule."""

PROTOCOLS: Final = ("TCP", "UDP", "ICMP", "*")
"""The protocol of a service-tag rule."""
