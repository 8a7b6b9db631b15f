"""What makes two scans the same, so that one may go on where the other was interrupted."""

from __future__ import annotations

import json
from hashlib import sha256

from scanner.clouds import Cloud
from scanner.collection import Collection
from scanner.identity import Identity
from scanner.scope import Wanted
from scanner.version import VERSION


def scan_key(cloud: Cloud, identity: Identity, wanted: Wanted, collection: Collection) -> str:
    """The same for scans that ask the same of one cloud as one identity; "" where the token names none."""
    if not identity.object_id and not identity.client_id:
        return ""
    parts = (
        VERSION,
        cloud.arm_endpoint,
        str(identity),
        sorted(wanted.subscriptions),
        sorted(wanted.excluded),
        sorted(wanted.management_groups),
        sorted(wanted.known_groups),
        sorted(collection.kinds),
        sorted(collection.members),
    )
    return sha256(json.dumps(parts).encode()).hexdigest()
