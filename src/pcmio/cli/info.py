"""``pcmio info``: all that is known of a device."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, NamedTuple

import click
from rich.table import Table
from rich.text import Text

from pcmio.cli.completion import complete_device
from pcmio.cli.exits import ExitCode, one_line
from pcmio.cli.facts import configs_of
from pcmio.cli.screen import Screen
from pcmio.cli.targets import Target, find_any_device, host_option, json_option
from pcmio.cli.values import WORD
from pcmio.configs import BufferSize, StreamConfig
from pcmio.descriptions import Direction
from pcmio.errors import AudioError, DeviceNotAvailable

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from typing import Any, TypeAlias

    from pcmio.configs import SupportedStreamConfig, SupportedStreamConfigRange
    from pcmio.contract import Device, Host, Stream
    from pcmio.timestamps import CallbackInfo

#: What is listened to or played, in silence, to learn the latency: blocks, and seconds at most.
_PROBE_BLOCKS = 8
_PROBE_SECONDS = 1.5
#: Times that it was seen to go on: what fills an output's buffer at its start is not yet late.
_PROBE_MOVES = 3


#: Lowest and highest rate, fewest and most frames of a buffer.
_Limits: TypeAlias = "tuple[int, int, int | None, int | None]"


class FormatGroup(NamedTuple):
    """Sample formats that go with the same channels, rates and buffers."""

    sample_formats: tuple[str, ...]
    channels: tuple[int, ...]
    min_sample_rate: int
    max_sample_rate: int
    min_buffer_size: int | None
    max_buffer_size: int | None


class Delay(NamedTuple):
    """How late sound is with a stream of some kind.

    Attributes:
        wish: The buffer size and the depth that were asked for.
        buffer_size: Frames per callback that were granted.
        device: Seconds, as the system tells.
        total: With pcmio's own buffer; of an input, when its owner keeps up.
        error: Why it is not known, or None.
    """

    wish: str
    buffer_size: int | None = None
    device: float | None = None
    total: float | None = None
    error: str | None = None


class SideInfo(NamedTuple):
    """One direction of a device, or why nothing is known of it."""

    default: SupportedStreamConfig | None
    formats: tuple[FormatGroup, ...]
    latency: tuple[Delay, ...]
    error: str | None = None

    def as_json(self) -> dict[str, Any]:
        """For a program."""
        default = self.default
        return {
            "default": None
            if default is None
            else {
                "channels": default.channels,
                "sample_rate": default.sample_rate,
                "sample_format": str(default.sample_format),
                "min_buffer_size": default.buffer_size.min_frames,
                "max_buffer_size": default.buffer_size.max_frames,
            },
            "formats": [group._asdict() for group in self.formats],
            "latency": [delay._asdict() for delay in self.latency],
            "error": self.error,
        }


@click.command(short_help="Tell all of a device.")
@click.argument("device_name", type=WORD, metavar="[DEVICE]", required=False, shell_complete=complete_device)
@host_option
@click.option("--no-open", is_flag=True, help="Do not open it: nothing is told of its latency.")
@json_option
def info(*, device_name: str | None, host_name: str | None, no_open: bool, as_json: bool) -> int:
    """Tell all of a device: its formats, channels, rates, buffer sizes, and its latency.

    DEVICE is an id or a part of a name; left out, it is where sound goes by default, and what is recorded by default.
    To learn the latency, silence is played to it or something is recorded for a moment.
    """
    screen = Screen(still=as_json)
    with Target(host_name, device_name).open_host() as opened:
        told = [(device, sides_of(device, probe=not no_open)) for device in _chosen(opened, device_name)]
        if as_json:
            screen.say_json({"devices": [_as_json(opened, device, sides) for device, sides in told]})
            return ExitCode.OK
        for index, (device, sides) in enumerate(told):
            if index:
                screen.say()
            _show(screen, opened, device, sides)
    return ExitCode.OK


def _chosen(opened: Host, wanted: str | None) -> list[Device]:
    if wanted is not None:
        return [find_any_device(opened, wanted)]
    defaults = [device for device in (opened.default_output_device(), opened.default_input_device()) if device]
    if not defaults:
        raise DeviceNotAvailable(f"{opened.name} has no device", advice="connect one, or name another system: --host")
    return list(dict.fromkeys(defaults))


# --- what there is --------------------------------------------------------------------------------------------------


def sides_of(device: Device, *, probe: bool) -> dict[Direction, SideInfo]:
    """What is known of each direction that a device has; ``probe``: by opening it, too."""
    able = [(Direction.OUTPUT, device.supports_output), (Direction.INPUT, device.supports_input)]
    return {direction: _side(device, direction, probe=probe) for direction, has in able if has}


def _side(device: Device, direction: Direction, *, probe: bool) -> SideInfo:
    try:
        default, ranges = configs_of(device, direction)
    except AudioError as error:
        return SideInfo(None, (), (), one_line(error))
    delays = _delays(device, direction, default) if probe else ()
    return SideInfo(default, tuple(grouped(ranges)), delays)


def grouped(ranges: Iterable[SupportedStreamConfigRange]) -> list[FormatGroup]:
    """The same configs in few lines: formats with the same channels, and channels with the same rates, in one."""
    channels: dict[tuple[str, _Limits], list[int]] = {}
    for each in ranges:
        size = each.buffer_size
        limits = (each.min_sample_rate, each.max_sample_rate, size.min_frames, size.max_frames)
        channels.setdefault((str(each.sample_format), limits), []).append(each.channels)
    formats: dict[tuple[tuple[int, ...], _Limits], list[str]] = {}
    for (sample_format, limits), counts in channels.items():
        formats.setdefault((tuple(sorted(set(counts))), limits), []).append(sample_format)
    return [FormatGroup(tuple(names), counts, *limits) for (counts, limits), names in formats.items()]


def _delays(device: Device, direction: Direction, default: SupportedStreamConfig) -> tuple[Delay, ...]:
    wishes = (("default", BufferSize.DEFAULT, "balanced"), ("low", BufferSize.LOW, "low"))
    return tuple(
        _probed(device, direction, StreamConfig(default.channels, default.sample_rate, size), Delay(wish), depth)
        for wish, size, depth in wishes
    )


def _probed(device: Device, direction: Direction, config: StreamConfig, delay: Delay, depth: str) -> Delay:
    """The latency of a stream that runs for a moment; an output's is silent."""

    def leave(_frames: Any, _info: CallbackInfo) -> None:
        """Play silence, or forget what was recorded."""

    is_output = direction is Direction.OUTPUT
    build = device.build_output_stream if is_output else device.build_input_stream
    try:
        with build(config, leave, depth=depth) as stream:
            frames = stream.config.buffer_size.frames or 1
            _let_run(stream, _PROBE_BLOCKS * frames)
            latency = stream.latency
    except AudioError as error:
        return delay._replace(error=one_line(error))
    block = frames / config.sample_rate
    own = latency.ring if is_output else block  # an input hands on a block when it is full
    return delay._replace(buffer_size=frames, device=latency.device, total=latency.device + own)


