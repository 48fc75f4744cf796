"""A null host on a clock that a test moves, for duplex streams."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pcmio
from pcmio.hosts.null import NullDeviceSpec, NullHost, NullKind, SimulatedClock

if TYPE_CHECKING:
    from collections.abc import Callable

    from pcmio import DuplexStream, NativeCallback, StreamConfig

LOOP = NullDeviceSpec("loop", NullKind.LOOPBACK)


class Machine:
    """Its clock stands still; of its streams all events are kept."""

    def __init__(self, *devices: NullDeviceSpec) -> None:
        self.clock = SimulatedClock(1.0)
        host = pcmio.host("null", clock=self.clock, devices=devices or (LOOP,))
        assert isinstance(host, NullHost)
        self.host = host
        self.events: list[Any] = []

    def device(self, name: str = "loop") -> Any:
        return self.host.device_by_id(f"null:{name}")

    def build(self, data: Callable[..., object] | NativeCallback, config: StreamConfig, **more: Any) -> DuplexStream:
        """A stream from the loop to itself."""
        stream: DuplexStream = self.device().build_duplex_stream(config, data, self.events.append, **more)
        return stream

    def told(self, kind: type) -> list[Any]:
        return [event for event in self.events if isinstance(event, kind)]
