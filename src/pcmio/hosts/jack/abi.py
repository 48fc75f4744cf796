"""libjack, and the core's half of it.  Prototypes: jack/jack.h, jack/types.h (jackd2 1.9.21); core/include/pcmio.h."""

from __future__ import annotations

from ctypes import Structure, c_int32, c_uint32, c_void_p

from pcmio._native import Address, Int, Int64, Library, Ref, Size, Str, UInt, UInt64, native, quick

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import ClassVar

# JackOptions
JackNullOption = 0x00
JackNoStartServer = 0x01
JackServerName = 0x04

# JackStatus
JackFailure = 0x01
JackInvalidOption = 0x02
JackNameNotUnique = 0x04
JackServerStarted = 0x08
JackServerFailed = 0x10
JackServerError = 0x20
JackNoSuchClient = 0x40
JackLoadFailure = 0x80
JackInitFailure = 0x100
JackShmFailure = 0x200
JackVersionError = 0x400
JackBackendError = 0x800
JackClientZombie = 0x1000

# JackPortFlags
JackPortIsInput = 0x1
JackPortIsOutput = 0x2
JackPortIsPhysical = 0x4
JackPortIsTerminal = 0x10

PCMIO_JACK_UNANSWERED = -1
PCMIO_JACK_NO_MEMORY = -2
PCMIO_JACK_ACTIVATE, PCMIO_JACK_LINK, PCMIO_JACK_REGISTER = 0, 1, 2
JACK_DEFAULT_AUDIO_TYPE = b"32 bit float mono audio"


class Jack(Library):
    """libjack: jackd2's, jackd1's or PipeWire's."""

    names: ClassVar = {
        "linux": ("libjack.so.0", "libjack.so"),
        "darwin": (
            "libjack.0.dylib",
            "libjack.dylib",
            "/usr/local/lib/libjack.0.dylib",
            "/opt/homebrew/lib/libjack.0.dylib",  # absolute: SIP strips DYLD_LIBRARY_PATH
        ),
        "win32": ("libjack64.dll", "libjack.dll"),
    }
    advice = "install JACK (Debian: libjack-jackd2-0, or pipewire-jack)"

    # --- what it would print ----------------------------------------------------------------------------------------

    @quick
    def jack_set_error_function(self, func: Address, /) -> None: ...
    @quick
    def jack_set_info_function(self, func: Address, /) -> None: ...

    # --- which it is ------------------------------------------------------------------------------------------------

    @quick
    def jack_get_version_string(self, /) -> Str: ...

    # --- threads ----------------------------------------------------------------------------------------------------

    @quick
    def jack_set_thread_creator(self, creator: Address, /) -> None: ...

    # --- client -----------------------------------------------------------------------------------------------------

    @native
    def jack_client_open(self, client_name: Str, options: UInt, status: Ref, /, *server_name: Str) -> Address: ...
    @native
    def jack_client_close(self, client: Address, /) -> Int: ...
    @quick
    def jack_client_name_size(self, /) -> Int: ...
    @quick
    def jack_get_client_name(self, client: Address, /) -> Str: ...
    @native
    def jack_activate(self, client: Address, /) -> Int: ...
    @quick
    def jack_get_sample_rate(self, client: Address, /) -> UInt: ...
    @quick
    def jack_get_buffer_size(self, client: Address, /) -> UInt: ...

    # --- callbacks, all set before jack_activate ----------------------------------------------------------------------

    @native
    def jack_set_process_callback(self, client: Address, process_callback: Address, arg: Address, /) -> Int: ...
    @native
    def jack_set_xrun_callback(self, client: Address, xrun_callback: Address, arg: Address, /) -> Int: ...
    @native
    def jack_set_buffer_size_callback(self, client: Address, bufsize_callback: Address, arg: Address, /) -> Int: ...
    @native
    def jack_set_sample_rate_callback(self, client: Address, srate_callback: Address, arg: Address, /) -> Int: ...
    @native
    def jack_set_freewheel_callback(self, client: Address, freewheel_callback: Address, arg: Address, /) -> Int: ...
    @native
    def jack_set_graph_order_callback(self, client: Address, graph_callback: Address, arg2: Address, /) -> Int: ...
    @native
    def jack_set_latency_callback(self, client: Address, latency_callback: Address, arg: Address, /) -> Int: ...
    @native
    def jack_set_port_registration_callback(
        self, client: Address, registration_callback: Address, arg: Address, /
    ) -> Int: ...
    @native
    def jack_set_client_registration_callback(
        self, client: Address, registration_callback: Address, arg: Address, /
    ) -> Int: ...
    @native
    def jack_on_shutdown(self, client: Address, shutdown_callback: Address, arg: Address, /) -> None: ...
    @native
    def jack_on_info_shutdown(self, client: Address, shutdown_callback: Address, arg: Address, /) -> None: ...

    # --- ports ------------------------------------------------------------------------------------------------------

    @native
    def jack_get_ports(
        self, client: Address, port_name_pattern: Str, type_name_pattern: Str, flags: Size, /
    ) -> Address: ...
    @quick
    def jack_free(self, ptr: Address, /) -> None: ...
    @native
    def jack_port_by_name(self, client: Address, port_name: Str, /) -> Address: ...
    @quick
    def jack_port_flags(self, port: Address, /) -> Int: ...
    @native
    def jack_port_get_all_connections(self, client: Address, port: Address, /) -> Address: ...
    @quick
    def jack_port_is_mine(self, client: Address, port: Address, /) -> Int: ...
    @quick
    def jack_port_name_size(self, /) -> Int: ...
    @native
    def jack_port_unregister(self, client: Address, port: Address, /) -> Int: ...

    # --- what the core calls ----------------------------------------------------------------------------------------

    @native
    def jack_port_register(
        self, client: Address, port_name: Str, port_type: Str, flags: Size, buffer_size: Size, /
    ) -> Address: ...
    @native
    def jack_connect(self, client: Address, source_port: Str, destination_port: Str, /) -> Int: ...
    @native
    def jack_disconnect(self, client: Address, source_port: Str, destination_port: Str, /) -> Int: ...
    @quick
    def jack_port_get_buffer(self, port: Address, nframes: UInt, /) -> Address: ...
    @quick
    def jack_get_cycle_times(
        self, client: Address, current_frames: Ref, current_usecs: Ref, next_usecs: Ref, period_usecs: Ref, /
    ) -> Int: ...
    @quick
    def jack_get_time(self, /) -> UInt64: ...
    @quick
    def jack_port_get_latency_range(self, port: Address, mode: UInt, range_: Ref, /) -> None: ...
    @quick
    def jack_port_set_latency_range(self, port: Address, mode: UInt, range_: Ref, /) -> None: ...


