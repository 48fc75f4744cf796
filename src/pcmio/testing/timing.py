"""Positions, clocks and latency."""

# ruff: noqa: B023 - what is handed to until() and must_raise() in a loop is called there and then

from __future__ import annotations

import time
from itertools import pairwise

from pcmio.errors import InvalidInput
from pcmio.events import StreamState
from pcmio.formats import SampleFormat
from pcmio.testing.configs import builder, must_raise, sides
from pcmio.testing.data import Loop
from pcmio.testing.signals import Counter, losses_of
from pcmio.testing.waiting import until

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from pcmio.contract import Stream
    from pcmio.testing.rig import Check, Rig
    from pcmio.timestamps import CallbackInfo

_SOME = 30
#: A clock that is wrong by more is no clock: wide enough for a busy machine.
_RATE_TOLERANCE = 0.3
#: Seconds: of what a server that was just started tells, on a busy machine.
_TIME_TOLERANCE = 0.05


def positions_grow_and_never_pass_what_was_handed_over(rig: Rig) -> None:
    """Sampled many times while running."""
    with rig.open_host() as host:
        for direction, device in sides(rig, host):
            with builder(device, direction)(rig.config(), counter := Counter(), **rig.options_for(direction)) as stream:
                seen = [0]
                while counter.calls < _SOME:
                    position = stream.position
                    assert position >= seen[-1], "the position went back"
                    if direction == "output":
                        stats = stream.stats
                        assert position <= (stats.blocks + 1) * rig.block_frames
                    if position != seen[-1]:
                        seen.append(position)
                    time.sleep(0.0005)  # between samples of a value that moves
                assert len(seen) > 2, "the position does not move"


def blocks_tell_where_they_stand(rig: Rig) -> None:
    """``info.position`` counts the frames before a block, over pauses and restarts too."""
    with rig.open_host() as host:
        for direction, device in sides(rig, host):
            stream = builder(device, direction)(rig.config(), counter := Counter())
            for round_ in (1, 2):
                stream.start()
                until(lambda: counter.calls >= 10 * round_, "blocks")
                stream.pause()
                stream.start()
                stream.stop(0)
            stream.close()
            positions = [info.position for info in counter.infos]
            assert positions == [rig.block_frames * index for index in range(len(positions))]


