"""Writers and readers: streams without a callback, for whoever has the samples, or wants them, when it suits him.

All that ``contract.Stream`` says holds for them.  A call that waits frees the interpreter, ends at Ctrl-C, and has a
twin for event loops, which waits without a thread.
"""

from __future__ import annotations

from abc import abstractmethod

from pcmio._value import Value
from pcmio.contract import Stream
from pcmio.errors import OperationInterrupted
from pcmio.events import StreamState

TYPE_CHECKING = False
if TYPE_CHECKING:
    from types import TracebackType
    from typing import Any

    from typing_extensions import Self


class ClearResult(Value):
    """What ``Writer.clear`` found, in frames since the sound began that it cut off.

    Attributes:
        heard: That have reached the converter, as far as the device tells how far away it is.
        dropped: That were written and are not heard.
    """

    heard: int
    dropped: int


class Writer(Stream):
    """An output stream that is written to.

    It begins by itself: when half of its ring is full, when a write would wait, or half a ring's time after the first
    write; sooner with ``start`` or ``drain``.  While it runs and nothing is written it plays silence, counted as xruns.
    After ``drain``, ``clear`` and ``stop`` it is stopped, and the next write begins anew.

    As a context manager it drains when the block is left normally, and drops what is not played when an exception
    leaves it; then it is closed.
    """

    @abstractmethod
    def write(self, data: Any, timeout: float | None = None) -> None:
        """Have samples played after what was written before; wait until the ring has taken the last of them.

        Args:
            data: An array of shape (frames, channels), or (frames,) for all channels alike, of any integers or floats:
                they are converted.  Or bytes in the stream's own format, interleaved; they may end within a frame.
            timeout: Seconds; None waits as long as it takes.

        Raises:
            OperationTimeout: ``timeout`` seconds have passed; its ``frames`` says how many frames were taken.
            OperationInterrupted: ``clear`` or ``stop`` in another thread threw frames away; ``frames`` as above.
            InvalidInput: No samples, or of another shape than the stream's.
            StreamClosed: The stream has ended; or, once, the error that it ended with.
        """

    @abstractmethod
    async def write_async(self, data: Any) -> None:
        """``write``, awaited.  Cancelled, what the ring has taken is played."""

    @property
    @abstractmethod
    def write_available(self) -> int:
        """Frames that can be written without waiting; 0 when it has ended."""

    @abstractmethod
    def drain(self, timeout: float | None = None) -> None:
        """Wait until the last frame that was written is heard; then the device is held.

        Raises:
            OperationTimeout: ``timeout`` seconds have passed; the rest plays on.
            OperationInterrupted: ``clear`` or ``stop`` in another thread threw it away.
            StreamClosed: The stream has ended; or, once, the error that it ended with.
        """

    @abstractmethod
    async def drain_async(self) -> None:
        """``drain``, awaited.  Cancelled, the rest plays on."""

    @abstractmethod
    def clear(self) -> ClearResult:
        """Silence it now, from any thread: what is written and not yet played is thrown away, and the device held.

        Frees writes and drains that wait.  The next write begins anew.

        Raises:
            StreamClosed: The stream has ended; or, once, the error that it ended with.
            BackendError: From the native system.
        """

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        try:
            if error is None and self.state is not StreamState.CLOSED:
                self.drain()
        except OperationInterrupted:
            pass  # somebody wanted silence
        except BaseException as failure:
            super().__exit__(type(failure), failure, None)
            raise
        super().__exit__(kind, error, at)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None
    ) -> None:
        try:
            if error is None and self.state is not StreamState.CLOSED:
                await self.drain_async()
        except OperationInterrupted:
            pass
        except BaseException as failure:
            super().__exit__(type(failure), failure, None)
            raise
        super().__exit__(kind, error, at)


class Reader(Stream):
    """An input stream that is read from, and an iterator of blocks, for ``async for`` too; both end when it is closed.

    It begins when its ``with`` block is entered, or with the first read.  What is not read in time is lost, the newest
    first, and counted as xruns; the device never waits.
    """

    @abstractmethod
    def read(self, frames: int, out: Any = None, timeout: float | None = None) -> Any:
        """The next frames, once all of them are captured.

        Args:
            frames: How many.
            out: An array of shape (frames, channels) in the stream's format, in one piece; None makes one.
            timeout: Seconds; None waits as long as it takes.

        Returns:
            A numpy array of shape (frames, channels): ``out``, if that was given.

        Raises:
            OperationTimeout: ``timeout`` seconds have passed; what is there stays for the next read.
            OperationInterrupted: ``stop`` in another thread.
            InvalidInput: No number of frames, or ``out`` does not fit.
            StreamClosed: The stream has ended; or, once, the error that it ended with.
            UnsupportedOperation: numpy is not installed.
        """

    @abstractmethod
    def read_bytes(self, frames: int, timeout: float | None = None) -> bytes:
        """``read`` without numpy: interleaved, in the stream's format."""

    @abstractmethod
    async def read_async(self, frames: int, out: Any = None) -> Any:
        """``read``, awaited.  Cancelled, what was captured stays for the next read."""

    @abstractmethod
    async def read_bytes_async(self, frames: int) -> bytes:
        """``read_bytes``, awaited."""

    @property
    @abstractmethod
    def read_available(self) -> int:
        """Frames that can be read without waiting: what a resampler holds back is none of them; 0 when it has ended."""

    def __iter__(self) -> Self:
        return self

    @abstractmethod
    def __next__(self) -> Any:
        """The next block: an array of ``config.buffer_size`` frames."""

    def __aiter__(self) -> Self:
        return self

    @abstractmethod
    async def __anext__(self) -> Any:
        """The next block."""

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None
    ) -> None:
        self.__exit__(kind, error, at)
