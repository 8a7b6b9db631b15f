"""numpy and pandas, imported when their first attribute is used. The checks and the scanner get them from here.

A module that declares checks needs pandas only when a check is asked. `checks list`, `checks show` and `policies` never
ask one. The import of pandas with numpy and pyarrow takes 0.25 s, half of the time of these commands
(`python -X importtime -m scanner checks show OBR010`).
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

__all__ = ["np", "pd"]


class _OnFirstUse:
    def __init__(self, name: str) -> None:
        self._name = name

    def __getattr__(self, attribute: str) -> Any:
        """Import the module and keep its attribute. Special names, which tools ask of any object, import nothing."""
        if attribute.startswith("__"):
            raise AttributeError(attribute)
        module = import_module(self._name)
        if self._name == "pandas":
            # With pyarrow installed, pandas would store "string" in it. Arrow cannot hold a lone surrogate, which JSON
            # can, and its comparisons give booleans that do not combine with nullable ones (pandas 3.1).
            module.set_option("mode.string_storage", "python")
        value = getattr(module, attribute)
        setattr(self, attribute, value)
        return value


if TYPE_CHECKING:
    import numpy as np
    import pandas as pd
else:
    np, pd = _OnFirstUse("numpy"), _OnFirstUse("pandas")
