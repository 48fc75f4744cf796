"""Latency, timestamps and lost frames: what is told is what happened."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from typing import TYPE_CHECKING

import numpy as np
import pytest

import pcmio
from pcmio import StreamConfig
from pcmio.hosts.pulseaudio.stream import buffer_attr, plan_period
from pcmio.testing import until
from pcmio.testing.signals import Counter, Recorder

if TYPE_CHECKING:
    from typing import Any

    from tests.servers.pulseaudio import PulseServer


def test_the_server_is_asked_for_what_the_user_asked_for() -> None:
    assert plan_period(512, 48_000) == 512
    assert plan_period(10, 48_000) == 50  # five blocks are the first to make a millisecond
    attr = buffer_attr(512, 8, output=True)
    assert (attr.tlength, attr.minreq, attr.prebuf) == (3 * 512 * 8, 480 * 8, 8)
    attr = buffer_attr(1, 4, output=True)
    assert (attr.tlength, attr.minreq, attr.prebuf) == (12, 4, 4)
    assert buffer_attr(512, 8, output=False).fragsize == 512 * 8


@pytest.mark.parametrize("frames", [128, 512, 2_048])
def test_the_latency_is_two_to_three_periods(host: pcmio.Host, frames: int) -> None:
    """Never the two seconds that PulseAudio has by default."""
    config = StreamConfig(2, 48_000, frames)
    with host.device_by_id("pulseaudio:main").build_output_stream(config, Counter()) as stream:
        until(lambda: stream.position > 24_000, "half a second to be played")
        seen: list[float] = []
        period = frames / 48_000

        def is_so() -> bool:
            seen.append(stream.latency.device)
            return len(seen) >= 50 and np.median(seen[-50:]) == pytest.approx(2.5 * period, abs=period)

        until(is_so, f"a latency of two to three times {period * 1e3:.1f} ms")


@pytest.mark.parametrize("direction", ["output", "input"])
def test_timestamps_keep_step_with_the_frames(host: pcmio.Host, direction: str) -> None:
    counter = Counter()
    config = StreamConfig(2, 48_000, 480)
    if direction == "output":
        stream = host.device_by_id("pulseaudio:main").build_output_stream(config, counter)
    else:
        stream = host.device_by_id("pulseaudio:main.monitor").build_input_stream(config, counter)
    with stream:
        until(lambda: stream.position > 3 * 48_000, "three seconds to pass")
        xruns = stream.stats.xruns
    device = np.array([info.timestamp.device.nanos for info in counter.infos], dtype=np.int64)
    position = np.array([info.position for info in counter.infos], dtype=np.int64)
    assert (np.diff(device) >= 0).all(), "time does not step back"
    assert (np.diff(position) == 480).all()
    if xruns == 0:  # otherwise the frames rightly fall behind the clock
        settled = position > 48_000  # by then libpulse knows the server's clock
        nanos = device[settled] - position[settled] / 48_000 * 1e9
        # In the median of each half: a machine that stands still makes the server tell some times late.
        first, second = np.array_split(nanos, 2)
        assert abs(np.median(first) - np.median(second)) < 5e6, "device time and frames drift apart"


def test_the_reported_time_is_when_the_sound_is_there(host: pcmio.Host) -> None:
    """Clicks are recorded at the times that were told when they were handed over; each has an amplitude of its own."""
    config = StreamConfig(2, 48_000, 480)
    told: dict[float, int] = {}
    apart: list[int] = []

    def play(block: Any, info: pcmio.CallbackInfo) -> None:
        if info.position >= 48_000 and info.position % 4_800 == 0 and len(told) < 32:
            block[0] = click = (len(told) + 1) / 32
            told[click] = info.timestamp.device.nanos

    def listen(block: Any, info: pcmio.CallbackInfo) -> None:
        for at in np.flatnonzero(block[:, 0]):
            handed = told.get(float(block[at, 0]))
            if handed is not None:
                apart.append(info.timestamp.device.nanos + int(at) * 1_000_000_000 // 48_000 - handed)

    with (
        host.device_by_id("pulseaudio:main.monitor").build_input_stream(config, listen),
        host.device_by_id("pulseaudio:main").build_output_stream(config, play) as stream,
    ):
        until(lambda: len(apart) >= 16, "clicks to be recorded")
        xruns = stream.stats.xruns
    if xruns == 0:
        assert np.median(apart) == pytest.approx(0, abs=15_000_000)


def test_a_callback_that_is_late_costs_as_many_frames_as_are_told(host: pcmio.Host) -> None:
    lost: list[int] = []

    def play(block: Any, info: pcmio.CallbackInfo) -> None:
        block[:] = 0.5
        lost.append(info.xrun_frames)
        if len(lost) == 60:
            time.sleep(0.3)

    recorder = Recorder()
    config = StreamConfig(2, 48_000, 480)
    with (
        host.device_by_id("pulseaudio:main.monitor").build_input_stream(config, recorder, depth=2.0),
        host.device_by_id("pulseaudio:main").build_output_stream(config, play) as stream,
    ):
        until(lambda: len(lost) > 160, "the callback to be called")
        stats = stream.stats
        recorded = recorder.recorded()[:, 0]
    assert stats.xruns >= 1
    assert sum(lost) > 8_000, "of 14400 frames, 2064 were in the ring and 960 in the server"
    sounding = np.flatnonzero(recorded == 0.5)
    silent = int((recorded[sounding[0] : sounding[-1]] == 0).sum())
    assert silent == pytest.approx(sum(lost), abs=960)


_STALLED = """
import os, signal, sys, threading, time
import pcmio
device = pcmio.host("pulseaudio", server=sys.argv[1]).device_by_id("pulseaudio:main")
lost = []
def play(block, info):
    lost.append(info.xrun_frames)
