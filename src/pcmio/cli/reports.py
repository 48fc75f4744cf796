"""What a stream has done, told when it has ended."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from pcmio.cli.meters import decibels, decibels_json, xrun_text
from pcmio.cli.screen import clock

if TYPE_CHECKING:
    from typing import Any

    from pcmio.cli.meters import Levels
    from pcmio.contract import Stream


class Report(NamedTuple):
    """The end of a command that moved samples.

    Attributes:
        stream: It may be closed.
        levels: How loud it was.
        frames: Frames of the file or the sound that were played or kept.
        interrupted: Whether Ctrl-C ended it.
    """

    stream: Stream
    levels: Levels
    frames: int
    interrupted: bool

    @property
    def seconds(self) -> float:
        """The same in seconds."""
        return self.frames / self.stream.config.sample_rate

    def as_json(self, **more: Any) -> dict[str, Any]:
        """For a program; ``more`` comes first."""
        config, stats = self.stream.config, self.stream.stats
        return {
            **more,
            "device": str(self.stream.device.id),
            "channels": config.channels,
            "sample_rate": config.sample_rate,
            "sample_format": str(config.sample_format),
            "buffer_size": config.buffer_size.frames,
            "frames": self.frames,
            "seconds": round(self.seconds, 6),
            "peak_db": decibels_json(self.levels.peak),
            "xruns": stats.xruns,
            "xrun_frames": stats.xrun_frames,
            "interrupted": self.interrupted,
        }

    def tail(self, dot: str) -> str:
        """Duration, loudness and losses, for people."""
        stats = self.stream.stats
        peak = decibels(self.levels.peak)
        loud = "silence" if peak == float("-inf") else f"peak {peak:.1f} dB"
        return f" {dot} ".join((clock(self.seconds, tenths=True), loud, xrun_text(stats.xruns, stats.xrun_frames)))
