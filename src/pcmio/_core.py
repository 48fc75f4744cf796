"""libpcmio, declared like any other library, and the pump in Python's hands.  Prototypes: core/include."""

from __future__ import annotations

import ctypes
import os
import sys
import time
from ctypes import Structure, c_int32, c_uint32, c_uint64, c_void_p
from struct import Struct

from pcmio._driver import Note
from pcmio._interrupts import tell_interrupt
from pcmio._native import Address, Bool, Double, Int, Int64, Library, Ref, SignedSize, Size, UInt, UInt64, native, quick
from pcmio.errors import HostUnavailable, ResourceExhausted
from pcmio.stats import StreamStats

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any, ClassVar

    from pcmio._driver import Plan, Side
    from pcmio.callbacks import NativeCallback
    from pcmio.errors import AudioError
    from pcmio.formats import SampleFormat

ABI = 9
SWAPPED = 0x100
SETTLE_NANOS = 1_000_000_000
_SLICE_NANOS = 50_000_000

# pcmio_note_kind
NOTE_DRAINED = 1
NOTE_DEVICE_LOST = 2
NOTE_HOST_LOST = 3
NOTE_RATE_CHANGED = 4
NOTE_BUFFER_CHANGED = 5
NOTE_MOVED = 6
NOTE_SUSPENDED = 7
NOTE_RESUMED = 8
NOTE_FAILED = 9
NOTE_NATIVE_DRAINED = 10
NOTE_REALTIME_DENIED = 11
NOTE_OPERATION = 12
NOTE_VOLUME_CHANGED = 13
NOTE_CALLBACK_OVER = 14

# What pcmio_turns_begin found.
TURN_BLOCK = 1
TURN_NOTES = 2


class PumpConfig(Structure):
    """``pcmio_pump_config``."""

    _fields_: ClassVar = [
        ("rate", c_uint32),
        ("slot_frames", c_uint32),
        ("slots", c_uint32),
        ("wake_slots", c_uint32),
        ("out_channels", c_uint32),
        ("out_format", c_uint32),
        ("out_native_format", c_uint32),
        ("out_planar", c_uint32),
        ("in_channels", c_uint32),
        ("in_format", c_uint32),
        ("in_native_format", c_uint32),
        ("in_planar", c_uint32),
        ("out_data", c_void_p),
        ("in_data", c_void_p),
        ("wake", c_void_p),
        ("wake_argument", c_void_p),
        ("clock", c_void_p),
        ("clock_nanos", c_uint64),
        ("clock_cell", c_void_p),
        ("callback", c_void_p),
        ("callback_user", c_void_p),
        ("out_chosen", c_void_p),
        ("in_chosen", c_void_p),
        ("out_device_channels", c_uint32),
        ("in_device_channels", c_uint32),
    ]


class NoteRecord(Structure):
    """``pcmio_note``."""

    _fields_: ClassVar = [("kind", c_uint32), ("code", c_int32), ("value", c_uint64)]


class StatsRecord(Structure):
    """``pcmio_stats``."""

    _fields_: ClassVar = [
        ("cycles", c_uint64),
        ("blocks", c_uint64),
        ("output_frames", c_uint64),
        ("input_frames", c_uint64),
        ("xruns", c_uint64),
        ("output_xrun_frames", c_uint64),
        ("input_xrun_frames", c_uint64),
        ("wakes", c_uint64),
        ("notes_dropped", c_uint64),
        ("longest_turn_nanos", c_uint64),
        ("callback_nanos", c_uint64),
        ("longest_callback_nanos", c_uint64),
        ("awakenings", c_uint64),
        ("wake_delay_nanos", c_uint64),
        ("longest_wake_delay_nanos", c_uint64),
        ("largest_cycle", c_uint32),
        ("output_low_water", c_uint32),
        ("input_low_water", c_uint32),
    ]


_NO_CYCLE = 0xFFFFFFFF  # PCMIO_NO_CYCLE

