"""The native half of a stream: its ports, and its place in the client's process callback."""

from __future__ import annotations

from ctypes import c_void_p

from pcmio._core import NOTE_DEVICE_LOST, NOTE_HOST_LOST, core
from pcmio._driver import Driver, Plan, Side
from pcmio._log import logger
from pcmio.descriptions import Direction
from pcmio.errors import AudioError, ResourceExhausted, UnsupportedConfig
from pcmio.events import Rerouted
from pcmio.formats import SampleFormat
from pcmio.hosts.jack import errors
from pcmio.hosts.jack.abi import JackCore, JackPortIsInput, JackPortIsOutput
from pcmio.hosts.jack.ports import NO_PORTS, find_groups, largest, native_name

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from pcmio._driver import Note, Pump
    from pcmio.configs import StreamConfig
    from pcmio.events import StreamEvent
    from pcmio.hosts.jack.client import JackClient
    from pcmio.hosts.jack.options import StreamOptions, Targets

_NANOS = 1_000_000_000
_MICROSECOND_NANOS = 1_000
#: A server that cycles needs one or two periods to take a last one of silence; one that does not is not waited for.
_SILENCE_PERIODS = 4
_SILENCE_LEAST_NANOS = 50_000_000
_QUIET_NANOS = _NANOS

_library: JackCore | None = None
#: What a native thread may still be inside of, because the server froze in the middle of a cycle: never freed.
_kept_for_ever: list[object] = []


def jack_core() -> JackCore:
    """The core's part of this host."""
    global _library  # noqa: PLW0603 - one for the process, and nothing at import
    if _library is None:
        _library = JackCore(core().path)
    return _library


