"""Hosts of the ready parts: a list of devices, each with a list of configs."""

from __future__ import annotations

from functools import partial
from typing import Any

import pytest

from pcmio import (
    Channel,
    DefaultChanged,
    DeviceAdded,
    DeviceChanged,
    DeviceDescription,
    DeviceId,
    DeviceLost,
    DeviceNotAvailable,
    DeviceRemoved,
    DeviceType,
    Direction,
    EndReason,
    HostBack,
    HostDisconnected,
    HostLost,
    HostUnavailable,
    InvalidInput,
    OperationTimeout,
    SampleFormat,
    StreamConfig,
    StreamEnded,
    SupportedBufferSize,
    SupportedStreamConfigRange,
    UnsupportedConfig,
    UnsupportedOperation,
)
from pcmio.custom import CustomDriver, Pace, PacedDriver, SimpleDevice, SimpleHost
from pcmio.testing import SimulatedClock
from tests.unit.stream_rig import Events, ignore

STEREO = StreamConfig(2, 48_000, sample_format="i16")
ANY = SupportedBufferSize(16, 4096)


def ranges(*rows: tuple[int, int, int, str]) -> list[SupportedStreamConfigRange]:
    return [
        SupportedStreamConfigRange(channels, low, high, ANY, SampleFormat(sample_format))
        for channels, low, high, sample_format in rows
    ]


class Recorder(CustomDriver):
    """Remembers what it was made for."""

    made: list[Recorder] = []  # noqa: RUF012 - emptied before each test

    def __init__(self, direction: Direction, config: StreamConfig, **options: Any) -> None:
        super().__init__(direction, config)
        self.options = options
        self.made.append(self)


@pytest.fixture(autouse=True)
def _nothing_made() -> None:
    Recorder.made.clear()


def device(name: str = "one", **more: Any) -> SimpleDevice:
    given: dict[str, Any] = {"outputs": [STEREO], "driver": Recorder, **more}
    return SimpleDevice(f"shelf:{name}", **given)


def host(*devices: SimpleDevice) -> SimpleHost:
    return SimpleHost("shelf", "Shelf", devices)


# --- a device's lists -------------------------------------------------------------------------------------------------


def test_a_device_has_the_directions_of_its_lists() -> None:
    output, input_ = device(), device(outputs=[], inputs=[STEREO])
    both = device(inputs=[STEREO])
    assert [one.description.direction for one in (output, input_, both)] == [
        Direction.OUTPUT,
        Direction.INPUT,
        Direction.DUPLEX,
    ]
    assert input_.supported_output_configs() == []
    with pytest.raises(UnsupportedOperation):
        input_.default_output_config()


def test_a_config_stands_for_one_rate_and_any_buffer_or_one() -> None:
    given = [STEREO, StreamConfig(1, 44_100, 256, "f32"), STEREO]
    assert device(outputs=given).supported_output_configs() == [
        SupportedStreamConfigRange(2, 48_000, 48_000, SupportedBufferSize.UNKNOWN, SampleFormat.I16),
        SupportedStreamConfigRange(1, 44_100, 44_100, SupportedBufferSize(256, 256), SampleFormat.F32),
    ]


@pytest.mark.parametrize(
    "wrong",
    [
        None,
        STEREO,
        [48_000],
        [StreamConfig(2, 48_000, "low")],
        [StreamConfig([0, 1], 48_000)],
        ["stereo"],
    ],
    ids=repr,
)
def test_a_list_is_of_configs(wrong: Any) -> None:
    with pytest.raises(InvalidInput):
        device(outputs=wrong)


@pytest.mark.parametrize("wrong", ["Shelf", 1, DeviceId("shelf", "one")], ids=lambda wrong: type(wrong).__name__)
def test_a_device_is_described_by_a_description(wrong: Any) -> None:
    with pytest.raises(InvalidInput, match="described by a DeviceDescription"):
        SimpleDevice("shelf:one", outputs=[STEREO], description=wrong)