#: ``pcmio_block``, read in one go: callback, output and input time, position, output and input xrun frames, slots.
BLOCK = Struct("=QQQQQQII")


class Core(Library):
    """The core that was built with this package."""

    @quick
    def pcmio_abi(self, /) -> UInt: ...

    # --- formats ----------------------------------------------------------------------------------------------------

    @quick
    def pcmio_can_convert(self, to: UInt, from_: UInt, /) -> Bool: ...
    @native
    def pcmio_convert(
        self,
        to: Ref,
        to_format: UInt,
        to_step: SignedSize,
        from_: Ref,
        from_format: UInt,
        from_step: SignedSize,
        count: Size,
        /,
    ) -> None: ...
    @quick
    def pcmio_silence(self, to: Ref, format_: UInt, step: SignedSize, count: Size, /) -> None: ...

    # --- messages of native libraries -------------------------------------------------------------------------------

    @quick
    def pcmio_message_take(self, text: Ref, /) -> Int: ...
    @quick
    def pcmio_messages_dropped(self, /) -> UInt: ...

    # --- waking and threads -----------------------------------------------------------------------------------------

    @quick
    def pcmio_wakeup_new(self, /) -> Address: ...
    @quick
    def pcmio_wakeup_free(self, wakeup: Address, /) -> None: ...
    @quick
    def pcmio_wakeup_post(self, wakeup: Address, /) -> None: ...
    @native
    def pcmio_wakeup_wait(self, wakeup: Address, timeout_nanos: Int64, /) -> Int: ...
    @quick
    def pcmio_clock_nanos(self, /) -> UInt64: ...
    @quick
    def pcmio_thread_promote(self, priority: Int, /) -> Int: ...

    # --- real time for others, and its guard ------------------------------------------------------------------------

    @quick
    def pcmio_thread_number(self, /) -> UInt64: ...
    @quick
    def pcmio_thread_promote_other(self, number: UInt64, priority: Int, /) -> Int: ...
    @quick
    def pcmio_guard_add(self, number: UInt64, /) -> Int: ...
    @quick
    def pcmio_guard_tripped(self, number: UInt64, /) -> Int: ...
    @quick
    def pcmio_guard_remove(self, number: UInt64, /) -> None: ...

    # --- the pump ---------------------------------------------------------------------------------------------------

    @quick
    def pcmio_pump_new(self, config: Ref, /) -> Address: ...
    @quick
    def pcmio_pump_free(self, pump: Address, /) -> None: ...
    @native
    def pcmio_pump_settle(self, pump: Address, timeout_nanos: Int64, /) -> Int: ...
    @quick
    def pcmio_pump_reset(self, pump: Address, /) -> None: ...
    @quick
    def pcmio_pump_flush_input(self, pump: Address, /) -> None: ...
    @quick
    def pcmio_pump_set_latency(self, pump: Address, output_nanos: UInt64, input_nanos: UInt64, /) -> None: ...
    @quick
    def pcmio_pump_set_mode(self, pump: Address, mode: UInt, /) -> None: ...
    @quick
    def pcmio_pump_set_gain(self, pump: Address, amplitude: Double, /) -> None: ...
    @quick
    def pcmio_pump_step(self, pump: Address, finished: UInt, block: Ref, /) -> Int: ...
    @quick
    def pcmio_pump_stats(self, pump: Address, stats: Ref, /) -> None: ...
    @quick
    def pcmio_pump_position(self, pump: Address, /) -> UInt64: ...
    @quick
    def pcmio_pump_filled(self, pump: Address, /) -> UInt: ...
    @quick
    def pcmio_pump_now(self, pump: Address, /) -> UInt64: ...
    @quick
    def pcmio_pump_latency(self, pump: Address, /) -> UInt64: ...
    @quick
    def pcmio_pump_time_of(self, pump: Address, frame: UInt64, nanos: Ref, /) -> Int: ...
    @quick
    def pcmio_pump_frame_at(self, pump: Address, nanos: UInt64, frame: Ref, /) -> Int: ...
    @quick
    def pcmio_pump_take_note(self, pump: Address, note: Ref, /) -> Int: ...
    @quick
    def pcmio_pump_transfer(
        self, pump: Address, inputs: Ref, outputs: Ref, frames: UInt, input_nanos: UInt64, output_nanos: UInt64, /
    ) -> None: ...
    @quick
    def pcmio_pump_xrun(self, pump: Address, frames: UInt64, /) -> None: ...
    @quick
    def pcmio_pump_note(self, pump: Address, kind: UInt, code: Int, value: UInt64, /) -> None: ...

    @quick
    def pcmio_pump_put(self, pump: Address, from_: Ref, format_: UInt, channels: UInt, frames: UInt, /) -> UInt: ...
    @quick
    def pcmio_pump_get(self, pump: Address, to: Ref, frames: UInt, /) -> UInt: ...
    @quick
    def pcmio_pump_want(self, pump: Address, frames: UInt, /) -> None: ...
    @quick
    def pcmio_pump_outlook(self, pump: Address, outlook: Ref, /) -> None: ...

    # --- a duplex stream whose callback is native -------------------------------------------------------------------

    @quick
    def pcmio_through_begin(self, through: Address, prefill: UInt, /) -> None: ...
    @quick
    def pcmio_through_sight(self, through: Address, sight: Ref, /) -> Int: ...
    @quick
    def pcmio_through_aim(self, through: Address, goal: Int64, slipped: UInt64, latency_nanos: Int64, /) -> None: ...

    # --- turns with the interpreter ---------------------------------------------------------------------------------

    @quick
    def pcmio_turns_new(self, pump: Address, wakeup: Address, /) -> Address: ...
    @quick
    def pcmio_turns_free(self, turns: Address, /) -> None: ...
    @quick
    def pcmio_turns_enter(self, turns: Address, interval_nanos: UInt64, priority: Int, /) -> Int: ...
    @quick
    def pcmio_turns_lend(self, turns: Address, /) -> None: ...
    @quick
    def pcmio_turns_would_borrow(self, turns: Address, /) -> Int: ...
    @native
    def pcmio_turns_wait(self, turns: Address, timeout_nanos: Int64, /) -> Int: ...
    @quick
    def pcmio_turns_begin(self, turns: Address, calling: UInt, block: Ref, /) -> UInt: ...


