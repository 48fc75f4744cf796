"""Volumes are the node's: PipeWire's tools see what pcmio sets, and pcmio hears what they set."""

from __future__ import annotations

import json
import threading
from typing import TYPE_CHECKING, Any

import pytest

import pcmio
from pcmio import StreamConfig, VolumeChanged
from pcmio.testing import until
from pcmio.testing.signals import Counter, Events
from tests.servers.pipewire import NullNode, PipeWireServer

if TYPE_CHECKING:
    from collections.abc import Iterator

CONFIG = StreamConfig(2, 48_000, 512)
SIDES = {"output": "main", "input": "main.monitor"}


class Seen:
    """A stream as PipeWire's tools see it."""

    def __init__(self, server: PipeWireServer, name: str = "loud") -> None:
        self.server = server
        self.name = name
        self.id = self._find()["id"]

    def _find(self) -> dict[str, Any]:
        found: list[dict[str, Any]] = json.loads(self.server.run("pw-dump", "-N"))
        return next(
            one for one in found if one["type"].endswith(":Node") and one["info"]["props"].get("node.name") == self.name
        )

    @property
    def now(self) -> tuple[set[float], bool]:
        """The volumes of its channels, and whether it is muted."""
        params = self._find()["info"]["params"]["Props"]
        props = next(one for one in params if "channelVolumes" in one)
        return {round(volume, 4) for volume in props["channelVolumes"]}, props["mute"]

    def set(self, what: str) -> None:
        """Change it from outside."""
        self.server.run("pw-cli", "set-param", str(self.id), "Props", f"{{ {what} }}")


def build(host: pcmio.Host, direction: str, events: Any = None, name: str = "loud", **options: Any) -> Any:
    device = host.device_by_id(f"pipewire:{SIDES[direction]}")
    builder = device.build_output_stream if direction == "output" else device.build_input_stream
    return builder(CONFIG, Counter(), events, node_name=name, **options)


@pytest.mark.parametrize("direction", SIDES)
def test_the_node_keeps_it(server: PipeWireServer, host: pcmio.Host, direction: str) -> None:
    events = Events()
    with build(host, direction, events) as stream:
        seen = Seen(server)
        assert stream.volume_is_native
        assert (stream.volume, stream.muted) == (1.0, False)
        assert seen.now == ({1.0}, False)
        stream.volume = 0.125
        until(lambda: seen.now == ({0.125}, False), "the volume")
        stream.muted = True
        until(lambda: seen.now == ({0.125}, True), "mute")
        assert (stream.volume, stream.muted) == (0.125, True)
        stream.volume = 0.1  # nothing that single precision can hold
        assert stream.volume == 0.1
        until(lambda: seen.now == ({0.1}, True), "another volume, muted as it was")
        stream.muted = False
        stream.volume = 8.0
        until(lambda: seen.now == ({8.0}, False), "more than there was")
    assert events.of(VolumeChanged) == [], "what the owner does is no news"
    assert stream.volume == 8.0


@pytest.mark.parametrize("direction", SIDES)
def test_what_others_set_is_told(server: PipeWireServer, host: pcmio.Host, direction: str) -> None:
    events = Events()
    with build(host, direction, events) as stream:
        seen = Seen(server)
        seen.set("channelVolumes: [0.125, 0.125]")
        until(lambda: events.of(VolumeChanged), "the volume")
        seen.set("mute: true")
        until(lambda: len(events.of(VolumeChanged)) == 2, "mute")
        assert (stream.volume, stream.muted) == (0.125, True)
        stream.volume = 1.0
        until(lambda: seen.now == ({1.0}, True), "the owner's word")
        seen.set("channelVolumes: [0.125, 0.0625]")
        until(lambda: len(events.of(VolumeChanged)) == 3, "a balance")
        stream.muted = False
        until(lambda: seen.now == ({0.125, 0.0625}, False), "the balance as it was, to be heard")
        seen.set("volume: 0.5")
        until(lambda: len(events.of(VolumeChanged)) == 4, "the volume of all channels")
        stream.volume = 0.25
        until(lambda: seen.now == ({0.25}, False), "the owner's word again")
        assert stream.volume == 0.25
        seen.set("volume: 0.5, mute: true")
        until(lambda: events.of(VolumeChanged)[-1].muted, "both at once")
    quiet, muted, balanced, half, *both = events.of(VolumeChanged)
    assert quiet == VolumeChanged(0.125, muted=False)
    assert muted == VolumeChanged(0.125, muted=True)
    assert balanced == VolumeChanged(0.125, muted=True), "of the loudest channel"
    assert half == VolumeChanged(0.0625, muted=False)
    assert both[-1] == VolumeChanged(0.125, muted=True)
    assert len(set(both)) == len(both), "nothing is told twice"


