"""Writers and readers: every frame arrives, whatever the pieces; waiting ends when it should."""

from __future__ import annotations

import gc
import threading
from contextlib import contextmanager
from importlib.util import find_spec

from pcmio.configs import StreamConfig
from pcmio.errors import (
    AudioError,
    DeviceLost,
    HostDisconnected,
    OperationInterrupted,
    OperationTimeout,
    StreamClosed,
)
from pcmio.events import StreamState
from pcmio.formats import SampleFormat
from pcmio.testing.configs import must_raise
from pcmio.testing.failures import answers
from pcmio.testing.lifetimes import MEMORY_BYTES, holdings, left_behind
from pcmio.testing.signals import Noise, assert_nothing_lost, losses_of, sounds
from pcmio.testing.waiting import PATIENCE_SECONDS, until

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Generator
    from typing import Any

    from pcmio.blocking import Reader, Writer
    from pcmio.contract import Host
    from pcmio.stats import StreamStats
    from pcmio.testing.rig import Check, Rig

#: Bytes of the pieces in which noise is written: within samples, within frames, more than a block.
_ODD_PIECES = (1, 2, 3, 5, 64, 1001, 4099, 7, 8191)
_TAIL_SECONDS = 0.3
#: Kept ready where pieces are written while others are played, so that a busy machine cannot cost a sample.
_DEPTH_SECONDS = 0.5
_ATTEMPTS = 5
_WARM_UP = 50
_OTHER_RATE = 22_050


def _writer(rig: Rig, host: Host, sample_format: SampleFormat = SampleFormat.F32, **options: Any) -> Writer:
    config = rig.config(2, sample_format)
    return rig.output_device(host, config).open_writer(config, **options, **rig.options_for("output"))


@contextmanager
def _loop(rig: Rig, sample_format: SampleFormat = SampleFormat.F32, **options: Any) -> Generator[tuple[Writer, Reader]]:
    """A writer, and a reader that hears it already."""
    with rig.open_host() as host:
        config = rig.config(2, sample_format)
        device = rig.input_device(host, config)
        # First of all: where both share a card's one format, it is the output's to choose.
        writer = _writer(rig, host, sample_format, **options)
        try:
            with device.open_reader(config, depth=4.0, **rig.options_for("input")) as reader:
                reader.read(1, timeout=PATIENCE_SECONDS)
                yield writer, reader
        finally:
            writer.close()


def _heard(rig: Rig, reader: Reader) -> Any:
    """All that was captured and not read, once what was played must have arrived."""
    return reader.read(reader.read_available + int(_TAIL_SECONDS * rig.sample_rate), timeout=PATIENCE_SECONDS)


def _assert_heard(noise: Noise, rig: Rig, writer: Writer, reader: Reader) -> None:
    """All of it; if not, with what both sides have to say of it."""
    try:
        noise.assert_within(_heard(rig, reader))
    except AssertionError as error:
        raise type(error)(f"{error}; written: {writer.stats}, read: {reader.stats}") from error


