"""Which config of a device comes nearest to one that is wanted."""

from __future__ import annotations

from pcmio._value import shown
from pcmio.configs import BufferSize
from pcmio.descriptions import Direction
from pcmio.errors import InvalidInput
from pcmio.formats import SampleFormat

TYPE_CHECKING = False
if TYPE_CHECKING:
    from pcmio.configs import StreamConfig
    from pcmio.contract import Device

AUTO, NEVER = "auto", "never"
_FLOAT_BITS = 24  # that a 32-bit float holds


def check_convert(convert: str) -> None:
    """Return if this is a choice.

    Raises:
        InvalidInput: It is none.
    """
    if convert not in (AUTO, NEVER):
        raise InvalidInput(f"convert is {AUTO!r} or {NEVER!r}, not {shown(convert)}")


def fitting(device: Device, direction: Direction, wanted: StreamConfig, *, taken: bool = True) -> StreamConfig:
    """The wanted config, or with the device's own channels, or its own rate, or both; floats, if it is another.

    Where the device takes none of these it is the wanted one, whose refusal says why.  Only floats are recorded so.

    Args:
        device: That has this direction.
        direction: INPUT or OUTPUT.
        wanted: By whoever plays or records.
        taken: Whether to take what is wanted, if it can be had.
    """
    output = direction is Direction.OUTPUT
    if wanted.sample_format.is_dsd or (taken and device.supports(wanted, direction)):
        return wanted
    default = device.default_output_config() if output else device.default_input_config()
    # Mono is to be heard on both sides, wherever the system would have put it.
    spread = output and wanted.channels == 1 and default.channels > 1
    counts = (default.channels,) if spread else (wanted.channels, default.channels)
    for channels in (wanted.channels,) if wanted.device_channels else counts:
        for rate in (wanted.sample_rate, default.sample_rate):
            config = _changed(wanted, channels, rate) if output or wanted.sample_format.is_float else wanted
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


def float_like(sample_format: SampleFormat) -> SampleFormat:
    """Floats that hold these samples."""
    wide = sample_format.bits_per_sample > _FLOAT_BITS and sample_format is not SampleFormat.F32
    return SampleFormat.F64 if wide else SampleFormat.F32
