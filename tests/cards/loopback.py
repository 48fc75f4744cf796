"""The kernel's loop card as rigs: what is played to its first device is recorded from its second, bit for bit."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

import pcmio
from pcmio import SampleFormat
from pcmio.testing import Rig, until
from tests.vm import controls

if TYPE_CHECKING:
    from collections.abc import Callable

OUTPUT = "alsa:hw:CARD=Loopback,DEV=0"
INPUT = "alsa:hw:CARD=Loopback,DEV=1"


def lose_loopback(_host: pcmio.Host) -> Callable[[], None]:
    """Take the card from its driver, in use or not; returns what gives it back."""
    return partial(controls.bind, *controls.unbind("Loopback"))


def plug(_host: pcmio.Host) -> tuple[str, Callable[[], None]]:
    """Plug the USB card in; returns what pulls it out."""
    name = controls.plug_in()

    def unplug() -> None:
        controls.pull_out()
        until(lambda: name not in controls.card_names(), "the kernel seeing it")

    return f"alsa:hw:CARD={name},DEV=0", unplug


CARD = Rig(
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
    watches=True,
    plug=plug,
    pluggings=12,
)

#: What programs use that say nothing: alsa-lib's mixer (dmix) before the same card, which mixes 24 of 32 bits.
DEFAULT = CARD.replace(
    output="alsa:default",
    exact_formats=tuple(entry for entry in CARD.exact_formats if entry not in (SampleFormat.I32, SampleFormat.U32)),
    channel_counts=(2,),
    alignment_frames=1024,  # a period of the mixer
    has_own_format=False,  # the card's other side has the mixer's, of 32 bits
    mixes=True,
    cycles=40,  # after as many to warm up; opening the mixer is slow, and the card's rig counts more
    plug=None,  # it is the same host
)
