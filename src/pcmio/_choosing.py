"""Some of a device's channels in place of all.

The stream is opened with as many as that takes, and the core leaves the others silent, or does not look at them.
"""

from __future__ import annotations

from pcmio.descriptions import Direction
from pcmio.errors import InvalidInput, UnsupportedConfig

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from pcmio._driver import Driver
    from pcmio.configs import StreamConfig


def check_choice(direction: Direction, config: StreamConfig) -> None:
    """Return if these channels can be chosen on some device.

    Raises:
        InvalidInput: An output would play two channels as one.
    """
    chosen = config.device_channels
    if direction is Direction.OUTPUT and len(set(chosen)) != len(chosen):
        twice = next(one for one in chosen if chosen.count(one) > 1)
        raise InvalidInput(
            f"channel {twice} of an output is chosen more than once, in {list(chosen)}",
            advice="mix what is to be heard together; an input's channels may be chosen twice",
        )


def opened_with(name: str, config: StreamConfig, counts: Sequence[int]) -> StreamConfig:
    """What to ask the device for, whose streams may have ``counts`` channels, the best first, so as to have the chosen.

    Raises:
        UnsupportedConfig: It has not so many channels.
    """
    last = max(config.device_channels)
    for count in counts:
        if count > last:
            return config.replace(channels=count, device_channels=())
    raise no_such_channel(name, last, max(counts, default=0))


def no_such_channel(name: str, channel: int, count: int) -> UnsupportedConfig:
    """What is raised for the number of a channel that the device, which has ``count``, has not."""
    there = f"its {count} channels are 0 to {count - 1}" if count > 1 else f"it has {'one, 0' if count else 'none'}"
    return UnsupportedConfig(f"{name} has no channel {channel}: {there}", advice="channels are counted from 0")


def choose(driver: Driver, chosen: tuple[int, ...]) -> None:
    """Have the core move these channels of a driver that was negotiated with more."""
    plan = driver.plan
    side = plan.output or plan.input
    if side is None or chosen == tuple(range(side.channels)):
        return
    side = side.replace(chosen=chosen)
    driver.plan = plan.replace(output=side) if plan.output is not None else plan.replace(input=side)
