"""What is played to a sink of the same format arrives at its monitor, sample for sample."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from pcmio import EndReason, SampleFormat, StreamConfig
from pcmio.testing import Noise, until
from pcmio.testing.signals import Recorder, assert_no_xruns, assert_nothing_lost

if TYPE_CHECKING:
    from typing import Any

    import pcmio

F, S = SampleFormat, 44_100
# Large, as are the blocks: another program's turn on the processor must not cost a sample.
_DEPTH_SECONDS = 0.5

pytestmark = pytest.mark.usefixtures("standstills")


def loop(host: pcmio.Host, sink: str, config: StreamConfig, play: Any, *, record: StreamConfig | None = None) -> Any:
    """Play until the callback ends its stream; all that the monitor gave meanwhile, and a little longer."""
    recorder = Recorder()
    source = host.device_by_id(f"pulseaudio:{sink}.monitor")
    output = host.device_by_id(f"pulseaudio:{sink}").build_output_stream(config, play, depth=_DEPTH_SECONDS)
    with source.build_input_stream(record or config, recorder, depth=4 * _DEPTH_SECONDS) as recording:
        until(lambda: recorder.frames, "the first recorded block")
        with output:
            assert output.wait(20)
            assert output.reason is EndReason.FINISHED
        end = recorder.frames + config.sample_rate // 4
        until(lambda: recorder.frames >= end, "the tail of the recording")
        assert_nothing_lost(recording.stats.xrun_frames)
    return recorder.recorded()


@pytest.mark.parametrize(
    ("sink", "rate", "sample_format"),
    [
        ("main", 48_000, F.F32),
        ("main", 48_000, F.F64),
        ("s16", S, F.I16),
        ("s16", S, F.U16),
        ("s24", 48_000, F.I24_PACKED),
        ("s24", 48_000, F.U24_PACKED),
        ("s24", 48_000, F.I24),
        ("s24in32", 48_000, F.I24),
        ("s24in32", 48_000, F.U24),
        ("s32", 48_000, F.I32),
        ("s32", 48_000, F.U32),
        ("s32", 48_000, F.I24),
        ("u8", 8_000, F.U8),
        ("u8", 8_000, F.I8),
    ],
)
def test_every_format_arrives_exactly(host: pcmio.Host, sink: str, rate: int, sample_format: SampleFormat) -> None:
    noise = Noise(sample_format, 2, rate // 2)
    recorded = loop(host, sink, StreamConfig(2, rate, rate // 10, sample_format), noise.player())
    noise.assert_within(recorded)


@pytest.mark.parametrize(
    ("sink", "rate", "channels", "sample_format"),
    [("mono", 16_000, 1, F.I16), ("surround", 48_000, 6, F.F32), ("many", 96_000, 32, F.F32)],
)
def test_every_channel_arrives_where_it_belongs(
    host: pcmio.Host, sink: str, rate: int, channels: int, sample_format: SampleFormat
) -> None:
    noise = Noise(sample_format, channels, rate // 2)
    recorded = loop(host, sink, StreamConfig(channels, rate, rate // 20, sample_format), noise.player())
    noise.assert_within(recorded)


def test_five_point_one_is_in_the_order_of_wave_files(host: pcmio.Host, server: Any) -> None:
    """The sink's own order has the centre and the subwoofer last."""
    config = StreamConfig(6, 48_000, 1_024)
    with host.device_by_id("pulseaudio:surround").build_output_stream(config, lambda *_: None, stream_name="Film"):
        listed = server.pactl("list", "sink-inputs")
    assert "Channel Map: front-left,front-right,front-center,lfe,rear-left,rear-right" in listed


def test_a_channel_map_can_be_given(host: pcmio.Host, server: Any) -> None:
    config = StreamConfig(2, 48_000, 1_024)
    device = host.device_by_id("pulseaudio:surround")
    with device.build_output_stream(config, lambda *_: None, channel_map="rear-left, LFE"):
        assert "Channel Map: rear-left,lfe" in server.pactl("list", "sink-inputs")
    for wrong in ("front-left", "front-left,nowhere"):
        with pytest.raises(ValueError, match=r"channel_map|position"):
            device.build_output_stream(config, lambda *_: None, channel_map=wrong)


