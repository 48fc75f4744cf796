"""libpipewire 0.3.50 or newer, declared: pipewire/*.h, spa/*.h; and what the core adds, declared in core/include/pcmio.h.

Struct layouts are those of 64-bit systems.
"""

from __future__ import annotations

from ctypes import CFUNCTYPE, Structure, c_char_p, c_int, c_uint8, c_uint32, c_uint64, c_void_p

from pcmio._native import Address, Double, Int, Library, Ref, Size, Str, UInt, native, quick

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import ClassVar

# --- spa/pod/pod.h, spa/utils/type.h ----------------------------------------------------------------------------------

SPA_TYPE_None = 1
SPA_TYPE_Bool = 2
SPA_TYPE_Id = 3
SPA_TYPE_Int = 4
SPA_TYPE_Long = 5
SPA_TYPE_Float = 6
SPA_TYPE_Double = 7
SPA_TYPE_String = 8
SPA_TYPE_Bytes = 9
SPA_TYPE_Rectangle = 10
SPA_TYPE_Fraction = 11
SPA_TYPE_Array = 13
SPA_TYPE_Struct = 14
SPA_TYPE_Object = 15
SPA_TYPE_Choice = 19

SPA_CHOICE_None = 0
SPA_CHOICE_Range = 1
SPA_CHOICE_Step = 2
SPA_CHOICE_Enum = 3
SPA_CHOICE_Flags = 4

SPA_TYPE_OBJECT_Format = 0x40003

# --- spa/param/param.h, spa/param/format.h, spa/param/audio/raw.h -----------------------------------------------------

SPA_PARAM_EnumFormat = 3

SPA_FORMAT_mediaType = 1
SPA_FORMAT_mediaSubtype = 2
SPA_FORMAT_AUDIO_format = 0x10001
SPA_FORMAT_AUDIO_rate = 0x10003
SPA_FORMAT_AUDIO_channels = 0x10004
SPA_FORMAT_AUDIO_position = 0x10005

SPA_MEDIA_TYPE_audio = 1
SPA_MEDIA_SUBTYPE_raw = 1

SPA_AUDIO_MAX_CHANNELS = 64
SPA_AUDIO_FORMAT_F32_LE = 0x11B
SPA_AUDIO_FORMAT_F32_BE = 0x11C

SPA_AUDIO_CHANNEL_MONO = 2
SPA_AUDIO_CHANNEL_FL = 3
SPA_AUDIO_CHANNEL_FR = 4
SPA_AUDIO_CHANNEL_FC = 5
SPA_AUDIO_CHANNEL_LFE = 6
SPA_AUDIO_CHANNEL_SL = 7
SPA_AUDIO_CHANNEL_SR = 8
SPA_AUDIO_CHANNEL_RC = 11
SPA_AUDIO_CHANNEL_RL = 12
SPA_AUDIO_CHANNEL_RR = 13
SPA_AUDIO_CHANNEL_START_Aux = 0x1000

# --- pipewire/core.h, node.h, device.h, stream.h ----------------------------------------------------------------------

PW_ID_CORE = 0
PW_ID_ANY = 0xFFFFFFFF
PW_VERSION_NODE = 3
PW_VERSION_DEVICE = 3
PW_VERSION_METADATA = 3
PW_VERSION_LINK = 3
PW_TYPE_INTERFACE_Node = "PipeWire:Interface:Node"
PW_TYPE_INTERFACE_Device = "PipeWire:Interface:Device"
PW_TYPE_INTERFACE_Metadata = "PipeWire:Interface:Metadata"
PW_TYPE_INTERFACE_Port = "PipeWire:Interface:Port"
PW_TYPE_INTERFACE_Link = "PipeWire:Interface:Link"

PW_STREAM_FLAG_AUTOCONNECT = 0x01
PW_STREAM_FLAG_INACTIVE = 0x02
PW_STREAM_FLAG_MAP_BUFFERS = 0x04
PW_STREAM_FLAG_RT_PROCESS = 0x10
PW_STREAM_FLAG_DONT_RECONNECT = 0x80

PW_STREAM_STATE_ERROR = -1
PW_STREAM_STATE_UNCONNECTED = 0
PW_STREAM_STATE_CONNECTING = 1
PW_STREAM_STATE_PAUSED = 2
PW_STREAM_STATE_STREAMING = 3

SPA_LOG_LEVEL_NONE = 0

# --- regex.h ----------------------------------------------------------------------------------------------------------

REG_EXTENDED = 1
#: More than a regex_t has anywhere: 64 bytes in glibc and musl, 32 in FreeBSD's libc.
REGEX_BYTES = 256


class spa_dict_item(Structure):
    _fields_: ClassVar = [("key", c_char_p), ("value", c_char_p)]


class spa_dict(Structure):
    _fields_: ClassVar = [("flags", c_uint32), ("n_items", c_uint32), ("items", c_void_p)]


class spa_hook(Structure):
    _fields_: ClassVar = [("opaque", c_uint8 * 48)]


PW_NODE_CHANGE_MASK_PROPS = 1 << 3


