"""Native callbacks: what is taken for one, and how streams live that have one."""

from __future__ import annotations

import ctypes
import gc
import importlib
import sys
import threading
import weakref
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

import pcmio
from pcmio import EndReason, InvalidInput, NativeCallback, SampleFormat, StreamConfig, StreamState, callbacks
from pcmio._core import core
from pcmio.hosts.null import NullDeviceSpec, NullKind, SimulatedClock
from pcmio.testing import Noise, until
from tests.unit import header
from tests.unit.counting import Counting, NativeBlock, library, library_path
from tests.unit.echoing import NativeDuplexBlock
from tests.unit.stream_rig import FRAMES, PATIENCE, Events, HandDriver, build

if TYPE_CHECKING:
    from collections.abc import Iterator

RATE = 48_000

# --- what is a native callback ----------------------------------------------------------------------------------------


def address_of(function: Any) -> int:
    return ctypes.cast(function, ctypes.c_void_p).value or 0


class Compiled:
    """As a numba cfunc shows itself."""

    def __init__(self, address: object) -> None:
        self.address = address


@pytest.fixture
def cffi() -> Any:
    """The library, for which there are no types."""
    return importlib.import_module("cffi")


def test_an_address_is_taken_as_it_is() -> None:
    callback = NativeCallback(0x1234, 0x5678)
    assert (callback.address, callback.user) == (0x1234, 0x5678)
    assert repr(callback) == "<pcmio native callback at 0x1234, user 0x5678>"


def test_a_function_of_a_ctypes_library_is_known_by_its_address() -> None:
    function = library().count_output
    assert NativeCallback(function).address == address_of(function)
    typed = ctypes.CFUNCTYPE(ctypes.c_int32, ctypes.c_void_p)(address_of(function))
    assert NativeCallback(typed).address == address_of(function)


def test_an_object_with_an_address_is_taken() -> None:
    callback = NativeCallback(Compiled(0x99))
    assert callback.address == 0x99
    assert "Compiled object" in repr(callback)


def test_a_function_of_a_cffi_library_is_known_by_its_address(cffi: Any) -> None:
    ffi = cffi.FFI()
    ffi.cdef("int32_t count_output(void *, const void *, void *);")
    opened = ffi.dlopen(library_path())
    assert NativeCallback(opened.count_output).address == address_of(library().count_output)
    assert NativeCallback(ffi.cast("void *", opened.count_output)).address == address_of(library().count_output)


def test_what_calls_python_is_refused_whoever_made_it(cffi: Any) -> None:
    thunk = ctypes.CFUNCTYPE(ctypes.c_int32, ctypes.c_void_p)(lambda _: 0)
    with pytest.raises(InvalidInput, match="calls a Python function, and none may run there; give the Python"):
        NativeCallback(thunk)
    with pytest.raises(InvalidInput, match="calls a Python function"):
        NativeCallback(cffi.FFI().callback("int(void *)", lambda _: 0))


@pytest.mark.parametrize(
    "wrong",
    [0, -1, 1 << 64, True, None, "f", 1.5, print, lambda *_: 0, b"\0" * 8, Compiled(0), Compiled("x"), Compiled(True)],
    ids=str,
)
def test_what_is_no_function_of_c_is_refused(wrong: object) -> None:
    with pytest.raises(InvalidInput, match="ctypes or cffi function pointer"):
        NativeCallback(wrong)


def test_pointers_to_nowhere_and_to_no_function_are_refused(cffi: Any) -> None:
    with pytest.raises(InvalidInput, match="points nowhere"):
        NativeCallback(ctypes.CFUNCTYPE(None)())
    ffi = cffi.FFI()
    for wrong in (ffi.NULL, ffi.new("int *"), ffi.cast("int", 5)):
        with pytest.raises(InvalidInput):
            NativeCallback(wrong)


def test_memory_for_the_user_s_argument_is_kept_in_place() -> None:
    memory = bytearray(16)
    callback = NativeCallback(1, memory)
    assert callback.user == ctypes.addressof(ctypes.c_char.from_buffer(memory))
    with pytest.raises(BufferError):
        memory.extend(b"more")
    array = np.zeros(4, np.float32)
    assert NativeCallback(1, array).user == array.ctypes.data


@pytest.mark.parametrize("wrong", [-1, 1 << 64, True, None, "x", b"read-only", np.zeros((4, 4))[:, 1]], ids=str)
def test_what_is_neither_an_address_nor_writable_memory_is_refused(wrong: object) -> None:
    with pytest.raises(InvalidInput, match="address"):
        NativeCallback(1, wrong)


