"""Sample formats and channel orders, between pcmio's words and libpulse's.

Samples are always in this machine's byte order.  A format that PulseAudio has is passed through untouched, so that what
a sink of the same format gets is exact to the bit; any other is converted in the core to the nearest one that holds it.

The one trap is 24 bits in a 32-bit word: PulseAudio 16.1 leaves the upper byte of what it records zero, where pcmio's
I24 is sign-extended.  So I24 is recorded as I32, which holds the same sample exactly.
"""

from __future__ import annotations

import sys

from pcmio.descriptions import Channel
from pcmio.errors import InvalidInput, UnsupportedConfig
from pcmio.formats import SampleFormat
from pcmio.hosts.pulseaudio import abi
from pcmio.hosts.pulseaudio.abi import pa_channel_map, pa_sample_spec

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

_LITTLE = sys.byteorder == "little"

#: What the server takes, the best first.
TO_PULSE: dict[SampleFormat, int] = {
    SampleFormat.F32: abi.PA_SAMPLE_FLOAT32LE if _LITTLE else abi.PA_SAMPLE_FLOAT32BE,
    SampleFormat.I32: abi.PA_SAMPLE_S32LE if _LITTLE else abi.PA_SAMPLE_S32BE,
    SampleFormat.I24: abi.PA_SAMPLE_S24_32LE if _LITTLE else abi.PA_SAMPLE_S24_32BE,
    SampleFormat.I24_PACKED: abi.PA_SAMPLE_S24LE if _LITTLE else abi.PA_SAMPLE_S24BE,
    SampleFormat.I16: abi.PA_SAMPLE_S16LE if _LITTLE else abi.PA_SAMPLE_S16BE,
    SampleFormat.U8: abi.PA_SAMPLE_U8,
}
_FROM_PULSE = {code: sample_format for sample_format, code in TO_PULSE.items()}

_CONVERTED = {
    SampleFormat.I8: SampleFormat.I16,
    SampleFormat.U16: SampleFormat.I16,
    SampleFormat.U24: SampleFormat.I32,
    SampleFormat.U24_PACKED: SampleFormat.I24_PACKED,
    SampleFormat.U32: SampleFormat.I32,
    SampleFormat.I64: SampleFormat.I32,
    SampleFormat.U64: SampleFormat.I32,
    SampleFormat.F64: SampleFormat.F32,
}

_MONO, _LFE = abi.PA_CHANNEL_POSITION_MONO, abi.PA_CHANNEL_POSITION_LFE
_LEFT, _RIGHT, _CENTER = (
    abi.PA_CHANNEL_POSITION_FRONT_LEFT,
    abi.PA_CHANNEL_POSITION_FRONT_RIGHT,
    abi.PA_CHANNEL_POSITION_FRONT_CENTER,
)
_REAR = (abi.PA_CHANNEL_POSITION_REAR_LEFT, abi.PA_CHANNEL_POSITION_REAR_RIGHT)
_SIDE = (abi.PA_CHANNEL_POSITION_SIDE_LEFT, abi.PA_CHANNEL_POSITION_SIDE_RIGHT)

# The order in WAVE files (dwChannelMask of WAVEFORMATEXTENSIBLE), with the usual speakers for each count.
_STANDARD: dict[int, tuple[int, ...]] = {
    1: (_MONO,),
    2: (_LEFT, _RIGHT),
    3: (_LEFT, _RIGHT, _CENTER),
    4: (_LEFT, _RIGHT, *_REAR),
    5: (_LEFT, _RIGHT, _CENTER, *_REAR),
    6: (_LEFT, _RIGHT, _CENTER, _LFE, *_REAR),
    7: (_LEFT, _RIGHT, _CENTER, _LFE, abi.PA_CHANNEL_POSITION_REAR_CENTER, *_SIDE),
    8: (_LEFT, _RIGHT, _CENTER, _LFE, *_REAR, *_SIDE),
}

