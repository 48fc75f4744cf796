"""libpulse 5 or newer, declared: pulse/*.h; and what the core adds, declared in core/include/pcmio.h.

Struct layouts are those of 64-bit systems, where the two libraries' names for whole numbers agree with ctypes' own.
"""

from __future__ import annotations

from ctypes import CFUNCTYPE, Structure, c_char_p, c_int, c_uint8, c_uint32, c_uint64, c_void_p

from pcmio._native import Address, Int, Library, Ref, Size, Str, UInt, UInt64, native, quick

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import ClassVar

# --- pulse/def.h ------------------------------------------------------------------------------------------------------

PA_INVALID_INDEX = 0xFFFFFFFF

PA_CONTEXT_READY = 4
PA_CONTEXT_FAILED = 5
PA_CONTEXT_TERMINATED = 6
PA_CONTEXT_NOAUTOSPAWN = 0x0001

PA_STREAM_READY = 2
PA_STREAM_FAILED = 3
PA_STREAM_TERMINATED = 4

PA_STREAM_START_CORKED = 0x0001
PA_STREAM_INTERPOLATE_TIMING = 0x0002
PA_STREAM_NOT_MONOTONIC = 0x0004
PA_STREAM_AUTO_TIMING_UPDATE = 0x0008
PA_STREAM_DONT_MOVE = 0x0200
PA_STREAM_ADJUST_LATENCY = 0x2000
PA_STREAM_EARLY_REQUESTS = 0x4000

# pa_subscription_mask
PA_SUBSCRIPTION_MASK_SINK = 0x0001
PA_SUBSCRIPTION_MASK_SOURCE = 0x0002
PA_SUBSCRIPTION_MASK_SERVER = 0x0080

PA_VOLUME_NORM = 0x10000

PA_DEVICE_NETWORK = 0x0008  # PA_SINK_NETWORK, PA_SOURCE_NETWORK

PA_ERR_ACCESS = 1
PA_ERR_COMMAND = 2
PA_ERR_INVALID = 3
PA_ERR_EXIST = 4
PA_ERR_NOENTITY = 5
PA_ERR_CONNECTIONREFUSED = 6
PA_ERR_PROTOCOL = 7
PA_ERR_TIMEOUT = 8
PA_ERR_AUTHKEY = 9
PA_ERR_INTERNAL = 10
PA_ERR_CONNECTIONTERMINATED = 11
PA_ERR_KILLED = 12
PA_ERR_INVALIDSERVER = 13
PA_ERR_MODINITFAILED = 14
PA_ERR_BADSTATE = 15
PA_ERR_NODATA = 16
PA_ERR_VERSION = 17
PA_ERR_TOOLARGE = 18
PA_ERR_NOTSUPPORTED = 19
PA_ERR_UNKNOWN = 20
PA_ERR_NOEXTENSION = 21
PA_ERR_OBSOLETE = 22
PA_ERR_NOTIMPLEMENTED = 23
PA_ERR_FORKED = 24
PA_ERR_IO = 25
PA_ERR_BUSY = 26

# --- pulse/sample.h, pulse/channelmap.h -------------------------------------------------------------------------------

PA_CHANNELS_MAX = 32

PA_SAMPLE_U8 = 0
PA_SAMPLE_S16LE = 3
PA_SAMPLE_S16BE = 4
PA_SAMPLE_FLOAT32LE = 5
PA_SAMPLE_FLOAT32BE = 6
PA_SAMPLE_S32LE = 7
PA_SAMPLE_S32BE = 8
PA_SAMPLE_S24LE = 9
PA_SAMPLE_S24BE = 10
PA_SAMPLE_S24_32LE = 11
PA_SAMPLE_S24_32BE = 12