def test_a_device_has_something_to_offer_and_an_id() -> None:
    with pytest.raises(InvalidInput, match="neither outputs nor inputs"):
        device(outputs=[])
    with pytest.raises(InvalidInput, match="is no device id"):
        SimpleDevice("shelf", outputs=[STEREO])
    with pytest.raises(InvalidInput, match="driver must be callable"):
        device(driver=3)


def test_its_name_is_the_id_unless_there_is_more_to_say() -> None:
    assert device().name == "one"
    assert SimpleDevice(DeviceId("shelf", "one"), "The first", outputs=[STEREO]).name == "The first"
    told = DeviceDescription("Radio", device_type=DeviceType.TUNER)
    assert device(description=told).description == told.replace(direction=Direction.OUTPUT)


def test_the_default_is_the_best_of_the_list() -> None:
    listed = ranges((6, 8_000, 96_000, "f32"), (2, 8_000, 96_000, "i16"), (2, 8_000, 96_000, "f32"))
    assert device(outputs=listed).default_output_config() == listed[2].with_sample_rate(48_000)
    assert device(outputs=ranges((1, 8_000, 16_000, "u8"))).default_output_config().sample_rate == 16_000


# --- what is granted --------------------------------------------------------------------------------------------------


def granted(one: SimpleDevice, config: StreamConfig, direction: Direction = Direction.OUTPUT, **more: Any) -> Any:
    build = one.build_output_stream if direction is Direction.OUTPUT else one.build_input_stream
    with build(config, ignore, **more):
        return Recorder.made[-1].config


def test_a_driver_is_made_for_what_is_in_the_list() -> None:
    config = granted(device(), StreamConfig(2, 48_000))
    assert config == StreamConfig(2, 48_000, 480, SampleFormat.I16)


def test_the_stream_has_the_format_that_was_asked_for() -> None:
    with device().build_output_stream(StreamConfig(2, 48_000), ignore) as stream:
        assert stream.config == StreamConfig(2, 48_000, 480, SampleFormat.F32)


@pytest.mark.parametrize(
    ("listed", "wanted", "direction", "native"),
    [
        (("u8", "i16", "f32"), "i16", Direction.OUTPUT, "i16"),
        (("u8", "i16", "f32"), "i8", Direction.OUTPUT, "f32"),
        (("u8", "i16"), "f32", Direction.OUTPUT, "i16"),
        (("f64", "i16"), "i24", Direction.OUTPUT, "f64"),
        (("f64", "i16"), "i24", Direction.INPUT, "i16"),
    ],
)
def test_the_format_is_the_same_or_one_that_loses_nothing(
    listed: tuple[str, ...], wanted: str, direction: Direction, native: str
) -> None:
    configs = ranges(*((2, 48_000, 48_000, name) for name in listed))
    one = device(outputs=configs, inputs=configs)
    config = granted(one, StreamConfig(2, 48_000, sample_format=wanted), direction)
    assert config.sample_format is SampleFormat(native)


def test_the_buffer_is_as_asked_for_or_ten_milliseconds_as_far_as_the_device_can() -> None:
    one = device(outputs=ranges((2, 8_000, 96_000, "f32")))
    assert granted(one, StreamConfig(2, 48_000, 128)).buffer_size.frames == 128
    assert granted(one, StreamConfig(2, 96_000)).buffer_size.frames == 960
    assert granted(one, StreamConfig(2, 48_000, "smallest")).buffer_size.frames == 48
    fixed = device(outputs=[StreamConfig(2, 48_000, 256)])
    assert granted(fixed, StreamConfig(2, 48_000)).buffer_size.frames == 256


