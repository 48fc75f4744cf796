"""Sample formats, between pcmio's words and ALSA's; and which of a device's formats serves which of the user's.

A format that the device has is passed through untouched.  What it lacks is converted in the core: to the smallest
format that holds every sample, else to the one that loses least.
"""

from __future__ import annotations

import sys

from pcmio._value import Value
from pcmio.errors import UnsupportedConfig
from pcmio.formats import SampleFormat
from pcmio.hosts.alsa import abi

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence


class NativeFormat(Value):
    """One of ALSA's formats.

    Attributes:
        code: ``snd_pcm_format_t``.
        sample_format: What it is.
        swapped: In the other byte order.
    """

    code: int
    sample_format: SampleFormat
    swapped: bool


# Little endian, big endian.
_CODES: dict[SampleFormat, tuple[int, int]] = {
    SampleFormat.F32: (abi.SND_PCM_FORMAT_FLOAT_LE, abi.SND_PCM_FORMAT_FLOAT_BE),
    SampleFormat.F64: (abi.SND_PCM_FORMAT_FLOAT64_LE, abi.SND_PCM_FORMAT_FLOAT64_BE),
    SampleFormat.I32: (abi.SND_PCM_FORMAT_S32_LE, abi.SND_PCM_FORMAT_S32_BE),
    SampleFormat.I24: (abi.SND_PCM_FORMAT_S24_LE, abi.SND_PCM_FORMAT_S24_BE),
    SampleFormat.I24_PACKED: (abi.SND_PCM_FORMAT_S24_3LE, abi.SND_PCM_FORMAT_S24_3BE),
    SampleFormat.I16: (abi.SND_PCM_FORMAT_S16_LE, abi.SND_PCM_FORMAT_S16_BE),
    SampleFormat.I8: (abi.SND_PCM_FORMAT_S8, abi.SND_PCM_FORMAT_S8),
    SampleFormat.U32: (abi.SND_PCM_FORMAT_U32_LE, abi.SND_PCM_FORMAT_U32_BE),
    SampleFormat.U24: (abi.SND_PCM_FORMAT_U24_LE, abi.SND_PCM_FORMAT_U24_BE),
    SampleFormat.U24_PACKED: (abi.SND_PCM_FORMAT_U24_3LE, abi.SND_PCM_FORMAT_U24_3BE),
    SampleFormat.U16: (abi.SND_PCM_FORMAT_U16_LE, abi.SND_PCM_FORMAT_U16_BE),
    SampleFormat.U8: (abi.SND_PCM_FORMAT_U8, abi.SND_PCM_FORMAT_U8),
    SampleFormat.DSD_U8: (abi.SND_PCM_FORMAT_DSD_U8, abi.SND_PCM_FORMAT_DSD_U8),
    SampleFormat.DSD_U16: (abi.SND_PCM_FORMAT_DSD_U16_LE, abi.SND_PCM_FORMAT_DSD_U16_BE),
    SampleFormat.DSD_U32: (abi.SND_PCM_FORMAT_DSD_U32_LE, abi.SND_PCM_FORMAT_DSD_U32_BE),
}


def _all_formats() -> tuple[NativeFormat, ...]:
    own = 0 if sys.byteorder == "little" else 1
    found = [NativeFormat(codes[own], sample_format, swapped=False) for sample_format, codes in _CODES.items()]
    found += [
        NativeFormat(codes[1 - own], sample_format, swapped=True)
        for sample_format, codes in _CODES.items()
        if codes[0] != codes[1]
    ]
    return tuple(found)


#: All that pcmio has words for; this machine's byte order first.
NATIVE_FORMATS: tuple[NativeFormat, ...] = _all_formats()

# Bits that survive: a float's significand and its sign.
_FLOAT_BITS = {SampleFormat.F32: 25, SampleFormat.F64: 54}


def exact_bits(sample_format: SampleFormat) -> int:
    """Bits of an integer sample that the format holds."""
    return _FLOAT_BITS.get(sample_format, sample_format.bits_per_sample)


def rank(sample_format: SampleFormat, formats: Sequence[NativeFormat]) -> list[NativeFormat]:
    """The device's formats that serve samples which the user sees in ``sample_format``, the best first.

    Raises:
        UnsupportedConfig: None will do: DSD becomes nothing else, and nothing else becomes DSD.
    """
    fit = [one for one in formats if one.sample_format is sample_format]
    if not sample_format.is_dsd:
        others = [one for one in formats if one not in fit and not one.sample_format.is_dsd]
        fit += sorted(others, key=lambda one: _cost(sample_format, one))
    if not fit:
        there_are = ", ".join(dict.fromkeys(str(one.sample_format) for one in formats))
        raise UnsupportedConfig(f"the device has no {sample_format}", advice=f"it has {there_are}")
    return fit


def _cost(wanted: SampleFormat, native: NativeFormat) -> tuple[int, int, bool]:
    """Bits lost, bytes wasted, bytes turned round."""
    lost = max(0, exact_bits(wanted) - exact_bits(native.sample_format))
    return (lost, native.sample_format.sample_bytes, native.swapped)
