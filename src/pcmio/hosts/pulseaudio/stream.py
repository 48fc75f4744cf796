"""One stream: what is asked of the server, and what its answers mean."""

from __future__ import annotations

import ctypes
import threading

from pcmio import _core
from pcmio._core import Wakeup, core
from pcmio._driver import Driver, Loudness, Plan, Side
from pcmio._log import logger
from pcmio._served import choose_places
from pcmio.errors import AudioError, DeviceLost, ResourceExhausted
from pcmio.events import Rerouted, VolumeChanged
from pcmio.hosts.pulseaudio import abi, errors, formats
from pcmio.hosts.pulseaudio.abi import PulseRequest, pa_buffer_attr

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from pcmio._driver import Note, Pump
    from pcmio.configs import StreamConfig
    from pcmio.events import StreamEvent
    from pcmio.hosts.pulseaudio.control import DeviceFacts
    from pcmio.hosts.pulseaudio.host import PulseHost
    from pcmio.hosts.pulseaudio.options import StreamOptions

#: Seconds of a callback's block when nobody says how many frames: what desktops' sinks do at a time, more or less.
DEFAULT_SECONDS = 0.01
#: The least that the server is asked to move at a time.  Smaller blocks go through the ring several at a time.
_LEAST_SECONDS = 0.001
#: Of a period, that the server asks for at least.
_REQUEST_16THS = 15
_UNLIMITED = 0xFFFFFFFF
#: What tells a stream that ends how its device is may take no longer.
_LOOK_SECONDS = 0.5
_NAME_BYTES = 1024
_FLAGS = (
    abi.PA_STREAM_START_CORKED
    | abi.PA_STREAM_INTERPOLATE_TIMING
    | abi.PA_STREAM_NOT_MONOTONIC
    | abi.PA_STREAM_AUTO_TIMING_UPDATE
    | abi.PA_STREAM_ADJUST_LATENCY
)


