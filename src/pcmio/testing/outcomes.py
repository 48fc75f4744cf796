"""What a callback may do, and what comes of it."""

# ruff: noqa: B023 - what is handed to until() and must_raise() in a loop is called there and then

from __future__ import annotations

import threading
import time
from functools import partial

from pcmio.errors import AbortStream, StopStream, StreamClosed
from pcmio.events import EndReason, StreamEnded, StreamState
from pcmio.testing.configs import builder, must_raise, sides
from pcmio.testing.signals import Counter, Events
from pcmio.testing.waiting import PATIENCE_SECONDS, until

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from pcmio.contract import Stream
    from pcmio.testing.rig import Check, Rig


class _Act:
    """A callback that does something at its n-th call."""

    def __init__(self, at: int, act: Callable[[Stream], object]) -> None:
        self.stream: Stream
        self.calls = 0
        self.done = threading.Event()
        self._at = at
        self._act = act

    def __call__(self, _block: object, _info: object) -> None:
        self.calls += 1
        if self.calls == self._at:
            try:
                self._act(self.stream)
            finally:
                self.done.set()


def _raise(error: BaseException) -> Callable[[Stream], object]:
    def act(_stream: Stream) -> object:
        raise error

    return act


def _ends(events: Events) -> int:
    return len(events.of(StreamEnded))


def _each(rig: Rig, at: int, act: Callable[[Stream], object], judge: Callable[[Any, _Act, Events, str], None]) -> None:
    with rig.open_host() as host:
        for direction, device in sides(rig, host):
            callback, events = _Act(at, act), Events()
            stream = builder(device, direction)(rig.config(), callback, events)
            callback.stream = stream
            stream.start()
            assert callback.done.wait(PATIENCE_SECONDS), f"the {direction} callback was not called {at} times"
            judge(stream, callback, events, direction)
            stream.close()
            until(lambda: _ends(events) == 1, "the end being told")
            assert _ends(events) == 1


def an_exception_ends_the_stream_and_reaches_the_owner(rig: Rig) -> None:
    """At the first call and later; told once as an event, raised once by ``wait``, quiet afterwards."""
    for at in (1, 4):
        error = ZeroDivisionError(f"at call {at}")

        def judge(stream: Any, callback: _Act, events: Events, _: str, error: Exception = error, at: int = at) -> None:
            assert must_raise(ZeroDivisionError, lambda: stream.wait(PATIENCE_SECONDS) or None) is error
            assert callback.calls == at
            assert stream.state is StreamState.CLOSED
            assert stream.reason is EndReason.CALLBACK_RAISED
            until(lambda: _ends(events) == 1, "the end being told")
            assert events.of(StreamEnded) == [StreamEnded(EndReason.CALLBACK_RAISED, error)]
            assert stream.wait() is True
            must_raise(StreamClosed, stream.start, "callback raised")

        _each(rig, at, _raise(error), judge)


def an_exception_nobody_waited_for_comes_out_of_close(rig: Rig) -> None:
    """Or of leaving the with block."""
    with rig.open_host() as host:
        for direction, device in sides(rig, host):
            for leave in ("close", "__exit__"):
                error = KeyError("lost")
                callback = _Act(2, _raise(error))
                stream = callback.stream = builder(device, direction)(rig.config(), callback)
                stream.start()
                until(lambda: stream.state is StreamState.CLOSED, "the end")
                call = partial(stream.__exit__, None, None, None) if leave == "__exit__" else stream.close
                assert must_raise(KeyError, call) is error
                stream.close()


def base_exceptions_are_not_lost_either(rig: Rig) -> None:
    """``sys.exit()`` in a callback ends the stream, not only its thread."""

    def judge(stream: Any, _callback: _Act, _events: Events, _: str) -> None:
        must_raise(SystemExit, stream.wait)
        assert stream.reason is EndReason.CALLBACK_RAISED

    _each(rig, 2, _raise(SystemExit(3)), judge)


def stop_stream_plays_the_rest_and_ends(rig: Rig) -> None:
    """In the first call and later; the callback is not called again; no error; told once."""
    for at in (1, 5):

        def judge(stream: Any, callback: _Act, events: Events, direction: str, at: int = at) -> None:
            assert stream.wait(PATIENCE_SECONDS) is True
            assert callback.calls == at
            assert stream.state is StreamState.CLOSED
            assert stream.reason is EndReason.FINISHED
            if direction == "output":
                assert stream.position == (at - 1) * rig.block_frames
            until(lambda: _ends(events) == 1, "the end being told")
            assert events.of(StreamEnded) == [StreamEnded(EndReason.FINISHED)]

        _each(rig, at, _raise(StopStream()), judge)


def abort_stream_ends_at_once(rig: Rig) -> None:
    """Without error."""

    def judge(stream: Any, callback: _Act, _events: Events, _: str) -> None:
        assert stream.wait(PATIENCE_SECONDS) is True
        assert stream.reason is EndReason.ABORTED
        assert callback.calls == 3

    _each(rig, 3, _raise(AbortStream()), judge)