PA_CHANNEL_POSITION_MONO = 0
PA_CHANNEL_POSITION_FRONT_LEFT = 1
PA_CHANNEL_POSITION_FRONT_RIGHT = 2
PA_CHANNEL_POSITION_FRONT_CENTER = 3
PA_CHANNEL_POSITION_REAR_CENTER = 4
PA_CHANNEL_POSITION_REAR_LEFT = 5
PA_CHANNEL_POSITION_REAR_RIGHT = 6
PA_CHANNEL_POSITION_LFE = 7
PA_CHANNEL_POSITION_SIDE_LEFT = 10
PA_CHANNEL_POSITION_SIDE_RIGHT = 11
PA_CHANNEL_POSITION_AUX0 = 12


class pa_sample_spec(Structure):
    _fields_: ClassVar = [("format", c_int), ("rate", c_uint32), ("channels", c_uint8)]


class pa_channel_map(Structure):
    _fields_: ClassVar = [("channels", c_uint8), ("map", c_int * PA_CHANNELS_MAX)]


class pa_cvolume(Structure):
    _fields_: ClassVar = [("channels", c_uint8), ("values", c_uint32 * PA_CHANNELS_MAX)]


class pa_buffer_attr(Structure):
    _fields_: ClassVar = [
        ("maxlength", c_uint32),
        ("tlength", c_uint32),
        ("prebuf", c_uint32),
        ("minreq", c_uint32),
        ("fragsize", c_uint32),
    ]


# --- pulse/introspect.h -----------------------------------------------------------------------------------------------


class pa_server_info(Structure):
    _fields_: ClassVar = [
        ("user_name", c_char_p),
        ("host_name", c_char_p),
        ("server_version", c_char_p),
        ("server_name", c_char_p),
        ("sample_spec", pa_sample_spec),
        ("default_sink_name", c_char_p),
        ("default_source_name", c_char_p),
        ("cookie", c_uint32),
        ("channel_map", pa_channel_map),
    ]


class pa_device_info(Structure):
    """``pa_sink_info`` and ``pa_source_info``, which differ in two names: a sink has its monitor, a source its sink."""

    _fields_: ClassVar = [
        ("name", c_char_p),
        ("index", c_uint32),
        ("description", c_char_p),
        ("sample_spec", pa_sample_spec),
        ("channel_map", pa_channel_map),
        ("owner_module", c_uint32),
        ("volume", pa_cvolume),
        ("mute", c_int),
        ("monitor", c_uint32),
        ("monitor_name", c_char_p),
        ("latency", c_uint64),
        ("driver", c_char_p),
        ("flags", c_int),
        ("proplist", c_void_p),
        ("configured_latency", c_uint64),
        ("base_volume", c_uint32),
        ("state", c_int),
        ("n_volume_steps", c_uint32),
        ("card", c_uint32),
        ("n_ports", c_uint32),
        ("ports", c_void_p),
        ("active_port", c_void_p),
        ("n_formats", c_uint8),
        ("formats", c_void_p),
    ]


# Called on the thread that iterates the plain main loop, which is one of Python's.
pa_server_info_cb_t = CFUNCTYPE(None, c_void_p, c_void_p, c_void_p)
pa_device_info_cb_t = CFUNCTYPE(None, c_void_p, c_void_p, c_int, c_void_p)
pa_context_subscribe_cb_t = CFUNCTYPE(None, c_void_p, c_uint32, c_uint32, c_void_p)


