"""One stream: what is asked of the server, and what its answers mean."""

from __future__ import annotations

import ctypes
import threading
import time

from pcmio import _core
from pcmio._core import Wakeup, core
from pcmio._driver import UNTOLD, Driver, Loudness, Plan, Side
from pcmio._log import logger
from pcmio._served import choose_places
from pcmio.errors import AudioError, HostDisconnected, ResourceExhausted
from pcmio.events import Rerouted, VolumeChanged
from pcmio.hosts.pipewire import abi, errors, formats, pods
from pcmio.hosts.pipewire.abi import PipeWireRequest
from pcmio.hosts.pipewire.graph import await_ports

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from pcmio._driver import Note, Pump
    from pcmio.configs import StreamConfig
    from pcmio.descriptions import Direction
    from pcmio.events import StreamEvent
    from pcmio.hosts.pipewire.facts import Clock, NodeFacts
    from pcmio.hosts.pipewire.host import PipeWireHost
    from pcmio.hosts.pipewire.options import StreamOptions

#: What tells a stream that ends how its device is may take no longer.
_LOOK_SECONDS = 0.5
#: A session manager links a new stream within that time, if ever.
_LINK_SECONDS = 0.3
#: Within that time, and before it links it, it gives a new stream the volume that it remembers.
_RESTORE_SECONDS = 1.0
#: Cycles shorter than that are asked for by nobody: several small blocks go through the ring at a time.
_LEAST_SECONDS = 0.001
_ALIVE = (abi.PW_STREAM_STATE_CONNECTING, abi.PW_STREAM_STATE_PAUSED, abi.PW_STREAM_STATE_STREAMING)
_FLAGS = (
    abi.PW_STREAM_FLAG_AUTOCONNECT
    | abi.PW_STREAM_FLAG_INACTIVE
    | abi.PW_STREAM_FLAG_MAP_BUFFERS
    | abi.PW_STREAM_FLAG_RT_PROCESS
)


