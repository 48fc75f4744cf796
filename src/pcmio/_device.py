"""What all devices of this package share: checking a request, and making the stream."""

from __future__ import annotations

from abc import abstractmethod
from importlib import import_module

from pcmio._choosing import check_choice, choose, opened_with
from pcmio._fit import AUTO, FORMAT, NEVER, check_convert, check_holds, fitting
from pcmio._interrupts import uninterrupted
from pcmio._opens import READER_SECONDS, WRITER_SECONDS
from pcmio._value import shown
from pcmio.callbacks import NativeCallback
from pcmio.configs import SupportedBufferSize
from pcmio.contract import Device, checked_config
from pcmio.descriptions import Direction
from pcmio.errors import InvalidInput, UnsupportedConfig, UnsupportedOperation
from pcmio.formats import SampleFormat

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence
    from typing import Any

    from pcmio._convert import Converter
    from pcmio._driver import Driver, Plan
    from pcmio._duplex import Wish
    from pcmio.blocking import Reader, Writer
    from pcmio.configs import StreamConfig, SupportedStreamConfig, SupportedStreamConfigRange
    from pcmio.contract import DataCallback, EventCallback, RawDataCallback, Stream
    from pcmio.descriptions import Channel, DeviceDescription, DeviceId
    from pcmio.duplex import DuplexCallback, DuplexStream, RawDuplexCallback


