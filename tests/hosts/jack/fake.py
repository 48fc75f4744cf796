"""A libjack whose cycles a test makes by hand, on its own thread: what happens is what is asked for."""

from __future__ import annotations

import ctypes
from ctypes import CFUNCTYPE, POINTER, c_float, c_int, c_uint32, c_uint64, c_void_p
from typing import TYPE_CHECKING, Any

import numpy as np

from pcmio import SampleFormat
from pcmio._core import CorePump, core
from pcmio._driver import Mode, Note, Plan, Side
from pcmio.hosts.jack.abi import JackApi
from pcmio.hosts.jack.stream import jack_core

if TYPE_CHECKING:
    from pcmio.stats import StreamStats

RATE = 48_000
MOST_FRAMES = 4096
DIRT = 77.0  # what a port holds before anybody has written to it

GetBuffer = CFUNCTYPE(c_void_p, c_void_p, c_uint32)
GetCycleTimes = CFUNCTYPE(c_int, c_void_p, POINTER(c_uint32), POINTER(c_uint64), POINTER(c_uint64), POINTER(c_float))
GetTime = CFUNCTYPE(c_uint64)
Unregister = CFUNCTYPE(c_int, c_void_p, c_void_p)
Latency = CFUNCTYPE(None, c_void_p, c_uint32, POINTER(c_uint32))

Core = ctypes.CDLL(core().path)
for _name, _types in {
    "pcmio_jack_process": (c_uint32, c_void_p),
    "pcmio_jack_xrun": (c_void_p,),
    "pcmio_jack_buffer_size": (c_uint32, c_void_p),
    "pcmio_jack_sample_rate": (c_uint32, c_void_p),
    "pcmio_jack_freewheel": (c_int, c_void_p),
    "pcmio_jack_graph_order": (c_void_p,),
    "pcmio_jack_latency": (c_uint32, c_void_p),
    "pcmio_jack_shutdown": (c_uint32, ctypes.c_char_p, c_void_p),
    "pcmio_jack_gone": (c_void_p,),
}.items():
    getattr(Core, _name).argtypes = _types


