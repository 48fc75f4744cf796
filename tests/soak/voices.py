"""The streams that a soak keeps going, one of each kind."""

from __future__ import annotations

import gc
import threading
from typing import TYPE_CHECKING, Any

from pcmio import EndReason, StreamClosed, StreamEnded, StreamState
from pcmio.errors import AudioError, OperationInterrupted
from pcmio.testing import until
from tests.unit.counting import Counting

if TYPE_CHECKING:
    from collections.abc import Callable

    from pcmio import Host
    from pcmio.testing import Rig

KINDS = ("output", "input", "native output", "native input", "writer", "reader")
_DEPTH_SECONDS = 0.05
_FRAME_BYTES = 8


class OrderedError(Exception):
    """What a callback was told to raise."""


class Voice:
    """One stream after the other, of one kind."""

    def __init__(self, kind: str) -> None:
        self.kind = kind
        self.stream: Any = None
        self.act: Callable[[], object] | None = None  # what the next callback does
        self.built = 0
        self._counting: Counting | None = None
        self._events: list[Any] = []
        self._thread: threading.Thread | None = None
        self._mark = 0
        self._seen = (0, 0)

    @property
    def plays(self) -> bool:
        """Whether it is an output."""
        return self.kind in ("output", "native output", "writer")

    @property
    def calls_back(self) -> bool:
        """Whether it has a callback in Python."""
        return self.kind in ("output", "input")

    @property
    def lives(self) -> bool:
        """Whether its stream has not ended."""
        return self.stream is not None and self.stream.state is not StreamState.CLOSED

    # --- building ----------------------------------------------------------------------------------------------------

    def build(self, rig: Rig, host: Host) -> None:
        """Have a new stream, and start it."""
        device = rig.output_device(host) if self.plays else rig.input_device(host)
        config = rig.config()
        events: list[Any] = []
        self._events = events
        self.act = None
        if self.kind == "writer":
            self.stream = device.open_writer(config, depth=_DEPTH_SECONDS, on_event=events.append)
        elif self.kind == "reader":
            self.stream = device.open_reader(config, depth=_DEPTH_SECONDS, on_event=events.append)
        else:
            build = device.build_output_stream if self.plays else device.build_input_stream
            self.stream = build(config, self._callback(), events.append, depth=_DEPTH_SECONDS)
        self.built += 1
        self._mark, self._seen = 0, (0, 0)
        self.stream.start()
        if self.kind in ("writer", "reader"):
            self._thread = threading.Thread(target=self._keep_going, args=(self.stream,), daemon=True)
            self._thread.start()

    def _callback(self) -> Any:
        if not self.kind.startswith("native"):
            return self._data
        self._counting = Counting(frame_bytes=_FRAME_BYTES)
        return self._counting.output if self.plays else self._counting.input

    def _data(self, _block: object, _info: object) -> None:
        act, self.act = self.act, None
        if act is not None:
            act()

    def _keep_going(self, stream: Any) -> None:
        """Write, or read, until it ends."""
        piece = bytes(_FRAME_BYTES * 480)
        while True:
            try:
                if self.plays:
                    stream.write(piece)
                else:
                    stream.read_bytes(480)
            except OperationInterrupted:
                continue
            except AudioError:
                return  # its end is told otherwise, too

    # --- judging -----------------------------------------------------------------------------------------------------

    def mark(self) -> None:
        """From now on it has to move."""
        self._mark = self.stream.position
        stats = self.stream.stats
        self._seen = (stats.xruns, stats.xrun_frames)

    def moves(self, frames: int) -> bool:
        """Whether so many frames have moved since the mark."""
        return bool(self.stream.position >= self._mark + frames)

    def lost(self) -> tuple[int, int]:
        """How often frames were lost since the mark, and how many."""
        stats = self.stream.stats
        return stats.xruns - self._seen[0], stats.xrun_frames - self._seen[1]

    def assert_ended(self, reason: EndReason, error: type[BaseException] | None) -> None:
        """It has ended so: told once, raised once, to the end."""
        stream = self.stream
        until(lambda: bool(self._ends()), f"the end of the {self.kind} being told")
        (ended,) = self._ends()
        assert ended is self._events[-1]
        assert ended.reason is stream.reason is reason, f"the {self.kind} ended with {ended}, not with {reason}"
        assert (ended.error is None) == (error is None)
        assert error is None or isinstance(ended.error, error), repr(ended.error)
        self._assert_given_once(stream, ended.error)
        if self._thread is not None:
            self._thread.join(20)
            assert not self._thread.is_alive(), f"whoever uses the {self.kind} was not freed"
            self._thread = None
        if self._counting is not None:
            assert self._counting.record.noisy == 0, "calls at once, or positions with a gap"
            self._counting = None
        self.stream = None

    def _assert_given_once(self, stream: Any, error: BaseException | None) -> None:
        given: BaseException | None = None
        try:
            stream.wait(0)
        except (AudioError, OrderedError) as raised:
            given = raised
        # Else it was given to whoever wrote or read.
        assert given is error or (given is None and self._thread is not None), f"{given!r} was given, not {error!r}"
        stream.close()
        try:
            stream.start()
        except StreamClosed:
            return
        raise AssertionError(f"the {self.kind} started after its end")

    def _ends(self) -> list[StreamEnded]:
        return [event for event in self._events if isinstance(event, StreamEnded)]

    def close(self) -> None:
        """End it, whatever state it is in."""
        if self.stream is not None:
            self.stream.close()
            self.assert_ended(EndReason.CLOSED, None)

    def drop(self) -> None:
        """Forget it while it runs: it closes itself, and tells."""
        self.stream = None
        gc.collect()
        until(lambda: bool(self._ends()), f"the end of a dropped {self.kind} being told")
        assert [ended.reason for ended in self._ends()] == [EndReason.CLOSED]
        self._counting = None
