"""What hosts, devices and streams get from the contract itself: its defaults, and how a with block ends."""

from __future__ import annotations

import inspect
import logging
from typing import TYPE_CHECKING, Any
from unittest import mock

import pytest

from pcmio import (
    Device,
    DeviceDescription,
    DeviceId,
    Direction,
    Host,
    Latency,
    SampleFormat,
    Stream,
    StreamConfig,
    StreamStats,
    SupportedBufferSize,
    SupportedStreamConfig,
    SupportedStreamConfigRange,
)
from pcmio.errors import AudioError, BackendError, DeviceNotAvailable, InvalidInput

if TYPE_CHECKING:
    from collections.abc import Sequence


def concrete(abstract: type) -> Any:
    """A class that has all of what is abstract, each doing nothing."""
    missing = {name: mock.Mock(return_value=None) for name in vars(abstract).get("__abstractmethods__", ())}
    return type(f"Made{abstract.__name__}", (abstract,), missing)


class SomeDevice(concrete(Device)):  # type: ignore[misc]
    def __init__(self, name: str, direction: Direction = Direction.OUTPUT) -> None:
        self._id = DeviceId("test", name)
        self._description = DeviceDescription(name.title(), direction)

    @property
    def id(self) -> DeviceId:
        return self._id

    @property
    def description(self) -> DeviceDescription:
        return self._description


class OtherDevice(SomeDevice):
    """Another class whose devices are the same things."""


class SomeHost(concrete(Host)):  # type: ignore[misc]
    name = "Test"
    id = "test"

    def __init__(self) -> None:
        self.close = mock.Mock()

    def devices(self) -> Sequence[SomeDevice]:
        return [SomeDevice(str(direction), direction) for direction in Direction]


class SomeStream(concrete(Stream)):  # type: ignore[misc]
    def __init__(self) -> None:
        self.calls: list[str] = []
        self.start_error: Exception | None = None
        self.close_error: BaseException | None = None

    def start(self) -> None:
        self.calls.append("start")
        if self.start_error is not None:
            raise self.start_error

    def close(self) -> None:
        self.calls.append("close")
        if self.close_error is not None:
            raise self.close_error


@pytest.mark.parametrize("abstract", [Host, Device, Stream])
def test_the_contract_itself_cannot_be_made(abstract: Any) -> None:
    with pytest.raises(TypeError, match="abstract"):
        abstract()


@pytest.mark.parametrize("abstract", [Host, Device, Stream])
def test_every_call_of_the_contract_is_described(abstract: type) -> None:
    for name, member in vars(abstract).items():
        if not name.startswith("_"):
            assert inspect.getdoc(member), name


# --- Device -----------------------------------------------------------------------------------------------------------


def test_devices_are_equal_when_their_ids_are() -> None:
    assert SomeDevice("a") == SomeDevice("a") == OtherDevice("a")
    assert SomeDevice("a") != SomeDevice("b")
    assert SomeDevice("a") != DeviceId("test", "a")
    assert SomeDevice("a") == mock.ANY
    assert len({SomeDevice("a"), OtherDevice("a"), SomeDevice("b")}) == 2


def test_a_device_reads_well() -> None:
    assert str(SomeDevice("sink")) == SomeDevice("sink").name == "Sink"
    assert repr(SomeDevice("sink")) == "<SomeDevice 'test:sink': Sink>"


@pytest.mark.parametrize("direction", Direction)
def test_what_a_device_supports_is_what_its_description_says(direction: Direction) -> None:
    device = SomeDevice("x", direction)
    assert (device.supports_input, device.supports_output) == (direction.has_input, direction.has_output)


# --- Host -------------------------------------------------------------------------------------------------------------


def test_a_host_sorts_its_devices_by_direction() -> None:
    host = SomeHost()
    assert [device.id.id for device in host.output_devices()] == ["output", "duplex"]
    assert [device.id.id for device in host.input_devices()] == ["input", "duplex"]
    assert repr(host) == "<pcmio host Test>"


def test_a_host_finds_a_device_by_its_id_or_by_its_text() -> None:
    host = SomeHost()
    assert host.device_by_id("test:duplex") == host.device_by_id(DeviceId("test", "duplex")) == SomeDevice("duplex")


def test_a_host_says_what_is_wrong_with_an_id() -> None:
    host = SomeHost()
    with pytest.raises(DeviceNotAvailable, match=r"there is no device test:nobody; see host\.devices\(\)"):
        host.device_by_id("test:nobody")
    with pytest.raises(InvalidInput, match="null:sink is a device of another host; this is test"):
        host.device_by_id("null:sink")
    with pytest.raises(InvalidInput):
        host.device_by_id("no id at all")
    wrong: Any = 5
    with pytest.raises(InvalidInput):
        host.device_by_id(wrong)


class ListingDevice(SomeDevice):
    """Its configs are its lists and nothing else."""

    def supported_output_configs(self) -> list[SupportedStreamConfigRange]:
        if not self.supports_output:
            return []
        buffer = SupportedBufferSize(64, 128)
        return [
            SupportedStreamConfigRange(1, 8_000, 48_000, buffer, SampleFormat.I16),
            SupportedStreamConfigRange(2, 48_000, 48_000, buffer, SampleFormat.F32),
        ]

    def supported_input_configs(self) -> list[SupportedStreamConfigRange]:
        buffer = SupportedBufferSize()
        return [SupportedStreamConfigRange(2, 48_000, 48_000, buffer, SampleFormat.F32)] if self.supports_input else []