def test_what_a_mixer_sets_is_told(server: PipeWireServer, host: pcmio.Host) -> None:
    events = Events()
    with build(host, "output", events) as stream:
        number = str(Seen(server).id)
        server.run("wpctl", "set-volume", number, "0.5")  # which counts as people hear: the cube root
        until(lambda: events.of(VolumeChanged), "the volume")
        server.run("wpctl", "set-mute", number, "1")
        until(lambda: stream.muted, "mute")
        assert stream.volume == pytest.approx(0.125)


@pytest.mark.parametrize("direction", SIDES)
def test_it_can_be_set_before_the_start(server: PipeWireServer, host: pcmio.Host, direction: str) -> None:
    stream = build(host, direction)
    seen = Seen(server)
    stream.volume, stream.muted = 0.125, True
    until(lambda: seen.now == ({0.125}, True), "both")
    stream.close()


def test_it_is_as_exact_as_the_samples_when_it_is_full_again(host: pcmio.Host) -> None:
    heard: list[Any] = []

    def play(frames: Any, _info: object) -> None:
        frames[:] = 0.7

    sink, monitor = (host.device_by_id(f"pipewire:{name}") for name in SIDES.values())
    with (
        sink.build_output_stream(CONFIG, play) as output,
        monitor.build_input_stream(CONFIG, lambda frames, _info: heard.append(frames[0, 0].item())),
    ):
        output.volume = 0.5
        until(lambda: heard and abs(heard[-1] - 0.35) < 1e-6, "half of it")
        output.volume = 1.0
        full = 0.699999988079071  # the single that is nearest to 0.7
        until(lambda: heard[-1] == full, "all of it")


def test_streams_do_not_take_each_other_s(server: PipeWireServer, host: pcmio.Host) -> None:
    events = Events()
    with build(host, "output", name="one") as one, build(host, "output", events, name="other") as other:
        one.volume = 0.125
        Seen(server, "one").set("mute: true")
        until(lambda: one.muted, "mute")
        assert (other.volume, other.muted) == (1.0, False)
        assert Seen(server, "other").now == ({1.0}, False)
    assert events.of(VolumeChanged) == []


def test_a_stream_that_nobody_links_has_one(server: PipeWireServer, host: pcmio.Host) -> None:
    events = Events()
    with build(host, "output", events, connect=False) as stream:
        seen = Seen(server)
        stream.volume = 0.125
        until(lambda: seen.now == ({0.125}, False), "the volume")

        def others_are_heard() -> bool:  # once a session manager has had its time
            seen.set("channelVolumes: [0.5, 0.5]")
            return bool(events.of(VolumeChanged))

        until(others_are_heard, "somebody else's")
        assert stream.volume == 0.5


def test_it_may_be_set_by_many_threads_at_once(server: PipeWireServer, host: pcmio.Host) -> None:
    with build(host, "output") as stream:
        seen = Seen(server)

        def turn() -> None:
            for step in range(50):
                stream.volume = step / 50

        threads = [threading.Thread(target=turn) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        stream.volume = 0.125
        until(lambda: seen.now[0] == {0.125}, "the last")


# --- a session manager that remembers ---------------------------------------------------------------------------------


@pytest.fixture
def remembering(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PipeWireServer]:
    """A server whose session manager gives a stream the volume that one of the same name had before."""
    server = PipeWireServer(tmp_path_factory.mktemp("pipewire"), [NullNode("main", priority=2000)], restores=True)
    try:
        server.start()
        with pcmio.host("pipewire", remote=server.address) as host, build(host, "output") as stream:
            server.run("wpctl", "set-volume", str(Seen(server).id), "0.5")
            until(lambda: stream.volume == pytest.approx(0.125), "the volume")
        yield server
    finally:
        server.stop()


def test_what_the_session_manager_remembers_is_told(remembering: PipeWireServer) -> None:
    events = Events()
    with pcmio.host("pipewire", remote=remembering.address) as host, build(host, "output", events) as stream:
        until(lambda: events.of(VolumeChanged), "the volume that it had before")
        assert stream.volume == pytest.approx(0.125)
        assert events.of(VolumeChanged) == [VolumeChanged(stream.volume, muted=False)]


def test_what_the_owner_says_first_comes_before_what_is_remembered(remembering: PipeWireServer) -> None:
    with pcmio.host("pipewire", remote=remembering.address) as host:
        stream = build(host, "output")
        stream.volume = 0.5
        with stream, build(host, "output", name="other") as other:  # of the same program, which is what counts
            until(lambda: other.volume != 1.0, "the session manager having seen both")
            assert stream.volume == 0.5
            until(lambda: Seen(remembering).now == ({0.5}, False), "the owner's word")