def _library_path() -> str:
    ending = {"darwin": "libpcmio.dylib", "win32": "pcmio.dll"}.get(sys.platform, "libpcmio.so")
    return os.path.join(os.path.dirname(os.path.abspath(__file__)), ending)  # noqa: PTH100, PTH118, PTH120 - pathlib is slow to import


_core: Core | None = None


def core() -> Core:
    """The core, opened at its first use.

    Raises:
        HostUnavailable: It is missing or belongs to another version of this package.
    """
    global _core  # noqa: PLW0603 - one library for the process, and nothing at import
    if _core is None:
        loaded = Core(_library_path())
        if loaded.pcmio_abi() != ABI:
            raise HostUnavailable(
                f"{loaded.path} is of another version of pcmio",
                call="pcmio_abi",
                code=loaded.pcmio_abi(),
                advice="install pcmio anew",
            )
        _core = loaded
    return _core


def _describe(config: PumpConfig, side: str, facts: Side, sample_format: SampleFormat, kept: list[Any]) -> None:
    """Fill in one side; its choice of channels lies in what is added to ``kept``."""
    setattr(config, f"{side}_channels", facts.users_channels)
    setattr(config, f"{side}_format", sample_format.code)
    setattr(config, f"{side}_native_format", _native_code(facts))
    setattr(config, f"{side}_planar", facts.planar)
    if facts.chosen:
        kept.append((c_uint32 * len(facts.chosen))(*facts.chosen))
        setattr(config, f"{side}_chosen", ctypes.addressof(kept[-1]))
        setattr(config, f"{side}_device_channels", facts.channels)


