"""``pcmio play``."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click
from rich.text import Text

from pcmio.cli.completion import complete_file
from pcmio.cli.exits import ExitCode, failure_of, shown_name
from pcmio.cli.pipes import RAW_SUBTYPES, RawFormat
from pcmio.cli.screen import Screen, counted
from pcmio.cli.targets import buffer_size_option, depth_option, rate_option, with_target
from pcmio.cli.values import WORD, Number
from pcmio.descriptions import Direction
from pcmio.errors import StopStream, UnsupportedConfig

if TYPE_CHECKING:
    from typing import Any

    from pcmio.cli.exits import FileProblem
    from pcmio.cli.files import FileFacts, Reader
    from pcmio.cli.mixing import Mixing
    from pcmio.cli.reports import Report
    from pcmio.cli.targets import Target
    from pcmio.configs import StreamConfig
    from pcmio.contract import Device
    from pcmio.timestamps import CallbackInfo


@click.command(short_help="Play sound files.")
@click.argument("files", type=WORD, metavar="FILE...", nargs=-1, required=True, shell_complete=complete_file)
@with_target
@rate_option
@buffer_size_option
@depth_option
@click.option(
    "--volume",
    type=Number(0, 1),
    default=1.0,
    show_default=True,
    metavar="V",
    help="1 is as loud as the file.",
)
@click.option(
    "--raw",
    type=click.Choice(tuple(RAW_SUBTYPES)),
    help="FILE has samples alone, of this format, little-endian and interleaved.",
)
@click.option(
    "--raw-rate", type=click.IntRange(1, 768_000), default=48_000, show_default=True, metavar="HZ", help="Their rate."
)
@click.option(
    "--raw-channels", type=click.IntRange(1, 1024), default=2, show_default=True, metavar="N", help="Their channels."
)
@click.option("--json", "as_json", is_flag=True, help="Write JSON when done, for programs.")
def play(  # noqa: PLR0913 - one for each option
    *,
    files: tuple[str, ...],
    target: Target,
    rate: int | None,
    buffer_size: int | None,
    depth: float | str,
    volume: float,
    raw: str | None,
    raw_rate: int,
    raw_channels: int,
    as_json: bool,
) -> int:
    """Play sound files: wav, flac, ogg, opus, mp3, aiff and more; - is standard input, wav or --raw.

    A file goes to the device as it is where the device takes its rate and channels. Where not, it is resampled, and
    channels are mixed. Ctrl-C stops.
    """
    screen = Screen(still=as_json)
    reports: list[tuple[str, Report]] = []
    code = ExitCode.OK
    raw_format = None if raw is None else RawFormat(raw, raw_rate, raw_channels)
    with target.open_device(Direction.OUTPUT) as device:
        for path in files:
            player = _Player(screen, device, depth=depth, volume=volume, quiet=as_json)
            reports.append((path, player.play(path, raw_format, rate, buffer_size)))
            if reports[-1][1].interrupted:
                code = ExitCode.INTERRUPTED
                break
            if player.problem is not None:
                code = ExitCode.FILE
                screen.fail(failure_of(player.problem))
    if as_json:
        screen.say_json({"played": [report.as_json(file=path) for path, report in reports]})
    return code


class _Player:
    """Plays a file on a device.

    Attributes:
        problem: What is wrong with the file, of which all that could be read was played.
    """

    def __init__(self, screen: Screen, device: Device, *, depth: float | str, volume: float, quiet: bool) -> None:
        self._screen = screen
        self._device = device
        self._depth = depth
        self._volume = volume
        self._quiet = quiet
        self.problem: FileProblem | None = None

    def play(self, path: str, raw: RawFormat | None, rate: int | None, buffer_size: int | None) -> Report:
        """Play one file to its end, or to Ctrl-C."""
        from pcmio.cli.files import reading
        from pcmio.cli.mixing import plan_playing

        with reading(path, raw) as (file, facts):
            config, mixing = plan_playing(self._device, facts, rate, buffer_size)
            try:
                return self._play(file, facts, config, mixing)
            except UnsupportedConfig:
                # What a device lists and what it takes at this moment can differ: another program may hold its rate.
                default = self._device.default_output_config()
                if rate is not None or config.sample_rate == default.sample_rate:
                    raise
                config, mixing = plan_playing(self._device, facts, default.sample_rate, buffer_size)
                return self._play(file, facts, config, mixing)

    def _play(self, file: Any, facts: FileFacts, config: StreamConfig, mixing: Mixing) -> Report:
        from pcmio.cli.files import Reader
        from pcmio.cli.interrupts import Interrupt
        from pcmio.cli.meters import Levels, Picture
        from pcmio.cli.reports import Report

        levels, total = Levels(config.channels, config.sample_format), mixing.frames(facts.frames) or None
        picture = Picture(self._screen, levels, total, "Ctrl-C stops")
        reader: Reader
        filled = 0

        def fill(frames: Any, _info: CallbackInfo) -> None:
            nonlocal filled
            block = reader.take()
            if block is None:
                raise StopStream
            filled += len(block)
            frames[: len(block)] = block if self._volume == 1 else block * frames.dtype.type(self._volume)
            levels.add(frames)

        stream = self._device.build_output_stream(config, fill, picture.heard, depth=self._depth)
        if not self._quiet:
            self._announce(facts, config, mixing)
        block_frames = stream.config.buffer_size.frames or 1
        with (
            Interrupt() as interrupt,
            Reader(file, facts, mixing, block_frames) as reader,
            stream,
        ):
            picture.watch(stream, interrupt)
        self.problem = reader.problem
        report = Report(stream, levels, min(stream.position, filled), interrupt.asked)
        if not self._quiet:
            self._conclude(report, reader, piped=facts.piped)
        return report

    def _announce(self, facts: FileFacts, config: StreamConfig, mixing: Mixing) -> None:
        glyphs = self._screen.glyphs
        title = Text.assemble(
            (shown_name(facts.path), "bold"), f" {glyphs.arrow} {self._device.name}", (f" ({self._device.id})", "dim")
        )
        told = [f"{config.channels} ch, {config.sample_rate} Hz", *mixing.remarks(glyphs.arrow)]
        self._screen.say(title)
        self._screen.say(Text("  " + f" {glyphs.dot} ".join(told), "dim"))

    def _conclude(self, report: Report, reader: Reader, *, piped: bool) -> None:
        dot = self._screen.glyphs.dot
        text = Text("  stopped at " if report.interrupted else "  played ", "yellow" if report.interrupted else "green")
        text.append(report.tail(dot), "default")
        if reader.late_blocks:
            text.append(
                f" {dot} the {'pipe' if piped else 'disk'} was late {counted(reader.late_blocks, 'time')}", "yellow"
            )
        self._screen.say(text)