class Libpulse(Library):
    """The client library of PulseAudio, and of PipeWire where that takes its place."""

    names: ClassVar = {"linux": ("libpulse.so.0", "libpulse.so")}
    advice = "install libpulse (Debian: libpulse0; Fedora: pulseaudio-libs), or choose another host"

    @quick
    def pa_get_library_version(self, /) -> Str: ...

    # --- pulse/mainloop.h -------------------------------------------------------------------------------------------

    @quick
    def pa_mainloop_new(self, /) -> Address: ...
    @native
    def pa_mainloop_free(self, m: Address, /) -> None: ...
    @quick
    def pa_mainloop_get_api(self, m: Address, /) -> Address: ...
    @quick  # from any thread
    def pa_mainloop_quit(self, m: Address, retval: Int, /) -> None: ...

    # --- pulse/proplist.h -------------------------------------------------------------------------------------------

    @quick
    def pa_proplist_new(self, /) -> Address: ...
    @quick
    def pa_proplist_free(self, p: Address, /) -> None: ...
    @quick
    def pa_proplist_sets(self, p: Address, key: Str, value: Str, /) -> Int: ...
    @quick
    def pa_proplist_gets(self, p: Address, key: Str, /) -> Str: ...
    @quick
    def pa_proplist_iterate(self, p: Address, state: Ref, /) -> Str: ...

    # --- pulse/context.h --------------------------------------------------------------------------------------------

    @quick
    def pa_context_new_with_proplist(self, mainloop: Address, name: Str, proplist: Address, /) -> Address: ...
    @native  # may start to look up a name, or read a cookie from a slow disk
    def pa_context_connect(self, c: Address, server: Str, flags: UInt, api: Address, /) -> Int: ...
    @quick
    def pa_context_get_state(self, c: Address, /) -> UInt: ...
    @quick
    def pa_context_errno(self, c: Address, /) -> Int: ...
    @quick
    def pa_context_get_server(self, c: Address, /) -> Str: ...
    @native
    def pa_context_disconnect(self, c: Address, /) -> None: ...
    @native
    def pa_context_unref(self, c: Address, /) -> None: ...

    # --- pulse/introspect.h -----------------------------------------------------------------------------------------

    @quick
    def pa_context_get_server_info(self, c: Address, cb: Ref, userdata: Address, /) -> Address: ...
    @quick
    def pa_context_get_sink_info_list(self, c: Address, cb: Ref, userdata: Address, /) -> Address: ...
    @quick
    def pa_context_get_source_info_list(self, c: Address, cb: Ref, userdata: Address, /) -> Address: ...
    @quick
    def pa_context_get_sink_info_by_name(self, c: Address, name: Str, cb: Ref, userdata: Address, /) -> Address: ...
    @quick
    def pa_context_get_source_info_by_name(self, c: Address, name: Str, cb: Ref, userdata: Address, /) -> Address: ...

    # --- pulse/subscribe.h ------------------------------------------------------------------------------------------

    @quick
    def pa_context_set_subscribe_callback(self, c: Address, cb: Ref, userdata: Address, /) -> None: ...
    @quick
    def pa_context_subscribe(self, c: Address, m: UInt, cb: Ref, userdata: Address, /) -> Address: ...

    # --- pulse/operation.h ------------------------------------------------------------------------------------------

    @quick
    def pa_operation_unref(self, o: Address, /) -> None: ...

    # --- pulse/sample.h, pulse/error.h, pulse/version.h -------------------------------------------------------------

    @quick
    def pa_sample_rate_valid(self, rate: UInt, /) -> Int: ...
    @quick
    def pa_strerror(self, error: Int, /) -> Str: ...


# --- core/include/pcmio.h ---------------------------------------------------------------------------------------------

#: The functions that the core calls, in the order of ``pcmio_pulse_api``, without "pa_".
API_FUNCTIONS = (
    *("mainloop_prepare", "mainloop_poll", "mainloop_dispatch"),
    *("threaded_mainloop_new", "threaded_mainloop_free", "threaded_mainloop_start", "threaded_mainloop_stop"),
    *("threaded_mainloop_lock", "threaded_mainloop_unlock"),
    *("threaded_mainloop_get_api", "threaded_mainloop_set_name", "mainloop_api_once"),
    *("context_new_with_proplist", "context_unref", "context_connect", "context_disconnect"),
    *("context_get_state", "context_errno", "context_set_state_callback"),
    *("stream_new_with_proplist", "stream_unref", "stream_get_state", "stream_get_device_name"),
    *("stream_is_suspended", "stream_get_buffer_attr"),
    *("stream_connect_playback", "stream_connect_record", "stream_disconnect"),
    *("stream_begin_write", "stream_cancel_write", "stream_write", "stream_peek", "stream_drop"),
    *("stream_writable_size", "stream_get_latency", "stream_drain", "stream_cork", "stream_flush"),
    *("stream_set_state_callback", "stream_set_write_callback", "stream_set_read_callback"),
    *("stream_set_underflow_callback", "stream_set_overflow_callback", "stream_set_moved_callback"),
    *("stream_set_suspended_callback", "stream_set_buffer_attr_callback"),
    *("stream_get_index", "context_subscribe", "context_set_subscribe_callback"),
    *("context_get_sink_input_info", "context_get_source_output_info"),
    *("context_set_sink_input_volume", "context_set_sink_input_mute"),
    *("context_set_source_output_volume", "context_set_source_output_mute"),
    *("operation_unref", "operation_cancel"),
)


