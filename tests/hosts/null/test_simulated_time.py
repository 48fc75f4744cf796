"""Null devices whose time a test moves: everything is exact."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

import pcmio
from pcmio import (
    BackendError,
    BufferChanged,
    DeviceBusy,
    DeviceLost,
    DeviceNotAvailable,
    EndReason,
    HostDisconnected,
    InvalidInput,
    RealtimeDenied,
    StopStream,
    StreamConfig,
    StreamInvalidated,
    StreamState,
    UnsupportedConfig,
    _core,
)
from pcmio.hosts.null import NullDeviceSpec, NullHost, NullKind, SimulatedClock

if TYPE_CHECKING:
    from collections.abc import Callable

RATE = 1_000
FRAMES = 10
BLOCK = FRAMES / RATE
CONFIG = StreamConfig(1, RATE, FRAMES, "i16")


class Machine:
    """A null host on a clock that stands still."""

    def __init__(self, **options: Any) -> None:
        self.clock = SimulatedClock()
        host = pcmio.host("null", clock=self.clock, **options)
        assert isinstance(host, NullHost)
        self.host = host

    def output(self, data: Callable[..., object], on_event: Any = None, device: str = "null:sink", **more: Any) -> Any:
        return self.host.device_by_id(device).build_output_stream(CONFIG, data, on_event, depth=0.0, **more)

    def input(self, data: Callable[..., object], on_event: Any = None, device: str = "null:loopback") -> Any:
        return self.host.device_by_id(device).build_input_stream(CONFIG, data, on_event, depth=0.0)


def ignore(*_: object) -> None:
    """Do nothing."""


class Ramp:
    """Counts frames."""

    def __init__(self) -> None:
        self.at = 1
        self.infos: list[Any] = []

    def __call__(self, frames: Any, info: Any) -> None:
        self.infos.append(info)
        frames[:, 0] = np.arange(self.at, self.at + len(frames))
        self.at += len(frames)


class Taken:
    """Keeps what was captured."""

    def __init__(self) -> None:
        self.frames: list[int] = []
        self.infos: list[Any] = []

    def __call__(self, frames: Any, info: Any) -> None:
        self.infos.append(info)
        self.frames += frames[:, 0].tolist()


# --- the clock --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("wrong", [-1e-9, float("nan"), float("inf"), "1", None])
def test_time_runs_forward_by_seconds(wrong: Any) -> None:
    with pytest.raises(InvalidInput, match="time runs forward, by seconds, not by "):
        SimulatedClock().advance(wrong)
    with pytest.raises(InvalidInput, match="time runs forward"):
        SimulatedClock(wrong)


def test_time_stands_still_but_for_advance() -> None:
    clock = SimulatedClock(1.5)
    assert (clock.seconds, clock.nanos) == (1.5, 1_500_000_000)
    clock.advance(0.25)
    clock.advance(0)
    assert clock.nanos == 1_750_000_000


def test_a_callback_cannot_move_its_own_time() -> None:
    machine = Machine()
    raised: list[BaseException] = []

    def data(*_: object) -> None:
        try:
            machine.clock.advance(1)
        except InvalidInput as error:
            raised.append(error)

    with machine.output(data) as stream:
        machine.clock.advance(BLOCK)
        stream.stop(0)
    assert "cannot move the time that it waits for" in str(raised[-1])


def test_a_stream_moves_by_exactly_the_frames_that_time_brings() -> None:
    machine = Machine()
    ramp = Ramp()
    with machine.output(ramp) as stream:
        assert (len(ramp.infos), stream.position) == (2, 0)
        for blocks in range(1, 8):
            machine.clock.advance(BLOCK)
            assert (len(ramp.infos), stream.position) == (2 + blocks, blocks * FRAMES)
        machine.clock.advance(10 * BLOCK)
        assert (stream.position, stream.stats.xruns) == (17 * FRAMES, 0)
        assert stream.now().nanos == machine.clock.nanos


def test_two_hosts_may_share_a_clock() -> None:
    one, other = Machine(), Machine()
    host = pcmio.host("null", clock=one.clock)
    other.host = host  # type: ignore[assignment]
    with one.output(Ramp()) as first, other.output(Ramp()) as second:
        one.clock.advance(5 * BLOCK)
        assert first.position == second.position == 5 * FRAMES


# --- samples and times ------------------------------------------------------------------------------------------------


def test_a_loopback_gives_back_every_frame() -> None:
    machine = Machine()
    ramp, taken = Ramp(), Taken()
    with machine.input(taken) as capture, machine.output(ramp, device="null:loopback") as play:
        machine.clock.advance(20 * BLOCK)
        assert play.stats.xruns == capture.stats.xruns == 0
    assert taken.frames == list(range(1, 1 + 20 * FRAMES))


def test_cycles_of_odd_sizes_change_no_frame() -> None:
    machine = Machine(devices=[NullDeviceSpec("odd", NullKind.LOOPBACK, cycle_sizes=(7, 0, 1, 10, 3))])
    ramp, taken = Ramp(), Taken()
    with machine.input(taken, device="null:odd"), machine.output(ramp, device="null:odd"):
        machine.clock.advance(1.0)
    assert taken.frames == list(range(1, 1 + len(taken.frames)))
    assert len(taken.frames) > 900


def test_timestamps_are_the_clocks() -> None:
    machine = Machine(devices=[NullDeviceSpec("late", NullKind.SINK, latency=0.5)])
    ramp = Ramp()
    with machine.output(ramp, device="null:late") as stream:
        machine.clock.advance(30 * BLOCK)
        assert stream.latency.device == 0.5
    for index, info in enumerate(ramp.infos[2:], start=2):
        heard = info.timestamp.device.seconds
        # The first cycle begins one period after the start; each block begins where the one before it ended.
        assert heard == pytest.approx(BLOCK + index * BLOCK + 0.5, abs=1e-6)


def test_stop_plays_what_was_written_in_simulated_time() -> None:
    machine = Machine()
    ramp, taken = Ramp(), Taken()
    play = machine.output(ramp, device="null:loopback")
    with machine.input(taken):
        play.start()
        machine.clock.advance(3 * BLOCK)
        written = ramp.at - 1
        stopping = threading.Thread(target=play.stop)
        stopping.start()
        changed = play._engine._changed
        with changed:
            assert changed.wait_for(lambda: play.state is StreamState.DRAINING, 20)
        machine.clock.advance(10 * BLOCK)
        stopping.join(20)
        assert play.state is StreamState.STOPPED
        play.close()
    assert taken.frames[:written] == list(range(1, written + 1))
    assert set(taken.frames[written:]) <= {0}


def test_a_finished_stream_ends_when_all_is_heard() -> None:
    machine = Machine(devices=[NullDeviceSpec("late", NullKind.SINK, latency=0.5)])

    def data(frames: Any, info: Any) -> None:
        frames[:] = 1
        if info.position >= 3 * FRAMES:
            raise StopStream

    stream = machine.output(data, device="null:late")
    stream.start()
    machine.clock.advance(0.4)
    assert stream.state is StreamState.DRAINING
    machine.clock.advance(1.0)
    assert stream.wait(20) is True
    assert (stream.reason, stream.position) == (EndReason.FINISHED, 3 * FRAMES)


def test_the_tone_is_440_hertz_at_half_of_full_scale() -> None:
    clock = SimulatedClock()
    taken = Taken()
    with pcmio.host("null", clock=clock) as host:
        config = StreamConfig(1, 44_000, 441, "f32")
        with host.device_by_id("null:tone").build_input_stream(config, taken, depth=0.5):
            clock.advance(1.1)
    tone = np.array(taken.frames[:44_000])
    spectrum = np.abs(np.fft.rfft(tone)) / len(tone) * 2
    assert np.argmax(spectrum) == 440
    assert spectrum[440] == pytest.approx(0.5, abs=1e-4)
    assert np.delete(spectrum, 440).max() < 1e-4


# --- misfortune -------------------------------------------------------------------------------------------------------


def device(machine: Machine, name: str = "null:sink") -> Any:
    return machine.host.device_by_id(name)


def test_skipped_frames_are_lost_and_told() -> None:
    machine = Machine()
    ramp = Ramp()
    with machine.output(ramp) as stream:
        machine.clock.advance(2 * BLOCK)
        device(machine).skip(25)
        machine.clock.advance(2 * BLOCK)
        assert (stream.stats.xruns, stream.stats.xrun_frames) == (1, 25)
        assert sum(info.xrun_frames for info in ramp.infos) == 25


def test_a_lost_device_leaves_the_list_and_comes_back() -> None:
    machine = Machine()
    stream = machine.output(ignore)
    stream.start()
    lost = device(machine)
    lost.lose(19)
    with pytest.raises(DeviceLost) as caught:
        stream.wait(20)
    assert caught.value.code == 19
    assert lost not in machine.host.devices()
    with pytest.raises(DeviceNotAvailable):
        machine.host.device_by_id("null:sink")
    for ask in (
        lost.supported_output_configs,
        lost.default_output_config,
        lambda: lost.build_output_stream(CONFIG, ignore),
    ):
        with pytest.raises(DeviceNotAvailable):
            ask()
    lost.plug_in()
    assert lost in machine.host.devices()
    machine.output(ignore).close()


@pytest.mark.parametrize(
    ("strike", "kind"),
    [
        (lambda machine: device(machine).change_rate(44_100), StreamInvalidated),
        (lambda machine: device(machine).fail(-5), BackendError),
        (lambda machine: machine.host.close(), HostDisconnected),
    ],
    ids=["rate", "failure", "host"],
)
def test_other_misfortune_ends_streams_too(strike: Callable[[Machine], None], kind: type[Exception]) -> None:
    machine = Machine()
    stream = machine.output(ignore)
    stream.start()
    strike(machine)
    with pytest.raises(kind):
        stream.wait(20)


def test_any_note_can_be_told() -> None:
    machine = Machine()
    events: list[Any] = []
    with machine.output(ignore, events.append):
        device(machine).tell(_core.NOTE_BUFFER_CHANGED, value=512)
        machine.clock.advance(BLOCK)
        # A machine may refuse real-time priority.
        assert [event for event in events if not isinstance(event, RealtimeDenied)] == [BufferChanged(512)]


@pytest.mark.parametrize("call", ["open", "start", "pause", "discard", "close", "build", "configs", "devices"])
def test_any_call_can_be_made_to_fail_once(call: str) -> None:
    machine = Machine()
    error = DeviceBusy("by order")
    plays = device(machine)
    machine.host.misfortune.order(call, error)

    def live() -> None:
        machine.host.devices()
        plays.default_output_config()
        stream = plays.build_output_stream(CONFIG, ignore)
        try:
            stream.start()
            stream.pause()
            stream.stop(0)
        finally:
            stream.close()

    with pytest.raises(DeviceBusy) as caught:
        live()
    assert caught.value is error
    with plays.build_output_stream(CONFIG, ignore) as again:
        assert again.state is StreamState.RUNNING


def test_only_known_calls_can_be_made_to_fail() -> None:
    with pytest.raises(InvalidInput, match="'begin' cannot be made to fail; choose one of devices, configs"):
        Machine().host.misfortune.order("begin", DeviceBusy("x"))


def test_streams_on_one_loopback_agree_on_a_rate() -> None:
    machine = Machine()
    with (
        machine.output(ignore, device="null:loopback"),
        pytest.raises(UnsupportedConfig, match="runs at 1000 Hz for another stream, not at 48000 Hz"),
    ):
        device(machine, "null:loopback").build_input_stream(StreamConfig(1, 48_000), ignore)
