"""``pcmio monitor``."""

from __future__ import annotations

import time
from contextlib import ExitStack
from typing import TYPE_CHECKING

import click
from rich.live import Live
from rich.text import Text

from pcmio.cli.exits import ExitCode, one_line
from pcmio.cli.interrupts import Interrupt
from pcmio.cli.meters import TICK, Levels, Picture, channel_name, decibel_text, decibels, decibels_json, xrun_text
from pcmio.cli.screen import Screen, clock
from pcmio.cli.targets import find_device, with_target
from pcmio.cli.values import SECONDS, Number
from pcmio.configs import StreamConfig
from pcmio.descriptions import Direction
from pcmio.errors import AudioError, DeviceNotAvailable, OperationTimeout
from pcmio.events import (
    DefaultChanged,
    DeviceAdded,
    DeviceChanged,
    DeviceRemoved,
    EventsDropped,
    HostBack,
    HostLost,
    StreamState,
)

if TYPE_CHECKING:
    from typing import Any

    from rich.console import Console, ConsoleOptions, RenderResult
    from typing_extensions import Self

    from pcmio.cli.targets import Target
    from pcmio.contract import Host, Stream
    from pcmio.events import HostEvent
    from pcmio.timestamps import CallbackInfo

#: A device that is there and cannot be opened is tried again so much later: nothing tells when it can be.
_RETRY_SECONDS = 1.0
#: After these the device that is wanted may be there.
_HOPEFUL = (DeviceAdded, DeviceChanged, DefaultChanged, HostBack, EventsDropped)


@click.command(short_help="Show how loud an input is, and who comes and goes.")
@with_target
@click.option("--seconds", type=SECONDS, metavar="S", help="How long.  [default: until Ctrl-C]")
@click.option(
    "--interval",
    type=Number(min=0.1),
    default=1.0,
    show_default=True,
    metavar="S",
    help="Between two lines of levels, where no meters can move.",
)
@click.option("--json", "as_json", is_flag=True, help="Write JSON, an object in each line, for programs.")
def monitor(*, target: Target, seconds: float | None, interval: float, as_json: bool) -> int:
    """Show how loud an input is, channel by channel, and tell which devices come and go.

    Where the device is lost, it is waited for; without --device the default one is listened to, whichever that is.
    Ctrl-C ends.
    """
    screen = Screen(still=as_json)
    with target.open_host() as opened, _Monitor(screen, opened, target, as_json=as_json) as shown:
        interrupted = shown.run(seconds, interval)
    # Without --seconds Ctrl-C is the way to end it.
    return ExitCode.INTERRUPTED if interrupted and seconds is not None else ExitCode.OK