def _native_code(side: Side) -> int:
    return side.native_format.code | (SWAPPED if side.swapped else 0)


def _memory(byte_count: int) -> tuple[bytearray, int]:
    """Zeroed memory and its address; whoever holds the bytearray or a view of it keeps it alive."""
    try:
        memory = bytearray(byte_count)
    except MemoryError:
        raise ResourceExhausted(f"no memory for a ring of {byte_count} bytes", advice="use smaller buffers") from None
    return memory, ctypes.addressof(ctypes.c_char.from_buffer(memory))


#: What audio threads will never give back; kept for the rest of the program.
_in_use: list[object] = []


class Wakeup:
    """Where a thread waits for what the core posts."""

    address: int | None = None  # ``__del__`` asks for it, also of one that could not be made

    def __init__(self) -> None:
        self.address = core().pcmio_wakeup_new()
        if self.address is None:
            raise ResourceExhausted("no memory to wait with", call="pcmio_wakeup_new")

    def post(self) -> None:
        """End a wait, the present one or the next; from any thread."""
        core().pcmio_wakeup_post(self.address)

    def wait(self) -> None:
        """Wait for the next post, however long that takes."""
        core().pcmio_wakeup_wait(self.address, -1)

    def wait_slice(self) -> None:
        """Wait for the next post, but not for long: Ctrl-C is noticed between two such waits."""
        core().pcmio_wakeup_wait(self.address, _SLICE_NANOS)
        tell_interrupt()

    def wait_until(self, holds: Callable[[], bool], seconds: float, too_late: Callable[[], AudioError]) -> None:
        """Wait until ``holds()``; raise ``too_late()`` when ``seconds`` have passed before."""
        deadline = time.monotonic() + seconds
        while not holds():
            if time.monotonic() >= deadline:
                raise too_late()
            self.wait_slice()

    def __del__(self, leaving: Callable[[], bool] = sys.is_finalizing) -> None:
        if self.address is not None and not leaving():
            core().pcmio_wakeup_free(self.address)


