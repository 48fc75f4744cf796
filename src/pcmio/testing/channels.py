"""Channels: which of the device's they are, what they are called, and frames turned into channels without a copy."""

from __future__ import annotations

from pcmio.configs import StreamConfig
from pcmio.descriptions import Channel, Direction
from pcmio.errors import InvalidInput, UnsupportedConfig
from pcmio.testing.configs import builder, must_raise, sides
from pcmio.testing.data import Loop
from pcmio.testing.signals import Noise, Recorder
from pcmio.testing.waiting import PATIENCE_SECONDS, until

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from pcmio.testing.rig import Check, Rig

_MOST = 6


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


CHECKS: tuple[Check, ...] = (
    chosen_channels_are_played_and_recorded_in_their_order,
    a_channel_that_is_not_there_is_refused,
    channels_are_told_in_their_order,
    blocks_can_be_turned_without_a_copy,
)
