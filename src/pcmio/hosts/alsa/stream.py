"""One stream: a PCM that was agreed with, and orders to the thread of the core that serves it."""

from __future__ import annotations

import ctypes
import errno
import os
import sys
import threading

from pcmio import _core
from pcmio._core import Wakeup, core
from pcmio._driver import Driver, Plan, Side
from pcmio._log import logger
from pcmio._realtime import NEVER, NOTHING_REFUSED, REQUIRE, Refusal, SharedThread
from pcmio.errors import AudioError, ResourceExhausted
from pcmio.hosts.alsa import abi, errors
from pcmio.hosts.alsa.abi import AlsaConfig
from pcmio.hosts.alsa.library import libraries
from pcmio.hosts.alsa.params import needs_sign

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from pcmio._driver import Note, Pump
    from pcmio.events import StreamEvent
    from pcmio.hosts.alsa.host import AlsaHost
    from pcmio.hosts.alsa.params import Agreement

#: Of the thread that moves samples: above the streams' Python threads, which wait for it.
_PRIORITY = 20
#: Of threads that may not have that: as sound servers' own, where the system lets a program be so bold.
_NICENESS = -11
_TAIL_SECONDS = 0.02
#: What a thread may still be inside of, because a plugin does not return: never freed.
_kept_for_ever: list[object] = []


def may_be_promoted(kind: int) -> bool:
    """Whether a thread that serves this type of PCM may have real-time priority.

    Kernel devices only: they sleep until there is something to do.  What stands behind any other type cannot be told.
    "null" is always ready, so its thread would never sleep but for our own clock; ioplug and extplug speak to servers,
    over locks that ordinary threads hold; plug, rate, route and the like may end in one of those.  A real-time thread
    that spins starves the machine, or is killed (SIGXCPU, where rtkit has set a limit).
    """
    return kind == abi.SND_PCM_TYPE_HW


def close_agreed(agreed: Agreement) -> None:
    """Give back a PCM that was agreed with and is not wanted."""
    libraries().asound.snd_pcm_close(agreed.pcm)


