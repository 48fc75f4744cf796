"""What a device says it can do, and what it does when it is asked."""

# ruff: noqa: B023 - what is handed to until() and must_raise() in a loop is called there and then

from __future__ import annotations

import threading

from pcmio.configs import MOST_FRAMES, BufferSize, StreamConfig, SupportedBufferSize, SupportedStreamConfig
from pcmio.descriptions import Direction
from pcmio.errors import AudioError, InvalidInput, UnsupportedConfig, UnsupportedOperation
from pcmio.formats import SampleFormat
from pcmio.testing.signals import Counter
from pcmio.testing.waiting import PATIENCE_SECONDS

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from pcmio.contract import Device, Host
    from pcmio.testing.rig import Check, Rig

    Builder = Callable[..., Any]


def must_raise(kind: type[BaseException], call: Callable[[], object], *words: str) -> BaseException:
    """The error that ``call`` raises; its text has all ``words``."""
    try:
        got = call()
    except kind as error:
        for word in words:
            assert word in str(error), f"{word!r} is missing in: {error}"
        return error
    raise AssertionError(f"{kind.__name__} was not raised; the call gave {got!r}")


def sides(rig: Rig, host: Host) -> list[tuple[str, Device]]:
    """Each direction that the rig has, and its device."""
    found: list[tuple[str, Device]] = []
    if rig.output is not None:
        found.append(("output", rig.output_device(host)))
    if rig.input is not None:
        found.append(("input", rig.input_device(host)))
    return found


def builder(device: Device, direction: str) -> Builder:
    """``build_output_stream`` or ``build_input_stream``."""
    return device.build_output_stream if direction == "output" else device.build_input_stream


def supported_configs_are_sane(rig: Rig) -> None:
    """Not empty in a device's direction, empty in the other, each of them possible."""
    with rig.open_host() as host:
        for device in host.devices():
            inputs, outputs = device.supported_input_configs(), device.supported_output_configs()
            assert bool(inputs) == device.supports_input, device
            assert bool(outputs) == device.supports_output, device
            for config in (*inputs, *outputs):
                assert config.channels >= 1
                assert 1 <= config.min_sample_rate <= config.max_sample_rate
                assert config.with_max_sample_rate().config().sample_rate == config.max_sample_rate
            assert len(set(inputs)) == len(inputs)
            assert len(set(outputs)) == len(outputs)


def the_default_config_is_supported(rig: Rig) -> None:
    """It lies within one of the ranges."""
    with rig.open_host() as host:
        for direction, device in sides(rig, host):
            default = device.default_output_config() if direction == "output" else device.default_input_config()
            ranges = device.supported_output_configs() if direction == "output" else device.supported_input_configs()
            assert isinstance(default, SupportedStreamConfig)
            assert any(
                entry.channels == default.channels
                and entry.sample_format is default.sample_format
                and entry.contains_rate(default.sample_rate)
                for entry in ranges
            ), f"{default} is in none of the ranges"


def the_default_config_can_be_built(rig: Rig) -> None:
    """As it is, and the stream says what it got."""
    with rig.open_host() as host:
        for direction, device in sides(rig, host):
            default = device.default_output_config() if direction == "output" else device.default_input_config()
            with builder(device, direction)(default, Counter()) as stream:
                assert stream.config.channels == default.channels
                assert stream.config.sample_rate == default.sample_rate
                assert stream.config.sample_format is default.sample_format
                assert stream.config.buffer_size.frames
                assert stream.device == device


def the_wrong_direction_is_refused(rig: Rig) -> None:
    """Default config and builders say which device to take instead."""
    with rig.open_host() as host:
        for device in host.devices():
            if not device.supports_input:
                must_raise(UnsupportedOperation, device.default_input_config)
                must_raise(UnsupportedOperation, lambda: device.build_input_stream(rig.config(), Counter()), "input")
            if not device.supports_output:
                must_raise(UnsupportedOperation, device.default_output_config)
                must_raise(UnsupportedOperation, lambda: device.build_output_stream(rig.config(), Counter()), "output")