def odd_pieces_pass_the_loop_unchanged(rig: Rig) -> str | None:
    """Bytes that end within samples and frames; the last frame is that of a drain."""
    if not rig.loops:
        return "not applicable: the rig has no loop"
    for sample_format in rig.exact_formats:
        noise = Noise(sample_format, 2, rig.sample_rate // 4, seed=3)
        raw, at, turn = noise.frames.tobytes(), 0, 0
        # A ring that takes all before it begins: how soon the pieces come is not what is looked at.
        with _loop(rig, sample_format, depth=1.0) as (writer, reader):
            while at < len(raw):
                size = _ODD_PIECES[turn % len(_ODD_PIECES)]
                writer.write(raw[at : at + size], timeout=PATIENCE_SECONDS)
                at, turn = at + size, turn + 1
            writer.drain(PATIENCE_SECONDS)
            assert writer.state is StreamState.STOPPED
            _assert_heard(noise, rig, writer, reader)
            assert_nothing_lost(reader.stats.xrun_frames)
    return None


def arrays_pass_the_loop_unchanged(rig: Rig) -> str | None:
    """In one piece that is longer than the ring, read in pieces while they are played."""
    if not rig.loops:
        return "not applicable: the rig has no loop"
    noise = Noise(SampleFormat.F32, 2, rig.sample_rate, seed=4)
    with _loop(rig, depth=_DEPTH_SECONDS) as (writer, reader):
        failed: list[BaseException] = []

        def write() -> None:
            try:
                writer.write(noise.frames, timeout=PATIENCE_SECONDS)
                writer.drain(PATIENCE_SECONDS)
            except BaseException as error:  # noqa: BLE001 - carried to the checking thread
                failed.append(error)

        thread = threading.Thread(target=write)
        thread.start()
        import numpy as np

        pieces: list[Any] = []
        while thread.is_alive():
            pieces.append(reader.read(777, timeout=PATIENCE_SECONDS))
        thread.join()
        assert not failed, failed[0]
        noise.assert_within(np.concatenate([*pieces, _heard(rig, reader)]))
    return None


def short_sounds_are_heard_whole(rig: Rig) -> str | None:
    """Some frames and a drain, again and again with one writer: nothing is lost at either end."""
    if not rig.loops:
        return "not applicable: the rig has no loop"
    # It is an xrun where this thread is put aside between a write and its drain; not so in each of some attempts.
    told: list[StreamStats] = []
    while not told or told[-1].xruns:
        assert len(told) < _ATTEMPTS, f"silence between sounds is no xrun: {told}"
        noise = Noise(SampleFormat.F32, 2, 1000, seed=5)
        with _loop(rig) as (writer, reader):
            for at in range(0, 1000, 100):
                writer.write(noise.frames[at : at + 100])
                writer.drain(PATIENCE_SECONDS)
            noise.assert_heard_in_pieces(_heard(rig, reader))
            told.append(writer.stats)
    return None


def clear_silences_and_writing_goes_on(rig: Rig) -> str | None:
    """What is heard is a beginning of what was written; a write that waited is freed; the next sound is whole."""
    if not rig.loops:
        return "not applicable: the rig has no loop"
    noise = Noise(SampleFormat.F32, 2, rig.sample_rate * 4, seed=6)
    with _loop(rig, depth=_DEPTH_SECONDS) as (writer, reader):
        cut: list[BaseException] = []

        def write() -> None:
            try:
                writer.write(noise.frames)
            except OperationInterrupted as error:
                cut.append(error)

        thread = threading.Thread(target=write)
        thread.start()
        until(lambda: writer.position > rig.sample_rate // 2, "half a second being played")
        result = writer.clear()
        thread.join(PATIENCE_SECONDS)
        assert cut, "a write that waits was not freed"
        taken = cut[0].frames  # type: ignore[attr-defined]
        assert result.heard + result.dropped == taken, f"{result}, {taken} frames taken"
        recorded = _heard(rig, reader)
        assert int(sounds(recorded, SampleFormat.F32).sum()) < taken, "nothing was thrown away"
        noise.assert_begins_with(recorded)
        after = Noise(SampleFormat.F32, 2, rig.sample_rate // 4, seed=8)
        writer.write(after.frames, timeout=PATIENCE_SECONDS)
        writer.drain(PATIENCE_SECONDS)
        after.assert_within(_heard(rig, reader))
    return None


def tasks_pass_the_loop_unchanged(rig: Rig) -> str | None:
    """Written and read in one event loop, at the same time, without another thread."""
    if not rig.loops:
        return "not applicable: the rig has no loop"
    import asyncio

    noise = Noise(SampleFormat.F32, 2, rig.sample_rate, seed=10)

    async def play(writer: Writer) -> None:
        for at in range(0, len(noise.frames), 1001):
            await writer.write_async(noise.frames[at : at + 1001])
        await writer.drain_async()

    async def record(writer: Writer, reader: Reader) -> Any:
        import numpy as np

        playing = asyncio.ensure_future(play(writer))
        pieces: list[Any] = []
        while not playing.done():
            pieces.append(await reader.read_async(333))
        await playing
        pieces.append(await reader.read_async(reader.read_available + int(_TAIL_SECONDS * rig.sample_rate)))
        return np.concatenate(pieces)

    with _loop(rig, depth=_DEPTH_SECONDS) as (writer, reader):
        noise.assert_within(asyncio.run(asyncio.wait_for(record(writer, reader), PATIENCE_SECONDS)))
    return None


def waiting_ends_with_its_time_or_the_stream(rig: Rig) -> None:
    """A write that is too long and a read of too much raise OperationTimeout; close() frees those that wait."""
    with rig.open_host() as host:
        if rig.output is not None:
            writer = _writer(rig, host)
            _must_end(writer, lambda timeout: writer.write(bytes(8 * 8 * rig.sample_rate), timeout))
        if rig.input is not None:
            reader = rig.input_device(host).open_reader(rig.config(), **rig.options_for("input"))
            _must_end(reader, lambda timeout: reader.read(8 * rig.sample_rate, timeout=timeout))


def _must_end(stream: Writer | Reader, wait: Callable[[float | None], object]) -> None:
    late = must_raise(OperationTimeout, lambda: wait(0.05))
    assert isinstance(late, TimeoutError)
    ended: list[BaseException] = []

    def waits() -> None:
        try:
            wait(None)
        except AudioError as error:
            ended.append(error)

    thread = threading.Thread(target=waits)
    thread.start()
    until(lambda: stream.position > 0, "frames moving")
    stream.close()
    thread.join(PATIENCE_SECONDS)
    assert not thread.is_alive(), "close() does not free who waits"
    assert isinstance(ended[0], StreamClosed), repr(ended[0])
    must_raise(StreamClosed, lambda: wait(0.05))


def a_lost_device_frees_who_writes(rig: Rig) -> str | None:
    """And is what the call raises."""
    if rig.lose_device is None or rig.output is None:
        return "not applicable: no device of this rig can be lost"
    with rig.open_host() as host:
        _lose(rig, host, rig.lose_device, DeviceLost)
    return None


def a_lost_server_frees_who_writes(rig: Rig) -> str | None:
    """And is what the call raises."""
    if not rig.can_lose_its_server or rig.output is None:
        return "not applicable: this host has no server to kill"
    with rig.open_host() as host:
        _lose(rig, host, rig.lose_server, HostDisconnected)
        until(lambda: answers(host), "the server answering again")
    return None


def _lose(rig: Rig, host: Host, lose: Callable[[Host], Callable[[], None]], error: type[AudioError]) -> None:
    writer = _writer(rig, host)
    raised: list[BaseException] = []

    def write() -> None:
        try:
            writer.write(bytes(8 * 60 * rig.sample_rate))
        except AudioError as failure:
            raised.append(failure)

    thread = threading.Thread(target=write)
    thread.start()
    until(lambda: writer.position > 0, "frames moving")
    bring_back = lose(host)
    try:
        thread.join(PATIENCE_SECONDS)
        assert raised, "a write that waits is not freed"
        assert isinstance(raised[0], error), repr(raised[0])
        must_raise(StreamClosed, lambda: writer.write(b""))
        writer.close()
    finally:
        bring_back()


def writers_and_readers_leave_nothing(rig: Rig) -> None:
    """Opened, used and closed, a quarter as often as streams with callbacks: they are those, and a ring in front."""
    with rig.open_host() as host:

        def cycle() -> None:
            if rig.output is not None:
                with _writer(rig, host) as writer:
                    writer.write(bytes(8 * rig.block_frames))
                    writer.clear()
            if rig.input is not None:
                rig.input_device(host).open_reader(rig.config(), **rig.options_for("input")).close()

        for _ in range(_WARM_UP):
            cycle()
        gc.collect()
        before = holdings()
        times = rig.cycles // 4
        for _ in range(times):
            cycle()
        grown = left_behind(before)
        assert grown < MEMORY_BYTES, f"{grown} bytes more after {times} cycles"


def mono_of_another_rate_is_heard_on_both_sides(rig: Rig) -> str | None:
    """Whoever resamples, the host or pcmio: it lasts as long, and is as loud, on every channel of the device."""
    if not rig.loops:
        return "not applicable: the rig has no loop"
    if find_spec("soxr") is None:
        return "not applicable: soxr is not installed"
    import numpy as np

    tone: Any = 0.5 * np.sin(2 * np.pi * 441 * np.arange(_OTHER_RATE // 2) / _OTHER_RATE)
    with _loop(rig) as (usual, reader):
        usual.close()
        config = StreamConfig(1, _OTHER_RATE)
        with usual.device.open_writer(config, depth=2 * _DEPTH_SECONDS, **rig.options_for("output")) as writer:
            assert (writer.config.channels, writer.config.sample_rate) == (1, _OTHER_RATE)
            writer.write(tone)
        captured = _heard(rig, reader)
        heard: Any = captured[np.flatnonzero(np.abs(captured).max(axis=1) > 0.001)]
        with losses_of(writer, reader):
            assert abs(len(heard) - rig.sample_rate // 2) < rig.sample_rate // 20
            levels: Any = np.sqrt(2 * np.mean(heard[len(heard) // 4 : 3 * len(heard) // 4] ** 2, axis=0))
            assert (abs(levels - 0.5) < 0.02).all(), f"channels play at {levels} instead of 0.5"
    return None


CHECKS: tuple[Check, ...] = (
    odd_pieces_pass_the_loop_unchanged,
    arrays_pass_the_loop_unchanged,
    short_sounds_are_heard_whole,
    clear_silences_and_writing_goes_on,
    tasks_pass_the_loop_unchanged,
    mono_of_another_rate_is_heard_on_both_sides,
    waiting_ends_with_its_time_or_the_stream,
    a_lost_device_frees_who_writes,
    a_lost_server_frees_who_writes,
    writers_and_readers_leave_nothing,
)
