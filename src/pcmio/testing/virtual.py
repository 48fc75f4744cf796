"""A virtual sound card for tests of programs, and an ear for what they play: behind pytest's fixtures."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING, Any

from pcmio.configs import BufferSize, StreamConfig
from pcmio.errors import AudioError
from pcmio.events import StreamState
from pcmio.hosts.null import NullDeviceSpec, NullHost, NullKind, SimulatedClock
from pcmio.testing.waiting import until

if TYPE_CHECKING:
    from types import TracebackType

    from typing_extensions import Self

    from pcmio.hosts.null.stream import NullDriver
    from pcmio.timestamps import CallbackInfo

DEVICE_ID = "null:loopback"
_RATE = 48_000
_CHANNELS = 2
_BLOCK_FRAMES = 480


class VirtualHost(NullHost):
    """A Null host with one device, ``null:loopback``, that plays and records: 2 channels at 48 000 Hz.

    What is played on it is recorded from it.  A program may close it and open it again: that ends the program's
    streams.

    Args:
        clock: Time that is moved by hand; None: the machine's.
    """

    def __init__(self, clock: SimulatedClock | None = None) -> None:
        device = NullDeviceSpec(
            "loopback", NullKind.LOOPBACK, channels=_CHANNELS, sample_rates=(_RATE, _RATE), cycle_sizes=(_BLOCK_FRAMES,)
        )
        super().__init__((device,), clock)
        self._ears: set[NullDriver] = set()

    def close(self) -> None:
        """End the program's streams and its watches."""
        self._watches.close()
        self.end_streams(self._ears)

    def listen(self) -> Heard:
        """Begin to keep what is played."""
        before = self.streams()
        heard = Heard(self)
        self._ears |= self.streams() - before
        return heard


class Heard:
    """What was played on a ``VirtualHost`` since ``listen``.  A context manager that ends the listening."""

    def __init__(self, host: VirtualHost) -> None:
        """Made by ``VirtualHost.listen``."""
        self._blocks: list[Any] = []
        self._taken = 0  # frames
        config = StreamConfig(_CHANNELS, _RATE, BufferSize.fixed(_BLOCK_FRAMES))
        device = host.device_by_id(DEVICE_ID)
        self._stream = device.build_input_stream(config, self._take, depth="high", follow="never")
        self._stream.start()

    def _take(self, frames: Any, _info: CallbackInfo) -> None:
        self._blocks.append(frames.copy())
        self._taken += len(frames)

    def _catch_up(self) -> None:
        """Wait until all that the device gave so far is here: our thread may be late on a busy machine."""
        given = self._stream.position // _BLOCK_FRAMES * _BLOCK_FRAMES
        until(lambda: self._taken >= given or self._stream.state is StreamState.CLOSED, "what was played to be heard")

    @property
    def samples(self) -> Any:
        """All of it until now: a numpy array of 32-bit floats, of shape (frames, 2), at 48 000 Hz.

        Any thread may ask, but not a callback.
        """
        import numpy as np

        self._catch_up()
        return np.concatenate([np.zeros((0, _CHANNELS), np.float32), *self._blocks])

    @property
    def peak(self) -> float:
        """The largest amplitude so far; 0.0 is silence."""
        return float(abs(self.samples).max(initial=0.0))

    def clear(self) -> None:
        """Forget it: what follows is kept."""
        self._catch_up()
        self._blocks.clear()

    def close(self) -> None:
        """Listen no more; what was heard stays.  Harmless when the device was unplugged, and this ended with it."""
        with suppress(AudioError):  # of the misfortune that the test ordered: its own streams tell of it
            self._stream.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()