class JackApi(Structure):
    """``pcmio_jack_api``: addresses."""

    _fields_: ClassVar = [
        ("port_get_buffer", c_void_p),
        ("get_cycle_times", c_void_p),
        ("get_time", c_void_p),
        ("port_get_latency_range", c_void_p),
        ("port_set_latency_range", c_void_p),
        ("port_unregister", c_void_p),
    ]


class JackState(Structure):
    """``pcmio_jack_state``."""

    _fields_: ClassVar = [
        ("lost", c_uint32),
        ("code", c_int32),
        ("rate", c_uint32),
        ("period_frames", c_uint32),
    ]


class JackCore(Library):
    """The core again, with what only this host calls."""

    @quick
    def pcmio_jack_client_new(self, api: Ref, /) -> Address: ...
    @quick
    def pcmio_jack_client_free(self, client: Address, /) -> None: ...
    @quick
    def pcmio_jack_client_opened(
        self, client: Address, handle: Address, rate: UInt, period_frames: UInt, /
    ) -> None: ...
    @quick
    def pcmio_jack_client_state(self, client: Address, state: Ref, /) -> None: ...
    @quick
    def pcmio_jack_changing(self, client: Address, /) -> None: ...
    @native
    def pcmio_jack_unregister(self, client: Address, ports: Ref, count: UInt, timeout_nanos: Int64, /) -> UInt: ...
    @native
    def pcmio_jack_unregister_within(
        self,
        client: Address,
        ports: Ref,
        count: UInt,
        order_nanos: Int64,
        answer_nanos: Int64,
        close_client: Address,
        notifier: UInt64,
        /,
    ) -> Int: ...
    @quick
    def pcmio_jack_stream_new(
        self, pump: Address, inputs: UInt, in_ports: Ref, outputs: UInt, out_ports: Ref, /
    ) -> Address: ...
    @quick
    def pcmio_jack_stream_free(self, stream: Address, /) -> None: ...
    @quick
    def pcmio_jack_stream_belongs(self, stream: Address, name: Str, /) -> None: ...
    @native
    def pcmio_jack_stream_measure(self, client: Address, stream: Address, /) -> None: ...
    @quick
    def pcmio_jack_join(self, client: Address, stream: Address, /) -> Int: ...
    @native
    def pcmio_jack_leave(
        self, client: Address, stream: Address, silence_nanos: Int64, quiet_nanos: Int64, /
    ) -> Int: ...
    @native
    def pcmio_jack_lose(self, client: Address, code: Int, /) -> None: ...
    @quick
    def pcmio_jack_name_hash(self, name: Str, /) -> UInt64: ...
    @quick
    def pcmio_jack_created_thread(self, /) -> UInt64: ...
    @quick
    def pcmio_jack_note_threads(self, set_thread_creator: Address, /) -> None: ...
    @native
    def pcmio_jack_ask_within(
        self,
        client: Address,
        what: UInt,
        call: Address,
        first: Str,
        second: Str,
        flags: UInt64,
        answer_nanos: Int64,
        close_client: Address,
        notifier: UInt64,
        result: Ref,
        /,
    ) -> Int: ...
    @native
    def pcmio_jack_close_within(
        self, close_client: Address, handle: Address, notifier: UInt64, lost: UInt, answer_nanos: Int64, /
    ) -> Int: ...
    @quick
    def pcmio_jack_watch_new(self, wakeup: Address, /) -> Address: ...
    @quick
    def pcmio_jack_watch_free(self, watch: Address, /) -> None: ...
    @quick
    def pcmio_jack_watch_gone(self, watch: Address, /) -> None: ...
    @quick
    def pcmio_jack_watch_changes(self, watch: Address, /) -> UInt: ...
    @quick
    def pcmio_jack_watch_left(self, watch: Address, /) -> UInt64: ...
    @quick
    def pcmio_jack_watch_lost(self, watch: Address, /) -> UInt: ...
    @quick
    def pcmio_jack_watch_code(self, watch: Address, /) -> Int: ...