def test_equal_are_those_that_call_the_same_with_the_same() -> None:
    one, same, other = NativeCallback(1, 2), NativeCallback(Compiled(1), 2), NativeCallback(1, 3)
    assert one == same
    assert hash(one) == hash(same)
    assert one != other
    assert one != 1


@pytest.mark.parametrize(
    ("struct", "fields", "mirror"),
    [
        ("pcmio_native_block", pcmio.NATIVE_BLOCK_FIELDS, NativeBlock),
        ("pcmio_native_duplex_block", pcmio.NATIVE_DUPLEX_BLOCK_FIELDS, NativeDuplexBlock),
    ],
)
def test_fields_of_a_block_and_answers_are_the_header_s(struct: str, fields: Any, mirror: Any) -> None:
    names = header.structs()[struct]
    dtype = np.dtype(list(fields))
    assert dtype.names == names
    expressions = [f"offsetof({struct}, {name})" for name in names]
    found = header.numbers((f"sizeof({struct})", "PCMIO_GO_ON", "PCMIO_FINISH", "PCMIO_ABORT", *expressions))
    size, go_on, finish, abort, *offsets = found.values()
    assert dtype.itemsize == ctypes.sizeof(mirror) == size
    assert [dtype.fields[name][1] for name in names] == offsets  # type: ignore[index]
    assert (go_on, finish, abort) == (0, callbacks.FINISH, callbacks.ABORT)


def test_devices_say_what_a_callback_may_be() -> None:
    device = pcmio.host("null").device_by_id("null:sink")
    wrong: Any = 0x1234
    with pytest.raises(InvalidInput, match=r"a C function is given as a pcmio\.NativeCallback"):
        device.build_output_stream(StreamConfig(2, RATE, 64), wrong)


# --- streams moved by hand --------------------------------------------------------------------------------------------


def test_an_output_is_filled_block_by_block_when_the_device_asks() -> None:
    sound = np.arange(1, 33, dtype=np.int16)
    counting, driver = Counting(memory=sound), HandDriver()
    stream = build(driver, counting.output)
    assert (stream.config.buffer_size.frames, counting.calls) == (FRAMES, 0)
    stream.start()
    assert counting.calls == 0  # nothing is kept ready
    assert stream.latency.ring == 0.0
    assert driver.cycle(6) == sound[:12].tobytes()
    assert counting.calls == 2
    assert stream.latency.ring == 2 / RATE
    block = counting.block
    assert (block.frames, block.channels, block.sample_rate) == (FRAMES, 2, RATE)
    assert (block.position, block.format) == (FRAMES, SampleFormat.I16.code)
    assert block.callback_nanos == driver.cell.value
    assert block.device_nanos == driver.cell.value + round(4e9 / RATE)
    assert (stream.position, stream.stats.blocks, stream.stats.wakes) == (6, 2, stream.stats.wakes)
    stream.close()


def test_an_input_is_handed_over_when_a_block_is_full() -> None:
    sound, given = np.zeros(16, np.int16), np.arange(1, 13, dtype=np.int16)
    counting, driver = Counting(memory=sound), HandDriver(output=False)
    stream = build(driver, counting.input)
    stream.start()
    driver.cycle(3, given[:6].tobytes())
    assert counting.calls == 0
    driver.cycle(3, given[6:].tobytes())
    assert counting.calls == 1
    assert (sound[:8] == given[:8]).all()
    assert (stream.position, stream.latency.ring) == (6, 2 / RATE)
    stream.close()


@pytest.mark.parametrize("output", [True, False])
def test_the_system_s_losses_are_told_and_counted(output: bool) -> None:
    counting, driver = Counting(), HandDriver(output=output)
    stream = build(driver, counting.output if output else counting.input)
    stream.start()
    driver.cycle()
    assert driver.pump is not None
    core().pcmio_pump_xrun(driver.pump.address, 7)
    driver.cycle()
    assert counting.record.lost == 7
    assert (stream.stats.xruns, stream.stats.xrun_frames) == (1, 7)
    stream.close()


def test_the_function_finishes_its_output_as_stop_stream_does() -> None:
    counting, driver, events = Counting(answer_at=3, answer=1), HandDriver(), Events()
    stream = build(driver, counting.output, events)
    stream.start()
    for _ in range(3):
        driver.cycle()
    until(lambda: stream.state is StreamState.DRAINING, "the drain")
    driver.cycle()
    assert stream.wait(PATIENCE)
    assert (stream.reason, stream.position, counting.calls) == (EndReason.FINISHED, 2 * FRAMES, 3)
    assert events.wait_for(pcmio.StreamEnded) == pcmio.StreamEnded(EndReason.FINISHED)
    stream.close()


