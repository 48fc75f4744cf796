"""Signs of life that tests wait for, and the signal that they play."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

import numpy as np

from pcmio.testing import FramesLost, until
from pcmio.testing.lifetimes import holdings

if TYPE_CHECKING:
    from pcmio import Stream
    from pcmio.hosts.jack import JackHost
    from pcmio.testing.signals import Events, Recorder


#: What the hosts of these tests are called: jackd2 mixes up clients of one name on different servers of one user.
CLIENT = f"pcmio{os.getpid()}"


def nothing(_block: object, _info: object) -> None:
    """A callback that plays silence."""


def wires(host: JackHost, name: str, channels: int) -> list[str]:
    """The ports of one of the host's own streams."""
    return [f"{host.client_name}:{name}_{channel}" for channel in range(1, channels + 1)]


def descriptors_and_threads() -> tuple[int, int]:
    """Of this process, native threads too."""
    return holdings()[:2]


def until_no_more_than(before: tuple[int, int]) -> None:
    """No more descriptors and threads than ``before``.

    A thread that has been joined may be listed for a moment more: in ``before`` too.
    """
    until(
        lambda: all(now <= then for now, then in zip(descriptors_and_threads(), before, strict=True)),
        f"{before} descriptors and threads, as before",
    )


def until_moved(stream: Stream, frames: int = 500) -> None:
    """The device has taken or given so many frames more."""
    end = stream.position + frames
    until(lambda: stream.position >= end, f"{frames} frames moving")


def until_told(events: Events, kind: type, count: int = 1) -> None:
    """So many events of a kind have been told."""
    until(lambda: len(events.of(kind)) >= count, f"{count} x {kind.__name__}")


def until_lost(stream: Stream, xruns: int) -> None:
    """So many xruns have been counted."""
    until(lambda: stream.stats.xruns >= xruns, f"{xruns} xruns")


def until_heard(recorder: Recorder, frames: int) -> None:
    """So many frames of sound have been recorded."""
    until(lambda: len(heard(recorder)) >= frames, f"{frames} frames of sound")


def until_recorded(recorder: Recorder, frames: int) -> None:
    """So many frames more have been recorded, silent or not."""
    end = recorder.frames + frames
    until(lambda: recorder.frames >= end, f"{frames} frames")


def heard(recorder: Recorder) -> Any:
    """From the first frame that sounds to the last: a ramp has no silent ones."""
    recorded = recorder.recorded()
    sounding = np.flatnonzero(recorded.any(axis=1))
    return recorded[sounding[0] : sounding[-1] + 1] if sounding.size else recorded[:0]


class Ramp:
    """A callback that counts frames, up and round within what a float holds exactly; each channel begins elsewhere."""

    span = 1 << 20
    apart = 1 << 15

    def __init__(self) -> None:
        self.at = 1

    def __call__(self, block: Any, _info: object) -> None:
        frames, channels = block.shape
        block[:] = self.frames(self.at, frames, channels)
        self.at += frames

    @classmethod
    def frames(cls, begin: int, frames: int, channels: int) -> Any:
        """A part of it."""
        return cls.of(np.arange(begin, begin + frames), channels)

    @classmethod
    def of(cls, numbers: Any, channels: int) -> Any:
        """The frames of these numbers."""
        each = numbers[:, None] + np.arange(channels)[None, :] * cls.apart
        return ((each % cls.span + 1) / (cls.span + 1) / 2).astype(np.float32)

    @classmethod
    def numbers(cls, frames: Any) -> Any:
        """The numbers of frames in the first round."""
        return np.rint(frames[:, 0].astype(np.float64) * 2 * (cls.span + 1)).astype(np.int64) - 1


def assert_is_ramp(got: Any) -> None:
    """It begins where the ramp does, and goes on with it.

    Raises:
        AssertionError: FramesLost where all that sounds is of the ramp, and in order.
    """
    wrong = np.flatnonzero((got != Ramp.frames(1, *got.shape)).any(axis=1))
    if not wrong.size:
        return
    sounding = got[got.any(axis=1)]
    numbers = Ramp.numbers(sounding)
    lost = (np.diff(numbers, prepend=0) > 0).all() and (sounding == Ramp.of(numbers, got.shape[1])).all()
    told = f"frame {wrong[0]} of {len(got)} is {got[wrong[0]]}, {len(wrong)} are wrong"
    raise (FramesLost if lost else AssertionError)(told)