class NativeDevice(Device):
    """A device whose streams are made of a ``Driver`` and the core."""

    #: Whether ``_driver`` itself sees to ``config.device_channels``; else it is asked for as many as have them all.
    chooses_channels = False

    @abstractmethod
    def _driver(self, direction: Direction, config: StreamConfig, options: dict[str, Any]) -> Driver:
        """Negotiate a stream: a driver whose plan says what is granted; it may be closed without having been opened.

        ``options`` are the keywords of ``build_*_stream`` that the shared half does not know; take out those that are
        known here (``take_options``).

        Raises:
            UnsupportedConfig, DeviceNotAvailable, ...: As ``build_output_stream`` says; nothing native is left behind.
        """

    def _channel_counts(self, direction: Direction, sample_rate: int) -> list[int]:
        """Channels that a stream may have in which each is the device's own of that number; the best count first."""
        output = direction is Direction.OUTPUT
        ranges = self.supported_output_configs() if output else self.supported_input_configs()
        default = self.default_output_config() if output else self.default_input_config()
        counts = {one.channels for one in ranges if one.contains_rate(sample_rate)}
        return [*([default.channels] if default.channels in counts else []), *sorted(counts)]

    def _in_order(self, direction: Direction, options: dict[str, Any]) -> dict[str, Any]:
        """Options for a stream with all channels, in the device's own order."""
        del direction
        return options

    def _negotiated(self, direction: Direction, config: StreamConfig, options: dict[str, Any]) -> Driver:
        """A driver for a config that may choose channels; raises as ``_driver``."""
        chosen = config.device_channels
        if not chosen:
            return self._driver(direction, self._resolved(direction, config), dict(options))
        check_choice(direction, config)
        if self.chooses_channels:
            driver = self._driver(direction, self._resolved(direction, config), dict(options))
        else:
            config = opened_with(self.name, config, self._channel_counts(direction, config.sample_rate))
            resolved = self._resolved(direction, config)
            driver = self._driver(direction, resolved, self._in_order(direction, dict(options)))
            try:
                choose(driver, chosen)
            except BaseException:
                driver.close()
                raise
        driver.device_channels = chosen
        return driver

    def _resolved(self, direction: Direction, config: StreamConfig) -> StreamConfig:
        """The config with a number of frames in place of a wish, and with the default's place left open."""
        size = config.buffer_size
        if size.wish is None and size.duration is None:
            return config  # nothing needs to be asked
        ranges = self.supported_output_configs() if direction is Direction.OUTPUT else self.supported_input_configs()
        return config.replace(buffer_size=size.resolve(config.sample_rate, _buffer_sizes(ranges, config)))

    @uninterrupted
    def _supports(self, config: StreamConfig, direction: Direction) -> bool:
        """By negotiating, as a stream's building does, but no further."""
        if not self._has(direction):
            return False
        try:
            driver = self._negotiated(direction, config, {})
        except UnsupportedConfig:
            return False
        driver.close()
        return True

    @uninterrupted
    def build_output_stream(
        self,
        config: StreamConfig | SupportedStreamConfig,
        data: DataCallback | NativeCallback,
        on_event: EventCallback | None = None,
        *,
        depth: float | str = "balanced",
        realtime: str = "auto",
        convert: str = FORMAT,
        **options: object,
    ) -> Stream:
        given = (config, data, on_event, options)
        return self._build(Direction.OUTPUT, *given, depth=depth, realtime=realtime, convert=convert, raw=False)

    @uninterrupted
    def build_input_stream(
        self,
        config: StreamConfig | SupportedStreamConfig,
        data: DataCallback | NativeCallback,
        on_event: EventCallback | None = None,
        *,
        depth: float | str = "balanced",
        realtime: str = "auto",
        convert: str = FORMAT,
        **options: object,
    ) -> Stream:
        given = (config, data, on_event, options)
        return self._build(Direction.INPUT, *given, depth=depth, realtime=realtime, convert=convert, raw=False)

    @uninterrupted
    def build_output_stream_raw(
        self,
        config: StreamConfig | SupportedStreamConfig,
        data: RawDataCallback | NativeCallback,
        on_event: EventCallback | None = None,
        *,
        depth: float | str = "balanced",
        realtime: str = "auto",
        convert: str = FORMAT,
        **options: object,
    ) -> Stream:
        given = (config, data, on_event, options)
        return self._build(Direction.OUTPUT, *given, depth=depth, realtime=realtime, convert=convert, raw=True)

    @uninterrupted
    def build_input_stream_raw(
        self,
        config: StreamConfig | SupportedStreamConfig,
        data: RawDataCallback | NativeCallback,
        on_event: EventCallback | None = None,
        *,
        depth: float | str = "balanced",
        realtime: str = "auto",
        convert: str = FORMAT,
        **options: object,
    ) -> Stream:
        given = (config, data, on_event, options)
        return self._build(Direction.INPUT, *given, depth=depth, realtime=realtime, convert=convert, raw=True)

    def _build(
        self,
        direction: Direction,
        config: StreamConfig | SupportedStreamConfig,
        data: Callable[[Any, Any], object] | NativeCallback,
        on_event: EventCallback | None,
        options: dict[str, Any],
        *,
        convert: str,
        raw: bool,
        **threads: Any,  # depth and realtime
    ) -> Stream:
        config = checked_config(config)
        if not isinstance(data, NativeCallback) and not callable(data):
            raise InvalidInput(
                f"data must be callable as data(frames, info), not {shown(data)}",
                advice="a C function is given as a pcmio.NativeCallback",
            )
        self._check_build(direction, on_event)
        check_convert(convert)
        if isinstance(data, NativeCallback) and convert == AUTO:
            convert = FORMAT  # what it is given is what the device takes
        from pcmio._stream import NativeStream

        driver, converter = self._matched(direction, config, options, convert)
        if converter is not None and not isinstance(data, NativeCallback):
            from pcmio._converting_calls import ConvertingStream

            return ConvertingStream(self, driver, config, data, on_event, raw=raw, converter=converter, **threads)
        return NativeStream(self, driver, config.sample_format, data, on_event, raw=raw, **threads)

    @uninterrupted
    def open_writer(
        self,
        config: StreamConfig | SupportedStreamConfig | None = None,
        *,
        depth: float | str = WRITER_SECONDS,
        on_event: EventCallback | None = None,
        realtime: str = "auto",
        convert: str = AUTO,
        **options: object,
    ) -> Writer:
        self._check_build(Direction.OUTPUT, on_event)
        check_convert(convert)
        from pcmio._writer import NativeWriter

        wanted = _or_default(config, self.default_output_config)
        driver, converter = self._matched(Direction.OUTPUT, wanted, options, convert)
        if converter is not None:
            from pcmio._converting import ConvertingWriter

            return ConvertingWriter(self, driver, wanted, on_event, depth=depth, realtime=realtime, converter=converter)
        return NativeWriter(self, driver, wanted, on_event, depth=depth, realtime=realtime, exact=convert == NEVER)

    @uninterrupted
    def open_reader(
        self,
        config: StreamConfig | SupportedStreamConfig | None = None,
        *,
        depth: float | str = READER_SECONDS,
        on_event: EventCallback | None = None,
        realtime: str = "auto",
        convert: str = AUTO,
        **options: object,
    ) -> Reader:
        self._check_build(Direction.INPUT, on_event)
        check_convert(convert)
        from pcmio._reader import NativeReader

        wanted = _or_default(config, self.default_input_config)
        driver, converter = self._matched(Direction.INPUT, wanted, options, convert)
        if converter is not None:
            from pcmio._converting_reader import ConvertingReader

            return ConvertingReader(self, driver, wanted, on_event, depth=depth, realtime=realtime, converter=converter)
        return NativeReader(self, driver, wanted, on_event, depth=depth, realtime=realtime)

    @uninterrupted
    def build_duplex_stream(  # noqa: PLR0913 - the contract's
        self,
        config: StreamConfig | SupportedStreamConfig,
        data: DuplexCallback | NativeCallback,
        on_event: EventCallback | None = None,
        *,
        input: Device | None = None,  # noqa: A002
        input_channels: int | Iterable[int] | None = None,
        drift: str = "report",
        depth: float | str = "balanced",
        realtime: str = "auto",
        convert: str = FORMAT,
        input_options: Mapping[str, Any] | None = None,
        output_options: Mapping[str, Any] | None = None,
    ) -> DuplexStream:
        from pcmio._duplex import Wish

        wish = Wish(drift, depth, realtime, raw=False, channels=input_channels, convert=convert)
        return self._couple(input, config, data, on_event, wish, (output_options or {}, input_options or {}))

    @uninterrupted
    def build_duplex_stream_raw(  # noqa: PLR0913
        self,
        config: StreamConfig | SupportedStreamConfig,
        data: RawDuplexCallback | NativeCallback,
        on_event: EventCallback | None = None,
        *,
        input: Device | None = None,  # noqa: A002
        input_channels: int | Iterable[int] | None = None,
        drift: str = "report",
        depth: float | str = "balanced",
        realtime: str = "auto",
        convert: str = FORMAT,
        input_options: Mapping[str, Any] | None = None,
        output_options: Mapping[str, Any] | None = None,
    ) -> DuplexStream:
        from pcmio._duplex import Wish

        wish = Wish(drift, depth, realtime, raw=True, channels=input_channels, convert=convert)
        return self._couple(input, config, data, on_event, wish, (output_options or {}, input_options or {}))

    def _couple(
        self,
        source: Device | None,
        config: StreamConfig | SupportedStreamConfig,
        data: Callable[[Any, Any, Any], object] | NativeCallback,
        on_event: EventCallback | None,
        wish: Wish,
        options: tuple[Mapping[str, Any], Mapping[str, Any]],
    ) -> DuplexStream:
        from pcmio._duplex import NativeDuplex, check_rates, check_wish, input_config

        wanted = checked_config(config)
        check_wish(data, wish)
        if isinstance(data, NativeCallback) and wish.convert == AUTO:
            wish = wish.replace(convert=FORMAT)  # what it is given is what the devices take
        source = self if source is None else source
        if not isinstance(source, NativeDevice) or source.id.host != self.id.host:
            raise UnsupportedOperation(
                f"{self.id} and {shown(source)} are not of one host, and have no clock in common",
                advice="choose two devices of one host",
            )
        self._check_build(Direction.OUTPUT, on_event)
        source._check_build(Direction.INPUT, on_event)  # noqa: SLF001 - another of the same class
        output, _ = self._matched(Direction.OUTPUT, wanted, dict(options[0]), wish.convert)
        try:
            matching = input_config(output, wanted, wish.channels)
            input_, _ = source._matched(Direction.INPUT, matching, dict(options[1]), wish.convert)  # noqa: SLF001
        except BaseException:
            output.close()
            raise
        try:
            if wish.convert != AUTO:
                check_rates(output, input_)
        except BaseException:
            input_.close()
            output.close()
            raise
        return NativeDuplex((self, source), (output, input_), (wanted, matching), data, on_event, wish)

    # --- what the device lacks ---------------------------------------------------------------------------------------

    def _matched(
        self, direction: Direction, config: StreamConfig, options: dict[str, Any], convert: str
    ) -> tuple[Driver, Converter | None]:
        """A driver for a config; with what converts, where the device takes another only and that is wanted."""
        try:
            if convert == NEVER:
                return self._exactly(direction, config, options), None
            return self._negotiated(direction, config, options), None
        except UnsupportedConfig:
            granted = fitting(self, direction, config, taken=False) if convert == AUTO else config
            if granted is config:
                raise
        # All that a stream is made of is loaded before there is a driver that would be left open.
        from pcmio._convert import Converter

        for name in ("_converting", "_converting_calls", "_converting_reader"):
            import_module(f"pcmio.{name}")
        converter = Converter(config, granted) if direction is Direction.OUTPUT else Converter(granted, config)
        return self._negotiated(direction, granted, options), converter

    def _exactly(self, direction: Direction, config: StreamConfig, options: dict[str, Any]) -> Driver:
        """A driver that brings samples to the device, or from it, without loss.

        Raises:
            UnsupportedConfig: There is none; and what ``_driver`` raises.
        """
        driver = self._negotiated(direction, config, self._unconverted(options))
        try:
            side = driver.plan.output or driver.plan.input
            if side is not None:
                check_holds(direction, config.sample_format, side.native_format)
            self._check_exact(direction, driver.plan, config.sample_format)
        except BaseException:
            driver.close()
            raise
        return driver

    def _unconverted(self, options: dict[str, Any]) -> dict[str, Any]:
        """Options by which the native system is asked not to convert, as far as it has some."""
        return options

    def _check_exact(self, direction: Direction, plan: Plan, sample_format: SampleFormat) -> None:
        """Return if the native system itself does not change the samples of such a stream, as far as it tells.

        Raises:
            UnsupportedConfig: It resamples or mixes, or keeps fewer bits.
        """

    def _check_build(self, direction: Direction, on_event: EventCallback | None) -> None:
        if on_event is not None and not callable(on_event):
            raise InvalidInput(f"on_event must be callable as on_event(event), not {shown(on_event)}")
        if not self._has(direction):
            raise UnsupportedOperation(
                f"{self.name} has no {direction}",
                advice="choose one of host.output_devices()"
                if direction is Direction.OUTPUT
                else "choose one of host.input_devices()",
            )