class AlsaDriver(Driver):
    """A stream on a PCM."""

    def __init__(
        self, host: AlsaHost, name: str, agreed: Agreement, plan: Plan, *, types: Sequence[str], timeout: float
    ) -> None:
        self._types = types  # of the PCM, and of those behind it
        self.plan = plan
        self.name = name
        self._host = host
        self._agreed = agreed
        self._timeout = timeout
        self._libs = libraries()
        self._core = self._libs.core
        self._lock = threading.Lock()  # around what the core still knows of us
        self._owner = os.getpid()
        self._pump: Pump | None = None
        self._stream: int | None = None  # pcmio_alsa_stream
        self._pcm: int | None = agreed.pcm  # as long as it is ours
        self._wakeup = Wakeup()
        self._thread = SharedThread(_PRIORITY)

    def open(self, pump: Pump) -> None:
        """Hand the PCM to a thread of the core."""
        with self._lock:
            self._pump = pump
            config = self._config()
            self._stream = self._core.pcmio_alsa_new(
                self._libs.api, ctypes.byref(config), self._pcm, pump.address, self._wakeup.address
            )
            if self._stream is None:
                raise ResourceExhausted("no memory, or no thread, for a stream", call="pcmio_alsa_new")
            self._pcm = None
            stream = self._stream
        self._wakeup.wait_until(
            lambda: self._core.pcmio_alsa_thread(stream) != 0,
            self._timeout,
            lambda: errors.too_slow(f"the stream on {self.name}", "pcmio_alsa_new", self._timeout),
        )
        self._host.drivers.add(self)
        refusal = self._promote(stream)
        if refusal.code:
            self.denied_reason = refusal.reason
            core().pcmio_pump_note(pump.address, _core.NOTE_REALTIME_DENIED, refusal.code, 0)

    def _promote(self, stream: int) -> Refusal:
        if may_be_promoted(self._agreed.kind):
            self._thread.began(self._core.pcmio_alsa_thread(stream), 0, NEVER)
            return self._thread.want(self.realtime)
        if self.realtime == REQUIRE:
            raise Refusal(errno.EPERM, f"{self.name} is a plugin, which may wait for others or never wait").error(
                "audio"
            )
        return NOTHING_REFUSED

    def _config(self) -> AlsaConfig:
        agreed, plan = self._agreed, self.plan
        side = plan.output or plan.input or Side(0, agreed.native.sample_format)
        sign = 0
        if plan.input is not None and needs_sign(agreed.native, recorded=True):
            sign = 2 if (sys.byteorder == "little") != agreed.native.swapped else 1
        return AlsaConfig(
            output=plan.output is not None,
            rate=plan.sample_rate,
            channels=side.channels,
            sample_bytes=agreed.native.sample_format.sample_bytes,
            period_frames=agreed.period_frames,
            buffer_frames=agreed.buffer_frames,
            tail_frames=self._tail_frames(),
            mapped=agreed.mapped,
            planar=agreed.planar,
            can_pause=agreed.can_pause,
            can_resume=agreed.can_resume,
            clockless=agreed.kind == abi.SND_PCM_TYPE_NULL or "null" in self._types,
            # JACK plays the last buffer of a client that stands still again and again.
            repeats="jack" in self._types,
            sign_byte=sign,
            niceness=0 if self.realtime == NEVER or may_be_promoted(agreed.kind) else _NICENESS,
            status_bytes=self._libs.asound.snd_pcm_status_sizeof(),
        )

    def _tail_frames(self) -> int:
        """Silence after the last frame: servers behind plugins lose, or repeat, the end of what they were given."""
        if self._agreed.kind == abi.SND_PCM_TYPE_HW:
            return 0
        return max(2 * self._agreed.period_frames, round(_TAIL_SECONDS * self.plan.sample_rate))

    # --- orders ------------------------------------------------------------------------------------------------------

    def start(self) -> None:
        """Fill the device's queue and let it play, or let it record."""
        self._order("snd_pcm_start", abi.ORDER_START)

    def pause(self) -> None:
        """Hold the device, or have it play its queue and then stand still; what it has recorded is thrown away."""
        self._order("snd_pcm_pause", abi.ORDER_PAUSE)

    def discard(self) -> None:
        """Hold the device and empty its queue."""
        self._order("snd_pcm_drop", abi.ORDER_DISCARD)

    def drain(self) -> bool:
        """Have the thread say when the last frame has left the device's queue, and been heard."""
        self._order("snd_pcm_drain", abi.ORDER_DRAIN)
        return True

    def idle(self) -> None:
        """Have what was just written taken at once, when the device was in want of it."""
        with self._lock:
            if self._stream is not None and self._core.pcmio_alsa_owing(self._stream):
                self._core.pcmio_alsa_poke(self._stream)

    def _order(self, call: str, kind: int) -> None:
        stream = self._stream
        if stream is None:
            raise errors.closed()
        self._carry_out(stream, kind, lambda: errors.too_slow(f"the stream on {self.name}", call, self._timeout))
        code = self._core.pcmio_alsa_answer(stream)
        said = self._libs.said()
        if code == -errno.ENODEV:  # before its thread could tell
            raise errors.lost(f"{self._host.id}:{self.name}", code)
        if code < 0:
            raise errors.from_code(f"the stream on {self.name}", call, code, said)

    def _carry_out(self, stream: int, kind: int, too_late: errors.Late) -> None:
        number = self._core.pcmio_alsa_order(stream, kind)
        answered = self._core.pcmio_alsa_answered
        self._wakeup.wait_until(lambda: answered(stream) == number, self._timeout, too_late)

    # --- the end -----------------------------------------------------------------------------------------------------

    def close(self) -> None:
        """Close the PCM and end its thread; in a forked child, where that thread is not, nothing."""
        self._host.drivers.discard(self)
        with self._lock:
            stream, self._stream = self._stream, None
            pcm, self._pcm = self._pcm, None
        if self._owner != os.getpid():
            return
        if pcm is not None:
            self._libs.asound.snd_pcm_close(pcm)
        if stream is not None:
            self._thread.ends()
            self._end(stream)
        self._libs.said()

    def _end(self, stream: int) -> None:
        late = errors.too_slow(f"the stream on {self.name}", "snd_pcm_close", self._timeout)
        try:
            self._carry_out(stream, abi.ORDER_CLOSE, lambda: late)
        except BaseException as error:
            _kept_for_ever.append((self._pump, self._wakeup))
            if error is not late:
                raise
            logger().warning("%s; its memory is kept", error)
        else:
            self._core.pcmio_alsa_free(stream)

    def cut(self) -> None:
        """The host is being closed: the stream is to end."""
        with self._lock:
            if self._stream is not None and self._pump is not None:
                core().pcmio_pump_note(self._pump.address, _core.NOTE_HOST_LOST, 0, 0)

    def translate(self, note: Note) -> StreamEvent | AudioError | None:
        """Give notes the names that only this host knows."""
        said = self._libs.said()
        if note.kind == _core.NOTE_HOST_LOST:
            return errors.closed()
        if note.kind == _core.NOTE_DEVICE_LOST:
            return errors.lost(f"{self._host.id}:{self.name}", note.code)
        if note.kind == _core.NOTE_FAILED:
            return errors.failed(f"the stream on {self.name}", note.code, said)
        return None
