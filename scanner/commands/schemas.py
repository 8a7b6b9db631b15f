"""`azml-audit schema`: what reports look like, for programs that read them."""

from __future__ import annotations

import json

from rich.console import Console
from rich.text import Text

from reports.json_schema import report_schema


def show_report_schema(out: Console) -> int:
    """Print the JSON Schema of report.json."""
    out.print(Text(json.dumps(report_schema(), indent=2, ensure_ascii=False)), soft_wrap=True)
    return 0