def _buffer_sizes(ranges: Sequence[SupportedStreamConfigRange], config: StreamConfig) -> SupportedBufferSize:
    """What the range that is most like ``config`` says; formats, and on some hosts channels, may be converted."""

    def likeness(entry: SupportedStreamConfigRange) -> tuple[bool, bool, bool]:
        return (
            entry.channels == config.channels,
            entry.contains_rate(config.sample_rate),
            entry.sample_format is config.sample_format,
        )

    best = max(ranges, key=likeness, default=None)
    return SupportedBufferSize.UNKNOWN if best is None else best.buffer_size


class TwoWayDevice(NativeDevice):
    """One that is asked the same questions in either direction."""

    def __init__(self, device_id: DeviceId, description: DeviceDescription) -> None:
        self._id = device_id
        self._description = description

    @property
    def id(self) -> DeviceId:
        return self._id

    @property
    def description(self) -> DeviceDescription:
        return self._description

    @abstractmethod
    def _configs(self, direction: Direction) -> Sequence[SupportedStreamConfigRange]:
        """What streams in a direction that it has may look like.

        Raises:
            DeviceNotAvailable, HostUnavailable, ...: As ``supported_output_configs`` says.
        """

    def _channels(self, direction: Direction) -> tuple[Channel, ...]:
        """``channels`` in a direction that it has."""
        del direction
        return ()

    @uninterrupted
    def channels(self, direction: Direction) -> tuple[Channel, ...]:
        if direction not in (Direction.INPUT, Direction.OUTPUT):
            raise InvalidInput(f"direction must be INPUT or OUTPUT, not {shown(direction)}")
        return self._channels(direction) if self._has(direction) else ()

    @abstractmethod
    def _default(self, direction: Direction) -> SupportedStreamConfig:
        """The config to take in a direction that it has; raises as ``_configs``."""

    @uninterrupted
    def supported_input_configs(self) -> Sequence[SupportedStreamConfigRange]:
        return self._configs(Direction.INPUT) if self.supports_input else []

    @uninterrupted
    def supported_output_configs(self) -> Sequence[SupportedStreamConfigRange]:
        return self._configs(Direction.OUTPUT) if self.supports_output else []

    @uninterrupted
    def default_input_config(self) -> SupportedStreamConfig:
        return self._checked_default(Direction.INPUT)

    @uninterrupted
    def default_output_config(self) -> SupportedStreamConfig:
        return self._checked_default(Direction.OUTPUT)

    def _checked_default(self, direction: Direction) -> SupportedStreamConfig:
        if not self._has(direction):
            raise self._lacks(direction)
        return self._default(direction)

    def _lacks(self, direction: Direction) -> UnsupportedOperation:
        return UnsupportedOperation(f"{self.name} has no {direction}")