class FakeJack:
    """A client; ports are numbers."""

    def __init__(self, period: int = 64) -> None:
        self.period = period
        self.frame = 2**32 - 200  # the counter wraps soon
        self.usecs = 5_000_000
        self.ahead_usecs = 0  # of the time, are those of cycles
        self.held_usecs = 0  # so long the next cycle takes, once
        self.behind_usecs = 0  # what the clock shows, are those of cycles
        self.waits = False  # for who is late, with the next cycle
        self.fails = False  # jack_get_cycle_times
        self.buffers: dict[int, Any] = {}
        self.latencies: dict[tuple[int, int], int] = {}  # port, mode
        self.published: dict[tuple[int, int], tuple[int, int]] = {}
        self.gone: list[int] = []  # ports that were unregistered
        self.stubborn: set[int] = set()  # ports that cannot be unregistered
        self._functions = (
            GetBuffer(self._get_buffer),
            GetCycleTimes(self._get_cycle_times),
            GetTime(lambda: self.usecs + self.behind_usecs),
            Latency(self._get_latency),
            Latency(self._set_latency),
            Unregister(self._unregister),
        )
        addresses = [ctypes.cast(function, c_void_p).value for function in self._functions]
        self._api = JackApi(*addresses)
        self.address = jack_core().pcmio_jack_client_new(ctypes.byref(self._api))
        assert self.address is not None
        jack_core().pcmio_jack_client_opened(self.address, 1, RATE, period)

    def close(self) -> None:
        jack_core().pcmio_jack_client_free(self.address)

    # --- what the core calls -----------------------------------------------------------------------------------------

    def _get_buffer(self, port: int, _frames: int) -> int:
        self.behind_usecs += self.held_usecs
        self.held_usecs = 0
        buffer = self.buffers.setdefault(port, np.full(MOST_FRAMES, DIRT, np.float32))
        return int(buffer.ctypes.data)

    def _get_cycle_times(self, _client: int, frame: Any, usecs: Any, next_usecs: Any, period: Any) -> int:
        frame[0], usecs[0] = self.frame % 2**32, self.usecs + self.ahead_usecs
        period[0] = self.period * 1e6 / RATE
        next_usecs[0] = usecs[0] + int(period[0])
        return 1 if self.fails else 0

    def _get_latency(self, port: int, mode: int, latency: Any) -> None:
        latency[0] = latency[1] = self.latencies.get((port, mode), 0)

    def _set_latency(self, port: int, mode: int, latency: Any) -> None:
        self.published[port, mode] = (latency[0], latency[1])

    def _unregister(self, _client: int, port: int) -> int:
        self.gone.append(port)
        return 1 if port in self.stubborn else 0

    # --- what a test does --------------------------------------------------------------------------------------------

    def cycle(self, count: int = 1) -> None:
        """Let the server come round."""
        for _ in range(count):
            assert Core.pcmio_jack_process(self.period, self.address) == 0
            if self.waits:
                self.usecs += self.behind_usecs
                self.behind_usecs = 0
            self.pass_by(self.period)

    def pass_by(self, frames: int) -> None:
        """Let time pass without this client."""
        self.frame += frames
        passed = round(frames * 1e6 / RATE)
        self.usecs += passed
        self.behind_usecs = max(0, self.behind_usecs - passed)

    def unregister(self, *ports: int, timeout_nanos: int = 20 * 10**9) -> int:
        """As a stream's ports go; how many did not."""
        return jack_core().pcmio_jack_unregister(
            self.address, (c_void_p * len(ports))(*ports), len(ports), timeout_nanos
        )

    def call(self, name: str, *arguments: Any) -> None:
        """A notification."""
        getattr(Core, f"pcmio_jack_{name}")(*arguments, self.address)


class FakeStream:
    """A stream without a thread."""

    def __init__(self, jack: FakeJack, *, inputs: tuple[int, ...] = (), outputs: tuple[int, ...] = ()) -> None:
        self.jack = jack
        self.outputs = outputs
        self.inputs = inputs
        plan = Plan(
            sample_rate=RATE,
            block_frames=jack.period,
            native_frames=jack.period,
            output=Side(len(outputs), SampleFormat.F32, planar=True) if outputs else None,
            input=Side(len(inputs), SampleFormat.F32, planar=True) if inputs else None,
            clock=core().address("pcmio_clock_nanos"),
        )
        self.pump = CorePump(plan, SampleFormat.F32, 64, 1)
        in_ports, out_ports = (c_void_p * len(inputs))(*inputs), (c_void_p * len(outputs))(*outputs)
        self.address = jack_core().pcmio_jack_stream_new(
            self.pump.address, len(inputs), in_ports, len(outputs), out_ports
        )
        assert jack_core().pcmio_jack_join(jack.address, self.address) == 0

    def run(self) -> None:
        self.pump.set_mode(Mode.RUNNING)

    def feed(self, frames: int) -> None:
        """Have so many frames ready."""
        samples = np.ones((frames, len(self.outputs)), np.float32)
        assert self.pump.put(samples.ctypes.data, SampleFormat.F32.code, len(self.outputs), frames) == frames

    def leave(self, silence_nanos: int = 0) -> int:
        result = jack_core().pcmio_jack_leave(self.jack.address, self.address, silence_nanos, 10**9)
        jack_core().pcmio_jack_stream_free(self.address)
        return result

    def notes(self) -> list[Note]:
        found: list[Note] = []
        while (note := self.pump.take_note()) is not None:
            found.append(note)
        return found

    @property
    def stats(self) -> StreamStats:
        return self.pump.stats()

    def heard(self, port: int) -> Any:
        """The last period of a port."""
        return self.jack.buffers[port][: self.jack.period]
