"""Misfortune that comes when nothing runs any more."""

from __future__ import annotations

from pcmio import SampleFormat
from pcmio.hosts.null import NullDeviceSpec, NullKind
from pcmio.hosts.null.bus import Bus


def test_what_befalls_a_device_whose_last_stream_has_just_gone_befalls_nobody() -> None:
    bus = Bus(NullDeviceSpec("a", NullKind.SINK), 48_000, 2, SampleFormat.F32, 480, None)
    bus.free()
    bus.skip(1)
    bus.stall(1.0)
    bus.tell(1, 0, 0)
