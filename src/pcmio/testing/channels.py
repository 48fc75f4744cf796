"""Channels: which of the device's they are, what they are called, and frames turned into channels without a copy."""

from __future__ import annotations

from importlib.util import find_spec

from pcmio.configs import StreamConfig
from pcmio.descriptions import Channel, Direction
from pcmio.errors import InvalidInput, UnsupportedConfig
from pcmio.formats import SampleFormat
from pcmio.testing.configs import builder, must_raise, sides
from pcmio.testing.data import Loop
from pcmio.testing.signals import Noise, Recorder, losses_of
from pcmio.testing.waiting import PATIENCE_SECONDS, until

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from pcmio.contract import Device
    from pcmio.testing.rig import Check, Rig

_MOST = 6
_OTHER_RATE = 22_050


def chosen_channels_are_played_and_recorded_in_their_order(rig: Rig) -> str | None:
    """Two of an output's, the last and the first; all of an input's, backwards, and one of them twice."""
    import numpy as np

    count = max((one for one in rig.channel_counts if one <= _MOST), default=1)
    if not rig.loops or count == 1:
        return "not applicable: the rig has no loop of several channels"
    config = rig.config(count)
    noise = Noise(config.sample_format, 2, rig.sample_rate // 8, seed=21)
    played, recorded = [count - 1, 0], [*reversed(range(count)), count - 1]
    with (
        rig.open_host() as host,
        Loop(rig, host, noise.player(), count, config.sample_format, chosen=(played, recorded)) as loop,
    ):
        assert (loop.output.config.channels, loop.output.config.device_channels) == (2, tuple(played))
        assert loop.input.config.device_channels == tuple(recorded)
        loop.output.start()
        assert loop.output.wait(PATIENCE_SECONDS), "the noise was not played to its end"
        heard = loop.record_tail()
    device = np.zeros((len(noise.frames), count), noise.frames.dtype)
    device[:, played] = noise.frames
    noise.frames = device[:, recorded]
    noise.assert_within(heard)
    return None


def a_channel_that_is_not_there_is_refused(rig: Rig) -> None:
    """By its number; and one that an output would play twice."""
    with rig.open_host() as host:
        for direction, device in sides(rig, host):
            build, config = builder(device, direction), rig.config()
            must_raise(UnsupportedConfig, lambda: build(config.replace(channels=[0, 999]), Recorder()), "999")  # noqa: B023
            assert not device.supports(config.replace(channels=[0, 999]), Direction(direction))
            assert device.supports(config.replace(channels=[0]), Direction(direction))
        if rig.output is not None:
            twice = StreamConfig([0, 0], rig.sample_rate)
            must_raise(InvalidInput, lambda: rig.output_device(host).build_output_stream(twice, Recorder()), "0")


def channels_are_told_in_their_order(rig: Rig) -> None:
    """As many as a stream of the default config has, at least; or nothing at all."""
    with rig.open_host() as host:
        for direction, device in sides(rig, host):
            told = device.channels(Direction(direction))
            default = device.default_output_config() if direction == "output" else device.default_input_config()
            assert isinstance(told, tuple)
            assert all(isinstance(one, Channel) for one in told), told
            assert not told or len(told) >= default.channels, f"{told} for {default}"


def blocks_can_be_turned_without_a_copy(rig: Rig) -> None:
    """``frames.T`` is a view of shape (channels, frames): its strides are a sample and a frame."""
    with rig.open_host() as host:
        for direction, device in sides(rig, host):
            seen: list[tuple[Any, ...]] = []

            def data(frames: Any, _info: Any, seen: list[tuple[Any, ...]] = seen) -> None:
                import numpy as np

                planes = frames.T
                seen.append((planes.shape, planes.strides, np.shares_memory(planes, frames), planes.flags.writeable))

            with builder(device, direction)(rig.config(), data) as stream:
                until(lambda: bool(seen), "a block")  # noqa: B023
                size = stream.config.sample_format.sample_bytes
                shape, strides = (2, stream.config.buffer_size.frames), (size, 2 * size)
            assert seen[0] == (shape, strides, True, direction == "output"), seen[0]


def never_means_no_bit_is_lost(rig: Rig) -> str | None:
    """The device's own config passes the loop unchanged; a format that holds fewer bits is refused, either way."""
    if not rig.loops:
        return "not applicable: the rig has no loop"
    if not rig.has_own_format:
        return "not applicable: the loop has another format than the output"
    with rig.open_host() as host:
        own = rig.output_device(host).default_output_config().sample_format
        config = rig.config(2, own)
        coarse = config.replace(sample_format=SampleFormat.I8)
        noise = Noise(own, 2, rig.sample_rate // 8, seed=22)
        with Loop(rig, host, noise.player(), 2, own, convert="never") as loop:
            loop.output.start()
            assert loop.output.wait(PATIENCE_SECONDS), "the noise was not played to its end"
            noise.assert_within(loop.record_tail())
        fine = config.replace(sample_format=SampleFormat.F64)
        for direction, device in sides(rig, host):
            build = builder(device, direction)
            lossy = coarse if direction == "input" else fine
            if own is not lossy.sample_format and not _holds_all(device, lossy, direction):
                must_raise(UnsupportedConfig, lambda: build(lossy, Recorder(), convert="never"), "bits")  # noqa: B023
            must_raise(InvalidInput, lambda: build(config, Recorder(), convert="perhaps"), "convert", "perhaps")  # noqa: B023
    return None


def _holds_all(device: Device, config: StreamConfig, direction: str) -> bool:
    """Whether the device has a format of its own for these, or one as good."""
    ranges = device.supported_output_configs() if direction == "output" else device.supported_input_configs()
    formats = [one.sample_format for one in ranges]
    wanted = config.sample_format
    return any(one.holds(wanted) if direction == "output" else wanted.holds(one) for one in formats)


def a_callback_is_converted_to_on_demand(rig: Rig) -> str | None:
    """Another rate, whoever resamples, the host or pcmio: blocks of the size asked for, as loud, as long."""
    if not rig.loops:
        return "not applicable: the rig has no loop"
    if find_spec("soxr") is None:
        return "not applicable: soxr is not installed"
    import numpy as np

    frames: Any = np.arange(_OTHER_RATE // 2)
    tone = Noise(SampleFormat.F32, 2, 1)
    tone.frames = (0.5 * np.sin(2 * np.pi * 441 * frames / _OTHER_RATE)).astype("f4").repeat(2).reshape(-1, 2)
    config = StreamConfig(2, _OTHER_RATE, 300)  # hosts have different ideas of what mono is
    with rig.open_host() as host:
        recorder = Recorder()
        output = rig.output_device(host).build_output_stream(
            config, tone.player(), depth=0.5, convert="auto", **rig.options_for("output")
        )
        with rig.input_device(host).build_input_stream(
            config, recorder, depth=2.0, convert="auto", **rig.options_for("input")
        ) as heard:
            until(lambda: recorder.frames > 0, "the first recorded block")
            assert output.config == heard.config == config
            output.start()
            assert output.wait(PATIENCE_SECONDS), "the tone was not played to its end"
            end = recorder.frames + _OTHER_RATE // 2
            until(lambda: recorder.frames >= end, "the recording of the tail")
        samples: Any = recorder.recorded()[:, 1]
        sounding: Any = np.flatnonzero(np.abs(samples) > 0.001)
        assert sounding.size, f"nothing but silence in {len(samples)} frames"
        sound: Any = samples[sounding[0] : sounding[-1] + 1]
        middle: Any = sound[len(sound) // 4 : 3 * len(sound) // 4]
        level: Any = np.sqrt(2 * np.mean(middle**2, axis=0))
        with losses_of(output, heard):
            assert abs(len(sound) - len(frames)) < _OTHER_RATE // 20, f"{len(frames)} frames were heard as {len(sound)}"
            assert abs(level - 0.5) < 0.02, f"it is heard at {level} instead of 0.5"
    return None


CHECKS: tuple[Check, ...] = (
    chosen_channels_are_played_and_recorded_in_their_order,
    a_channel_that_is_not_there_is_refused,
    channels_are_told_in_their_order,
    blocks_can_be_turned_without_a_copy,
    never_means_no_bit_is_lost,
    a_callback_is_converted_to_on_demand,
)
