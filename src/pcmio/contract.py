"""What every host, device and stream owes its user, each call with its errors.

Hosts of this package and hosts that users write keep this contract; ``pcmio.testing`` checks it.  Rules for all:

* Any call may come from any thread, from inside a callback too, and may be repeated.
* Time is in seconds as float, lengths are in frames.  A timeout of None, or infinity, waits as long as it takes; what
  is no number is ``InvalidInput``.  When the time given passes, calls that only wait return False and calls that must
  deliver raise ``OperationTimeout``.
* Lists are fresh at each call.  A missing default device is None, not an error.
* Nothing is printed.
"""

from __future__ import annotations

from abc import ABC, abstractmethod

from pcmio._log import logger
from pcmio._opens import Couples, Opens, includes
from pcmio._value import shown
from pcmio.configs import StreamConfig, SupportedStreamConfig
from pcmio.descriptions import DeviceId, Direction
from pcmio.errors import DeviceNotAvailable, InvalidInput, UnsupportedOperation

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from types import TracebackType
    from typing import Any, TypeAlias

    from typing_extensions import Self

    from pcmio.callbacks import NativeCallback
    from pcmio.configs import SupportedStreamConfigRange
    from pcmio.descriptions import DeviceDescription
    from pcmio.events import EndReason, HostEvent, StreamEvent, StreamState
    from pcmio.stats import Latency, StreamStats
    from pcmio.timestamps import CallbackInfo, StreamInstant

#: ``data(frames, info)``: frames is an array of shape (frames, channels); output arrives silent, is written in place.
DataCallback: TypeAlias = "Callable[[Any, CallbackInfo], object]"
#: ``data(block, info)``: block is a memoryview of bytes.
RawDataCallback: TypeAlias = "Callable[[memoryview, CallbackInfo], object]"
EventCallback: TypeAlias = "Callable[[StreamEvent], object]"
HostEventCallback: TypeAlias = "Callable[[HostEvent], object]"