@pytest.mark.parametrize(
    ("wanted", "words"),
    [
        (StreamConfig(3, 48_000), ("one has no 3 channels; it has 1, 2;", 'convert="auto"')),
        (StreamConfig(2, 96_000), ("one has no 96000 Hz with 2 channels; it has 8000 to 48000 Hz;",)),
        (StreamConfig(1, 48_000), ("no 48000 Hz with 1 channel; it has 8000 Hz;",)),
        (StreamConfig(2, 48_000, sample_format="dsdu8"), ("no samples of dsdu8; it has i16, f32",)),
        (StreamConfig(2, 48_000, 8192), ("no buffers of 8192 frames; it has 16 to 4096 frames",)),
        (StreamConfig([4], 48_000), ("one has no channel 4",)),
    ],
    ids=str,
)
def test_a_refusal_says_what_there_is(wanted: StreamConfig, words: tuple[str, ...]) -> None:
    one = device(outputs=ranges((2, 8_000, 48_000, "i16"), (2, 8_000, 48_000, "f32"), (1, 8_000, 8_000, "u8")))
    with pytest.raises(UnsupportedConfig) as caught:
        one.build_output_stream(wanted, ignore)
    assert all(word in str(caught.value) for word in words), caught.value
    assert not one.supports(wanted)
    assert Recorder.made == []


def test_what_is_supported_is_told_without_making_a_driver() -> None:
    one = device(inputs=ranges((4, 48_000, 48_000, "f32")))
    assert one.supports(StreamConfig(2, 48_000), Direction.OUTPUT)
    assert not one.supports(StreamConfig(2, 48_000), Direction.INPUT)
    assert one.supports(StreamConfig([1, 3], 48_000), Direction.INPUT)
    assert not device().supports(StreamConfig(2, 48_000), Direction.INPUT)
    assert Recorder.made == []


def test_chosen_channels_and_names_of_channels_are_at_hand() -> None:
    class Named(SimpleDevice):
        def _channels(self, direction: Direction) -> tuple[Channel, ...]:
            del direction
            return (Channel.at("FL"), Channel.at("FR"))

    one = Named("shelf:one", outputs=[STEREO], driver=Recorder)
    assert one.channels(Direction.OUTPUT) == (Channel.at("FL"), Channel.at("FR"))
    assert one.channels(Direction.INPUT) == ()
    assert granted(one, StreamConfig([1], 48_000)).channels == 2


def test_options_are_refused_unless_they_are_declared() -> None:
    with pytest.raises(UnsupportedOperation, match=r"no option 'gain'.*its options are: none"):
        device().build_output_stream(STEREO, ignore, gain=2)
    one = device(options={"gain": (int, 1)})
    granted(one, STEREO)
    assert Recorder.made[-1].options == {"gain": 1}
    granted(one, STEREO, gain=3)
    assert Recorder.made[-1].options == {"gain": 3}
    with pytest.raises(InvalidInput, match="option gain takes int"):
        one.build_output_stream(STEREO, ignore, gain="loud")


def test_a_method_makes_drivers_as_well_as_a_function() -> None:
    class Own(SimpleDevice):
        def make_driver(self, direction: Direction, config: StreamConfig, **options: Any) -> CustomDriver:
            return Recorder(direction, config, of=self.id, **options)

    granted(Own("shelf:one", outputs=[STEREO]), STEREO)
    assert Recorder.made[-1].options == {"of": DeviceId("shelf", "one")}


def test_a_device_without_a_driver_says_what_is_missing() -> None:
    with pytest.raises(NotImplementedError, match="SimpleDevice has no driver: give it one, or override make_driver"):
        device(driver=None).build_output_stream(STEREO, ignore)
    with pytest.raises(InvalidInput, match="the driver of one must be a CustomDriver, not 3"):
        device(driver=lambda *_: 3).build_output_stream(STEREO, ignore)


# --- a host's list ----------------------------------------------------------------------------------------------------


def test_a_host_lists_its_devices_and_finds_them() -> None:
    one, two = device(), device("two", outputs=[], inputs=[STEREO])
    with host(one, two) as shelf:
        assert (shelf.id, shelf.name, SimpleHost("shelf").name) == ("shelf", "Shelf", "shelf")
        assert shelf.devices() == [one, two]
        assert shelf.default_output_device() == one
        assert shelf.default_input_device() == two
        assert shelf.device_by_id("shelf:two") == two
        with pytest.raises(DeviceNotAvailable):
            shelf.device_by_id("shelf:three")
    assert SimpleHost("empty").default_output_device() is None