def _or_default(
    config: StreamConfig | SupportedStreamConfig | None, default: Callable[[], SupportedStreamConfig]
) -> StreamConfig:
    if config is not None:
        return checked_config(config)
    return default().config().replace(sample_format=SampleFormat.F32)


def take_options(options: dict[str, Any], **known: tuple[type, object]) -> dict[str, Any]:
    """The options of a call: ``take_options(options, role=(str, None))`` gives ``{"role": ...}``.

    Raises:
        UnsupportedOperation: One that is not known here.
        InvalidInput: One of the wrong type.
    """
    for name, value in options.items():
        if name not in known:
            allowed = ", ".join(sorted(known)) or "none"
            raise UnsupportedOperation(f"this host has no option {name!r}", advice=f"its options are: {allowed}")
        kind, default = known[name]
        stray_bool = isinstance(value, bool) and kind not in {bool, object}
        if value is not default and (not isinstance(value, kind) or stray_bool):
            raise InvalidInput(f"option {name} takes {kind.__name__}, not {shown(value)}")
    return {name: options.get(name, default) for name, (_, default) in known.items()}


#: A year and more; no system has clocks that count without end.
_MOST_SECONDS = 100_000_000


def check_timeout(timeout: Any) -> None:
    """The host option ``timeout``.

    Raises:
        InvalidInput: No seconds, or none at all.
    """
    if isinstance(timeout, bool) or not isinstance(timeout, (int, float)) or not 0 < timeout <= _MOST_SECONDS:
        raise InvalidInput(f"option timeout takes seconds, more than 0 and up to {_MOST_SECONDS}, not {timeout!r}")


_FOLLOW = ("never", "default")


def check_follow(follow: str | None) -> str | None:
    """The stream option ``follow`` of hosts whose streams can move with the default device, or stay; None: not given.

    Raises:
        InvalidInput: Neither "never" nor "default".
    """
    if follow is not None and follow not in _FOLLOW:
        raise InvalidInput(f"option follow takes {' or '.join(map(repr, _FOLLOW))}, not {follow!r}")
    return follow
