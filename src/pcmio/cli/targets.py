"""Which host and which device a command is about."""

from __future__ import annotations

import functools
from contextlib import contextmanager
from typing import TYPE_CHECKING, NamedTuple, TypeVar

import click

from pcmio.cli.completion import complete_depth, complete_device, complete_file, complete_host, complete_input
from pcmio.cli.values import WORD
from pcmio.configs import BufferSize, SupportedBufferSize
from pcmio.descriptions import Direction
from pcmio.errors import DeviceNotAvailable, HostUnavailable
from pcmio.platform import ALL_HOSTS, default_host, host

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Sequence

    from pcmio.contract import Device, Host

T = TypeVar("T")

_CALM_SECONDS = 0.04
#: An output's id with that is its monitor's, on PulseAudio and PipeWire.
_MONITOR_SUFFIX = ".monitor"
#: What is said where the library speaks of Python calls.
_NO_HOST = "start one, name one with --host (pcmio hosts tells which), or use --host null where there is no sound"


host_option = click.option(
    "--host",
    "host_name",
    type=WORD,
    metavar="ID",
    shell_complete=complete_host,
    is_eager=True,  # completing a device asks for it
    help="Audio system to use (see: pcmio hosts).  [default: PCMIO_HOST, else the first that answers]",
)


class Target(NamedTuple):
    """What ``--host`` and ``--device`` said; None: the default."""

    host: str | None
    device: str | None

    def open_host(self) -> Host:
        """The host; as a context manager it is closed afterwards.

        Raises:
            HostUnavailable, PermissionDenied: It does not answer.
            InvalidInput: There is no such host.
        """
        return open_host(self.host or _host_of(self.device))

    @contextmanager
    def open_device(self, direction: Direction) -> Generator[Device]:
        """The device to play to or record from; its host is closed afterwards.

        Raises:
            DeviceNotAvailable: There is none, or none of that name.
            click.UsageError: The name fits several.
        """
        with self.open_host() as opened:
            yield find_device(opened, self.device, direction)


def with_target(command: Callable[..., T]) -> Callable[..., T]:
    """Give a command ``--host`` and ``--device``, and hand it both as ``target``."""

    @host_option
    @click.option(
        "--device",
        "device_name",
        type=WORD,
        metavar="ID|NAME",
        shell_complete=complete_device,
        help="Device: its id, or a part of its name (see: pcmio devices).  [default: the system's]",
    )
    @functools.wraps(command)
    def wrapped(*, host_name: str | None, device_name: str | None, **others: object) -> T:
        return command(target=Target(host_name, device_name), **others)

    return wrapped


def _depth(text: str) -> float | str:
    """Seconds, or a name that the library knows."""
    try:
        return float(text)
    except ValueError:
        return text


buffer_size_option = click.option(
    "--buffer-size",
    type=click.IntRange(min=1),
    metavar="FRAMES",
    help="Frames moved at a time.",
)


def _depth_option(default: str) -> Callable[[Callable[..., T]], Callable[..., T]]:
    return click.option(
        "--depth",
        type=_depth,
        default=default,
        show_default=True,
        metavar="low|balanced|high|SECONDS",
        shell_complete=complete_depth,
        help="How much is kept ready beyond Python's reach; all of it is latency.",
    )


depth_option = _depth_option("high")
balanced_depth_option = _depth_option("balanced")
low_depth_option = _depth_option("low")
input_option = click.option(
    "--input",
    "input_name",
    type=WORD,
    metavar="ID|NAME",
    shell_complete=complete_input,
    help="Input to record from: its id, or a part of its name (see: pcmio devices).",
)


def save_option(what: str) -> Callable[[Callable[..., T]], Callable[..., T]]:
    """``--save FILE``, where ``what`` is drawn."""
    return click.option(
        "--save",
        type=WORD,
        metavar="FILE",
        shell_complete=complete_file,
        help=f"Draw {what} into a .png, .svg or .pdf.",
    )


json_option = click.option("--json", "as_json", is_flag=True, help="Write JSON, for programs.")
rate_option = click.option("--rate", type=click.IntRange(min=1), metavar="HZ", help="Frames per second.")


