"""Callbacks in machine code: the same promises, kept on the audio thread."""

# ruff: noqa: B023 - what is handed to until() and must_raise() in a loop is called there and then

from __future__ import annotations

from pcmio._sampler import Sampler
from pcmio.configs import StreamConfig
from pcmio.errors import StreamClosed
from pcmio.events import EndReason, StreamEnded, StreamState
from pcmio.formats import SampleFormat
from pcmio.testing.configs import builder, must_raise, sides
from pcmio.testing.signals import Counter, Events, Noise
from pcmio.testing.waiting import PATIENCE_SECONDS, until

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from pcmio.testing.rig import Check, Rig

#: There is no ring ahead: the system's own queue, of a few blocks, must outlast other programs' turns on the processor.
_BLOCK_SECONDS = 0.05
_RECORD_SECONDS = 20
_TAIL_SECONDS = 0.3
_ROUNDS = 20


def _config(rig: Rig, sample_format: SampleFormat = SampleFormat.F32) -> StreamConfig:
    return StreamConfig(2, rig.sample_rate, round(_BLOCK_SECONDS * rig.sample_rate), sample_format)


def _room(rig: Rig, sample_format: SampleFormat, seconds: float) -> Sampler:
    """What records so much."""
    import numpy as np

    frames: Any = np.zeros((round(seconds * rig.sample_rate), 2), sample_format.dtype)
    frames.view("u1")[:] = 0  # now there are pages behind it, which no audio thread has to wait for
    return Sampler(frames)


def _loop_is_exact(rig: Rig, sample_format: SampleFormat) -> None:
    noise = Noise(sample_format, 2, rig.sample_rate // 4, seed=13)
    player, recorder = Sampler(noise.frames.copy()), _room(rig, sample_format, _RECORD_SECONDS)
    config = _config(rig, sample_format)
    with rig.open_host() as host:
        output = rig.output_device(host, config).build_output_stream(config, player.player, **rig.options_for("output"))
        input_ = rig.input_device(host, config).build_input_stream(
            config, recorder.recorder, **rig.options_for("input")
        )
        with input_:
            until(lambda: recorder.at > 0, "the first recorded block")
            output.start()
            assert output.wait(PATIENCE_SECONDS), "the noise was not played to its end"
            assert output.reason is EndReason.FINISHED
            end = recorder.at + round(_TAIL_SECONDS * rig.sample_rate)
            until(lambda: recorder.at >= end, "the recording of the tail")
        lost = (output.stats.xrun_frames, input_.stats.xrun_frames)
        output.close()
    assert player.at == len(noise.frames)
    try:
        noise.assert_within(recorder.frames[: recorder.at])
    except AssertionError as error:
        raise type(error)(f"{sample_format}, frames lost (out, in) {lost}: {error}") from error


def native_callbacks_pass_the_loop_unchanged(rig: Rig) -> str | None:
    """From the first sample to the last, in every format, from one function to the other."""
    if not rig.loops:
        return "not applicable: the rig has no loop"
    for sample_format in rig.exact_formats:
        _loop_is_exact(rig, sample_format)
    return None


def a_native_callback_finishes_its_stream(rig: Rig) -> None:
    """What it returns ends the stream as StopStream does; blocks are whole, and what is counted is true."""
    config = _config(rig)
    block = config.buffer_size.frames or 0
    with rig.open_host() as host:
        for direction, device in sides(rig, host):
            sampler, events = _room(rig, config.sample_format, 3.5 * _BLOCK_SECONDS), Events()
            callback = sampler.player if direction == "output" else sampler.recorder
            stream = builder(device, direction)(config, callback, events)
            assert (stream.config.buffer_size.frames, sampler.at) == (block, 0)
            assert stream.latency.ring == 0.0
            with stream:
                assert stream.wait(PATIENCE_SECONDS), f"the {direction} did not end"
                assert (stream.state, stream.reason) == (StreamState.CLOSED, EndReason.FINISHED)
            assert sampler.at == len(sampler.frames)
            # An output plays the block that it began; an input takes no more than it has room for.
            assert stream.stats.blocks == (4 if direction == "output" else 3)
            assert stream.position == stream.stats.frames == 4 * block
            assert events.all[-1] == StreamEnded(EndReason.FINISHED)
            must_raise(StreamClosed, stream.start)


def a_native_callback_goes_on_after_a_pause_and_after_a_stop(rig: Rig) -> None:
    """Where it was."""
    with rig.open_host() as host:
        for direction, device in sides(rig, host):
            sampler = _room(rig, SampleFormat.F32, _RECORD_SECONDS)
            callback = sampler.player if direction == "output" else sampler.recorder
            with builder(device, direction)(_config(rig), callback) as stream:
                for hold in (stream.pause, stream.stop, lambda: stream.stop(0)):
                    mark = sampler.at
                    until(lambda: sampler.at > mark, f"the {direction} callback being called")
                    hold()
                    assert stream.state is not StreamState.RUNNING
                    stream.start()
                mark = sampler.at
                until(lambda: sampler.at > mark, f"the {direction} callback being called again")
                if direction == "output":  # an input's position counts what it threw away at the start, too
                    assert stream.position <= sampler.at


def no_native_callback_is_called_after_close(rig: Rig) -> None:
    """Nor before start; closing waits for one that is at work."""
    with rig.open_host() as host:
        for direction, device in sides(rig, host):
            for _ in range(_ROUNDS):
                sampler = _room(rig, SampleFormat.F32, _RECORD_SECONDS)
                callback = sampler.player if direction == "output" else sampler.recorder
                stream = builder(device, direction)(rig.config(), callback)
                assert sampler.at == 0
                stream.start()
                until(lambda: sampler.at > 0, f"the {direction} callback being called")
                stream.close()
                mark = sampler.at
                with builder(device, direction)(rig.config(), Counter()) as other:  # whose time passes
                    until(lambda: other.stats.cycles > 2, "cycles of another stream")
                assert sampler.at == mark, f"the {direction} callback was called after close()"


CHECKS: tuple[Check, ...] = (
    native_callbacks_pass_the_loop_unchanged,
    a_native_callback_finishes_its_stream,
    a_native_callback_goes_on_after_a_pause_and_after_a_stop,
    no_native_callback_is_called_after_close,
)
