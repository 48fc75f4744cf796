"""Each provider starts what its host needs and says what the host must be able to do."""

from __future__ import annotations

from contextlib import contextmanager
from functools import partial
from typing import TYPE_CHECKING

import pcmio
from pcmio.hosts.null import NullHost
from pcmio.testing import Rig

from .custom_loop import WireHost

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


@contextmanager
def null() -> Iterator[Rig]:
    """Devices without hardware, on the machine's clock."""

    def lose_device(host: pcmio.Host) -> Callable[[], None]:
        assert isinstance(host, NullHost)
        device = host.device_by_id("null:loopback")
        device.lose(19)
        return device.plug_in

    yield Rig(
        open_host=partial(pcmio.host, "null"),
        output="null:loopback",
        input="null:loopback",
        loops=True,
        exact_formats=tuple(pcmio.SampleFormat),
        channel_counts=(1, 2, 3, 6, 32, 64),
        busy_streams=16,
        lose_device=lose_device,
    )


@contextmanager
def custom() -> Iterator[Rig]:
    """A host as a user writes it, moved by a Python thread."""
    yield Rig(
        open_host=WireHost,
        output="wire:loop",
        input="wire:loop",
        loops=True,
        channel_counts=(1, 2, 3, 6, 32, 64),
    )


PROVIDERS = (null, custom)
