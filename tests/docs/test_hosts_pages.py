"""A page for each host, and in each page what one looks for."""

from __future__ import annotations

import re
import sys
from pathlib import Path

import pytest

import pcmio
import pcmio.hosts.alsa.abi as alsa
import pcmio.hosts.pipewire.abi as pipewire
import pcmio.hosts.pulseaudio.abi as pulse
from pcmio._native import Library, _Function

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


#: What Debian tells of a package's functions: since which version they are there.
SYMBOLS = Path("/var/lib/dpkg/info")
LIBRARIES: dict[str, tuple[type[Library], str, str]] = {
    "alsa": (alsa.Asound, "libasound2", "snd_pcm_"),
    "pulseaudio": (pulse.Libpulse, "libpulse0", "pa_"),
    "pipewire": (pipewire.Libpipewire, "libpipewire-0.3-0", "pw_"),
}
#: Newer ones, which an older library may do without.
OPTIONAL = {"pw_stream_get_time_n"}


def _version(text: str) -> tuple[int, ...]:
    return tuple(int(number) for number in text.split("."))


@pytest.mark.parametrize("host", LIBRARIES)
def test_a_page_says_which_version_of_a_library_has_all_functions_that_are_called(host: str) -> None:
    library, package, prefix = LIBRARIES[host]
    tables = list(SYMBOLS.glob(f"{package}*.symbols"))
    if not tables:
        pytest.skip(f"{package} is not installed from a Debian package")
    since = dict(re.findall(r"^ (\w+)@\S+ ([\d.]+)", tables[0].read_text(encoding="utf-8"), re.MULTILINE))
    declared = {name for name, value in vars(library).items() if isinstance(value, _Function)}
    called = declared | {f"{prefix}{name}" for name in sys.modules[library.__module__].API_FUNCTIONS}
    own = prefix.partition("_")[0]  # the rest is libc's
    called = {name for name in called if name.startswith(f"{own}_")}
    assert called <= set(since)
    newest = max((_version(since[name]), name) for name in called - OPTIONAL)
    page = " ".join((PAGES / f"{host}.md").read_text(encoding="utf-8").split())
    needed = re.search(rf"- {library.__name__.lower() if host != 'alsa' else 'alsa-lib'} ([\d.]+) or newer", page)
    assert needed is not None
    assert _version(needed[1]) == newest[0], newest[1]
