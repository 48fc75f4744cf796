"""A page for each host, and in each page what one looks for."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

import pcmio

PAGES = Path(__file__).parents[2] / "docs" / "hosts"


@pytest.mark.parametrize("host", pcmio.ALL_HOSTS)
def test_a_host_has_a_page_with_all_that_is_to_be_told(host: str) -> None:
    page = (PAGES / f"{host}.md").read_text(encoding="utf-8")
    headings = re.findall(r"^## (.*)", page, re.MULTILINE)
    if host == "null":
        assert {"Options", "Misfortune", "Limits"} <= set(headings)
    else:
        assert {"Devices", "Options", "What is special", "Versions and limits"} <= set(headings)
    assert re.search(r"^Tested (with|on) ", page, re.MULTILINE)
    assert re.search(r"Not tested so far|not tested\s+so far", page)
    assert f'`pcmio.host("{host}", ...)`' in page


def test_every_page_is_of_a_host() -> None:
    assert {page.stem for page in PAGES.glob("*.md")} == {*pcmio.ALL_HOSTS, "custom"}
