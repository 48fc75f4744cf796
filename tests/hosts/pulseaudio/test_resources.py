"""What streams and hosts leave behind: nothing."""

from __future__ import annotations

import gc
import os
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

import pcmio
from pcmio import StreamConfig
from pcmio.hosts.pulseaudio import HostOptions
from pcmio.hosts.pulseaudio.control import Control
from pcmio.testing import until
from pcmio.testing.signals import Counter
from tests.hosts.exhausted import run_exhausted
from tests.hosts.nameless import run_nameless

if TYPE_CHECKING:
    from tests.servers.pulseaudio import PulseServer

CONFIG = StreamConfig(2, 48_000, 512)


def held() -> tuple[int, int]:
    """Descriptors and threads of this process."""
    return len(os.listdir("/proc/self/fd")), len(os.listdir("/proc/self/task"))  # noqa: PTH208


def until_no_more_than(before: tuple[int, int]) -> None:
    """A thread that has been joined may be listed for a moment more: in ``before`` too."""
    until(
        lambda: all(now <= then for now, then in zip(held(), before, strict=True)),
        f"descriptors and threads to be {before} again",
    )


def resident_kib() -> int:
    line = next(line for line in Path("/proc/self/status").read_text().splitlines() if line.startswith("VmRSS"))
    return int(line.split()[1])


def test_a_thousand_streams_leave_nothing(host: pcmio.Host) -> None:
    output = host.device_by_id("pulseaudio:main")
    source = host.device_by_id("pulseaudio:main.monitor")

    def cycle(number: int) -> None:
        device, build = (output, "build_output_stream_raw") if number % 2 else (source, "build_input_stream_raw")
        with (
            getattr(device, build)(CONFIG, lambda *_: None)
            if number % 3
            else output.build_output_stream_raw(CONFIG, lambda *_: None) as stream
        ):
            assert stream.state is pcmio.StreamState.RUNNING

    for number in range(100):
        cycle(number)
    gc.collect()
    before, memory = held(), resident_kib()
    for number in range(1_000):
        cycle(number)
    gc.collect()
    until_no_more_than(before)
    assert resident_kib() - memory < 2_048


def test_a_hundred_hosts_leave_nothing(server: PulseServer) -> None:
    def cycle() -> None:
        with pcmio.host("pulseaudio", server=server.address) as host:
            device = host.device_by_id("pulseaudio:main")
            device.build_output_stream_raw(CONFIG, lambda *_: None).close()

    cycle()
    gc.collect()
    before = held()
    for _ in range(100):
        cycle()
    until_no_more_than(before)


def test_a_dropped_host_disconnects(server: PulseServer) -> None:
    host = pcmio.host("pulseaudio", server=server.address)
    host.devices()
    del host
    gc.collect()
    before = held()
    host = pcmio.host("pulseaudio", server=server.address)
    device = host.device_by_id("pulseaudio:main")
    device.build_output_stream_raw(CONFIG, lambda *_: None).close()
    assert held() != before
    del host, device
    gc.collect()
    until_no_more_than(before)


def test_failures_leave_nothing(host: pcmio.Host, tmp_path: Path) -> None:
    nobody = pcmio.host("pulseaudio", server=f"unix:{tmp_path}/nobody")
    device = host.device_by_id("pulseaudio:main")

    def fail() -> None:
        for attempt in (
            nobody.devices,
            lambda: device.build_output_stream_raw(CONFIG.replace(channels=99), lambda *_: None),
            lambda: device.build_output_stream_raw(CONFIG, lambda *_: None, channel_map="x"),
        ):
            try:
                attempt()
            except pcmio.AudioError:
                continue
            raise AssertionError(attempt)

    fail()
    before = held()
    for _ in range(50):
        fail()
    gc.collect()
    until_no_more_than(before)


def test_thirty_two_streams_play_at_once(host: pcmio.Host) -> None:
    device = host.device_by_id("pulseaudio:main")
    counters = [Counter() for _ in range(32)]
    streams = [device.build_output_stream(CONFIG.replace(buffer_size=1_024), counter) for counter in counters]
    begin = time.monotonic()
    for stream in streams:
        stream.start()
    until(lambda: all(stream.position > 48_000 for stream in streams), "all to have played a second")
    assert time.monotonic() - begin < 16, "one after the other they take 32 seconds"
    threads = [one.name for one in threading.enumerate()]
    assert sum("pulseaudio:main" in name for name in threads) == 32
    tasks = [Path(f"/proc/self/task/{task}/comm").read_text().strip() for task in os.listdir("/proc/self/task")]  # noqa: PTH208
    assert tasks.count("pcmio-pulse") == 1, "one audio thread for all of them"
    for stream in streams:
        stream.close()