class Stream(ABC):
    """Samples in motion.  Built stopped; ends once, with a reason; a context manager that starts and closes."""

    @property
    @abstractmethod
    def config(self) -> StreamConfig:
        """What was granted; its buffer size is the exact number of frames in each callback."""

    @property
    @abstractmethod
    def device(self) -> Device:
        """The device it was built on."""

    @property
    @abstractmethod
    def state(self) -> StreamState:
        """Where it is in its life."""

    @property
    @abstractmethod
    def reason(self) -> EndReason | None:
        """Why it ended, or None while it lives."""

    @property
    @abstractmethod
    def position(self) -> int:
        """Frames that the device took or gave since the build; never goes back, stands still while stopped."""

    @property
    @abstractmethod
    def latency(self) -> Latency:
        """Now; zero until the system tells."""

    @property
    @abstractmethod
    def stats(self) -> StreamStats:
        """Counters and measurements, readable at any time, after the end too."""

    @property
    @abstractmethod
    def volume(self) -> float:
        """The factor of the samples' amplitude: 1.0 leaves them as they are, 0.5 is 6 dB less, 0.0 silence.

        Set at any time, before the start too: from 0.0 to 10.0.

        Raises:
            InvalidInput: No such number.
            UnsupportedOperation: DSD can only be muted.
            StreamClosed: The stream has ended; it can still be read.
            HostUnavailable, BackendError: From the native system.
        """

    @volume.setter
    @abstractmethod
    def volume(self, volume: float) -> None: ...

    @property
    @abstractmethod
    def muted(self) -> bool:
        """Whether it is silent, whatever the volume; set and raises as ``volume``."""

    @muted.setter
    @abstractmethod
    def muted(self, muted: bool) -> None: ...

    @property
    @abstractmethod
    def volume_is_native(self) -> bool:
        """Whether the native system keeps both, so that mixers show and change them (``VolumeChanged``); else pcmio."""

    @abstractmethod
    def now(self) -> StreamInstant:
        """The present on the clock of this stream's timestamps."""

    @abstractmethod
    def time_of(self, frame: int) -> StreamInstant | None:
        """When a frame was or will be at the converter: heard by the device, or captured.

        Frames are counted as ``CallbackInfo.position`` does, or as written or read; what was lost, and silence, lie
        between two of them; of a duplex stream, as ``position`` counts what the output takes.  Told from the times that
        the system told; docs/streams.md says how exact that is.

        Returns:
            None if that is not known: before the device has begun, for what comes while the stream does not run, and
            for what was long ago (two seconds, and four times what the ring holds, are remembered).

        Raises:
            InvalidInput: Not a number of frames, from 0.
        """

    @abstractmethod
    def frame_at(self, instant: StreamInstant) -> int | None:
        """Which frame was or will be at the converter then, on this stream's clock; None: see ``time_of``.

        Raises:
            InvalidInput: No instant.
        """

    @abstractmethod
    def start(self) -> None:
        """Begin, or go on after a pause; does nothing while running.

        An output's callback is called until the ring is full, then the device begins.  If the stream drains, that is
        waited for first, up to 5 seconds longer than the ring and the device hold.

        Raises:
            StreamClosed: The stream has ended.
            OperationTimeout: A callback does not return, or a drain does not end; the stream is where it was.
            PermissionDenied: Its audio thread requires real-time priority and is refused.
            DeviceNotAvailable, DeviceBusy, HostUnavailable, StreamInvalidated, BackendError: From the native system;
                the stream is where it was.
        """

    @abstractmethod
    def pause(self) -> None:
        """Hold the device as soon as it can; frames not yet played are kept for ``start``.  Does nothing while stopped.

        Raises:
            StreamClosed: The stream has ended.
            BackendError: From the native system.
        """

    @abstractmethod
    def stop(self, timeout: float | None = None) -> bool:
        """End calling the callback; play what is written; then hold the device.  ``start`` begins anew.

        Args:
            timeout: Seconds to let the rest play; 0 throws it away; None waits until it is heard.  Input stops at once.

        Returns:
            Whether the last frame was played.  From inside the callback: False, as the rest plays afterwards.

        Raises:
            Exception: The stream's own error, if it has ended with one that nobody was given yet.
        """

    @abstractmethod
    def close(self) -> None:
        """Stop at once and give everything back; harmless when closed.

        Raises:
            Exception: The stream's own error, if it has ended with one that nobody was given yet.
        """

    @abstractmethod
    def wait(self, timeout: float | None = None) -> bool:
        """Wait until nothing moves any more: stopped, ended or failed.

        Returns:
            False when ``timeout`` seconds passed before.

        Raises:
            Exception: The stream's own error, if it has ended with one that nobody was given yet.
        """

    def __enter__(self) -> Self:
        try:
            self.start()
        except BaseException as error:
            _close_after(self.close, error)  # __exit__ will not be called
            raise
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        _close_after(self.close, error)


