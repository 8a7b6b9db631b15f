"""The files in deploy/, each checked by the tool of its host, and the entry point as the container runs it."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from scanner.cli.main import app
from tests.support.command_line import MIXED, served
from tests.support.fixes.templates import skeletons
from tests.support.fixes.templates.resource_types import deployed_types
from tests.support.places import ROOT

DEPLOY = ROOT / "deploy"
BIN = Path(sys.executable).parent


def checked(*command: str) -> None:
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def test_hadolint_finds_nothing_in_the_dockerfile() -> None:
    checked(str(BIN / "hadolint"), "deploy/container/Dockerfile")


def test_the_base_image_is_pinned_and_the_user_has_no_rights() -> None:
    text = (DEPLOY / "container" / "Dockerfile").read_text()
    bases = re.findall(r"^FROM (\S+)", text, re.MULTILINE)
    assert bases
    assert all(re.fullmatch(r"\S+@sha256:[0-9a-f]{64}", base) for base in bases)
    assert "USER 10001:10001" in text
    for source in re.findall(r"^COPY (?!--from)(\S+) ", text, re.MULTILINE):
        assert (ROOT / source).exists(), source


def test_the_manifest_of_kubernetes_is_valid() -> None:
    checked(str(BIN / "kubernetes-validate"), "--strict", "deploy/kubernetes/cronjob.yaml")


@pytest.mark.skipif(not shutil.which("systemd-analyze"), reason="systemd-analyze is not installed")
def test_systemd_accepts_the_units() -> None:
    units = [str(DEPLOY / "systemd" / f"azml-audit.{kind}") for kind in ("service", "timer")]
    checked("systemd-analyze", "verify", *units)


@pytest.mark.parametrize(
    ("schema", "files"),
    [
        ("vendor.github-actions", ["deploy/github/action.yml"]),
        (
            "vendor.github-workflows",
            ["deploy/github/every-night.yml", *map(str, (ROOT / ".github" / "workflows").glob("*.yml"))],
        ),
        ("vendor.azure-pipelines", ["deploy/azure-pipelines/azure-pipelines.yml"]),
    ],
)
def test_workflows_and_pipelines_match_their_schemas(schema: str, files: list[str]) -> None:
    options = ["--regex-variant", "python", "--builtin-schema", schema]
    checked(str(BIN / "check-jsonschema"), *options, *files)


def test_zizmor_finds_nothing_in_actions_and_workflows() -> None:
    checked(str(BIN / "zizmor"), "--offline", "--quiet", "deploy/github", ".github/workflows")


@pytest.mark.parametrize("name", ["main", "role"])
def test_bicep_and_json_deploy_the_same_resources(name: str) -> None:
    bicep = (DEPLOY / "container-apps" / f"{name}.bicep").read_text()
    template = json.loads((DEPLOY / "container-apps" / f"{name}.json").read_text())
    assert list(skeletons.of_bicep(bicep)) == list(skeletons.of_template(template))
    assert set(re.findall(r"^param (\w+)", bicep, re.MULTILINE)) == set(template["parameters"])
    assert set(re.findall(r"^output (\w+)", bicep, re.MULTILINE)) == set(template.get("outputs", {}))


@pytest.mark.parametrize("name", ["main", "role"])
def test_azures_resource_types_accept_the_template(name: str) -> None:
    template = json.loads((DEPLOY / "container-apps" / f"{name}.json").read_text())
    for resource, body in skeletons.of_template(template):
        assert deployed_types().problems(resource, body) == [], resource


@pytest.mark.parametrize(
    ("resource", "path", "value", "problem"),
    [
        (
            "Microsoft.App/jobs",
            ("properties", "configuration", "replicaRetries"),
            0,
            "replicaRetries is unknown",
        ),
        ("Microsoft.App/jobs", ("properties", "configuration", "replicaTimeout"), "4h", "is not of type int"),
        ("Microsoft.App/jobs", ("location",), ..., "location is missing"),
        ("Microsoft.Storage/storageAccounts", ("sku",), ..., "sku is missing"),
    ],
)
def test_a_wrong_member_of_a_template_is_found(
    resource: str, path: tuple[str, ...], value: object, problem: str
) -> None:
    template = json.loads((DEPLOY / "container-apps" / "main.json").read_text())
    ((name, body),) = (each for each in skeletons.of_template(template) if each[0].startswith(resource + "@"))
    inner = body
    for member in path[:-1]:
        inner = inner[member]
    if value is ...:
        del inner[path[-1]]
    else:
        inner[path[-1]] = value
    assert any(problem in found for found in deployed_types().problems(name, body))


def test_the_job_is_never_retried_and_signs_in_by_its_identity() -> None:
    template = json.loads((DEPLOY / "container-apps" / "main.json").read_text())
    (job,) = (each for each in template["resources"] if each["type"] == "Microsoft.App/jobs")
    assert job["properties"]["configuration"]["replicaRetryLimit"] == 0
    assert (
        "'--auth', 'managed-identity', '--client-id'"
        in job["properties"]["template"]["containers"][0]["args"]
    )


def test_every_option_of_azml_audit_in_deploy_exists() -> None:
    from typer.main import get_command

    scan = get_command(app).commands["scan"]  # type: ignore[attr-defined]
    known = {option for parameter in scan.params for option in parameter.opts}
    for path in DEPLOY.rglob("*"):
        if path.suffix in {".yml", ".yaml", ".service", ".bicep", ".json"}:
            text = path.read_text()
            commands = re.findall(r"azml-audit\"? scan ((?:.*\\\n)*.*)", text)
            arguments = re.findall(r"^\s+(?:- |')(--[a-z-]+)", text, re.MULTILINE)
            used = {*re.findall(r"--[a-z][a-z-]+", " ".join(commands)), *arguments}
            assert used <= known, path


@pytest.mark.parametrize("script", sorted((DEPLOY / "notify").glob("*.py")), ids=lambda path: path.name)
def test_a_notification_can_be_read_and_compiled(script: Path) -> None:
    compile(script.read_text(), str(script), "exec")


def test_the_shell_notification_is_valid() -> None:
    checked("sh", "-n", str(DEPLOY / "notify" / "webhook.sh"))


@pytest.fixture
def place() -> Iterator[Path]:
    """A folder that every user can enter."""
    folder = Path(tempfile.mkdtemp(prefix="azml-audit-test-", dir="/var/tmp"))
    folder.chmod(0o755)
    yield folder
    shutil.rmtree(folder, ignore_errors=True)


def can_unshare() -> bool:
    command = ["unshare", "--mount", "mount", "--make-rprivate", "/"]
    try:
        return subprocess.run(command, capture_output=True, check=False).returncode == 0
    except OSError:
        return False


@pytest.mark.skipif(
    not can_unshare() or not shutil.which("setpriv"), reason="needs root, unshare and setpriv"
)
def test_the_entry_point_runs_as_user_10001_with_a_read_only_root(place: Path) -> None:
    audits = place / "audits"
    audits.mkdir()
    with served(MIXED, place) as (_, options, environment):
        (place / "ca.pem").chmod(0o644)
        scan = [
            *(sys.executable, "-m", "scanner", "scan", *options, "--policy", "internet-outbound", "--quiet"),
            *("--output", "/AUDITS/report", "--archive", "/AUDITS/archive", "--result", "-"),
        ]
        words = [word.replace("/AUDITS", str(audits)) for word in scan]
        script = (
            f"mount --make-rprivate / && mount -t tmpfs -o uid=10001,gid=10001,mode=700 tmpfs {audits} && "
            "mount -o remount,bind,ro / && ! touch /written 2>/dev/null && "
            'exec setpriv --reuid 10001 --regid 10001 --clear-groups "$@"'
        )
        inside = {"HOME": str(audits), "TMPDIR": str(audits), "PYTHONPATH": str(ROOT)}
        done = subprocess.run(
            ["unshare", "--mount", "sh", "-c", script, "sh", *words],
            env={"PATH": os.environ["PATH"], "PYTHONDONTWRITEBYTECODE": "1", **inside, **environment},
            cwd="/",
            capture_output=True,
            text=True,
            check=False,
        )
    assert done.returncode == 1, done.stderr
    assert json.loads(done.stdout)["exit_code"] == 1
