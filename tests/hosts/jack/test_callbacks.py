"""The core's callbacks, cycle by cycle, on a libjack that does what it is told."""

from __future__ import annotations

import threading
import time
from functools import partial
from typing import TYPE_CHECKING

import numpy as np
import pytest

from pcmio import _core
from pcmio._driver import Note
from pcmio.hosts.jack.stream import jack_core
from pcmio.testing import until

from .fake import DIRT, RATE, FakeJack, FakeStream

if TYPE_CHECKING:
    from collections.abc import Iterator

CAPTURE, PLAYBACK = 0, 1


@pytest.fixture
def jack() -> Iterator[FakeJack]:
    jack = FakeJack()
    jack.cycle(5)  # until its frame counter is believed
    yield jack
    jack.close()


def notes_of(stream: FakeStream, kind: int) -> list[Note]:
    return [note for note in stream.notes() if note.kind == kind]


# --- lost frames ------------------------------------------------------------------------------------------------------


def test_cycles_that_passed_without_us_are_lost_to_the_frame(jack: FakeJack) -> None:
    output, input_ = FakeStream(jack, outputs=(1,)), FakeStream(jack, inputs=(2,))
    output.run()
    input_.run()
    jack.cycle()
    silent = output.stats.xrun_frames  # the ring was empty
    jack.pass_by(3 * jack.period)
    jack.cycle()
    assert output.stats.xrun_frames == silent + 3 * jack.period + jack.period
    assert (input_.stats.xruns, input_.stats.xrun_frames) == (1, 3 * jack.period)
    output.leave()
    input_.leave()


def test_nothing_is_lost_while_every_cycle_comes_also_when_the_counter_wraps(jack: FakeJack) -> None:
    stream = FakeStream(jack, inputs=(1,))
    stream.run()
    jack.cycle(60)
    assert jack.frame > 2**32
    assert (stream.stats.xruns, stream.stats.xrun_frames) == (0, 0)
    stream.leave()


def test_frames_that_come_when_the_cycle_has_ended_are_lost(jack: FakeJack) -> None:
    output, input_ = FakeStream(jack, outputs=(1,)), FakeStream(jack, inputs=(2,))
    output.feed(8 * jack.period)
    output.run()
    input_.run()
    jack.cycle()
    jack.held_usecs = round(1.5e6 * jack.period / RATE)
    jack.cycle()
    jack.call("xrun")  # the server has seen it, too
    jack.cycle()
    assert (output.stats.xruns, output.stats.xrun_frames) == (1, jack.period)
    assert (input_.stats.xruns, input_.stats.xrun_frames) == (0, 0), "what was recorded had been fetched in time"
    jack.held_usecs = round(0.9e6 * jack.period / RATE)
    jack.cycle(2)
    assert (output.stats.xruns, output.stats.xrun_frames) == (1, jack.period)
    output.leave()
    input_.leave()