@pytest.mark.parametrize("frames", [1, 64, 100, 441, 5_000])
def test_blocks_of_any_size_pass_unchanged(host: pcmio.Host, frames: int) -> None:
    """With periods of a millisecond a busy machine makes the server run dry: that must cost silence, and no frame."""
    noise = Noise(F.F32, 2, 12_000)
    config = StreamConfig(2, 48_000, frames)
    recorded = loop(host, "main", config, noise.player(), record=StreamConfig(2, 48_000, 1_024))
    noise.assert_heard_in_pieces(recorded)


def test_a_sink_of_another_rate_gets_the_same_tone(host: pcmio.Host) -> None:
    import numpy as np

    seconds = np.arange(48_000) / 48_000
    tone = np.stack([np.sin(2 * np.pi * 1_000 * seconds)] * 2, axis=1).astype("f4") * 0.5
    noise = Noise(F.F32, 2, len(tone))
    noise.frames = tone
    recorded = loop(host, "s16", StreamConfig(2, 48_000, 960), noise.player(), record=StreamConfig(2, 44_100, 882))
    spectrum = np.abs(np.fft.rfft(recorded[: 44_100 // 2 * 2, 0]))
    assert np.argmax(spectrum) * 44_100 / (44_100 // 2 * 2) == pytest.approx(1_000, abs=2)


def test_draining_plays_the_last_sample_and_no_silence_before_it(host: pcmio.Host) -> None:
    """The noise ends in the middle of a block and of a period."""
    noise = Noise(F.F32, 2, 10_007)
    config = StreamConfig(2, 48_000, 512)
    at = 0

    def play(block: Any, _info: Any) -> None:
        nonlocal at
        piece = noise.frames[at : at + len(block)]
        block[: len(piece)] = piece
        at += len(piece)

    recorder = Recorder()
    with host.device_by_id("pulseaudio:main.monitor").build_input_stream(config, recorder, depth=2.0):
        until(lambda: recorder.frames, "the first recorded block")
        with host.device_by_id("pulseaudio:main").build_output_stream(config, play, depth=_DEPTH_SECONDS) as output:
            until(lambda: at == len(noise.frames), "all to be handed over")
            assert output.stop()
            drained_at = recorder.frames
            assert output.latency.ring == 0.0
        until(lambda: recorder.frames >= drained_at + 12_000, "the tail of the recording")
    noise.assert_within(recorder.recorded())


def test_a_pause_keeps_every_frame(host: pcmio.Host) -> None:
    noise = Noise(F.F32, 2, 48_000)
    config = StreamConfig(2, 48_000, 512)
    recorder = Recorder()
    with host.device_by_id("pulseaudio:main.monitor").build_input_stream(config, recorder, depth=2.0):
        until(lambda: recorder.frames, "the first recorded block")
        with host.device_by_id("pulseaudio:main").build_output_stream(
            config, noise.player(), depth=_DEPTH_SECONDS
        ) as output:
            for _ in range(5):
                paused_at = recorder.frames
                output.pause()
                position = output.position
                until(lambda: recorder.frames >= paused_at + 4_800, "some time to pass")  # noqa: B023
                assert output.position == position
                output.start()
                until(lambda: output.position > position, "the stream to go on")  # noqa: B023
            assert output.wait(20)
            assert_no_xruns(output.stats)
            end = recorder.frames + 12_000
        until(lambda: recorder.frames >= end, "the tail of the recording")
    noise.assert_heard_in_pieces(recorder.recorded())


def test_stopping_at_once_throws_the_rest_away(host: pcmio.Host) -> None:
    """What the server has queued is not heard after the next start."""
    config = StreamConfig(2, 48_000, 4_800)
    recorder = Recorder()
    value = 0.25

    def play(block: Any, _info: Any) -> None:
        block[:] = value

    with host.device_by_id("pulseaudio:main.monitor").build_input_stream(config, recorder, depth=2.0):
        until(lambda: recorder.frames, "the first recorded block")
        with host.device_by_id("pulseaudio:main").build_output_stream(config, play) as output:
            until(lambda: output.position > 9_600, "some frames to be played")
            output.stop(0)
            value = 0.5
            output.start()
            until(lambda: output.position > 48_000, "more frames to be played")
            until(lambda: bool((recorder.recorded()[:, 0] == 0.5).any()), "these in the recording")
        recorded = recorder.recorded()[:, 0]
    first = int((recorded == 0.5).argmax())
    assert not (recorded[first:] == 0.25).any()
