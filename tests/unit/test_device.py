"""What all devices share: a request is checked before anything native happens."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from unittest import mock

import numpy as np
import pytest

from pcmio import (
    BufferSize,
    DeviceDescription,
    DeviceId,
    Direction,
    SampleFormat,
    StreamConfig,
    SupportedBufferSize,
    SupportedStreamConfig,
    SupportedStreamConfigRange,
    _stream,
)
from pcmio._device import NativeDevice, take_options
from pcmio.errors import DeviceBusy, InvalidInput, UnsupportedConfig, UnsupportedOperation

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

CONFIG = StreamConfig(2, 48_000)


class SomeDevice(NativeDevice):
    """Takes note of what it is asked for."""

    def __init__(self, direction: Direction = Direction.DUPLEX) -> None:
        self.direction = direction
        self.asked: list[tuple[Direction, StreamConfig, dict[str, Any]]] = []
        self.error: Exception | None = None
        self.driver: Any = object()

    @property
    def id(self) -> DeviceId:
        return DeviceId("test", "x")

    @property
    def description(self) -> DeviceDescription:
        return DeviceDescription("Thing", self.direction)

    def supported_input_configs(self) -> Sequence[SupportedStreamConfigRange]:
        return []

    def supported_output_configs(self) -> Sequence[SupportedStreamConfigRange]:
        return []

    def default_input_config(self) -> SupportedStreamConfig:
        raise NotImplementedError

    def default_output_config(self) -> SupportedStreamConfig:
        raise NotImplementedError

    def _driver(self, direction: Direction, config: StreamConfig, options: dict[str, Any]) -> Any:
        self.asked.append((direction, config, options))
        if self.error is not None:
            raise self.error
        return self.driver


@pytest.fixture
def made(monkeypatch: pytest.MonkeyPatch) -> list[tuple[tuple[Any, ...], dict[str, Any]]]:
    """What streams would be made of."""
    found: list[tuple[tuple[Any, ...], dict[str, Any]]] = []
    monkeypatch.setattr(_stream, "NativeStream", lambda *given, **named: found.append((given, named)))
    return found


def builders(device: SomeDevice) -> list[tuple[Direction, bool, Callable[..., object]]]:
    return [
        (Direction.OUTPUT, False, device.build_output_stream),
        (Direction.INPUT, False, device.build_input_stream),
        (Direction.OUTPUT, True, device.build_output_stream_raw),
        (Direction.INPUT, True, device.build_input_stream_raw),
    ]


def data(*_: object) -> None:
    """Do nothing."""


def test_each_builder_asks_for_its_direction_and_kind(made: list[tuple[tuple[Any, ...], dict[str, Any]]]) -> None:
    device = SomeDevice()
    for direction, raw, build in builders(device):
        build(CONFIG, data, print, depth=0.5, realtime="never", role="music")
        assert device.asked.pop() == (direction, CONFIG, {"role": "music"})
        given, named = made.pop()
        assert given == (device, device.driver, SampleFormat.F32, data, print)
        assert named == {"depth": 0.5, "realtime": "never", "raw": raw}


def test_a_supported_config_is_a_request_for_its_format(made: list[Any]) -> None:
    device = SomeDevice()
    supported = SupportedStreamConfig(1, 44_100, SupportedBufferSize(64, 128), SampleFormat.I16)
    device.build_output_stream(supported, data)
    assert device.asked[0][1] == StreamConfig(1, 44_100, BufferSize.DEFAULT, SampleFormat.I16)
    assert made[0][0][2] is SampleFormat.I16


@pytest.mark.parametrize("wrong", [None, 48_000, "2 ch", {"channels": 2}, StreamConfig, (2, 48_000), np.zeros(99_999)])
def test_only_a_config_is_a_config(made: list[Any], wrong: Any) -> None:
    device = SomeDevice()
    for _, _, build in builders(device):
        with pytest.raises(InvalidInput, match="a stream is built from a StreamConfig, not from ") as caught:
            build(wrong, data)
        assert len(str(caught.value)) < 250
    assert device.asked == made == []


@pytest.mark.parametrize("wrong", [None, 5, "beep", np.zeros(5)])
def test_callbacks_are_callable(made: list[Any], wrong: Any) -> None:
    device = SomeDevice()
    for _, _, build in builders(device):
        with pytest.raises(InvalidInput, match=r"data must be callable as data\(frames, info\), not "):
            build(CONFIG, wrong)
        if wrong is not None:
            with pytest.raises(InvalidInput, match=r"on_event must be callable as on_event\(event\), not "):
                build(CONFIG, data, wrong)
    assert device.asked == made == []


@pytest.mark.parametrize("direction", Direction)
def test_the_wrong_direction_is_refused_with_where_to_look(made: list[Any], direction: Direction) -> None:
    device = SomeDevice(direction)
    for wanted, _, build in builders(device):
        if direction.has_input if wanted is Direction.INPUT else direction.has_output:
            build(CONFIG, data)
            made.pop()
        else:
            device.asked.clear()
            advice = rf"Thing has no {wanted}; choose one of host\.{wanted}_devices\(\)"
            with pytest.raises(UnsupportedOperation, match=advice):
                build(CONFIG, data)
            assert device.asked == made == []


def test_what_negotiating_raises_is_raised(made: list[Any]) -> None:
    device = SomeDevice()
    device.error = DeviceBusy("taken")
    with pytest.raises(DeviceBusy):
        device.build_output_stream(CONFIG, data)
    assert made == []


def test_what_is_supported_is_what_can_be_negotiated_and_it_is_given_back(made: list[Any]) -> None:
    device = SomeDevice()
    device.driver = mock.Mock()
    assert device.supports(CONFIG, Direction.OUTPUT) is True
    assert device.asked == [(Direction.OUTPUT, CONFIG, {})]
    assert device.driver.mock_calls == [mock.call.close()]
    assert device.supports(CONFIG) is True
    assert [direction for direction, _, _ in device.asked[1:]] == [Direction.OUTPUT, Direction.INPUT]
    assert made == []


def test_what_is_not_supported_is_no_error_and_what_is_wrong_is_one() -> None:
    device = SomeDevice()
    device.error = UnsupportedConfig("never heard of")
    assert device.supports(CONFIG) is False
    device.error = DeviceBusy("taken")
    with pytest.raises(DeviceBusy):
        device.supports(CONFIG)
    one_way = SomeDevice(Direction.INPUT)
    assert one_way.supports(CONFIG, Direction.OUTPUT) is False
    assert one_way.asked == []


# --- options ----------------------------------------------------------------------------------------------------------


def test_options_have_defaults_and_types() -> None:
    known: dict[str, tuple[type, object]] = {"role": (str, None), "connect": (bool, True), "port": (int, 0)}
    assert take_options({}, **known) == {"role": None, "connect": True, "port": 0}
    assert take_options({"role": "music", "connect": False, "port": 7}, **known) == {
        "role": "music",
        "connect": False,
        "port": 7,
    }
    assert take_options({"role": None}, **known)["role"] is None


def test_an_unknown_option_says_which_there_are() -> None:
    with pytest.raises(UnsupportedOperation) as caught:
        take_options({"rolle": "music"}, role=(str, None), connect=(bool, True))
    assert str(caught.value) == "this host has no option 'rolle'; its options are: connect, role"
    with pytest.raises(UnsupportedOperation, match="its options are: none"):
        take_options({"x": 1})


@pytest.mark.parametrize(
    ("kind", "wrong", "message"),
    [
        (str, 5, "option x takes str, not 5"),
        (bool, 1, "option x takes bool, not 1"),
        (int, True, "option x takes int, not True"),
        (int, "5", "option x takes int, not '5'"),
        (str, b"", "option x takes str, not b''"),
    ],
)
def test_an_option_of_the_wrong_type_says_what_it_takes(kind: type, wrong: object, message: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        take_options({"x": wrong}, x=(kind, None))
    assert str(caught.value) == message
