"""Readers: what they give, when they begin and wait, what is lost."""

from __future__ import annotations

import asyncio
import threading
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

import pcmio
from pcmio import SampleFormat, StreamState, _core
from pcmio.hosts.null import SimulatedClock
from pcmio.testing import until
from tests.unit.blocks_rig import RING, Call, begun, reader, some_task_waits, waits
from tests.unit.stream_rig import FRAMES, HandDriver

if TYPE_CHECKING:
    from pcmio._reader import NativeReader


def stereo(frames: int, first: int = 1) -> Any:
    one = np.arange(first, first + frames, dtype=np.int16)
    return np.stack([one, -one], axis=1)


def started() -> tuple[HandDriver, NativeReader]:
    driver = HandDriver(output=False)
    mic = reader(driver)
    mic.start()
    return driver, mic


def capture(driver: HandDriver, frames: int, first: int = 1) -> None:
    driver.cycle(frames, stereo(frames, first).tobytes())


def test_any_number_of_frames_is_read() -> None:
    driver, mic = started()
    capture(driver, 5)
    capture(driver, 9, 6)
    assert mic.read_available == 14
    assert (mic.read(3) == stereo(3)).all()
    assert mic.read(0).shape == (0, 2)
    assert mic.read_bytes(2) == stereo(2, 4).tobytes()
    assert (mic.read(9) == stereo(9, 6)).all()
    assert (mic.read_available, mic.position) == (0, 14)
    mic.close()


def test_a_read_waits_for_all_its_frames() -> None:
    driver, mic = started()
    capture(driver, 5)
    call = Call(mic.read, 8)
    until(lambda: waits(mic), "waiting")
    capture(driver, 2, 6)
    assert not call.ended
    capture(driver, 2, 8)
    assert (call.end() == stereo(8)).all()
    assert mic.read_available == 1
    mic.close()


def test_a_read_may_be_longer_than_the_ring() -> None:
    driver, mic = started()
    call = Call(mic.read, 4 * RING)
    for first in range(0, 4 * RING, FRAMES):
        until(lambda: mic.read_available < RING - FRAMES, "room")
        capture(driver, FRAMES, first + 1)
    assert (call.end() == stereo(4 * RING)).all()
    assert mic.stats.xruns == 0
    mic.close()


def test_it_begins_with_the_first_read_or_its_block() -> None:
    driver = HandDriver(output=False)
    mic = reader(driver)
    assert driver.calls == ["open"]
    call = Call(mic.read, 3)
    begun(mic, driver)
    capture(driver, 3)
    assert (call.end() == stereo(3)).all()
    mic.close()
    driver = HandDriver(output=False)
    mic = reader(driver)
    with mic:
        assert mic.state.name == "RUNNING"
    assert mic.state.name == "CLOSED"


def test_a_given_array_is_filled() -> None:
    driver, mic = started()
    capture(driver, 6)
    mine = np.zeros((6, 2), np.int16)
    assert mic.read(4, out=mine[:4]) is not None
    assert (mine[:4] == stereo(4)).all()
    assert not mine[4:].any()
    mic.close()


@pytest.mark.parametrize(
    "out",
    [np.zeros((4, 2), np.float32), np.zeros((5, 2), np.int16), np.zeros((4, 4), np.int16)[:, ::2], np.zeros(8), [1]],
    ids=range(5),
)
def test_an_array_that_does_not_fit_is_refused(out: Any) -> None:
    driver, mic = started()
    capture(driver, 4)
    with pytest.raises(pcmio.InvalidInput, match=r"shape \(4, 2\) and dtype int16"):
        mic.read(4, out=out)
    assert mic.read_available == 4
    mic.close()


@pytest.mark.parametrize("frames", [-1, 1.5, None, "4", True])
def test_a_count_is_a_count(frames: Any) -> None:
    _, mic = started()
    with pytest.raises(pcmio.InvalidInput, match="frames"):
        mic.read(frames)
    mic.close()


@pytest.mark.parametrize("frames", [8, 2 * RING])
def test_a_timeout_loses_nothing(frames: int) -> None:
    driver, mic = started()
    for first in range(1, RING - FRAMES, FRAMES):
        capture(driver, FRAMES, first)
    there = mic.read_available
    wanted = max(frames, there + 1)
    with pytest.raises(pcmio.OperationTimeout):
        mic.read(wanted, timeout=0.01)
    assert mic.read_available == there
    assert (mic.read(there - 1) == stereo(there - 1)).all()
    assert (mic.read(1) == stereo(1, there)).all()
    mic.close()


