"""``pcmio latency``: how long a sound takes there and back."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click
from rich.progress import Progress
from rich.table import Table
from rich.text import Text

from pcmio.cli.exits import ExitCode
from pcmio.cli.facts import configs_of
from pcmio.cli.screen import Screen, counted
from pcmio.cli.targets import (
    buffer_size_option,
    find_device,
    input_option,
    json_option,
    low_depth_option,
    monitor_of,
    rate_option,
    save_option,
    with_target,
)
from pcmio.cli.values import Number
from pcmio.configs import BufferSize, StreamConfig
from pcmio.descriptions import Direction
from pcmio.errors import AudioError

if TYPE_CHECKING:
    from typing import Any

    from pcmio.cli.plots import Plot
    from pcmio.cli.roundtrip import Result, Trip
    from pcmio.cli.targets import Target
    from pcmio.contract import Device, Host

_BINS = 12
_LEAST_BIN_MS = 0.01
#: Fewer frames in a second do not hold the tones.
_LEAST_RATE = 4_000


@click.command(short_help="Measure a sound's way there and back.")
@with_target
@input_option
@click.option(
    "--count",
    type=click.IntRange(1, 10_000),
    default=20,
    show_default=True,
    metavar="N",
    help="How often it is measured.",
)
@click.option(
    "--volume",
    type=Number(0, 1, min_open=True),
    default=0.5,
    show_default=True,
    metavar="V",
    help="How loud.",
)
@rate_option
@buffer_size_option
@low_depth_option
@save_option("the measurements")
@json_option
def latency(  # noqa: PLR0913 - one for each option
    *,
    target: Target,
    input_name: str | None,
    count: int,
    volume: float,
    rate: int | None,
    buffer_size: int | None,
    depth: float | str,
    save: str | None,
    as_json: bool,
) -> int:
    """Measure how long a sound takes from a program through the output and back from the input.

    Connect them by a cable, or use a loopback: short tones are played and looked for in what is recorded. Without
    --input it is the output itself if it records, else the default input. A monitor (--input monitor) needs no cable,
    and measures what software does, without the converters.
    """
    from pcmio.cli.interrupts import Interrupt
    from pcmio.cli.roundtrip import RoundTrip

    screen = Screen(still=as_json)
    plot = _plot(save)
    with target.open_host() as opened:
        output = find_device(opened, target.device, Direction.OUTPUT)
        source = _source(opened, output, input_name)
        configs = _configs(output, source, rate, buffer_size)
        trip = RoundTrip(output, source, configs, depth=depth, volume=volume)
        with (
            Interrupt() as interrupt,
            Progress(console=screen.out, transient=True, disable=not screen.live) as progress,
        ):
            task = progress.add_task("Ctrl-C ends", total=count)

            def show(trips: list[Trip]) -> None:
                progress.update(task, completed=len(trips))

            result = trip.measure(count, interrupt, show)
    if not result.trips and not result.interrupted:
        raise _nothing(opened, output, source)
    if as_json:
        screen.say_json(_as_json(output, source, result, depth))
    else:
        _show(screen, output, source, result)
    if plot is not None and result.trips:
        plot.latencies(result.seconds * 1000, f"{output.name} and back")
        if not as_json:
            screen.say(Text(f"  drawn into {save}", "dim"))
    return ExitCode.INTERRUPTED if result.interrupted else ExitCode.OK


def _plot(save: str | None) -> Plot | None:
    if save is None:
        return None
    from pcmio.cli.plots import Plot

    return Plot(save)


def _source(opened: Host, output: Device, wanted: str | None) -> Device:
    """Where the sound comes back."""
    if wanted == "monitor":
        monitor = monitor_of(opened, output)
        if monitor is None:
            raise AudioError(
                f"{opened.name} has no monitor of {output.name}", advice="name an input that hears it with --input"
            )
        return monitor
    if wanted is None and output.supports_input:
        return output
    return find_device(opened, wanted, Direction.INPUT)


def _configs(
    output: Device, source: Device, rate: int | None, buffer_size: int | None
) -> tuple[StreamConfig, StreamConfig]:
    """Both at one rate if the input can.

    Raises:
        click.UsageError: It is too low.
    """
    size = BufferSize.LOW if buffer_size is None else BufferSize.fixed(buffer_size)
    out_default, (in_default, ranges) = output.default_output_config(), configs_of(source, Direction.INPUT)
    out_rate = rate or out_default.sample_rate
    same = any(one.channels == in_default.channels and one.contains_rate(out_rate) for one in ranges)
    in_rate = out_rate if same or rate is not None else in_default.sample_rate
    if min(out_rate, in_rate) < _LEAST_RATE:
        raise click.UsageError(f"{min(out_rate, in_rate)} Hz is too low to measure with: --rate {_LEAST_RATE} or more")
    return StreamConfig(out_default.channels, out_rate, size), StreamConfig(in_default.channels, in_rate, size)


def _nothing(opened: Host, output: Device, source: Device) -> AudioError:
    monitor = monitor_of(opened, output)
    advice = "connect the two by a cable, or name an input that hears the output with --input; is one of them muted?"
    if monitor is not None and monitor != source:
        advice += " --input monitor needs no cable"
    return AudioError(f"nothing that was played to {output.id} came back from {source.id}", advice=advice)


# --- told -----------------------------------------------------------------------------------------------------------


def _statistics(result: Result) -> dict[str, float]:
    """In seconds."""
    import numpy as np

    seconds = result.seconds
    return {
        "min": float(seconds.min()),
        "median": float(np.median(seconds)),
        "mean": float(seconds.mean()),
        "p95": float(np.percentile(seconds, 95)),
        "max": float(seconds.max()),
        "deviation": float(seconds.std()),
        "untold": float(np.median([trip.untold for trip in result.trips])),
    }


def _as_json(output: Device, source: Device, result: Result, depth: float | str) -> dict[str, Any]:
    return {
        "output": str(output.id),
        "input": str(source.id),
        "sample_rate": result.output.sample_rate,
        "input_sample_rate": result.source.sample_rate,
        "buffer_size": result.output.buffer_size.frames,
        "input_buffer_size": result.source.buffer_size.frames,
        "depth": depth,
        "measured": len(result.trips),
        "lost": result.lost,
        "xruns": result.xruns,
        "interrupted": result.interrupted,
        "seconds": {name: round(value, 7) for name, value in _statistics(result).items()} if result.trips else None,
        "round_trips": [round(trip.seconds, 7) for trip in result.trips],
    }


def _show(screen: Screen, output: Device, source: Device, result: Result) -> None:
    dot, arrow = screen.glyphs.dot, screen.glyphs.arrow
    screen.say(Text.assemble((output.name, "bold"), f" {arrow} ", (source.name, "bold"), (f" ({source.id})", "dim")))
    frames, rate = result.output.buffer_size.frames, result.output.sample_rate
    told = [f"{rate} Hz", f"{frames} frames per callback", counted(result.xruns, "xrun"), f"{result.lost} lost"]
    screen.say(Text("  " + f" {dot} ".join(told), "dim"))
    if not result.trips:
        return
    one = {name: value * 1000 for name, value in _statistics(result).items()}
    line = Text.assemble(
        "  round trip ", (f"{one['median']:.2f} ms", "bold green"), f" ({one['median'] * rate / 1000:.0f} frames)"
    )
    screen.say(line.append(f" {dot} {len(result.trips)} measured"))
    screen.say(
        Text("  " + f" {dot} ".join(f"{name} {one[name]:.2f}" for name in ("min", "mean", "p95", "max", "deviation")))
    )
    screen.say_table(_histogram(screen, result.seconds * 1000))
    known = f"of it {round(one['untold'], 2) + 0.0:.2f} ms that the systems' timestamps do not tell"  # not -0.00
    screen.say(Text(f"  {known}", "dim"))


def _histogram(screen: Screen, milliseconds: Any) -> Table:
    import numpy as np

    low, high = float(milliseconds.min()), float(milliseconds.max())
    span = (low, max(high, low + _LEAST_BIN_MS))  # of equal ones numpy would begin half a millisecond earlier
    counts, edges = np.histogram(milliseconds, bins=min(_BINS, max(1, len(milliseconds))), range=span)
    table = Table.grid(padding=(0, 2, 0, 0))
    table.add_column(justify="right")
    most = max(1, int(counts.max()))
    for count, edge in zip(counts.tolist(), edges.tolist(), strict=False):
        bar = screen.glyphs.bar * round(40 * count / most)
        table.add_row(f"  {edge:.2f} ms", Text(bar or "", "blue"), str(count or ""))
    return table
