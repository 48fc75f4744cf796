"""What happens to streams when the program around them ends, is interrupted, or forks: each in a process of its own."""

from __future__ import annotations

import functools
import json
import signal
import subprocess
import sys
import textwrap
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from pcmio.testing import Rig

_SETUP = """
import json, os, signal, sys, threading, time
import pcmio
from pcmio.testing import until

given = json.loads(sys.argv[1])
host = pcmio.host(given["name"], **given["options"])
device = host.device_by_id(given["output"])
config = pcmio.StreamConfig(2, given["rate"], 512)
calls = 0

def data(block, info):
    global calls
    calls += 1

def running(**options):
    stream = device.build_output_stream(config, data, **options)
    stream.start()
    until(lambda: calls > 3, "blocks")
    return stream
"""
_PATIENCE = 60


@pytest.fixture
def given(rig: Rig) -> str:
    """How a child opens the same host."""
    if not isinstance(rig.open_host, functools.partial):
        pytest.skip("this host lives in the test's own process")
    (name,) = rig.open_host.args
    return json.dumps(
        {"name": name, "options": rig.open_host.keywords, "output": rig.output, "rate": rig.sample_rate}, default=str
    )


def _run(given: str, body: str) -> subprocess.CompletedProcess[str]:
    script = _SETUP + textwrap.dedent(body)
    return subprocess.run(
        [sys.executable, "-X", "dev", "-W", "error", "-c", script, given],
        capture_output=True,
        text=True,
        timeout=_PATIENCE,
        check=False,
    )


# What a shell starts in the background ignores Ctrl-C, and so do its children.
_CTRL_C = "\nsignal.signal(signal.SIGINT, signal.default_int_handler)\n"