def _let_run(stream: Stream, frames: int) -> None:
    """Until so many frames have moved, and more of them since the first."""
    deadline = time.monotonic() + _PROBE_SECONDS
    moves = position = 0
    while (position < frames or moves < _PROBE_MOVES) and time.monotonic() < deadline:
        if stream.wait(0.02):
            break
        before, position = position, stream.position
        moves += position > before


# --- told -----------------------------------------------------------------------------------------------------------


def _as_json(opened: Host, device: Device, sides: dict[Direction, SideInfo]) -> dict[str, Any]:
    about = device.description
    output, source = sides.get(Direction.OUTPUT), sides.get(Direction.INPUT)
    return {
        "id": str(device.id),
        "host": opened.id,
        "name": device.name,
        "direction": str(about.direction),
        "default_input": device == opened.default_input_device(),
        "default_output": device == opened.default_output_device(),
        "type": str(about.device_type),
        "interface": str(about.interface_type),
        "manufacturer": about.manufacturer,
        "driver": about.driver,
        "address": about.address,
        "extended": list(about.extended),
        "input": None if source is None else source.as_json(),
        "output": None if output is None else output.as_json(),
    }


def _show(screen: Screen, opened: Host, device: Device, sides: dict[Direction, SideInfo]) -> None:
    told = _as_json(opened, device, {})
    title = Text(device.name, "bold").append(f" ({device.id})", "not bold dim")
    for direction in ("output", "input"):
        if told[f"default_{direction}"]:
            title.append(f" {screen.glyphs.dot} the default {direction}", "not bold green")
    screen.say(title)
    words = [told["type"], told["interface"], f"made by {told['manufacturer']}" if told["manufacturer"] else ""]
    words += [f"{key} {told[key]}" for key in ("driver", "address") if told[key]]
    known = [word for word in words if word and word != "unknown"]
    if known:
        screen.say(Text("  " + f" {screen.glyphs.dot} ".join(dict.fromkeys(known))))
    for line in told["extended"]:
        if not line.rstrip().endswith(":"):  # systems tell of what is not set, too
            screen.say(Text(f"  {line}", "dim"))
    for which, side in sides.items():
        screen.say(Text(f"\n  {which}", "bold cyan"))
        _show_side(screen, side)


