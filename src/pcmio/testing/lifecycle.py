"""A stream's states, from built to closed."""

# ruff: noqa: B023 - what is handed to until() and must_raise() in a loop is called there and then

from __future__ import annotations

import threading

from pcmio.errors import StopStream, StreamClosed
from pcmio.events import EndReason, StreamEnded, StreamState
from pcmio.testing.configs import builder, must_raise, sides
from pcmio.testing.signals import Counter, Events, assert_no_xruns
from pcmio.testing.waiting import until

TYPE_CHECKING = False
if TYPE_CHECKING:
    from pcmio.contract import Stream
    from pcmio.testing.rig import Check, Rig

#: Long enough for any callback that should not come to come.
_QUIET_SECONDS = 0.15


def nothing_happens(counter: Counter, what: str) -> None:
    """No call comes for a while (nothing is waited for here: it is time itself that proves it)."""
    before = counter.calls
    threading.Event().wait(_QUIET_SECONDS)
    assert counter.calls == before, f"{what}: the callback was called {counter.calls - before} times"


def in_state(stream: Stream, state: StreamState) -> bool:
    """Asked anew each time, whatever type checkers remember of the last answer."""
    return stream.state is state


def a_stream_is_built_stopped(rig: Rig) -> None:
    """No callback before ``start``; position 0; closing it unstarted is fine."""
    with rig.open_host() as host:
        for direction, device in sides(rig, host):
            stream = builder(device, direction)(rig.config(), counter := Counter(), events := Events())
            assert in_state(stream, StreamState.STOPPED)
            nothing_happens(counter, "built")
            assert (counter.calls, stream.position, stream.reason) == (0, 0, None)
            assert stream.latency.total >= 0
            stream.close()
            assert in_state(stream, StreamState.CLOSED)
            assert stream.reason is EndReason.CLOSED
            assert counter.calls == 0
            assert events.of(StreamEnded) == [StreamEnded(EndReason.CLOSED)]


def start_and_pause_may_be_repeated(rig: Rig) -> None:
    """Each does nothing the second time; a paused stream calls nobody and goes on where it was."""
    with rig.open_host() as host:
        for direction, device in sides(rig, host):
            with builder(device, direction)(rig.config(), counter := Counter(), **rig.options_for(direction)) as stream:
                stream.start()
                until(lambda: counter.calls >= 3, "three blocks")
                assert in_state(stream, StreamState.RUNNING)
                for _ in range(2):
                    stream.pause()
                    assert in_state(stream, StreamState.PAUSED)
                calm = stream.position
                nothing_happens(counter, "paused")
                assert stream.position == calm
                calls = counter.calls
                for _ in range(2):
                    stream.start()
                    assert in_state(stream, StreamState.RUNNING)
                until(lambda: counter.calls > calls + 3, "blocks after the pause")
                until(lambda: stream.position > calm, "frames after the pause")


def pause_and_stop_do_nothing_to_a_stopped_stream(rig: Rig) -> None:
    """And leave it ready to start."""
    with rig.open_host() as host:
        for direction, device in sides(rig, host):
            stream = builder(device, direction)(rig.config(), counter := Counter())
            stream.pause()
            assert stream.stop() is True
            assert stream.stop(0) is True
            assert in_state(stream, StreamState.STOPPED)
            stream.start()
            until(lambda: counter.calls > 0, "a block")
            stream.close()


def a_stopped_stream_starts_again(rig: Rig) -> None:
    """Five rounds: the position grows in each, stands still between them, and the callback is called in each."""
    with rig.open_host() as host:
        for direction, device in sides(rig, host):
            stream = builder(device, direction)(rig.config(), counter := Counter(), **rig.options_for(direction))
            position = 0
            for _ in range(5):
                calls = counter.calls
                stream.start()
                until(lambda: stream.position > position, "frames moving")
                until(lambda: counter.calls > calls, "a callback")
                stream.stop(0)
                assert in_state(stream, StreamState.STOPPED)
                position = stream.position
                nothing_happens(counter, "stopped")
                assert stream.position == position
            stream.close()
            assert stream.position == position


def closing_is_final_and_may_be_repeated(rig: Rig) -> None:
    """Every later call says so or does nothing; what can be read can still be read."""
    with rig.open_host() as host:
        for direction, device in sides(rig, host):
            stream = builder(device, direction)(rig.config(), Counter(), events := Events())
            stream.start()
            for _ in range(3):
                stream.close()
            must_raise(StreamClosed, stream.start, "closed")
            must_raise(StreamClosed, stream.pause)
            assert stream.stop() is True
            assert stream.wait(0) is True
            assert stream.position >= 0
            assert stream.stats.frames >= 0
            assert stream.now().nanos >= 0
            assert stream.latency.total >= 0
            assert stream.config.channels == 2
            assert "closed" in repr(stream)
            assert events.of(StreamEnded) == [StreamEnded(EndReason.CLOSED)]


