"""Which config of a device comes nearest to one that is wanted."""

from __future__ import annotations

from pcmio._value import shown
from pcmio.configs import BufferSize
from pcmio.descriptions import Direction
from pcmio.errors import InvalidInput, UnsupportedConfig
from pcmio.formats import float_like

TYPE_CHECKING = False
if TYPE_CHECKING:
    from pcmio._driver import Plan
    from pcmio.configs import StreamConfig, SupportedStreamConfig
    from pcmio.contract import Device
    from pcmio.formats import SampleFormat

#: All is converted; sample formats alone are, and may lose bits by it; nothing is that would lose any.
AUTO, FORMAT, NEVER = "auto", "format", "never"


def check_convert(convert: str) -> None:
    """Return if this is a choice.

    Raises:
        InvalidInput: It is none.
    """
    if convert not in (AUTO, FORMAT, NEVER):
        raise InvalidInput(f"convert is {AUTO!r}, {FORMAT!r} or {NEVER!r}, not {shown(convert)}")


def fitting(
    device: Device, direction: Direction, wanted: StreamConfig, *, taken: bool = True, floats_only: bool = False
) -> StreamConfig:
    """The wanted config, or with the device's own channels, or its own rate, or both; floats, if it is another.

    Where the device takes none of these it is the wanted one, whose refusal says why.

    Args:
        device: That has this direction.
        direction: INPUT or OUTPUT.
        wanted: By whoever plays or records.
        taken: Whether to take what is wanted, if it can be had.
        floats_only: Whether integers are taken as they are or not at all.
    """
    output = direction is Direction.OUTPUT
    stays = wanted.sample_format.is_dsd or (floats_only and not wanted.sample_format.is_float)
    if stays or (taken and device.supports(wanted, direction)):
        return wanted
    default = device.default_output_config() if output else device.default_input_config()
    # Mono is to be heard on both sides, wherever the system would have put it.
    spread = output and wanted.channels == 1 and default.channels > 1
    counts = (default.channels,) if spread else (wanted.channels, default.channels)
    for channels in (wanted.channels,) if wanted.device_channels else counts:
        for rate in (wanted.sample_rate, default.sample_rate):
            config = _changed(wanted, channels, rate)
            if device.supports(config, direction):
                return config
    return wanted


def _changed(wanted: StreamConfig, channels: int, rate: int) -> StreamConfig:
    if (channels, rate) == (wanted.channels, wanted.sample_rate):
        return wanted
    frames, size = wanted.buffer_size.frames, wanted.buffer_size
    if frames is not None and rate != wanted.sample_rate:
        size = BufferSize.nearest(max(1, frames * rate // wanted.sample_rate))
    return wanted.replace(
        channels=channels, sample_rate=rate, buffer_size=size, sample_format=float_like(wanted.sample_format)
    )


def check_holds(direction: Direction, users: SampleFormat, native: SampleFormat) -> None:
    """Return if no bit is lost between the user's samples and the system's.

    Raises:
        UnsupportedConfig: Some may be.
    """
    given, kept = (users, native) if direction is Direction.OUTPUT else (native, users)
    if not kept.holds(given):
        raise UnsupportedConfig(
            f"samples of {given} lose bits as {kept}", advice=f"ask for {native}, or allow it: convert={FORMAT!r}"
        )


def check_own(direction: Direction, plan: Plan, users: SampleFormat, own: SupportedStreamConfig) -> None:
    """Return if a stream of ``plan`` is as the device itself, so that a server has nothing to convert.

    Raises:
        UnsupportedConfig: It is not.
    """
    side = plan.output or plan.input
    channels = own.channels if side is None else side.channels
    if channels != own.channels or plan.sample_rate != own.sample_rate:
        raise UnsupportedConfig(
            f"{channels} channels at {plan.sample_rate} Hz are converted by the server: "
            f"the device has {own.channels} at {own.sample_rate} Hz",
            advice=f"ask for these, or allow it: convert={FORMAT!r}",
        )
    check_holds(direction, users, own.sample_format)
