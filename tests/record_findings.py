"""Records the status and the verdict of every finding of three tenants, and compares with a recording.

Run it before and after a change that must keep verdicts: `python tests/record_findings.py record FILE`, then
`… compare FILE`. It uses the command line alone, so it works whichever modules the packages have.
"""

from __future__ import annotations

import argparse
import csv
import gzip
import json
import os
import re
import subprocess
import sys
import tempfile
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).parents[1]
TENANTS: Mapping[str, Sequence[str]] = {
    "demo": (),
    "generated-3x6": ("--subscriptions", "3", "--workspaces", "6", "--rules", "12", "--seed", "3"),
    "generated-2x15": ("--subscriptions", "2", "--workspaces", "15", "--rules", "6", "--seed", "8"),
}
"""The tenants by name, each with the options of the emulator that serves it."""

_SUBSCRIPTIONS = ["379ca87f-4564-5195-ac26-a96fd63fd33e", "63c08655-45fd-5b49-968a-aaf10ff75737"]
_PARAMETERS: Mapping[str, Mapping[str, Sequence[str]]] = {
    "PEP003": {"allowed_subscriptions": _SUBSCRIPTIONS},
    "OBR008": {"approved": ["pypi.org", "*.pythonhosted.org", "*/storageAccounts/*"]},
    "OBR013": {"allowed_subscriptions": _SUBSCRIPTIONS},
}
"""Parameters for checks that do not apply without. Two subscriptions of the demo tenant are allowed, others not."""

_COMPLETED = (0, 1, 3)
"""Exit codes of a scan that judged everything it read. 2 is a usage error, 4 a check that crashed."""


class Finding(NamedTuple):
    """One finding. A dependency of several workspaces has one for each of them."""

    tenant: str
    policy: str
    check: str
    resource: str
    workspace: str
    status: str
    verdict: str

    @property
    def key(self) -> tuple[str, ...]:
        """What the finding is about."""
        return self[:5]


def differences(before: Iterable[Finding], after: Iterable[Finding]) -> list[str]:
    """Return one line for each finding that is missing, new, or has another status or verdict. Sorted."""
    old, new = Counter(before), Counter(after)
    missing, added = _by_key(old - new), _by_key(new - old)
    lines = []
    for key in missing.keys() | added.keys():
        was, now = missing[key], added[key]
        paired = min(len(was), len(now))
        subject = " ".join(key)
        lines += [f"{subject}: {_change(a, b)}" for a, b in zip(was, now, strict=False)]
        lines += [f"{subject}: missing, it was {each.status}, {each.verdict}" for each in was[paired:]]
        lines += [f"{subject}: new, it is {each.status}, {each.verdict}" for each in now[paired:]]
    return sorted(lines)


def _by_key(findings: Counter[Finding]) -> defaultdict[tuple[str, ...], list[Finding]]:
    by_key: defaultdict[tuple[str, ...], list[Finding]] = defaultdict(list)
    for finding in sorted(findings.elements()):
        by_key[finding.key].append(finding)
    return by_key


def _change(was: Finding, now: Finding) -> str:
    changes = [
        f"{name} was {old}, is {new}"
        for name, old, new in (("status", was.status, now.status), ("verdict", was.verdict, now.verdict))
        if old != new
    ]
    return ", ".join(changes)


def written(findings: Iterable[Finding], file: Path) -> int:
    """Write the findings, sorted, one JSON object to a line, and return their number. `*.gz` is compressed."""
    lines = [json.dumps(each._asdict(), ensure_ascii=False) + "\n" for each in sorted(findings)]
    text = "".join(lines).encode()
    file.write_bytes(gzip.compress(text, mtime=0) if file.suffix == ".gz" else text)
    return len(lines)


def recorded(file: Path) -> list[Finding]:
    """Read a recording."""
    content = file.read_bytes()
    text = gzip.decompress(content) if file.suffix == ".gz" else content
    return [Finding(**json.loads(line)) for line in text.decode().splitlines()]


