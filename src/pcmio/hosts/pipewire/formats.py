"""Channel positions, and the one format that streams have.

The graph moves 32-bit floats, whatever a device takes; so do our streams, and the core makes floats of everything else:
its rounding is the same on every host.
"""

from __future__ import annotations

import sys

from pcmio.errors import InvalidInput, UnsupportedConfig
from pcmio.formats import SampleFormat
from pcmio.hosts.pipewire import abi, pods

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from pcmio.hosts.pipewire.pods import Object

_F32 = abi.SPA_AUDIO_FORMAT_F32_LE if sys.byteorder == "little" else abi.SPA_AUDIO_FORMAT_F32_BE

_REAR = (abi.SPA_AUDIO_CHANNEL_RL, abi.SPA_AUDIO_CHANNEL_RR)
_SIDE = (abi.SPA_AUDIO_CHANNEL_SL, abi.SPA_AUDIO_CHANNEL_SR)
_LEFT, _RIGHT, _CENTER, _LFE = (
    abi.SPA_AUDIO_CHANNEL_FL,
    abi.SPA_AUDIO_CHANNEL_FR,
    abi.SPA_AUDIO_CHANNEL_FC,
    abi.SPA_AUDIO_CHANNEL_LFE,
)

# The order in WAVE files (dwChannelMask of WAVEFORMATEXTENSIBLE), with the usual speakers for each count.
_STANDARD: dict[int, tuple[int, ...]] = {
    1: (abi.SPA_AUDIO_CHANNEL_MONO,),
    2: (_LEFT, _RIGHT),
    3: (_LEFT, _RIGHT, _CENTER),
    4: (_LEFT, _RIGHT, *_REAR),
    5: (_LEFT, _RIGHT, _CENTER, *_REAR),
    6: (_LEFT, _RIGHT, _CENTER, _LFE, *_REAR),
    7: (_LEFT, _RIGHT, _CENTER, _LFE, abi.SPA_AUDIO_CHANNEL_RC, *_SIDE),
    8: (_LEFT, _RIGHT, _CENTER, _LFE, *_REAR, *_SIDE),
}

#: As in ``audio.position``; the order is that of enum spa_audio_channel.
_NAMED = (
    *("UNK", "NA", "MONO", "FL", "FR", "FC", "LFE", "SL", "SR", "FLC", "FRC", "RC", "RL", "RR", "TC"),
    *("TFL", "TFC", "TFR", "TRL", "TRC", "TRR", "RLC", "RRC", "FLW", "FRW", "LFE2", "FLH", "FCH", "FRH"),
    *("TFLC", "TFRC", "TSL", "TSR", "LLFE", "RLFE", "BC", "BLC", "BRC"),
)
POSITIONS: dict[str, int] = {
    **{name: number for number, name in enumerate(_NAMED)},
    **{f"AUX{number}": abi.SPA_AUDIO_CHANNEL_START_Aux + number for number in range(abi.SPA_AUDIO_MAX_CHANNELS)},
}
_NAMES = {number: name for name, number in POSITIONS.items()}


def native_format(sample_format: SampleFormat) -> SampleFormat:
    """The format of the native buffer for samples that the user sees in ``sample_format``.

    Raises:
        UnsupportedConfig: There is none (DSD).
    """
    if sample_format.is_dsd:
        raise UnsupportedConfig(f"PipeWire's graph has no {sample_format}", advice="use f32, or any other PCM format")
    return SampleFormat.F32


def standard_positions(channels: int) -> tuple[int, ...]:
    """Where each channel belongs when nobody says: as in WAVE files for up to 8, beyond that nowhere in particular."""
    aux = abi.SPA_AUDIO_CHANNEL_START_Aux
    return _STANDARD.get(channels) or tuple(range(aux, aux + channels))


def parse_positions(text: str) -> tuple[int, ...]:
    """Positions by name: "FL,FR,LFE", or "[ FL FR LFE ]" as PipeWire writes them.

    Raises:
        InvalidInput: A name that is none.
    """
    names = text.strip(" []").replace(",", " ").replace('"', "").split()
    for name in names:
        if name.upper() not in POSITIONS:
            raise InvalidInput(f"{name!r} is no channel position of PipeWire", advice="write for example FL,FR,LFE")
    return tuple(POSITIONS[name.upper()] for name in names)


def have_names(positions: Sequence[int]) -> bool:
    """Whether ``positions_text`` is what ``parse_positions`` reads."""
    return bool(positions) and all(place in _NAMES for place in positions)


def positions_text(positions: Sequence[int]) -> str:
    """For people: "FL,FR"."""
    return ",".join(_NAMES.get(place, f"position{place}") for place in positions)


def stream_format(sample_rate: int, positions: Sequence[int]) -> Object:
    """The one format that a stream offers."""
    return pods.make_object(
        abi.SPA_TYPE_OBJECT_Format,
        abi.SPA_PARAM_EnumFormat,
        (
            (abi.SPA_FORMAT_mediaType, pods.make_id(abi.SPA_MEDIA_TYPE_audio)),
            (abi.SPA_FORMAT_mediaSubtype, pods.make_id(abi.SPA_MEDIA_SUBTYPE_raw)),
            (abi.SPA_FORMAT_AUDIO_format, pods.make_id(_F32)),
            (abi.SPA_FORMAT_AUDIO_rate, pods.make_int(sample_rate)),
            (abi.SPA_FORMAT_AUDIO_channels, pods.make_int(len(positions))),
            (abi.SPA_FORMAT_AUDIO_position, pods.Array(abi.SPA_TYPE_Id, tuple(positions))),
        ),
    )
