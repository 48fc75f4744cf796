"""The fixtures that pytest finds where pcmio is installed, as a user's tests ask for them."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import pcmio
from pcmio.testing import VirtualHost, until

PAGE = Path(__file__).parents[2] / "docs" / "howto" / "test-without-a-sound-card.md"
CONFIG = pcmio.StreamConfig(2, 48_000, 480)


def pytest_in(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """A run of pytest that has this plugin, however pcmio is installed here, and no other."""
    src = str(Path(pcmio.__file__).parent.parent)
    env = {**os.environ, "PYTHONPATH": src, "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}
    command = [sys.executable, "-m", "pytest", "-p", "pcmio._pytest", "-q", "-W", "error", *arguments]
    return subprocess.run(command, cwd=folder, env=env, capture_output=True, text=True, timeout=100, check=False)


def test_a_file_of_tests_gets_the_virtual_device_by_asking_for_it(tmp_path: Path) -> None:
    (tmp_path / "test_program.py").write_text(
        """
import os
import numpy as np
import pcmio

def test_with_simulated_time(pcmio_host, pcmio_clock, pcmio_heard):
    host = pcmio.default_host()
    assert host is pcmio_host and pcmio.host("null") is host
    playback = pcmio.play(np.full(48_000, 0.5), 48_000)
    pcmio_clock.advance(3.0)
    assert playback.wait(10)
    assert pcmio_heard.samples.shape == (3 * 48_000, 2)
    assert (pcmio_heard.samples[:, 0] == 0.5).sum() == 48_000

def test_with_the_machines_time(pcmio_host, pcmio_heard):
    pcmio.play(np.full(4_800, 0.25), 48_000).wait()
    assert pcmio_heard.peak == 0.25

def test_without(monkeypatch):
    assert "PCMIO_HOST" not in os.environ
    with pcmio.host("null") as host:
        assert len(host.devices()) == 4
""",
        encoding="utf-8",
    )
    ran = pytest_in(tmp_path, "-p", "no:cacheprovider", "test_program.py")
    assert "3 passed" in ran.stdout, ran.stdout + ran.stderr


def test_the_tests_that_the_page_shows_pass(tmp_path: Path) -> None:
    blocks = re.findall(r"^```python\n(.*?)^```$", PAGE.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL)
    (tmp_path / "test_page.py").write_text("".join(blocks), encoding="utf-8")
    ran = pytest_in(tmp_path, "-p", "no:cacheprovider", "test_page.py")
    assert "3 passed" in ran.stdout, ran.stdout + ran.stderr


def test_the_fixtures_say_what_they_are(tmp_path: Path) -> None:
    listed = pytest_in(tmp_path, "--fixtures").stdout
    for name in ("pcmio_host", "pcmio_clock", "pcmio_heard"):
        assert f"{name} -- " in listed
        assert f"`{name}`" in PAGE.read_text(encoding="utf-8")


def test_loading_the_plugin_loads_no_audio_and_no_numpy() -> None:
    code = "import sys, pytest, pcmio._pytest; print([m for m in sys.modules if m in ('numpy', 'pcmio._core')])"
    env = {**os.environ, "PYTHONPATH": str(Path(pcmio.__file__).parent.parent)}
    done = subprocess.run([sys.executable, "-c", code], env=env, capture_output=True, text=True, timeout=60, check=True)
    assert done.stdout == "[]\n"


def half(frames: Any, _info: pcmio.CallbackInfo) -> None:
    frames[:] = 0.5


def test_a_program_that_closes_its_host_ends_its_streams_and_is_heard_when_it_opens_it_again() -> None:
    with VirtualHost() as host, host.listen() as heard:
        device = host.default_output_device()
        assert device is not None
        with device.build_output_stream(CONFIG, half) as stream:
            host.close()
            with pytest.raises(pcmio.HostDisconnected):
                stream.wait(10)
        heard.clear()
        with device.build_output_stream(CONFIG, half):
            until(lambda: heard.peak == 0.5, "what is played after the host was closed")


def test_what_was_heard_stays_when_the_device_is_unplugged() -> None:
    with VirtualHost() as host:
        device = host.default_output_device()
        assert device is not None
        with host.listen() as heard, device.build_output_stream(CONFIG, half) as stream:
            until(lambda: heard.peak == 0.5, "what is played")
            host.misfortune.unplug("null:loopback")
            with pytest.raises(pcmio.DeviceLost):
                stream.wait(10)
        assert heard.peak == 0.5
        assert heard.samples.dtype == np.float32
