"""How sounds end: played to the last frame or cut at once, and told once; proven by what is recorded of them."""

from __future__ import annotations

from contextlib import contextmanager, suppress

from pcmio.errors import AbortStream, AudioError, OperationTimeout
from pcmio.events import EndReason, StreamEnded, StreamState
from pcmio.formats import SampleFormat
from pcmio.testing.configs import must_raise
from pcmio.testing.signals import Events, Noise, NoisePlayer, Recorder, assert_nothing_lost, sounds
from pcmio.testing.waiting import PATIENCE_SECONDS, until

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Generator
    from typing import Any

    from pcmio.contract import Device, Host, Stream
    from pcmio.testing.rig import Check, Rig
    from pcmio.timestamps import CallbackInfo

#: Ready when a sound is cut off: longer than any machine takes for that.
_READY_SECONDS = 4.0
_DEPTH_SECONDS = 0.5
_TAIL_SECONDS = 0.3


@contextmanager
def _recorded(rig: Rig, host: Host, play: Callable[[Device, dict[str, Any]], Stream]) -> Generator[tuple[Any, Any]]:
    """An output that ``play`` builds, and what gives all that was recorded once what was played must have arrived."""
    # First of all: where both share a card's one format, it is the output's to choose.
    output = play(rig.output_device(host, rig.config()), rig.options_for("output"))
    recorder = Recorder()
    listening = rig.input_device(host, rig.config()).build_input_stream(
        rig.config(), recorder, depth=_READY_SECONDS, **rig.options_for("input")
    )

    def heard() -> Any:
        end = recorder.frames + int(_TAIL_SECONDS * rig.sample_rate)
        until(lambda: recorder.frames >= end, "the recording of the tail")
        assert_nothing_lost(recorder.lost)
        return recorder.recorded()

    try:
        with listening:
            until(lambda: recorder.frames > 0, "the first recorded block")
            yield output, heard
    finally:
        output.close()


class _Cut(NoisePlayer):
    """Plays noise until it is told to abort."""

    def __init__(self, frames: Any) -> None:
        super().__init__(frames)
        self.abort = False

    def __call__(self, block: Any, info: CallbackInfo) -> None:
        """Play the next piece, or end."""
        if self.abort:
            raise AbortStream
        super().__call__(block, info)


def _assert_cut(rig: Rig, noise: Noise, recorded: Any, stream: Stream, handed: int) -> None:
    """What was heard is a beginning of what was handed over, and no more than the device had taken."""
    heard = recorded[sounds(recorded, SampleFormat.F32)]
    differs = (heard != noise.frames[: len(heard)]).any(axis=1)
    if differs.any():
        first = int(differs.argmax())
        if len(heard) - first > rig.echo_frames:
            noise.assert_begins_with(heard)
        _assert_echo(rig, heard[:first], heard[first:])
        heard = heard[:first]
    assert len(heard) <= stream.position < handed, f"{len(heard)} heard, {stream.position} taken, {handed} handed over"


def _assert_echo(rig: Rig, heard: Any, again: Any) -> None:
    """What came after the sound are its last frames, again and again, as long as the rig says."""
    import numpy as np

    what = f"{len(again)} frames after the first {len(heard)} are others"
    assert len(again) <= rig.echo_frames, what
    before = np.flatnonzero((heard == again[0]).all(axis=1))
    assert before.size, what
    assert (again == np.resize(heard[before[-1] :], again.shape)).all(), what


def a_stop_within_its_time_plays_the_last_frame(rig: Rig) -> str | None:
    """``stop(timeout)``: True, and all that the callback gave is heard, nothing after it."""
    if not rig.loops:
        return "not applicable: the rig has no loop"
    noise = Noise(SampleFormat.F32, 2, rig.sample_rate * 4, seed=21)
    player = NoisePlayer(noise.frames)

    def play(device: Device, options: dict[str, Any]) -> Stream:
        return device.build_output_stream(rig.config(), player, depth=_DEPTH_SECONDS, **options)

    with rig.open_host() as host, _recorded(rig, host, play) as (output, heard):
        output.start()
        until(lambda: output.position > 0, "the first frames")
        assert output.stop(PATIENCE_SECONDS) is True
        noise.frames = noise.frames[: player.at]
        noise.assert_within(heard())
    return None