class PipeWireDriver(Driver):
    """A stream of a host's audio connection."""

    def __init__(
        self,
        host: PipeWireHost,
        node: NodeFacts,
        clock: Clock,
        direction: Direction,
        config: StreamConfig,
        options: StreamOptions,
        *,
        monitor: bool,
    ) -> None:
        self._host = host
        self._monitor = monitor
        self._node = node
        self._options = options
        self._direction = direction
        self._is_output = direction.has_output
        self._lock = threading.Lock()  # of what is native
        self._native: int | None = None
        self._cut = False  # the connection is closed, perhaps before anything native was made on it
        self._pump: Pump | None = None
        self._wakeup = Wakeup()
        self._flushed = False  # PipeWire was told to play what it has
        self._on = host.device_name(node, is_output=self._is_output)  # the device it is on
        self._native_volume, self._now, self._told = 1.0, Loudness(), Loudness()
        self._wanted: Loudness | None = None  # the owner's word
        self._wish_waits = False  # for the node to take it
        self._opened_at = 0.0
        named = None if options.channel_map is None else formats.parse_positions(options.channel_map)
        self._positions = choose_places(formats.standard_positions(config.channels), node.positions, named)
        rate = config.sample_rate
        block_frames = config.buffer_size.frames or max(1, clock.quantum * rate // clock.now)
        least = round(_LEAST_SECONDS * rate)
        cycle = block_frames * max(1, -(-least // block_frames))
        self._latency_frames, most = clock.cycle(cycle, rate)
        self._side = side = Side(config.channels, formats.native_format(config.sample_format))
        self.plan = Plan(
            sample_rate=rate,
            block_frames=block_frames,
            native_frames=most,
            output=side if self._is_output else None,
            input=None if self._is_output else side,
            clock=core().address("pcmio_clock_nanos"),
        )
        self._connection = host.audio()
        self._core = self._connection.libraries.core

    @property
    def _follows(self) -> bool:
        return self._options.follow == "default"

    @property
    def _stays(self) -> bool:
        """Whether it ends with its device."""
        return self._options.connect and not self._follows

    @property
    def node_id(self) -> int | None:
        """Of its node in the graph, while it has one."""
        with self._lock:
            if self._native is None or self._connection.inherited:
                return None
            id_ = self._core.pcmio_pipewire_stream_node(self._native)
            return None if id_ == abi.PW_ID_ANY else id_

    @property
    def _what(self) -> str:
        return f"a stream on {self._host.id}:{self._on}"

    # --- the stream's life -------------------------------------------------------------------------------------------

    def open(self, pump: Pump) -> None:
        """Have the server make a node that is held."""
        self._pump = pump
        connection = self._connection.join(self)
        # Ids are used anew: that the device which had this one before is gone must have been heard by now.
        self._connection.settle()
        with self._lock:
            if self._cut:
                raise errors.closed()
            self._native = self._core.pcmio_pipewire_stream_new(connection, pump.address, self._wakeup.address)
            if self._native is None:
                raise ResourceExhausted("no memory for a stream", call="pcmio_pipewire_stream_new")
            self._request(self._native)
        seconds = self._connection.options.timeout
        self._wakeup.wait_until(
            lambda: self._connection_lost() or not self._waits(),
            seconds,
            lambda: errors.too_slow(self._what, "pw_stream_connect", seconds),
        )
        if self._connection_lost():
            raise errors.disconnected(32)
        if self._ask(self._core.pcmio_pipewire_stream_state) == abi.PW_STREAM_STATE_ERROR:
            raise errors.complained(self._what, self._complaint())
        self._opened_at = time.monotonic()
        if not self._options.connect:
            self._await_ports()

    def _waits(self) -> bool:
        """Whether the server has still to answer; of a stream whose device goes meanwhile it may never say a word."""
        if self._ask(self._core.pcmio_pipewire_stream_over):
            return False
        state = self._ask(self._core.pcmio_pipewire_stream_state)
        return state in (abi.PW_STREAM_STATE_UNCONNECTED, abi.PW_STREAM_STATE_CONNECTING)

    def _await_ports(self) -> None:
        """Whoever connects them himself may do so as soon as the stream is built."""
        node_id, seconds = self.node_id, self._connection.options.timeout
        if node_id is None or not await_ports(
            self._host.control, node_id, self._direction, self._side.channels, seconds
        ):
            raise errors.no_ports(self._what, seconds)

    def _connection_lost(self) -> bool:
        return not self._connection.usable

    def _properties(self) -> dict[str, str | None]:
        options, rate = self._options, self.plan.sample_rate
        name = options.stream_name or self._connection.options.name
        return {
            "media.type": "Audio",
            "media.category": "Playback" if self._is_output else "Capture",
            "media.role": options.media_role,
            "media.name": name,
            "application.name": self._connection.options.name,
            "application.icon-name": self._connection.options.application_icon,
            "node.name": options.node_name or name,
            "node.description": name,
            "node.latency": f"{self._latency_frames}/{rate}",
            "node.rate": f"1/{rate}",
            "stream.capture.sink": "true" if self._monitor else None,
            # By serial number, since names may be shared; session managers before 0.4.9 know only the old key, an id.
            "target.object": (self._node.get("object.serial") or self._node.name) if self._stays else None,
            "node.target": str(self._node.id) if self._stays else None,
            "node.autoconnect": None if self._options.connect else "false",
            "state.restore-target": None if self._follows else "false",
        }

    def _request(self, native: int) -> None:
        side, plan = self._side, self.plan
        name = (self._options.stream_name or self._connection.options.name).encode()
        param = ctypes.create_string_buffer(pods.encode(formats.stream_format(plan.sample_rate, self._positions)))
        request = PipeWireRequest(
            name=name,
            properties=self._connection.libraries.properties(self._properties()),
            param=ctypes.addressof(param),
            flags=self._flags(),
            output=self._is_output,
            rate=plan.sample_rate,
            frame_bytes=side.channels * side.native_format.sample_bytes,
            target=self._node.id if self._options.connect else abi.PW_ID_ANY,
            pinned=self._stays,
        )
        code = self._core.pcmio_pipewire_stream_open(native, ctypes.byref(request))
        if code < 0:
            raise errors.from_code(self._what, "pw_stream_connect", code)

    def _flags(self) -> int:
        if not self._options.connect:
            return _FLAGS & ~abi.PW_STREAM_FLAG_AUTOCONNECT
        return _FLAGS if self._follows else _FLAGS | abi.PW_STREAM_FLAG_DONT_RECONNECT

    def start(self) -> None:
        """Let the graph run it."""
        self._flushed = False
        if self._wish_waits:
            self._await_volume()
        self._do("pw_stream_set_active", self._core.pcmio_pipewire_stream_start)

    def pause(self) -> None:
        """Have the graph run it no more."""
        self._flushed = False
        self._do("pw_stream_set_active", self._core.pcmio_pipewire_stream_hold, 0)

    def discard(self) -> None:
        """The same, and empty what converts and resamples."""
        self._flushed = False
        self._do("pw_stream_flush", self._core.pcmio_pipewire_stream_hold, 1)

    def drain(self) -> bool:
        """Have PipeWire play what it has: the core then says when that will be heard, and so this is asked again."""
        if self._flushed:
            return False
        self._flushed = True
        self._do("pw_stream_flush", self._core.pcmio_pipewire_stream_drain)
        return True

    def close(self) -> None:
        """Have the server and libpipewire forget the stream."""
        if self._connection.libraries.loses_descriptors and self._connection.usable:
            self._await_quiet()
        self._free()
        self._connection.leave(self)

    def _await_quiet(self) -> None:
        """Return when the server has nothing more to tell this stream: it was linked, and then held."""
        deadline = time.monotonic() + _LINK_SECONDS
        try:
            while not self._ask(self._core.pcmio_pipewire_stream_linked) and time.monotonic() < deadline:
                if self._ask(self._core.pcmio_pipewire_stream_state) not in _ALIVE:
                    break
                self._wakeup.wait_slice()
            self._ask(self._core.pcmio_pipewire_stream_hold, 0)
        except HostDisconnected:  # nothing was made, or another thread has closed the host meanwhile
            return
        self._connection.settle()

    def cut(self) -> None:
        """The connection is being closed."""
        with self._lock:
            self._cut = True
        self._free()
        if self._pump is not None:
            core().pcmio_pump_note(self._pump.address, _core.NOTE_HOST_LOST, 0, 0)

    def _free(self) -> None:
        with self._lock:
            native, self._native = self._native, None
            if native is not None and not self._connection.inherited:
                self._core.pcmio_pipewire_stream_free(native)

    # --- volume ------------------------------------------------------------------------------------------------------

    def loudness(self) -> Loudness:
        """What the stream's node has, or will have."""
        with self._lock:
            if self._native is not None and not self._wish_waits:
                volume = self._core.pcmio_pipewire_stream_volume(self._native)
                muted = bool(self._core.pcmio_pipewire_stream_muted(self._native))
                # The node counts in single precision, and whoever asks gets what was given.
                self._now = Loudness(self._now.volume if volume == self._native_volume else volume, muted)
                self._native_volume = volume
            return self._now

    def set_loudness(self, wanted: Loudness) -> None:
        """Give the node another; one that the session manager has not configured yet takes it later."""
        now = self.loudness()
        self._wish_waits = not self._ask(self._core.pcmio_pipewire_stream_has_volume)
        if not self._wish_waits:
            if wanted.volume != now.volume:
                self._do("pw_stream_set_control", self._core.pcmio_pipewire_stream_set_volume, wanted.volume)
            if wanted.muted is not now.muted:
                self._do("pw_stream_set_control", self._core.pcmio_pipewire_stream_set_muted, int(wanted.muted))
        with self._lock:
            self._native_volume = ctypes.c_float(wanted.volume).value
            self._now = self._told = self._wanted = wanted

    def _insist(self, wanted: Loudness) -> None:
        """Say the owner's word once more."""
        self._wish_waits = False
        self.set_loudness(wanted)

    def _await_volume(self) -> None:
        """Have the first frame played as loud as the owner wants it."""
        deadline = time.monotonic() + _LINK_SECONDS
        while not self._ask(self._core.pcmio_pipewire_stream_has_volume) and time.monotonic() < deadline:
            self._wakeup.wait_slice()
        if self._wanted is not None:
            self._insist(self._wanted)

    def _volume_changed(self, *, linked: bool) -> StreamEvent:
        restored = not linked and time.monotonic() < self._opened_at + _RESTORE_SECONDS
        if self._wanted is not None and (restored or self._wish_waits):
            self._insist(self._wanted)  # the owner was faster than the session manager, and knows better
            return UNTOLD
        now = self.loudness()
        if now == self._told:
            return UNTOLD  # volume and mute have changed together, and were told with the note before
        self._told = now
        return VolumeChanged(now.volume, now.muted)

    # --- asking the core ---------------------------------------------------------------------------------------------

    def _ask(self, call: Any, *arguments: Any) -> int:
        """What the core answers about the native stream."""
        with self._lock:
            if self._native is None:
                raise errors.closed()
            answer: int = call(self._native, *arguments)
            return answer

    def _do(self, name: str, call: Any, *arguments: Any) -> None:
        code = self._ask(call, *arguments)
        if code < 0:
            raise errors.from_code(self._what, name, code)

    def _complaint(self) -> str:
        text = ctypes.create_string_buffer(abi.PIPEWIRE_TEXT_BYTES)
        self._ask(self._core.pcmio_pipewire_stream_complaint, text)
        return text.value.decode("utf-8", "replace")

    # --- what the server tells ---------------------------------------------------------------------------------------

    def translate(self, note: Note) -> StreamEvent | AudioError | None:
        """Give notes the names that only this host knows."""
        if note.kind == _core.NOTE_HOST_LOST:
            return errors.disconnected(note.code) if note.code else errors.closed()
        if note.kind == _core.NOTE_DEVICE_LOST:
            return errors.gone(f"{self._host.id}:{self._on}")
        if note.kind == _core.NOTE_FAILED:
            return self._why_failed()
        if note.kind == _core.NOTE_MOVED:
            return self._moved_to(note.value)
        if note.kind == _core.NOTE_VOLUME_CHANGED:
            return self._volume_changed(linked=bool(note.code))
        return None

    def _moved_to(self, node_id: int) -> StreamEvent:
        try:
            nodes = self._host.control.survey(seconds=_LOOK_SECONDS).nodes
        except AudioError as error:
            logger().debug("cannot tell where a stream was moved to: %s", error)
            nodes = ()
        node = next((one for one in nodes if one.id == node_id), None)
        old = self._on
        if node is None:
            return Rerouted(f"{self._host.id}:{old}", None)
        self._on = self._host.device_name(node, is_output=self._is_output)
        return Rerouted(f"{self._host.id}:{old}", f"{self._host.id}:{self._on}")

    def _why_failed(self) -> AudioError:
        """The node is gone, or cannot be linked: because its device is gone, or because somebody wished so."""
        words = self._complaint()
        try:
            nodes = self._host.control.survey(seconds=_LOOK_SECONDS).nodes
        except AudioError as error:
            logger().debug("cannot tell whether %s is still there: %s", self._on, error)
            nodes = (self._node,)
        if self._stays and all(one.id != self._node.id for one in nodes):
            return errors.gone(f"{self._host.id}:{self._on}")
        return errors.complained(f"the server ended {self._what}", words)