class PulseApi(Structure):
    """``pcmio_pulse_api``: the address of each."""

    _fields_: ClassVar = [(name, c_void_p) for name in API_FUNCTIONS]


class PulseRequest(Structure):
    """``pcmio_pulse_request``."""

    _fields_: ClassVar = [
        ("name", c_char_p),
        ("device", c_char_p),
        ("spec", c_void_p),
        ("map", c_void_p),
        ("attr", c_void_p),
        ("proplist", c_void_p),
        ("flags", c_uint32),
        ("output", c_uint32),
        ("rate", c_uint32),
        ("frame_bytes", c_uint32),
        ("period_frames", c_uint32),
    ]


class PulseCore(Library):
    """The core again, with what only this host calls.  Those that take the main loop's lock give up the GIL."""

    @native
    def pcmio_pulse_iterate(self, api: Ref, mainloop: Address, timeout_micros: Int, /) -> Int: ...

    @quick
    def pcmio_pulse_connection_new(self, api: Ref, wakeup: Address, /) -> Address: ...
    @native
    def pcmio_pulse_connection_open(
        self, connection: Address, server: Str, flags: UInt, name: Str, proplist: Address, /
    ) -> Int: ...
    @quick
    def pcmio_pulse_connection_state(self, connection: Address, /) -> UInt: ...
    @quick
    def pcmio_pulse_connection_error(self, connection: Address, /) -> Int: ...
    @quick
    def pcmio_pulse_connection_thread(self, connection: Address, /) -> UInt64: ...
    @native
    def pcmio_pulse_connection_free(self, connection: Address, /) -> None: ...

    @quick
    def pcmio_pulse_stream_new(self, connection: Address, pump: Address, wakeup: Address, /) -> Address: ...
    @native
    def pcmio_pulse_stream_open(self, stream: Address, request: Ref, /) -> Int: ...
    @quick
    def pcmio_pulse_stream_state(self, stream: Address, /) -> UInt: ...
    @quick
    def pcmio_pulse_stream_error(self, stream: Address, /) -> Int: ...
    @native
    def pcmio_pulse_stream_device(self, stream: Address, name: Ref, size: Size, /) -> Int: ...
    @native
    def pcmio_pulse_stream_start(self, stream: Address, /) -> Int: ...
    @native
    def pcmio_pulse_stream_hold(self, stream: Address, discard: UInt, /) -> Int: ...
    @native
    def pcmio_pulse_stream_drain(self, stream: Address, /) -> Int: ...
    @quick
    def pcmio_pulse_stream_owing(self, stream: Address, /) -> UInt: ...
    @native
    def pcmio_pulse_stream_serve(self, stream: Address, /) -> None: ...
    @native
    def pcmio_pulse_stream_follow_volume(self, stream: Address, /) -> Int: ...
    @quick
    def pcmio_pulse_stream_volume_known(self, stream: Address, /) -> UInt: ...
    @quick
    def pcmio_pulse_stream_volume(self, stream: Address, /) -> UInt: ...
    @quick
    def pcmio_pulse_stream_muted(self, stream: Address, /) -> UInt: ...
    @native
    def pcmio_pulse_stream_set_volume(self, stream: Address, channels: UInt, volume: UInt, /) -> Int: ...
    @native
    def pcmio_pulse_stream_set_muted(self, stream: Address, muted: UInt, /) -> Int: ...
    @native
    def pcmio_pulse_stream_free(self, stream: Address, /) -> None: ...