class Device(Opens, ABC):
    """One thing that plays, records or both.  Equal to another when their ids are."""

    @property
    @abstractmethod
    def id(self) -> DeviceId:
        """Stays the same while the thing is the same, over restarts too."""

    @property
    @abstractmethod
    def description(self) -> DeviceDescription:
        """What the system tells about it, as of the enumeration that made this object."""

    @property
    def name(self) -> str:
        """For people."""
        return self.description.name

    @property
    def supports_input(self) -> bool:
        """Whether input streams can be built."""
        return self.description.supports_input

    @property
    def supports_output(self) -> bool:
        """Whether output streams can be built."""
        return self.description.supports_output

    @abstractmethod
    def supported_input_configs(self) -> Sequence[SupportedStreamConfigRange]:
        """Formats to record in, native ones; empty for a device without input.

        Raises:
            DeviceNotAvailable: It is gone.
            HostUnavailable: The server is gone.
        """

    @abstractmethod
    def supported_output_configs(self) -> Sequence[SupportedStreamConfigRange]:
        """Formats to play in, native ones; empty for a device without output.

        Raises:
            DeviceNotAvailable: It is gone.
            HostUnavailable: The server is gone.
        """

    @abstractmethod
    def default_input_config(self) -> SupportedStreamConfig:
        """The format to record in when one does not care.

        Raises:
            UnsupportedOperation: No input.
            DeviceNotAvailable, HostUnavailable: It or its server is gone.
        """

    @abstractmethod
    def default_output_config(self) -> SupportedStreamConfig:
        """The format to play in when one does not care.

        Raises:
            UnsupportedOperation: No output.
            DeviceNotAvailable, HostUnavailable: It or its server is gone.
        """

    def supports(self, config: StreamConfig | SupportedStreamConfig, direction: Direction | None = None) -> bool:
        """Whether a stream with this config can be built, as far as that can be told without building it.

        Unless the device knows better: whether it is one of the supported configs.

        Args:
            config: As for ``build_output_stream``.
            direction: INPUT or OUTPUT; None or DUPLEX: in every direction that the device has.

        Raises:
            InvalidInput: No config, or no direction.
            DeviceNotAvailable, HostUnavailable: It or its server is gone.
        """
        wanted, directions = checked_config(config), self._directions(direction)
        return bool(directions) and all(self._supports(wanted, one) for one in directions)

    def _supports(self, config: StreamConfig, direction: Direction) -> bool:
        """``supports`` for one direction, which the device may not have."""
        if direction is Direction.OUTPUT:
            return any(includes(one, config) for one in self.supported_output_configs())
        return any(includes(one, config) for one in self.supported_input_configs())

    def _directions(self, direction: Direction | None) -> list[Direction]:
        if direction in (Direction.INPUT, Direction.OUTPUT):
            return [direction]
        if direction not in (None, Direction.DUPLEX):
            raise InvalidInput(f"direction must be INPUT, OUTPUT or DUPLEX, not {shown(direction)}")
        return [one for one in (Direction.OUTPUT, Direction.INPUT) if self._has(one)]

    def _has(self, direction: Direction) -> bool:
        return self.supports_output if direction is Direction.OUTPUT else self.supports_input

    @abstractmethod
    def build_output_stream(
        self,
        config: StreamConfig | SupportedStreamConfig,
        data: DataCallback | NativeCallback,
        on_event: EventCallback | None = None,
        *,
        depth: float | str = "balanced",
        realtime: str = "auto",
        convert: str = "format",
        **options: object,
    ) -> Stream:
        """Open a stopped stream that asks ``data`` for frames.

        Args:
            config: Channels, frames per second, frames per callback, sample format.
            data: Called as ``data(frames, info)`` on a Python thread of the stream's own, never on the audio thread and
                never before this call has returned.  ``frames`` is a writable numpy array of shape (frames, channels),
                always exactly ``stream.config.buffer_size`` frames; it arrives silent, so that writing a part or
                nothing is fine.  What it raises ends the stream and is raised again by ``wait``, ``stop`` or ``close``.
                A ``NativeCallback`` is called on the audio thread, for each block when it is due; ``depth`` is moot.
            on_event: Called with a ``StreamEvent`` on the same thread.
            depth: How much is kept ready for the device beyond Python's reach: seconds, or "low", "balanced" (survives
                a busy Python thread), "high".  The whole of it is latency.
            realtime: Whether the threads that are pcmio's ask for real-time priority: "auto" (a refusal is told as
                ``RealtimeDenied``), "require" (a refusal is an error, here or from ``start``), "never".
            convert: "format": samples of another format are converted, to that of the device, and may lose bits by it.
                "never": nothing is lost, or the config is refused.  "auto": channels are mixed and the rate is
                resampled, too, where the device does not have them (by soxr, which ``pcmio[convert]`` brings).
            options: What only this host can be asked for.

        Raises:
            UnsupportedOperation: No output, or an option that this host does not have; or numpy, soxr or a callback in
                Python is needed to convert.
            UnsupportedConfig: No such rate, format, channel count or buffer size; the message says what there is.
            InvalidInput: A value that no device could take.
            DeviceBusy: Somebody else holds the device.
            DeviceNotAvailable: It is gone.
            PermissionDenied: Real-time priority is required and refused, or the native system says no.
            HostUnavailable, ResourceExhausted, OperationTimeout, BackendError: From the native system.

        Source: cpal's ``DeviceTrait::build_output_stream``.
        """

    @abstractmethod
    def build_input_stream(
        self,
        config: StreamConfig | SupportedStreamConfig,
        data: DataCallback | NativeCallback,
        on_event: EventCallback | None = None,
        *,
        depth: float | str = "balanced",
        realtime: str = "auto",
        convert: str = "format",
        **options: object,
    ) -> Stream:
        """Open a stopped stream that hands ``data`` what was captured, read-only; else as ``build_output_stream``."""

    @abstractmethod
    def build_output_stream_raw(
        self,
        config: StreamConfig | SupportedStreamConfig,
        data: RawDataCallback | NativeCallback,
        on_event: EventCallback | None = None,
        *,
        depth: float | str = "balanced",
        realtime: str = "auto",
        convert: str = "format",
        **options: object,
    ) -> Stream:
        """As ``build_output_stream``, with writable memoryviews of bytes, interleaved; does not need numpy."""

    @abstractmethod
    def build_input_stream_raw(
        self,
        config: StreamConfig | SupportedStreamConfig,
        data: RawDataCallback | NativeCallback,
        on_event: EventCallback | None = None,
        *,
        depth: float | str = "balanced",
        realtime: str = "auto",
        convert: str = "format",
        **options: object,
    ) -> Stream:
        """As ``build_input_stream``, with read-only memoryviews of bytes, interleaved; does not need numpy."""

    def __eq__(self, other: object) -> bool:
        return self.id == other.id if isinstance(other, Device) else NotImplemented

    def __hash__(self) -> int:
        return hash(self.id)

    def __str__(self) -> str:
        return self.name

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {str(self.id)!r}: {self.description}>"


