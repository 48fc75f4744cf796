"""A device with a list of configs: what it is asked for is checked, and a driver is made for what it can do."""

from __future__ import annotations

import copy
import weakref

from pcmio._choosing import check_choice, opened_with
from pcmio._device import TwoWayDevice, take_options
from pcmio._own_lock import OwnLock
from pcmio._value import shown
from pcmio.configs import BufferSize, StreamConfig, SupportedBufferSize, SupportedStreamConfigRange
from pcmio.custom.driver import CustomDriver, can_convert
from pcmio.descriptions import DeviceDescription, DeviceId, Direction
from pcmio.errors import InvalidInput, UnsupportedConfig

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence
    from typing import Any

    from pcmio.configs import SupportedStreamConfig
    from pcmio.custom.host import SimpleHost

#: Of a stream that leaves its buffer size to the host.
_USUAL = BufferSize.BALANCED


class Standing:
    """What a device shares with its copies, of which each listing gives one."""

    def __init__(self) -> None:
        self.lock = OwnLock()
        self.drivers: weakref.WeakSet[CustomDriver] = weakref.WeakSet()
        self.host: SimpleHost | None = None


class SimpleDevice(TwoWayDevice):
    """A device with a list of configs for each direction that it has.

    A stream is granted what is in the list, and is refused with ``UnsupportedConfig`` otherwise, which says what there
    is.  Sample formats are converted to one in the list.

    A host's listings, and streams, have shallow copies of it: what a subclass keeps in it is not to be set anew later.

    Args:
        id: "host:id", as ``DeviceId`` writes it.
        name: For people; empty: the id without its host.
        outputs: What can be played: ``SupportedStreamConfigRange`` values, or ``StreamConfig`` values, which stand for
            one rate each, and for one buffer size if they have a number of frames.
        inputs: What can be recorded.
        driver: Makes the driver of a stream: a class or function, called as ``driver(direction, config, **options)``.
            ``config`` is in the list: its format is the device's own, its buffer size a number of frames.  None: the
            method ``make_driver`` is overridden.
        options: What a stream can be asked for besides: by name, its type and its default.
        description: In place of the name, if there is more to say; its direction is that of the lists.

    Raises:
        InvalidInput: Not such values; or neither outputs nor inputs.
    """

    def __init__(
        self,
        id: DeviceId | str,  # noqa: A002 - as the property
        name: str = "",
        *,
        outputs: Iterable[SupportedStreamConfigRange | StreamConfig] = (),
        inputs: Iterable[SupportedStreamConfigRange | StreamConfig] = (),
        driver: Callable[..., CustomDriver] | None = None,
        options: Mapping[str, tuple[type, object]] | None = None,
        description: DeviceDescription | None = None,
    ) -> None:
        device_id = id if isinstance(id, DeviceId) else DeviceId.parse(id)
        self._ranges = {Direction.OUTPUT: _ranges("outputs", outputs), Direction.INPUT: _ranges("inputs", inputs)}
        if not any(self._ranges.values()):
            raise InvalidInput(f"{device_id} has neither outputs nor inputs", advice="list what it can do")
        if driver is not None and not callable(driver):
            raise InvalidInput(f"driver must be callable as driver(direction, config), not {shown(driver)}")
        self._make = driver
        self._options = dict(options or {})
        self.standing = Standing()
        if description is not None and not isinstance(description, DeviceDescription):  # pyright: ignore[reportUnnecessaryIsInstance]
            raise InvalidInput(f"a device is described by a DeviceDescription, not by {shown(description)}")
        described = DeviceDescription(name or device_id.id) if description is None else description
        super().__init__(device_id, self._directed(described))

    def make_driver(self, direction: Direction, config: StreamConfig, **options: Any) -> CustomDriver:
        """A driver for a stream that can be had; override it, or give the device a ``driver``.

        Raises:
            AudioError: There is none after all: the file cannot be written, the address not be reached.
        """
        if self._make is None:
            raise NotImplementedError(f"{type(self).__name__} has no driver: give it one, or override make_driver")
        return self._make(direction, config, **options)

    def drivers(self) -> list[CustomDriver]:
        """Of streams that are open, and maybe of some that just were."""
        with self.standing.lock:
            return list(self.standing.drivers)

    # --- the shared half's questions ---------------------------------------------------------------------------------

    def _check_there(self) -> None:
        host = self.standing.host
        if host is not None:
            host.check_has(self)

    def _configs(self, direction: Direction) -> Sequence[SupportedStreamConfigRange]:
        self._check_there()
        return list(self._ranges[direction])

    def _default(self, direction: Direction) -> SupportedStreamConfig:
        self._check_there()
        best = max(self._ranges[direction], key=SupportedStreamConfigRange.default_rank)
        return best.with_default_sample_rate()

    def _supports(self, config: StreamConfig, direction: Direction) -> bool:
        """By the list: no driver is made, which may have effects."""
        if not self._has(direction):
            return False
        try:
            if config.device_channels:
                check_choice(direction, config)
                config = opened_with(self.name, config, self._channel_counts(direction, config.sample_rate))
            self._granted(direction, self._resolved(direction, config))
        except UnsupportedConfig:
            return False
        return True

    def _driver(self, direction: Direction, config: StreamConfig, options: dict[str, Any]) -> CustomDriver:
        taken = take_options(options, **self._options)
        self._check_there()
        made = self.make_driver(direction, self._granted(direction, config), **taken)
        if not isinstance(made, CustomDriver):  # pyright: ignore[reportUnnecessaryIsInstance] - a user's code
            raise InvalidInput(f"the driver of {self.name} must be a CustomDriver, not {shown(made)}")
        try:
            with self.standing.lock:
                self.standing.drivers.add(made)
            self._check_there()  # what was removed before this has not told the driver
        except BaseException:
            made.close()
            raise
        return made

    def _granted(self, direction: Direction, config: StreamConfig) -> StreamConfig:
        """What a driver is to do: one of the list, as near to what is wanted as can be.

        Raises:
            UnsupportedConfig: There is nothing like it; the message says what there is.
        """
        wanted = config.sample_format
        best = max(
            self._fitting(self._configs(direction), config),
            key=lambda one: (
                one.sample_format is wanted,
                one.sample_format.holds(wanted) if direction is Direction.OUTPUT else wanted.holds(one.sample_format),
                one.default_rank(),
            ),
        )
        size = config.buffer_size
        size = (_USUAL if size.frames is None else size).resolve(config.sample_rate, best.buffer_size)
        return config.replace(sample_format=best.sample_format, buffer_size=size)

    def _fitting(
        self, ranges: Sequence[SupportedStreamConfigRange], config: StreamConfig
    ) -> Sequence[SupportedStreamConfigRange]:
        rate, frames = config.sample_rate, config.buffer_size.frames
        found = [one for one in ranges if one.channels == config.channels]
        if not found:
            raise _refusal(self.name, f"no {_count(config)}", sorted({one.channels for one in ranges}))
        there: list[object] = [_span(one.min_sample_rate, one.max_sample_rate, "Hz") for one in found]
        found = [one for one in found if one.contains_rate(rate)]
        if not found:
            raise _refusal(self.name, f"no {rate} Hz with {_count(config)}", there)
        there = [one.sample_format for one in found]
        found = [one for one in found if can_convert(one.sample_format, config.sample_format)]
        if not found:
            raise _refusal(self.name, f"no samples of {config.sample_format}", there, "nothing converts them")
        there = [one.buffer_size for one in found]
        found = [one for one in found if frames is None or one.buffer_size.contains(frames)]
        if not found:
            raise _refusal(self.name, f"no buffers of {frames} frames", there, "use nearest(), or depth=")
        return found

    # --- for its host ------------------------------------------------------------------------------------------------

    def belong(self, host: SimpleHost) -> None:
        """It is added to a host.

        Raises:
            InvalidInput: To another one than before.
        """
        with self.standing.lock:
            if self.standing.host not in (None, host):
                raise InvalidInput(f"{self._id} belongs to another host", advice="make a device for each host")
            self.standing.host = host

    def described(self, description: DeviceDescription | None = None) -> SimpleDevice:
        """A copy, for a listing, or with another description."""
        copied = copy.copy(self)
        if description is not None:
            copied._description = self._directed(description)  # noqa: SLF001 - another of the same class
        return copied

    def _directed(self, description: DeviceDescription) -> DeviceDescription:
        has = {direction: bool(ranges) for direction, ranges in self._ranges.items()}
        both = Direction.of(has_input=has[Direction.INPUT], has_output=has[Direction.OUTPUT])
        return description.replace(direction=both)


