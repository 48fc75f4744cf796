"""What is listed of a device, for people and for programs."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from pcmio.descriptions import Direction
from pcmio.errors import AudioError

if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any

    from pcmio.configs import SupportedStreamConfig, SupportedStreamConfigRange
    from pcmio.contract import Device, Host
    from pcmio.descriptions import DeviceDescription


class SideFacts(NamedTuple):
    """One direction of a device: the format it has by default, and what else it can have."""

    channels: int
    sample_rate: int
    sample_format: str
    max_channels: int
    min_sample_rate: int
    max_sample_rate: int
    sample_formats: list[str]
    min_buffer_size: int | None
    max_buffer_size: int | None


class DeviceFacts(NamedTuple):
    """A device."""

    id: str
    host: str
    name: str
    type: str
    default_input: bool
    default_output: bool
    description: DeviceDescription
    input: SideFacts | None
    output: SideFacts | None

    def as_json(self) -> dict[str, Any]:
        """For a program."""
        about = self.description
        return {
            "id": self.id,
            "host": self.host,
            "name": self.name,
            "direction": str(about.direction),
            "default_input": self.default_input,
            "default_output": self.default_output,
            "type": self.type,
            "interface": str(about.interface_type),
            "manufacturer": about.manufacturer,
            "driver": about.driver,
            "address": about.address,
            "extended": list(about.extended),
            "input": None if self.input is None else self.input._asdict(),
            "output": None if self.output is None else self.output._asdict(),
        }


def facts_of(opened: Host) -> list[DeviceFacts]:
    """Every device of a host."""
    output, source = opened.default_output_device(), opened.default_input_device()
    return [
        DeviceFacts(
            id=str(device.id),
            host=opened.id,
            name=device.name,
            type=str(device.description.device_type),
            default_input=device == source,
            default_output=device == output,
            description=device.description,
            input=_side(device, Direction.INPUT),
            output=_side(device, Direction.OUTPUT),
        )
        for device in opened.devices()
    ]


def _side(device: Device, direction: Direction) -> SideFacts | None:
    """A direction of a device; None when it has none, or was unplugged a moment ago."""
    able = device.supports_output if direction is Direction.OUTPUT else device.supports_input
    if not able:
        return None
    try:
        return _summary(*configs_of(device, direction))
    except AudioError:
        return None


def configs_of(
    device: Device, direction: Direction
) -> tuple[SupportedStreamConfig, Sequence[SupportedStreamConfigRange]]:
    """The format that a device has by default, and all that it can have."""
    if direction is Direction.OUTPUT:
        return device.default_output_config(), device.supported_output_configs()
    return device.default_input_config(), device.supported_input_configs()


def _summary(default: SupportedStreamConfig, ranges: Sequence[SupportedStreamConfigRange]) -> SideFacts:
    return SideFacts(
        channels=default.channels,
        sample_rate=default.sample_rate,
        sample_format=str(default.sample_format),
        max_channels=max((each.channels for each in ranges), default=default.channels),
        min_sample_rate=min((each.min_sample_rate for each in ranges), default=default.sample_rate),
        max_sample_rate=max((each.max_sample_rate for each in ranges), default=default.sample_rate),
        sample_formats=sorted({str(each.sample_format) for each in ranges}) or [str(default.sample_format)],
        min_buffer_size=default.buffer_size.min_frames,
        max_buffer_size=default.buffer_size.max_frames,
    )