class CorePump:
    """A pump of the core, its ring's memory, and what wakes the thread that serves it."""

    # What ``__del__`` asks for, also of one that could not be made.
    _pump: int | None = None
    _turns: int | None = None
    _callback: NativeCallback | None = None

    def __init__(
        self,
        plan: Plan,
        sample_format: SampleFormat,
        slots: int,
        wake_slots: int,
        callback: NativeCallback | None = None,
        wakeup: Wakeup | None = None,
    ) -> None:
        """Make an idle pump; with a callback no block is ever prepared for Python.

        Pumps that are served by one thread share a ``wakeup``.

        Raises:
            ResourceExhausted: No memory.
        """
        self._core = lib = core()
        self._sleeper = Wakeup() if wakeup is None else wakeup
        self._wakeup = self._sleeper.address
        config = PumpConfig(rate=plan.sample_rate, slot_frames=plan.block_frames, slots=slots, wake_slots=wake_slots)
        config.wake = lib.address("pcmio_wakeup_post")
        config.wake_argument = self._wakeup
        config.clock, config.clock_nanos = plan.clock or None, plan.clock_nanos
        config.clock_cell = plan.clock_cell or None
        self._callback = callback
        if callback is not None:
            config.callback, config.callback_user = callback.address, callback.user
        self._output, self._input = bytearray(), bytearray()
        self._slots, self._capacity = slots, slots * plan.block_frames
        self._block_nanos = plan.block_frames * 1e9 / plan.sample_rate
        samples = slots * plan.block_frames * sample_format.sample_bytes
        chosen: list[Any] = []  # kept until the pump has read it
        if plan.output is not None:
            self._output, config.out_data = _memory(samples * plan.output.users_channels)
            _describe(config, "out", plan.output, sample_format, chosen)
        if plan.input is not None:
            self._input, config.in_data = _memory(samples * plan.input.users_channels)
            _describe(config, "in", plan.input, sample_format, chosen)
        self._pump = lib.pcmio_pump_new(ctypes.byref(config))
        if self._pump is None:
            raise ResourceExhausted(
                f"no pump for {plan}, {slots} blocks of {sample_format}",
                call="pcmio_pump_new",
                advice="use smaller buffers",
            )
        self._turns = lib.pcmio_turns_new(self._pump, self._wakeup)
        if self._turns is None:
            raise ResourceExhausted("no memory for a stream", call="pcmio_turns_new")
        self.block_record = bytearray(BLOCK.size)
        self.block_address = ctypes.addressof(ctypes.c_char.from_buffer(self.block_record))
        self.step = lib.pcmio_pump_step
        self._note = NoteRecord()
        self._note_address = ctypes.addressof(self._note)

    @property
    def address(self) -> int:
        """``pcmio_pump *``."""
        return self._pump or 0

    @property
    def blocks(self) -> list[memoryview]:
        """The ring's blocks, in order: writable for output, read-only for input."""
        whole = memoryview(self._output) if self._output else memoryview(self._input).toreadonly()
        length = len(whole) // self._slots
        return [whole[index * length : (index + 1) * length] for index in range(self._slots)]

    def enter(self, priority: int) -> int:
        """Make the calling thread the one that serves; the system's error number if it refuses the priority."""
        return self._core.pcmio_turns_enter(self._turns, round(sys.getswitchinterval() * 1e9), priority)

    def lend(self) -> None:
        """Say that rtkit has given the thread what was refused."""
        self._core.pcmio_turns_lend(self._turns)

    def would_borrow(self) -> bool:
        """Whether the thread has given that up since, and could do with it again."""
        return bool(self._core.pcmio_turns_would_borrow(self._turns))

    def wait(self, timeout_nanos: int) -> bool:
        """Sleep until a native thread or ``wake`` has something; negative: for ever.  False when time has passed."""
        return bool(self._core.pcmio_turns_wait(self._turns, timeout_nanos))

    def wake(self) -> None:
        """End a ``wait``, the present or the next."""
        self._core.pcmio_wakeup_post(self._wakeup)

    def begin(self, *, calling: bool) -> int:
        """Say that wake-ups up to now have been seen, and see what they were for: ``TURN_...``.

        With ``calling`` the first block is prepared, as by a ``step``.
        """
        return self._core.pcmio_turns_begin(self._turns, calling, self.block_address)

    def set_mode(self, mode: int) -> None:
        """``pcmio_pump_set_mode``."""
        self._core.pcmio_pump_set_mode(self._pump, mode)

    def settle(self) -> None:
        """Wait until no audio thread is inside: microseconds, unless the system has stopped it altogether.

        For a native callback that is at work however long that takes: what it uses may be gone afterwards.
        """
        if self._callback is None:
            self._core.pcmio_pump_settle(self._pump, SETTLE_NANOS)
            return
        while self._core.pcmio_pump_settle(self._pump, _SLICE_NANOS) != 0:
            tell_interrupt()

    def hangs(self, nanos: int) -> bool:
        """Whether a native callback is at work, and does not return within so many nanoseconds."""
        return self._callback is not None and self._core.pcmio_pump_settle(self._pump, nanos) != 0

    def reset(self) -> None:
        """``pcmio_pump_reset``."""
        self._core.pcmio_pump_reset(self._pump)

    def flush_input(self) -> None:
        """``pcmio_pump_flush_input``."""
        self._core.pcmio_pump_flush_input(self._pump)

    def set_latency(self, output_nanos: int, input_nanos: int) -> None:
        """``pcmio_pump_set_latency``."""
        self._core.pcmio_pump_set_latency(self._pump, output_nanos, input_nanos)

    def set_gain(self, amplitude: float) -> None:
        """``pcmio_pump_set_gain``."""
        self._core.pcmio_pump_set_gain(self._pump, amplitude)

    @property
    def capacity(self) -> int:
        """Frames that the ring holds."""
        return self._capacity

    def put(self, address: Any, code: int, channels: int, frames: int) -> int:
        """``pcmio_pump_put``; by whoever holds the stream's lock."""
        return self._core.pcmio_pump_put(self._pump, address, code, channels, frames)

    def get(self, address: Any, frames: int) -> int:
        """``pcmio_pump_get``; by whoever holds the stream's lock."""
        return self._core.pcmio_pump_get(self._pump, address, frames)

    def want(self, frames: int) -> None:
        """``pcmio_pump_want``."""
        self._core.pcmio_pump_want(self._pump, frames)

    def outlook(self, record: Structure) -> None:
        """``pcmio_pump_outlook``."""
        self._core.pcmio_pump_outlook(self._pump, ctypes.byref(record))

    def take_note(self) -> Note | None:
        """The oldest note, or None."""
        if not self._core.pcmio_pump_take_note(self._pump, self._note_address):
            return None
        return Note(self._note.kind, self._note.code, self._note.value)

    def now(self) -> int:
        """Nanoseconds on the pump's clock."""
        return self._core.pcmio_pump_now(self._pump)

    def position(self) -> int:
        """Frames the device took or gave."""
        return self._core.pcmio_pump_position(self._pump)

    def filled(self) -> int:
        """Frames in the ring."""
        return self._core.pcmio_pump_filled(self._pump)

    def latency_nanos(self) -> int:
        """From the native buffer to the converter."""
        return self._core.pcmio_pump_latency(self._pump)

    def time_of(self, frame: int) -> int | None:
        """``pcmio_pump_time_of``; None: not known."""
        nanos = c_uint64()
        return nanos.value if self._core.pcmio_pump_time_of(self._pump, frame, ctypes.byref(nanos)) else None

    def frame_at(self, nanos: int) -> int | None:
        """``pcmio_pump_frame_at``; None: not known."""
        frame = c_uint64()
        return frame.value if self._core.pcmio_pump_frame_at(self._pump, nanos, ctypes.byref(frame)) else None

    def stats(self) -> StreamStats:
        """Counters and measurements."""
        record = StatsRecord()
        self._core.pcmio_pump_stats(self._pump, ctypes.byref(record))
        callback_mean = record.callback_nanos / max(1, record.blocks)
        low_water = record.output_low_water if self._output else record.input_low_water
        return StreamStats(
            blocks=record.blocks,
            frames=record.output_frames if self._output else record.input_frames,
            xruns=record.xruns,
            xrun_frames=record.output_xrun_frames if self._output else record.input_xrun_frames,
            callback_mean=callback_mean / 1e9,
            callback_max=record.longest_callback_nanos / 1e9,
            load_mean=callback_mean / self._block_nanos,
            load_max=record.longest_callback_nanos / self._block_nanos,
            low_water=None if low_water == _NO_CYCLE else low_water,
            wake_delay_mean=record.wake_delay_nanos / max(1, record.awakenings) / 1e9,
            wake_delay_max=record.longest_wake_delay_nanos / 1e9,
            turn_max=record.longest_turn_nanos / 1e9,
            wakes=record.wakes,
            cycles=record.cycles,
            cycle_max=record.largest_cycle,
        )

    def __del__(self, leaving: Callable[[], bool] = sys.is_finalizing) -> None:
        # Whoever may still touch the native object holds this one: the stream's engine, its thread and its driver.
        if leaving():
            return
        if self._callback is not None and self._pump is not None and self._core.pcmio_pump_settle(self._pump, 0) != 0:
            # Somebody interrupted the wait for a callback that hangs.
            _in_use.append((self._pump, self._sleeper, self._callback, self._output, self._input))
            return
        if self._turns is not None:
            self._core.pcmio_turns_free(self._turns)
            self._turns = None
        if self._pump is not None:
            self._core.pcmio_pump_free(self._pump)
            self._pump = None