class pw_node_info(Structure):
    _fields_: ClassVar = [
        ("id", c_uint32),
        ("max_input_ports", c_uint32),
        ("max_output_ports", c_uint32),
        ("change_mask", c_uint64),
        ("n_input_ports", c_uint32),
        ("n_output_ports", c_uint32),
        ("state", c_int),
        ("error", c_char_p),
        ("props", c_void_p),
        ("params", c_void_p),
        ("n_params", c_uint32),
    ]


class pw_device_info(Structure):
    _fields_: ClassVar = [
        ("id", c_uint32),
        ("change_mask", c_uint64),
        ("props", c_void_p),
        ("params", c_void_p),
        ("n_params", c_uint32),
    ]


# Called on the thread that iterates the loop of the connection for questions, which is one of Python's.
done_t = CFUNCTYPE(None, c_void_p, c_uint32, c_int)
error_t = CFUNCTYPE(None, c_void_p, c_uint32, c_int, c_int, c_char_p)
global_t = CFUNCTYPE(None, c_void_p, c_uint32, c_uint32, c_char_p, c_uint32, c_void_p)
global_remove_t = CFUNCTYPE(None, c_void_p, c_uint32)
info_t = CFUNCTYPE(None, c_void_p, c_void_p)
param_t = CFUNCTYPE(None, c_void_p, c_int, c_uint32, c_uint32, c_uint32, c_void_p)
property_t = CFUNCTYPE(c_int, c_void_p, c_uint32, c_char_p, c_char_p, c_char_p)


class pw_core_events(Structure):
    """Version 0, which every library takes."""

    _fields_: ClassVar = [
        ("version", c_uint32),
        ("info", c_void_p),
        ("done", done_t),
        ("ping", c_void_p),
        ("error", error_t),
        ("remove_id", c_void_p),
        ("bound_id", c_void_p),
        ("add_mem", c_void_p),
        ("remove_mem", c_void_p),
    ]


class pw_registry_events(Structure):
    _fields_: ClassVar = [("version", c_uint32), ("global_", global_t), ("global_remove", global_remove_t)]


class pw_object_events(Structure):
    """``pw_node_events`` and ``pw_device_events``, which are alike."""

    _fields_: ClassVar = [("version", c_uint32), ("info", info_t), ("param", param_t)]


class pw_metadata_events(Structure):
    _fields_: ClassVar = [("version", c_uint32), ("property", property_t)]


class Libpipewire(Library):
    """The client library."""

    names: ClassVar = {"linux": ("libpipewire-0.3.so.0", "libpipewire-0.3.so")}
    advice = "install libpipewire (Debian: libpipewire-0.3-0; Fedora: pipewire-libs), or choose another host"
    keeps_errno = True

    # --- pipewire/pipewire.h, log.h, properties.h -------------------------------------------------------------------

    @native  # loads plugins
    def pw_init(self, argc: Ref, argv: Ref, /) -> None: ...
    @quick
    def pw_get_library_version(self, /) -> Str: ...
    @quick
    def pw_log_set_level(self, level: UInt, /) -> None: ...
    @quick
    def pw_properties_new_dict(self, dict_: Ref, /) -> Address: ...

    # --- pipewire/loop.h, thread-loop.h -----------------------------------------------------------------------------

    @quick
    def pw_loop_new(self, props: Ref, /) -> Address: ...
    @native
    def pw_loop_destroy(self, loop: Address, /) -> None: ...
    @quick
    def pw_thread_loop_new(self, name: Str, props: Ref, /) -> Address: ...
    @quick
    def pw_thread_loop_get_loop(self, loop: Address, /) -> Address: ...
    @native
    def pw_thread_loop_destroy(self, loop: Address, /) -> None: ...

    # --- pipewire/context.h, core.h ---------------------------------------------------------------------------------

    @native  # reads files, loads modules, starts a thread
    def pw_context_new(self, main_loop: Address, props: Address, user_data_size: Size, /) -> Address: ...
    @native
    def pw_context_destroy(self, context: Address, /) -> None: ...
    @native
    def pw_context_connect_fd(
        self, context: Address, fd: Int, properties: Address, user_data_size: Size, /
    ) -> Address: ...
    @native
    def pw_proxy_destroy(self, proxy: Address, /) -> None: ...
    @native
    def pw_core_disconnect(self, core: Address, /) -> Int: ...

    # --- regex.h: libc's, found through libpipewire, which is linked with it ----------------------------------------

    @quick
    def regcomp(self, regex: Ref, pattern: Str, flags: Int, /) -> Int: ...
    @quick
    def regexec(self, regex: Ref, text: Str, matches_count: Size, matches: Ref, flags: Int, /) -> Int: ...
    @quick
    def regfree(self, regex: Ref, /) -> None: ...


# --- core/include/pcmio.h ---------------------------------------------------------------------------------------------