@pytest.mark.parametrize(
    ("config", "supported"),
    [
        (StreamConfig(2, 48_000), True),
        (StreamConfig(2, 48_000, 64), True),
        (StreamConfig(2, 48_000, 129), False),
        (StreamConfig(2, 44_100), False),
        (StreamConfig(1, 44_100), False),
        (StreamConfig(1, 44_100, sample_format=SampleFormat.I16), True),
        (StreamConfig(3, 48_000), False),
        (SupportedStreamConfig(2, 48_000, SupportedBufferSize(), SampleFormat.F32), True),
    ],
)
def test_a_device_supports_what_it_lists_unless_it_knows_better(config: Any, supported: bool) -> None:
    assert ListingDevice("x", Direction.OUTPUT).supports(config) is supported
    assert ListingDevice("x", Direction.DUPLEX).supports(config, Direction.OUTPUT) is supported
    assert not ListingDevice("x", Direction.OUTPUT).supports(config, Direction.INPUT)
    assert not ListingDevice("x", Direction.UNKNOWN).supports(config)


def test_a_device_of_both_directions_is_asked_for_both() -> None:
    duplex, mono = ListingDevice("x", Direction.DUPLEX), StreamConfig(1, 48_000, sample_format=SampleFormat.I16)
    for both in (None, Direction.DUPLEX):
        assert duplex.supports(StreamConfig(2, 48_000), both)
        assert not duplex.supports(mono, both)  # it does not record so
    assert duplex.supports(mono, Direction.OUTPUT)


def test_only_a_config_and_a_direction_are_asked_about() -> None:
    device, wrong = ListingDevice("x"), StreamConfig(2, 48_000)
    for config in (None, 48_000, StreamConfig):
        with pytest.raises(InvalidInput, match="a stream is built from a StreamConfig, not from "):
            device.supports(config)
    for direction in ("output", 1, Direction.UNKNOWN):
        with pytest.raises(InvalidInput, match="direction must be INPUT, OUTPUT or DUPLEX, not "):
            device.supports(wrong, direction)


def test_a_host_is_closed_when_its_block_is_left() -> None:
    host = SomeHost()
    with host as entered:
        assert entered is host
        assert not host.close.called
    host.close.assert_called_once_with()


def test_an_error_of_the_block_comes_before_that_of_a_closing_host(caplog: pytest.LogCaptureFixture) -> None:
    host = SomeHost()
    host.close.side_effect = BackendError("no goodbye")
    with pytest.raises(DeviceNotAvailable), host:
        raise DeviceNotAvailable("gone")
    assert "closing failed too" in caplog.text
    with pytest.raises(BackendError, match="no goodbye"), host:
        pass


# --- Stream: how a with block ends ------------------------------------------------------------------------------------


def test_a_block_starts_and_closes_its_stream() -> None:
    stream = SomeStream()
    with stream as entered:
        assert entered is stream
        assert stream.calls == ["start"]
    assert stream.calls == ["start", "close"]


def test_a_block_whose_stream_does_not_start_closes_it_and_is_not_entered() -> None:
    stream = SomeStream()
    stream.start_error = DeviceNotAvailable("gone")
    with pytest.raises(DeviceNotAvailable), stream:
        pytest.fail("entered")
    assert stream.calls == ["start", "close"]


def test_the_streams_error_leaves_a_block_that_has_none() -> None:
    stream = SomeStream()
    stream.close_error = BackendError("failed")
    with pytest.raises(BackendError, match="failed"), stream:
        pass


@pytest.mark.parametrize("first", [ValueError("mine"), KeyboardInterrupt(), AudioError("mine")], ids=repr)
def test_the_blocks_own_error_comes_first_and_the_streams_is_logged(
    first: BaseException, caplog: pytest.LogCaptureFixture
) -> None:
    stream = SomeStream()
    stream.close_error = BackendError("failed as well")
    with pytest.raises(type(first)) as caught, stream:
        raise first
    assert caught.value is first
    assert stream.calls == ["start", "close"]
    (record,) = caplog.records
    assert (record.name, record.levelno) == ("pcmio", logging.ERROR)
    assert record.exc_info is not None
    assert record.exc_info[1] is stream.close_error


def test_an_interrupt_while_closing_is_not_swallowed() -> None:
    stream = SomeStream()
    stream.close_error = KeyboardInterrupt()
    with pytest.raises(KeyboardInterrupt), stream:
        raise ValueError("mine")


def test_nothing_is_logged_when_all_is_well(caplog: pytest.LogCaptureFixture) -> None:
    with pytest.raises(ValueError, match="mine"), SomeStream():
        raise ValueError("mine")
    assert caplog.records == []


# --- values of the contract -------------------------------------------------------------------------------------------


def test_latency_is_the_sum_of_its_parts() -> None:
    assert Latency(0.25, 0.5).total == 0.75


def test_counters_begin_at_nothing() -> None:
    stats = StreamStats()
    assert set(stats._astuple()) == {0, None}
    assert stats.low_water is None
    assert stats.replace(xruns=2) == StreamStats(xruns=2)
