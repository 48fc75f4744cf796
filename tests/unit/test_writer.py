"""Writers: what they take, when they begin and wait, and how they are silenced."""

from __future__ import annotations

import array
import asyncio
import os
import signal
import threading
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

import pcmio
from pcmio import ClearResult, SampleFormat, StreamState, _core
from pcmio.hosts.null import NullDeviceSpec, NullKind, SimulatedClock
from pcmio.testing import until
from tests.unit.blocks_rig import RING, Call, begun, played, some_task_waits, waits, writer
from tests.unit.stream_rig import FRAMES, HandDriver

if TYPE_CHECKING:
    from collections.abc import Callable

    from pcmio._writer import NativeWriter


def ramp(frames: int, first: int = 1) -> Any:
    return np.arange(first, first + frames, dtype=np.int16)


def stereo(frames: int, first: int = 1) -> Any:
    return np.stack([ramp(frames, first), -ramp(frames, first)], axis=1)


def heard(raw: bytes) -> Any:
    frames = np.frombuffer(raw, np.int16).reshape(-1, 2)
    return frames[frames.any(axis=1)]


def drain(out: NativeWriter, driver: HandDriver) -> Any:
    """All that is heard up to the end of a drain."""
    return heard(played(driver, Call(out.drain)))


# --- what is taken ----------------------------------------------------------------------------------------------------

WANTED = stereo(10)
TAKEN: dict[str, Callable[[], Any]] = {
    "an array": lambda: WANTED,
    "a slice with steps": lambda: np.repeat(WANTED, 2, axis=0)[::2],
    "a turned array": lambda: np.asfortranarray(WANTED),
    "the other byte order": lambda: WANTED.astype(WANTED.dtype.newbyteorder()),
    "floats": lambda: WANTED.astype(np.float32) / 32768,
    "doubles": lambda: WANTED / 32768,
    "half floats": lambda: (WANTED.astype(np.float32) / 32768).astype(np.float16),
    "wider integers": lambda: WANTED.astype(np.int32) << 16,
    "unsigned integers": lambda: (WANTED.astype(np.int32) + 32768).astype(np.uint16),
    "a read-only array": lambda: np.frombuffer(WANTED.tobytes(), np.int16).reshape(-1, 2),
    "bytes": WANTED.tobytes,
    "a bytearray": lambda: bytearray(WANTED.tobytes()),
    "a memoryview of bytes": lambda: memoryview(WANTED.tobytes()),
    "a memoryview of numbers": lambda: memoryview(WANTED),
    "lists, of integers with 64 bits": (WANTED.astype(np.int64) << 48).tolist,
    "three-byte records": lambda: np.frombuffer(
        b"".join((int(value) << 8).to_bytes(3, "little", signed=True) for value in WANTED.reshape(-1)), "V3"
    ).reshape(-1, 2),
}


@pytest.mark.parametrize("name", TAKEN)
def test_samples_of_every_kind_are_taken_and_converted(name: str) -> None:
    driver = HandDriver()
    out = writer(driver)
    out.write(TAKEN[name]())
    assert (drain(out, driver) == WANTED).all()
    out.close()


@pytest.mark.parametrize("mono", [ramp(10), ramp(10)[:, None], array.array("h", ramp(10).tolist())], ids=range(3))
def test_one_channel_goes_to_all(mono: Any) -> None:
    driver = HandDriver()
    out = writer(driver)
    out.write(mono)
    assert (drain(out, driver) == ramp(10)[:, None]).all()
    out.close()


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        (np.zeros((10, 3), np.int16), r"shape \(10, 3\) in i16 does not fit a stream of 2 channels in i16"),
        (np.zeros((2, 10), np.float32), r"shape \(2, 10\) in f32 .*turn it: array.T"),
        (np.zeros((1, 2, 3), np.int16), r"shape \(1, 2, 3\)"),
        (np.zeros(4, np.complex64), r"dtype complex64 .* does not fit a stream in i16"),
        (np.zeros(4, bool), "dtype bool"),
        (np.float32(1.0), r"shape \(\)"),
        ("sound", "dtype"),
        (None, "dtype object"),
        (object(), "dtype object"),
    ],
    ids=str,
)
def test_what_does_not_fit_is_refused_with_both_names(wrong: Any, words: str) -> None:
    out = writer(HandDriver())
    with pytest.raises(pcmio.InvalidInput, match=words):
        out.write(wrong)
    assert out.write_available == RING
    out.close()


