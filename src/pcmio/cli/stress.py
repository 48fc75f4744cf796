"""``pcmio stress``: the smallest buffer that holds on this machine."""

from __future__ import annotations

import threading
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING, NamedTuple

import click
from rich.table import Table
from rich.text import Text

from pcmio.cli.exits import ExitCode, one_line
from pcmio.cli.screen import Screen
from pcmio.cli.targets import json_option, rate_option, with_target
from pcmio.cli.values import Number
from pcmio.configs import BufferSize, StreamConfig
from pcmio.descriptions import Direction
from pcmio.errors import UnsupportedConfig

if TYPE_CHECKING:
    from collections.abc import Generator, Iterator
    from typing import Any

    from pcmio.cli.interrupts import Interrupt
    from pcmio.cli.targets import Target
    from pcmio.contract import Device
    from pcmio.timestamps import CallbackInfo

#: Not judged: starting is not playing.
_SETTLING_SECONDS = 0.25
#: How much longer the size that is named was tried than the others.
_CONFIRMING = 3
#: So many sizes in a row must fail before smaller ones are not tried any more: one may have had bad luck.
_FAILURES = 2


class Trial(NamedTuple):
    """One buffer size, tried.

    Attributes:
        frames: Per callback.
        buffer_seconds: The same in seconds.
        tried_seconds: How long it was tried; 0: it is not possible.
        held: Whether no frame was lost.
        xruns: Times that frames were lost.
        xrun_frames: How many.
        latency: Seconds, the system's and pcmio's.
        wake_max: Seconds that the stream's thread came late, at most.
        callback_max: Seconds that its callback took, at most.
        error: Why it is not possible, or None.
    """

    frames: int
    buffer_seconds: float
    tried_seconds: float = 0.0
    held: bool = False
    xruns: int = 0
    xrun_frames: int = 0
    latency: float = 0.0
    wake_max: float = 0.0
    callback_max: float = 0.0
    error: str | None = None


@click.command(short_help="Find the smallest buffer that holds.")
@with_target
@click.option("--record", is_flag=True, help="Try an input, not an output.")
@click.option(
    "--seconds",
    type=Number(min=0.1),
    default=2.0,
    show_default=True,
    metavar="S",
    help="How long each size is tried; the one that is named, three times as long again.",
)
@click.option(
    "--from",
    "largest",
    type=click.IntRange(min=1),
    default=2048,
    show_default=True,
    metavar="FRAMES",
    help="Largest size.",
)
@click.option(
    "--to",
    "smallest",
    type=click.IntRange(min=1),
    default=16,
    show_default=True,
    metavar="FRAMES",
    help="Smallest size.",
)
@click.option(
    "--load",
    type=click.IntRange(0, 64),
    default=0,
    show_default=True,
    metavar="N",
    help="Busy Python threads beside it.",
)
@click.option(
    "--depth",
    type=Number(0, 60),
    default=0.0,
    show_default=True,
    metavar="SECONDS",
    help="What is kept ready beyond the two blocks that there must be.",
)
@rate_option
@json_option
def stress(  # noqa: PLR0913 - one for each option
    *,
    target: Target,
    record: bool,
    seconds: float,
    largest: int,
    smallest: int,
    load: int,
    depth: float,
    rate: int | None,
    as_json: bool,
) -> int:
    """Find the smallest buffer that holds: smaller and smaller ones are tried until frames are lost.

    Silence is played, or what is recorded forgotten. It says what this machine does at this moment, with the load that
    it has: try it with your own programs running.
    """
    from pcmio.cli.interrupts import Interrupt

    if smallest > largest:
        raise click.UsageError(f"--to {smallest} is more than --from {largest}")
    screen = Screen(still=as_json)
    direction = Direction.INPUT if record else Direction.OUTPUT
    with target.open_device(direction) as device, Interrupt() as interrupt, _busy(load):
        tester = _Tester(device, direction, rate, depth)
        trials: list[Trial] = []
        for trial in tester.search(_sizes(largest, smallest), seconds, interrupt):
            trials.append(trial)
            if screen.live:
                screen.say(Text(f"  {_in_words(trial)}", "dim"))
        found = best_of(trials)
        if as_json:
            told = {
                "device": str(device.id),
                "direction": str(direction),
                "sample_rate": tester.rate,
                "depth": depth,
                "load": load,
                "trials": [trial._asdict() for trial in trials],
                "smallest": None if found is None else found._asdict(),
                "interrupted": interrupt.asked,
            }
            screen.say_json(told)
        else:
            _show(screen, device, trials, found)
    if interrupt.asked:
        return ExitCode.INTERRUPTED
    return ExitCode.OK if found is not None else ExitCode.AUDIO