def test_only_its_own_devices_are_added_each_once() -> None:
    shelf = host(device())
    with pytest.raises(InvalidInput, match="there is a device shelf:one already"):
        shelf.add(device())
    with pytest.raises(InvalidInput, match="another host"):
        shelf.add(SimpleDevice("drawer:one", outputs=[STEREO]))
    with pytest.raises(InvalidInput, match="belongs to another host"):
        SimpleHost("shelf").add(shelf.devices()[0])
    wrong: Any = "shelf:two"
    with pytest.raises(InvalidInput, match="SimpleDevice objects"):
        shelf.add(wrong)
    with pytest.raises(InvalidInput):
        SimpleHost("")


def test_devices_come_and_go_and_watches_are_told() -> None:
    one, two = device(), device("two")
    with host(one) as shelf, shelf.watch() as watch:
        shelf.add(two)
        shelf.remove(one)
        shelf.add(one)
        shelf.choose_default(Direction.OUTPUT, "shelf:one")
        shelf.choose_default(Direction.OUTPUT, None)
        told = [watch.get(0) for _ in range(6)]
        with pytest.raises(OperationTimeout):
            watch.get(0)
    assert told == [
        DeviceAdded(two.id, two.description),
        DeviceRemoved(one.id, one.description),
        DefaultChanged(Direction.OUTPUT, one.id, two.id),
        DeviceAdded(one.id, one.description),
        DefaultChanged(Direction.OUTPUT, two.id, one.id),
        DefaultChanged(Direction.OUTPUT, one.id, two.id),
    ]
    assert watch.closed


def test_a_device_is_described_in_other_words() -> None:
    with host(device()) as shelf, shelf.watch() as watch:
        before = shelf.devices()[0]
        shelf.describe("shelf:one", DeviceDescription("First", Direction.DUPLEX))
        now = DeviceDescription("First", Direction.OUTPUT)
        assert watch.get(0) == DeviceChanged(before.id, now)
        assert shelf.devices()[0].description == now
        assert before.name == "one"
        with pytest.raises(DeviceNotAvailable):
            shelf.describe("shelf:two", now)
        wrong: Any = "First"
        with pytest.raises(InvalidInput, match="described by a DeviceDescription"):
            shelf.describe("shelf:one", wrong)


def test_a_default_is_a_device_that_can() -> None:
    shelf = host(device(), device("two", outputs=[], inputs=[STEREO]))
    with pytest.raises(InvalidInput, match="shelf:two has no output"):
        shelf.choose_default(Direction.OUTPUT, "shelf:two")
    with pytest.raises(InvalidInput, match="direction must be"):
        shelf.choose_default(Direction.DUPLEX, "shelf:one")
    with pytest.raises(DeviceNotAvailable):
        shelf.choose_default(Direction.OUTPUT, "shelf:three")


def test_a_removed_device_ends_its_streams_and_builds_no_more() -> None:
    with host(device(), device("two")) as shelf:
        one, two = shelf.devices()
        stream = one.build_output_stream(STEREO, ignore, events := Events())
        other = two.build_output_stream(STEREO, ignore)
        shelf.remove("shelf:one")
        ended: Any = events.wait_for(StreamEnded)
        assert ended.reason is EndReason.DEVICE_LOST
        with pytest.raises(DeviceLost):
            stream.close()
        for question in (
            one.supported_output_configs,
            one.default_output_config,
            partial(one.supports, STEREO),
            partial(one.build_output_stream, STEREO, ignore),
            partial(shelf.remove, one),
        ):
            with pytest.raises(DeviceNotAvailable):
                question()
        other.close()
        shelf.add(one)
        one.build_output_stream(STEREO, ignore).close()


