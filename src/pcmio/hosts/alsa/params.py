"""Opened PCMs: what they can do, and what is agreed on with them."""

from __future__ import annotations

import ctypes
import errno

from pcmio._value import Value, encoded
from pcmio.configs import SupportedBufferSize, SupportedStreamConfigRange
from pcmio.descriptions import Direction
from pcmio.errors import AudioError, UnsupportedConfig
from pcmio.formats import SampleFormat
from pcmio.hosts.alsa import abi, errors
from pcmio.hosts.alsa.formats import NATIVE_FORMATS, NativeFormat, rank

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from pcmio.configs import StreamConfig
    from pcmio.hosts.alsa.library import Libraries
    from pcmio.hosts.alsa.options import StreamOptions

#: Cards have up to 200 or so.  Plugins that convert say 10 000, or more than there are numbers: MADI, the widest cable,
#: has 64.
_MOST_CHANNELS = 512
_MOST_PLUGIN_CHANNELS = 64
#: Plugins that convert say 4 294 967 295 Hz.
MOST_SAMPLE_RATE = 768_000
#: Asked for one by one where not every rate between the lowest and the highest is possible; the last are of DSD.
_RATES = (
    *(4_000, 5_512, 8_000, 11_025, 12_000, 16_000, 22_050, 24_000, 32_000, 44_100, 48_000, 64_000, 88_200, 96_000),
    *(176_400, 192_000, 352_800, 384_000, 705_600, 768_000, 1_411_200, 1_536_000, 2_822_400, 3_072_000, 5_644_800),
    *(6_144_000, 11_289_600, 12_288_000, 22_579_200, 24_576_000),
)
#: Of a callback's block: the ring holds a few of them.
MOST_BLOCK_FRAMES = 1 << 20

#: Of a callback's block when nobody says, and the most and the least that a device is asked to move at a time.
DEFAULT_SECONDS = 0.01
_MOST_PERIOD_SECONDS = 0.02
_LEAST_PERIOD_SECONDS = 0.001
_PERIODS = 3
#: The least that a device's buffer holds when nobody says: sound cards that are a kernel's timer (aloop) lose frames
#: below 15 ms, and plugins move samples on threads of ordinary priority.
_LEAST_BUFFER_SECONDS = 0.02
_LEAST_PLUGIN_BUFFER_SECONDS = 0.04

_MAPPED = (abi.SND_PCM_ACCESS_MMAP_INTERLEAVED, abi.SND_PCM_ACCESS_MMAP_NONINTERLEAVED)
_COPIED = (abi.SND_PCM_ACCESS_RW_INTERLEAVED, abi.SND_PCM_ACCESS_RW_NONINTERLEAVED)
_PLANAR = (abi.SND_PCM_ACCESS_MMAP_NONINTERLEAVED, abi.SND_PCM_ACCESS_RW_NONINTERLEAVED)


class Agreement(Value):
    """What an opened PCM granted.

    Attributes:
        pcm: ``snd_pcm_t *``.
        kind: ``snd_pcm_type_t``.
        native: The format of its samples.
        mapped: Its memory is written and read in place.
        planar: Channels are apart.
        period_frames: Frames that it moves at a time.
        buffer_frames: Frames that it holds.
        can_pause: The hardware can.
        can_resume: After a suspend, without being prepared anew.
    """

    pcm: int
    kind: int
    native: NativeFormat
    mapped: bool
    planar: bool
    period_frames: int
    buffer_frames: int
    can_pause: bool
    can_resume: bool


def _most_rate(*, dsd: bool) -> int:
    return _RATES[-1] if dsd else MOST_SAMPLE_RATE


