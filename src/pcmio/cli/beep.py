"""``pcmio beep``."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from pcmio.cli.exits import ExitCode
from pcmio.cli.screen import Screen
from pcmio.cli.targets import buffer_of, buffer_size_option, depth_option, rate_option, with_target
from pcmio.cli.values import SECONDS, Number
from pcmio.configs import StreamConfig
from pcmio.descriptions import Direction
from pcmio.errors import StopStream

if TYPE_CHECKING:
    from typing import Any

    from pcmio.cli.reports import Report
    from pcmio.cli.targets import Target
    from pcmio.contract import Device
    from pcmio.timestamps import CallbackInfo

_FADE_SECONDS = 0.01


class Tone:
    """A sine of so many frames that begins and ends softly, block by block.

    Attributes:
        done: Frames written so far.
    """

    def __init__(self, frequency: float, rate: int, frames: int, volume: float) -> None:
        self.done = 0
        self.frames = frames
        self._turn = frequency / rate
        self._volume = volume
        self._fade = max(1, min(round(_FADE_SECONDS * rate), frames // 2))

    def fill(self, frames: Any) -> int:
        """Write the next frames, the same in each channel, and return how many there were."""
        import numpy as np

        count = min(len(frames), self.frames - self.done)
        at = np.arange(self.done, self.done + count, dtype=np.float64)
        edge = np.minimum(np.minimum(at, self.frames - 1 - at) / self._fade, 1)
        sound = self._volume * np.sin(2 * np.pi * np.fmod(self._turn * at, 1.0)) * edge
        frames[:count] = sound[:, None]
        self.done += count
        return count


@click.command()
@with_target
@click.option("--frequency", type=Number(min=0), default=440.0, show_default=True, metavar="HZ", help="How high.")
@click.option(
    "--seconds",
    type=SECONDS,
    default=1.0,
    show_default=True,
    metavar="S",
    help="How long.",
)
@click.option(
    "--volume",
    type=Number(0, 1),
    default=0.2,
    show_default=True,
    metavar="V",
    help="How loud: 1 is full scale.",
)
@rate_option
@buffer_size_option
@depth_option
def beep(
    *,
    target: Target,
    frequency: float,
    seconds: float,
    volume: float,
    rate: int | None,
    buffer_size: int | None,
    depth: float | str,
) -> int:
    """Play a tone."""
    screen = Screen()
    with target.open_device(Direction.OUTPUT) as device:
        default = device.default_output_config()
        config = StreamConfig(default.channels, rate or default.sample_rate, buffer_of(buffer_size))
        if frequency > config.sample_rate / 2:
            raise click.UsageError(f"{frequency:g} Hz is more than {config.sample_rate} frames in a second can hold")
        tone = Tone(frequency, config.sample_rate, max(1, round(seconds * config.sample_rate)), volume)
        report = play_tone(screen, device, config, tone, depth=depth)
        screen.say(
            f"{frequency:g} Hz on {device.name} ({device.id}) {screen.glyphs.dot} {report.tail(screen.glyphs.dot)}"
        )
    return ExitCode.INTERRUPTED if report.interrupted else ExitCode.OK


def play_tone(screen: Screen, device: Device, config: StreamConfig, tone: Tone, *, depth: float | str) -> Report:
    """Play a tone to its end, or to Ctrl-C."""
    from pcmio.cli.interrupts import Interrupt
    from pcmio.cli.meters import Levels, Picture
    from pcmio.cli.reports import Report

    levels = Levels(config.channels, config.sample_format)

    def fill(frames: Any, _info: CallbackInfo) -> None:
        if tone.fill(frames) == 0:
            raise StopStream
        levels.add(frames)

    picture = Picture(screen, levels, tone.frames, "Ctrl-C stops")
    with Interrupt() as interrupt, device.build_output_stream(config, fill, picture.heard, depth=depth) as stream:
        picture.watch(stream, interrupt)
    return Report(stream, levels, min(stream.position, tone.frames), interrupt.asked)