def test_bytes_may_end_within_a_frame() -> None:
    driver = HandDriver()
    out = writer(driver)
    whole = stereo(12).tobytes()
    at = 0
    for size in (1, 2, 0, 4, 7, 3, 13, 18):
        out.write(whole[at : at + size])
        at += size
    assert at == len(whole)
    assert (drain(out, driver) == stereo(12)).all()
    out.write(b"\1")
    with pytest.raises(pcmio.InvalidInput, match="1 bytes of a frame"):
        out.write(ramp(4))
    out.clear()
    out.write(ramp(4))
    out.close()


@pytest.mark.parametrize("end", ["stop", "drain", "clear"])
def test_the_rest_of_a_frame_is_no_beginning_of_the_next_sound(end: str) -> None:
    driver = HandDriver()
    out = writer(driver)
    out.start()
    out.write(stereo(4).tobytes() + b"\7")
    if end == "drain":
        drain(out, driver)
    elif end == "stop":
        out.stop(0)
    else:
        out.clear()
    out.write(stereo(6).tobytes())
    assert (drain(out, driver) == stereo(6)).all()
    out.close()


def test_words_of_24_bits_are_the_streams_own() -> None:
    driver = HandDriver(sample_format=SampleFormat.I32)
    out = writer(driver, sample_format=SampleFormat.I24)
    out.write(np.full((4, 2), 0x123456, np.int32))
    frames = np.frombuffer(played(driver, Call(out.drain)), np.int32)
    assert set(frames[frames != 0].tolist()) == {0x12345600}
    out.close()


# --- when it begins ---------------------------------------------------------------------------------------------------


def test_it_begins_when_half_the_ring_is_full() -> None:
    driver = HandDriver()
    out = writer(driver, depth=1.0)
    half = 48_000 // 2
    out.write(ramp(half - 1))
    assert (out.state, driver.calls) == (StreamState.STOPPED, ["open"])
    out.write(ramp(1))
    begun(out, driver)
    out.close()


def test_it_begins_when_a_write_has_to_wait() -> None:
    driver = HandDriver()
    out = writer(driver)
    call = Call(out.write, stereo(RING + 1))
    begun(out, driver)
    assert (heard(played(driver, call)) == stereo(RING + 1)[: out.position]).all()
    out.close()


def test_little_is_heard_too_half_a_ring_later() -> None:
    clock = SimulatedClock()
    with pcmio.host("null", clock=clock) as host:
        out: Any = host.device_by_id("null:loopback").open_writer(pcmio.StreamConfig(2, 48_000, 480), depth=0.2)
        out.write(np.ones(100, np.float32))
        clock.advance(0.09)
        assert (out.state, out.position) == (StreamState.STOPPED, 0)
        clock.advance(0.01)
        until(lambda: out._ring._moving, "its beginning")
        clock.advance(0.02)
        assert (out.state, out.position) == (StreamState.RUNNING, 100)
        out.close()


def test_who_cannot_wait_starts_it() -> None:
    driver = HandDriver()
    out = writer(driver)
    out.write(stereo(3))
    out.start()
    assert (heard(driver.cycle()) == stereo(3)).all()
    out.close()


def test_when_it_is_not_fed_it_plays_silence_and_counts() -> None:
    driver = HandDriver()
    out = writer(driver)
    out.start()
    out.write(stereo(2))
    driver.cycle()
    driver.cycle()
    assert (out.stats.xrun_frames, out.stats.frames, out.position) == (2 + FRAMES, 2, 2)
    out.write(stereo(4))
    assert (heard(driver.cycle()) == stereo(4)).all()
    assert out.state is StreamState.RUNNING
    out.close()


# --- waiting ----------------------------------------------------------------------------------------------------------