class Watch(ABC):
    """What happens to a host's devices, from its making on: an iterator of ``HostEvent``, an async one as well.

    Whatever a listing shows that was made after the watch, and that changes later, is told.  Closed, it ends: also a
    ``for`` loop that waits in another thread.  A context manager that closes.
    """

    @property
    @abstractmethod
    def closed(self) -> bool:
        """Whether it has ended."""

    @abstractmethod
    def get(self, timeout: float | None = None) -> HostEvent | None:
        """Wait for the next event, and take it; None when the watch is closed.

        Raises:
            OperationTimeout: ``timeout`` seconds passed before.
            UnsupportedOperation: The watch has a callback, which gets them all.
        """

    @abstractmethod
    def close(self) -> None:
        """End it, and give its connection and thread back; harmless when closed.

        Raises:
            Exception: What its callback raised, if that was raised nowhere yet.
        """

    def __iter__(self) -> Self:
        return self

    def __next__(self) -> HostEvent:
        event = self.get()
        if event is None:
            raise StopIteration
        return event

    def __aiter__(self) -> Self:
        return self

    @abstractmethod
    async def __anext__(self) -> HostEvent:
        """Take the next event; a task that is cancelled here takes none."""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        _close_after(self.close, error)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None
    ) -> None:
        _close_after(self.close, error)