#: As in pactl's output, and in PulseAudio's own ``channel_map=``; the order is that of pa_channel_position_t.
POSITION_NAMES: tuple[str, ...] = (
    *("mono", "front-left", "front-right", "front-center", "rear-center", "rear-left", "rear-right", "lfe"),
    *("front-left-of-center", "front-right-of-center", "side-left", "side-right"),
    *(f"aux{number}" for number in range(32)),
    *("top-center", "top-front-left", "top-front-right", "top-front-center"),
    *("top-rear-left", "top-rear-right", "top-rear-center"),
)

#: The same for those that are places, as pcmio abbreviates them.
_PLACES = dict(
    zip(
        (*range(12), *range(44, 51)),
        (
            *("MONO", "FL", "FR", "FC", "RC", "RL", "RR", "LFE", "FLC", "FRC", "SL", "SR"),
            *("TC", "TFL", "TFR", "TFC", "TRL", "TRR", "TRC"),
        ),
        strict=True,
    )
)


def native_format(sample_format: SampleFormat, *, recorded: bool) -> SampleFormat:
    """The format of the native buffer for samples that the user sees in ``sample_format``.

    Raises:
        UnsupportedConfig: There is none (DSD).
    """
    if sample_format is SampleFormat.I24 and recorded:
        return SampleFormat.I32
    if sample_format in TO_PULSE:
        return sample_format
    if sample_format not in _CONVERTED:
        raise UnsupportedConfig(
            f"PulseAudio has no {sample_format}", advice=f"use {', '.join(str(known) for known in TO_PULSE)}"
        )
    return _CONVERTED[sample_format]


def from_pulse_format(code: int) -> SampleFormat | None:
    """The sample format of a device, or None for one that pcmio has no name for (A-law, µ-law, foreign byte order)."""
    return _FROM_PULSE.get(code)


def to_pulse_spec(sample_format: SampleFormat, sample_rate: int, channels: int) -> pa_sample_spec:
    """A ``pa_sample_spec``."""
    return pa_sample_spec(format=TO_PULSE[sample_format], rate=sample_rate, channels=channels)


def standard_positions(channels: int) -> tuple[int, ...]:
    """Where each channel belongs when nobody says: as in WAVE files for up to 8, beyond that nowhere in particular."""
    aux = abi.PA_CHANNEL_POSITION_AUX0
    return _STANDARD.get(channels) or tuple(range(aux, aux + channels))


def parse_positions(text: str) -> tuple[int, ...]:
    """Positions by name: "front-left,front-right,lfe".

    Raises:
        InvalidInput: A name that is none.
    """
    names = [name.strip().lower() for name in text.split(",")]
    for name in names:
        if name not in POSITION_NAMES:
            raise InvalidInput(
                f"{name!r} is no channel position of PulseAudio", advice="write for example front-left,front-right,lfe"
            )
    return tuple(POSITION_NAMES.index(name) for name in names)


def to_pulse_map(positions: Sequence[int]) -> pa_channel_map:
    """A ``pa_channel_map``."""
    channel_map = pa_channel_map(channels=len(positions))
    channel_map.map[: len(positions)] = tuple(positions)
    return channel_map


def from_pulse_map(channel_map: pa_channel_map) -> tuple[int, ...]:
    """The positions in a ``pa_channel_map``."""
    return tuple(channel_map.map[: channel_map.channels])


def positions_text(positions: Sequence[int]) -> str:
    """For people: "front-left,front-right"."""
    named = range(len(POSITION_NAMES))
    return ",".join(POSITION_NAMES[place] if place in named else f"position{place}" for place in positions)


def channel_at(position: int) -> Channel:
    """A channel by its position's name."""
    return Channel(positions_text([position]), _PLACES.get(position))


def to_pulse_volume(amplitude: float) -> int:
    """``pa_volume_t``: the server's steps are even to the ear (pa_sw_volume_from_linear)."""
    return round(abi.PA_VOLUME_NORM * float(amplitude ** (1 / 3)))


def from_pulse_volume(volume: int) -> float:
    """The factor of the amplitude (pa_sw_volume_to_linear)."""
    return float((volume / abi.PA_VOLUME_NORM) ** 3)
