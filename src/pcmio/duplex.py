"""Streams in both directions at once: one callback, whose input and output stay a constant number of frames apart."""

from __future__ import annotations

from abc import abstractmethod

from pcmio.contract import Stream
from pcmio.stats import Latency
from pcmio.timestamps import StreamInstant

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any, TypeAlias

    from pcmio.configs import StreamConfig
    from pcmio.contract import Device

#: ``data(captured, played, info)``: arrays of shape (frames, channels), of as many frames; the second is written.
DuplexCallback: TypeAlias = "Callable[[Any, Any, DuplexInfo], object]"
#: ``data(captured, played, info)``: memoryviews of bytes.
RawDuplexCallback: TypeAlias = "Callable[[memoryview, memoryview, DuplexInfo], object]"

REPORT, CORRECT = "report", "correct"


class DuplexLatency(Latency):
    """How long a sound takes from the input's converter through the callback to the output's, in seconds.

    Zero until the callback was called for the first time; then it stays as it is.

    Attributes:
        device: The devices' part of it, as the system tells it now: ``input`` and ``output`` together.
        ring: pcmio's part of it.
        frames: The whole of it, in frames: what is played at position p is heard when the frame of position
            p + ``frames`` is captured.
        input: From the converter to the native buffer, as the system tells it now.
        output: From the native buffer to the converter.
    """

    frames: int = 0
    input: float = 0.0
    output: float = 0.0


class DuplexInfo:
    """What a duplex callback is told about its two blocks; a value like others."""

    __slots__ = (
        "_callback_nanos",
        "_captured_nanos",
        "_heard_nanos",
        "input_xrun_frames",
        "output_xrun_frames",
        "position",
    )
    __match_args__ = ("position", "input_xrun_frames", "output_xrun_frames", "callback", "captured", "heard")

    #: Frames before this block's first, those that were lost included: time, counted in frames.
    position: int
    #: Captured frames that were lost just before this block; ``position`` has passed over them.
    input_xrun_frames: int
    #: Frames of silence that were played, or of output that were thrown away, since the last block.
    output_xrun_frames: int

    def __init__(
        self,
        callback_nanos: int,
        captured_nanos: int,
        heard_nanos: int,
        position: int,
        input_xrun_frames: int,
        output_xrun_frames: int,
    ) -> None:
        self._callback_nanos = callback_nanos
        self._captured_nanos = captured_nanos
        self._heard_nanos = heard_nanos
        self.position = position
        self.input_xrun_frames = input_xrun_frames
        self.output_xrun_frames = output_xrun_frames

    @property
    def xrun(self) -> bool:
        """Whether frames were lost in either direction before this block."""
        return bool(self.input_xrun_frames or self.output_xrun_frames)

    @property
    def callback(self) -> StreamInstant:
        """When the callback was called."""
        return StreamInstant(self._callback_nanos)

    @property
    def captured(self) -> StreamInstant:
        """When the first frame of the input was at its converter."""
        return StreamInstant(self._captured_nanos)

    @property
    def heard(self) -> StreamInstant:
        """When the first frame of the output will be at its converter."""
        return StreamInstant(self._heard_nanos)

    def _astuple(self) -> tuple[int, ...]:
        times = (self._callback_nanos, self._captured_nanos, self._heard_nanos)
        return (*times, self.position, self.input_xrun_frames, self.output_xrun_frames)

    def __eq__(self, other: object) -> bool:
        return self._astuple() == other._astuple() if isinstance(other, DuplexInfo) else NotImplemented

    def __hash__(self) -> int:
        return hash(self._astuple())

    def __reduce__(self) -> tuple[object, ...]:
        return (DuplexInfo, self._astuple())

    def __repr__(self) -> str:
        return (
            f"DuplexInfo(position={self.position}, input_xrun_frames={self.input_xrun_frames}, "
            f"output_xrun_frames={self.output_xrun_frames}, captured={self.captured}, heard={self.heard})"
        )


class DuplexStream(Stream):
    """An input and an output that share one callback; its states are those of an output stream.

    ``config`` is the output's, ``position`` counts frames that the output's device took, ``volume`` is the output's,
    ``stats`` counts xruns and lost frames of both directions, and silence that was played before the two were paired.
    """

    @property
    @abstractmethod
    def latency(self) -> DuplexLatency:
        """From converter to converter; zero until the first callback, and then constant."""

    @property
    @abstractmethod
    def device(self) -> Device:
        """The device that plays."""

    @property
    @abstractmethod
    def input_device(self) -> Device:
        """The device that records."""

    @property
    @abstractmethod
    def input_config(self) -> StreamConfig:
        """What was granted for what is captured; its channels may be others than those of ``config``."""

    @property
    def input_channels(self) -> int:
        """Channels of what is captured."""
        return self.input_config.channels

    @property
    @abstractmethod
    def drift_ppm(self) -> float | None:
        """How much faster the input's clock runs than the output's, in parts per million; None until it is known."""
