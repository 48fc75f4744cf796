"""Samples: every one arrives, once, in order, unchanged."""

# ruff: noqa: B023 - what is handed to until() and must_raise() in a loop is called there and then

from __future__ import annotations

import threading

from pcmio.errors import InvalidInput, StreamClosed
from pcmio.events import EndReason, StreamState
from pcmio.formats import SampleFormat
from pcmio.testing.configs import builder, must_raise, sides
from pcmio.testing.signals import Counter, Noise, Recorder, sounds
from pcmio.testing.waiting import PATIENCE_SECONDS, until

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from typing import Any

    from typing_extensions import Self

    from pcmio.contract import Host, Stream
    from pcmio.testing.rig import Check, Rig

#: Kept ready in the checks of data, so that a busy machine cannot cost a sample.
_DEPTH_SECONDS = 0.5
_TAIL_SECONDS = 0.3


class Loop:
    """An output and an input stream on the rig's loop."""

    def __init__(
        self,
        rig: Rig,
        host: Host,
        play: Callable[[Any, Any], object],
        channels: int,
        sample_format: SampleFormat,
        *,
        chosen: tuple[Sequence[int], Sequence[int]] = ((), ()),
        convert: str = "format",
    ) -> None:
        config = rig.config(channels, sample_format)
        played, recorded = (config.replace(channels=one) if one else config for one in chosen)
        self.rig = rig
        self.recorder = Recorder()
        self.output: Stream = rig.output_device(host, config).build_output_stream(
            played, play, depth=_DEPTH_SECONDS, convert=convert, **rig.options_for("output")
        )
        self.input: Stream = rig.input_device(host, config).build_input_stream(
            recorded, self.recorder, depth=_DEPTH_SECONDS * 4, convert=convert, **rig.options_for("input")
        )

    def __enter__(self) -> Self:
        self.input.start()
        until(lambda: self.recorder.frames > 0, "the first recorded block")
        return self

    def __exit__(self, *_: object) -> None:
        self.output.close()
        self.input.close()

    def record_tail(self) -> Any:
        """All that was recorded, once what was played must have arrived."""
        end = self.recorder.frames + int(_TAIL_SECONDS * self.rig.sample_rate)
        until(lambda: self.recorder.frames >= end, "the recording of the tail")
        return self.recorder.recorded()


