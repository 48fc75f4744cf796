"""``pcmio loopback``: what comes in goes out."""

from __future__ import annotations

from contextlib import closing
from typing import TYPE_CHECKING

import click
from rich.text import Text

from pcmio.cli.exits import ExitCode
from pcmio.cli.facts import configs_of
from pcmio.cli.screen import Screen, clock
from pcmio.cli.targets import (
    balanced_depth_option,
    buffer_size_option,
    find_device,
    input_option,
    json_option,
    monitor_of,
    rate_option,
    with_target,
)
from pcmio.cli.values import SECONDS, Number
from pcmio.configs import BufferSize, StreamConfig
from pcmio.descriptions import Direction
from pcmio.errors import StopStream

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from typing import Any

    from pcmio.cli.meters import Levels
    from pcmio.cli.targets import Target
    from pcmio.configs import SupportedStreamConfigRange
    from pcmio.contract import Device, Host
    from pcmio.duplex import DuplexInfo, DuplexStream

#: What is played on this device comes back from it.
_NULL_LOOPBACK = "null:loopback"
_JACK = "jack"
#: Systems in which all devices move by one clock.
_ONE_CLOCK = (_JACK, "pipewire")
#: What two devices may take until they are paired and the first frame is passed on.
_START_SECONDS = 3.0


@click.command(short_help="Play what is recorded, at once.")
@with_target
@input_option
@click.option("--seconds", type=SECONDS, metavar="S", help="How long.  [default: until Ctrl-C]")
@click.option("--volume", type=Number(0, 10), default=1.0, show_default=True, metavar="V", help="1 leaves it as it is.")
@rate_option
@buffer_size_option
@balanced_depth_option
@click.option(
    "--drift",
    type=click.Choice(("report", "correct")),
    help="Of two clocks that run apart: now and then frames are lost, and counted; or what is recorded is resampled by "
    "a hair, for 5 ms and a block more latency.  [default: correct where there may be two]",
)
@json_option
def loopback(  # noqa: PLR0913 - one for each option
    *,
    target: Target,
    input_name: str | None,
    seconds: float | None,
    volume: float,
    rate: int | None,
    buffer_size: int | None,
    depth: float | str,
    drift: str | None,
    as_json: bool,
) -> int:
    """Play what is recorded, at once: from --input to --device, or between the default ones.

    Beware of feedback where a microphone hears the speakers. Ctrl-C ends.
    """
    from pcmio.cli.interrupts import Interrupt
    from pcmio.cli.meters import Levels, Picture

    screen = Screen(still=as_json)
    with target.open_host() as opened:
        output = find_device(opened, target.device, Direction.OUTPUT)
        source = find_device(opened, input_name, Direction.INPUT)
        if _hears(opened, source, output):
            raise click.UsageError(f"{source.id} hears {output.id}: it would howl; name another --input or --device")
        config, channels = _plan(source, output, rate, buffer_size)
        levels = Levels(channels, config.sample_format)
        passing = _Passing(levels, config, volume, seconds)
        picture = Picture(screen, levels, None, "Ctrl-C ends")
        with (
            Interrupt() as interrupt,
            closing(
                opened.build_duplex_stream(
                    *(source, output, config, passing.through, picture.heard),
                    input_channels=channels,
                    drift=drift or _usual_drift(source, output),
                    depth=depth,
                    convert="auto",  # where the two have no rate in common
                )
            ) as stream,
        ):
            if not as_json:
                _announce(screen, stream)
            stream.start()
            picture.watch(stream, interrupt, seconds=None if seconds is None else seconds + _START_SECONDS)
            told = passing.told(stream)
    if as_json:
        screen.say_json({"input": str(source.id), "output": str(output.id), **told, "interrupted": interrupt.asked})
    else:
        _conclude(screen, told)
    # Without --seconds Ctrl-C is the way to end it.
    return ExitCode.INTERRUPTED if interrupt.asked and seconds is not None else ExitCode.OK


# --- what suits two devices -----------------------------------------------------------------------------------------


def _hears(opened: Host, source: Device, output: Device) -> bool:
    """Whether the input records what the output plays: the two directions of a card or of a server do not."""
    return source == monitor_of(opened, output) or (source == output and str(source.id) == _NULL_LOOPBACK)


def _usual_drift(source: Device, output: Device) -> str:
    return "report" if source == output or source.id.host in _ONE_CLOCK else "correct"


def _plan(source: Device, output: Device, rate: int | None, buffer_size: int | None) -> tuple[StreamConfig, int]:
    """The config of what is played, and the channels of what is recorded."""
    from pcmio.cli.mixing import stream_channels

    recorded, inputs = configs_of(source, Direction.INPUT)
    played, outputs = configs_of(output, Direction.OUTPUT)
    channels = stream_channels(recorded.channels, played.channels, outputs)
    if rate is None:
        wanted = recorded.sample_rate
        rate = common_rate(wanted, _with(inputs, recorded.channels), _with(outputs, channels)) or played.sample_rate
    return StreamConfig(channels, rate, _size(source, buffer_size)), recorded.channels