def test_what_is_not_read_in_time_is_counted() -> None:
    driver, mic = started()
    for first in range(1, RING + 3 * FRAMES, FRAMES):
        capture(driver, FRAMES, first)
    assert (mic.stats.xruns, mic.stats.xrun_frames) == (1, 3 * FRAMES)
    assert (mic.read(RING) == stereo(RING)).all()
    mic.close()


def test_a_stop_frees_who_waits_and_the_next_read_begins_anew() -> None:
    driver, mic = started()
    call = Call(mic.read, 8)
    until(lambda: waits(mic), "waiting")
    mic.stop()
    with pytest.raises(pcmio.OperationInterrupted):
        call.end()
    driver.calls.clear()
    call = Call(mic.read, 2)
    begun(mic, driver)
    capture(driver, 2, 70)
    assert (call.end() == stereo(2, 70)).all()
    mic.close()


def test_what_was_taken_before_a_stop_is_not_read_after_it() -> None:
    driver, mic = started()
    for _ in range(5):
        capture(driver, 4)
    with pytest.raises(pcmio.OperationTimeout):
        mic.read(2 * RING, timeout=0.01)
    assert mic.read_available == 20
    mic.stop()
    assert mic.read_available == 0
    driver.calls.clear()
    call = Call(mic.read, 2)
    begun(mic, driver)
    capture(driver, 2, 70)
    assert (call.end() == stereo(2, 70)).all()
    mic.close()


def test_a_lost_device_frees_who_waits_and_is_raised_there() -> None:
    driver, mic = started()
    call = Call(mic.read, 8)
    until(lambda: waits(mic), "waiting")
    driver.note(_core.NOTE_DEVICE_LOST)
    with pytest.raises(pcmio.DeviceLost):
        call.end()
    with pytest.raises(pcmio.StreamClosed):
        next(mic)
    mic.close()


def test_close_frees_who_waits_and_ends_iterators() -> None:
    driver, mic = started()
    call, loop = Call(mic.read, 8), Call(list, mic)
    until(lambda: waits(mic), "waiting")
    mic.close()
    with pytest.raises(pcmio.StreamClosed):
        call.end()
    assert loop.end() == []
    assert mic.read_available == 0
    assert driver.calls[-1] == "close"


def test_blocks_are_of_the_granted_size() -> None:
    driver, mic = started()
    capture(driver, 3 * FRAMES)
    for index, block in zip(range(3), mic, strict=False):
        assert (block == stereo(FRAMES, 1 + index * FRAMES)).all()
    mic.close()


def test_tasks_read_without_a_thread_and_share_the_stream_with_threads() -> None:
    driver, mic = started()

    async def main() -> None:
        threads = threading.active_count()
        reading = asyncio.ensure_future(mic.read_async(6))
        await some_task_waits(mic)
        assert threading.active_count() == threads
        capture(driver, 7)
        assert (await reading == stereo(6)).all()
        assert await mic.read_bytes_async(1) == stereo(1, 7).tobytes()
        reading = asyncio.ensure_future(mic.read_async(2 * RING))
        await some_task_waits(mic)
        for first in range(1, RING, FRAMES):
            capture(driver, FRAMES, first)
            await asyncio.sleep(0)
        reading.cancel()
        with pytest.raises(asyncio.CancelledError):
            await reading

    asyncio.run(main())
    assert (mic.read(RING) == stereo(RING)).all()
    mic.close()


def test_blocks_come_to_an_async_loop_that_ends_with_the_stream() -> None:
    clock = SimulatedClock()

    async def main() -> None:
        with pcmio.host("null", clock=clock) as host:
            device = host.device_by_id("null:loopback")
            blocks = 0
            async with device.open_reader(pcmio.StreamConfig(2, 48_000, 480)) as mic:

                async def time_passes() -> None:
                    while mic.state is not StreamState.CLOSED:
                        clock.advance(0.01)
                        await asyncio.sleep(0)

                passing = asyncio.ensure_future(time_passes())
                async for block in mic:
                    assert block.shape == (480, 2)
                    blocks += 1
                    if blocks == 20:
                        mic.close()
                await passing
            assert blocks == 20

    asyncio.run(main())


def test_floats_are_read_as_floats() -> None:
    driver = HandDriver(output=False)
    mic = reader(driver, SampleFormat.F32)
    mic.start()
    driver.cycle(1, np.array([[16384, -32768]], np.int16).tobytes())
    assert mic.read(1).tolist() == [[0.5, -1.0]]
    mic.close()