def _sizes(largest: int, smallest: int) -> list[int]:
    """Each half of the one before."""
    found = [largest]
    while found[-1] // 2 >= smallest:
        found.append(found[-1] // 2)
    return found


def best_of(trials: list[Trial]) -> Trial | None:
    """The smallest size that held each time it was tried."""
    failed = {trial.frames for trial in trials if not trial.held}
    held = [trial for trial in trials if trial.frames not in failed]
    return min(held, key=lambda trial: (trial.frames, -trial.tried_seconds), default=None)


@contextmanager
def _busy(count: int) -> Generator[None]:
    """Have so many threads compute in Python, which take the interpreter from each other."""
    over = threading.Event()

    def compute() -> None:
        number = 0
        while not over.is_set():
            for _ in range(10_000):
                number = (number * 1_103_515_245 + 12_345) % 2_147_483_648

    threads = [threading.Thread(target=compute, name="pcmio stress", daemon=True) for _ in range(count)]
    for thread in threads:
        thread.start()
    try:
        yield
    finally:
        over.set()
        for thread in threads:
            thread.join()


class _Tester:
    """Tries sizes on a device."""

    def __init__(self, device: Device, direction: Direction, rate: int | None, depth: float) -> None:
        default = device.default_output_config() if direction is Direction.OUTPUT else device.default_input_config()
        self.rate = rate or default.sample_rate
        self._channels = default.channels
        self._device = device
        self._direction = direction
        self._depth = depth

    def search(self, sizes: list[int], seconds: float, interrupt: Interrupt) -> Iterator[Trial]:
        """Try smaller and smaller sizes; then the smallest that held for longer, and larger ones until one holds."""
        held: list[int] = []
        failures = 0
        for frames in sizes:
            trial = self._try(frames, seconds, interrupt)
            if interrupt.asked:
                return
            yield trial
            failures = 0 if trial.held else failures + (trial.error is None)
            held += [frames] if trial.held else []
            if failures == _FAILURES:
                break
        for frames in reversed(held):
            trial = self._try(frames, _CONFIRMING * seconds, interrupt)
            if interrupt.asked:
                return
            yield trial
            if trial.held:
                return

    def _try(self, frames: int, seconds: float, interrupt: Interrupt) -> Trial:
        is_output = self._direction is Direction.OUTPUT
        build = self._device.build_output_stream if is_output else self._device.build_input_stream
        trial = Trial(frames, frames / self.rate)

        def work(block: Any, _info: CallbackInfo) -> None:
            if is_output:
                block[:] = 0

        config = StreamConfig(self._channels, self.rate, BufferSize.fixed(frames))
        try:
            stream = build(config, work, depth=self._depth)
        except UnsupportedConfig as error:
            return trial._replace(error=one_line(error))
        with stream:
            self._pass(stream, _SETTLING_SECONDS, interrupt)
            before = stream.stats
            self._pass(stream, seconds, interrupt)
            after, latency = stream.stats, stream.latency
        moved = after.blocks > before.blocks
        return trial._replace(
            tried_seconds=seconds,
            held=moved and after.xruns == before.xruns,
            xruns=after.xruns - before.xruns,
            xrun_frames=after.xrun_frames - before.xrun_frames,
            latency=round(latency.total if is_output else latency.device + frames / self.rate, 6),
            wake_max=round(after.wake_delay_max, 6),
            callback_max=round(after.callback_max, 6),
        )

    @staticmethod
    def _pass(stream: Any, seconds: float, interrupt: Interrupt) -> None:
        end = time.monotonic() + seconds
        while not interrupt.asked and (left := end - time.monotonic()) > 0:
            if stream.wait(min(left, 0.1)):
                return


# --- told -----------------------------------------------------------------------------------------------------------


def _in_words(trial: Trial) -> str:
    if trial.error is not None:
        return f"{trial.frames} frames: not possible"
    return f"{trial.frames} frames: {'held' if trial.held else 'lost'} in {trial.tried_seconds:g} s"


def _show(screen: Screen, device: Device, trials: list[Trial], found: Trial | None) -> None:
    screen.say(Text.assemble((device.name, "bold"), (f" ({device.id})", "dim")))
    if trials:
        wide = _table(trials, " ", 3)
        screen.say_table(wide if screen.fits(wide) else _table(trials, "\n", 2))
    if found is None:
        screen.say(Text("No size held." if trials else "Stopped before the first size was tried.", "bold red"))
        return
    text = f"The smallest buffer that held: {found.frames} frames ({found.buffer_seconds * 1000:.1f} ms)"
    screen.say(Text(text, "bold green").append(f", {found.latency * 1000:.1f} ms latency in all", "not bold default"))


def _table(trials: list[Trial], between: str, apart: int) -> Table:
    """A line for each trial; what stands between a heading's words may be the end of a line."""
    table = Table(box=None, padding=(0, apart, 0, 0), header_style="dim", pad_edge=False)
    headings = ("  Frames", "ms", "Latency|ms", "Tried|s", "Xruns", "Lost", "Woken|late ms", "Callback|ms")
    for heading in headings:
        table.add_column(heading.replace("|", between), justify="right", no_wrap=True)
    table.add_column("", no_wrap=True)
    for trial in trials:
        if trial.error is not None:
            cells = [""] * 6
            verdict = Text("not possible", "dim")
        else:
            numbers = (trial.latency * 1000, trial.wake_max * 1000, trial.callback_max * 1000)
            late, woken, took = (f"{number:.1f}" for number in numbers)
            cells = [late, f"{trial.tried_seconds:g}", str(trial.xruns), str(trial.xrun_frames), woken, took]
            verdict = Text("held", "green") if trial.held else Text("lost frames", "red")
        table.add_row(str(trial.frames), f"{trial.buffer_seconds * 1000:.1f}", *cells, verdict)
    return table