def test_the_function_finishes_its_input_at_once() -> None:
    counting, driver = Counting(answer_at=2, answer=1), HandDriver(output=False)
    with build(driver, counting.input) as stream:
        for _ in range(4):
            driver.cycle()
        assert stream.wait(PATIENCE)
        assert (stream.reason, counting.calls, stream.stats.xruns) == (EndReason.FINISHED, 2, 0)


@pytest.mark.parametrize("output", [True, False])
def test_the_function_aborts_its_stream(output: bool) -> None:
    counting, driver = Counting(answer_at=1, answer=2), HandDriver(output=output)
    with build(driver, counting.output if output else counting.input) as stream:
        driver.cycle()
        assert stream.wait(PATIENCE)
        assert stream.reason is EndReason.ABORTED


def test_an_answer_without_a_meaning_is_an_error_of_the_stream_s() -> None:
    counting, driver = Counting(answer_at=1, answer=-7), HandDriver()
    stream = build(driver, counting.output)
    stream.start()
    driver.cycle()
    with pytest.raises(pcmio.BackendError, match="the native callback returned -7; return 0 to go on") as caught:
        stream.wait(PATIENCE)
    stream.close()
    assert (caught.value.code, stream.reason) == (-7, EndReason.CALLBACK_RAISED)


def test_stop_plays_what_was_begun_and_pause_keeps_it() -> None:
    sound = np.arange(1, 65, dtype=np.int16)
    counting, driver = Counting(memory=sound), HandDriver()
    stream = build(driver, counting.output)
    stream.start()
    driver.cycle(1)
    stream.pause()
    driver.cycle(9)
    stream.start()
    assert driver.cycle(1) == sound[2:4].tobytes()
    stopping = threading.Thread(target=stream.stop)
    stopping.start()
    until(lambda: stream.state is StreamState.DRAINING, "the drain")
    assert driver.cycle(4) == sound[4:8].tobytes() + bytes(8)
    while stopping.is_alive():
        driver.cycle(4)
    assert counting.calls == 1
    stream.start()
    assert driver.cycle(1) == sound[8:10].tobytes()
    stream.close()


def test_close_waits_for_a_function_that_is_at_work() -> None:
    counting, driver = Counting(), HandDriver()
    stream = build(driver, counting.output)
    stream.start()
    counting.record.hold = 1
    # A thread of C's own: the core's calls keep the GIL otherwise.
    transfer = ctypes.CDLL(core().path).pcmio_pump_transfer
    outputs = (ctypes.c_void_p * 1)(ctypes.addressof(ctypes.create_string_buffer(16)))
    assert driver.pump is not None
    arguments = (ctypes.c_void_p(driver.pump.address), None, outputs, FRAMES, ctypes.c_uint64(0), ctypes.c_uint64(0))
    audio = threading.Thread(target=transfer, args=arguments)
    audio.start()
    until(lambda: counting.record.inside == 1, "the function being called")
    closing = threading.Thread(target=stream.close)
    closing.start()
    until(lambda: stream.state is StreamState.CLOSED, "the end")
    closing.join(1.5)  # longer than any other wait of a stream's
    assert closing.is_alive()
    assert counting.record.inside == 1
    counting.record.hold = 0
    closing.join(PATIENCE)
    assert not closing.is_alive()
    assert counting.record.inside == 0
    audio.join()


def test_what_the_function_needs_lives_as_long_as_its_stream() -> None:
    class Owner(Compiled):
        pass

    driver, counting = HandDriver(), Counting()
    owner = Owner(address_of(library().count_output))
    gone = weakref.ref(owner)
    stream = build(driver, NativeCallback(owner, counting.record))
    del owner
    gc.collect()
    assert gone() is not None
    stream.close()
    driver.pump = None
    del stream
    gc.collect()
    assert gone() is None


# --- on a device ------------------------------------------------------------------------------------------------------


@pytest.fixture
def loopback() -> Iterator[pcmio.Device]:
    with pcmio.host("null") as host:
        yield host.device_by_id("null:loopback")