class _Monitor:
    """An input that is listened to while it is there, and a host that is watched."""

    def __init__(self, screen: Screen, opened: Host, target: Target, *, as_json: bool) -> None:
        self._screen = screen
        self._host = opened
        self._target = target
        self._as_json = as_json
        self._began = time.monotonic()
        self._stream: Stream | None = None
        self._levels: Levels | None = None
        self._picture: Picture | None = None
        self._several = False
        self._refused: str | None = None
        self._retry_at = float("inf")
        self._opened = ExitStack()

    def __enter__(self) -> Self:
        self._watch = self._opened.enter_context(self._host.watch())
        try:
            self._listen(first=True)
        except BaseException:
            self._opened.close()
            raise
        return self

    def __exit__(self, *error: object) -> None:
        try:
            self._forget()
        finally:
            self._opened.close()

    def run(self, seconds: float | None, interval: float) -> bool:
        """Go on for so long, or until Ctrl-C; whether it was that."""
        end = None if seconds is None else self._began + seconds
        next_line = self._began + interval
        with Interrupt() as interrupt, ExitStack() as moving:
            live = None
            if self._screen.live:
                live = moving.enter_context(Live(self, console=self._screen.out, auto_refresh=False, transient=True))
            while not interrupt.asked and (end is None or time.monotonic() < end):
                self._look()
                if live is not None:
                    live.refresh()
                elif time.monotonic() >= next_line:
                    # Who was stopped for an hour does not make up for its lines.
                    next_line = max(next_line + interval, time.monotonic())
                    self._say_levels()
        return interrupt.asked

    # --- the input ---------------------------------------------------------------------------------------------------

    def _listen(self, *, first: bool = False) -> None:
        """Open the input, if it is there; a name that nothing has is an error at first only."""
        self._forget()
        self._several = False
        self._retry_at = float("inf")
        refused, self._refused = self._refused, None
        try:
            device = find_device(self._host, self._target.device, Direction.INPUT)
            default = device.default_input_config()
            config = StreamConfig(default.channels, default.sample_rate)
            levels = Levels(config.channels, config.sample_format)

            def take(frames: Any, _info: CallbackInfo) -> None:
                levels.add(frames)

            picture = Picture(self._screen, levels, None, "Ctrl-C ends")
            stream = device.build_input_stream(config, take, picture.heard, depth="high")
            try:
                stream.start()
            except BaseException:
                stream.close()
                raise
        except DeviceNotAvailable:
            if first and self._target.device is not None:
                raise
            self._tell("waiting", {}, "no input device; waiting for one")
            return
        except click.UsageError:  # of several that fit the name now, none may be the one that was lost
            if first:
                raise
            self._several = True
            text = f"several inputs could be {self._target.device!r}"
            self._tell("waiting", {"error": text}, f"{text}; waiting")
            return
        except AudioError as error:
            if first:
                raise
            self._refused, self._retry_at = one_line(error), time.monotonic() + _RETRY_SECONDS
            if self._refused != refused:  # once is enough
                self._tell("waiting", {"error": self._refused}, f"{self._refused}; waiting")
            return
        picture.show(stream)
        self._stream, self._levels, self._picture = stream, levels, picture
        facts = {"id": str(device.id), "name": device.name}
        shape = {"channels": config.channels, "sample_rate": config.sample_rate}
        self._tell("listening", {**facts, **shape}, f"listening to {device.name} ({device.id})")

    def _forget(self) -> None:
        stream, self._stream, self._levels, self._picture = self._stream, None, None, None
        if stream is not None:
            try:
                stream.close()
            except AudioError as error:
                self._tell("lost", {"error": one_line(error)}, one_line(error))

    def _look(self) -> None:
        """Wait a moment for an event, and do what is to be done."""
        try:
            event = self._watch.get(TICK)
        except OperationTimeout:
            event = None
        if self._stream is not None and self._stream.state is StreamState.CLOSED:
            self._forget()
            self._retry_at = time.monotonic()  # it may be there again already, and have been told of before
        if event is None:
            if time.monotonic() >= self._retry_at:
                self._listen()
            return
        self._tell(*event_facts(event))
        moved = isinstance(event, DefaultChanged) and event.direction is Direction.INPUT and not self._target.device
        hopeful = isinstance(event, _HOPEFUL) or (self._several and isinstance(event, DeviceRemoved))
        if moved or (self._stream is None and hopeful):
            self._listen()

    # --- told --------------------------------------------------------------------------------------------------------

    def _tell(self, name: str, facts: dict[str, Any], text: str) -> None:
        seconds = time.monotonic() - self._began
        if self._as_json:
            self._screen.say_json_line({"event": name, "seconds": round(seconds, 3), **facts})
        else:
            self._screen.say(Text.assemble((f"{clock(seconds, tenths=True)}  ", "dim"), text))

    def _say_levels(self) -> None:
        if self._stream is None or self._levels is None:
            return
        peaks, stats = self._levels.take(), self._stream.stats
        facts = {
            "peak_db": [decibels_json(peak) for peak in peaks],
            "xruns": stats.xruns,
            "xrun_frames": stats.xrun_frames,
        }
        loud = [f"{channel_name(index, len(peaks))} {decibel_text(decibels(peak))}" for index, peak in enumerate(peaks)]
        self._tell("levels", facts, "  ".join([*loud, xrun_text(stats.xruns, stats.xrun_frames)]))

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        if self._picture is not None:
            yield from self._picture.__rich_console__(console, options)
        else:
            yield Text("waiting for an input device; Ctrl-C ends", "yellow")


def event_facts(event: HostEvent) -> tuple[str, dict[str, Any], str]:
    """What is told of an event: its name and fields for a program, and a line for people."""
    if isinstance(event, (DeviceAdded, DeviceRemoved, DeviceChanged)):
        name, said = {
            DeviceAdded: ("device_added", "added"),
            DeviceRemoved: ("device_removed", "removed"),
            DeviceChanged: ("device_changed", "changed"),
        }[type(event)]
        about = event.description
        facts = {"id": str(event.id), "name": about.name, "direction": str(about.direction)}
        return name, facts, f"{said}: {about.name} ({event.id})"
    if isinstance(event, DefaultChanged):
        ids = {
            "old": None if event.old is None else str(event.old),
            "new": None if event.new is None else str(event.new),
        }
        text = f"the default {event.direction} is {event.new or 'none'} now"
        return "default_changed", {"direction": str(event.direction), **ids}, text
    if isinstance(event, HostLost):
        why = "" if event.error is None else str(event.error)
        return "host_lost", {"error": why}, "the audio system does not answer any more"
    if isinstance(event, EventsDropped):
        return "events_dropped", {"count": event.count}, f"{event.count} events were not told"
    return "host_back", {}, "the audio system answers again"