def impossible_values_are_refused_at_once(rig: Rig) -> None:
    """Zero channels, rate or buffer; no config, no callback; no depth, no mode of priority; an unknown option."""
    for channels, rate, size in ((0, 48_000, 256), (2, 0, 256), (2, 48_000, 0), (-1, 48_000, 256), (2, 48_000, -5)):
        must_raise(InvalidInput, lambda: StreamConfig(channels, rate, size))
    with rig.open_host() as host:
        for direction, device in sides(rig, host):
            build, config = builder(device, direction), rig.config()
            must_raise(InvalidInput, lambda: build((2, 48_000), Counter()), "StreamConfig")
            must_raise(InvalidInput, lambda: build(config, None), "callable")
            must_raise(InvalidInput, lambda: build(config, Counter(), 7), "on_event")
            for depth in ("bottomless", -1.0, float("nan"), float("inf"), True):
                must_raise(InvalidInput, lambda: build(config, Counter(), depth=depth), "depth")
            for realtime in ("always", "", None, True, 1):
                must_raise(InvalidInput, lambda: build(config, Counter(), realtime=realtime), "realtime")
            must_raise(UnsupportedOperation, lambda: build(config, Counter(), no_such_option=1), "no_such_option")


def unsupported_configs_say_what_there_is(rig: Rig) -> None:
    """More channels than anything has, a rate that nothing runs at."""
    with rig.open_host() as host:
        for direction, device in sides(rig, host):
            build = builder(device, direction)
            must_raise(UnsupportedConfig, lambda: build(StreamConfig(1000, rig.sample_rate), Counter()), "1000")
            must_raise(UnsupportedConfig, lambda: build(StreamConfig(2, 50_000_000), Counter()), "50000000")


def every_sample_format_can_be_had(rig: Rig) -> None:
    """Natively or converted; the callback sees the format's own type."""
    with rig.open_host() as host:
        for direction, device in sides(rig, host):
            for sample_format in SampleFormat:
                if sample_format.is_dsd:
                    continue
                arrived: list[Any] = []
                with builder(device, direction)(
                    rig.config(2, sample_format), _until_first(arrived, first := threading.Event())
                ) as stream:
                    assert first.wait(PATIENCE_SECONDS), f"no {sample_format} block arrived"
                    assert stream.config.sample_format is sample_format
                assert arrived[0] == (sample_format.dtype, (rig.block_frames, 2), direction == "output"), sample_format


def _until_first(arrived: list[Any], first: threading.Event) -> Callable[[Any, Any], None]:
    def data(block: Any, _info: Any) -> None:
        arrived.append((block.dtype, block.shape, block.flags.writeable))
        first.set()

    return data


def dsd_is_exact_or_refused(rig: Rig) -> None:
    """It cannot be converted: a device takes it natively or says no."""
    with rig.open_host() as host:
        for direction, device in sides(rig, host):
            try:
                builder(device, direction)(rig.config(2, SampleFormat.DSD_U8), Counter()).close()
            except UnsupportedConfig as error:
                assert "dsd" in str(error)


def supports_says_what_can_be_built(rig: Rig) -> None:
    """For every sample format, and for what nothing has; one direction at a time, and all that the device has."""
    with rig.open_host() as host:
        for direction, device in sides(rig, host):
            formats = (rig.config(2, sample_format) for sample_format in SampleFormat)
            for config in (*formats, StreamConfig(1000, rig.sample_rate), StreamConfig(2, 50_000_000)):
                told = device.supports(config, Direction(direction))
                assert told is _can_be_built(builder(device, direction), config), (config, direction, told)
        for device in host.devices():
            for supported, able in (
                (device.supports(rig.config(), Direction.OUTPUT), device.supports_output),
                (device.supports(rig.config(), Direction.INPUT), device.supports_input),
            ):
                assert able or not supported, device
            must_raise(InvalidInput, lambda: device.supports((2, 48_000)), "StreamConfig")  # type: ignore[arg-type] # pyright: ignore[reportArgumentType]
            must_raise(InvalidInput, lambda: device.supports(rig.config(), "up"), "direction")  # type: ignore[arg-type] # pyright: ignore[reportArgumentType]


def _can_be_built(build: Builder, config: StreamConfig) -> bool:
    try:
        build(config, Counter()).close()
    except UnsupportedConfig:
        return False
    return True


def the_callback_always_gets_the_buffer_size(rig: Rig) -> None:
    """Whatever the native system moves at a time."""
    with rig.open_host() as host:
        for direction, device in sides(rig, host):
            for frames in (64, 441, 1000, 4096):
                config = StreamConfig(2, rig.sample_rate, frames)
                try:
                    stream = builder(device, direction)(config, sizes := _Sizes())
                except AudioError as error:
                    raise AssertionError(f"a buffer of {frames} frames is refused: {error}") from error
                with stream:
                    assert sizes.enough.wait(PATIENCE_SECONDS), f"no {direction} blocks of {frames} frames"
                    assert stream.config.buffer_size.frames == frames
                assert sizes.seen == {frames}