def a_callback_may_close_its_stream(rig: Rig) -> None:
    """It returns, is not called again, and nobody hangs."""

    def judge(stream: Any, callback: _Act, _events: Events, _: str) -> None:
        assert stream.wait(PATIENCE_SECONDS) is True
        assert stream.reason is EndReason.CLOSED
        assert callback.calls == 3

    _each(rig, 3, lambda stream: stream.close(), judge)


def a_callback_may_stop_and_pause_its_stream(rig: Rig) -> None:
    """Both take effect when it returns at the latest; the owner can start again."""

    def stopped(stream: Any, callback: _Act, _events: Events, direction: str) -> None:
        assert stream.wait(PATIENCE_SECONDS) is True
        assert stream.state is StreamState.STOPPED
        assert callback.calls == 3
        if direction == "output":
            assert stream.position == 3 * rig.block_frames, "the block of the call that stopped was not played"
        stream.start()
        until(lambda: callback.calls > 4, "blocks after the restart")

    def paused(stream: Any, callback: _Act, _events: Events, _: str) -> None:
        until(lambda: stream.state is StreamState.PAUSED, "the pause")
        stream.start()
        until(lambda: callback.calls > 5, "blocks after the pause")

    _each(rig, 3, lambda stream: stream.stop(), stopped)
    _each(rig, 3, lambda stream: stream.pause(), paused)


def a_callback_may_pause_and_go_on(rig: Rig) -> None:
    """``start`` and ``stop(0)`` inside a callback are harmless."""

    def act(stream: Stream) -> None:
        assert stream.wait(0) is False
        stream.start()
        stream.pause()
        stream.start()

    def judge(stream: Any, callback: _Act, _events: Events, _: str) -> None:
        until(lambda: callback.calls > 6, "blocks afterwards")
        assert stream.state is StreamState.RUNNING

    _each(rig, 4, act, judge)


def a_callback_that_sleeps_cannot_hold_up_the_owner(rig: Rig) -> None:
    """``stop(0)`` and ``close`` return while it sleeps, and the thread that starts it gets away too."""
    with rig.open_host() as host:
        for direction, device in sides(rig, host):
            wake, asleep = threading.Event(), threading.Event()

            def data(
                _block: object, _info: object, wake: threading.Event = wake, asleep: threading.Event = asleep
            ) -> None:
                if not wake.is_set():
                    asleep.set()
                    wake.wait()

            stream = builder(device, direction)(rig.config(), data)
            starter = threading.Thread(target=_start_quietly, args=(stream,))
            starter.start()
            assert asleep.wait(PATIENCE_SECONDS)
            before = time.monotonic()
            stream.stop(0)
            stream.close()
            assert time.monotonic() - before < 5, "the owner was held up"
            assert stream.state is StreamState.CLOSED
            wake.set()
            starter.join(PATIENCE_SECONDS)
            assert not starter.is_alive()


def _start_quietly(stream: Stream) -> None:
    try:
        stream.start()
    except StreamClosed:
        return


def a_late_callback_costs_silence_that_is_counted(rig: Rig) -> str | None:
    """An xrun does not end the stream; it is reported in band and in the counters."""
    if rig.output is None:
        return "not applicable: no output"
    seconds = 0.5
    with rig.open_host() as host:
        calls: list[int] = []

        def data(_block: object, info: Any) -> None:
            calls.append(info.xrun_frames)
            if len(calls) == 40:
                time.sleep(seconds)  # what is tested: a callback that misses its deadline

        with rig.output_device(host).build_output_stream(rig.config(), data, depth="low") as stream:
            until(lambda: len(calls) > 60, "blocks after the late one")
            assert stream.state is StreamState.RUNNING
            stats = stream.stats
            assert stats.xruns >= 1
            assert stats.xrun_frames >= seconds / 4 * rig.sample_rate
            # Where the device has room for many blocks, some are asked for before it is known what was lost.
            until(lambda: sum(calls) > 0, "the loss being told in band")
            assert sum(calls) <= stream.stats.xrun_frames
    return None


def an_event_callback_that_raises_ends_the_stream(rig: Rig) -> str | None:
    """Its error is the owner's too."""
    if rig.output is None:
        return "not applicable: no output"
    with rig.open_host() as host:
        told: list[object] = []

        def on_event(event: object) -> None:
            told.append(event)
            raise ArithmeticError("in the event callback")

        stream = rig.output_device(host).build_output_stream(rig.config(), Counter(), on_event)
        stream.start()
        stream.close()
        until(lambda: bool(told), "the end being told")
        stream.close()
        assert stream.state is StreamState.CLOSED
    return None


CHECKS: tuple[Check, ...] = (
    an_exception_ends_the_stream_and_reaches_the_owner,
    an_exception_nobody_waited_for_comes_out_of_close,
    base_exceptions_are_not_lost_either,
    stop_stream_plays_the_rest_and_ends,
    abort_stream_ends_at_once,
    a_callback_may_close_its_stream,
    a_callback_may_stop_and_pause_its_stream,
    a_callback_may_pause_and_go_on,
    a_callback_that_sleeps_cannot_hold_up_the_owner,
    a_late_callback_costs_silence_that_is_counted,
    an_event_callback_that_raises_ends_the_stream,
)
