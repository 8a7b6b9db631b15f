"""Several signers, trusted keys, expectations, series of bundles, work papers and traces, as users run them."""

from __future__ import annotations

import json
import zipfile
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat

from checks.registry import registry
from scanner.emulator.tenants.generated import generated_tenant
from scanner.evidence.attestations.attesting import Attestation
from scanner.evidence.attestations.signing import signing_key
from scanner.policies import loaded
from scanner.version import VERSION
from tests.support.command_line import run
from tests.support.evidence.bundles import scan_of, verified, wrong
from tests.support.evidence.forging import Forger
from tests.support.evidence.timestamp_authority import HAS_OPENSSL, authority, serving

TENANT = generated_tenant(subscriptions=2, workspaces=2, rules=2, seed=4)
ONE, OTHER = (str(each["subscriptionId"]) for each in TENANT.subscriptions)
SCANNER, AUDITOR, STRANGER = (Ed25519PrivateKey.generate() for _ in range(3))

needs_openssl = pytest.mark.skipif(not HAS_OPENSSL, reason="needs openssl, to run a timestamp authority")


def private(key: Ed25519PrivateKey) -> str:
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()


def public(key: Ed25519PrivateKey) -> bytes:
    return key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)


def signing(key: Ed25519PrivateKey, url: str | None = None) -> Attestation:
    return Attestation(signing_key("env:KEY", {"KEY": private(key)}), url, None)


