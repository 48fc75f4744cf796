"""libasound 1.1.0 or newer, declared: alsa/*.h; and what the core adds, declared in core/include/pcmio.h.

Frame counts are ``snd_pcm_uframes_t`` and ``snd_pcm_sframes_t``, as wide as a pointer: ``Size`` and ``SignedSize``.
"""

from __future__ import annotations

from ctypes import Structure, c_int32, c_uint32, c_void_p

from pcmio._native import Address, Int, Library, Ref, Size, Str, UInt, UInt64, native, quick

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import ClassVar

# --- alsa/pcm.h -------------------------------------------------------------------------------------------------------

SND_PCM_STREAM_PLAYBACK = 0
SND_PCM_STREAM_CAPTURE = 1
SND_PCM_NONBLOCK = 0x00000001

SND_PCM_ACCESS_MMAP_INTERLEAVED = 0
SND_PCM_ACCESS_MMAP_NONINTERLEAVED = 1
SND_PCM_ACCESS_RW_INTERLEAVED = 3
SND_PCM_ACCESS_RW_NONINTERLEAVED = 4

SND_PCM_FORMAT_S8 = 0
SND_PCM_FORMAT_U8 = 1
SND_PCM_FORMAT_S16_LE = 2
SND_PCM_FORMAT_S16_BE = 3
SND_PCM_FORMAT_U16_LE = 4
SND_PCM_FORMAT_U16_BE = 5
SND_PCM_FORMAT_S24_LE = 6
SND_PCM_FORMAT_S24_BE = 7
SND_PCM_FORMAT_U24_LE = 8
SND_PCM_FORMAT_U24_BE = 9
SND_PCM_FORMAT_S32_LE = 10
SND_PCM_FORMAT_S32_BE = 11
SND_PCM_FORMAT_U32_LE = 12
SND_PCM_FORMAT_U32_BE = 13
SND_PCM_FORMAT_FLOAT_LE = 14
SND_PCM_FORMAT_FLOAT_BE = 15
SND_PCM_FORMAT_FLOAT64_LE = 16
SND_PCM_FORMAT_FLOAT64_BE = 17
SND_PCM_FORMAT_S24_3LE = 32
SND_PCM_FORMAT_S24_3BE = 33
SND_PCM_FORMAT_U24_3LE = 34
SND_PCM_FORMAT_U24_3BE = 35
SND_PCM_FORMAT_DSD_U8 = 48
SND_PCM_FORMAT_DSD_U16_LE = 49
SND_PCM_FORMAT_DSD_U32_LE = 50
SND_PCM_FORMAT_DSD_U16_BE = 51
SND_PCM_FORMAT_DSD_U32_BE = 52

SND_PCM_TSTAMP_ENABLE = 1
SND_PCM_TSTAMP_TYPE_MONOTONIC = 1

#: Of a position: the rest are flags.
SND_CHMAP_POSITION_MASK = 0xFFFF
SND_CHMAP_UNKNOWN = 0
SND_CHMAP_NA = 1

SND_PCM_TYPE_HW = 0
SND_PCM_TYPE_NULL = 4


