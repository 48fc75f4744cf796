"""What a stream tells of itself in numbers."""

from __future__ import annotations

from pcmio._value import Value


class Latency(Value):
    """How far behind or ahead the converter is, in seconds.

    Attributes:
        device: Between the native buffer and the converter, as the system tells it.
        ring: In pcmio's own buffer right now.
    """

    device: float
    ring: float

    @property
    def total(self) -> float:
        """Both together."""
        return self.device + self.ring


class StreamStats(Value):
    """Counters and measurements of a stream since it was built; times are in seconds, lengths in frames.

    Attributes:
        blocks: Blocks that the callback has filled or taken.
        frames: Frames that the device played from them, or that it captured.
        xruns: Times that frames were lost.
        xrun_frames: Frames that were lost.
        callback_mean: Seconds that the callback took, on an average.
        callback_max: Seconds that it took, at most.
        load_mean: ``callback_mean`` as a share of a block's duration: 1.0 leaves no time for anything else.
        load_max: The same of ``callback_max``.
        low_water: Output: fewest frames that the ring held when a native cycle began; input: fewest for which it had
            room.  What was kept in reserve at the worst moment since the last start, None before its first cycle.
        wake_delay_mean: Seconds from the device's having work for the stream's thread to the thread's being at it,
            with the interpreter's lock, on an average.
        wake_delay_max: The same, at most.
        turn_max: Seconds of it, at most, that the thread was awake and waited for the interpreter.
        wakes: Times that the stream's thread was woken.
        cycles: Native cycles.
        cycle_max: Most frames of one native cycle.
    """

    blocks: int = 0
    frames: int = 0
    xruns: int = 0
    xrun_frames: int = 0
    callback_mean: float = 0.0
    callback_max: float = 0.0
    load_mean: float = 0.0
    load_max: float = 0.0
    low_water: int | None = None
    wake_delay_mean: float = 0.0
    wake_delay_max: float = 0.0
    turn_max: float = 0.0
    wakes: int = 0
    cycles: int = 0
    cycle_max: int = 0