def test_a_timeout_tells_how_much_was_taken() -> None:
    out = writer(HandDriver())
    with pytest.raises(TimeoutError) as caught:
        out.write(stereo(RING + 5), timeout=0.01)
    assert isinstance(caught.value, pcmio.OperationTimeout)
    assert caught.value.frames == RING
    assert out.write_available == 0
    out.close()


def test_a_timeout_before_its_turn_tells_that_nothing_was_taken() -> None:
    driver = HandDriver()
    out = writer(driver)
    first = Call(out.write, stereo(2 * RING))
    until(lambda: waits(out), "the first to wait")
    with pytest.raises(pcmio.OperationTimeout) as caught:
        out.write(stereo(4), timeout=0.01)
    assert caught.value.frames == 0
    out.close()
    with pytest.raises(pcmio.StreamClosed):
        first.end()


def test_after_a_timeout_writing_goes_on() -> None:
    driver = HandDriver()
    out = writer(driver)
    whole = stereo(RING + 5)
    with pytest.raises(pcmio.OperationTimeout) as caught:
        out.write(whole, timeout=0)
    begun(out, driver)
    got = [heard(driver.cycle()), heard(driver.cycle())]
    out.write(whole[caught.value.frames :])
    assert (np.concatenate([*got, drain(out, driver)]) == whole).all()
    out.close()


def test_writes_of_two_threads_are_not_mixed() -> None:
    driver = HandDriver()
    out = writer(driver)
    calls = [Call(out.write, np.full((RING * 2, 2), number, np.int16)) for number in (1, 2)]
    frames = bytearray()

    def ended() -> bool:
        if not all(call.ended for call in calls):
            frames.extend(driver.cycle())
        return all(call.ended for call in calls)

    until(ended, "both")
    got = np.concatenate([heard(bytes(frames)), drain(out, driver)])[:, 0]
    assert len(got) == RING * 4
    assert np.count_nonzero(np.diff(got)) == 1
    out.close()


def test_drain_plays_the_last_frame_and_holds_the_device() -> None:
    driver = HandDriver()
    out = writer(driver)
    out.write(stereo(7))
    assert (drain(out, driver) == stereo(7)).all()
    assert out.state is StreamState.STOPPED
    assert driver.calls[-1] == "discard"
    out.drain()  # nothing to wait for
    out.write(stereo(5))
    assert (drain(out, driver) == stereo(5)).all()
    out.close()


def test_drain_keeps_to_its_time() -> None:
    driver = HandDriver()
    out = writer(driver)
    out.write(stereo(7))
    with pytest.raises(pcmio.OperationTimeout):
        out.drain(0.01)
    assert (drain(out, driver) == stereo(7)).all()
    out.close()


def test_a_write_beside_a_drain_comes_after_it() -> None:
    driver = HandDriver()
    out = writer(driver)
    out.write(stereo(7))
    first = Call(out.drain)
    until(lambda: out.state is StreamState.DRAINING, "draining")
    second = Call(out.write, stereo(5, 100))
    assert (heard(played(driver, first))[:7] == stereo(7)).all()
    second.end()
    assert (drain(out, driver) == stereo(5, 100)).all()
    out.close()


# --- silencing --------------------------------------------------------------------------------------------------------


def test_clear_silences_and_tells_what_was_heard() -> None:
    driver = HandDriver()
    out = writer(driver)
    out.write(stereo(RING))
    begun(out, driver)
    assert (heard(driver.cycle()) == stereo(FRAMES)).all()
    assert out.clear() == ClearResult(heard=FRAMES, dropped=RING - FRAMES)
    assert not heard(driver.cycle()).size
    assert (out.state, out.write_available) == (StreamState.STOPPED, RING)
    xruns = out.stats.xruns
    out.write(stereo(9, 50))
    assert (drain(out, driver) == stereo(9, 50)).all()
    assert out.stats.xruns == xruns
    assert out.clear() == ClearResult(0, 0)
    out.close()