@pytest.fixture(scope="module")
def original(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A bundle that the scanner signed."""
    target = tmp_path_factory.mktemp("sealed") / "bundle.zip"
    scan_of(TENANT, policies=("azure-policy",)).seal(target, signing(SCANNER))
    return target


@pytest.fixture
def bundle(original: Path, tmp_path: Path) -> Path:
    for name, key in (("scanner", SCANNER), ("auditor", AUDITOR), ("stranger", STRANGER)):
        (tmp_path / f"{name}.pem").write_bytes(public(key))
    (tmp_path / "keys").mkdir()
    (tmp_path / "keys" / "both.pem").write_bytes(public(AUDITOR) + public(SCANNER))
    (tmp_path / "bundle.zip").write_bytes(original.read_bytes())
    return tmp_path / "bundle.zip"


def last(out: str) -> str:
    return out.splitlines()[-1]


@pytest.mark.parametrize("is_folder", [False, True])
def test_an_auditor_signs_too_and_the_root_digest_stays(bundle: Path, is_folder: bool) -> None:
    root = verified(bundle).root
    if is_folder:
        with zipfile.ZipFile(bundle) as archive:
            archive.extractall(bundle.with_name("unpacked"))
        bundle = bundle.with_name("unpacked")
    code, out, told = run("sign", str(bundle), "--key", "env:KEY", env={"KEY": private(AUDITOR)})
    assert (code, "signatures: 2" in out, root in out) == (0, True, True), told
    keys = [f"--key={bundle.with_name(name)}" for name in ("scanner.pem", "auditor.pem")]
    code, out, _ = run("verify", str(bundle), *keys, "--root", root)
    assert (code, out.count("Signed by")) == (0, 2)
    assert last(out).startswith(f"Verified {bundle}: signed (the holder of a key")
    assert {path.name for path in bundle.parent.iterdir() if path.name.startswith(".")} == set()
    code, _, told = run("sign", str(bundle), "--key", "env:KEY", env={"KEY": private(AUDITOR)})
    assert (code, "signed already" in told) == (2, True)


def test_nobody_signs_what_is_not_verified(bundle: Path) -> None:
    forger = Forger.of(bundle)
    forger.drop(lambda each: each.kind != "subscriptions")
    forged = bundle.with_name("forged.zip")
    forger.seal(forged)
    before = forged.read_bytes()
    code, _, told = run("sign", str(forged), "--key", "env:KEY", env={"KEY": private(AUDITOR)})
    assert (code, "is not signed, because it is not verified" in " ".join(told.split())) == (2, True)
    assert forged.read_bytes() == before


def test_a_list_of_trusted_keys_needs_one_of_them(bundle: Path) -> None:
    code, out, _ = run("verify", str(bundle), "--trusted-keys", str(bundle.with_name("keys")))
    assert (code, "both.pem (key" in out) == (0, True)
    code, out, _ = run("verify", str(bundle), "--trusted-keys", str(bundle.with_name("stranger.pem")))
    assert (code, "no trusted key is among them" in out) == (1, True)
    code, out, _ = run("verify", str(bundle), "--key", str(bundle.with_name("auditor.pem")))
    assert (code, "signed by another key" in out) == (1, True)
    bundle.with_name("empty").mkdir()
    code, _, told = run("verify", str(bundle), "--trusted-keys", str(bundle.with_name("empty")))
    assert (code, "no file that ends in .pem" in " ".join(told.split())) == (2, True)


def test_a_signature_over_other_times_is_false(bundle: Path) -> None:
    forger = Forger.of(bundle)

    def lying(manifest: bytes, record: object) -> dict[str, bytes]:
        told = forger.record.model_copy(update={"started_at": forger.record.started_at - timedelta(days=9)})
        return dict(signing(SCANNER)(manifest, told))

    forged = bundle.with_name("forged.zip")
    forger.seal(forged, lying)
    told = wrong(verified(forged, keys=(bundle.with_name("scanner.pem"),)))
    assert told
    assert "The signature covers started_at" in told[0]


@needs_openssl
def test_levels_in_words_in_json_and_in_the_last_line(bundle: Path, tmp_path: Path) -> None:
    tsa = authority(tmp_path / "tsa")
    forger = Forger.of(bundle)
    stamped = bundle.with_name("stamped.zip")
    with serving(tsa) as url:
        root = forger.seal(stamped, signing(SCANNER, url))
    key, ca = f"--key={bundle.with_name('scanner.pem')}", f"--tsa-ca={tmp_path / 'tsa' / 'root.pem'}"
    for options, level in (
        ((), "consistent"),
        ((ca,), "consistent"),
        (("--root", root), "anchored"),
        ((key,), "signed"),
        ((key, ca, "--root", root), "signed and timestamped"),
    ):
        code, out, _ = run("verify", str(stamped), *options)
        assert (code, last(out).startswith(f"Verified {stamped}: {level} (")) == (0, True), out
        code, out, _ = run("verify", str(stamped), *options, "--not-older-than", "2026-11-01")
        assert last(out).startswith(f"Verified {stamped}: {level}, as expected (")
        _, out, _ = run("verify", str(stamped), *options, "--format", "json")
        told = json.loads(out)
        assert (told["level"], told["is_as_expected"], told["exit_code"]) == (level, False, 0)
        assert told["meaning"] in told["conclusion"]
    assert "after the scan ended, as" in run("verify", str(stamped), ca)[1]
    (tmp_path / "expected.yaml").write_text("level: signed\n")
    code, out, _ = run("verify", str(stamped), "--expect", str(tmp_path / "expected.yaml"))
    assert (code, "The level signed is expected, and consistent reached" in out) == (1, True)


@needs_openssl
def test_a_scan_that_ends_after_its_timestamp_is_false(bundle: Path, tmp_path: Path) -> None:
    tsa = authority(tmp_path / "tsa")
    forged = bundle.with_name("forged.zip")
    forger = Forger.of(bundle)
    with serving(tsa) as url:
        record = forger.record
        forger.claim(finished_at=record.finished_at + timedelta(days=3650))
        forger.seal(forged, lambda manifest, _: signing(SCANNER, url)(manifest, record))
    found = verified(
        forged,
        tsa_ca=tmp_path / "tsa" / "root.pem",
        now=record.finished_at + timedelta(days=3651),
    )
    assert any("earlier than the end of the scan" in each for each in wrong(found)), wrong(found)
    early = verified(forged, tsa_ca=tmp_path / "tsa" / "root.pem", now=record.finished_at)
    assert any("is in the future" in each for each in early.steps[2].wrong)


EXPECTATIONS = {
    f"subscriptions: [{ONE}, generated-0001]": "",
    f"subscriptions: [{ONE}]": f"Subscription {OTHER} (generated-0001) was read, and is not expected",
    "subscriptions: [Payments]": "Subscription Payments is expected, and the scan did not read it",
    "management_groups: [corp]": "Management group corp is expected, and the scan did not ask for it",
    "policies: [azure-policy]": "",
    "policies: [baseline]": "Policy baseline, with its waivers, is expected, and is not in the bundle",
    f"policies: [{'ab' * 32}]": f"The policy with digest {'ab' * 32} is expected",
    f"tenant: {TENANT.tenant_id}": "",
    "tenant: 00000000-0000-4000-8000-000000000000": "Tenant 00000000-0000-4000-8000-000000000000 is expected",
    "identity: me": "Identity me is expected; asked by: none",
    f"tool_version: {VERSION}": "",
    "tool_version: 9.9.9": "azml-audit 9.9.9 is expected",
    "not_older_than: 2026-11-21": "",
    "not_older_than: 2026-11-22": "before 2026-11-22",
    "not_older_than: 1s": "before 1s",
    '{"tool_version": "9.9.9"}': "azml-audit 9.9.9 is expected",
}


@pytest.mark.parametrize("text", EXPECTATIONS)
def test_what_is_not_as_expected_is_an_error(text: str, bundle: Path, tmp_path: Path) -> None:
    words = EXPECTATIONS[text]
    (tmp_path / "expected.yaml").write_text(text)
    code, out, _ = run("verify", str(bundle), "--expect", str(tmp_path / "expected.yaml"))
    assert (code, words in out) == (1 if words else 0, True), out
    assert ("as expected (" in last(out)) == (not words)


def test_single_options_replace_the_members_of_the_file(bundle: Path, tmp_path: Path) -> None:
    (tmp_path / "expected.yaml").write_text("tool_version: 9.9.9\npolicies: [ours.yaml]\n")
    options = ["--expect", str(tmp_path / "expected.yaml"), "--expect-tool-version", VERSION]
    options += [
        "--expect-policy",
        "azure-policy",
        "--expect-subscription",
        ONE,
        "--expect-subscription",
        OTHER,
    ]
    code, out, _ = run("verify", str(bundle), *options)
    assert (code, "as expected (" in last(out)) == (0, True), out
    for option, value in (
        ("--expect-tenant", "t"),
        ("--expect-identity", "i"),
        ("--expect-management-group", "g"),
    ):
        assert run("verify", str(bundle), option, value)[0] == 1


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("colour: red", "colour: Extra inputs are not permitted. Known are: subscriptions"),
        ("- a", "Input should be a valid dictionary"),
        ("a: [", "not valid YAML"),
        ("not_older_than: soon", "'soon' is neither an age such as 7d"),
        ("level: high", "Input should be 'consistent'"),
        ("policies: [nowhere.yaml]", "there is no such policy and no such file"),
        ("", "the file expects nothing"),
        ("tenant: null", "the file expects nothing"),
        ("subscriptions: []", "at least 1 item"),
        ("tenant: ' '", "tenant: String should have at least 1 character"),
        ("subscriptions: [a, '']", "subscriptions.1: String should have at least 1 character"),
        ("tenant: a\ntenant: b", "tenant"),
        ("fail_on: huge", "fail_on: Input should be 'critical'"),
    ],
)
def test_expectations_that_cannot_be_used_are_a_usage_error(
    text: str, words: str, bundle: Path, tmp_path: Path
) -> None:
    (tmp_path / "expected.yaml").write_text(text)
    code, _, told = run("verify", str(bundle), "--expect", str(tmp_path / "expected.yaml"))
    assert (code, words in " ".join(told.split())) == (2, True), told


@pytest.mark.parametrize(
    "option", ["--expect-tenant", "--expect-policy", "--not-older-than", "--expect-scope"]
)
def test_an_option_with_an_empty_variable_is_a_usage_error(option: str, bundle: Path) -> None:
    code, _, told = run("verify", str(bundle), option, "")
    assert (code, option in told) == (2, True), told


def test_an_empty_root_digest_is_that_of_no_chain(bundle: Path, tmp_path: Path) -> None:
    series(bundle, tmp_path / "chain", days=1)
    code, out, _ = run("verify", "--chain", str(tmp_path / "chain"), "--root", "")
    assert (code, "as given with --root" in out) == (1, True), out


def test_waivers_of_an_expected_policy_file_count(bundle: Path, tmp_path: Path) -> None:
    """A digest covers no waivers, so the whole file is compared."""
    ours, waived = tmp_path / "ours.yaml", tmp_path / "waived.yaml"
    ours.write_text("name: ours\nchecks:\n  NET001: {}\n")
    waiver = "{check: NET001, resource: '*', reason: Agreed., approver: Ann, expires: 2027-01-01}"
    waived.write_text(f"{ours.read_text()}waivers:\n  - {waiver}\n")
    forger = Forger.of(bundle)
    forger.policies = loaded([str(waived)], registry())
    forger.seal(tmp_path / "waived.zip")
    digest = forger.policies[0].composition.digest
    for expected, words in (
        (str(waived), ""),
        (digest, ""),
        (str(ours), "ours.yaml, with its waivers, is expected, and is not in the bundle"),
    ):
        code, out, _ = run("verify", str(tmp_path / "waived.zip"), "--expect-policy", expected)
        assert (code, words in out) == (1 if words else 0, True), out


def series(bundle: Path, folder: Path, days: int = 3) -> list[str]:
    """Bundles of some days, of which each names the one before it."""
    roots: list[str] = []
    for day in range(days):
        forger = Forger.of(bundle)
        later = timedelta(days=day)
        forger.payloads = [replace(each, retrieved_at=each.retrieved_at + later) for each in forger.payloads]
        forger.claim(
            started_at=forger.record.started_at + later,
            finished_at=forger.record.finished_at + later,
            previous_root=roots[-1] if roots else None,
        )
        (folder / str(day)).mkdir(parents=True)
        roots.append(forger.seal(folder / str(day) / "evidence.zip"))
    return roots


def test_a_chain_of_bundles_holds_and_each_break_is_named(bundle: Path, tmp_path: Path) -> None:
    archive = tmp_path / "archive"
    roots = series(bundle, archive)
    code, out, _ = run("verify", "--chain", str(archive), "--root", roots[-1])
    assert (code, last(out)) == (0, "Verified a chain of 3 bundles."), out
    code, out, _ = run("verify", "--chain", str(archive), "--root", roots[0])
    assert (code, "is the last bundle, with root digest" in out) == (1, True)
    code, out, _ = run("verify", "--chain", str(archive), "--format", "json")
    assert [each["root"] for each in json.loads(out)["bundles"]] == roots
    middle = (archive / "1" / "evidence.zip").rename(tmp_path / "middle.zip")
    code, out, _ = run("verify", "--chain", str(archive))
    assert (code, f"names {roots[1]} as the one before it, which is not in the folder" in out) == (1, True)
    assert run("verify", str(middle), "--chain", str(archive))[0] == 0
    (archive / "3").mkdir()
    (archive / "3" / "copy.zip").write_bytes((archive / "2" / "evidence.zip").read_bytes())
    code, out, _ = run("verify", str(middle), "--chain", str(archive))
    assert (code, "A bundle is in the folder twice" in out, "the chain forks" in out) == (1, True, True)
    code, _, told = run("verify", "--chain", str(tmp_path / "keys"))
    assert (code, "there is no evidence bundle in it" in " ".join(told.split())) == (2, True)
    code, _, told = run("verify")
    assert (code, "Name a BUNDLE" in told) == (2, True)


def test_a_work_paper_shows_what_was_checked_a_sample_and_the_limits(bundle: Path, tmp_path: Path) -> None:
    paper = tmp_path / "paper.md"
    code, *_ = run("verify", str(bundle), "--report", str(paper), "--sample", "4")
    text = paper.read_text()
    assert code == 0
    for words in (
        "## What was checked",
        "## Scope",
        "## Sample: 4 of",
        "## What this cannot show",
        "consistent (",
    ):
        assert words in text, words
    assert text.count("\n### ") == 4
    assert text.count("answered 200 at") >= 4
    before = text
    code, _, told = run("verify", str(bundle), "--report", str(paper))
    assert (code, "never overwritten" in " ".join(told.split()), paper.read_text() == before) == (
        2,
        True,
        True,
    )
    run("verify", str(bundle), "--report", str(tmp_path / "again.md"), "--sample", "4")
    assert (tmp_path / "again.md").read_text() == before
    (tmp_path / "broken.zip").write_bytes(bundle.read_bytes()[:-1])
    code, *_ = run("verify", str(tmp_path / "broken.zip"), "--report", str(tmp_path / "broken.md"))
    assert (code, "**not verified**" in (tmp_path / "broken.md").read_text()) == (1, True)


def test_a_finding_is_traced_by_its_id_to_the_members_that_decide(bundle: Path, tmp_path: Path) -> None:
    report = tmp_path / "report"
    run("report", str(bundle), "--format", "json", "--output", str(report))
    findings = json.loads((report / "report.json").read_text())["findings"]
    finding = next(
        each for each in findings if each["verdict"] == "violated" and each["check_id"] == "NET001"
    )
    code, out, _ = run("trace", str(bundle), finding["finding_id"])
    assert code == 0
    assert out.startswith("NET001 fail, violated under azure-policy")
    assert '"publicNetworkAccess": "Enabled"' in out
    assert '"storageAccount"' not in out
    code, out, _ = run("trace", str(bundle), finding["finding_id"], "--whole")
    assert '"storageAccount"' in out
    code, _, told = run("trace", str(bundle), "0" * 8 + "-0000-0000-0000-" + "0" * 12)
    assert (code, "has no finding with the id" in " ".join(told.split())) == (2, True)


def test_matches_come_worst_first(bundle: Path) -> None:
    _, out, _ = run("trace", str(bundle), "NET001")
    order = [line.split(", ")[1].split()[0] for line in out.splitlines() if line.startswith("NET001 ")]
    ranks = [("violated", "undetermined", "consequence", "waived", "compliant").index(each) for each in order]
    assert len(set(ranks)) > 1
    assert ranks == sorted(ranks)