def test_a_device_that_is_removed_while_a_stream_is_made_ends_that_too() -> None:
    shelf = SimpleHost("shelf")

    def removing(direction: Direction, config: StreamConfig) -> CustomDriver:
        driver = Recorder(direction, config)
        shelf.remove("shelf:one")
        return driver

    shelf.add(device(driver=removing))
    with pytest.raises(DeviceNotAvailable):
        shelf.devices()[0].build_output_stream(STEREO, ignore)


def test_a_host_that_is_lost_and_back_tells_so() -> None:
    with host(device()) as shelf, shelf.watch() as watch:
        stream = shelf.devices()[0].build_output_stream(STEREO, ignore, events := Events())
        error = HostUnavailable("the radio is off", advice="switch it on")
        shelf.lose(error)
        events.wait_for(StreamEnded)
        with pytest.raises(HostDisconnected):
            stream.close()
        with pytest.raises(HostUnavailable, match="the radio is off; switch it on"):
            shelf.devices()
        shelf.add(device("two"))  # nobody sees it yet
        lost = watch.get(0)
        assert isinstance(lost, HostLost)
        assert str(lost.error) == str(error)
        shelf.restore()
        assert isinstance(watch.get(0), HostBack)
        assert [watch.get(0), watch.get(0)] == [DeviceAdded(one.id, one.description) for one in shelf.devices()]


def test_a_host_that_is_lost_without_a_word_says_that_it_is_gone() -> None:
    shelf = host(device())
    shelf.lose()
    with pytest.raises(HostDisconnected, match="Shelf is gone; wait for HostBack") as first:
        shelf.check_available()
    with pytest.raises(HostDisconnected) as second:
        shelf.check_available()
    assert first.value is not second.value  # one error would gather every caller's traceback


@pytest.mark.parametrize("wrong", ["the radio is off", HostUnavailable, OSError(5)])
def test_a_host_is_lost_by_an_error_that_questions_can_raise(wrong: Any) -> None:
    shelf = host(device())
    with pytest.raises(InvalidInput, match="a host is lost by an error"):
        shelf.lose(wrong)
    assert shelf.devices()


def test_a_device_may_be_added_while_the_host_is_being_lost() -> None:
    with host(device()) as shelf, shelf.watch() as watch:
        ends = shelf._end_streams

        def meanwhile() -> None:
            ends()
            shelf.add(device("two"))

        shelf._end_streams = meanwhile  # type: ignore[method-assign]
        shelf.lose()
        shelf._end_streams = ends  # type: ignore[method-assign]
        assert isinstance(watch.get(0), HostLost)
        with pytest.raises(OperationTimeout):
            watch.get(0)
        shelf.restore()
        assert isinstance(watch.get(0), HostBack)


def test_a_closed_host_ends_its_streams_and_watches() -> None:
    shelf = host(device())
    watch = shelf.watch()
    stream = shelf.devices()[0].build_output_stream(STEREO, ignore, events := Events())
    shelf.close()
    shelf.close()
    assert watch.closed
    events.wait_for(StreamEnded)
    with pytest.raises(HostDisconnected):
        stream.close()
    assert stream.reason is EndReason.HOST_LOST


def test_a_whole_host_can_be_in_simulated_time() -> None:
    clock = SimulatedClock()

    class Speaker(PacedDriver):
        def cycle(self, frames: int) -> None:
            heard.append(bytes(self.play(frames)))

    heard: list[bytes] = []
    speaker = partial(Speaker, pace=Pace(48_000, clock=clock))
    with host(device(driver=speaker)) as shelf:
        mono = StreamConfig(2, 48_000, 480, "i16")
        with shelf.devices()[0].build_output_stream_raw(mono, _ones) as stream:
            clock.advance(10.0)
            assert (stream.position, stream.stats.xruns) == (10 * 48_000, 0)
    assert set(heard) == {b"\1" * 480 * 4}


def _ones(block: memoryview, _info: object) -> None:
    block[:] = b"\1" * len(block)
