"""Real-time priority: taken, got from a real rtkit, refused, and lost again; on both threads of a null stream."""

from __future__ import annotations

import ast
import errno
import os
import signal
import socket
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest

import pcmio
from pcmio import _realtime, _runner
from pcmio._realtime import SharedThread
from pcmio.errors import InvalidInput
from pcmio.hosts.null import bus
from tests.servers.jackd import realtime_is_allowed
from tests.servers.rtkit import without_privilege

if TYPE_CHECKING:
    from tests.servers.rtkit import Authority, RealtimeKit, SystemBus

CONFIG = pcmio.StreamConfig(2, 48_000, pcmio.BufferSize.fixed(480))
KEPT = os.SCHED_RESET_ON_FORK
ORDINARY = (os.SCHED_OTHER, 0)

#: What each child begins with.  It tells what it found by printing it.
PROLOGUE = """
import os, resource, signal, sys, threading, time
import pcmio
from pcmio.errors import PermissionDenied

def scheduling(thread):
    policy = os.sched_getscheduler(thread) & ~os.SCHED_RESET_ON_FORK
    return (policy, os.sched_getparam(thread).sched_priority)

def threads():
    python = {thread.native_id: thread.name for thread in threading.enumerate()}
    found = {}
    for number in map(int, os.listdir("/proc/self/task")):
        name = python.get(number, "audio")
        found["stream" if name.startswith("pcmio ") else name] = scheduling(number)
    return found

events = []
device = pcmio.host("null").device_by_id("null:sink")

def build(realtime, data=lambda block, info: None):
    config = pcmio.StreamConfig(2, 48_000, 480)
    return device.build_output_stream_raw(config, data, events.append, realtime=realtime)

def told():
    return [(event.thread, event.code, event.reason) for event in events if isinstance(event, pcmio.RealtimeDenied)]
"""
PLAYS = """
with build(sys.argv[1]) as stream:
    found = threads()  # at once: on a busy machine the stream's may soon give it up
    while sys.argv[1] == "auto" and len(told()) < 2 and not stream.wait(0.05) and found["stream"] == (0, 0):
        pass
    print((found, told(), resource.getrlimit(resource.RLIMIT_RTTIME)))
"""


def run(code: str, bus: SystemBus | None, *arguments: str, **env: str) -> Any:
    """What a child without privileges printed last, as a value."""
    done = without_privilege(PROLOGUE + code, {**(os.environ if bus is None else bus.env), **env}, *arguments)
    assert done.returncode == 0, done.stderr
    return ast.literal_eval(done.stdout.splitlines()[-1])


def priorities(threads: dict[str, tuple[int, int]]) -> tuple[int, int]:
    assert threads["stream"][0] in {os.SCHED_RR, os.SCHED_FIFO}  # rtkit's daemon chooses
    assert threads["audio"][0] in {os.SCHED_RR, os.SCHED_FIFO}
    return threads["stream"][1], threads["audio"][1]


# --- got from rtkit ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("mode", ["auto", "require"])
def test_rtkit_gives_priority_to_both_threads(kit: RealtimeKit, system_bus: SystemBus, mode: str) -> None:
    threads, told, limits = run(PLAYS, system_bus, mode)
    assert priorities(threads) == (_runner.PRIORITY, bus._PRIORITY)
    assert threads["MainThread"] == ORDINARY
    assert told == []
    assert limits == (100_000, 200_000)  # the daemon's own limit, and half of it for the guard


@pytest.mark.parametrize("kit_options", [("--max-realtime-priority=2", "--our-realtime-priority=3")])
def test_nobody_asks_for_more_than_rtkit_gives(kit: RealtimeKit, system_bus: SystemBus) -> None:
    threads, told, _ = run(PLAYS, system_bus, "require")
    assert priorities(threads) == (2, 2)
    assert told == []


@pytest.mark.parametrize("kit_options", [("--rttime-usec-max=80000",)])
@pytest.mark.parametrize(
    ("before", "after"),
    [((-1, -1), (40_000, 80_000)), ((60_000, 60_000), (30_000, 60_000)), ((10_000, 20_000), (10_000, 20_000))],
)
def test_the_processs_limit_is_shortened_as_rtkit_demands_and_never_lengthened(
    kit: RealtimeKit, system_bus: SystemBus, before: tuple[int, int], after: tuple[int, int]
) -> None:
    code = "soft, hard = map(int, sys.argv[2:])\nresource.setrlimit(resource.RLIMIT_RTTIME, (soft, hard))\n"
    threads, told, limits = run(code + PLAYS, system_bus, "require", *map(str, before))
    assert priorities(threads) == (_runner.PRIORITY, bus._PRIORITY)
    assert (told, limits) == ([], after)