def plan_period(block_frames: int, sample_rate: int) -> int:
    """Frames that the device is asked to move at a time: a block, a part of a long one, or several short ones."""
    most = max(1, round(_MOST_PERIOD_SECONDS * sample_rate))
    if block_frames > most:
        return -(-block_frames // -(-block_frames // most))
    least = round(_LEAST_PERIOD_SECONDS * sample_rate)
    return block_frames * max(1, -(-least // block_frames))


def plan_buffer(period_frames: int, sample_rate: int, *, plugin: bool) -> int:
    """Frames that the device is asked to hold: whole periods."""
    seconds = _LEAST_PLUGIN_BUFFER_SECONDS if plugin else _LEAST_BUFFER_SECONDS
    periods = max(_PERIODS, -(-round(seconds * sample_rate) // period_frames))
    return periods * period_frames


class Pcm:
    """A PCM that is open, and is touched by one thread: this one, until the core takes it over.

    Raises:
        DeviceNotAvailable, DeviceBusy, PermissionDenied, BackendError: From libasound.
    """

    def __init__(self, libs: Libraries, name: str, direction: Direction, seconds: float) -> None:
        self._libs = libs
        self._asound = libs.asound
        self.name = name
        handle, call = ctypes.c_void_p(), "snd_pcm_open"
        plays = direction is Direction.OUTPUT
        stream = abi.SND_PCM_STREAM_PLAYBACK if plays else abi.SND_PCM_STREAM_CAPTURE
        with libs.opening(name, call, seconds) as asound:
            # Non-blocking: a busy device says so instead of waiting for who holds it.
            code = asound.snd_pcm_open(ctypes.byref(handle), encoded(name), stream, abi.SND_PCM_NONBLOCK)
        said = libs.said()
        if code < 0 or handle.value is None:
            raise errors.from_code(f"{name} cannot be opened", call, code, said)
        self.handle: int = handle.value
        self.kind = self._asound.snd_pcm_type(self.handle)

    def close(self) -> None:
        """Give it back."""
        self._asound.snd_pcm_close(self.handle)
        self._libs.said()

    # --- parameters --------------------------------------------------------------------------------------------------

    def _any(self) -> Any:
        params = ctypes.create_string_buffer(self._asound.snd_pcm_hw_params_sizeof())
        self._must("snd_pcm_hw_params_any", self._asound.snd_pcm_hw_params_any(self.handle, params))
        return params

    def _copy(self, params: Any) -> Any:
        copied = ctypes.create_string_buffer(len(params))
        self._asound.snd_pcm_hw_params_copy(copied, params)
        return copied

    def _must(self, call: str, code: int) -> None:
        if code < 0:
            raise errors.from_code(self.name, call, code, self._libs.said())

    def _frames(self, get: Callable[..., int], params: Any) -> int:
        frames, direction = ctypes.c_size_t(0), ctypes.c_int32(0)
        code = get(params, ctypes.byref(frames), ctypes.byref(direction))
        return frames.value if code >= 0 else 0

    def _number(self, get: Callable[..., int], params: Any, *, exact: bool = False) -> int:
        number, direction = ctypes.c_uint32(0), ctypes.c_int32(0)
        code = (
            get(params, ctypes.byref(number)) if exact else get(params, ctypes.byref(number), ctypes.byref(direction))
        )
        return number.value if code >= 0 else 0

    # --- what it can do ----------------------------------------------------------------------------------------------

    def configs(self) -> list[SupportedStreamConfigRange]:
        """Every format with every channel count that it has with it, and the rates and periods of those."""
        params, found = self._any(), list[SupportedStreamConfigRange]()
        known: dict[tuple[int, int, bool], list[tuple[int, int]]] = {}
        seen: set[SampleFormat] = set()
        for native in self._formats(params):
            if native.sample_format in seen:
                continue  # in this machine's byte order already
            seen.add(native.sample_format)
            with_format = self._copy(params)
            if self._asound.snd_pcm_hw_params_set_format(self.handle, with_format, native.code) < 0:
                continue
            for channels in self._channel_counts(with_format):
                with_channels = self._copy(with_format)
                if self._asound.snd_pcm_hw_params_set_channels(self.handle, with_channels, channels) < 0:
                    continue
                sizes = self._buffer_sizes(with_channels)
                for low, high in self._rates(with_channels, known, dsd=native.sample_format.is_dsd):
                    found.append(SupportedStreamConfigRange(channels, low, high, sizes, native.sample_format))
        self._libs.said()
        return found

    def _formats(self, params: Any) -> list[NativeFormat]:
        test = self._asound.snd_pcm_hw_params_test_format
        return [native for native in NATIVE_FORMATS if test(self.handle, params, native.code) == 0]

    def _channel_counts(self, params: Any) -> list[int]:
        asound = self._asound
        low = max(1, self._number(asound.snd_pcm_hw_params_get_channels_min, params, exact=True))
        high = self._number(asound.snd_pcm_hw_params_get_channels_max, params, exact=True)
        high = high if high <= _MOST_CHANNELS else _MOST_PLUGIN_CHANNELS
        test = asound.snd_pcm_hw_params_test_channels
        return [count for count in range(low, high + 1) if test(self.handle, params, count) == 0]

    def _rate_limits(self, params: Any) -> tuple[int, int]:
        low = self._number(self._asound.snd_pcm_hw_params_get_rate_min, params)
        return max(1, low), self._number(self._asound.snd_pcm_hw_params_get_rate_max, params)

    def _rates(
        self, params: Any, known: dict[tuple[int, int, bool], list[tuple[int, int]]], *, dsd: bool
    ) -> list[tuple[int, int]]:
        low, high = self._rate_limits(params)
        high = min(high, _most_rate(dsd=dsd))
        if (low, high, dsd) not in known:
            known[low, high, dsd] = self._ask_rates(params, low, high)
        return known[low, high, dsd]

    def _ask_rates(self, params: Any, low: int, high: int) -> list[tuple[int, int]]:
        def has(rate: int) -> bool:
            return self._asound.snd_pcm_hw_params_test_rate(self.handle, params, rate, 0) == 0

        if low >= high:
            return [(low, low)] if low == high else []
        if has(low + 1):
            return [(low, high)]
        wanted = sorted({low, high, *(rate for rate in _RATES if low < rate < high)})
        return [(rate, rate) for rate in wanted if has(rate)]

    def _buffer_sizes(self, params: Any) -> SupportedBufferSize:
        asound = self._asound
        low = max(1, self._frames(asound.snd_pcm_hw_params_get_period_size_min, params))
        high = self._frames(asound.snd_pcm_hw_params_get_period_size_max, params)
        most = ctypes.c_size_t(0)
        asound.snd_pcm_hw_params_get_buffer_size_max(params, ctypes.byref(most))
        high = min(high, most.value // 2, MOST_BLOCK_FRAMES)
        return SupportedBufferSize(low, high) if low <= high else SupportedBufferSize.UNKNOWN

    # --- agreeing ----------------------------------------------------------------------------------------------------

    def agree(self, config: StreamConfig, options: StreamOptions, block_frames: int, *, recorded: bool) -> Agreement:
        """Set all parameters; the PCM is prepared then.

        Raises:
            UnsupportedConfig: It cannot do that; the message says what it can.
            DeviceBusy, DeviceNotAvailable, BackendError: From libasound.
        """
        params = self._any()
        self._asound.snd_pcm_hw_params_set_rate_resample(self.handle, params, int(options.resample))
        native, access, params = self._choose(params, config, options, recorded=recorded)
        period = options.period_frames or plan_period(block_frames, config.sample_rate)
        buffer = plan_buffer(period, config.sample_rate, plugin=self.kind != abi.SND_PCM_TYPE_HW)
        if options.periods is not None:
            buffer = options.periods * period
        params = self._size(params, period, buffer)
        self._must("snd_pcm_hw_params", self._asound.snd_pcm_hw_params(self.handle, params))
        period = self._frames(self._asound.snd_pcm_hw_params_get_period_size, params)
        held = ctypes.c_size_t(0)
        self._asound.snd_pcm_hw_params_get_buffer_size(params, ctypes.byref(held))
        buffer = max(held.value, 1)
        period = min(max(period, 1), buffer)
        self._set_software(period)
        return Agreement(
            pcm=self.handle,
            kind=self.kind,
            native=native,
            mapped=access in _MAPPED,
            planar=access in _PLANAR,
            period_frames=period,
            buffer_frames=buffer,
            can_pause=self._asound.snd_pcm_hw_params_can_pause(params) == 1,
            can_resume=self._asound.snd_pcm_hw_params_can_resume(params) == 1,
        )

    def _choose(
        self, params: Any, config: StreamConfig, options: StreamOptions, *, recorded: bool
    ) -> tuple[NativeFormat, int, Any]:
        """The best format with which the rest is possible, how samples are handed over, and the parameters so far."""
        first: AudioError | None = None
        for native in rank(config.sample_format, self._formats(params)):
            trial = self._copy(params)
            try:
                access = self._set_access(trial, native, options, recorded=recorded, channels=config.channels)
                code = self._asound.snd_pcm_hw_params_set_format(self.handle, trial, native.code)
                self._must("snd_pcm_hw_params_set_format", code)
                self._set_channels(trial, config.channels)
                self._set_rate(trial, config.sample_rate, _most_rate(dsd=native.sample_format.is_dsd))
            except UnsupportedConfig as error:
                first = first or error
            else:
                return native, access, trial
        raise first or UnsupportedConfig(f"{self.name} has none of the sample formats that pcmio knows")

    def _set_access(
        self, params: Any, native: NativeFormat, options: StreamOptions, *, recorded: bool, channels: int
    ) -> int:
        # In place where it is the card's own memory: a plugin copies all the same, and few programs map a plugin's.
        mapped_first = self.kind == abi.SND_PCM_TYPE_HW and options.mmap and not needs_sign(native, recorded=recorded)
        mapped = _MAPPED if options.mmap else ()
        order: tuple[int, ...] = (*mapped, *_COPIED) if mapped_first else (*_COPIED, *mapped)
        for access in order:
            if access in _PLANAR and channels > abi.MOST_PLANAR_CHANNELS:
                continue
            if access in _MAPPED and needs_sign(native, recorded=recorded):
                continue
            if self._asound.snd_pcm_hw_params_test_access(self.handle, params, access) == 0:
                code = self._asound.snd_pcm_hw_params_set_access(self.handle, params, access)
                self._must("snd_pcm_hw_params_set_access", code)
                return access
        raise UnsupportedConfig(f"{self.name} takes samples in no way that pcmio knows")

    def _set_channels(self, params: Any, channels: int) -> None:
        code = -errno.EINVAL
        if channels <= _MOST_CHANNELS:
            code = self._asound.snd_pcm_hw_params_set_channels(self.handle, params, channels)
        if code < 0:
            counts = self._channel_counts(params)
            raise UnsupportedConfig(
                f"{self.name} has no {channels} channels", call="snd_pcm_hw_params_set_channels", code=code,
                advice=f"it has {', '.join(map(str, counts))}" if counts else None,
            )  # fmt: skip

    def _set_rate(self, params: Any, sample_rate: int, most: int) -> None:
        code = -errno.EINVAL
        if sample_rate <= most:
            code = self._asound.snd_pcm_hw_params_set_rate(self.handle, params, sample_rate, 0)
        if code < 0:
            low, high = self._rate_limits(params)
            raise UnsupportedConfig(
                f"{self.name} does not run at {sample_rate} Hz", call="snd_pcm_hw_params_set_rate", code=code,
                advice=f"it runs at {low} to {min(high, most)} Hz; see its supported configs",
            )  # fmt: skip

    def _size(self, params: Any, period: int, buffer: int) -> Any:
        """Parameters with a period and a buffer near the wanted ones.

        Always both: a period alone has plugins choose buffers of many seconds.  The period first, since a buffer that
        its hardware rounds may leave no period near the wanted one; the buffer first, where that leaves it too small.
        """
        found: list[tuple[int, Any]] = []
        for buffer_first in (False, True):
            trial = self._copy(params)
            frames, held, direction = ctypes.c_size_t(period), ctypes.c_size_t(buffer), ctypes.c_int32(0)
            for sets_buffer in (buffer_first, not buffer_first):
                if sets_buffer:
                    self._asound.snd_pcm_hw_params_set_buffer_size_near(self.handle, trial, ctypes.byref(held))
                else:
                    self._asound.snd_pcm_hw_params_set_period_size_near(
                        self.handle, trial, ctypes.byref(frames), ctypes.byref(direction)
                    )
            if held.value >= 2 * frames.value:
                return trial
            found.append((held.value, trial))
        return max(found, key=lambda one: one[0])[1]

    def _set_software(self, period: int) -> None:
        """Start as soon as a period is there, wake for each, with time on the monotonic clock."""
        asound, call = self._asound, "snd_pcm_sw_params"
        params = ctypes.create_string_buffer(asound.snd_pcm_sw_params_sizeof())
        self._must("snd_pcm_sw_params_current", asound.snd_pcm_sw_params_current(self.handle, params))
        # A plugin for a server (pulse) waits for as much again after each underrun.
        asound.snd_pcm_sw_params_set_start_threshold(self.handle, params, period)
        asound.snd_pcm_sw_params_set_avail_min(self.handle, params, period)
        asound.snd_pcm_sw_params_set_tstamp_mode(self.handle, params, abi.SND_PCM_TSTAMP_ENABLE)
        asound.snd_pcm_sw_params_set_tstamp_type(self.handle, params, abi.SND_PCM_TSTAMP_TYPE_MONOTONIC)
        self._must(call, asound.snd_pcm_sw_params(self.handle, params))


def needs_sign(native: NativeFormat, *, recorded: bool) -> bool:
    """Whether what is recorded lacks its sign in the upper byte: 24 bits in 32 are not always extended."""
    return recorded and native.sample_format is SampleFormat.I24
