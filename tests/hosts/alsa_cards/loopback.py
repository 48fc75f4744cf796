"""The kernel's loop card as a rig: what is played to its first device is recorded from its second, bit for bit."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

import pcmio
from pcmio import SampleFormat
from pcmio.testing import Rig
from tests.vm import controls

if TYPE_CHECKING:
    from collections.abc import Callable

OUTPUT = "alsa:hw:CARD=Loopback,DEV=0"
INPUT = "alsa:hw:CARD=Loopback,DEV=1"


def lose_loopback(_host: pcmio.Host) -> Callable[[], None]:
    """Take the card from its driver, in use or not; returns what gives it back."""
    return partial(controls.bind, *controls.unbind("Loopback"))


RIG = Rig(
    open_host=partial(pcmio.host, "alsa"),
    output=OUTPUT,
    input=INPUT,
    loops=True,
    exact_formats=tuple(entry for entry in SampleFormat if not entry.is_dsd and entry.bits_per_sample <= 32),
    channel_counts=(1, 2, 3, 6, 32),
    # Python is some ten times slower in the machine: eight streams of blocks this long leave it time to judge them.
    block_frames=1024,
    busy_streams=6,
    mixes=False,
    cycles=100,
    lose_device=lose_loopback,
)