def plan_period(block_frames: int, sample_rate: int) -> int:
    """Frames that the server is asked to move at a time: a block, or as many small ones as make a sensible cycle."""
    least = round(_LEAST_SECONDS * sample_rate)
    return block_frames * max(1, -(-least // block_frames))


def buffer_attr(period_frames: int, frame_bytes: int, *, output: bool) -> pa_buffer_attr:
    """What the server is asked to keep; see the package's own text for the reasons."""
    period = period_frames * frame_bytes
    if not output:
        return pa_buffer_attr(
            maxlength=_UNLIMITED, tlength=_UNLIMITED, prebuf=_UNLIMITED, minreq=_UNLIMITED, fragsize=period
        )
    return pa_buffer_attr(
        maxlength=_UNLIMITED,
        tlength=3 * period,
        prebuf=frame_bytes,
        minreq=max(1, period_frames * _REQUEST_16THS // 16) * frame_bytes,
        fragsize=_UNLIMITED,
    )


class PulseDriver(Driver):
    """A stream of a host's audio connection."""

    def __init__(self, host: PulseHost, facts: DeviceFacts, config: StreamConfig, options: StreamOptions) -> None:
        self._host = host
        self._facts = facts
        self._options = options
        self._lock = threading.Lock()  # of what is native
        self._native: int | None = None
        self._cut = False
        self._pump: Pump | None = None
        self._wakeup = Wakeup()
        self._on = facts.name  # the device it is on
        self._native_volume, self._volume, self._muted = abi.PA_VOLUME_NORM, 1.0, False
        named = None if options.channel_map is None else formats.parse_positions(options.channel_map)
        self._positions = choose_places(formats.standard_positions(config.channels), facts.positions, named)
        block_frames = config.buffer_size.frames or max(1, round(DEFAULT_SECONDS * config.sample_rate))
        side = Side(config.channels, formats.native_format(config.sample_format, recorded=not facts.is_sink))
        self._side = side
        self.plan = Plan(
            sample_rate=config.sample_rate,
            block_frames=block_frames,
            native_frames=plan_period(block_frames, config.sample_rate),
            output=side if facts.is_sink else None,
            input=None if facts.is_sink else side,
            clock=core().address("pcmio_clock_nanos"),
        )
        self._connection = host.audio()
        self._core = self._connection.libraries.core

    # --- the stream's life -------------------------------------------------------------------------------------------

    def open(self, pump: Pump) -> None:
        """Have the server make a stream that is held."""
        self._pump = pump
        connection = self._connection.join(self)
        refusal = self._connection.thread.want(self.realtime)
        with self._lock:
            self._check_connected(not self._cut)
            self._native = self._core.pcmio_pulse_stream_new(connection, pump.address, self._wakeup.address)
            if self._native is None:
                raise ResourceExhausted("no memory for a stream", call="pcmio_pulse_stream_new")
            self._request(self._native)
        over = (abi.PA_STREAM_READY, abi.PA_STREAM_FAILED, abi.PA_STREAM_TERMINATED)
        seconds = self._connection.options.timeout
        what = f"a stream on {self._facts.name}"
        self._wakeup.wait_until(
            lambda: self._ask(self._core.pcmio_pulse_stream_state) in over,
            seconds,
            lambda: errors.too_slow(what, self._connect_call, seconds),
        )
        if self._ask(self._core.pcmio_pulse_stream_state) != abi.PA_STREAM_READY:
            raise errors.from_code(what, self._connect_call, self._ask(self._core.pcmio_pulse_stream_error))
        self._follow_volume(what)
        if self._device_name() != self._on:  # the server prefers another for this program, or the default has changed
            core().pcmio_pump_note(pump.address, _core.NOTE_MOVED, 0, 0)
        if refusal.code:
            self.denied_reason = refusal.reason
            core().pcmio_pump_note(pump.address, _core.NOTE_REALTIME_DENIED, refusal.code, 0)

    def _follow_volume(self, what: str) -> None:
        """Know what the server remembers for streams like this one, and hear when it changes."""
        self._do("pa_context_subscribe", self._core.pcmio_pulse_stream_follow_volume)
        seconds = self._connection.options.timeout
        self._wakeup.wait_until(
            lambda: bool(self._ask(self._core.pcmio_pulse_stream_volume_known)) or not self._ready(),
            seconds,
            lambda: errors.too_slow(what, "pa_context_get_sink_input_info", seconds),
        )

    def _ready(self) -> bool:
        return self._ask(self._core.pcmio_pulse_stream_state) == abi.PA_STREAM_READY

    @property
    def _connect_call(self) -> str:
        return "pa_stream_connect_playback" if self._facts.is_sink else "pa_stream_connect_record"

    def _request(self, native: int) -> None:
        side, plan, options = self._side, self.plan, self._options
        frame_bytes = side.channels * side.native_format.sample_bytes
        spec = formats.to_pulse_spec(side.native_format, plan.sample_rate, side.channels)
        channel_map = formats.to_pulse_map(self._positions)
        attr = buffer_attr(plan.native_frames, frame_bytes, output=self._facts.is_sink)
        follows = options.follow == "default"
        proplist = self._connection.libraries.properties({"media.role": options.media_role})
        request = PulseRequest(
            name=(options.stream_name or self._connection.options.name).encode(),
            # With a name, PulseAudio 14 and later would not let the stream follow the default.
            device=None if follows else self._facts.name.encode(),
            spec=ctypes.addressof(spec),
            map=ctypes.addressof(channel_map),
            attr=ctypes.addressof(attr),
            proplist=proplist,
            flags=_FLAGS if follows else _FLAGS | abi.PA_STREAM_DONT_MOVE,
            output=self._facts.is_sink,
            rate=plan.sample_rate,
            frame_bytes=frame_bytes,
            period_frames=plan.native_frames,
        )
        code = self._core.pcmio_pulse_stream_open(native, ctypes.byref(request))
        self._connection.libraries.pulse.pa_proplist_free(proplist)
        if code != 0:
            raise errors.from_code(f"a stream on {self._facts.name}", self._connect_call, code)

    def start(self) -> None:
        """Fill the server's queue and let it play, or let it record."""
        self._do("pa_stream_cork", self._core.pcmio_pulse_stream_start)

    def pause(self) -> None:
        """Cork: the server keeps what it has to play, but not what it has recorded, which would come too late."""
        self._do("pa_stream_cork", self._core.pcmio_pulse_stream_hold, int(not self._facts.is_sink))

    def discard(self) -> None:
        """Cork and flush."""
        self._do("pa_stream_flush", self._core.pcmio_pulse_stream_hold, 1)

    def drain(self) -> bool:
        """Have the server say when its queue is played."""
        self._do("pa_stream_drain", self._core.pcmio_pulse_stream_drain)
        return True

    def idle(self) -> None:
        """Write what the server asked for when Python had it not ready: it will not ask again."""
        if not self._facts.is_sink:
            return
        with self._lock:
            if self._native is not None and self._core.pcmio_pulse_stream_owing(self._native):
                self._core.pcmio_pulse_stream_serve(self._native)

    def close(self) -> None:
        """Have the server and libpulse forget the stream."""
        self._free()
        self._connection.leave(self)

    def cut(self) -> None:
        """The connection is being closed."""
        with self._lock:
            self._cut = True
        self._free()
        if self._pump is not None:
            core().pcmio_pump_note(self._pump.address, _core.NOTE_HOST_LOST, abi.PA_ERR_CONNECTIONTERMINATED, 0)

    def _free(self) -> None:
        with self._lock:
            native, self._native = self._native, None
            if native is not None and not self._connection.inherited:
                self._core.pcmio_pulse_stream_free(native)

    @staticmethod
    def _check_connected(connected: bool) -> None:  # noqa: FBT001 - the condition is the argument
        if not connected:
            raise errors.disconnected(abi.PA_ERR_CONNECTIONTERMINATED)

    # --- volume ------------------------------------------------------------------------------------------------------

    def loudness(self) -> Loudness:
        """What the server keeps for this stream."""
        with self._lock:
            if self._native is not None:
                native = self._core.pcmio_pulse_stream_volume(self._native)
                if native != self._native_volume:
                    self._native_volume, self._volume = native, formats.from_pulse_volume(native)
                self._muted = bool(self._core.pcmio_pulse_stream_muted(self._native))
            return Loudness(self._volume, self._muted)

    def set_loudness(self, wanted: Loudness) -> None:
        """Have the server keep another."""
        now = self.loudness()
        kind = "sink_input" if self._facts.is_sink else "source_output"
        if wanted.volume != now.volume:
            volume = formats.to_pulse_volume(wanted.volume)
            self._do(
                f"pa_context_set_{kind}_volume", self._core.pcmio_pulse_stream_set_volume, self._side.channels, volume
            )
            with self._lock:  # the server counts in steps, and whoever asks gets what was given
                self._native_volume, self._volume = volume, wanted.volume
        if wanted.muted is not now.muted:
            self._do(f"pa_context_set_{kind}_mute", self._core.pcmio_pulse_stream_set_muted, int(wanted.muted))

    # --- asking the core ---------------------------------------------------------------------------------------------

    def _ask(self, call: Any, *arguments: Any) -> int:
        """What the core answers about the native stream."""
        with self._lock:
            self._check_connected(self._native is not None)
            answer: int = call(self._native, *arguments)
            return answer

    def _do(self, name: str, call: Any, *arguments: Any) -> None:
        code = self._ask(call, *arguments)
        if code != 0:
            raise errors.from_code(f"the stream on {self._on}", name, code)

    def _device_name(self) -> str:
        name = ctypes.create_string_buffer(_NAME_BYTES)
        self._do("pa_stream_get_device_name", self._core.pcmio_pulse_stream_device, name, _NAME_BYTES)
        return name.value.decode("utf-8", "replace")

    # --- what the server tells ---------------------------------------------------------------------------------------

    def translate(self, note: Note) -> StreamEvent | AudioError | None:
        """Give notes the names that only this host knows."""
        if note.kind == _core.NOTE_HOST_LOST:
            return errors.disconnected(note.code)
        if note.kind == _core.NOTE_FAILED:
            return self._why_killed(note.code)
        if note.kind == _core.NOTE_MOVED:
            return self._moved()
        if note.kind == _core.NOTE_VOLUME_CHANGED:
            now = self.loudness()
            return VolumeChanged(now.volume, now.muted)
        return None

    def _moved(self) -> StreamEvent:
        old = self._on
        try:
            self._on = self._device_name()
        except AudioError:  # the stream has ended since, and the next note tells
            return Rerouted(f"{self._host.id}:{old}", None)
        return Rerouted(f"{self._host.id}:{old}", f"{self._host.id}:{self._on}")

    def _why_killed(self, code: int) -> AudioError:
        """The server ended the stream: because its device is gone, or because somebody wished so."""
        try:
            gone = self._host.control.device(self._on, is_sink=self._facts.is_sink, seconds=_LOOK_SECONDS) is None
        except AudioError as error:
            logger().debug("cannot tell whether %s is still there: %s", self._on, error)
            gone = False
        if gone:
            return DeviceLost(
                f"{self._host.id}:{self._on} is gone", code=code, advice="enumerate again and build a new stream"
            )
        return errors.from_code(f"the server ended the stream on {self._on}", "pa_stream_get_state", code)
