"""A stream that cannot be made after all leaves nothing open, whatever fails, and wherever."""

from __future__ import annotations

import inspect
import sys
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

import pcmio
from pcmio import (
    DeviceDescription,
    DeviceId,
    Direction,
    SampleFormat,
    StreamConfig,
    SupportedBufferSize,
    SupportedStreamConfig,
    SupportedStreamConfigRange,
    UnsupportedConfig,
)
from pcmio._device import TwoWayDevice
from pcmio.contract import Stream
from tests.unit.stream_rig import HandDriver, ignore

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

RATE = 48_000
OTHER = StreamConfig(1, 24_000, sample_format="i16")
SAME = StreamConfig(2, RATE, sample_format="i16")
PACKAGE = str(Path(pcmio.__file__).parent)
NAME = "pcmio making:"
_MOST_PLACES = 1_000


class Misfortune:
    """Has a call of the package's, after a driver was negotiated, raise MemoryError: each at another place."""

    def __init__(self, places: set[object]) -> None:
        self.places = places
        self.happened = False

    def begin(self) -> None:
        sys.settrace(self)

    def __call__(self, frame: Any, event: str, _argument: object) -> None:
        code = frame.f_code
        if event != "call" or not code.co_filename.startswith(PACKAGE) or self.happened:
            return
        if code.co_flags & inspect.CO_GENERATOR or any(one.f_code.co_name == "__del__" for one in _callers(frame)):
            return  # what is raised there, or when they are thrown away, is told to nobody
        if code.co_name == "__init__" and isinstance(frame.f_locals.get("self"), Stream):
            return  # the driver is its own from its first line on
        if code.co_filename.endswith("_interrupts.py"):
            return  # before or after all, when the stream is the owner's, or dropped
        place = (code, frame.f_back.f_code, frame.f_back.f_lineno)
        if place not in self.places:
            self.places.add(place)
            self.happened = True
            raise MemoryError


def _callers(frame: Any) -> Iterator[Any]:
    while frame is not None:
        yield frame
        frame = frame.f_back


class OneRate(TwoWayDevice):
    """Takes two channels at one rate."""

    def __init__(self, misfortune: Misfortune | None) -> None:
        super().__init__(DeviceId("making", "one"), DeviceDescription("One", Direction.DUPLEX))
        self.misfortune = misfortune
        self.drivers: list[HandDriver] = []

    def _configs(self, direction: Direction) -> Sequence[SupportedStreamConfigRange]:
        del direction
        return [SupportedStreamConfigRange(2, RATE, RATE, SupportedBufferSize.UNKNOWN, SampleFormat.I16)]

    def _default(self, direction: Direction) -> SupportedStreamConfig:
        return self._configs(direction)[0].with_default_sample_rate()

    def _driver(self, direction: Direction, config: StreamConfig, options: dict[str, Any]) -> HandDriver:
        if (config.channels, config.sample_rate) != (2, RATE):
            raise UnsupportedConfig(f"{config} is not to be had, nor {options}")
        self.drivers.append(HandDriver(output=direction is Direction.OUTPUT))
        if self.misfortune is not None:
            self.misfortune.begin()
        return self.drivers[-1]


def _output(device: OneRate, config: StreamConfig) -> Any:
    return device.build_output_stream(config, ignore, convert="auto")


def _input(device: OneRate, config: StreamConfig) -> Any:
    return device.build_input_stream_raw(config, ignore, convert="auto")


def _writer(device: OneRate, config: StreamConfig) -> Any:
    return device.open_writer(config)


def _reader(device: OneRate, config: StreamConfig) -> Any:
    return device.open_reader(config)


def _duplex(device: OneRate, config: StreamConfig) -> Any:
    return device.build_duplex_stream(config, ignore, convert="auto")


def _chosen(device: OneRate, config: StreamConfig) -> Any:
    return device.open_writer(config.replace(channels=[1]))


@pytest.mark.parametrize(
    ("make", "config"),
    [
        *((make, OTHER) for make in (_output, _input, _writer, _reader, _duplex)),
        *((make, SAME) for make in (_output, _duplex, _chosen)),
    ],
    ids=lambda given: given.__name__ if callable(given) else given.sample_rate,
)
def test_whatever_fails_the_drivers_are_closed_once(
    make: Callable[[OneRate, StreamConfig], Any], config: StreamConfig
) -> None:
    before = sys.gettrace()
    make(OneRate(None), config).close()  # what is imported is there
    places: set[object] = set()
    for _ in range(_MOST_PLACES):
        device = OneRate(Misfortune(places))
        stream = place = None
        try:
            stream = make(device, config)
        except MemoryError as error:
            place = error.__traceback__
        finally:
            sys.settrace(before)
        if stream is not None:
            stream.close()
            assert device.misfortune is None or not device.misfortune.happened, "it was told to nobody"
        assert device.drivers
        for driver in device.drivers:
            calls = [call for call in driver.calls if call != "open"]
            assert calls == ["close"], f"{driver.calls}\n{_trail(place)}"
        assert not [thread for thread in threading.enumerate() if thread.name.startswith(NAME)]
        if stream is not None:
            return
    raise AssertionError("no stream is ever made")


def _trail(traceback: Any) -> str:
    places = []
    while traceback is not None:
        places.append(f"{traceback.tb_frame.f_code.co_filename}:{traceback.tb_lineno}")
        traceback = traceback.tb_next
    return "\n".join(places)
