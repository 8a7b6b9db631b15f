"""What a question is about, by its URL."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from scanner.payloads.questions import Ask, path_of

segments = st.lists(st.text("aZ9.-_ %é/", min_size=1, max_size=6), min_size=1, max_size=4).map("/".join)


@given(path=segments, version=st.sampled_from(["2025-12-01", "2026-01-15-preview", ""]))
def test_a_usual_url_is_read_as_any_other(path: str, version: str) -> None:
    """A parameter without a value changes nothing, but such a URL is not written by the reader."""
    usual = f"https://management.azure.com/{path}?api-version={version}"
    assert path_of(usual) == path_of(f"{usual}&x=")
    asks = [Ask(kind="computes", scope="/s", url=url, api_version=version) for url in (usual, f"{usual}&x=")]
    assert asks[0].matter == asks[1].matter
    assert not asks[0].is_later_page