def _size(source: Device, frames: int | None) -> BufferSize:
    if frames is not None:
        return BufferSize.fixed(frames)
    # A block that is no whole number of JACK's cycles has to wait for the next one.
    return BufferSize.DEFAULT if source.id.host == _JACK else BufferSize.LOW


def _with(ranges: Sequence[SupportedStreamConfigRange], channels: int) -> list[tuple[int, int]]:
    return [(each.min_sample_rate, each.max_sample_rate) for each in ranges if each.channels == channels]


def common_rate(wanted: int, inputs: Sequence[tuple[int, int]], outputs: Sequence[tuple[int, int]]) -> int | None:
    """The rate nearest to ``wanted`` that is in a range, from lowest to highest, of both; None: there is none."""

    def both() -> Iterator[int]:
        for low, high in inputs:
            for least, most in outputs:
                if max(low, least) <= min(high, most):
                    yield min(max(wanted, low, least), high, most)

    return min(both(), key=lambda rate: (abs(rate - wanted), -rate), default=None)


# --- what is done ---------------------------------------------------------------------------------------------------


class _Passing:
    """Hands on what is captured, and counts."""

    def __init__(self, levels: Levels, config: StreamConfig, volume: float, seconds: float | None) -> None:
        self._levels = levels
        self._rate = config.sample_rate
        self._frames = 0
        self._most = None if seconds is None else max(1, round(seconds * config.sample_rate))
        self._lost = 0
        self._input_xruns = self._output_xruns = 0
        self._mix = _mixer(levels.channels, config.channels, volume)

    def through(self, captured: Any, played: Any, info: DuplexInfo) -> None:
        """The stream's callback."""
        self._input_xruns += info.input_xrun_frames > 0
        self._output_xruns += info.output_xrun_frames > 0
        self._lost += info.input_xrun_frames + info.output_xrun_frames
        left = len(captured) if self._most is None else min(len(captured), self._most - self._frames)
        if left == 0:
            raise StopStream
        self._levels.add(captured[:left])
        self._mix(captured[:left], played[:left])
        self._frames += left

    def told(self, stream: DuplexStream) -> dict[str, Any]:
        """For a program, while the stream is open; also, in part, for people."""
        from pcmio.cli.meters import decibels_json

        latency = stream.latency
        return {
            "channels": stream.input_channels,
            "output_channels": stream.config.channels,
            "sample_rate": self._rate,
            "buffer_size": stream.config.buffer_size.frames,
            "frames": self._frames,
            "seconds": round(self._frames / self._rate, 6),
            "peak_db": decibels_json(self._levels.peak),
            "latency": round(latency.total, 6) if latency.frames else None,
            "drift_ppm": None if stream.drift_ppm is None else round(stream.drift_ppm, 2),
            "input_xruns": self._input_xruns,
            "output_xruns": self._output_xruns,
            "dropped_frames": self._lost,
        }


def _mixer(channels: int, to: int, volume: float) -> Callable[[Any, Any], object]:
    import numpy as np

    from pcmio._convert import mix_matrix

    if channels == to:
        return lambda captured, played: np.multiply(captured, np.float32(volume), out=played)
    weights = (volume * mix_matrix(channels, to)).astype(np.float32)
    return lambda captured, played: np.matmul(captured, weights, out=played)


# --- told -----------------------------------------------------------------------------------------------------------


def _announce(screen: Screen, stream: DuplexStream) -> None:
    arrow, dot = screen.glyphs.arrow, screen.glyphs.dot
    source, output, config = stream.input_device, stream.device, stream.config
    screen.say(Text.assemble((source.name, "bold"), f" {arrow} ", (output.name, "bold"), (f" ({output.id})", "dim")))
    mixed = "" if stream.input_channels == config.channels else f" {arrow} {config.channels}"
    screen.say(Text(f"  {stream.input_channels}{mixed} ch, {config.sample_rate} Hz {dot} beware of feedback", "dim"))


def _conclude(screen: Screen, told: dict[str, Any]) -> None:
    from pcmio.cli.meters import xrun_text

    latency = told["latency"]
    parts = [
        clock(told["seconds"], tenths=True),
        *([] if latency is None else [f"{latency * 1000:.1f} ms latency"]),
        xrun_text(told["input_xruns"] + told["output_xruns"], told["dropped_frames"]),
    ]
    screen.say(Text("  passed on ", "green").append(f" {screen.glyphs.dot} ".join(parts), "default"))
