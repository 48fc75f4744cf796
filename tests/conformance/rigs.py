"""Each provider starts what its host needs and says what the host must be able to do."""

from __future__ import annotations

import tempfile
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import pcmio
from pcmio.hosts.null import NullDeviceSpec, NullHost, NullKind
from pcmio.testing import Rig
from tests.hosts.alsa.provider import PROVIDERS as ALSA
from tests.hosts.jack.provider import EXACT as EXACT_IN_FLOAT
from tests.hosts.jack.provider import jack
from tests.hosts.pipewire.provider import pipewire
from tests.servers.pulseaudio import NullSink, PulseServer

from .custom_loop import WireHost

if TYPE_CHECKING:
    from collections.abc import Callable, Generator


@contextmanager
def null() -> Generator[Rig]:
    """Devices without hardware, on the machine's clock."""

    def lose_device(host: pcmio.Host) -> Callable[[], None]:
        assert isinstance(host, NullHost)
        device = host.device_by_id("null:loopback")
        device.lose(19)
        return device.plug_in

    def lose_host(host: pcmio.Host) -> Callable[[], None]:
        assert isinstance(host, NullHost)
        host.misfortune.lose(19)
        return host.misfortune.restore

    def plug(host: pcmio.Host) -> tuple[str, Callable[[], None]]:
        assert isinstance(host, NullHost)
        host.misfortune.plug(NullDeviceSpec("card", NullKind.SINK))
        return "null:card", partial(host.misfortune.unplug, "null:card")

    def set_default(host: pcmio.Host, device_id: str) -> None:
        assert isinstance(host, NullHost)
        host.misfortune.set_default(pcmio.Direction.OUTPUT, device_id)

    yield Rig(
        open_host=partial(pcmio.host, "null"),
        output="null:loopback",
        input="null:loopback",
        loops=True,
        exact_formats=tuple(pcmio.SampleFormat),
        channel_counts=(1, 2, 3, 6, 32, 64),
        busy_streams=16,
        lose_device=lose_device,
        lose_host=lose_host,
        watches=True,
        plug=plug,
        set_default=set_default,
    )


@contextmanager
def custom() -> Generator[Rig]:
    """A host as a user writes it, of the ready parts, moved by a Python thread."""

    def lose_device(host: pcmio.Host) -> Callable[[], None]:
        assert isinstance(host, WireHost)
        device = host.device_by_id("wire:loop")
        host.remove(device)
        return partial(host.add, device)

    def plug(host: pcmio.Host) -> tuple[str, Callable[[], None]]:
        assert isinstance(host, WireHost)
        host.add(host.end("card"))
        return "wire:card", partial(host.remove, "wire:card")

    def lose_host(host: pcmio.Host) -> Callable[[], None]:
        assert isinstance(host, WireHost)
        host.lose()
        return host.restore

    def set_default(host: pcmio.Host, device_id: str) -> None:
        assert isinstance(host, WireHost)
        host.set_default(device_id)

    yield Rig(
        open_host=WireHost,
        output="wire:loop",
        input="wire:loop",
        loops=True,
        channel_counts=(1, 2, 3, 6, 32, 64),
        lose_device=lose_device,
        lose_host=lose_host,
        watches=True,
        plug=plug,
        set_default=set_default,
    )


@contextmanager
def pulseaudio() -> Generator[Rig]:
    """A server with a null sink for each channel count; what a sink plays is recorded from its monitor."""
    sinks = [
        NullSink("sink"),
        NullSink("mono", channels=1),
        NullSink("surround", channels=6),
        NullSink("bytes", sample_format="u8"),
        NullSink("words", sample_format="s32le"),
        NullSink("many", channels=32, channel_map=",".join(f"aux{index}" for index in range(32))),
    ]
    with tempfile.TemporaryDirectory() as name:
        server = PulseServer(Path(name), sinks)

        def kill() -> Callable[[], None]:
            server.kill()
            return server.start

        def lose_device(_host: pcmio.Host) -> Callable[[], None]:
            server.remove("sink")
            return lambda: void(server.add(sinks[0]))

        def plug(_host: pcmio.Host) -> tuple[str, Callable[[], None]]:
            module = server.add(NullSink("card"))
            return "pulseaudio:card", partial(server.remove, module)

        def set_default(_host: pcmio.Host, device_id: str) -> None:
            server.pactl("set-default-sink", device_id.removeprefix("pulseaudio:"))

        try:
            server.start()
            yield Rig(
                open_host=partial(pcmio.host, "pulseaudio", server=server.address),
                output="pulseaudio:sink",
                input="pulseaudio:sink.monitor",
                loops=True,
                exact_formats=(*EXACT_IN_FLOAT, pcmio.SampleFormat.I32, pcmio.SampleFormat.U32),
                channel_counts=(1, 2, 6, 32),
                pairs={
                    # PulseAudio 16.1's own conversion between 8 bits and floats is off by one; 32 bits are no floats.
                    pcmio.SampleFormat.U8: ("pulseaudio:bytes", "pulseaudio:bytes.monitor"),
                    pcmio.SampleFormat.I32: ("pulseaudio:words", "pulseaudio:words.monitor"),
                    pcmio.SampleFormat.U32: ("pulseaudio:words", "pulseaudio:words.monitor"),
                    1: ("pulseaudio:mono", "pulseaudio:mono.monitor"),
                    6: ("pulseaudio:surround", "pulseaudio:surround.monitor"),
                    32: ("pulseaudio:many", "pulseaudio:many.monitor"),
                },
                # Its times are told now and then, in microseconds, and worked out in between: on an idle machine each
                # of them is off by half a frame at most.
                alignment_frames=4,
                # Its times come nearer to the truth for seconds: a stream that is paired at once is some frames off.
                pairing_frames=512,
                busy_streams=24,
                lose_device=lose_device,
                kill_server=kill,
                watches=True,
                plug=plug,
                set_default=set_default,
            )
        finally:
            server.stop()


def void(_value: object) -> None:
    """Forget a result."""


PROVIDERS = (null, custom, pulseaudio, jack, pipewire, *ALSA)