def the_with_block_starts_and_closes(rig: Rig) -> None:
    """Also when the block raises, and its error passes."""
    with rig.open_host() as host:
        for direction, device in sides(rig, host):
            stream = builder(device, direction)(rig.config(), Counter())

            def body(stream: Stream = stream) -> None:
                with stream as entered:
                    assert entered is stream
                    assert in_state(entered, StreamState.RUNNING)
                    raise ZeroDivisionError

            must_raise(ZeroDivisionError, body)
            assert in_state(stream, StreamState.CLOSED)


def wait_says_whether_it_is_over(rig: Rig) -> None:
    """False while running, True once stopped, from another thread too."""
    with rig.open_host() as host:
        for direction, device in sides(rig, host):
            stream = builder(device, direction)(rig.config(), Counter())
            assert stream.wait(0) is True
            stream.start()
            assert stream.wait(0.01) is False
            stream.pause()
            assert stream.wait(0.01) is False
            stream.start()
            over = threading.Event()

            def wait(stream: Stream = stream, over: threading.Event = over) -> None:
                stream.wait()
                over.set()

            waiter = threading.Thread(target=wait)
            waiter.start()
            assert not over.is_set()
            stream.stop(0)
            assert over.wait(10), "wait() did not see the end"
            waiter.join()
            stream.close()


def a_stopped_output_has_played_all(rig: Rig) -> str | None:
    """``stop()`` returns True, and the device took every frame of every block."""
    if rig.output is None:
        return "not applicable: no output"
    with rig.open_host() as host:
        stream = rig.output_device(host).build_output_stream(rig.config(), counter := Counter())
        for _ in range(3):
            stream.start()
            until(lambda: counter.calls > 0, "a block")
            assert stream.stop(30) is True
            assert stream.position == counter.frames
            assert in_state(stream, StreamState.STOPPED)
        stream.close()
    return None


def the_first_callback_may_be_the_last(rig: Rig) -> None:
    """By StopStream: the stream has finished, and nothing was lost, as there was nothing to play."""
    with rig.open_host() as host:
        for direction, device in sides(rig, host):

            def end(_block: object, _info: object) -> None:
                raise StopStream

            stream = builder(device, direction)(rig.config(), end, events := Events())
            stream.start()
            until(lambda: bool(events.of(StreamEnded)), "the end being told")
            assert stream.reason is EndReason.FINISHED
            assert_no_xruns(stream.stats)
            stream.close()


def streams_are_built_and_closed_unstarted(rig: Rig) -> None:
    """Eight at once, closed in order."""
    with rig.open_host() as host:
        for direction, device in sides(rig, host):
            streams = [builder(device, direction)(rig.config(), Counter()) for _ in range(8)]
            for stream in streams:
                stream.close()


def streams_run_side_by_side(rig: Rig) -> None:
    """Both directions of two hosts, each served; closed while the others run."""
    hosts = [rig.open_host(), rig.open_host()]
    counters: list[Counter] = []
    streams: list[Stream] = []
    for index in range(rig.busy_streams):
        host = hosts[index % 2]
        for direction, device in sides(rig, host)[: 1 if index % 3 else 2]:
            counters.append(Counter())
            streams.append(builder(device, direction)(rig.config(), counters[-1]))
    for stream in streams:
        stream.start()
    until(lambda: all(counter.calls > 5 for counter in counters), "five blocks of every stream")
    for stream in streams[::2]:
        stream.close()
    marks = [counter.calls for counter in counters]
    until(
        lambda: all(counter.calls > mark for counter, mark in list(zip(counters, marks, strict=True))[1::2]),
        "the rest going on",
    )
    for stream in streams:
        stream.close()
    for host in hosts:
        host.close()


def calls_come_from_one_thread_of_the_streams_own(rig: Rig) -> None:
    """Never from the caller's, never from two."""
    with rig.open_host() as host:
        for direction, device in sides(rig, host):
            threads: set[int] = set()

            def data(_block: object, _info: object, threads: set[int] = threads) -> None:
                threads.add(threading.get_ident())

            with builder(device, direction)(rig.config(), data) as stream:
                until(lambda: stream.stats.blocks > 5, "blocks")
            assert len(threads) == 1
            assert threading.get_ident() not in threads


CHECKS: tuple[Check, ...] = (
    a_stream_is_built_stopped,
    start_and_pause_may_be_repeated,
    pause_and_stop_do_nothing_to_a_stopped_stream,
    a_stopped_stream_starts_again,
    closing_is_final_and_may_be_repeated,
    the_with_block_starts_and_closes,
    wait_says_whether_it_is_over,
    a_stopped_output_has_played_all,
    the_first_callback_may_be_the_last,
    streams_are_built_and_closed_unstarted,
    streams_run_side_by_side,
    calls_come_from_one_thread_of_the_streams_own,
)