class Host(Couples, ABC):
    """One audio system of this machine.  Opened late: making one contacts nothing that is not needed yet."""

    @property
    @abstractmethod
    def id(self) -> str:
        """Lower case, as in device ids: "pulseaudio"."""

    @property
    @abstractmethod
    def name(self) -> str:
        """As its makers write it: "PulseAudio"."""

    @abstractmethod
    def check_available(self) -> None:
        """Return if the system answers.

        Raises:
            HostUnavailable: It does not; the message says what was tried and what to install or start.
            PermissionDenied: It does not let us in.
        """

    @abstractmethod
    def devices(self) -> Sequence[Device]:
        """All devices, both directions.

        Raises:
            HostUnavailable, PermissionDenied, OperationTimeout, BackendError: From the native system.
        """

    @abstractmethod
    def default_output_device(self) -> Device | None:
        """Where sound goes when nobody says where, or None; errors as ``devices``."""

    @abstractmethod
    def default_input_device(self) -> Device | None:
        """What is recorded when nobody says what, or None; errors as ``devices``."""

    @abstractmethod
    def close(self) -> None:
        """End its streams, watches and connections; harmless when closed."""

    def watch(self, on_event: HostEventCallback | None = None) -> Watch:
        """Tell of devices that come, go and change, of other defaults, and of a server that goes and returns.

        A server that is not there is no error: the watch begins with ``HostLost``, and tells when it comes.

        Args:
            on_event: Called with each ``HostEvent`` on a Python thread of the watch's own; without it they are taken by
                ``get``, or by iterating.  What it raises ends the watch, and is raised again by ``close``.

        Raises:
            UnsupportedOperation: This host cannot be watched.
            InvalidInput: ``on_event`` cannot be called.
            ResourceExhausted: No thread, no descriptors.
        """
        del on_event
        raise UnsupportedOperation(f"{self.name} cannot be watched", advice="list its devices again")

    def output_devices(self) -> Sequence[Device]:
        """Those that can play."""
        return [device for device in self.devices() if device.supports_output]

    def input_devices(self) -> Sequence[Device]:
        """Those that can record."""
        return [device for device in self.devices() if device.supports_input]

    def device_by_id(self, device_id: DeviceId | str) -> Device:
        """The device with this id, one of ``devices()`` unless the host can ask for one alone.

        Raises:
            InvalidInput: Malformed, or the id of another host's device.
            DeviceNotAvailable: There is none at present.
            HostUnavailable, PermissionDenied, OperationTimeout, BackendError: As ``devices``.
        """
        wanted = self.own_id(device_id)
        for device in self.devices():
            if device.id == wanted:
                return device
        raise self.no_device(wanted)

    def own_id(self, device_id: DeviceId | str) -> DeviceId:
        """An id that somebody gives, checked; for hosts whose ``device_by_id`` is their own.

        Raises:
            InvalidInput: Malformed, or the id of another host's device.
        """
        wanted = device_id if isinstance(device_id, DeviceId) else DeviceId.parse(device_id)
        if wanted.host != self.id:
            raise InvalidInput(f"{wanted} is a device of another host", advice=f"this is {self.id}")
        return wanted

    @staticmethod
    def no_device(wanted: DeviceId) -> DeviceNotAvailable:
        """What ``device_by_id`` raises for an id that no device has."""
        return DeviceNotAvailable(f"there is no device {wanted}", advice="see host.devices()")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        _close_after(self.close, error)

    def __repr__(self) -> str:
        return f"<pcmio host {self.name}>"


def _close_after(close: Callable[[], None], error: BaseException | None) -> None:
    """Close at the end of a ``with`` block; an error on its way out of the block comes first, the other is logged."""
    try:
        close()
    except Exception as failure:
        if error is None:
            raise
        logger().error("closing failed too, after %r", error, exc_info=failure)


def checked_config(config: object) -> StreamConfig:
    """What a stream is to be built from.

    Raises:
        InvalidInput: It is no config.
    """
    if isinstance(config, SupportedStreamConfig):
        config = config.config()
    if not isinstance(config, StreamConfig):
        raise InvalidInput(f"a stream is built from a StreamConfig, not from {shown(config)}")
    return config