def buffer_of(frames: int | None) -> BufferSize:
    """What ``--buffer-size`` asks for."""
    return BufferSize.DEFAULT if frames is None else BufferSize.fixed(frames)


def calm_buffer(frames: int | None, rate: int, possible: SupportedBufferSize) -> BufferSize:
    """What ``--buffer-size`` asks for, else a long one: who plays or records a file does not wait for a reaction."""
    if frames is None:
        frames = max(1, round(_CALM_SECONDS * rate))
        if possible.min_frames is not None and possible.max_frames is not None:
            frames = min(max(frames, possible.min_frames), possible.max_frames)
    return BufferSize.fixed(frames)


def open_host(name: str | None) -> Host:
    """The host of this name, or the default one; it answers.

    Raises:
        HostUnavailable, PermissionDenied: It does not.
        InvalidInput: There is no such host.
    """
    if name is None:
        try:
            opened = default_host()
        except HostUnavailable as error:
            raise HostUnavailable(error.message, tried=error.tried, advice=_NO_HOST) from error
    else:
        opened = host(name)
    try:  # the one that PCMIO_HOST names has not been asked either
        opened.check_available()
    except BaseException:
        opened.close()
        raise
    return opened


def find_device(opened: Host, wanted: str | None, direction: Direction) -> Device:
    """The device with this id or name, or the default one, that has the direction.

    Raises:
        DeviceNotAvailable: There is none.
        click.UsageError: Several fit.
    """
    able = opened.output_devices if direction is Direction.OUTPUT else opened.input_devices
    if wanted is None:
        default = opened.default_output_device if direction is Direction.OUTPUT else opened.default_input_device
        device = default()
        if device is None:
            raise DeviceNotAvailable(
                f"{opened.name} has no {direction} device",
                advice=f"connect one, name another with --device (pcmio devices --host {opened.id} lists them), "
                "or name another system with --host",
            )
        return device
    return _the_one(opened, _matching(able(), wanted), wanted, f"{direction} ")


def _the_one(opened: Host, found: Sequence[Device], wanted: str, kind: str) -> Device:
    if not found:
        raise DeviceNotAvailable(
            f"{opened.name} has no {kind}device that is called {wanted!r}",
            advice=f"pcmio devices --host {opened.id} lists them",
        )
    if len(found) > 1:
        raise click.UsageError(
            f"{wanted!r} could be any of these {kind}devices; give more of the name, or an id:\n"
            + "\n".join(f"  {device.id}  ({device.name})" for device in found)
        )
    return found[0]


def monitor_of(opened: Host, output: Device) -> Device | None:
    """The device that records what ``output`` plays, if there is one."""
    name = f"{output.id}{_MONITOR_SUFFIX}"
    return next((device for device in opened.input_devices() if str(device.id) == name), None)


def find_any_device(opened: Host, wanted: str) -> Device:
    """The device with this id or name, whatever it can; of several of that name the one that plays.

    Raises:
        DeviceNotAvailable: There is none.
        click.UsageError: Several fit.
    """
    found = _matching(opened.devices(), wanted)
    if len(found) > 1:
        found = [device for device in found if device.supports_output] or found
    return _the_one(opened, found, wanted, "")


def _host_of(wanted: str | None) -> str | None:
    """The host that a full id names."""
    prefix, colon, _ = (wanted or "").partition(":")
    return prefix.lower() if colon and prefix.lower() in ALL_HOSTS else None


def _matching(devices: Sequence[Device], wanted: str) -> list[Device]:
    """Devices with exactly this id, else with this name, else with this somewhere in either."""
    text = wanted.casefold()
    by_id = [device for device in devices if text in (str(device.id).casefold(), device.id.id.casefold())]
    by_name = [device for device in devices if text == device.name.casefold()]
    by_part = [device for device in devices if _piece(text, device) in f"{device.name}\n{device.id.id}".casefold()]
    return by_id or by_name or by_part


def _piece(text: str, device: Device) -> str:
    """What is looked for in a device's name and id: of the beginning of a full id what follows its host."""
    return text.removeprefix(f"{device.id.host}:")
