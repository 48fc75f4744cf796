"""``pcmio loopback``: what comes in goes out."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

import click
from rich.text import Text

from pcmio.cli.exits import ExitCode
from pcmio.cli.screen import Screen, clock, counted
from pcmio.cli.targets import (
    buffer_size_option,
    find_device,
    input_option,
    json_option,
    monitor_of,
    rate_option,
    with_target,
)
from pcmio.configs import BufferSize, StreamConfig
from pcmio.descriptions import Direction
from pcmio.errors import OperationInterrupted, OperationTimeout, StreamClosed

if TYPE_CHECKING:
    from typing import Any

    from pcmio.blocking import Reader, Writer
    from pcmio.cli.meters import Levels
    from pcmio.cli.targets import Target
    from pcmio.contract import Device

#: How long a read or write waits before it looks whether all is over.
_PATIENCE_SECONDS = 0.2
#: What may wait in the input before the oldest is left out.
_LATE_SECONDS = 0.05


@click.command(short_help="Play what is recorded, at once.")
@with_target
@input_option
@click.option(
    "--seconds", type=click.FloatRange(min=0, min_open=True), metavar="S", help="How long.  [default: until Ctrl-C]"
)
@click.option(
    "--volume", type=click.FloatRange(0, 10), default=1.0, show_default=True, metavar="V", help="1 leaves it as it is."
)
@rate_option
@buffer_size_option
@click.option(
    "--depth",
    type=click.FloatRange(0, 10),
    default=0.08,
    show_default=True,
    metavar="SECONDS",
    help="What the output may hold; half of it is latency.",
)
@json_option
def loopback(
    *,
    target: Target,
    input_name: str | None,
    seconds: float | None,
    volume: float,
    rate: int | None,
    buffer_size: int | None,
    depth: float,
    as_json: bool,
) -> int:
    """Play what is recorded, at once: from --input to --device, or between the default ones.

    Beware of feedback where a microphone hears the speakers. Two devices have two clocks: where one is faster, frames
    are left out or silence is put in now and then, and counted. Ctrl-C ends.
    """
    from pcmio.cli.interrupts import Interrupt
    from pcmio.cli.meters import Levels, Picture

    screen = Screen(still=as_json)
    with target.open_host() as opened:
        output = find_device(opened, target.device, Direction.OUTPUT)
        source = find_device(opened, input_name, Direction.INPUT)
        if source in (output, monitor_of(opened, output)):
            raise click.UsageError(f"{source.id} hears {output.id}: it would howl; name another --input or --device")
        config = _config(source, rate, buffer_size)
        levels = Levels(config.channels, config.sample_format)
        relay = _Relay(levels, volume)
        picture = Picture(screen, levels, None, "Ctrl-C ends")
        with (
            Interrupt() as interrupt,
            output.open_writer(config, depth=depth, on_event=picture.heard) as writer,
            source.open_reader(config, on_event=picture.heard) as reader,
        ):
            if not as_json:
                _announce(screen, source, output, config)
            relay.start(reader, writer)
            try:
                picture.watch(reader, interrupt, relay.check, seconds=seconds)
                block = (reader.config.buffer_size.frames or 0) / config.sample_rate
                latency = reader.latency.device + writer.latency.total + block
            finally:
                relay.stop(writer)
            relay.check()
    told = _told(relay, reader, writer, latency)
    if as_json:
        screen.say_json({"input": str(source.id), "output": str(output.id), **told, "interrupted": interrupt.asked})
    else:
        _conclude(screen, told)
    # Without --seconds Ctrl-C is the way to end it.
    return ExitCode.INTERRUPTED if interrupt.asked and seconds is not None else ExitCode.OK


def _config(source: Device, rate: int | None, buffer_size: int | None) -> StreamConfig:
    """What is recorded; the writer mixes and resamples it to what its device takes."""
    default = source.default_input_config()
    size = BufferSize.LOW if buffer_size is None else BufferSize.fixed(buffer_size)
    return StreamConfig(default.channels, rate or default.sample_rate, size)


class _Relay:
    """Hands on what is read, on a thread of its own.

    Attributes:
        frames: That were handed on.
        dropped: That were left out, as the output did not take them in time.
    """

    def __init__(self, levels: Levels, volume: float) -> None:
        self.frames = 0
        self.dropped = 0
        self.levels = levels
        self._volume = volume
        self._over = threading.Event()
        self._error: BaseException | None = None
        self._thread: threading.Thread | None = None

    def start(self, reader: Reader, writer: Writer) -> None:
        self._thread = threading.Thread(target=self._run, args=(reader, writer), name="pcmio loopback", daemon=True)
        self._thread.start()

    def check(self) -> None:
        """Raise what went wrong, if anything did."""
        if self._error is not None:
            raise self._error

    def stop(self, writer: Writer) -> None:
        """End it; what is not played yet is thrown away."""
        self._over.set()
        if writer.reason is None:
            writer.stop(0)
        if self._thread is not None:
            self._thread.join()

    def _run(self, reader: Reader, writer: Writer) -> None:
        try:
            while not self._over.is_set():
                self._pass_on(reader, writer)
        except (OperationInterrupted, StreamClosed) as error:
            self._error = None if self._over.is_set() else error
        except Exception as error:  # noqa: BLE001 - whatever it is, it belongs to who waits
            self._error = error

    def _pass_on(self, reader: Reader, writer: Writer) -> None:
        frames = reader.config.buffer_size.frames or 1
        late = reader.read_available - round(_LATE_SECONDS * reader.config.sample_rate) - frames
        if late > 0:
            self.dropped += len(reader.read(late))
        try:
            block = reader.read(frames, timeout=_PATIENCE_SECONDS)
        except OperationTimeout:
            return
        self.levels.add(block)
        if self._volume != 1:
            block *= self._volume
        done = 0
        while done < len(block) and not self._over.is_set():
            try:
                writer.write(block[done:], timeout=_PATIENCE_SECONDS)
                break
            except OperationTimeout as error:
                done += error.frames or 0
        self.frames += len(block)


# --- told -----------------------------------------------------------------------------------------------------------


def _announce(screen: Screen, source: Device, output: Device, config: StreamConfig) -> None:
    arrow, dot = screen.glyphs.arrow, screen.glyphs.dot
    screen.say(Text.assemble((source.name, "bold"), f" {arrow} ", (output.name, "bold"), (f" ({output.id})", "dim")))
    screen.say(Text(f"  {config.channels} ch, {config.sample_rate} Hz {dot} beware of feedback", "dim"))


def _told(relay: _Relay, reader: Reader, writer: Writer, latency: float) -> dict[str, Any]:
    from pcmio.cli.meters import decibels

    config = reader.config
    peak = decibels(relay.levels.peak)
    return {
        "channels": config.channels,
        "sample_rate": config.sample_rate,
        "buffer_size": config.buffer_size.frames,
        "frames": relay.frames,
        "seconds": round(relay.frames / config.sample_rate, 6),
        "peak_db": None if peak == float("-inf") else round(peak, 2),
        "latency": round(latency, 6),
        "input_xruns": reader.stats.xruns,
        "output_xruns": writer.stats.xruns,
        "dropped_frames": relay.dropped,
    }


def _conclude(screen: Screen, told: dict[str, Any]) -> None:
    xruns = told["input_xruns"] + told["output_xruns"]
    parts = [
        clock(told["seconds"], tenths=True),
        f"{told['latency'] * 1000:.0f} ms latency, as the systems tell",
        counted(xruns, "xrun"),
        *([f"{told['dropped_frames']} frames left out"] if told["dropped_frames"] else []),
    ]
    screen.say(Text("  passed on ", "green").append(f" {screen.glyphs.dot} ".join(parts), "default"))