#: The functions that the core calls, in the order of ``pcmio_pipewire_api``, without "pw_".
API_FUNCTIONS = (
    *("thread_loop_lock", "thread_loop_unlock", "thread_loop_start", "thread_loop_stop", "thread_loop_destroy"),
    *("context_connect_fd", "context_destroy", "core_disconnect", "proxy_destroy"),
    *("stream_new", "stream_destroy", "stream_add_listener", "stream_connect", "stream_get_node_id"),
    *("stream_set_active", "stream_flush", "stream_get_time_n", "stream_get_time", "stream_set_control"),
    *("stream_dequeue_buffer", "stream_queue_buffer"),
)

# pcmio_pipewire_condition
PIPEWIRE_CONNECTING = 0
PIPEWIRE_READY = 1
PIPEWIRE_LOST = 2

PIPEWIRE_TEXT_BYTES = 240


class PipeWireApi(Structure):
    """``pcmio_pipewire_api``: the address of each."""

    _fields_: ClassVar = [(name, c_void_p) for name in API_FUNCTIONS]


class PipeWireRequest(Structure):
    """``pcmio_pipewire_request``."""

    _fields_: ClassVar = [
        ("name", c_char_p),
        ("properties", c_void_p),
        ("param", c_void_p),
        ("flags", c_uint32),
        ("output", c_uint32),
        ("rate", c_uint32),
        ("frame_bytes", c_uint32),
        ("target", c_uint32),
        ("pinned", c_uint32),
    ]


class PipeWireCore(Library):
    """The core again, with what only this host calls.  Those that take a loop's lock give up the GIL."""

    @native
    def pcmio_pipewire_iterate(self, loop: Address, timeout_millis: Int, /) -> Int: ...
    @quick
    def pcmio_pipewire_descriptor(self, loop: Address, /) -> Int: ...
    @native  # a listener may be told at once what there is
    def pcmio_pipewire_listen(self, proxy: Address, hook: Ref, events: Ref, data: Address, /) -> Int: ...
    @native
    def pcmio_pipewire_sync(self, core: Address, sequence: Int, /) -> Int: ...
    @native
    def pcmio_pipewire_registry(self, core: Address, /) -> Address: ...
    @native
    def pcmio_pipewire_bind(self, registry: Address, id_: UInt, type_: Str, version: UInt, /) -> Address: ...
    @native
    def pcmio_pipewire_create(
        self, core: Address, factory: Str, type_: Str, version: UInt, properties: Ref, /
    ) -> Address: ...
    @native
    def pcmio_pipewire_destroy(self, registry: Address, id_: UInt, /) -> Int: ...
    @native
    def pcmio_pipewire_enum_params(self, node: Address, id_: UInt, /) -> Int: ...

    @quick
    def pcmio_pipewire_connection_new(self, api: Ref, wakeup: Address, /) -> Address: ...
    @native
    def pcmio_pipewire_connection_open(
        self, connection: Address, loop: Address, context: Address, descriptor: Int, properties: Address, /
    ) -> Int: ...
    @quick
    def pcmio_pipewire_connection_condition(self, connection: Address, /) -> UInt: ...
    @quick
    def pcmio_pipewire_connection_error(self, connection: Address, /) -> Int: ...
    @native
    def pcmio_pipewire_connection_ask(self, connection: Address, /) -> UInt: ...
    @quick
    def pcmio_pipewire_connection_answered(self, connection: Address, /) -> UInt: ...
    @native
    def pcmio_pipewire_connection_free(self, connection: Address, /) -> None: ...

    @quick
    def pcmio_pipewire_stream_new(self, connection: Address, pump: Address, wakeup: Address, /) -> Address: ...
    @native
    def pcmio_pipewire_stream_open(self, stream: Address, request: Ref, /) -> Int: ...
    @quick
    def pcmio_pipewire_stream_state(self, stream: Address, /) -> Int: ...
    @quick
    def pcmio_pipewire_stream_over(self, stream: Address, /) -> UInt: ...
    @quick
    def pcmio_pipewire_stream_linked(self, stream: Address, /) -> UInt: ...
    @native
    def pcmio_pipewire_stream_node(self, stream: Address, /) -> UInt: ...
    @native
    def pcmio_pipewire_stream_complaint(self, stream: Address, text: Ref, /) -> None: ...
    @native
    def pcmio_pipewire_stream_start(self, stream: Address, /) -> Int: ...
    @native
    def pcmio_pipewire_stream_hold(self, stream: Address, discard: UInt, /) -> Int: ...
    @native
    def pcmio_pipewire_stream_drain(self, stream: Address, /) -> Int: ...
    @quick
    def pcmio_pipewire_stream_has_volume(self, stream: Address, /) -> UInt: ...
    @quick
    def pcmio_pipewire_stream_volume(self, stream: Address, /) -> Double: ...
    @quick
    def pcmio_pipewire_stream_muted(self, stream: Address, /) -> UInt: ...
    @native
    def pcmio_pipewire_stream_set_volume(self, stream: Address, volume: Double, /) -> Int: ...
    @native
    def pcmio_pipewire_stream_set_muted(self, stream: Address, muted: UInt, /) -> Int: ...
    @native
    def pcmio_pipewire_stream_free(self, stream: Address, /) -> None: ...