class Asound(Library):
    """alsa-lib."""

    names: ClassVar = {"linux": ("libasound.so.2", "libasound.so")}
    advice = "install alsa-lib (Debian: libasound2 or libasound2t64; Fedora: alsa-lib), or choose another host"

    # --- alsa/global.h, alsa/error.h --------------------------------------------------------------------------------

    @quick
    def snd_asoundlib_version(self, /) -> Str: ...
    @quick
    def snd_strerror(self, errnum: Int, /) -> Str: ...
    @quick
    def snd_lib_error_set_handler(self, handler: Ref, /) -> Int: ...

    @quick
    def free(self, pointer: Address, /) -> None: ...  # libc's, found through libasound, which uses the same

    # --- alsa/conf.h: what names mean -------------------------------------------------------------------------------

    @native
    def snd_config_update_ref(self, top: Ref, /) -> Int: ...
    @quick
    def snd_config_unref(self, top: Address, /) -> None: ...
    @native
    def snd_config_update_free_global(self, /) -> Int: ...
    @native  # functions in a definition may look at cards, or at servers
    def snd_config_search_definition(self, config: Address, base: Str, key: Str, result: Ref, /) -> Int: ...
    @quick
    def snd_config_search(self, config: Address, key: Str, result: Ref, /) -> Int: ...
    @quick
    def snd_config_get_string(self, config: Address, value: Ref, /) -> Int: ...
    @quick
    def snd_config_delete(self, config: Address, /) -> Int: ...

    # --- alsa/control.h: cards and hints ----------------------------------------------------------------------------

    @native
    def snd_device_name_hint(self, card: Int, iface: Str, hints: Ref, /) -> Int: ...
    @quick
    def snd_device_name_get_hint(self, hint: Address, id_: Str, /) -> Address: ...
    @quick
    def snd_device_name_free_hint(self, hints: Address, /) -> Int: ...
    @native
    def snd_card_next(self, card: Ref, /) -> Int: ...
    @native
    def snd_card_get_index(self, name: Str, /) -> Int: ...
    @native
    def snd_ctl_open(self, ctl: Ref, name: Str, mode: Int, /) -> Int: ...
    @native
    def snd_ctl_close(self, ctl: Address, /) -> Int: ...
    @quick
    def snd_ctl_card_info_sizeof(self, /) -> Size: ...
    @native
    def snd_ctl_card_info(self, ctl: Address, info: Ref, /) -> Int: ...
    @quick
    def snd_ctl_card_info_get_id(self, info: Ref, /) -> Str: ...
    @quick
    def snd_ctl_card_info_get_driver(self, info: Ref, /) -> Str: ...
    @quick
    def snd_ctl_card_info_get_name(self, info: Ref, /) -> Str: ...
    @quick
    def snd_ctl_card_info_get_longname(self, info: Ref, /) -> Str: ...
    @quick
    def snd_ctl_card_info_get_mixername(self, info: Ref, /) -> Str: ...
    @native
    def snd_ctl_pcm_next_device(self, ctl: Address, device: Ref, /) -> Int: ...
    @native
    def snd_pcm_query_chmaps_from_hw(self, card: Int, device: Int, subdevice: Int, stream: Int, /) -> Address: ...
    @native
    def snd_pcm_free_chmaps(self, maps: Address, /) -> None: ...
    @quick
    def snd_pcm_chmap_name(self, position: UInt, /) -> Str: ...
    @native
    def snd_ctl_pcm_info(self, ctl: Address, info: Ref, /) -> Int: ...
    @quick
    def snd_pcm_info_sizeof(self, /) -> Size: ...
    @quick
    def snd_pcm_info_set_device(self, info: Ref, device: UInt, /) -> None: ...
    @quick
    def snd_pcm_info_set_subdevice(self, info: Ref, subdevice: UInt, /) -> None: ...
    @quick
    def snd_pcm_info_set_stream(self, info: Ref, stream: UInt, /) -> None: ...
    @quick
    def snd_pcm_info_get_id(self, info: Ref, /) -> Str: ...
    @quick
    def snd_pcm_info_get_name(self, info: Ref, /) -> Str: ...

    # --- alsa/pcm.h: open and close; what moves samples is called by the core ---------------------------------------

    @native
    def snd_pcm_open(self, pcm: Ref, name: Str, stream: UInt, mode: Int, /) -> Int: ...
    @native
    def snd_pcm_close(self, pcm: Address, /) -> Int: ...
    @quick
    def snd_pcm_type(self, pcm: Address, /) -> UInt: ...
    @native
    def snd_pcm_prepare(self, pcm: Address, /) -> Int: ...
    @quick
    def snd_pcm_status_sizeof(self, /) -> Size: ...

    # --- alsa/pcm.h: hardware parameters; plugins ask servers for them, and the kernel refines ----------------------

    @quick
    def snd_pcm_hw_params_sizeof(self, /) -> Size: ...
    @native
    def snd_pcm_hw_params_any(self, pcm: Address, params: Ref, /) -> Int: ...
    @quick
    def snd_pcm_hw_params_copy(self, to: Ref, from_: Ref, /) -> None: ...
    @native
    def snd_pcm_hw_params(self, pcm: Address, params: Ref, /) -> Int: ...
    @native
    def snd_pcm_hw_params_set_rate_resample(self, pcm: Address, params: Ref, val: UInt, /) -> Int: ...
    @native
    def snd_pcm_hw_params_test_access(self, pcm: Address, params: Ref, access: UInt, /) -> Int: ...
    @native
    def snd_pcm_hw_params_set_access(self, pcm: Address, params: Ref, access: UInt, /) -> Int: ...
    @native
    def snd_pcm_hw_params_test_format(self, pcm: Address, params: Ref, val: Int, /) -> Int: ...
    @native
    def snd_pcm_hw_params_set_format(self, pcm: Address, params: Ref, val: Int, /) -> Int: ...
    @native
    def snd_pcm_hw_params_test_channels(self, pcm: Address, params: Ref, val: UInt, /) -> Int: ...
    @native
    def snd_pcm_hw_params_set_channels(self, pcm: Address, params: Ref, val: UInt, /) -> Int: ...
    @quick
    def snd_pcm_hw_params_get_channels_min(self, params: Ref, val: Ref, /) -> Int: ...
    @quick
    def snd_pcm_hw_params_get_channels_max(self, params: Ref, val: Ref, /) -> Int: ...
    @native
    def snd_pcm_hw_params_test_rate(self, pcm: Address, params: Ref, val: UInt, dir_: Int, /) -> Int: ...
    @native
    def snd_pcm_hw_params_set_rate(self, pcm: Address, params: Ref, val: UInt, dir_: Int, /) -> Int: ...
    @quick
    def snd_pcm_hw_params_get_rate_min(self, params: Ref, val: Ref, dir_: Ref, /) -> Int: ...
    @quick
    def snd_pcm_hw_params_get_rate_max(self, params: Ref, val: Ref, dir_: Ref, /) -> Int: ...
    @native
    def snd_pcm_hw_params_set_period_size_near(self, pcm: Address, params: Ref, val: Ref, dir_: Ref, /) -> Int: ...
    @quick
    def snd_pcm_hw_params_get_period_size(self, params: Ref, frames: Ref, dir_: Ref, /) -> Int: ...
    @quick
    def snd_pcm_hw_params_get_period_size_min(self, params: Ref, frames: Ref, dir_: Ref, /) -> Int: ...
    @quick
    def snd_pcm_hw_params_get_period_size_max(self, params: Ref, frames: Ref, dir_: Ref, /) -> Int: ...
    @native
    def snd_pcm_hw_params_set_buffer_size_near(self, pcm: Address, params: Ref, val: Ref, /) -> Int: ...
    @quick
    def snd_pcm_hw_params_get_buffer_size(self, params: Ref, val: Ref, /) -> Int: ...
    @quick
    def snd_pcm_hw_params_get_buffer_size_max(self, params: Ref, val: Ref, /) -> Int: ...
    @quick
    def snd_pcm_hw_params_can_pause(self, params: Ref, /) -> Int: ...
    @quick
    def snd_pcm_hw_params_can_resume(self, params: Ref, /) -> Int: ...

    # --- alsa/pcm.h: software parameters ----------------------------------------------------------------------------

    @quick
    def snd_pcm_sw_params_sizeof(self, /) -> Size: ...
    @quick
    def snd_pcm_sw_params_current(self, pcm: Address, params: Ref, /) -> Int: ...
    @native
    def snd_pcm_sw_params(self, pcm: Address, params: Ref, /) -> Int: ...
    @quick
    def snd_pcm_sw_params_set_start_threshold(self, pcm: Address, params: Ref, val: Size, /) -> Int: ...
    @quick
    def snd_pcm_sw_params_set_avail_min(self, pcm: Address, params: Ref, val: Size, /) -> Int: ...
    @quick
    def snd_pcm_sw_params_set_tstamp_mode(self, pcm: Address, params: Ref, val: UInt, /) -> Int: ...
    @quick
    def snd_pcm_sw_params_set_tstamp_type(self, pcm: Address, params: Ref, val: UInt, /) -> Int: ...


