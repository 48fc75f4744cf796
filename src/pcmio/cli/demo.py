"""``pcmio demo``: the main job once through, each part checked."""

from __future__ import annotations

import os
import time
from typing import TYPE_CHECKING, NamedTuple

import click
from rich.text import Text

from pcmio.cli.exits import ExitCode, failure_of
from pcmio.cli.screen import Screen
from pcmio.cli.targets import Target, find_device, monitor_of, open_host, with_target
from pcmio.configs import StreamConfig
from pcmio.descriptions import Direction
from pcmio.errors import HostUnavailable, StopStream
from pcmio.platform import host

if TYPE_CHECKING:
    from typing import Any

    from pcmio.cli.meters import Levels
    from pcmio.cli.verify import Comparison
    from pcmio.contract import Device, Host
    from pcmio.timestamps import CallbackInfo

_NULL = "null"
_VOLUME = 0.2
_SWEEP_SECONDS = 2.0
#: Silence before the sound: a monitor may miss the first frames of a stream.
_LEAD_SECONDS = 0.5
#: What is recorded beyond the sound: the longest way there and back, and some.
_TAIL_SECONDS = 1.0


@click.command(short_help="Try everything once.")
@with_target
def demo(*, target: Target) -> int:
    """Try everything: list devices, play a tone, record a sound back and compare it.

    Where no audio system answers it runs on the Null host, which has devices but makes no sound, and says so.
    """
    screen = Screen()
    with _host_for_demo(screen, target) as opened:
        output = find_device(opened, target.device, Direction.OUTPUT)
        _list(screen, opened)
        _beep(screen, output)
        well = _there_and_back(screen, opened, output)
    if well:
        screen.say(Text("\npcmio works here.", "bold green"))
        return ExitCode.OK
    screen.say(Text("\nSomething was lost on the way; see above.", "bold red"))
    return ExitCode.AUDIO


def _host_for_demo(screen: Screen, target: Target) -> Host:
    """The host to try, which answers: the one that is named, or the default one, or Null where none does."""
    if target != Target(None, None) or os.environ.get("PCMIO_HOST"):
        return target.open_host()
    try:
        return target.open_host()
    except HostUnavailable as error:
        failure = failure_of(error)
    screen.say(Text("No audio system answers on this machine:", "yellow"))
    for detail in failure.details:
        screen.say(Text("  " + detail, "dim"))
    screen.say(
        Text("So this runs on the Null host: all is real, threads, clocks and samples, but makes no sound.\n", "yellow")
    )
    return open_host(_NULL)


def _title(screen: Screen, text: str) -> None:
    screen.say(Text(f"{text}", "bold cyan"))


def _list(screen: Screen, opened: Host) -> None:
    from pcmio.cli.facts import facts_of
    from pcmio.cli.listing import HostFacts, show_devices

    _title(screen, "1. Devices")
    show_devices(screen, HostFacts(opened.id, opened.name, default=False, error=None), facts_of(opened))


def _beep(screen: Screen, output: Device) -> None:
    from pcmio.cli.beep import Tone, play_tone

    _title(screen, f"\n2. A tone on {output.name}")
    default = output.default_output_config()
    config = StreamConfig(default.channels, default.sample_rate)
    report = play_tone(screen, output, config, Tone(440, config.sample_rate, config.sample_rate, _VOLUME), depth="high")
    if report.interrupted:
        raise KeyboardInterrupt
    screen.say(f"   440 Hz {screen.glyphs.dot} {report.tail(screen.glyphs.dot)}")


# --- there and back -------------------------------------------------------------------------------------------------


def _there_and_back(screen: Screen, opened: Host, output: Device) -> bool:
    """Play a sound, record it where it comes back, and compare."""
    _title(screen, "\n3. A sound there and back")
    source = monitor_of(opened, output)
    if source is not None:
        return _tell(screen, _send(screen, output, source), output, source)
    if opened.id == _NULL:
        return _on_loopback(screen, opened)
    screen.say(
        Text(
            f"   {opened.name} has no device that records what {output.name} plays; the Null host's loopback has:",
            "dim",
        )
    )
    with host(_NULL) as null:
        return _on_loopback(screen, null)


def _on_loopback(screen: Screen, null: Host) -> bool:
    loopback = null.device_by_id("null:loopback")
    return _tell(screen, _send(screen, loopback, loopback), loopback, loopback)


class _Sent(NamedTuple):
    comparison: Comparison
    xruns: int
    rate: int


def _send(screen: Screen, output: Device, source: Device) -> _Sent:
    import numpy as np

    from pcmio.cli.interrupts import Interrupt
    from pcmio.cli.meters import Levels, Picture
    from pcmio.cli.verify import compare, sweep

    default = output.default_output_config()
    config = StreamConfig(default.channels, default.sample_rate)
    sound = sweep(_SWEEP_SECONDS, config.sample_rate, _VOLUME)
    levels = Levels(config.channels, config.sample_format)
    player = _Player(np.concatenate([np.zeros(round(_LEAD_SECONDS * config.sample_rate), np.float32), sound]), levels)
    heard: list[Any] = []

    def listen(frames: Any, _info: CallbackInfo) -> None:
        heard.append(frames[:, 0].copy())

    with source.build_input_stream(config, listen, depth="high") as ear:
        _until(lambda: ear.position > 0)
        picture = Picture(screen, levels, player.frames, "recorded at the same time")
        with (
            Interrupt() as interrupt,
            output.build_output_stream(config, player.fill, picture.heard, depth="high") as mouth,
        ):
            picture.watch(mouth, interrupt)
        if interrupt.asked:
            raise KeyboardInterrupt
        end = ear.position + round(_TAIL_SECONDS * config.sample_rate)
        _until(lambda: ear.position >= end)
    came = np.concatenate(heard) if heard else np.empty(0, np.float32)
    return _Sent(compare(sound, came), mouth.stats.xruns + ear.stats.xruns, config.sample_rate)


class _Player:
    """Plays an array, the same in each channel."""

    def __init__(self, sound: Any, levels: Levels) -> None:
        self.frames = len(sound)
        self._sound = sound
        self._levels = levels
        self._at = 0

    def fill(self, frames: Any, _info: CallbackInfo) -> None:
        block = self._sound[self._at : self._at + len(frames)]
        if len(block) == 0:
            raise StopStream
        frames[: len(block)] = block[:, None]
        self._at += len(block)
        self._levels.add(frames)


def _until(holds: Any, seconds: float = 5.0) -> None:
    deadline = time.monotonic() + seconds
    while not holds() and time.monotonic() < deadline:
        time.sleep(0.01)


def _tell(screen: Screen, sent: _Sent, output: Device, source: Device) -> bool:
    from pcmio.cli.meters import decibels, xrun_text

    found, dot = sent.comparison, screen.glyphs.dot
    screen.say(f"   played to {output.id}, recorded from {source.id}")
    if found.gain == 0:
        screen.say(Text("   nothing was heard: is the output muted?", "red"))
        return False
    same = "to the bit" if found.exact == found.sent else f"but for rounding, at {decibels(found.gain):+.1f} dB"
    xruns = xrun_text(sent.xruns, 0) if not sent.xruns else f"{sent.xruns} xruns"
    text = (
        f"   {found.same} of {found.sent} frames came back" + (f", {same}" if found.whole else "") + f" {dot} {xruns}"
    )
    screen.say(Text(text, "default" if found.whole else "red"))
    return found.whole
