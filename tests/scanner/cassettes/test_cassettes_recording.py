"""The cassettes in the repository are those that the recorder writes, and the README names each."""

from __future__ import annotations

import pytest
import yaml

from tests.support.cassette_player import CASSETTES, FILE_NAME, played
from tests.support.record_cassettes import COMMAND, PUBLISHED, recorded, rewritten, scenarios, scrubbed
from tests.support.scanning import scan_of

SCENARIOS = scenarios()
PUBLISHED_NAMES = sorted(folder.name for folder in CASSETTES.glob(f"{PUBLISHED}*"))
MOST_BYTES = 1_000_000


def committed(name: str) -> str:
    return (CASSETTES / name / FILE_NAME).read_bytes().decode()


@pytest.mark.parametrize("name", SCENARIOS)
def test_recording_the_emulator_again_gives_the_same_bytes(name: str) -> None:
    is_fresh = recorded(SCENARIOS[name]) == committed(name)
    assert is_fresh, f"cassettes/{name} is stale; renew it with: {COMMAND}"


@pytest.mark.parametrize("name", SCENARIOS)
def test_a_played_cassette_gives_the_tables_that_the_emulator_gives(name: str) -> None:
    scenario = SCENARIOS[name]
    from_cassette = played(CASSETTES / name / FILE_NAME).tables
    with scan_of(
        scenario.tenant, *scenario.faults, page_size=scenario.page_size, asks_graph=scenario.asks_graph
    ) as (tables, _, _):
        for table in ("subscriptions", "workspaces", "outbound_rules", "private_endpoint_connections"):
            assert from_cassette[table].equals(tables[table]), table
        told = ["scope", "asked", "http_status", "code", "message", "closes"]
        assert from_cassette.gaps[told].to_dict("list") == tables.gaps[told].to_dict("list")


@pytest.mark.parametrize("name", PUBLISHED_NAMES)
def test_a_cassette_written_by_hand_lies_there_scrubbed_and_in_the_recorders_form(name: str) -> None:
    is_in_form = rewritten(committed(name)) == committed(name)
    assert is_in_form, f"cassettes/{name} is not in the recorder's form; run: {COMMAND}"


def test_every_folder_is_a_scenario_that_the_readme_names() -> None:
    folders = {folder.name for folder in CASSETTES.iterdir() if folder.is_dir()}
    assert folders == SCENARIOS.keys() | set(PUBLISHED_NAMES)
    readme = (CASSETTES / "README.md").read_text(encoding="utf-8")
    assert COMMAND in readme
    assert {name for name in folders if f"`{name}`" not in readme} == set()


def test_every_cassette_stays_small_enough_to_review() -> None:
    too_large = [file for file in CASSETTES.glob("*/*") if file.stat().st_size > MOST_BYTES]
    assert too_large == []


def test_scrubbing_moves_the_origin_to_azure_and_drops_token_secrets_and_addresses() -> None:
    origin = "http://127.0.0.1:4711"
    raw = {
        "request": {
            "method": "GET",
            "uri": f"{origin}/subscriptions?api-version=2022-12-01",
            "headers": {"Authorization": ["Bearer abc"], "User-Agent": ["x"], "Accept": ["application/json"]},
            "body": None,
        },
        "response": {
            "status": {"code": 200, "message": "OK"},
            "headers": {
                "Date": ["today"],
                "Server": ["x"],
                "WWW-Authenticate": [f'Bearer authorization_uri="{origin}"'],
            },
            "body": {
                "string": f'{{"nextLink": "{origin}/next", "sdkTelemetryAppInsightsKey": "k3y", '
                '"tags": {"owner": "ada@example.com"}}'
            },
        },
    }
    text = yaml.safe_dump(scrubbed(raw, origin)["request"]) + str(scrubbed(raw, origin)["response"])
    for gone in ("127.0.0.1", "Bearer abc", "User-Agent", "today", "Server", "k3y", "ada@example.com"):
        assert gone not in text
    assert text.count("https://management.azure.com") == 3
