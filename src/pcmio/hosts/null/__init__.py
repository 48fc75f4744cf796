"""Null: devices without hardware.

A null device is a clock and a bus in the core (``core/rt/pump_null.c``): at each cycle every output stream is asked for
frames, their sum goes to every input stream.  With one output the samples pass untouched, so a loopback is exact to the
bit.  The clock is a thread of the core that follows the monotonic clock, or a ``SimulatedClock`` that a test moves by
hand.

There are four devices unless others are asked for: ``sink`` takes what is played, ``silence`` and ``tone`` (440 Hz,
half of full scale) are recorded from, ``loopback`` is both and gives back what is played to it.  They take any format,
rate and channel count.  Streams on one loopback share its bus: the first one settles its rate.  Each stream on another
device has a bus of its own.

It is the reference implementation of the contract, and the place where misfortune can be ordered: frames skipped, a
stalled clock, a lost device, cycles of odd sizes, errors from any call (``Misfortune``).  It is listed last and never
chosen unasked.
"""

from pcmio._clock import SimulatedClock
from pcmio.hosts.null.host import NullHost, open_host
from pcmio.hosts.null.options import NullDeviceSpec, NullKind

__all__ = ["NullDeviceSpec", "NullHost", "NullKind", "SimulatedClock", "open_host"]
