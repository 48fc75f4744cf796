"""``pcmio scope``: what a sound looks like."""

from __future__ import annotations

import time
from contextlib import ExitStack
from typing import TYPE_CHECKING

import click
from rich.live import Live
from rich.text import Text

from pcmio.cli.exits import ExitCode
from pcmio.cli.screen import Screen
from pcmio.cli.targets import json_option, rate_option, save_option, with_target
from pcmio.cli.values import Number
from pcmio.configs import StreamConfig
from pcmio.descriptions import Direction

if TYPE_CHECKING:
    from typing import Any

    from rich.console import Console, ConsoleOptions, RenderResult

    from pcmio.cli.targets import Target
    from pcmio.contract import Device, Stream
    from pcmio.timestamps import CallbackInfo

#: What is looked at where nobody watches.
_GLANCE_SECONDS = 1.0
#: What an input may take until it gives its first frame.
_START_SECONDS = 2.0
#: Frames of a spectrum.
_SPECTRUM_FRAMES = 8192
_LOW_HZ = 20.0
_SHOWN_FLOOR_DB = -90.0
_MOST_WAVES = 2
_WAVE_ROWS, _SPECTRUM_ROWS = 6, 8
_MOST_COLUMNS = 100
_MARKS = (50, 100, 200, 500, 1_000, 2_000, 5_000, 10_000, 20_000, 50_000)


@click.command(short_help="Show the wave and the spectrum of an input.")
@with_target
@click.option(
    "--seconds",
    type=Number(min=0.1),
    metavar="S",
    help="How long.  [default: until Ctrl-C; a second where nothing can move]",
)
@click.option(
    "--window",
    type=Number(1, 1000),
    default=20.0,
    show_default=True,
    metavar="MS",
    help="How much of the wave is seen at once.",
)
@rate_option
@save_option("what was seen last")
@json_option
def scope(
    *, target: Target, seconds: float | None, window: float, rate: int | None, save: str | None, as_json: bool
) -> int:
    """Show the wave and the spectrum of an input, moving; or once, in a pipe.

    The wave stands still where it repeats: it is shown from a place on where it rises through zero. The spectrum goes
    from 20 Hz on by octaves, and down to -90 dB, from where a sine of full scale is 0.
    """
    from pcmio.cli.interrupts import Interrupt

    screen = Screen(still=as_json)
    plot = None
    if save is not None:
        from pcmio.cli.plots import Plot

        plot = Plot(save)
    with target.open_device(Direction.INPUT) as device:
        default = device.default_input_config()
        view = _View(screen, device, StreamConfig(default.channels, rate or default.sample_rate), window / 1000)
        length = seconds if seconds is not None or screen.live else _GLANCE_SECONDS
        with Interrupt() as interrupt:
            stream = view.run(length, lambda: interrupt.asked)
        if as_json:
            screen.say_json({**view.facts(stream), "interrupted": interrupt.asked})
        else:
            screen.say(view)
        if plot is not None:
            plot.scope(view.wave(), view.rate, device.name)
            if not as_json:
                screen.say(Text(f"drawn into {save}", "dim"))
    # Without --seconds Ctrl-C is the way to end it.
    return ExitCode.INTERRUPTED if interrupt.asked and seconds is not None else ExitCode.OK