with device.build_output_stream_raw(pcmio.StreamConfig(2, 48_000, 480), play) as stream:
    while stream.position < 24_000:
        time.sleep(0.01)
    begin, before, begin_at = stream.position, stream.stats, time.monotonic()
    print("ready", flush=True)
    sys.stdin.readline()
    now = stream.position
    while stream.position < now + 24_000:
        time.sleep(0.01)
    end, after, seconds = stream.position, stream.stats, time.monotonic() - begin_at
print(after.xruns - before.xruns, after.xrun_frames - before.xrun_frames, sum(lost), end - begin, seconds)
"""


def test_a_program_that_is_held_up_is_told_how_much_was_lost(server: PulseServer) -> None:
    """Not the ring runs dry then, but the server."""
    with subprocess.Popen(
        [sys.executable, "-c", _STALLED, server.address], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as program:
        assert program.stdin is not None
        assert program.stdout is not None
        assert program.stdout.readline() == "ready\n"
        program.send_signal(signal.SIGSTOP)
        time.sleep(0.2)
        program.send_signal(signal.SIGCONT)
        answer, _ = program.communicate("go on\n", timeout=30)
    xruns, frames, told, moved, seconds = map(float, answer.split())
    assert xruns >= 1
    assert frames >= 0.2 * 48_000 - 2_400
    # However late both programs were: what was not played was lost.
    assert frames + moved == pytest.approx(seconds * 48_000, abs=4_800)
    assert told == pytest.approx(frames, abs=960)


def test_the_queue_does_not_grow_after_lost_frames(host: pcmio.Host) -> None:
    calls = 0

    def play(_block: Any, _info: pcmio.CallbackInfo) -> None:
        nonlocal calls
        calls += 1
        if calls % 40 == 0:
            time.sleep(0.1)

    config = StreamConfig(2, 48_000, 480)
    with host.device_by_id("pulseaudio:main").build_output_stream(config, play) as stream:
        until(lambda: calls > 300, "several gaps")
        assert stream.stats.xruns > 3
        until(lambda: stream.latency.device < 0.06, "the usual queue")


def test_the_stream_runs_at_its_own_rate_on_a_device_of_another(host: pcmio.Host) -> None:
    config = StreamConfig(2, 22_050, 441)
    with host.device_by_id("pulseaudio:many").build_output_stream(config, Counter()) as stream:
        until(lambda: stream.position > 22_050, "a second to be played")
        begin, first = time.monotonic(), stream.position
        until(lambda: stream.position > first + 22_050, "another second to be played")
        last, passed = stream.position, time.monotonic() - begin
    # Not the device's 96 000, nor the 44 100 or 48 000 of others.
    assert (last - first) / passed == pytest.approx(22_050, rel=0.4)


_BUSY = """
import sys, threading, time
import pcmio
def busy():
    while True:
        pass
device = pcmio.host("pulseaudio", server=sys.argv[1]).device_by_id("pulseaudio:main")
with device.build_output_stream_raw(pcmio.StreamConfig(2, 48_000, 480), lambda block, info: None) as stream:
    while stream.position < 24_000:
        time.sleep(0.01)
    before = stream.stats
    threading.Thread(target=busy, daemon=True).start()
    time.sleep(2)
    after = stream.stats
    print(after.xrun_frames - before.xrun_frames, after.frames - before.frames)
"""
# A thread that waits for its turn as long cannot keep any promise: the machine is too busy to tell.
_FIT_SECONDS = 0.005


def test_a_busy_thread_costs_nothing(server: PulseServer) -> None:
    """The reason that no Python runs on the audio thread: there, half of all frames would be lost."""
    for _ in range(8):
        latest = 0.0
        with subprocess.Popen(
            [sys.executable, "-c", _BUSY, server.address], stdout=subprocess.PIPE, text=True
        ) as program:
            while program.poll() is None:
                begin = time.monotonic()
                time.sleep(0.001)
                latest = max(latest, time.monotonic() - begin)
            answer, _ = program.communicate()
        lost, played = map(int, answer.split())
        assert played > 60_000
        if lost == 0:
            return
        assert latest > _FIT_SECONDS, f"{lost} frames were lost on a machine that was never busy"
    pytest.skip("the machine is too busy to tell")
