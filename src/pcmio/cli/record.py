"""``pcmio record``."""

from __future__ import annotations

from contextlib import closing
from typing import TYPE_CHECKING

import click
from rich.text import Text

from pcmio.cli.completion import complete_file
from pcmio.cli.exits import ExitCode, shown_name
from pcmio.cli.screen import Screen
from pcmio.cli.targets import buffer_size_option, calm_buffer, depth_option, rate_option, with_target
from pcmio.cli.values import SECONDS, WORD
from pcmio.configs import StreamConfig
from pcmio.descriptions import Direction
from pcmio.errors import StopStream

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from pcmio.cli.files import FilePlan, Writer
    from pcmio.cli.pipes import PipeWriter
    from pcmio.cli.reports import Report
    from pcmio.cli.targets import Target
    from pcmio.contract import Device
    from pcmio.timestamps import CallbackInfo

_FORMATS = ("i16", "i24", "i32", "f32", "f64")


@click.command(short_help="Record to a sound file.")
@click.argument("file", type=WORD, metavar="FILE", shell_complete=complete_file)
@with_target
@click.option(
    "--seconds",
    type=SECONDS,
    metavar="S",
    help="How long.  [default: until Ctrl-C]",
)
@click.option("--channels", type=click.IntRange(min=1), metavar="N", help="How many.  [default: the device's]")
@rate_option
@click.option(
    "--format",
    "sample_format",
    type=click.Choice(_FORMATS),
    help="Of the file's samples.  [default: nearest the device's]",
)
@buffer_size_option
@depth_option
@click.option(
    "--raw", is_flag=True, help="Write samples alone, little-endian and interleaved: only to standard output."
)
@click.option("--force", is_flag=True, help="Replace FILE if it exists.")
@click.option("--json", "as_json", is_flag=True, help="Write JSON when done, for programs.")
def record(  # noqa: PLR0913 - one for each option
    *,
    file: str,
    target: Target,
    seconds: float | None,
    channels: int | None,
    rate: int | None,
    sample_format: str | None,
    buffer_size: int | None,
    depth: float | str,
    raw: bool,
    force: bool,
    as_json: bool,
) -> int:
    """Record to a sound file; its ending says which kind: .wav, .flac, .ogg, .opus, .mp3 and more.

    A FILE of - is standard output, as wav, or with --raw.

    Ctrl-C ends the recording and keeps it. What is lost on the way (an xrun) becomes silence in the file, so that it
    stays true to time. Where pcmio is killed, a .wav, .aiff or .caf has all that was recorded, a .flac or .ogg lacks
    its end, and an .mp3 may be played too short.
    """
    from pcmio.cli.files import Writer, plan_file
    from pcmio.cli.pipes import PIPE, PipeWriter

    piped = file == PIPE
    if raw and not piped:
        raise click.UsageError("--raw is for standard output: record -; a file with the ending .raw has samples alone")
    if as_json and piped:
        raise click.UsageError("--json and the sound cannot both have standard output")
    screen = Screen(still=as_json, aside=piped)
    with target.open_device(Direction.INPUT) as device:
        default = device.default_input_config()
        plan = plan_file(file, sample_format, default.sample_format)
        plan = plan._replace(container="RAW") if raw else plan
        config = StreamConfig(
            channels or default.channels,
            rate or default.sample_rate,
            calm_buffer(buffer_size, rate or default.sample_rate, default.buffer_size),
            plan.encoding.stream_format,
        )
        most = None if piped else plan.most_frames(config.channels)
        if most is not None and seconds is not None and seconds * config.sample_rate > most:
            raise plan.full()
        recording = _Recording(screen, device, plan, config, depth)

        def writer() -> Writer | PipeWriter:
            if piped:
                return PipeWriter(plan.encoding, config, raw=raw)
            return Writer(plan, config, replace=force)

        report = recording.run(seconds, writer, quiet=as_json)
    if as_json:
        screen.say_json(report.as_json(file=file, container=plan.container, encoding=plan.encoding.subtype))
    # Without --seconds Ctrl-C is the way to end it.
    return ExitCode.INTERRUPTED if report.interrupted and seconds is not None else ExitCode.OK


class _Recording:
    """One take."""

    def __init__(
        self, screen: Screen, device: Device, plan: FilePlan, config: StreamConfig, depth: float | str
    ) -> None:
        from pcmio.cli.meters import Levels

        self._screen = screen
        self._device = device
        self._plan = plan
        self._config = config
        self._depth = depth
        self._levels = Levels(config.channels, config.sample_format)
        self._left: int | None = None
        self._writer: Writer | PipeWriter | None = None

    def run(self, seconds: float | None, open_writer: Callable[[], Writer | PipeWriter], *, quiet: bool) -> Report:
        """Record until it is long enough, or until Ctrl-C."""
        from pcmio.cli.interrupts import Interrupt
        from pcmio.cli.meters import Picture
        from pcmio.cli.reports import Report

        config = self._config
        self._left = None if seconds is None else max(1, round(seconds * config.sample_rate))
        picture = Picture(self._screen, self._levels, self._left, "Ctrl-C ends and keeps it")
        with (
            Interrupt() as interrupt,
            closing(self._device.build_input_stream(config, self._take, picture.heard, depth=self._depth)) as stream,
        ):
            self._writer = writer = open_writer()
            if not quiet:
                self._announce()
            well = False
            try:
                stream.start()
                picture.watch(stream, interrupt, writer.check)
                well = True
            finally:
                try:
                    stream.stop(0)
                finally:
                    writer.close()
                report = Report(stream, self._levels, writer.frames, interrupt.asked)
                if not well and not writer.frames:
                    writer.discard()
                elif not quiet:
                    self._conclude(report)
        return report

    def _take(self, frames: Any, info: CallbackInfo) -> None:
        """Keep a block, and silence for what was lost before it.  Runs on the stream's thread."""
        import numpy as np

        if info.xrun_frames:
            self._keep(np.zeros((info.xrun_frames, self._config.channels), frames.dtype))
        self._levels.add(frames)
        self._keep(frames.copy())

    def _keep(self, block: Any) -> None:
        if self._left is not None:
            block = block[: self._left]
            self._left -= len(block)
        if self._writer is not None:
            self._writer.put(block)
        if self._left == 0:
            raise StopStream

    def _announce(self) -> None:
        glyphs = self._screen.glyphs
        title = Text.assemble(
            f"{self._device.name} ",
            (f"({self._device.id}) ", "dim"),
            f"{glyphs.arrow} ",
            (shown_name(self._plan.path), "bold"),
        )
        kind = f"{self._plan.container} {self._plan.encoding.subtype}".lower().replace("_", " ")
        told = [f"{self._config.channels} ch, {self._config.sample_rate} Hz", kind]
        self._screen.say(title)
        self._screen.say(Text("  " + f" {glyphs.dot} ".join(told), "dim"))

    def _conclude(self, report: Report) -> None:
        text = Text("  recorded ", "green").append(report.tail(self._screen.glyphs.dot), "default")
        self._screen.say(text)