def test_never_asks_nobody(kit: RealtimeKit, authority: Authority, system_bus: SystemBus) -> None:
    threads, told, limits = run(PLAYS, system_bus, "never")
    assert (threads["stream"], threads["audio"]) == (ORDINARY, ORDINARY)
    assert (told, limits, authority.asked) == ([], (-1, -1), [])


# --- refused ----------------------------------------------------------------------------------------------------------


def test_a_refusal_is_told_for_each_thread_with_what_was_answered(
    kit: RealtimeKit, authority: Authority, system_bus: SystemBus
) -> None:
    authority.allowances = 0
    threads, told, _ = run(PLAYS, system_bus, "auto")
    assert (threads["stream"], threads["audio"]) == (ORDINARY, ORDINARY)
    answer = "Operation not permitted; rtkit: org.freedesktop.DBus.Error.AccessDenied: Operation not permitted"
    assert sorted(told) == [("audio", errno.EPERM, answer), ("stream", errno.EPERM, answer)]
    assert authority.asked == ["org.freedesktop.RealtimeKit1.acquire-real-time"] * 2


REFUSED_BUILD = """
try:
    build("require")
except PermissionDenied as error:
    print((error.code, str(error), events, [t.name for t in threading.enumerate()]))
"""


def test_a_stream_that_requires_it_is_not_built_without(
    kit: RealtimeKit, authority: Authority, system_bus: SystemBus
) -> None:
    authority.allowances = 0
    code, text, events, threads = run(REFUSED_BUILD, system_bus)
    assert code == errno.EPERM
    assert text.startswith('no real-time priority for the stream thread, which realtime="require" asks for (Operation')
    assert "/etc/security/limits.d" in text
    assert (events, threads) == ([], ["MainThread"])


REFUSED_START = """
stream = build("require")
try:
    stream.start()
except PermissionDenied as error:
    print((str(error), str(stream.state), sorted(threads()), told()))
stream.close()
"""


def test_a_stream_whose_audio_thread_requires_it_is_not_started_without(
    kit: RealtimeKit, authority: Authority, system_bus: SystemBus
) -> None:
    authority.allowances = 1  # for the stream's own thread
    text, state, threads, told = run(REFUSED_START, system_bus)
    assert text.startswith("no real-time priority for the audio thread, which")
    assert (state, threads, told) == ("stopped", ["MainThread", "stream"], [])


def test_without_rtkit_the_answer_is_the_buss(system_bus: SystemBus) -> None:
    _, told, limits = run(PLAYS, system_bus, "auto")
    assert "rtkit: org.freedesktop.DBus.Error.ServiceUnknown: The name org.freedesktop.RealtimeKit1" in told[0][2]
    assert limits == (-1, -1)


def test_without_a_bus_the_answer_is_the_systems(tmp_path: Path) -> None:
    _, told, _ = run(PLAYS, None, "auto", DBUS_SYSTEM_BUS_ADDRESS=f"unix:path={tmp_path / 'none'}")
    assert {reason for _, _, reason in told} == {"Operation not permitted; rtkit: [Errno 2] No such file or directory"}


def test_without_jeepney_the_answer_is_what_to_install(tmp_path: Path) -> None:
    (tmp_path / "jeepney.py").write_text("raise ImportError")
    code = f"sys.path.insert(0, {str(tmp_path)!r})\n" + PLAYS
    _, told, _ = run(code, None, "auto")
    assert "not asked, as jeepney is not installed (pip install 'pcmio[realtime]')" in told[0][2]


