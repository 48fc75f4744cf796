"""What is awaited under asyncio is awaited under trio, and so under anyio, whichever of the two that runs on."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import anyio
import anyio.to_thread
import numpy as np
import pytest

import pcmio
from pcmio.hosts.null import NullDeviceSpec, NullHost, NullKind
from pcmio.testing import Noise, SimulatedClock
from pcmio.testing.waiting import PATIENCE_SECONDS

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Generator

RATE = 48_000
CONFIG = pcmio.StreamConfig(2, RATE, 480)


@pytest.fixture(params=["asyncio", "trio"])
def run(request: pytest.FixtureRequest) -> Callable[[Callable[[], Awaitable[Any]]], Any]:
    """Runs a program in an event loop, for so long at most."""

    def within(program: Callable[[], Awaitable[Any]]) -> Any:
        async def limited() -> Any:
            with anyio.fail_after(PATIENCE_SECONDS):
                return await program()

        return anyio.run(limited, backend=request.param)

    return within


@contextmanager
def loopback() -> Generator[pcmio.Device]:
    with pcmio.host("null") as host:
        yield host.device_by_id("null:loopback")


def test_tasks_write_drain_and_read(run: Any) -> None:
    noise = Noise(pcmio.SampleFormat.F32, 2, RATE // 2)

    async def play(out: pcmio.Writer, drained: anyio.Event) -> None:
        for at in range(0, len(noise.frames), 1001):
            await out.write_async(noise.frames[at : at + 1001])
        await out.drain_async()
        drained.set()

    async def program() -> None:
        with loopback() as device:
            out, heard = device.open_writer(CONFIG, depth=0.4), list[Any]()
            async with out, device.open_reader(CONFIG, depth=2.0) as mic, anyio.create_task_group() as tasks:
                heard.append(await mic.read_async(1))
                tasks.start_soon(play, out, drained := anyio.Event())
                async for block in mic:
                    heard.append(block)
                    if drained.is_set():
                        break
                heard.append(await mic.read_async(RATE // 10))
            noise.assert_within(np.concatenate(heard))

    run(program)


def test_a_task_that_is_cancelled_leaves_the_stream_usable(run: Any) -> None:
    async def program() -> None:
        with loopback() as device:
            async with device.open_writer(CONFIG, depth=0.1) as out:
                with anyio.move_on_after(0.05) as scope:
                    await out.write_async(np.ones(60 * RATE, np.float32))
                assert scope.cancelled_caught
                out.clear()
                await out.write_async(np.ones(RATE // 100, np.float32))
                await out.drain_async()
                assert out.state is pcmio.StreamState.STOPPED

    run(program)


def test_clear_frees_a_task_that_writes(run: Any) -> None:
    async def program() -> None:
        cut: list[pcmio.OperationInterrupted] = []

        async def speak(out: pcmio.Writer) -> None:
            try:
                await out.write_async(np.ones(60 * RATE, np.float32))
            except pcmio.OperationInterrupted as error:
                cut.append(error)

        with loopback() as device:
            async with device.open_writer(CONFIG) as out:
                async with anyio.create_task_group() as tasks:
                    tasks.start_soon(speak, out)
                    await anyio.to_thread.run_sync(out.wait, 0.001)
                    while not out.position:  # noqa: ASYNC110 - what is looked at is no task's doing
                        await anyio.sleep(0.001)
                    out.clear()
                assert cut

    run(program)


def test_a_task_watches_a_host(run: Any) -> None:
    async def unplug(host: NullHost) -> None:
        await anyio.to_thread.run_sync(host.misfortune.unplug, "null:card")

    async def program() -> list[type]:
        seen: list[type] = []
        with pcmio.host("null") as host:
            assert isinstance(host, NullHost)
            async with host.watch() as watch:
                with anyio.move_on_after(0.01):
                    await anext(watch)
                await anyio.to_thread.run_sync(host.misfortune.plug, NullDeviceSpec("card", NullKind.SINK))
                seen.append(type(await anext(watch)))
                async with anyio.create_task_group() as tasks:
                    tasks.start_soon(unplug, host)
                    seen.append(type(await anext(watch)))
            seen += [type(event) async for event in watch]  # it is closed
        return seen

    assert run(program) == [pcmio.DeviceAdded, pcmio.DeviceRemoved]


def test_arrays_are_awaited(run: Any) -> None:
    async def program() -> Any:
        with loopback() as device:
            take = pcmio.record(0.1, rate=RATE, channels=2, device=device)
            await pcmio.play(np.full((RATE // 20, 2), 0.25, np.float32), RATE, device=device)
            return await take

    assert run(program).shape == (RATE // 10, 2)


def test_calls_that_do_not_wait_let_other_trio_tasks_have_their_turn_and_can_be_cancelled() -> None:
    import trio

    async def program() -> None:
        turns = 0

        async def other() -> None:
            nonlocal turns
            while True:
                await trio.lowlevel.checkpoint()
                turns += 1

        host = pcmio.host("null", clock=SimulatedClock())
        out = host.device_by_id("null:loopback").open_writer(CONFIG, depth=0.25)
        try:
            async with trio.open_nursery() as tasks:
                tasks.start_soon(other)
                for _ in range(10):
                    await out.write_async(bytes(8))
                tasks.cancel_scope.cancel()
                before = out.write_available
                with pytest.raises(trio.Cancelled):
                    await out.write_async(bytes(8))
                assert out.write_available == before, "a cancelled write has put something"
        finally:
            out.close()
        assert turns >= 5

    trio.run(program)


def test_a_trio_loop_that_has_ended_is_waked_in_vain() -> None:
    import trio

    from pcmio._awaiting import Awaiters, running_loop

    awaiters = Awaiters()

    async def program() -> None:
        awaiters.enlist(running_loop())

    trio.run(program)
    awaiters.wake()
    with pytest.raises(RuntimeError):
        running_loop()