def test_clear_counts_from_the_beginning_of_the_sound() -> None:
    driver = HandDriver()
    out = writer(driver)
    out.write(stereo(9))
    drain(out, driver)
    out.write(stereo(3))
    assert out.clear() == ClearResult(0, 3)
    out.close()


def test_clear_counts_what_the_device_has_not_played_yet() -> None:
    clock = SimulatedClock()
    spec = NullDeviceSpec("far", NullKind.SINK, latency=0.005)
    with pcmio.host("null", clock=clock, devices=[spec]) as host:
        out: Any = host.device_by_id("null:far").open_writer(pcmio.StreamConfig(2, 48_000, 480))
        out.write(np.ones(12_000, np.float32))
        until(lambda: out._ring._moving, "its beginning")
        clock.advance(0.1)
        position = out.position
        assert position > 2400
        assert out.clear() == ClearResult(position - 240, 12_000 - position + 240)
        out.close()


@pytest.mark.parametrize("call", ["write", "drain"])
def test_clear_frees_who_waits(call: str) -> None:
    driver = HandDriver()
    out = writer(driver)
    out.write(stereo(RING))
    waiting = Call(out.write, stereo(5)) if call == "write" else Call(out.drain)
    until(lambda: waits(out), "waiting")
    out.clear()
    with pytest.raises(pcmio.OperationInterrupted) as caught:
        waiting.end()
    assert caught.value.frames == (0 if call == "write" else None)
    out.write(stereo(4))
    out.close()


def test_stop_is_a_drain_or_a_clear() -> None:
    driver = HandDriver()
    out = writer(driver)
    out.write(stereo(7))
    stopping = Call(out.stop)
    assert (heard(played(driver, stopping)) == stereo(7)).all()
    assert stopping.end() is True
    out.write(stereo(7))
    assert out.stop(0) is False
    assert out.write_available == RING
    out.close()


# --- its end ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("call", ["write", "drain"])
def test_a_lost_device_frees_who_waits_and_is_raised_there(call: str) -> None:
    driver = HandDriver()
    out = writer(driver)
    out.write(stereo(RING))
    waiting = Call(out.write, stereo(5)) if call == "write" else Call(out.drain)
    until(lambda: waits(out), "waiting")
    driver.note(_core.NOTE_DEVICE_LOST)
    with pytest.raises(pcmio.DeviceLost):
        waiting.end()
    with pytest.raises(pcmio.StreamClosed):
        out.write(stereo(1))
    assert out.write_available == 0
    out.close()


def test_close_frees_who_waits() -> None:
    driver = HandDriver()
    out = writer(driver)
    waiting = Call(out.write, stereo(RING + 5))
    until(lambda: waits(out), "waiting")
    out.close()
    with pytest.raises(pcmio.StreamClosed):
        waiting.end()
    for call in (out.drain, out.clear, out.start, lambda: out.write(b"")):
        with pytest.raises(pcmio.StreamClosed):
            call()
    out.close()


def test_a_device_that_does_not_begin_is_raised_by_the_next_call() -> None:
    driver = HandDriver()
    driver.errors["start"] = pcmio.DeviceBusy("taken")
    out = writer(driver)
    out.write(stereo(7))
    with pytest.raises(pcmio.DeviceBusy):
        out.drain()
    out.close()


def test_leaving_its_block_drains_and_leaving_by_an_exception_does_not() -> None:
    driver = HandDriver()

    def block() -> None:
        with writer(driver) as out:
            out.write(stereo(7))

    assert (heard(played(driver, Call(block))) == stereo(7)).all()
    driver = HandDriver()
    out = writer(driver)

    def fails() -> None:
        with out:
            out.write(stereo(7))
            raise KeyError

    with pytest.raises(KeyError):
        fails()
    assert out.state is StreamState.CLOSED
    assert "start" not in driver.calls


def test_an_event_callback_may_write_but_not_wait() -> None:
    driver, told = HandDriver(), list[BaseException | None]()
    outs: list[NativeWriter] = []

    def on_event(event: pcmio.StreamEvent) -> None:
        if isinstance(event, pcmio.Suspended):
            outs[0].write(stereo(3))
            try:
                outs[0].write(stereo(RING))
            except pcmio.UnsupportedOperation as error:
                told.append(error)

    outs.append(writer(driver, on_event))
    driver.note(_core.NOTE_SUSPENDED)
    until(lambda: bool(told), "the callback")
    assert outs[0].state is not StreamState.CLOSED
    outs[0].close()