def found() -> list[Finding]:
    """Scan every tenant under every shipped policy and under one that asks every check."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        every = folder / "every-check.json"
        every.write_text(json.dumps(_policy_of_every_check()))
        policies = [str(every), *_first_words("policies", r"[a-z][a-z0-9-]*")]
        chosen = [word for policy in policies for word in ("--policy", policy)]
        with ThreadPoolExecutor(2) as pool:
            scans = pool.map(lambda tenant: list(_findings_of(tenant, chosen, folder / tenant)), TENANTS)
            return [finding for findings in scans for finding in findings]


def _policy_of_every_check() -> dict[str, object]:
    ids = listed_checks()
    checks: dict[str, object] = {id.rstrip("0123456789"): {} for id in ids}
    checks |= {id: {"parameters": values} for id, values in _PARAMETERS.items() if id in ids}
    return {"version": 1, "name": "every-check", "description": "Asks every check.", "checks": checks}


def listed_checks() -> list[str]:
    """Return the ids of the checks that `azml-audit checks list` prints."""
    return _first_words("checks", r"[A-Z]+[0-9]+")


def _first_words(command: str, pattern: str) -> list[str]:
    """Return the words that begin the lines of `azml-audit COMMAND list`."""
    words = re.findall(rf"^ *({pattern})\s", _run(command, "list"), re.MULTILINE)
    if not words:
        raise SystemExit(f"`azml-audit {command} list` lists nothing that this script can read.")
    return words


def _findings_of(tenant: str, policies: Sequence[str], folder: Path) -> Iterator[Finding]:
    output = ["--output", str(folder / "report"), "--format", "csv", "--quiet"]
    if "--include" in _run("scan", "--help"):
        output += ["--include", "not-applicable"]
    if tenant == "demo":
        _run("demo", *policies, *output)
    else:
        with _emulator(TENANTS[tenant], folder / "tls") as (options, environment):
            _run("scan", *options, *policies, *output, environment=environment)
    with (folder / "report" / "findings.csv").open(encoding="utf-8-sig", newline="") as file:
        for row in csv.DictReader(file):
            yield Finding(
                tenant=tenant,
                policy=row["policy"],
                check=row["check_id"],
                resource=row["resource_id"],
                workspace=row["workspace_id"],
                status=row["status"],
                verdict=row["verdict"],
            )


@contextmanager
def _emulator(options: Sequence[str], tls: Path) -> Iterator[tuple[list[str], dict[str, str]]]:
    """Serve a generated tenant. Yield the options and the environment of a scan that reads it."""
    command = [sys.executable, "-m", "scanner", "emulator", "--tenant", "generated", *options]
    command += ["--tls-dir", str(tls)]
    with subprocess.Popen(command, cwd=ROOT, env=_environment(), stdout=subprocess.PIPE, text=True) as server:
        try:
            yield _connection(server, tls)
        finally:
            server.terminate()


def _connection(server: subprocess.Popen[str], tls: Path) -> tuple[list[str], dict[str, str]]:
    """Read the endpoint and the credentials from the lines that the emulator prints when it is ready."""
    printed = ""
    for line in server.stdout or ():
        printed += line
        url = re.search(r"https://[\w.]+:\d+", printed)
        credentials = dict(re.findall(r"(AZURE_\w+)=(\S+)", printed))
        if url and len(credentials) == 3:
            options = ["--auth", "environment", "--arm-endpoint", url[0], "--ca-bundle", str(tls / "ca.pem")]
            return options, credentials
    raise SystemExit(f"The emulator ended before it was ready. It printed: {printed!r}")


def _run(*arguments: str, environment: Mapping[str, str] | None = None) -> str:
    """Run a command of azml-audit and return what it prints. Ends the script if the command fails."""
    command = [sys.executable, "-m", "scanner", *arguments]
    ended = subprocess.run(
        command, cwd=ROOT, env=_environment() | dict(environment or {}), capture_output=True, text=True
    )
    if ended.returncode not in _COMPLETED or "Traceback (most recent call last)" in ended.stderr:
        raise SystemExit(f"`azml-audit {' '.join(arguments)}` ended with {ended.returncode}: {ended.stderr}")
    return ended.stdout


def _environment() -> dict[str, str]:
    """Return the caller's environment without credentials, for a wide terminal and a buffer that is flushed."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("AZURE_")}
    return kept | {"COLUMNS": "200", "PYTHONUNBUFFERED": "1"}


def main(arguments: Sequence[str] | None = None) -> int:
    """Record, or compare and return 1 if anything differs."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    commands = parser.add_subparsers(dest="command", required=True)
    for name, description in (
        ("record", "Scan, and write the findings to FILE."),
        ("compare", "Scan, and print every difference from FILE."),
    ):
        commands.add_parser(name, help=description).add_argument("file", metavar="FILE", type=Path)
    chosen = parser.parse_args(arguments)
    if chosen.command == "record":
        sys.stdout.write(f"Recorded {written(found(), chosen.file):,} findings.\n")
        return 0
    before = recorded(chosen.file)
    changed = differences(before, found())
    sys.stdout.writelines(f"{line}\n" for line in changed)
    sys.stdout.write(f"Compared with {len(before):,} findings: {len(changed):,} differences.\n")
    return 1 if changed else 0


if __name__ == "__main__":
    sys.exit(main())
