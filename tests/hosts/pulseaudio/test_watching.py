"""Where a watch waits for a server to come back."""

from __future__ import annotations

import pytest

from pcmio.hosts.pulseaudio import HostOptions
from pcmio.hosts.pulseaudio.watch import socket_paths

SYSTEM = ["/run/pulse/native", "/var/run/pulse/native"]


@pytest.mark.parametrize(
    ("server", "paths"),
    [
        ("unix:/run/some/native", ["/run/some/native"]),
        ("/run/some/native", ["/run/some/native"]),
        ("{1234abcd}unix:/run/some/native", ["/run/some/native"]),
        ("/run/one /run/other", ["/run/one", "/run/other"]),
        ("tcp:machine:4713", []),
        ("/run/one machine", []),
    ],
)
def test_a_server_that_was_named_has_its_socket_there_and_one_on_the_network_none(
    server: str, paths: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert socket_paths(HostOptions(server=server), "") == paths
    assert socket_paths(HostOptions(), server) == paths, "where it was before"
    monkeypatch.setenv("PULSE_SERVER", server)
    assert socket_paths(HostOptions(), "/run/before") == paths


def test_without_a_name_it_is_where_libpulse_looks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_RUNTIME_DIR", "/run/user/1000")
    assert socket_paths(HostOptions(), "") == ["/run/user/1000/pulse/native", *SYSTEM]
    monkeypatch.setenv("PULSE_RUNTIME_PATH", "/run/mine")
    assert socket_paths(HostOptions(), "") == ["/run/mine/native", *SYSTEM]


def test_where_only_libpulse_knows_the_place_the_server_is_looked_for_again_and_again(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for name in ("PULSE_SERVER", "PULSE_RUNTIME_PATH", "XDG_RUNTIME_DIR"):
        monkeypatch.delenv(name, raising=False)
    assert socket_paths(HostOptions(), "") == []
