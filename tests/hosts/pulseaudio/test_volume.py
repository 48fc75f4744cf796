"""Volumes are the server's: pactl sees what pcmio sets, and pcmio hears what pactl sets."""

from __future__ import annotations

import json
import threading
from typing import TYPE_CHECKING, Any

import pytest

import pcmio
from pcmio import StreamConfig, VolumeChanged
from pcmio._native import Double, UInt, quick
from pcmio.hosts.pulseaudio import formats
from pcmio.hosts.pulseaudio.abi import Libpulse
from pcmio.testing import until
from pcmio.testing.signals import Counter, Events

if TYPE_CHECKING:
    from tests.servers.pulseaudio import PulseServer

CONFIG = StreamConfig(2, 48_000, 512)
SIDES = {"output": ("main", "sink-input"), "input": ("main.monitor", "source-output")}


class Seen:
    """A stream as pactl sees it."""

    def __init__(self, server: PulseServer, kind: str, name: str) -> None:
        self.server = server
        self.kind = kind
        listed = json.loads(server.pactl("--format=json", "list", f"{kind}s"))
        self.index = str(next(one["index"] for one in listed if one["properties"]["media.name"] == name))

    @property
    def now(self) -> tuple[set[int], bool]:
        """The volumes of its channels, in the server's steps, and whether it is muted."""
        listed = json.loads(self.server.pactl("--format=json", "list", f"{self.kind}s"))
        found = next(one for one in listed if str(one["index"]) == self.index)
        return {channel["value"] for channel in found["volume"].values()}, found["mute"]

    def set(self, what: str, *values: str) -> None:
        """Change it from outside."""
        self.server.pactl(f"set-{self.kind}-{what}", self.index, *values)


def build(host: pcmio.Host, direction: str, events: Any = None, name: str = "Loud") -> Any:
    device = host.device_by_id(f"pulseaudio:{SIDES[direction][0]}")
    builder = device.build_output_stream if direction == "output" else device.build_input_stream
    return builder(CONFIG, Counter(), events, stream_name=name)


@pytest.mark.parametrize("direction", SIDES)
def test_the_server_keeps_it(server: PulseServer, host: pcmio.Host, direction: str) -> None:
    events = Events()
    with build(host, direction, events) as stream:
        seen = Seen(server, SIDES[direction][1], "Loud")
        assert stream.volume_is_native
        assert (stream.volume, stream.muted) == (1.0, False)
        assert seen.now == ({65_536}, False)
        stream.volume = 0.125
        until(lambda: seen.now == ({32_768}, False), "half of the server's steps")
        stream.muted = True
        until(lambda: seen.now == ({32_768}, True), "mute")
        assert (stream.volume, stream.muted) == (0.125, True)
        stream.volume = 0.1  # not one of the server's steps
        assert stream.volume == 0.1
        until(lambda: seen.now == ({30_419}, True), "another volume, muted as it was")
        stream.muted = False
        stream.volume = 8.0
        until(lambda: seen.now == ({131_072}, False), "more than there was")
    assert events.of(VolumeChanged) == [], "what the owner does is no news"
    assert stream.volume == 8.0


@pytest.mark.parametrize("direction", SIDES)
def test_what_others_set_is_told(server: PulseServer, host: pcmio.Host, direction: str) -> None:
    events = Events()
    with build(host, direction, events) as stream:
        seen = Seen(server, SIDES[direction][1], "Loud")
        seen.set("volume", "32768")
        until(lambda: events.of(VolumeChanged), "the volume")
        seen.set("mute", "1")
        until(lambda: len(events.of(VolumeChanged)) == 2, "mute")
        assert (stream.volume, stream.muted) == (0.125, True)
        stream.volume = 1.0
        until(lambda: seen.now == ({65_536}, True), "the owner's word")
        seen.set("volume", "32768", "16384")
        until(lambda: len(events.of(VolumeChanged)) == 3, "a balance")
    quiet, muted, balanced = events.of(VolumeChanged)
    assert quiet == VolumeChanged(0.125, muted=False)
    assert muted == VolumeChanged(0.125, muted=True)
    assert balanced == VolumeChanged(0.125, muted=True), "of the loudest channel"


@pytest.mark.parametrize("direction", SIDES)
def test_it_can_be_set_before_the_start(server: PulseServer, host: pcmio.Host, direction: str) -> None:
    stream = build(host, direction)
    seen = Seen(server, SIDES[direction][1], "Loud")
    stream.volume, stream.muted = 0.125, True
    until(lambda: seen.now == ({32_768}, True), "both")
    stream.close()


def test_streams_do_not_take_each_other_s(server: PulseServer, host: pcmio.Host) -> None:
    events = Events()
    with build(host, "output", name="One") as one, build(host, "output", events, name="Other") as other:
        one.volume = 0.125
        Seen(server, "sink-input", "One").set("mute", "1")
        until(lambda: one.muted, "mute")
        assert (other.volume, other.muted) == (1.0, False)
        assert Seen(server, "sink-input", "Other").now == ({65_536}, False)
    assert events.of(VolumeChanged) == []


def test_it_may_be_set_by_many_threads_at_once(server: PulseServer, host: pcmio.Host) -> None:
    with build(host, "output") as stream:
        seen = Seen(server, "sink-input", "Loud")

        def turn() -> None:
            for step in range(50):
                stream.volume = step / 50

        threads = [threading.Thread(target=turn) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        stream.volume = 0.125
        until(lambda: seen.now[0] == {32_768}, "the last")


class Counts(Libpulse):
    """What only this test asks."""

    @quick
    def pa_sw_volume_from_linear(self, v: Double, /) -> UInt: ...  # type: ignore[empty-body]
    @quick
    def pa_sw_volume_to_linear(self, v: UInt, /) -> Double: ...  # type: ignore[empty-body]


@pytest.mark.parametrize("amplitude", [0.0, 1e-4, 0.1, 0.125, 0.5, 1.0, 2.0, 10.0])
def test_volumes_are_counted_as_libpulse_does(amplitude: float) -> None:
    pulse = Counts()
    volume = formats.to_pulse_volume(amplitude)
    assert volume == pulse.pa_sw_volume_from_linear(amplitude)
    assert formats.from_pulse_volume(volume) == pytest.approx(pulse.pa_sw_volume_to_linear(volume))