class JackDriver(Driver):
    """One stream: a port for each channel."""

    def __init__(
        self,
        client: JackClient,
        direction: Direction,
        config: StreamConfig,
        options: StreamOptions,
        device: str,
        device_ports: Sequence[str],
    ) -> None:
        """Negotiate.

        Raises:
            UnsupportedConfig: Another rate than the server's, or a format that is no PCM.
        """
        rate, period = client.rate, client.period_frames
        if config.sample_rate != rate:
            raise UnsupportedConfig(
                f"the JACK server runs at {rate} Hz, not at {config.sample_rate} Hz",
                advice=f"ask for {rate} Hz, or start the server at another rate",
            )
        if config.sample_format.is_dsd:
            raise UnsupportedConfig(
                f"JACK ports carry {SampleFormat.F32}, which {config.sample_format} does not become"
            )
        side = Side(config.channels, SampleFormat.F32, planar=True)
        self.plan = Plan(
            sample_rate=rate,
            block_frames=config.buffer_size.frames or period,
            native_frames=period,
            output=side if direction is Direction.OUTPUT else None,
            input=side if direction is Direction.INPUT else None,
            clock=client.clock,
            clock_nanos=_MICROSECOND_NANOS,
        )
        self._client = client
        self._direction = direction
        self._channels = config.channels
        self._options = options
        self._device = device  # the client whose ports these are
        self._device_ports = device_ports
        self._ports: list[int] = []  # jack_port_t
        self._names: list[str] = []  # taken from the client's
        self._stream: int | None = None  # pcmio_jack_stream
        self._pump: Pump | None = None

    @property
    def port_names(self) -> tuple[str, ...]:
        """The stream's ports, with the client's name before a colon."""
        return tuple(f"{self._client.name}:{name}" for name in self._names)

    def open(self, pump: Pump) -> None:
        """Make the ports, take part in the next cycle, connect."""
        client = self._client
        with client.lock:
            client.check()
            self._names = client.take_names(self._wanted_names(), numbered=self._is_numbered)
            flags = JackPortIsOutput if self._direction is Direction.OUTPUT else JackPortIsInput
            for name in self._names:
                self._ports.append(client.register_port(name, flags))
            self._join(pump)
            client.drivers.append(self)
            client.activate()
            self._connect(client)

    def _connect(self, client: JackClient) -> None:
        # First: a device that goes meanwhile is told.
        bound = self._options.connect is True and bool(self._device_ports)
        jack_core().pcmio_jack_stream_belongs(self._stream, native_name(self._device) if bound else None)
        for name, targets in zip(self.port_names, self._targets(), strict=False):
            for target in targets:
                if self._direction is Direction.OUTPUT:
                    client.connect(name, target)
                else:
                    client.connect(target, name)
        client.measure(self._stream)

    def start(self) -> None:
        """The process callback moves samples as soon as the pump lets it."""
        with self._client.lock:
            self._client.check()

    def pause(self) -> None:
        """JACK queues nothing; an idle pump plays silence."""

    def discard(self) -> None:
        """JACK queues nothing; an idle pump plays silence."""

    def close(self) -> None:
        """Leave the process callback, then give the ports back."""
        client = self._client
        with client.lock:
            self.leave(client)
            ports, self._ports = self._ports, []
            names, self._names = self._names, []
            client.unregister_ports(ports)
            client.give_names_back(names)
            if self in client.drivers:
                client.drivers.remove(self)
            client.close_if_unused()

    def leave(self, client: JackClient) -> None:
        """No native callback is inside the pump, or will enter it, when this returns.  The client's lock is held."""
        stream, self._stream = self._stream, None
        if stream is None:
            return
        silence = max(_SILENCE_LEAST_NANOS, _SILENCE_PERIODS * client.period_frames * _NANOS // client.rate)
        if jack_core().pcmio_jack_leave(client.address, stream, silence, _QUIET_NANOS) == 0:
            jack_core().pcmio_jack_stream_free(stream)
        else:
            _kept_for_ever.append((self._pump, client))
            logger().warning("JACK's process thread is stuck inside a stream that was closed; its memory is kept")

    def translate(self, note: Note) -> StreamEvent | AudioError | None:
        """Say whether the server has gone or the host was closed, and what becomes of a stream without its device."""
        self._client.log_messages()
        if note.kind == NOTE_DEVICE_LOST:
            return self._without_device()
        return self._client.lost_error() if note.kind == NOTE_HOST_LOST else None

    def _without_device(self) -> StreamEvent | AudioError:
        old, client = self._device, self._client
        try:
            with client.lock:
                output = self._direction is Direction.OUTPUT
                groups = [one for one in find_groups(client) if one.name != old]
                found = largest(groups, output=output)
                if self._options.follow != "default" or found == NO_PORTS:
                    return errors.gone(old)
                self._device, self._device_ports = found.name, found.playback if output else found.capture
                self._connect(client)
        except AudioError as error:
            if client.lost:
                return client.lost_error()
            gone = errors.gone(old)
            gone.__cause__ = error
            return gone
        return Rerouted(f"jack:{old}", f"jack:{self._device}")

    def _join(self, pump: Pump) -> None:
        ports = (c_void_p * len(self._ports))(*self._ports)
        count, none = len(self._ports), (0, None)
        out = (count, ports) if self._direction is Direction.OUTPUT else none
        in_ = (count, ports) if self._direction is Direction.INPUT else none
        stream = jack_core().pcmio_jack_stream_new(pump.address, *in_, *out)
        if stream is None:
            raise ResourceExhausted("no memory for a JACK stream", call="pcmio_jack_stream_new")
        if jack_core().pcmio_jack_join(self._client.address, stream) != 0:
            jack_core().pcmio_jack_stream_free(stream)
            raise ResourceExhausted(
                "this host has all the streams that one JACK client can have",
                call="pcmio_jack_join",
                code=-1,
                advice="open a second host",
            )
        self._pump, self._stream = pump, stream

    # --- ports -------------------------------------------------------------------------------------------------------

    @property
    def _is_numbered(self) -> bool:
        return self._options.name is None and self._options.port_names is None

    def _wanted_names(self) -> list[str]:
        if self._options.port_names is not None:
            return list(self._options.port_names)
        prefix = self._options.name or str(self._direction)
        return [f"{prefix}_{channel}" for channel in range(1, self._channels + 1)]

    def _targets(self) -> Targets:
        connect = self._options.connect
        if isinstance(connect, tuple):
            return connect
        if not connect:
            return ()
        ports = [(port,) for port in self._device_ports]
        if not self.device_channels:
            return tuple(ports)
        # The device that the stream goes to when its first one has gone may have fewer.
        return tuple(ports[channel] if channel < len(ports) else () for channel in self.device_channels)
