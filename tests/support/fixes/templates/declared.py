"""One resource as a Bicep or Terraform text declares it, and what its deployment sends."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from tests.support.fixes.templates.resource_types import resource_types
from tests.support.fixes.world.arm_world import ArmWorld
from tests.support.fixes.world.writes import Refused, merged


@dataclass(frozen=True, kw_only=True)
class Declared:
    """A resource of a text.

    `is_part`: its lines belong into a larger resource, which exists. Not `is_checked`: the body is not the text's own.
    """

    resource_type: str
    version: str
    id: str
    body: Mapping[str, Any]
    is_existing: bool = False
    is_part: bool = False
    method: str = "PUT"
    is_checked: bool = True

    def problems(self) -> list[str]:
        """Return what the type's definition refuses. A part of a larger resource may lack members."""
        name = f"{self.resource_type}@{self.version}"
        if self.is_existing or self.method != "PUT" or not self.is_checked:
            return []
        if name not in resource_types():
            return [f"{name} is not in tests/data/fixes/bicep_types.json"]
        return resource_types().problems(name, self.body, is_part=self.is_part)

    def deploy(self, world: ArmWorld) -> None:
        """Send what the deployment of this resource sends. Raises Refused."""
        if self.is_existing:
            return
        body = dict(self.body)
        if self.is_part and self.method == "PUT":
            with suppress(Refused):  # a resource that the text adds
                body = merged(world.send("GET", self.id), body)
        world.send(self.method, self.id, body)