@pytest.mark.parametrize("raw", [False, True])
@pytest.mark.parametrize("sample_format", SampleFormat, ids=str)
def test_every_format_passes_the_loop_at_64_frames(
    loopback: pcmio.Device, sample_format: SampleFormat, raw: bool
) -> None:
    config = StreamConfig(2, RATE, 64, sample_format)
    noise = Noise(sample_format, 2, 20 * 64)
    size = 2 * sample_format.sample_bytes
    played = Counting(frame_bytes=size, memory=noise.frames.copy(), answer_at=21, answer=1)
    taken = Counting(frame_bytes=size, memory=np.zeros((RATE, 2), sample_format.dtype))
    build_output = loopback.build_output_stream_raw if raw else loopback.build_output_stream
    build_input = loopback.build_input_stream_raw if raw else loopback.build_input_stream
    with build_input(config, taken.input) as recording, build_output(config, played.output) as stream:
        assert stream.wait(PATIENCE)
        mark = taken.calls
        until(lambda: taken.calls > mark + 3, "the tail")
        assert (stream.reason, stream.position, stream.stats.blocks) == (EndReason.FINISHED, 20 * 64, 20)
        recording.close()
    assert (played.block.format, taken.block.format) == (sample_format.code,) * 2
    noise.assert_within(taken.memory[: taken.record.moved_bytes // size])


def test_blocks_are_whole_and_exact_whatever_the_device_moves_at_a_time() -> None:
    spec = NullDeviceSpec("odd", NullKind.LOOPBACK, cycle_sizes=(1, 63, 0, 257, 64, 31), latency=0.25)
    clock = SimulatedClock()
    host = pcmio.host("null", clock=clock, devices=(spec,))
    device = host.device_by_id("null:odd")
    noise = Noise(SampleFormat.I16, 2, 50 * 100)
    played = Counting(memory=noise.frames.copy(), answer_at=51, answer=1)
    taken = Counting(memory=np.zeros((RATE, 2), np.int16))
    config = StreamConfig(2, RATE, 100, SampleFormat.I16)
    with device.build_input_stream(config, taken.input), device.build_output_stream(config, played.output) as stream:
        clock.advance(0.05)
        assert played.block.device_nanos > played.block.callback_nanos + 250_000_000
        assert played.block.callback_nanos <= clock.nanos
        assert stream.latency.device == 0.25
        clock.advance(1.0)
        assert stream.reason is EndReason.FINISHED
        assert stream.stats.xruns == 0
    noise.assert_within(taken.memory[: taken.record.moved_bytes // 4])
    host.close()


def test_a_thousand_streams_are_closed_while_their_function_runs(loopback: pcmio.Device) -> None:
    config = StreamConfig(2, RATE, 16, SampleFormat.I16)
    stirred = sys.getswitchinterval()
    for round_ in range(1000):
        counting = Counting()
        output = round_ % 2 == 0
        builder = loopback.build_output_stream if output else loopback.build_input_stream
        stream = builder(config, counting.output if output else counting.input)
        stream.start()
        if round_ % 10 == 0:
            counting.until_called()
        stream.close()
        calls = counting.calls
        assert counting.record.inside == 0
        del stream
        assert counting.calls == calls
        assert counting.record.noisy == 0
    assert sys.getswitchinterval() == stirred


def test_a_stream_that_is_dropped_is_closed_and_its_function_called_no_more(loopback: pcmio.Device) -> None:
    counting = Counting()
    stream = loopback.build_output_stream(StreamConfig(2, RATE, 16, SampleFormat.I16), counting.output)
    stream.start()
    counting.until_called()
    threads = {thread for thread in threading.enumerate() if thread.name == "pcmio null:loopback"}
    with pytest.warns(ResourceWarning, match="dropped without close"):
        del stream
    for thread in threads:
        thread.join(PATIENCE)
    calls = counting.calls
    with loopback.build_output_stream(StreamConfig(2, RATE, 16, SampleFormat.I16), Counting().output) as other:
        until(lambda: other.stats.cycles > 3, "time to pass")
    assert counting.calls == calls


def test_python_that_is_busy_costs_no_frame_at_64_frames(loopback: pcmio.Device) -> None:
    """Nothing waits for the GIL: the device finds every block."""
    counting = Counting()
    busy = True

    def keep_busy() -> None:
        while busy:
            pass

    thread = threading.Thread(target=keep_busy)
    with loopback.build_output_stream(StreamConfig(2, RATE, 64, SampleFormat.I16), counting.output) as stream:
        thread.start()
        until(lambda: stream.position > RATE // 5, "a fifth of a second")
        busy = False
        thread.join()
        assert (stream.stats.xruns, counting.record.lost) == (0, 0)
    assert counting.record.noisy == 0