def test_frames_that_a_server_waits_for_are_not_lost(jack: FakeJack) -> None:
    """jackd -S reports nothing as long as its device has enough, and else what that lost."""
    output = FakeStream(jack, outputs=(1,))
    output.run()
    for _ in range(1 + RATE // 9 // jack.period):
        output.feed(jack.period)
        jack.cycle()
        jack.held_usecs = 0 if output.stats.cycles > 1 else round(1.5e6 * jack.period / RATE)
    jack.call("xrun")  # of something else
    for _ in range(2):
        output.feed(jack.period)
        jack.cycle()
    assert (output.stats.xruns, output.stats.xrun_frames) == (1, 0)
    jack.waits = True
    jack.held_usecs = round(1.5e6 * jack.period / RATE)
    output.feed(3 * jack.period)
    jack.cycle()
    for _ in range(2):
        jack.call("xrun")
        jack.cycle()
    assert output.stats.xrun_frames == 0
    output.leave()


def test_silence_that_comes_when_the_cycle_has_ended_is_not_lost_twice(jack: FakeJack) -> None:
    output = FakeStream(jack, outputs=(1,))
    output.run()
    jack.cycle()
    jack.held_usecs = round(1.5e6 * jack.period / RATE)
    jack.cycle()
    jack.call("xrun")
    jack.cycle()
    assert (output.stats.xruns, output.stats.xrun_frames) == (1, 3 * jack.period), "the ring is empty"
    output.feed(jack.period // 4)
    jack.held_usecs = round(1.5e6 * jack.period / RATE)
    jack.cycle()
    jack.call("xrun")
    jack.cycle()
    assert output.stats.xrun_frames == 5 * jack.period
    output.leave()


def test_a_stream_that_starts_after_a_cycle_that_was_late_has_lost_nothing(jack: FakeJack) -> None:
    output = FakeStream(jack, outputs=(1,))
    output.feed(4 * jack.period)
    jack.held_usecs = round(1.5e6 * jack.period / RATE)
    jack.cycle()
    output.run()
    jack.cycle(2)
    assert (output.stats.xruns, output.stats.xrun_frames) == (0, 0)
    output.leave()


def test_a_cycle_that_has_ended_when_it_begins_is_no_loss_of_frames(jack: FakeJack) -> None:
    """jackd2's times fall behind when it was held up, and nobody was late but the server, which says so."""
    output = FakeStream(jack, outputs=(1,))
    output.run()
    jack.cycle()
    silent = output.stats.xrun_frames  # the ring is empty
    jack.ahead_usecs = -round(3e6 * jack.period / RATE)
    jack.call("xrun")
    jack.cycle(2)
    assert (output.stats.xruns, output.stats.xrun_frames) == (2, silent + 2 * jack.period)
    output.leave()


@pytest.mark.parametrize("reports", [0, 1, 3])
@pytest.mark.parametrize("when", ["before", "after"])
def test_the_servers_report_of_the_same_xrun_does_not_count_again(jack: FakeJack, when: str, reports: int) -> None:
    stream = FakeStream(jack, inputs=(1,))
    stream.run()
    jack.cycle()
    jack.pass_by(jack.period)
    if when == "after":
        jack.cycle()
    for _ in range(reports):
        jack.call("xrun")
    jack.cycle(2)
    assert (stream.stats.xruns, stream.stats.xrun_frames) == (1, jack.period)
    stream.leave()


def test_a_report_counts_no_more_when_times_that_ran_ahead_come_back(jack: FakeJack) -> None:
    stream = FakeStream(jack, inputs=(1,))
    stream.run()
    jack.pass_by(jack.period)
    jack.ahead_usecs = 8_000
    jack.cycle()
    jack.ahead_usecs = 0
    jack.call("xrun")
    jack.cycle()
    assert (stream.stats.xruns, stream.stats.xrun_frames) == (1, jack.period)
    stream.leave()


def test_an_xrun_of_unknown_length_counts_with_no_frames(jack: FakeJack) -> None:
    output, input_ = FakeStream(jack, outputs=(1,)), FakeStream(jack, inputs=(2,))
    input_.run()
    jack.cycle()
    jack.call("xrun")
    jack.cycle(3)
    assert (input_.stats.xruns, input_.stats.xrun_frames) == (1, 0)
    assert output.stats.xruns == 0, "a stream that does not run loses nothing"
    output.leave()
    input_.leave()


def test_a_later_xrun_counts_again(jack: FakeJack) -> None:
    stream = FakeStream(jack, inputs=(1,))
    stream.run()
    jack.pass_by(jack.period)
    jack.cycle()
    jack.cycle(2 * RATE // 10 // jack.period)
    jack.call("xrun")
    jack.cycle()
    assert stream.stats.xruns >= 2
    stream.leave()


def test_a_jump_of_the_counter_while_the_period_changes_is_none_of_frames(jack: FakeJack) -> None:
    """jackd2 1.9.21 counts the first cycle after the change by the new period."""
    stream = FakeStream(jack, inputs=(1,))
    stream.run()
    jack.cycle(2)
    for period in (256, 16, 128):
        jack.frame += 1000
        jack.period = period
        jack.call("buffer_size", period)
        jack.cycle()
        jack.frame += period
        jack.cycle(4)
    assert stream.stats.xrun_frames == 0
    jack.pass_by(jack.period)
    jack.cycle()
    assert stream.stats.xrun_frames == jack.period, "and afterwards it is believed again"
    stream.leave()


def test_a_cycle_whose_time_libjack_does_not_know_is_served_all_the_same(jack: FakeJack) -> None:
    stream = FakeStream(jack, inputs=(1,))
    stream.run()
    jack.fails = True
    jack.cycle()
    jack.pass_by(1000)
    jack.cycle()
    assert (stream.stats.frames, stream.stats.xruns) == (2 * jack.period, 0)
    stream.leave()


def test_a_cycle_has_begun_when_it_is_run_whatever_libjack_says(jack: FakeJack) -> None:
    stream = FakeStream(jack, outputs=(1,))
    stream.run()
    begins: list[int] = []
    for ahead_usecs in (0, 400, 8_000):  # as it comes, smoothed a little, smoothed out of all sense
        jack.ahead_usecs = ahead_usecs
        usecs, frame = jack.usecs, stream.stats.frames
        jack.cycle()
        told = stream.pump.time_of(frame)
        assert told is not None
        begins.append(told - usecs * 1_000)
    assert begins[1] - begins[0] == 400_000
    assert begins[2] == begins[0]
    stream.leave()


# --- silence ----------------------------------------------------------------------------------------------------------


def test_an_idle_stream_is_silent(jack: FakeJack) -> None:
    stream = FakeStream(jack, outputs=(1, 2))
    jack.cycle()
    assert not stream.heard(1).any()
    assert not stream.heard(2).any()
    assert jack.buffers[1][jack.period] == DIRT, "and nothing is written behind the period"
    stream.leave()


def test_a_stream_leaves_after_a_cycle_of_silence(jack: FakeJack) -> None:
    stream = FakeStream(jack, outputs=(1,))
    jack.cycle()
    jack.buffers[1][:] = DIRT
    left = threading.Event()

    def leave() -> None:
        assert stream.leave(silence_nanos=20 * 10**9) == 0
        left.set()

    leaving = threading.Thread(target=leave)
    leaving.start()
    while not left.wait(0.001):
        jack.cycle()
    leaving.join()
    assert not stream.heard(1).any()
    jack.buffers[1][:] = DIRT
    jack.cycle()
    assert (stream.heard(1) == DIRT).all(), "afterwards nobody touches the port"


def test_a_server_that_does_not_cycle_is_not_waited_for_long(jack: FakeJack) -> None:
    stream = FakeStream(jack, outputs=(1,))
    assert stream.leave(silence_nanos=5_000_000) == 0


def test_while_freewheeling_nothing_moves_and_outputs_are_silent(jack: FakeJack) -> None:
    output, input_ = FakeStream(jack, outputs=(1,)), FakeStream(jack, inputs=(2,))
    output.run()
    input_.run()
    jack.cycle()
    moved = [(stream.stats.frames, stream.stats.xruns, stream.stats.cycles) for stream in (output, input_)]
    jack.call("freewheel", 1)
    jack.buffers[1][:] = DIRT
    jack.frame += 12_345
    jack.cycle(100)
    assert not output.heard(1).any()
    assert moved == [(stream.stats.frames, stream.stats.xruns, stream.stats.cycles) for stream in (output, input_)]
    assert len(notes_of(output, _core.NOTE_SUSPENDED)) == len(notes_of(input_, _core.NOTE_SUSPENDED)) == 1
    jack.call("freewheel", 0)
    jack.frame += 54_321
    jack.cycle(3)
    assert (input_.stats.frames, input_.stats.xruns) == (moved[1][0] + 3 * jack.period, moved[1][1])
    assert len(notes_of(output, _core.NOTE_RESUMED)) == 1
    output.leave()
    input_.leave()


# --- samples and times ------------------------------------------------------------------------------------------------


def test_ports_and_channels_are_each_others(jack: FakeJack) -> None:
    stream = FakeStream(jack, inputs=(3, 1, 2))
    stream.run()
    for port in (1, 2, 3):
        jack.buffers[port] = np.full(4096, port, np.float32)
    jack.cycle()
    assert np.frombuffer(stream.pump.blocks[0], np.float32).reshape(-1, 3)[0].tolist() == [3, 1, 2]
    stream.leave()


def test_latencies_are_asked_for_and_carried_on_by_each_stream_alone(jack: FakeJack) -> None:
    output, input_ = FakeStream(jack, outputs=(1, 2)), FakeStream(jack, inputs=(3, 4))
    both = FakeStream(jack, inputs=(5,), outputs=(6,))
    jack.latencies = {(1, PLAYBACK): 100, (2, PLAYBACK): 300, (3, CAPTURE): 200, (5, CAPTURE): 50, (6, PLAYBACK): 70}
    jack.call("latency", CAPTURE)
    jack.call("latency", PLAYBACK)
    assert output.pump.latency_nanos() == pytest.approx(300 * 1e9 / RATE, abs=1), "the longest of its ports"
    assert input_.pump.latency_nanos() == pytest.approx(200 * 1e9 / RATE, abs=1)
    alone = dict.fromkeys([(1, CAPTURE), (2, CAPTURE), (3, PLAYBACK), (4, PLAYBACK)], (0, 0))
    assert jack.published == {**alone, (6, CAPTURE): (50, 50), (5, PLAYBACK): (70, 70)}
    for stream in (output, input_, both):
        stream.leave()


def test_before_jack_tells_a_latency_a_period_is_assumed_also_when_it_changes(jack: FakeJack) -> None:
    stream = FakeStream(jack, outputs=(1,))
    jack_core().pcmio_jack_stream_measure(jack.address, stream.address)
    assert stream.pump.latency_nanos() == pytest.approx(64e9 / RATE, abs=1)
    jack.call("buffer_size", 1024)
    assert stream.pump.latency_nanos() == pytest.approx(1024e9 / RATE, abs=1)
    jack.call("latency", PLAYBACK)
    assert stream.pump.latency_nanos() == 0, "as of a cable from port to port"
    stream.leave()


# --- notes ------------------------------------------------------------------------------------------------------------


def test_only_changes_are_told(jack: FakeJack) -> None:
    stream = FakeStream(jack, outputs=(1,))
    jack.call("buffer_size", 64)
    jack.call("sample_rate", RATE)
    assert stream.notes() == []
    jack.call("buffer_size", 256)
    jack.call("sample_rate", 44_100)
    assert stream.notes() == [Note(_core.NOTE_BUFFER_CHANGED, 0, 256), Note(_core.NOTE_RATE_CHANGED, 0, 44_100)]
    stream.leave()


def test_a_lost_server_is_told_once_whoever_says_so(jack: FakeJack) -> None:
    streams = [FakeStream(jack, outputs=(port,)) for port in range(1, 6)]
    jack.call("shutdown", 0x21, b"the reason")
    jack.call("gone")
    jack.call("shutdown", 0x21, None)
    late = FakeStream(jack, outputs=(9,))
    jack.call("gone")
    for stream in (*streams, late):
        assert notes_of(stream, _core.NOTE_HOST_LOST) == [Note(_core.NOTE_HOST_LOST, 0x21, 0)]
        stream.leave()


def test_a_client_has_room_for_many_streams(jack: FakeJack) -> None:
    streams = [FakeStream(jack, outputs=(port,)) for port in range(1, 257)]
    jack.cycle()
    assert all(stream.stats.cycles == 1 for stream in streams)
    with pytest.raises(AssertionError):
        FakeStream(jack, outputs=(1000,))
    for stream in streams:
        stream.leave()


# --- ports that go ----------------------------------------------------------------------------------------------------


def test_each_port_goes_only_when_the_graph_is_in_order_after_the_last_change(jack: FakeJack) -> None:
    """libjack walks over the ports when it is put in order, and a port that goes then is read after it was freed."""

    def has_lost(ports: int) -> bool:
        return len(jack.gone) == ports

    jack_core().pcmio_jack_changing(jack.address)
    going = threading.Thread(target=jack.unregister, args=(1, 2, 3))
    going.start()
    for gone in range(4):
        until(partial(has_lost, gone), f"{gone} ports gone")
        going.join(0.05)
        assert len(jack.gone) == gone, "the change before has not been worked in"
        jack.call("graph_order")
    going.join()
    assert jack.gone == [1, 2, 3]


def test_a_server_that_never_puts_the_graph_in_order_is_waited_for_once(jack: FakeJack) -> None:
    jack_core().pcmio_jack_changing(jack.address)
    ports = (1, 2, 3, 4, 5, 6, 7, 8)
    begin = time.monotonic()
    assert jack.unregister(*ports, timeout_nanos=1_000_000_000) == 0
    assert 1 <= time.monotonic() - begin < 4, "it is waited for at each port"
    assert jack.gone == list(ports)


def test_ports_that_libjack_refuses_are_counted(jack: FakeJack) -> None:
    jack.stubborn = {2, 3}
    assert jack.unregister(1, 2, 3, timeout_nanos=0) == 2


def test_a_server_that_is_lost_is_not_asked_to_take_ports_back(jack: FakeJack) -> None:
    jack_core().pcmio_jack_changing(jack.address)
    going = threading.Thread(target=jack.unregister, args=(1, 2))
    going.start()
    jack.call("gone")
    going.join()
    assert jack.gone == []
    assert jack.unregister(3) == 0
    assert jack.gone == []
