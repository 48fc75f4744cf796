"""A duplex stream whose callback is native: the core counts, on the input's audio thread, and Python only decides.

The core tells for each block of input where both devices were (a *sight*).  From that the stream's thread finds which
frames belong together, as for a callback in Python, and says what the lead has to be; then the core calls the callback.
"""

from __future__ import annotations

import ctypes
from ctypes import Structure, c_int64, c_uint32, c_uint64, c_void_p

from pcmio._core import TURN_BLOCK, core
from pcmio._engine import nothing
from pcmio._through import PairingEngine
from pcmio.callbacks import NativeCallback

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, ClassVar

    from pcmio._coupled import CoupledDriver, CoupledPump
    from pcmio._pairing import Pairing
    from pcmio.contract import EventCallback
    from pcmio.formats import SampleFormat

# Of ``SightRecord.flags``.
_KNOWN, _DISTURBED, _OVERRUN = 1, 2, 4
_SIGHTS = 64


class SightRecord(Structure):
    """``pcmio_sight``."""

    _fields_: ClassVar = [
        ("offset_nanos", c_int64),
        ("lead", c_int64),
        ("frames", c_uint64),
        ("filled", c_uint32),
        ("flags", c_uint32),
    ]


class ThroughRecord(Structure):
    """``pcmio_through``."""

    _fields_: ClassVar = [
        ("input", c_void_p),
        ("output", c_void_p),
        ("callback", c_void_p),
        ("user", c_void_p),
        ("played", c_void_p),
        ("silence", c_void_p),
        ("enough", c_uint64),
        ("paired", c_uint64),
        ("goal", c_int64),
        ("slipped", c_uint64),
        ("latency_nanos", c_int64),
        ("lead", c_int64),
        ("missed", c_uint64),
        ("counted", c_uint64),
        ("position", c_uint64),
        ("lost_input", c_uint64),
        ("lost_output", c_uint64),
        ("frames", c_uint64),
        ("flags", c_uint64),
        ("began", c_uint64),
        ("written", c_uint64),
        ("read", c_uint64),
        ("sights", SightRecord * _SIGHTS),
    ]


class Through:
    """What the core works with, and all that it touches."""

    def __init__(self, callback: NativeCallback, block_frames: int, channels: int, sample_format: SampleFormat) -> None:
        """Have ``callback`` called for blocks of so many frames."""
        self._callback = callback
        silence = sample_format.silence * (block_frames * channels)
        self._memory = bytearray(silence), bytearray(silence)
        played, silent = (ctypes.addressof(ctypes.c_char.from_buffer(one)) for one in self._memory)
        self._record = ThroughRecord(callback=callback.address, user=callback.user, played=played, silence=silent)
        self.record_address = ctypes.addressof(self._record)
        self._pump: Any = None
        self._sight = SightRecord()

    @property
    def address(self) -> int:
        """Of the function that takes the input's blocks."""
        return core().address("pcmio_through_take")

    def native(self) -> NativeCallback:
        """For the input's pump, which keeps all this as long as the core may touch it."""
        return NativeCallback(self, self._record)

    def join(self, pump: CoupledPump, enough: int) -> None:
        """Both pumps are there; the output's is kept as well."""
        self._pump = pump.output
        self._record.input, self._record.output, self._record.enough = pump.address, pump.output.address, enough

    def begin(self, prefill: int) -> None:
        """``pcmio_through_begin``."""
        core().pcmio_through_begin(self.record_address, prefill)

    def sight(self) -> SightRecord | None:
        """The oldest that was not seen; valid until the next call."""
        return self._sight if core().pcmio_through_sight(self.record_address, ctypes.byref(self._sight)) else None

    def aim(self, goal: int, slipped: int, latency_nanos: int) -> None:
        """``pcmio_through_aim``."""
        core().pcmio_through_aim(self.record_address, goal, slipped, latency_nanos)


class NativeThroughEngine(PairingEngine):
    """One duplex stream, whose thread sees what the core has seen."""

    def __init__(
        self,
        driver: CoupledDriver,
        pump: CoupledPump,
        on_event: EventCallback | None,
        *,
        through: Through,
        pairing: Pairing,
        prefill: int,
    ) -> None:
        super().__init__(driver, pump, nothing, (), on_event, pairing)
        self._through_core = through
        self._prefill = prefill
        through.join(pump, pairing.enough)

    def _prepare(self) -> None:
        super()._prepare()
        self.pump.settle()
        self.pump.flush_input()
        self.pairing.begin()
        self._through_core.begin(self._prefill)

    def _begin(self) -> int:
        return self.pump.begin(calling=False) | TURN_BLOCK

    def _call(self, *, begun: bool) -> None:
        del begun
        for _ in range(_SIGHTS):  # then notes have their turn
            sight = self._through_core.sight() if self._calling else None
            if sight is None:
                return
            self._see(sight)
        self.runner.kick()

    def _see(self, sight: SightRecord) -> None:
        pairing = self.pairing
        pairing.lead = sight.lead
        if sight.flags & _DISTURBED:
            pairing.disturb()
        if sight.flags & _KNOWN:
            pairing.measure(sight.offset_nanos / self._frame_nanos, sight.filled, 0.0)
        if sight.flags & _OVERRUN:
            self._slip(pairing.pair_again())
        self._judge(sight.frames)
        if not pairing.paired and self._calling:
            pairing.lead -= self._block
            if pairing.settled() and pairing.pair(self.device_frames()):
                self._aim(0)

    def _slip(self, frames: int) -> None:
        if frames:
            self._aim(abs(frames))

    def _looked(self) -> None:
        self._aim(0)

    def _aim(self, slipped: int) -> None:
        pairing = self.pairing
        latency = round((pairing.total + pairing.error) * self._frame_nanos)
        self._through_core.aim(pairing.goal, slipped, latency)