def _loop_is_exact(rig: Rig, channels: int, sample_format: SampleFormat) -> None:
    noise = Noise(sample_format, channels, rig.sample_rate // 4, seed=channels)
    with rig.open_host() as host, Loop(rig, host, noise.player(), channels, sample_format) as loop:
        loop.output.start()
        assert loop.output.wait(PATIENCE_SECONDS), "the noise was not played to its end"
        assert loop.output.reason is EndReason.FINISHED
        recorded = loop.record_tail()
        lost = (loop.output.stats.xrun_frames, loop.input.stats.xrun_frames)
    try:
        noise.assert_within(recorded)
    except AssertionError as error:
        raise type(error)(f"{sample_format}, {channels} channels, frames lost (out, in) {lost}: {error}") from error


def every_format_passes_the_loop_unchanged(rig: Rig) -> str | None:
    """From the first sample to the last: the end of the noise is the end of a drained stream."""
    if not rig.loops:
        return "not applicable: the rig has no loop"
    for sample_format in rig.exact_formats:
        _loop_is_exact(rig, 2, sample_format)
    return None


def every_channel_count_passes_the_loop_unchanged(rig: Rig) -> str | None:
    """No sample in its neighbour's place."""
    if not rig.loops:
        return "not applicable: the rig has no loop"
    for channels in rig.channel_counts:
        _loop_is_exact(rig, channels, rig.exact_formats[0])
    return None


def a_pause_loses_nothing(rig: Rig) -> str | None:
    """Frames that were handed over before are played after it; silence may stand between."""
    if not rig.loops:
        return "not applicable: the rig has no loop"
    noise = Noise(SampleFormat.F32, 2, rig.sample_rate, seed=7)
    with rig.open_host() as host, Loop(rig, host, noise.player(), 2, SampleFormat.F32) as loop:
        loop.output.start()
        for share in (4, 2):
            until(lambda: loop.output.position > rig.sample_rate // share, "a part being played")
            loop.output.pause()
            assert loop.output.state is StreamState.PAUSED
            loop.output.start()
        assert loop.output.wait(PATIENCE_SECONDS)
        noise.assert_heard_in_pieces(loop.record_tail())
    return None


def stop_plays_the_last_frame(rig: Rig) -> str | None:
    """``stop()`` without a limit: all that was handed over is heard, nothing after it."""
    if not rig.loops:
        return "not applicable: the rig has no loop"
    noise = Noise(SampleFormat.F32, 2, rig.sample_rate * 4, seed=9)
    player = noise.player()
    with rig.open_host() as host, Loop(rig, host, player, 2, SampleFormat.F32) as loop:
        loop.output.start()
        until(lambda: loop.output.position > 5 * rig.block_frames, "some blocks being played")
        assert loop.output.stop() is True
        handed = player.at
        noise.frames = noise.frames[:handed]
        noise.assert_within(loop.record_tail())
    return None


def stop_at_once_throws_the_rest_away(rig: Rig) -> str | None:
    """``stop(0)``: what is heard is a beginning of what was handed over, and a restart begins with new frames."""
    if not rig.loops:
        return "not applicable: the rig has no loop"
    noise = Noise(SampleFormat.F32, 2, rig.sample_rate * 8, seed=11)
    player = noise.player()
    with rig.open_host() as host, Loop(rig, host, player, 2, SampleFormat.F32) as loop:
        loop.output.start()
        until(lambda: loop.output.position > 5 * rig.block_frames, "some blocks being played")
        assert loop.output.stop(0) is False
        recorded = loop.record_tail()
        assert 0 < int(sounds(recorded, SampleFormat.F32).sum()) < player.at
        noise.assert_begins_with(recorded)
        mark, begin = player.at, len(recorded)
        loop.output.start()
        until(lambda: bool(loop.recorder.recorded()[begin:].any()), "sound after the restart")
        loop.output.stop(0)
        later = loop.record_tail()[begin:]
        # Frames of before are not played again.
        Noise.of(SampleFormat.F32, noise.frames[mark:]).assert_begins_with(later)
    return None


def an_untouched_block_is_silent(rig: Rig) -> str | None:
    """A callback that writes nothing, or a part, never repeats old sound."""
    if not rig.loops:
        return "not applicable: the rig has no loop"
    for sample_format in rig.exact_formats:
        silence = sample_format.silence
        wrong: list[bytes] = []

        def data(
            block: Any, _info: Any, silence: bytes = silence, wrong: list[bytes] = wrong, size: int = len(silence)
        ) -> None:
            if block.tobytes() != silence * (block.nbytes // size):
                wrong.append(block.tobytes()[:64])
            block.view("u1")[: len(block) // 2] = 0x55

        with rig.open_host() as host:
            stream = rig.output_device(host).build_output_stream(rig.config(2, sample_format), data)
            with stream:
                until(lambda: stream.stats.blocks > 40, "the ring coming round")
        assert not wrong, f"a {sample_format} block arrived with old samples: {wrong[0]!r}"
    return None


def an_input_without_sound_still_delivers(rig: Rig) -> str | None:
    """Silence at the stream's rate."""
    if not rig.loops:
        return "not applicable: the rig has no loop"
    with rig.open_host() as host:
        recorder = Recorder()
        with rig.input_device(host).build_input_stream(rig.config(), recorder):
            until(lambda: recorder.frames >= rig.sample_rate // 10, "a tenth of a second")
        assert not recorder.recorded().any()
    return None


def two_outputs_are_heard_together(rig: Rig) -> str | None:
    """Both reach the loop, added."""
    if not rig.loops:
        return "not applicable: the rig has no loop"
    if not rig.mixes:
        return "not applicable: the output does not mix"
    with rig.open_host() as host:
        options = rig.options_for("output")
        device = rig.output_device(host)
        one = device.build_output_stream(rig.config(), _constant(0.25), **options)
        other = device.build_output_stream(rig.config(), _constant(0.5), **options)
        with Loop(rig, host, _constant(0.0), 2, SampleFormat.F32) as loop, one, other:
            seen: set[float] = set()

            def both() -> bool:
                recorded = loop.recorder.recorded()
                seen.update(round(float(value), 4) for value in recorded[-64:, 0])
                return 0.75 in seen

            until(both, "the sum of two streams in the recording")
    return None


def _constant(level: float) -> Callable[[Any, Any], None]:
    def data(block: Any, _info: Any) -> None:
        block[:] = level

    return data


def a_volume_scales_and_mute_silences(rig: Rig) -> str | None:
    """Of an output as of an input, set before the start and while it runs; it stays over a stop; 1.0 is exact again."""
    if not rig.loops:
        return "not applicable: the rig has no loop"
    with rig.open_host() as host, Loop(rig, host, _constant(0.5), 2, SampleFormat.F32) as loop:
        recorder = loop.recorder

        def becomes(level: float, what: str) -> None:
            # Servers count volume in steps of their own.
            until(lambda: bool((abs(recorder.recorded()[-64:] - level) <= 0.001 * level).all()), what)

        for stream in (loop.output, loop.input):
            stream.volume, stream.muted = 1.0, False
            assert (stream.volume, stream.muted) == (1.0, False)
        loop.output.volume = 0.25
        loop.output.start()
        becomes(0.125, "the volume that was set before the start")
        loop.output.stop(0)
        becomes(0.0, "silence after the stop")
        assert loop.output.volume == 0.25
        loop.output.start()
        becomes(0.125, "the volume that was set before the stop")
        loop.output.volume = 1.0
        becomes(0.5, "full volume")
        loop.output.muted = True
        becomes(0.0, "silence")
        assert (loop.output.volume, loop.output.muted) == (1.0, True)
        loop.output.muted = False
        loop.input.volume = 0.5
        becomes(0.25, "the input's volume")
        loop.input.volume, loop.input.muted = 1.0, True
        becomes(0.0, "silence of the input")
        loop.input.muted = False
        becomes(0.5, "sound after silence")
        until(lambda: bool((recorder.recorded()[-64:] == 0.5).all()), "full volume, which is exact")
        must_raise(InvalidInput, lambda: setattr(loop.output, "volume", -1), "volume", "-1")
        must_raise(InvalidInput, lambda: setattr(loop.output, "muted", "no"), "muted", "'no'")
        loop.output.close()
        assert loop.output.volume == 1.0
        must_raise(StreamClosed, lambda: setattr(loop.output, "volume", 0.5))
    return None


def input_and_output_work_at_once(rig: Rig) -> None:
    """Each in its own thread, together."""
    with rig.open_host() as host:
        counters: list[Counter] = []
        streams: list[Stream] = []
        for direction, device in sides(rig, host):
            counters.append(Counter())
            streams.append(builder(device, direction)(rig.config(), counters[-1]))
        for stream in streams:
            stream.start()
        until(lambda: all(counter.calls > 10 for counter in counters), "blocks in both directions")
        assert len({counter.thread for counter in counters} | {threading.get_ident()}) == len(counters) + 1
        for stream in streams:
            stream.close()


CHECKS: tuple[Check, ...] = (
    every_format_passes_the_loop_unchanged,
    every_channel_count_passes_the_loop_unchanged,
    a_pause_loses_nothing,
    stop_plays_the_last_frame,
    stop_at_once_throws_the_rest_away,
    an_untouched_block_is_silent,
    an_input_without_sound_still_delivers,
    two_outputs_are_heard_together,
    a_volume_scales_and_mute_silences,
    input_and_output_work_at_once,
)