def _refusal(name: str, what: str, there: Iterable[object], more: str = "") -> UnsupportedConfig:
    listed = ", ".join(dict.fromkeys(map(str, there)))
    advice = more or 'ask for these, or have it converted: convert="auto"'
    return UnsupportedConfig(f"{name} has {what}; it has {listed}", advice=advice)


def _count(config: StreamConfig) -> str:
    return f"{config.channels} channel{'' if config.channels == 1 else 's'}"


def _span(low: int, high: int, unit: str) -> str:
    return f"{low} {unit}" if low == high else f"{low} to {high} {unit}"


def _ranges(name: str, given: Any) -> tuple[SupportedStreamConfigRange, ...]:
    if isinstance(given, (SupportedStreamConfigRange, StreamConfig)) or not hasattr(given, "__iter__"):
        raise InvalidInput(f"{name} must be a list of configs, not {shown(given)}")
    return tuple(dict.fromkeys(_range(name, one) for one in given))


def _range(name: str, given: object) -> SupportedStreamConfigRange:
    if isinstance(given, SupportedStreamConfigRange):
        return given
    if not isinstance(given, StreamConfig):
        raise InvalidInput(
            f"{name} must be a list of SupportedStreamConfigRange or StreamConfig values, not of {shown(given)}"
        )
    size = given.buffer_size
    if given.device_channels or size.wish is not None or size.duration is not None:
        raise InvalidInput(f"{given} is a wish, not what a device can do", advice="give numbers of channels and frames")
    sizes = SupportedBufferSize.UNKNOWN if size.frames is None else SupportedBufferSize(size.frames, size.frames)
    return SupportedStreamConfigRange(given.channels, given.sample_rate, given.sample_rate, sizes, given.sample_format)
