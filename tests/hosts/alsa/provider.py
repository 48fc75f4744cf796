"""ALSA for the conformance suite: plugins that speak to real servers, a PCM without a clock, and what is named.

Kernel cards are judged where there are some: ``PCMIO_TEST_ALSA_OUTPUT`` and ``PCMIO_TEST_ALSA_INPUT`` name PCMs.
"""

from __future__ import annotations

import os
import tempfile
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pcmio
from pcmio import SampleFormat
from pcmio.testing import Rig
from tests.servers.asound import configuration, plugin, punctual, shown
from tests.servers.jackd import JackLoop, JackServer
from tests.servers.pipewire import NullNode, PipeWireServer
from tests.servers.pulseaudio import NullSink, PulseServer

if TYPE_CHECKING:
    from collections.abc import Generator

#: What goes through 32-bit floats unchanged.
EXACT = (
    *(SampleFormat.F32, SampleFormat.F64, SampleFormat.I16, SampleFormat.U16, SampleFormat.I24, SampleFormat.U24),
    *(SampleFormat.I24_PACKED, SampleFormat.U24_PACKED, SampleFormat.I8, SampleFormat.U8),
)
#: Less than a period of the streams that are aligned.  Plugins guess their delay: that of alsa-plugins 1.2.7
#: for PulseAudio is 785 frames off, for JACK up to 4, PipeWire's own is right.
ALIGNMENT_FRAMES = 1024


def alsa_rig(output: str | None, input_: str | None, **more: Any) -> Rig:
    """A rig on two PCMs, by name."""
    return Rig(
        open_host=partial(pcmio.host, "alsa"),
        output=None if output is None else f"alsa:{output}",
        input=None if input_ is None else f"alsa:{input_}",
        watches=True,
        alignment_frames=ALIGNMENT_FRAMES,
        **more,
    )


@contextmanager
def alsa_null() -> Generator[Rig]:
    """A PCM without a clock."""
    with (
        tempfile.TemporaryDirectory() as name,
        configuration(Path(name), shown("nothing", "type null"), default="nothing"),
    ):
        yield alsa_rig("nothing", "nothing", channel_counts=(1, 2, 3, 6, 32, 64), busy_streams=16)


def pulse_pcms(server: PulseServer, *names: str) -> str:
    """A PCM for each sink, which plays to it and records what it plays."""

    def one(device: str) -> str:
        return f'{{ type pulse server "{server.address}" device "{device}" }}'

    return "\n".join(
        shown(name, f"type asym\nplayback.pcm {one(name)}\ncapture.pcm {one(f'{name}.monitor')}") for name in names
    )


@contextmanager
def alsa_pulse() -> Generator[Rig]:
    """The plugin that speaks to PulseAudio."""
    plugin("pcm_pulse")
    sinks = [
        NullSink("sink"),
        NullSink("mono", channels=1),
        # In ALSA's order of channels.
        NullSink("surround", channels=6, channel_map="front-left,front-right,rear-left,rear-right,front-center,lfe"),
        NullSink("bytes", sample_format="u8"),
        NullSink("words", sample_format="s32le"),
    ]
    with tempfile.TemporaryDirectory() as name:
        server = PulseServer(Path(name), sinks)
        try:
            server.start()
            with (
                punctual(),
                configuration(Path(name), pulse_pcms(server, *(sink.name for sink in sinks)), default="sink"),
            ):
                yield alsa_rig(
                    "sink",
                    "sink",
                    loops=True,
                    exact_formats=EXACT,
                    channel_counts=(1, 2, 6),
                    pairs={
                        # PulseAudio 16.1's own conversion between 8 bits and floats is off by one.
                        SampleFormat.U8: ("alsa:bytes", "alsa:bytes"),
                        SampleFormat.I8: ("alsa:bytes", "alsa:bytes"),
                        1: ("alsa:mono", "alsa:mono"),
                        6: ("alsa:surround", "alsa:surround"),
                    },
                    busy_streams=16,
                )
        finally:
            server.stop()


@contextmanager
def alsa_pipewire() -> Generator[Rig]:
    """The plugin that speaks to PipeWire."""
    library = plugin("pcm_pipewire")
    nodes = [NullNode("sink", priority=2000)]
    with tempfile.TemporaryDirectory() as name:
        server = PipeWireServer(Path(name), nodes)
        try:
            server.start()
            definitions = (
                f'pcm_type.pipewire {{ lib "{library}" }}\n',
                shown("sink", f'type pipewire\nserver "{server.address}"\nplayback_node "sink"\ncapture_node "sink"'),
            )
            with punctual(), configuration(Path(name), *definitions, default="sink"):
                yield alsa_rig(
                    "sink",
                    "sink",
                    loops=True,
                    exact_formats=EXACT,
                    channel_counts=(2,),
                    busy_streams=16,
                )
        finally:
            server.stop()


@contextmanager
def alsa_jack() -> Generator[Rig]:
    """The plugin that makes a JACK client of each PCM."""
    plugin("pcm_jack")
    with tempfile.TemporaryDirectory() as name:
        directory = Path(name)
        server = JackServer(directory, period=256, waits=True)
        loop = JackLoop(server, directory, 2)
        ports = "\n".join(
            f"{direction}_ports {{ 0 {loop.name}:{direction}_1 1 {loop.name}:{direction}_2 }}"
            for direction in ("playback", "capture")
        )
        definition = f"type jack\n{ports}"
        try:
            server.start()
            loop.start()
            chosen = {"JACK_DEFAULT_SERVER": server.name, "JACK_NO_START_SERVER": "1"}
            with punctual(), configuration(directory, shown("loop", definition), default="loop", **chosen):
                yield alsa_rig(
                    "loop",
                    "loop",
                    loops=True,
                    exact_formats=EXACT,
                    channel_counts=(2,),
                    # jackd2 1.9.21 plays the last period of a client that goes again until it has forgotten it; the
                    # plugin (alsa-plugins 1.2.7) silences none.  Usually one to five, more where the machine is busy.
                    echo_frames=24_000,
                    busy_streams=8,
                    cycles=200,
                )
        finally:
            loop.stop()
            server.stop()


@contextmanager
def alsa_named() -> Generator[Rig]:
    """PCMs of this machine, by name."""
    output, input_ = os.environ.get("PCMIO_TEST_ALSA_OUTPUT"), os.environ.get("PCMIO_TEST_ALSA_INPUT")
    yield alsa_rig(output, input_, busy_streams=1)


PROVIDERS = (
    *(alsa_null, alsa_pulse, alsa_pipewire, alsa_jack),
    *([alsa_named] if "PCMIO_TEST_ALSA_OUTPUT" in os.environ else []),
)
