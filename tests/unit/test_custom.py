"""Hosts of one's own: a driver whose samples the user's code moves."""

from __future__ import annotations

import threading
from typing import Any

import numpy as np
import pytest

from pcmio import (
    BackendError,
    DeviceLost,
    Direction,
    EndReason,
    HostDisconnected,
    InvalidInput,
    SampleFormat,
    StreamConfig,
    StreamEnded,
    UnsupportedOperation,
)
from pcmio.custom import CustomDriver
from tests.unit.stream_rig import PATIENCE, Events, build, ignore

CONFIG = StreamConfig(2, 48_000, 4, SampleFormat.I16)


class Machine(CustomDriver):
    """Keeps a list of what it is told."""

    def __init__(self, direction: Direction, config: StreamConfig = CONFIG, **more: Any) -> None:
        super().__init__(direction, config, **more)
        self.told: list[str] = []

    def started(self) -> None:
        self.told.append("started")

    def held(self) -> None:
        self.told.append("held")

    def closed(self) -> None:
        self.told.append("closed")


def opened(driver: CustomDriver, data: Any = ignore, events: Any = None) -> Any:
    made: Any = driver
    return build(made, data, events)


def fill(block: Any, _: object) -> None:
    block[:] = b"\1\2" * (len(block) // 2)


# --- what is negotiated -----------------------------------------------------------------------------------------------


def test_a_driver_grants_what_was_asked_for() -> None:
    plan = CustomDriver(Direction.OUTPUT, CONFIG, native_frames=64).plan
    assert (plan.sample_rate, plan.block_frames, plan.native_frames) == (48_000, 4, 64)
    assert plan.input is None
    assert plan.output is not None
    assert (plan.output.channels, plan.output.native_format) == (2, SampleFormat.I16)


def test_the_drivers_own_format_and_block_are_taken_where_it_is_asked() -> None:
    config = StreamConfig(1, 44_100)
    plan = CustomDriver(Direction.INPUT, config, native_format=SampleFormat.U8, block_frames=100).plan
    assert plan.block_frames == 100
    assert plan.output is None
    assert plan.input is not None
    assert plan.input.native_format is SampleFormat.U8


@pytest.mark.parametrize("wrong", [-0.1, float("nan"), float("inf"), "soon", None])
def test_a_latency_is_seconds(wrong: Any) -> None:
    with pytest.raises(InvalidInput, match="seconds"):
        CustomDriver(Direction.OUTPUT, CONFIG, latency=wrong)


@pytest.mark.parametrize("wrong", [0, -1, 1.5, None, True, "many"])
def test_lengths_are_whole_numbers_of_frames(wrong: Any) -> None:
    with pytest.raises(InvalidInput, match="native_frames must be "):
        CustomDriver(Direction.OUTPUT, CONFIG, native_frames=wrong)
    with pytest.raises(InvalidInput, match="block_frames must be "):
        CustomDriver(Direction.OUTPUT, StreamConfig(1, 44_100), block_frames=wrong)


# --- playing ----------------------------------------------------------------------------------------------------------


def test_what_the_callback_writes_is_given_to_the_machine() -> None:
    driver = Machine(Direction.OUTPUT)
    with opened(driver, fill):
        assert bytes(driver.play(4)) == b"\1\2" * 8
        assert bytes(driver.play(3)) == b"\1\2" * 6


@pytest.mark.parametrize("sample_format", SampleFormat, ids=str)
def test_there_is_silence_before_after_and_without_a_stream(sample_format: SampleFormat) -> None:
    driver = Machine(Direction.OUTPUT, CONFIG.replace(sample_format=sample_format))
    silence = sample_format.silence * 2 * 5
    assert bytes(driver.play(5)) == silence
    made: Any = driver
    stream = build(made, fill_all, sample_format=sample_format)
    assert bytes(driver.play(5)) == silence
    stream.close()
    assert bytes(driver.play(5)) == silence


def fill_all(block: Any, _: object) -> None:
    block[:] = b"\1" * len(block)


def test_no_frames_are_no_bytes() -> None:
    driver = Machine(Direction.OUTPUT)
    assert bytes(driver.play(0)) == b""
    with opened(driver, fill):
        assert bytes(driver.play(0)) == b""


@pytest.mark.parametrize("wrong", [-1, 2.0, None, True, 1 << 40])
def test_frames_are_a_whole_number(wrong: Any) -> None:
    driver = Machine(Direction.OUTPUT)
    with pytest.raises(InvalidInput, match="frames must be "):
        driver.play(wrong)
    with opened(driver), pytest.raises(InvalidInput, match="frames must be "):
        driver.play(wrong)


def test_an_earlier_view_lives_on_when_more_is_played() -> None:
    driver = Machine(Direction.OUTPUT)
    with opened(driver, fill):
        small = driver.play(1)
        driver.play(1000)
        assert len(bytes(small)) == 4


def test_the_core_converts_to_the_machines_format() -> None:
    driver = Machine(Direction.OUTPUT, CONFIG, native_format=SampleFormat.F32)

    def data(block: Any, _: object) -> None:
        block[:] = b"\x00\x40" * (len(block) // 2)

    with opened(driver, data):
        assert np.frombuffer(driver.play(4), np.float32).tolist() == [0.5] * 8


# --- capturing --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "kind", [bytes, bytearray, memoryview, lambda raw: np.frombuffer(raw, np.int16).reshape(-1, 2)]
)
def test_what_the_machine_captures_is_given_to_the_callback(kind: Any) -> None:
    driver = Machine(Direction.INPUT)
    taken = threading.Event()
    seen: list[bytes] = []

    def data(block: Any, _: object) -> None:
        seen.append(bytes(block))
        taken.set()

    raw = bytes(range(16))
    with opened(driver, data):
        driver.capture(kind(raw))
        assert taken.wait(PATIENCE)
    assert seen == [raw]


def test_capturing_nothing_or_without_a_stream_is_harmless() -> None:
    driver = Machine(Direction.INPUT)
    driver.capture(bytes(16))
    with opened(driver) as stream:
        driver.capture(b"")
        driver.capture(np.zeros((0, 2), np.int16))  # type: ignore[arg-type]
        assert stream.position == 0
    driver.capture(bytes(16))


def test_only_whole_frames_are_captured() -> None:
    driver = Machine(Direction.INPUT)
    with pytest.raises(InvalidInput, match="7 bytes are not whole frames of 4 bytes"):
        driver.capture(bytes(7))


@pytest.mark.parametrize(
    "wrong", [None, 5, "text", [1, 2], np.zeros((4, 4), np.int16)[:, ::2]], ids=lambda w: type(w).__name__
)
def test_only_memory_in_one_piece_is_captured(wrong: Any) -> None:
    driver = Machine(Direction.INPUT)
    with pytest.raises(InvalidInput, match="samples must be "):
        driver.capture(wrong)


def test_each_direction_has_its_call() -> None:
    with pytest.raises(UnsupportedOperation, match="an input stream plays nothing"):
        Machine(Direction.INPUT).play(4)
    with pytest.raises(UnsupportedOperation, match="an output stream records nothing"):
        Machine(Direction.OUTPUT).capture(bytes(16))


# --- states and misfortune --------------------------------------------------------------------------------------------


def test_the_machine_is_told_when_to_run_and_when_to_hold() -> None:
    driver = Machine(Direction.OUTPUT)
    stream = opened(driver)
    stream.start()
    stream.pause()
    stream.start()
    stream.stop(0)
    stream.close()
    assert driver.told == ["started", "held", "started", "held", "held", "closed"]


def test_latency_is_told_and_stamped() -> None:
    driver = Machine(Direction.OUTPUT, latency=0.25)
    with opened(driver) as stream:
        assert stream.latency.device == 0.25


@pytest.mark.parametrize("wrong", [-1, 1.5, "many", None, 1 << 64])
def test_lost_frames_are_a_whole_number(wrong: Any) -> None:
    machine = Machine(Direction.OUTPUT, CONFIG)
    with opened(machine), pytest.raises(InvalidInput, match="frames must be"):
        machine.lost_frames(wrong)


def test_frames_the_machine_lost_are_counted() -> None:
    driver = Machine(Direction.OUTPUT)
    with opened(driver) as stream:
        driver.lost_frames(100)
        assert (stream.stats.xruns, stream.stats.xrun_frames) == (1, 100)
    driver.lost_frames(100)


@pytest.mark.parametrize(
    ("tell", "kind", "reason"),
    [
        (lambda driver: driver.lost_device(19), DeviceLost, EndReason.DEVICE_LOST),
        (lambda driver: driver.lost_host(32), HostDisconnected, EndReason.HOST_LOST),
        (lambda driver: driver.failed(-5), BackendError, EndReason.FAILED),
    ],
    ids=["device", "host", "failed"],
)
def test_misfortune_ends_the_stream(tell: Any, kind: type[Exception], reason: EndReason) -> None:
    driver, events = Machine(Direction.OUTPUT), Events()
    tell(driver)
    stream = opened(driver, ignore, events)
    tell(driver)
    ended: Any = events.wait_for(StreamEnded)
    assert ended.reason is reason
    assert ended.error.code in (19, 32, -5)
    with pytest.raises(kind):
        stream.close()
    tell(driver)


def test_a_device_that_was_lost_before_the_stream_was_built_ends_it() -> None:
    driver, events = Machine(Direction.OUTPUT), Events()
    driver.lost_device(19)
    stream = opened(driver, ignore, events)
    ended: Any = events.wait_for(StreamEnded)
    assert (ended.reason, ended.error.code) == (EndReason.DEVICE_LOST, 19)
    with pytest.raises(DeviceLost):
        stream.close()


def test_what_was_never_opened_is_not_given_back() -> None:
    driver = Machine(Direction.OUTPUT)
    driver.close()
    assert driver.told == []


def test_what_opening_raises_is_raised_to_the_builder() -> None:
    class Refusing(Machine):
        def opened(self) -> None:
            raise DeviceLost("the file cannot be written")

    driver = Refusing(Direction.OUTPUT)
    with pytest.raises(DeviceLost, match="cannot be written"):
        opened(driver)
    assert driver.told == []


def test_what_opening_raises_is_not_hidden_by_what_it_did_not_make() -> None:
    class Refusing(CustomDriver):
        def opened(self) -> None:
            self.line = _refuse()

        def held(self) -> None:
            self.line.append("hold")

    with pytest.raises(DeviceLost, match="no line"):
        opened(Refusing(Direction.OUTPUT, CONFIG))
    Refusing(Direction.OUTPUT, CONFIG).close()  # as a device's supports() does


def _refuse() -> list[str]:
    raise DeviceLost("there is no line")


def test_what_the_users_thread_raised_is_the_cause_of_the_end() -> None:
    driver, wrong = Machine(Direction.OUTPUT), OSError(28, "No space left on device")
    stream = opened(driver)
    stream.start()
    driver.failed(wrong)
    with pytest.raises(BackendError, match="No space left") as caught:
        stream.wait(PATIENCE)
    assert caught.value.__cause__ is wrong


def test_what_was_raised_before_the_stream_was_built_is_not_lost() -> None:
    driver, events = Machine(Direction.OUTPUT), Events()
    driver.failed(ValueError("early"))
    stream = opened(driver, ignore, events)
    events.wait_for(StreamEnded)
    with pytest.raises(BackendError, match="early"):
        stream.close()


def test_what_was_raised_is_told_where_there_is_no_room_for_another_note() -> None:
    driver = Machine(Direction.OUTPUT)
    inside, go_on = threading.Event(), threading.Event()

    def data(*_: object) -> None:
        inside.set()
        go_on.wait(PATIENCE)

    stream = opened(driver, data)
    starting = threading.Thread(target=stream.start)
    starting.start()
    assert inside.wait(PATIENCE)
    for number in range(5000):
        driver.moved(f"a:{number}", None)
    driver.failed(ValueError("full"))
    go_on.set()
    starting.join(PATIENCE)
    with pytest.raises(BackendError, match="full"):
        stream.wait(PATIENCE)


def test_what_was_raised_after_the_end_is_logged(caplog: pytest.LogCaptureFixture) -> None:
    driver = Machine(Direction.OUTPUT)
    opened(driver).close()
    driver.failed(ValueError("late"))
    assert "late" in caplog.text