def test_ctrl_c_ends_a_write_that_waits() -> None:
    out = writer(HandDriver())

    def interrupt() -> None:
        until(lambda: waits(out), "waiting")
        os.kill(os.getpid(), signal.SIGINT)

    thread = threading.Thread(target=interrupt)
    thread.start()
    with pytest.raises(KeyboardInterrupt):
        out.write(stereo(RING + 5))
    thread.join()
    out.clear()
    out.write(stereo(3))
    out.close()


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork here")
def test_a_forked_child_finds_it_closed() -> None:
    driver = HandDriver()
    out = writer(driver)
    out.write(stereo(3))
    child = os.fork()
    if not child:
        try:
            out.write(stereo(1))
        except pcmio.StreamClosed:
            os._exit(0)
        os._exit(1)
    assert os.waitpid(child, 0)[1] == 0
    out.write(stereo(3))
    out.close()


# --- in an event loop -------------------------------------------------------------------------------------------------


def test_a_task_writes_and_drains_without_a_thread() -> None:
    clock = SimulatedClock()

    async def main() -> None:
        with pcmio.host("null", clock=clock) as host:
            device = host.device_by_id("null:loopback")
            before = threading.active_count()
            async with device.open_writer(pcmio.StreamConfig(2, 48_000, 480)) as out:
                assert threading.active_count() == before + 1
                writing = asyncio.ensure_future(out.write_async(np.ones(24_000, np.float32)))
                while not writing.done():
                    clock.advance(0.01)
                    await asyncio.sleep(0)
                assert threading.active_count() == before + 1
                draining = asyncio.ensure_future(out.drain_async())
                while not draining.done():
                    clock.advance(0.01)
                    await asyncio.sleep(0)
                assert out.position == 24_000

    asyncio.run(main())


def test_a_cancelled_task_leaves_the_stream_usable() -> None:
    driver = HandDriver()
    out = writer(driver)

    async def main() -> None:
        writing = asyncio.ensure_future(out.write_async(stereo(RING + 50)))
        await some_task_waits(out)
        writing.cancel()
        with pytest.raises(asyncio.CancelledError):
            await writing
        draining = asyncio.ensure_future(out.drain_async())
        await asyncio.sleep(0)
        draining.cancel()
        with pytest.raises(asyncio.CancelledError):
            await draining

    asyncio.run(main())
    assert not waits(out)
    assert (drain(out, driver) == stereo(RING)).all()
    out.close()


def test_tasks_are_freed_by_clear_and_by_the_end() -> None:
    driver = HandDriver()
    out = writer(driver)

    async def main() -> None:
        writing = asyncio.ensure_future(out.write_async(stereo(RING + 50)))
        await some_task_waits(out)
        out.clear()
        with pytest.raises(pcmio.OperationInterrupted):
            await writing
        writing = asyncio.ensure_future(out.write_async(stereo(RING + 50)))
        await some_task_waits(out)
        driver.note(_core.NOTE_DEVICE_LOST)
        with pytest.raises(pcmio.DeviceLost):
            await writing

    asyncio.run(main())
    out.close()


def test_a_writer_closed_while_it_begins_can_be_stopped(monkeypatch: pytest.MonkeyPatch) -> None:
    out = writer(driver := HandDriver())
    engine: Any = out._engine
    catch_up = engine._catch_up

    def late(*, prepared: bool) -> None:  # two other threads were quicker than the stream's own
        engine._start_here()
        engine.end(pcmio.EndReason.CLOSED)
        catch_up(prepared=prepared)

    monkeypatch.setattr(engine, "_catch_up", late)
    driver.note(_core.NOTE_SUSPENDED)
    until(lambda: out.state is StreamState.CLOSED, "the end")
    assert Call(out.stop).end() is True