def _interrupt_when_ready(given: str, body: str) -> tuple[int, str, str]:
    script = _SETUP + _CTRL_C + textwrap.dedent(body)
    with subprocess.Popen(
        [sys.executable, "-c", script, given], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as child:
        assert child.stdout is not None
        try:
            assert child.stdout.readline() == "ready\n", child.stderr.read() if child.stderr else ""
            child.send_signal(signal.SIGINT)
            out, err = child.communicate(timeout=_PATIENCE)
        finally:
            child.kill()
    return child.returncode, out, err


@pytest.mark.parametrize(
    ("ending", "code"),
    [("pass", 0), ("sys.exit(7)", 7), ("os._exit(5)", 5), ("stream.pause()", 0), ("del host, device", 0)],
)
def test_a_program_may_end_while_its_stream_runs(given: str, ending: str, code: int) -> None:
    done = _run(given, f"stream = running()\n{ending}")
    assert (done.returncode, done.stdout, done.stderr) == (code, "", "")


def test_a_program_may_end_by_an_exception_while_its_stream_runs(given: str) -> None:
    done = _run(given, "stream = running()\nraise LookupError('mine')")
    assert done.returncode == 1
    assert done.stderr.strip().endswith("LookupError: mine")


def test_a_program_may_end_inside_a_callback_that_sleeps(given: str) -> None:
    done = _run(
        given,
        """
        stream = running()
        asleep = threading.Event()
        def sleepy(block, info):
            asleep.set()
            time.sleep(30)
        other = device.build_output_stream(config, sleepy)
        threading.Thread(target=other.start, daemon=True).start()
        asleep.wait()
        """,
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


@pytest.mark.parametrize("call", ["stream.wait()", "stream.wait(100)", "stream.stop()", "stream.stop(100)"], ids=str)
def test_ctrl_c_interrupts_every_blocking_call(given: str, call: str) -> None:
    code, out, err = _interrupt_when_ready(
        given,
        f"""
        stream = running(depth=50.0)
        sent = []
        def note(number, frame):
            sent.append(time.monotonic())
            signal.default_int_handler(number, frame)
        signal.signal(signal.SIGINT, note)
        try:
            print("ready", flush=True)
            {call}
        except KeyboardInterrupt:
            late = time.monotonic() - sent[0]
            stream.close()
            print("interrupted", late < 10)  # the calls take longer, or for ever
        """,
    )
    assert (code, out, err) == (0, "interrupted True\n", "")


def test_ctrl_c_ends_a_with_block_and_closes_its_stream(given: str) -> None:
    code, out, err = _interrupt_when_ready(
        given,
        """
        try:
            with device.build_output_stream(config, data) as stream:
                print("ready", flush=True)
                stream.wait()
        finally:
            print(stream.state)
        """,
    )
    assert (code, out, err.strip().splitlines()[-1:]) == (-signal.SIGINT, "closed\n", ["KeyboardInterrupt"]), err


ANY_MOMENT = """
import collections, contextlib, gc, random

def life():
    stream = device.build_output_stream(config, data, depth=0.05)
    try:
        for call in (stream.start, stream.pause, stream.start, lambda: stream.wait(0.002), lambda: stream.stop(0)):
            call()
    finally:
        stream.close()

def look():
    other = pcmio.host(given["name"], **given["options"])
    try:
        other.devices()
        other.device_by_id(given["output"]).supported_output_configs()
        other.watch().close()
    finally:
        other.close()

def usage():
    gc.collect()
    return len(os.listdir("/proc/self/fd")), len(os.listdir("/proc/self/task"))

signal.signal(signal.SIGALRM, lambda *_: signal.raise_signal(signal.SIGINT))
sys.unraisablehook = lambda told: None if told.exc_type is KeyboardInterrupt else sys.__unraisablehook__(told)
told = collections.Counter()
for action in (life, look):
    begun = time.monotonic()
    action()
    seconds = time.monotonic() - begun
    before, interrupts, end = usage(), 0, time.monotonic() + 1.5
    while time.monotonic() < end:
        try:
            try:
                signal.setitimer(signal.ITIMER_REAL, random.uniform(1e-6, seconds))
                action()
            finally:
                signal.setitimer(signal.ITIMER_REAL, 0)
        except KeyboardInterrupt:
            interrupts += 1
        except Exception as error:
            told[f"{action.__name__}: {error!r}"] += 1
    action()  # it can be done as before
    with contextlib.suppress(AssertionError):  # threads that were left in a call end with it
        until(lambda: usage()[1] <= before[1], "threads ending", seconds=10)
    after = usage()
    told["interrupts"] += interrupts
    # libpulse and libpipewire lose some with a connection that is given up as it begins.
    told["descriptors lost"] += after[0] - before[0] > 4 + interrupts / 10
    told["threads lost"] += max(0, after[1] - before[1])
print(*(f"{what}: {number}" for what, number in told.items() if number), sep="\\n")
"""


@pytest.mark.skipif(not Path("/proc/self/task").exists(), reason="this system does not tell a process what it has open")
def test_ctrl_c_at_any_moment_loses_nothing(given: str) -> None:
    """Neither a stream that was opened and that nobody has, nor a lock, nor a server's answer."""
    done = subprocess.run(
        [sys.executable, "-c", _SETUP + _CTRL_C + ANY_MOMENT, given],
        capture_output=True,
        text=True,
        timeout=_PATIENCE,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert [line.split(":")[0] for line in done.stdout.splitlines()] == ["interrupts"], done.stdout


@pytest.mark.skipif(not hasattr(signal, "SIGCHLD"), reason="this system has no fork")
def test_a_forked_child_leaves_its_parents_stream_alone(given: str) -> None:
    done = _run(
        given,
        """
        import warnings
        warnings.simplefilter("ignore", DeprecationWarning)  # forks beside threads are the point
        stream = running()
        child = os.fork()
        if child == 0:
            code = 1
            try:
                assert stream.state is pcmio.StreamState.CLOSED
                stream.close()
                del stream
                code = 0
            finally:
                os._exit(code)
        _, status = os.waitpid(child, 0)
        assert status == 0, status
        before = stream.position
        until(lambda: stream.position > before + 4096, "the parent's stream going on")
        assert stream.state is pcmio.StreamState.RUNNING
        stream.close()
        """,
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


# --- watches ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("ending", "code"), [("pass", 0), ("sys.exit(7)", 7), ("os._exit(5)", 5), ("host.close()", 0), ("del host", 0)]
)
def test_a_program_may_end_while_it_watches(given: str, ending: str, code: int) -> None:
    done = _run(given, f"watch, other = host.watch(), host.watch(lambda event: None)\nstream = running()\n{ending}")
    assert (done.returncode, done.stdout, done.stderr) == (code, "", "")


@pytest.mark.parametrize("call", ["watch.get()", "watch.get(100)", "list(watch)", "asyncio.run(forever())"], ids=str)
def test_ctrl_c_interrupts_whoever_waits_for_events(given: str, call: str) -> None:
    code, out, err = _interrupt_when_ready(
        given,
        f"""
        import asyncio, functools
        sent = []
        def note(number, frame):
            sent.append(time.monotonic())
            signal.default_int_handler(number, frame)
        async def forever():
            asyncio.get_running_loop().call_soon(functools.partial(print, "ready", flush=True))
            async for event in watch:
                pass
        with host.watch() as watch:
            try:
                if "asyncio" not in {call!r}:
                    signal.signal(signal.SIGINT, note)
                    print("ready", flush=True)
                {call}
            except KeyboardInterrupt:
                print("interrupted", not sent or time.monotonic() - sent[0] < 10)  # far less than the call's time
            assert not watch.closed
        """,
    )
    assert (code, out, err) == (0, "interrupted True\n", "")


@pytest.mark.skipif(not hasattr(signal, "SIGCHLD"), reason="this system has no fork")
def test_a_forked_child_leaves_its_parents_watch_alone(given: str) -> None:
    done = _run(
        given,
        """
        import gc, warnings
        warnings.simplefilter("ignore", DeprecationWarning)  # forks beside threads are the point
        watch = host.watch()
        child = os.fork()
        if child == 0:
            code = 1
            try:
                assert watch.closed
                assert watch.get() is None
                watch.close()
                del watch
                gc.collect()
                code = 0
            finally:
                os._exit(code)
        _, status = os.waitpid(child, 0)
        assert status == 0, status
        assert not watch.closed
        try:
            watch.get(0.1)
        except pcmio.OperationTimeout:
            pass
        else:
            raise AssertionError("something was told")
        with host.watch():
            pass
        watch.close()
        """,
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