class _View:
    """The latest of an input, as it looks."""

    def __init__(self, screen: Screen, device: Device, config: StreamConfig, window_seconds: float) -> None:
        import numpy as np

        self.rate = config.sample_rate
        self._screen = screen
        self._device = device
        self._config = config
        self._window = max(2, round(window_seconds * self.rate))
        # Twice the window, so that there is a place to begin.
        self._latest: Any = np.zeros((max(2 * self._window, _SPECTRUM_FRAMES), config.channels), np.float32)
        self._frames = 0

    def run(self, seconds: float | None, is_over: Any) -> Stream:
        """Look for so long, or until it is over."""
        from pcmio.cli.meters import TICK

        end = None if seconds is None else time.monotonic() + seconds + _START_SECONDS
        with ExitStack() as moving, self._device.build_input_stream(self._config, self._take, depth="high") as stream:
            live = None
            if self._screen.live:
                live = moving.enter_context(Live(self, console=self._screen.out, auto_refresh=False, transient=True))
            while not is_over() and (end is None or time.monotonic() < end):
                if stream.wait(TICK):
                    break
                if seconds is not None and self._frames >= seconds * self.rate:
                    break  # a system may take its time before the first frame
                if live is not None:
                    live.refresh()
        return stream

    def _take(self, frames: Any, _info: CallbackInfo) -> None:
        import numpy as np

        # A new array each time: the screen's thread keeps the one it looks at.
        # What is no number is silence, and what has no end the loudest that there is.
        self._latest = np.concatenate([self._latest, np.nan_to_num(frames)])[-len(self._latest) :]
        self._frames += len(frames)

    def wave(self) -> Any:
        """The window that is shown, from where its loudest channel rises through zero."""
        import numpy as np

        latest = self._latest
        part = latest[-2 * self._window :]
        loudest = part[:, int(np.abs(part).max(axis=0).argmax())]
        (rising,) = np.nonzero((loudest[: self._window] < 0) & (loudest[1 : self._window + 1] >= 0))
        begin = int(rising[-1]) + 1 if len(rising) else self._window
        return part[begin : begin + self._window]

    def facts(self, stream: Stream) -> dict[str, Any]:
        """What was seen last, in numbers."""
        import numpy as np

        from pcmio.cli.meters import decibels_json
        from pcmio.cli.spectra import spectrum_db, strongest

        latest = self._latest[-min(max(self._frames, 2), len(self._latest)) :]
        found = strongest(*spectrum_db(latest, self.rate))
        powers = np.sqrt(np.mean(latest.astype(np.float64) ** 2, axis=0))
        return {
            "device": str(self._device.id),
            "channels": self._config.channels,
            "sample_rate": self.rate,
            "frames": self._frames,
            "peak_db": [decibels_json(float(value)) for value in np.abs(latest).max(axis=0)],
            "rms_db": [decibels_json(float(value)) for value in powers],
            "strongest_hz": None if found is None else round(found[0], 2),
            "strongest_db": None if found is None else round(found[1], 2),
            "xruns": stream.stats.xruns,
            "xrun_frames": stream.stats.xrun_frames,
        }

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        from pcmio.cli.canvas import Canvas, by_pitch, draw_spectrum, draw_wave
        from pcmio.cli.meters import channel_name
        from pcmio.cli.spectra import spectrum_db, strongest

        columns = max(20, min(options.max_width - 1, _MOST_COLUMNS))
        braille = console.encoding.lower().startswith("utf")
        wave = self.wave()
        milliseconds = self._window / self.rate * 1000
        yield Text.assemble((self._device.name, "bold"), (f" ({self._device.id})", "dim"), no_wrap=True)
        for index in range(min(self._config.channels, _MOST_WAVES)):
            canvas = Canvas(columns, _WAVE_ROWS, braille=braille)
            draw_wave(canvas, wave[:, index])
            yield Text("\n".join(canvas.lines()), "green", no_wrap=True)
            yield Text(f"{channel_name(index, self._config.channels)}, {milliseconds:g} ms", "dim")
        canvas = Canvas(columns, _SPECTRUM_ROWS, braille=braille)
        frequencies, levels = spectrum_db(self._latest[-_SPECTRUM_FRAMES:], self.rate)
        edges, columns_db = by_pitch(frequencies, levels, canvas.width, min(_LOW_HZ, self.rate / 8))
        draw_spectrum(canvas, columns_db, _SHOWN_FLOOR_DB)
        yield Text("\n".join(canvas.lines()), "cyan", no_wrap=True)
        yield Text(_axis(edges, canvas.width // columns, columns), "dim", no_wrap=True)
        found = strongest(frequencies, levels)
        said = "silence" if found is None else f"strongest {found[0]:.1f} Hz at {found[1]:.1f} dB"
        yield Text(said, "bold")


def _axis(edges: Any, dots: int, columns: int) -> str:
    """Frequencies below the columns they belong to."""
    line = [" "] * columns
    free = 0
    for mark in _MARKS:
        at = int((edges < mark).sum()) // dots
        text = f"{mark // 1000}k" if mark >= 1000 else str(mark)  # noqa: PLR2004
        if free <= at and at + len(text) < columns:
            line[at : at + len(text)] = text
            free = at + len(text) + 1
    return "".join(line).rstrip()