def wishes_for_a_buffer_size_are_granted(rig: Rig) -> None:
    """Within what the device says it supports; the stream's config says what is granted, and every callback gets it."""
    wishes = {
        BufferSize.SMALLEST: 0.001,
        BufferSize.LOW: 0.0025,
        BufferSize.BALANCED: 0.01,
        BufferSize.HIGH: 0.05,
        BufferSize.latency(0.02): 0.02,
        BufferSize.nearest(441): 441 / rig.sample_rate,
        BufferSize.nearest(1): 1 / rig.sample_rate,
    }
    with rig.open_host() as host:
        for direction, device in sides(rig, host):
            possible = _possible(device, direction, rig.config())
            if possible.max_frames is not None:
                wishes[BufferSize.nearest(MOST_FRAMES)] = MOST_FRAMES / rig.sample_rate
            for wish, seconds in wishes.items():
                wanted = possible.clamp(round(seconds * rig.sample_rate))
                assert device.supports(StreamConfig(2, rig.sample_rate, wish), Direction(direction)), wish
                stream = builder(device, direction)(StreamConfig(2, rig.sample_rate, wish), sizes := _Sizes())
                granted = stream.config.buffer_size
                assert granted == BufferSize.fixed(wanted), f"{wish} is granted as {granted}; supported: {possible}"
                if wanted > rig.sample_rate // 10:  # it is long until five such have passed
                    stream.close()
                    continue
                with stream:
                    assert sizes.enough.wait(PATIENCE_SECONDS), f"no {direction} blocks of {granted}"
                assert sizes.seen == {wanted}


def _possible(device: Device, direction: str, config: StreamConfig) -> SupportedBufferSize:
    """What the device says of buffers in the range that ``config`` is nearest to."""
    ranges = device.supported_output_configs() if direction == "output" else device.supported_input_configs()
    near = [entry for entry in ranges if (entry.channels, entry.contains_rate(config.sample_rate)) == (2, True)]
    same = [entry for entry in near if entry.sample_format is config.sample_format]
    return next(iter([*same, *near, *ranges])).buffer_size


def a_buffer_size_is_granted_or_refused(rig: Rig) -> None:
    """A fixed one beyond what the device says it supports: exactly that, or an error that names it."""
    with rig.open_host() as host:
        for direction, device in sides(rig, host):
            possible = _possible(device, direction, rig.config())
            for frames in {1, (possible.min_frames or 2) - 1 or 1, min(possible.max_frames or 99, MOST_FRAMES - 1) + 1}:
                try:
                    stream = builder(device, direction)(StreamConfig(2, rig.sample_rate, frames), Counter())
                except UnsupportedConfig as error:
                    assert str(frames) in str(error), error
                else:
                    assert stream.config.buffer_size == BufferSize.fixed(frames)
                    stream.close()
        values: tuple[Any, ...] = ("tiny", "", 0, -1, 1.5, MOST_FRAMES + 1)
        for wrong in values:
            told = str(must_raise(InvalidInput, lambda: StreamConfig(2, rig.sample_rate, wrong), "buffer_size"))
            assert repr(wrong) in told, told
            assert "1 to" in told or "smallest" in told, told


class _Sizes:
    def __init__(self) -> None:
        self.seen: set[int] = set()
        self.calls = 0
        self.enough = threading.Event()

    def __call__(self, block: Any, _info: Any) -> None:
        self.seen.add(len(block))
        self.calls += 1
        if self.calls == 5:
            self.enough.set()


def raw_blocks_are_bytes(rig: Rig) -> None:
    """Interleaved, writable for output, read-only for input."""
    with rig.open_host() as host:
        for direction, device in sides(rig, host):
            build = device.build_output_stream_raw if direction == "output" else device.build_input_stream_raw
            seen: list[Any] = []
            first = threading.Event()

            def data(block: memoryview, _info: Any, seen: list[Any] = seen, first: threading.Event = first) -> None:
                seen.append((block.format, block.ndim, block.nbytes, block.readonly))
                first.set()

            with build(rig.config(2, SampleFormat.I16), data):
                assert first.wait(PATIENCE_SECONDS)
            assert seen[0] == ("B", 1, rig.block_frames * 4, direction == "input")


CHECKS: tuple[Check, ...] = (
    supports_says_what_can_be_built,
    supported_configs_are_sane,
    the_default_config_is_supported,
    the_default_config_can_be_built,
    the_wrong_direction_is_refused,
    impossible_values_are_refused_at_once,
    unsupported_configs_say_what_there_is,
    every_sample_format_can_be_had,
    dsd_is_exact_or_refused,
    the_callback_always_gets_the_buffer_size,
    wishes_for_a_buffer_size_are_granted,
    a_buffer_size_is_granted_or_refused,
    raw_blocks_are_bytes,
)
