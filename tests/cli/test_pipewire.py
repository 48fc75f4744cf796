"""The commands on a real PipeWire server."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

import pytest

from tests.servers.pipewire import NullNode, PipeWireServer

from .loop import demo, there_and_back

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from .conftest import Ran

if not (shutil.which("pipewire") and shutil.which("wireplumber")):
    pytest.skip("pipewire and wireplumber are not installed", allow_module_level=True)


@pytest.fixture(scope="module")
def pipewire(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PipeWireServer]:
    nodes = (NullNode("speakers", priority=2000), NullNode("mono", positions="MONO"))
    server = PipeWireServer(tmp_path_factory.mktemp("pipewire"), nodes, quantum=1024)
    server.start()
    yield server
    server.stop()


@pytest.fixture
def on_pipewire(pipewire: PipeWireServer) -> dict[str, str]:
    return {"PIPEWIRE_REMOTE": pipewire.address}


def test_it_is_the_default_where_it_runs(run: Callable[..., Ran], on_pipewire: dict[str, str]) -> None:
    hosts = run("hosts", "--json", **on_pipewire).json["hosts"]
    assert [host["id"] for host in hosts if host["default"]] == ["pipewire"]
    devices = {device["id"]: device for device in run("devices", "--json", **on_pipewire).json["devices"]}
    assert devices["pipewire:speakers"]["default_output"]
    assert devices["pipewire:speakers.monitor"]["type"] == "monitor"
    assert devices["pipewire:@DEFAULT_SINK@"]["output"] == devices["pipewire:speakers"]["output"]
    assert not devices["pipewire:@DEFAULT_SINK@"]["default_output"]


def test_what_stands_for_the_default_is_listed_and_taken_by_its_name(
    run: Callable[..., Ran], on_pipewire: dict[str, str], sine: Callable[..., str]
) -> None:
    listed = run("devices", "--host", "pipewire", **on_pipewire).out
    for text in ("Default output", "pipewire:@DEFAULT_SINK@", "Default input", "pipewire:@DEFAULT_SOURCE@"):
        assert text in listed
    played = run("play", sine("a.wav"), "--device", "default output", "--json", **on_pipewire).json["played"]
    assert [one["seconds"] for one in played] == [0.5]


@pytest.mark.usefixtures("standstills")
def test_what_is_played_is_what_is_recorded_sample_by_sample(
    run: Callable[..., Ran], alone: dict[str, str], on_pipewire: dict[str, str], tmp_path: Path
) -> None:
    there_and_back(
        run,
        alone | on_pipewire,
        tmp_path,
        output="pipewire:speakers",
        source="pipewire:speakers.monitor",
        rate=48_000,
        subtype="PCM_24",
        sample_format="i24",
    )


def test_the_demo_hears_on_the_monitor_what_it_plays(run: Callable[..., Ran], on_pipewire: dict[str, str]) -> None:
    ran = demo(run, **on_pipewire)
    assert ran.code == 0, ran.out + ran.err
    assert "96000 of 96000 frames came back, to the bit" in ran.out
    assert "pipewire:speakers.monitor" in ran.out


def test_files_of_any_rate_and_channels_are_played(
    run: Callable[..., Ran], on_pipewire: dict[str, str], sine: Callable[..., str]
) -> None:
    files = (sine("a.wav", rate=22_050), sine("b.wav", channels=6), sine("c.wav", channels=1))
    played = run("play", *files, "--device", "mono", "--json", **on_pipewire).json["played"]
    assert [one["seconds"] for one in played] == [0.5, 0.5, 0.5]


def test_properties_that_are_not_set_are_not_told(run: Callable[..., Ran], on_pipewire: dict[str, str]) -> None:
    told = run("info", "pipewire:speakers", "--no-open", **on_pipewire).out
    assert "  node.name: speakers\n" in told
    assert ": \n" not in told