def a_drain_that_is_given_up_plays_on(rig: Rig) -> str | None:
    """``drain(timeout)`` of a writer: OperationTimeout, and yet all is heard; a drain that waits longer returns."""
    if not rig.loops:
        return "not applicable: the rig has no loop"
    noise = Noise(SampleFormat.F32, 2, rig.sample_rate // 2, seed=22)

    def play(device: Device, options: dict[str, Any]) -> Any:
        return device.open_writer(rig.config(), depth=2 * _DEPTH_SECONDS, **options)

    with rig.open_host() as host, _recorded(rig, host, play) as (writer, heard):
        writer.write(noise.frames)
        try:
            writer.drain(0.001)
        except OperationTimeout:  # unless this thread was put aside for as long as it plays
            writer.drain(PATIENCE_SECONDS)
        assert writer.state is StreamState.STOPPED
        noise.assert_within(heard())
        writer.drain(0.0)  # nothing is left
    return None


def abort_cuts_the_sound_at_once(rig: Rig) -> str | None:
    """AbortStream in a callback whose stream has seconds ready: they are not heard, and nobody waits for them."""
    if not rig.loops:
        return "not applicable: the rig has no loop"
    noise = Noise(SampleFormat.F32, 2, rig.sample_rate * 20, seed=23)
    player, events = _Cut(noise.frames), Events()

    def play(device: Device, options: dict[str, Any]) -> Stream:
        return device.build_output_stream(rig.config(), player, events, depth=_READY_SECONDS, **options)

    with rig.open_host() as host, _recorded(rig, host, play) as (output, heard):
        output.start()
        until(lambda: output.position > rig.sample_rate // 10, "a part being played")
        player.abort = True
        assert output.wait(PATIENCE_SECONDS) is True
        assert output.reason is EndReason.ABORTED
        _assert_cut(rig, noise, heard(), output, player.at)
        assert events.of(StreamEnded) == [StreamEnded(EndReason.ABORTED)]
    return None


def a_closed_writer_is_silent_at_once(rig: Rig) -> str | None:
    """``close`` throws away what is written, and an exception that leaves the ``with`` block does; told once."""
    if not rig.loops:
        return "not applicable: the rig has no loop"
    noise = Noise(SampleFormat.F32, 2, int(rig.sample_rate * _READY_SECONDS * 0.9), seed=24)
    events = Events()

    def play(device: Device, options: dict[str, Any]) -> Any:
        return device.open_writer(rig.config(), depth=_READY_SECONDS, on_event=events, **options)

    def body(writer: Any) -> None:
        with writer:
            writer.write(noise.frames)
            until(lambda: writer.position > rig.sample_rate // 10, "a part being played")
            raise ZeroDivisionError

    with rig.open_host() as host, _recorded(rig, host, play) as (writer, heard):
        must_raise(ZeroDivisionError, lambda: body(writer))
        assert writer.state is StreamState.CLOSED
        _assert_cut(rig, noise, heard(), writer, len(noise.frames))
        until(lambda: bool(events.of(StreamEnded)), "the end being told")
        assert events.of(StreamEnded) == [StreamEnded(EndReason.CLOSED)]
    return None


def writers_and_readers_tell_their_end_once(rig: Rig) -> None:
    """When they are closed, and when their device or their server is lost: last of all, with its reason."""
    with rig.open_host() as host:
        for stream, events in _written_and_read(rig, host):
            stream.close()
            _assert_told(stream, events, EndReason.CLOSED)
        if rig.lose_device is None or rig.output is None:
            return
        (stream, events), *others = _written_and_read(rig, host)
        bring_back = rig.lose_device(host)
        try:
            until(lambda: stream.state is StreamState.CLOSED, "the end")
            _assert_told(stream, events, EndReason.DEVICE_LOST)
        finally:
            bring_back()
        for other, _ in others:
            with suppress(AudioError):  # its device may have gone along
                other.close()


def _written_and_read(rig: Rig, host: Host) -> list[tuple[Any, Events]]:
    """A writer and a reader, as far as the rig has both, under way, and what they tell."""
    opened: list[tuple[Any, Events]] = []
    if rig.output is not None:
        writer = rig.output_device(host).open_writer(rig.config(), on_event=(told := Events()))
        writer.write(bytes(8 * rig.block_frames))
        opened.append((writer, told))
    if rig.input is not None:
        reader = rig.input_device(host).open_reader(rig.config(), on_event=(told := Events()))
        reader.start()
        opened.append((reader, told))
    return opened


def _assert_told(stream: Any, events: Events, reason: EndReason) -> None:
    until(lambda: bool(events.of(StreamEnded)), "the end being told")
    (ended,) = events.of(StreamEnded)
    assert ended is events.all[-1]
    assert ended.reason is stream.reason is reason, f"{ended}, {stream.reason}"
    error: BaseException | None = ended.error
    if error is not None:
        assert must_raise(type(error), stream.wait) is error
    stream.close()
    assert len(events.of(StreamEnded)) == 1


CHECKS: tuple[Check, ...] = (
    a_stop_within_its_time_plays_the_last_frame,
    a_drain_that_is_given_up_plays_on,
    abort_cuts_the_sound_at_once,
    a_closed_writer_is_silent_at_once,
    writers_and_readers_tell_their_end_once,
)
