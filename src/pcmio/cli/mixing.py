"""From a file's channels and rate to a device's."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, NamedTuple

from pcmio._convert import Converter
from pcmio.cli.facts import configs_of
from pcmio.cli.targets import calm_buffer
from pcmio.configs import StreamConfig
from pcmio.descriptions import Direction
from pcmio.formats import SampleFormat

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from typing import Any

    from pcmio.cli.files import FileFacts
    from pcmio.configs import SupportedStreamConfigRange
    from pcmio.contract import Device


class Mixing(NamedTuple):
    """What happens to a file on its way to a stream.

    Attributes:
        channels: Of the stream.
        sample_rate: Of the stream.
        file_channels: Of the file.
        file_rate: Of the file.
        dtype: Of the samples on both sides.
    """

    channels: int
    sample_rate: int
    file_channels: int
    file_rate: int
    dtype: str

    def frames(self, file_frames: int) -> int:
        """How many frames the stream gets."""
        return -(-file_frames * self.sample_rate // self.file_rate)

    def remarks(self, arrow: str) -> list[str]:
        """What is changed, for the user."""
        found: list[str] = []
        if self.file_rate != self.sample_rate:
            found.append(f"resampled {self.file_rate} {arrow} {self.sample_rate} Hz")
        if self.file_channels > self.channels:
            found.append(f"{self.file_channels} channels mixed to {self.channels}")
        elif self.file_channels < self.channels:
            found.append(
                f"{self.file_channels} of {self.channels} channels" if self.file_channels > 1 else "mono on both sides"
            )
        return found

    def apply(self, chunks: Iterable[Any]) -> Iterator[Any]:
        """The stream's samples of the file's."""
        sample_format = SampleFormat.from_dtype(self.dtype)
        file = StreamConfig(self.file_channels, self.file_rate, sample_format=sample_format)
        converter = Converter(file, StreamConfig(self.channels, self.sample_rate, sample_format=sample_format))
        for chunk in chunks:
            yield converter.convert(chunk)
        yield converter.rest()


def plan_playing(
    device: Device, file: FileFacts, rate: int | None, buffer_size: int | None
) -> tuple[StreamConfig, Mixing]:
    """The stream that suits a file best, and what is to be done to the file for it.

    A rate and a channel count that the device takes are left to it; what it does not take is changed here.
    """
    default, ranges = configs_of(device, Direction.OUTPUT)
    channels = stream_channels(file.channels, default.channels, ranges)
    if rate is None:
        rate = file.sample_rate if _takes(ranges, channels, file.sample_rate) else default.sample_rate
    if rate != file.sample_rate:
        import_module("soxr")  # a missing one is told before anything sounds
    config = StreamConfig(
        channels,
        rate,
        calm_buffer(buffer_size, rate, default.buffer_size),
        SampleFormat.F64 if file.wide else SampleFormat.F32,
    )
    dtype = "float64" if file.wide else "float32"
    return config, Mixing(channels, rate, file.channels, file.sample_rate, dtype)


def stream_channels(wanted: int, usual: int, ranges: Sequence[SupportedStreamConfigRange]) -> int:
    """Channels of an output's stream for a sound of ``wanted`` channels; ``usual`` where the device has not so many."""
    counts = {each.channels for each in ranges}
    if wanted == 1 and usual > 1:
        return usual  # one voice on both sides, wherever the system would have put it
    return wanted if wanted in counts else usual


def _takes(ranges: Sequence[SupportedStreamConfigRange], channels: int, rate: int) -> bool:
    return any(each.channels == channels and each.contains_rate(rate) for each in ranges)
