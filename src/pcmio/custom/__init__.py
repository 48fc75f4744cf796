"""Hosts of your own: a file, a network, a radio, hardware with a library of its own.

The ready parts fit most: a ``SimpleHost`` has a list of ``SimpleDevice`` objects, each with a list of configs and with
what makes a driver for a stream.  A ``PacedDriver`` has a thread, which calls its ``cycle`` at the pace of a clock.

In full, a host is any ``Host`` whose ``devices`` are ``CustomDevice`` objects, which make a ``CustomDriver`` for each
stream; streams, rings, conversion, states, errors and statistics are pcmio's.  From a thread of yours, at your device's
pace, call ``driver.play(frames)`` for what is to be played and ``driver.capture(samples)`` with what was recorded.  A
host that calls ``Watches.changed`` whenever its devices do can be watched.

``pcmio.testing`` proves that a host keeps the contract.
"""

from __future__ import annotations

from pcmio._device import NativeDevice as CustomDevice
from pcmio._device import take_options
from pcmio._driver import Driver, Plan, Side
from pcmio._watch import Sighting, Source, View, Watches
from pcmio.contract import Host
from pcmio.custom.device import SimpleDevice
from pcmio.custom.driver import CustomDriver
from pcmio.custom.host import SimpleHost
from pcmio.custom.pace import Pace, PacedDriver

__all__ = [
    "CustomDevice",
    "CustomDriver",
    "Driver",
    "Host",
    "Pace",
    "PacedDriver",
    "Plan",
    "Side",
    "Sighting",
    "SimpleDevice",
    "SimpleHost",
    "Source",
    "View",
    "Watches",
    "take_options",
]