def _show_side(screen: Screen, side: SideInfo) -> None:
    if side.error is not None:
        screen.say(Text(f"    {side.error}", "yellow"))
        return
    if side.default is not None:
        one = side.default
        screen.say(Text(f"    by default {one.channels} ch, {one.sample_rate} Hz, {one.sample_format}"))
    table = Table(box=None, padding=(0, 3, 0, 0), header_style="dim", pad_edge=False)
    for heading in ("    Channels", "Rate", "Frames per callback"):
        table.add_column(heading, no_wrap=True)
    table.add_column("Formats")
    for line in lines_of(side.formats):
        table.add_row(*line)
    if side.formats:
        screen.say_table(table)
    for delay in side.latency:
        screen.say(_delay_line(delay, screen.glyphs.dot))


def lines_of(groups: Iterable[FormatGroup]) -> list[tuple[str, str, str, str]]:
    """The cells of the table: what differs by its buffers alone, as where memory is the limit, is told in one line."""
    by_rates: dict[tuple[int, int], list[FormatGroup]] = {}
    for group in groups:
        by_rates.setdefault((group.min_sample_rate, group.max_sample_rate), []).append(group)
    found: list[tuple[str, str, str, str]] = []
    for rates, some in by_rates.items():
        shared = _shared_buffers(some)
        for part in [some] if shared is not None else [[group] for group in some]:
            size = shared if shared is not None else _shared_buffers(part) or "not told"
            channels: dict[str, set[int]] = {}
            for group in part:
                for name in group.sample_formats:
                    channels.setdefault(name, set()).update(group.channels)
            for counts in dict.fromkeys(tuple(sorted(one)) for one in channels.values()):
                names = " ".join(name for name, one in channels.items() if tuple(sorted(one)) == counts)
                found.append((f"    {_counts(counts)}", f"{_span(*rates)} Hz", size, names))
    return found


def _shared_buffers(groups: Sequence[FormatGroup]) -> str | None:
    """Buffer sizes that all of them have; None where there are none, or they are not told."""
    least = {group.min_buffer_size or 0 for group in groups}
    most = {group.max_buffer_size or 0 for group in groups}
    if 0 in least | most or max(least) > min(most):
        return None
    return _span(max(least), min(most)) + (" at least" if len(least) + len(most) > 2 else "")  # noqa: PLR2004 - each one


def _delay_line(delay: Delay, dot: str) -> Text:
    line = Text("    latency, ").append("usual: " if delay.wish == "default" else f"{delay.wish}: ")
    if delay.error is not None or delay.total is None or delay.device is None:
        return line.append(delay.error or "not told", "yellow")
    line.append(f"{delay.total * 1000:.1f} ms", "bold")
    told = f"{delay.device * 1000:.1f} ms of it the system's" if delay.device else "the system tells of none"
    return line.append(f" {dot} {told} {dot} {delay.buffer_size} frames per callback", "dim")


def _span(low: int | None, high: int | None) -> str:
    return f"{low}" if low == high else f"{low} to {high}"


def _counts(channels: Sequence[int]) -> str:
    """``1 to 8``, or ``1, 2, 6``."""
    low, high = channels[0], channels[-1]
    if len(channels) > 2 and len(channels) == high - low + 1:  # noqa: PLR2004 - two are told by their names
        return f"{low} to {high}"
    return ", ".join(map(str, channels))
