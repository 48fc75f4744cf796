"""Who serves a stream: its thread, the end of the interpreter, and forks."""

from __future__ import annotations

import atexit
import os
import subprocess
import sys
import textwrap
import threading
import time
from typing import Any

import pytest

from pcmio import DeviceLost, EndReason, RealtimeDenied, StreamEnded, StreamState, _core, _runner, _timeouts
from pcmio._realtime import OwnThread
from pcmio.errors import BackendError, ResourceExhausted
from tests.unit.header import ROOT
from tests.unit.stream_rig import PATIENCE, Events, HandDriver, build, ignore


def stream_threads() -> list[threading.Thread]:
    """Those of the streams here; a host's thread that gave up on a server may still hang in it."""
    return [thread for thread in threading.enumerate() if thread.name.startswith("pcmio hand:")]


def run_python(code: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    """A fresh interpreter that has this package, and a stream on the null host at hand."""
    prologue = textwrap.dedent(
        """
        import os, sys, threading, pcmio
        from pcmio import StreamConfig
        calls = threading.Event()
        def data(frames, info): calls.set()
        host = pcmio.host("null")
        def open_stream(on_event=None, data=data):
            device = host.default_output_device()
            return device.build_output_stream_raw(StreamConfig(2, 48_000, 64), data, on_event)
        """
    )
    environment = {**os.environ, "PYTHONPATH": str(ROOT / "src")}
    command = [sys.executable, *arguments, "-c", prologue + textwrap.dedent(code)]
    return subprocess.run(command, env=environment, capture_output=True, text=True, timeout=PATIENCE * 2, check=False)


# --- the thread -------------------------------------------------------------------------------------------------------


def test_a_stream_has_one_named_daemon_thread_until_it_ends() -> None:
    stream = build(HandDriver(), ignore)
    (thread,) = stream_threads()
    assert thread.name == "pcmio hand:one"
    assert thread.daemon
    stream.close()
    assert not thread.is_alive()
    assert stream_threads() == []


def test_callbacks_run_on_that_thread_and_events_too() -> None:
    seen: list[threading.Thread] = []
    events = Events()

    def on_event(event: Any) -> None:
        seen.append(threading.current_thread())
        events(event)

    stream = build(HandDriver(), lambda *_: seen.append(threading.current_thread()), on_event)
    (thread,) = stream_threads()
    stream.start()
    stream.close()
    events.wait_for(StreamEnded)
    assert set(seen) == {thread}


def test_an_audio_thread_wakes_it_for_each_free_block() -> None:
    driver = HandDriver()
    called = threading.Semaphore(0)
    with build(driver, lambda *_: called.release()) as stream:
        for _ in range(2):
            assert called.acquire(timeout=PATIENCE)
        for _ in range(20):
            driver.cycle()
            assert called.acquire(timeout=PATIENCE)
        assert stream.position == 80


def test_the_priority_that_was_refused_is_told_at_start(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_runner, "PRIORITY", 10_000)  # which no system grants
    events = Events()
    with build(HandDriver(), ignore, events):
        denied: Any = events.wait_for(RealtimeDenied)
    assert denied.thread == "stream"
    assert denied.code > 0


def test_a_thread_that_cannot_be_started_is_told_and_everything_is_given_back(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(self: threading.Thread) -> None:
        raise RuntimeError("can't start new thread")

    monkeypatch.setattr(threading.Thread, "start", refuse)
    driver, watched = HandDriver(), set(_runner._engines)
    with pytest.raises(ResourceExhausted, match="no thread to call a stream's callback: can't start new thread"):
        build(driver, ignore)
    assert driver.calls == ["open", "close"]
    assert set(_runner._engines) <= watched


def test_what_is_told_while_a_stream_is_opened_is_served() -> None:
    class Eager(HandDriver):
        def open(self, pump: Any) -> None:
            super().open(pump)
            self.note(_core.NOTE_FAILED, -5)

    events = Events()
    stream = build(Eager(), ignore, events)
    ended: Any = events.wait_for(StreamEnded)
    assert ended.reason is EndReason.FAILED
    with pytest.raises(BackendError):
        stream.close()


@pytest.mark.parametrize("call", ["idle", "translate"])
def test_a_drivers_bug_ends_the_stream_and_not_its_thread(call: str) -> None:
    driver, events = HandDriver(), Events()
    stream = build(driver, ignore, events)
    assert driver.idled.wait(PATIENCE)
    driver.errors[call] = KeyError("bug")
    driver.note(_core.NOTE_MOVED)
    ended: Any = events.wait_for(StreamEnded)
    assert ended.reason is EndReason.FAILED
    with pytest.raises(KeyError, match="bug"):
        stream.wait(PATIENCE)
    stream.close()
    assert stream_threads() == []


def test_close_does_not_wait_for_ever_for_a_callback(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_runner, "FINISH_SECONDS", 0.05)
    inside, go_on = threading.Event(), threading.Event()
    driver, events = HandDriver(), Events()
    calls: list[int] = []

    def data(*_: object) -> None:
        calls.append(1)
        if len(calls) == 3:
            inside.set()
            go_on.wait(PATIENCE)

    stream = build(driver, data, events)
    stream.start()
    driver.cycle()
    assert inside.wait(PATIENCE)
    (thread,) = stream_threads()
    stream.close()
    assert stream.state is StreamState.CLOSED
    assert thread.is_alive()
    assert events.told == []
    go_on.set()
    events.wait_for(StreamEnded)
    thread.join(PATIENCE)
    assert len(calls) == 3


def test_a_callback_may_close_its_stream_without_waiting_for_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_runner, "FINISH_SECONDS", PATIENCE)
    events = Events()
    driver = HandDriver()
    stream = build(driver, lambda *_: stream.close(), events)
    began = time.monotonic()
    stream.start()
    events.wait_for(StreamEnded)
    assert time.monotonic() - began < PATIENCE / 2
    assert driver.calls == ["open", "close"]
    stream.close()


def test_rtkit_is_asked_again_later_when_there_is_no_thread_to_ask_it(monkeypatch: pytest.MonkeyPatch) -> None:
    own = OwnThread("auto", 3)
    own._asked -= 1000.0

    def refuse(_thread: threading.Thread) -> None:
        raise RuntimeError("can't create new thread at interpreter shutdown")

    monkeypatch.setattr(threading.Thread, "start", refuse)
    own.ask_again()
    assert own.take_gift() is False


def test_threads_that_wait_are_woken_by_the_end() -> None:
    driver = HandDriver()
    stream = build(driver, ignore)
    stream.start()
    results: list[object] = []

    def wait() -> None:
        try:
            results.append(stream.wait(None))
        except DeviceLost as error:
            results.append(error)

    waiting = [threading.Thread(target=wait) for _ in range(4)]
    for thread in waiting:
        thread.start()
    driver.note(_core.NOTE_DEVICE_LOST, 19)
    for thread in waiting:
        thread.join(PATIENCE)
    assert sorted(type(result).__name__ for result in results) == ["DeviceLost", "bool", "bool", "bool"]
    stream.close()


@pytest.mark.parametrize("timeout", [None, 0.5, 0.0])
def test_the_main_thread_waits_in_slices(timeout: float | None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_timeouts, "_SLICE_SECONDS", 0.005)
    stream = build(HandDriver(), ignore)
    stream.start()
    if timeout is None:
        threading.Timer(0.03, stream.close).start()
        assert stream.wait(None) is True
    else:
        began = time.monotonic()
        assert stream.wait(timeout) is False
        assert time.monotonic() - began >= timeout
    stream.close()


def test_ctrl_c_ends_a_wait_that_the_signal_does_not_interrupt() -> None:
    """As when it comes just before the wait begins: the interpreter knows of it, and the wait does not."""
    done = run_python(
        """
        import signal, time

        def elsewhere(thread):
            while "wait_for" not in {frame.f_code.co_name for frame in stack(sys._current_frames()[thread])}:
                time.sleep(0.01)
            signal.pthread_kill(threading.get_ident(), signal.SIGINT)

        def stack(frame):
            while frame is not None:
                yield frame
                frame = frame.f_back

        signal.signal(signal.SIGINT, signal.default_int_handler)
        stream = open_stream(lambda event: None)
        stream.start()
        threading.Thread(target=elsewhere, args=[threading.get_ident()]).start()
        try:
            stream.wait()
        except KeyboardInterrupt:
            print("interrupted")
        stream.close()
        """
    )
    assert done.stdout == "interrupted\n", done


# --- the end of the interpreter ---------------------------------------------------------------------------------------


def test_streams_are_watched_while_they_live_and_closed_at_exit() -> None:
    before = set(_runner._engines)
    streams = [build(HandDriver(), ignore) for _ in range(3)]
    assert set(_runner._engines) - before == {stream._engine for stream in streams}
    _runner._close_all()
    assert all(stream.state is StreamState.CLOSED for stream in streams)
    assert stream_threads() == []
    atexit.unregister(_runner._close_all)


@pytest.mark.parametrize("state", ["stopped", "running", "paused"])
def test_an_interpreter_may_exit_while_streams_are_open(state: str) -> None:
    done = run_python(
        f"""
        ended = []
        stream = open_stream(lambda event: ended.append(event) or print(event.reason, flush=True))
        if {state!r} != "stopped":
            stream.start()
            assert calls.wait(20)
        if {state!r} == "paused":
            stream.pause()
        print("leaving", flush=True)
        """
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "leaving\nclosed\n", "")


def test_an_interpreter_may_exit_by_an_error_while_a_stream_runs() -> None:
    done = run_python(
        """
        stream = open_stream()
        stream.start()
        assert calls.wait(20)
        raise SystemExit(7)
        """
    )
    assert (done.returncode, done.stdout, done.stderr) == (7, "", "")


@pytest.mark.parametrize("asked", [False, True])
def test_an_error_that_nobody_asked_for_is_logged_when_the_program_ends(asked: bool) -> None:
    done = run_python(
        f"""
        ended = threading.Event()
        def broken(frames, info):
            raise ZeroDivisionError("in the callback")
        stream = open_stream(lambda event: ended.set(), broken)
        stream.start()
        assert ended.wait(20)
        if {asked}:
            try:
                stream.close()
            except ZeroDivisionError:
                pass
        print("leaving")
        """
    )
    assert (done.returncode, done.stdout) == (0, "leaving\n")
    if asked:
        assert done.stderr == ""
    else:
        assert done.stderr.startswith("the program ends with a stream and nobody asked for its error\n")
        assert done.stderr.endswith("ZeroDivisionError: in the callback\n")


def test_an_interpreter_may_exit_while_a_callback_does_not_return() -> None:
    done = run_python(
        """
        from pcmio import _runner
        _runner.FINISH_SECONDS = 0.05
        def stuck(frames, info):
            calls.set()
            if info.position:
                threading.Event().wait()
        stream = open_stream(data=stuck)
        try:
            stream.start()
        except pcmio.OperationTimeout:
            print("stuck")
        """
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "stuck\n", "")


def test_what_the_user_registered_before_still_finds_closed_streams() -> None:
    done = run_python(
        """
        import atexit
        atexit.register(lambda: print("users", stream.state))
        stream = open_stream()
        stream.start()
        """
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "users closed\n", "")


def test_a_stream_in_a_cycle_at_exit_says_nothing() -> None:
    done = run_python(
        """
        stream = open_stream()
        stream.myself = stream
        stream.start()
        assert calls.wait(20)
        del stream
        """,
        "-W",
        "ignore",
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


# --- forks ------------------------------------------------------------------------------------------------------------

fork = pytest.mark.skipif(not hasattr(os, "fork"), reason="this system does not fork")


def run_forking(code: str) -> subprocess.CompletedProcess[str]:
    """As ``run_python``, with ``forked``, which has a child do something, report what it raises, and leave."""
    prologue = textwrap.dedent(
        """
        def forked(does):
            child = os.fork()
            if child == 0:
                try:
                    does()
                except BaseException:
                    import traceback
                    traceback.print_exc()
                    os._exit(1)
                os._exit(0)
            return child
        def exit_code(child):
            return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
        """
    )
    return run_python(prologue + textwrap.dedent(code), "-W", "ignore::DeprecationWarning")


@fork
def test_a_forked_child_forgets_its_parents_streams_and_may_build_its_own() -> None:
    done = run_forking(
        """
        stream = open_stream()
        stream.start()
        assert calls.wait(20)
        def forgets():
            global stream
            assert stream.state is pcmio.StreamState.CLOSED, stream.state
            assert stream.wait(0) is True
            stream.close()
            try:
                stream.start()
            except pcmio.StreamClosed:
                pass
            del stream
            calls.clear()
            with pcmio.host("null") as own:
                with own.default_output_device().build_output_stream_raw(StreamConfig(2, 48_000, 64), data):
                    assert calls.wait(20)
        assert exit_code(forked(forgets)) == 0
        calls.clear()
        assert calls.wait(20), "the parent's stream goes on"
        assert stream.state is pcmio.StreamState.RUNNING
        stream.close()
        print("both")
        """
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "both\n", "")


@fork
def test_a_forked_child_does_not_wait_for_what_its_parent_plays() -> None:
    done = run_forking(
        """
        import asyncio, numpy
        playback = pcmio.play(numpy.zeros(480_000, "f4"), 48_000, device="null:sink")
        async def joined():
            await playback
        def waits_for_nothing():
            assert playback.done
            assert playback.wait(20) is True
            asyncio.run(asyncio.wait_for(joined(), 20))
            playback.stop()
        assert exit_code(forked(waits_for_nothing)) == 0
        assert not playback.done
        playback.stop()
        assert playback.wait(20) and playback.done
        print("both")
        """
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "both\n", "")


@fork
def test_a_child_forked_inside_a_callback_may_leave_at_once() -> None:
    done = run_forking(
        """
        children = []
        def forking(frames, info):
            if not children:
                children.append(forked(lambda: os._exit(3)))
            calls.set()
        with open_stream(data=forking) as stream:
            assert calls.wait(20)
            print(exit_code(children[0]))
        """
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "3\n", "")


def test_a_later_thread_with_the_number_of_the_streams_is_not_taken_for_it() -> None:
    stream = build(HandDriver(), ignore)
    stream.close()
    runner: Any = stream._engine.runner
    runner._thread._ident = threading.get_ident()  # as the system gives numbers again
    assert not runner.serving()
    assert stream.stop() is True