def timestamps_are_in_order(rig: Rig) -> None:
    """Callback times and device times never go back; output is heard after its callback, input was captured before."""
    with rig.open_host() as host:
        for direction, device in sides(rig, host):
            with builder(device, direction)(rig.config(), counter := Counter()) as stream:
                first = stream.now()
                until(lambda: counter.calls >= _SOME, "blocks")
                last = stream.now()
            stamps = [info.timestamp for info in counter.infos[:_SOME]]
            assert last > first
            for one, other in pairwise(stamps):
                assert other.callback >= one.callback
                assert other.device >= one.device
            later = stamps[_SOME // 2 :]
            assert all(stamp.callback <= last for stamp in later)
            # In the median: where the machine stood still, nobody knows yet of the frames that are lost.
            ahead = sorted(stamp.device - stamp.callback for stamp in later)[len(later) // 2]
            assert 0 <= ahead < 3 if direction == "output" else -3 < ahead <= 0, f"{direction}: {ahead:+.4f} s"


def device_time_keeps_step_with_frames(rig: Rig) -> None:
    """Over many blocks, one block's length for each."""
    with rig.open_host() as host:
        for direction, device in sides(rig, host):
            with builder(device, direction)(rig.config(), counter := Counter()) as stream:
                until(lambda: counter.calls >= 3 * _SOME, "blocks")
                lost = stream.stats.xrun_frames
            infos = counter.infos[_SOME : 3 * _SOME]
            frames = infos[-1].position - infos[0].position
            seconds = infos[-1].timestamp.device - infos[0].timestamp.device
            expected = frames / rig.sample_rate
            slack = expected * _RATE_TOLERANCE + lost / rig.sample_rate
            assert abs(seconds - expected) <= slack, (
                f"{direction}: {frames} frames took {seconds:.3f} s by its own clock"
            )


def the_stream_runs_at_its_rate(rig: Rig) -> None:
    """Frames that the device took or gave, against the machine's clock."""
    with rig.open_host() as host:
        for direction, device in sides(rig, host):
            with builder(device, direction)(rig.config(), Counter(), **rig.options_for(direction)) as stream:
                until(lambda: stream.position > rig.sample_rate // 5, "the stream being under way")
                begin = _Moment(stream)
                until(lambda: stream.position >= begin.frames + rig.sample_rate // 2, "half a second of frames")
                end = _Moment(stream)
            moved = end.frames - begin.frames
            least, most = moved / (end.after - begin.before), moved / (end.before - begin.after)
            low, high = (1 - _RATE_TOLERANCE) * rig.sample_rate, (1 + _RATE_TOLERANCE) * rig.sample_rate
            assert most >= low - 2 * (end.lost - begin.lost), f"{direction}: {most:.0f} frames a second"
            assert least <= high, f"{direction}: {least:.0f} frames a second"


class _Moment:
    """What a stream has moved, and the times between which it was asked: its asker may be put aside at any moment."""

    def __init__(self, stream: Stream) -> None:
        self.before = time.monotonic()
        self.frames = stream.position
        self.after = time.monotonic()
        self.lost = stream.stats.xrun_frames


def frames_are_told_their_times(rig: Rig) -> None:
    """Of what was and of what comes, over a pause; and a time leads back to its frame."""
    slack = int(_TIME_TOLERANCE * rig.sample_rate)
    with rig.open_host() as host:
        for direction, device in sides(rig, host):
            stream = builder(device, direction)(rig.config(), counter := Counter())
            assert stream.time_of(0) is None, "a time before the device has begun"
            assert stream.frame_at(stream.now()) is None
            latest = stream.now()
            for round_ in (1, 2):
                stream.start()
                until(lambda: counter.calls >= _SOME * round_, "blocks")
                # What a pause throws away of input has a position, and is in no block.
                frame = min(stream.position - 1, counter.infos[-1].position)
                was, comes = stream.time_of(frame), stream.time_of(frame + rig.sample_rate)
                lost = stream.stats.xrun_frames
                assert was is not None
                assert comes is not None
                assert was > latest - _TIME_TOLERANCE
                assert comes > was
                found = stream.frame_at(was)
                assert found is not None
                assert abs(found - frame) <= slack + lost, f"{direction}: frame {frame} leads to {found}"
                stream.pause()
                assert stream.time_of(frame + rig.sample_rate) is None, "a time of what comes while nothing moves"
                latest = stream.now()
            stream.close()
            assert stream.time_of(frame) is not None, "the past is forgotten at the end"
            must_raise(InvalidInput, lambda: stream.time_of(-1), "-1")


class _Clicks:
    """Silence, with a full frame at the beginning of a block when one is wanted."""

    def __init__(self) -> None:
        self.wanted = False
        self.frame = 0

    def __call__(self, block: Any, info: CallbackInfo) -> None:
        if self.wanted:
            block[0] = 1.0
            self.frame, self.wanted = info.position, False


def a_click_is_heard_when_its_frame_was_told_to_be(rig: Rig) -> str | None:
    """At first, after a pause, and after a new start: by the clocks of both streams."""
    if not rig.loops:
        return "not applicable: the rig has no loop"
    clicks = _Clicks()
    slack = _TIME_TOLERANCE + rig.alignment_frames / rig.sample_rate
    with rig.open_host() as host, Loop(rig, host, clicks, 2, SampleFormat.F32) as loop:
        for hold in (loop.output.pause, lambda: loop.output.stop(0), lambda: None):
            loop.output.start()
            begin = loop.recorder.frames
            clicks.wanted = True
            until(lambda: bool((loop.recorder.recorded()[begin:] == 1.0).any()), "the click in the recording")
            heard = begin + int((loop.recorder.recorded()[begin:, 0] == 1.0).argmax())
            told, captured = loop.output.time_of(clicks.frame), loop.input.time_of(heard)
            assert told is not None
            assert captured is not None
            # A host's streams share their clock, unless it is of the user's own making.
            with losses_of(loop.output, loop.input):
                assert abs(captured - told) <= slack, f"heard {captured - told:+.4f} s after its time"
            hold()
    return None


def latency_can_be_read_in_every_state(rig: Rig) -> None:
    """Never negative; while playing it has the ring in it."""
    with rig.open_host() as host:
        for direction, device in sides(rig, host):
            stream = builder(device, direction)(rig.config(), counter := Counter(), depth=0.1)
            states: list[StreamState] = []

            def look(stream: Stream = stream, states: list[StreamState] = states) -> None:
                latency = stream.latency
                assert latency.device >= 0
                assert latency.ring >= 0
                assert latency.total == latency.device + latency.ring
                states.append(stream.state)

            look()
            stream.start()
            until(lambda: counter.calls >= _SOME, "blocks")
            look()
            if direction == "output":
                until(lambda: stream.latency.ring > 0, "frames in the ring")
                assert stream.latency.ring <= 0.2
            stream.pause()
            look()
            stream.stop(0)
            look()
            stream.close()
            look()
            assert states == [
                StreamState.STOPPED, StreamState.RUNNING, StreamState.PAUSED, StreamState.STOPPED, StreamState.CLOSED
            ]  # fmt: skip


def wait_takes_the_time_it_was_given(rig: Rig) -> None:
    """Not less, and not much more."""
    with rig.open_host() as host:
        for direction, device in sides(rig, host):
            with builder(device, direction)(rig.config(), Counter()) as stream:
                before = time.monotonic()
                assert stream.wait(0.2) is False
                assert 0.19 <= time.monotonic() - before < 1.5


CHECKS: tuple[Check, ...] = (
    positions_grow_and_never_pass_what_was_handed_over,
    blocks_tell_where_they_stand,
    timestamps_are_in_order,
    device_time_keeps_step_with_frames,
    the_stream_runs_at_its_rate,
    frames_are_told_their_times,
    a_click_is_heard_when_its_frame_was_told_to_be,
    latency_can_be_read_in_every_state,
    wait_takes_the_time_it_was_given,
)