def test_a_bus_that_says_nothing_is_not_waited_for_long(tmp_path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as silent:
        silent.bind(str(tmp_path / "bus"))
        silent.listen()
        code = "begin = time.monotonic()\n" + PLAYS + "print((time.monotonic() - begin, told()))"
        seconds, told = run(code, None, "auto", DBUS_SYSTEM_BUS_ADDRESS=f"unix:path={tmp_path / 'bus'}")
    assert "rtkit: Did not authenticate in 0.5 seconds" in told[0][2]
    assert seconds < 5


# --- lost again -------------------------------------------------------------------------------------------------------

COMPUTES = """
lost = threading.Event()

def compute(block, info):
    end = time.thread_time() + 0.25  # seconds, in which rtkit allows 0.2
    while time.thread_time() < end and not lost.is_set():
        pass
    lost.set()

with build("require", compute) as stream:
    while not told():
        stream.wait(0.01)
    print((threads()["stream"], told()))
"""


def test_a_callback_that_computes_too_long_loses_its_priority_and_not_the_program(
    kit: RealtimeKit, system_bus: SystemBus
) -> None:
    stream, told = run(COMPUTES, system_bus)
    assert stream == ORDINARY
    reason = "it computed for longer at a time than rtkit lets real-time threads"
    assert told == [("stream", errno.ETIME, reason)]


HANDLED = """
signal.signal(signal.SIGXCPU, signal.SIG_IGN)
with build("require") as stream:
    print(signal.getsignal(signal.SIGXCPU) == signal.SIG_IGN)
"""


def test_a_program_that_handles_the_signal_keeps_its_handler(kit: RealtimeKit, system_bus: SystemBus) -> None:
    assert run(HANDLED, system_bus) is True


TIMED = """
build("require").close()
resource.setrlimit(resource.RLIMIT_CPU, (1, 60))
while True:
    pass
"""


def test_the_limit_of_processor_time_ends_the_program_as_ever(kit: RealtimeKit, system_bus: SystemBus) -> None:
    done = without_privilege(PROLOGUE + TIMED, system_bus.env)
    assert done.returncode == -signal.SIGXCPU


CROWDED = """
from pcmio import _core, _realtime
_realtime.AGAIN_SECONDS = 0.5
numbers = []

def data(block, info):
    numbers[:] = [threading.get_native_id()]

def until(policies):
    end = time.monotonic() + 20
    while not numbers or scheduling(numbers[0])[0] not in policies:
        assert time.monotonic() < end
        stream.wait(0.01)

real_time, crowded = {os.SCHED_FIFO, os.SCHED_RR}, threading.Event()

def compute():
    while crowded.is_set():
        pass

with build("require", data) as stream:
    until(real_time)
    crowded.set()
    threads = [threading.Thread(target=compute) for _ in range(2)]
    for thread in threads:
        thread.start()
    try:
        until({os.SCHED_OTHER})
    finally:
        crowded.clear()
    for thread in threads:
        thread.join()
    # How long it takes until the core is sure that they have gone is the machine's business.
    _core.CorePump.would_borrow = lambda pump: True
    until(real_time)
    print(told())
"""


@pytest.mark.skipif(not getattr(sys, "_is_gil_enabled", lambda: True)(), reason="without a GIL nobody is in the way")
def test_beside_several_busy_threads_the_priority_is_given_up_and_asked_for_again_afterwards(
    kit: RealtimeKit, system_bus: SystemBus
) -> None:
    assert run(CROWDED, system_bus) == []


# --- taken ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("wrong", ["always", "", "AUTO", True, None, 1, b"auto"])
def test_a_mode_that_does_not_exist_is_an_error(wrong: Any) -> None:
    with pcmio.host("null") as host:
        device = host.device_by_id("null:sink")
        with pytest.raises(InvalidInput, match=r'realtime must be "auto", "require" or "never", not '):
            device.build_output_stream(CONFIG, print, realtime=wrong)


def native_threads() -> set[int]:
    return {int(path.name) for path in Path("/proc/self/task").iterdir()}


@pytest.mark.skipif(not realtime_is_allowed(), reason="this user may not have real-time threads")
def test_a_thread_of_two_streams_is_raised_by_the_first_that_wants_it() -> None:
    with pcmio.host("null") as host:
        device = host.device_by_id("null:loopback")
        before = native_threads()
        with device.build_output_stream(CONFIG, lambda *_: None, realtime="never"):
            threads = native_threads() - before
            assert {os.sched_getscheduler(number) for number in threads} == {os.SCHED_OTHER}
            with device.build_input_stream(CONFIG, lambda *_: None, realtime="require"):
                raised = [number for number in threads if os.sched_getscheduler(number) == os.SCHED_FIFO | KEPT]
                assert [os.sched_getparam(number).sched_priority for number in raised] == [bus._PRIORITY]


def test_nobody_is_raised_in_place_of_a_thread_that_has_ended(monkeypatch: pytest.MonkeyPatch) -> None:
    """To the system the number 0 is whoever calls: a host may be closed while a stream is opened on it."""
    raised: list[int] = []

    def promote(number: int, _priority: int) -> int:
        raised.append(number)
        return 0

    calls = SimpleNamespace(pcmio_thread_promote_other=promote, pcmio_guard_remove=lambda _number: None)
    monkeypatch.setattr(_realtime, "core", lambda: calls)
    thread = SharedThread(20)
    thread.began(17, 0, "never")
    thread.ends()
    for mode in ("auto", "require"):
        assert not thread.want(mode).code
    assert raised == []
