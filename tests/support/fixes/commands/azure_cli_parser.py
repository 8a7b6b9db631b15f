"""Parse az commands with azure-cli's own parser. Runs in a Python that has azure-cli, and imports nothing else.

Reads a JSON list of word lists from stdin, and writes a JSON list of those that the parser refuses.
"""

from __future__ import annotations

import json
import sys
from contextlib import redirect_stderr
from io import StringIO


def main() -> None:
    """Parse every command of stdin."""
    from azure.cli.core import get_default_cli
    from azure.cli.core.file_util import create_invoker_and_load_cmds_and_args

    cli = get_default_cli()
    create_invoker_and_load_cmds_and_args(cli)
    parser = cli.invocation.parser
    refused = []
    for words in json.load(sys.stdin):
        said = StringIO()
        try:
            with redirect_stderr(said):
                parser.parse_args(words)
        except (SystemExit, Exception) as error:  # noqa: BLE001 - each refusal is a result
            refused.append([words, f"{type(error).__name__}: {error} {said.getvalue()[-300:]}"])
    json.dump(refused, sys.stdout)


if __name__ == "__main__":
    main()