# --- core/include/pcmio.h ---------------------------------------------------------------------------------------------

#: The functions that the core calls, in the order of ``pcmio_alsa_api``, without "snd_pcm_".
API_FUNCTIONS = (
    *("avail", "state", "status", "status_get_delay", "status_get_htstamp", "status_get_trigger_htstamp"),
    *("mmap_begin", "mmap_commit", "writei", "writen", "readi", "readn", "rewindable", "rewind"),
    *("prepare", "start", "drop", "pause", "resume", "close"),
    *("poll_descriptors_count", "poll_descriptors", "poll_descriptors_revents"),
)

ORDER_START = 1
ORDER_PAUSE = 2
ORDER_DISCARD = 3
ORDER_DRAIN = 4
ORDER_CLOSE = 5
MOST_PLANAR_CHANNELS = 256


class AlsaApi(Structure):
    """``pcmio_alsa_api``: the address of each."""

    _fields_: ClassVar = [(name, c_void_p) for name in API_FUNCTIONS]


class AlsaConfig(Structure):
    """``pcmio_alsa_config``."""

    _fields_: ClassVar = [
        ("output", c_uint32),
        ("rate", c_uint32),
        ("channels", c_uint32),
        ("sample_bytes", c_uint32),
        ("period_frames", c_uint32),
        ("buffer_frames", c_uint32),
        ("tail_frames", c_uint32),
        ("mapped", c_uint32),
        ("planar", c_uint32),
        ("can_pause", c_uint32),
        ("can_resume", c_uint32),
        ("clockless", c_uint32),
        ("repeats", c_uint32),
        ("sign_byte", c_uint32),
        ("niceness", c_int32),
        ("status_bytes", c_uint32),
    ]


class AlsaCore(Library):
    """The core again, with what only this host calls."""

    @quick
    def pcmio_alsa_new(self, api: Ref, config: Ref, pcm: Address, pump: Address, wakeup: Address, /) -> Address: ...
    @quick
    def pcmio_alsa_thread(self, stream: Address, /) -> UInt64: ...
    @quick
    def pcmio_alsa_order(self, stream: Address, kind: UInt, /) -> UInt: ...
    @quick
    def pcmio_alsa_answered(self, stream: Address, /) -> UInt: ...
    @quick
    def pcmio_alsa_answer(self, stream: Address, /) -> Int: ...
    @quick
    def pcmio_alsa_owing(self, stream: Address, /) -> UInt: ...
    @quick
    def pcmio_alsa_poke(self, stream: Address, /) -> None: ...
    @native
    def pcmio_alsa_free(self, stream: Address, /) -> None: ...