_QUIET = """
import sys, pcmio
server, absent = sys.argv[1:]
for where in (absent, "tcp:127.0.0.1:1", "{nonsense", "unix:/dev/null"):
    try:
        pcmio.host("pulseaudio", server=where, timeout=0.5).devices()
    except pcmio.AudioError:
        pass
host = pcmio.host("pulseaudio", server=server)
host.devices()
device = host.default_output_device()
with device.build_output_stream_raw(device.default_output_config(), lambda block, info: None) as stream:
    stream.wait(0.2)
    stream.stop()
try:
    host.device_by_id("pulseaudio:nobody")
except pcmio.AudioError:
    pass
# The interpreter ends while this one runs.
running = device.build_output_stream_raw(device.default_output_config(), lambda block, info: None)
running.start()
"""


def test_nothing_is_printed(server: PulseServer, tmp_path: Path) -> None:
    env = {**os.environ, "HOME": str(tmp_path), "PULSE_COOKIE": str(tmp_path / "none" / "cookie")}
    done = subprocess.run(
        [sys.executable, "-c", _QUIET, server.address, f"unix:{tmp_path}/absent"],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
        env=env,
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


_FORKED = """
import os, sys, time, pcmio
host = pcmio.host("pulseaudio", server=sys.argv[1])
device = host.device_by_id("pulseaudio:main")
stream = device.build_output_stream_raw(pcmio.StreamConfig(2, 48_000, 480), lambda block, info: None)
stream.start()
child = os.fork()
if child == 0:
    stream.close()
    try:
        host.devices()
    except pcmio.HostUnavailable as error:
        assert "spawn" in str(error) and error.code == 24
        host.close()
        sys.exit(7)
status = os.waitpid(child, 0)[1]
position = stream.position
while stream.position < position + 4_800:
    time.sleep(0.01)
stream.close()
sys.exit(os.waitstatus_to_exitcode(status))
"""


def test_a_forked_child_is_told_what_libpulse_cannot_do(server: PulseServer) -> None:
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", _FORKED, server.address],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert (done.returncode, done.stderr) == (7, "")


_FORKED_FIRST = """
import os, sys, pcmio
host = pcmio.host("pulseaudio", server=sys.argv[1])
child = os.fork()
if child == 0:
    assert host.devices()
    sys.exit(7)
assert host.devices()
sys.exit(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
"""


def test_who_forks_before_the_first_question_may_ask_in_both(server: PulseServer) -> None:
    done = subprocess.run(
        [sys.executable, "-c", _FORKED_FIRST, server.address], capture_output=True, text=True, timeout=60, check=False
    )
    assert (done.returncode, done.stderr) == (7, "")


_IMPORTS = """
import sys, time
begin = time.process_time()
import pcmio
host = pcmio.host("pulseaudio", server=sys.argv[1])
assert host.devices()
listed = time.process_time()
for heavy in ("numpy", "typing", "dataclasses", "logging", "re", "pathlib", "subprocess", "inspect"):
    assert heavy not in sys.modules, heavy
print((listed - begin) * 1e3)
"""


def test_listing_devices_takes_thirty_milliseconds_from_nothing(server: PulseServer) -> None:
    """Of the processor's time: what other programs take of the clock's is not ours."""
    taken: list[float] = []
    for _ in range(7):
        path = str(Path(pcmio.__file__).parents[1])
        done = subprocess.run(
            [sys.executable, "-I", "-c", f"import sys; sys.path.insert(0, {path!r})\n{_IMPORTS}", server.address],
            capture_output=True,
            text=True,
            timeout=30,
            check=False,
        )
        assert done.stderr == ""
        taken.append(float(done.stdout))
    assert min(taken) < 30, "a busy machine can only add to it"


def test_a_forked_child_asks_whatever_a_thread_of_its_parent_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    control = Control(HostOptions(server="unix:/nowhere", timeout=0.2))
    control._lock.acquire()
    monkeypatch.setattr(os, "getpid", lambda: -1)
    with pytest.raises(pcmio.HostUnavailable):
        control.check()
    control.close()


_WITHOUT_DESCRIPTORS = """
import pcmio, pcmio.hosts.pulseaudio.audio
host = pcmio.host("pulseaudio", server="unix:/nowhere")
taken = use_up(64)
for ask in (host.devices, host.audio):
    try:
        ask()
    except pcmio.ResourceExhausted as error:
        print(error.call, "ulimit" in str(error))
os.close(taken.pop())
"""


def test_a_program_without_descriptors_is_told_so_and_lives_on() -> None:
    """libpulse ends a program that uses the main loop which it could not make."""
    done = run_exhausted(_WITHOUT_DESCRIPTORS)
    assert (done.returncode, done.stdout) == (0, "pa_mainloop_new True\npa_threaded_mainloop_new True\n")


def test_a_program_whose_name_is_no_text_has_sound(server: PulseServer, tmp_path: Path) -> None:
    assert run_nameless(tmp_path, "pulseaudio", "server", server.address) == (0, b"")
