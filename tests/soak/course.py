"""One host's soak: streams of every kind, one misfortune after the other, and what came of each."""

from __future__ import annotations

import gc
import random
import threading
import time
import traceback
import warnings
from typing import TYPE_CHECKING, Any

from pcmio import AbortStream, EndReason, StopStream
from pcmio.errors import AudioError, DeviceLost, HostDisconnected
from pcmio.testing import live, until
from pcmio.testing.failures import answers
from pcmio.testing.lifetimes import holdings, left_behind
from pcmio.testing.lives import KINDS as LIVES_KINDS
from pcmio.testing.lives import random_plan
from tests.soak.voices import KINDS, OrderedError, Voice

if TYPE_CHECKING:
    from collections.abc import Callable

    from pcmio.testing import Rig

_CALM_SECONDS = (0.2, 1.0)
_LATE_SECONDS = (0.02, 0.2)
_MOVED_BLOCKS = 20
_MOST_FAILURES = 10
#: What happens, by the name of its method without the underscore.
MISFORTUNES = {
    "late": "a callback sleeps for 20 to 200 ms",
    "raised": "a callback raises",
    "finished": "a callback raises StopStream",
    "aborted": "a callback raises AbortStream",
    "paused": "pause, start",
    "stopped": "stop, start",
    "restarted": "close, and a new stream",
    "dropped": "dropped without close, and a new stream",
    "louder": "another volume",
    "life": "another stream lives a life that was made up",
    "closed_host": "the host object is closed under its streams",
    "device_lost": "the device is unplugged, and plugged in",
    "server_lost": "the server is killed, and started",
}


class Course:
    """What happens on one host."""

    def __init__(self, rig: Rig, seed: int) -> None:
        self._rig = rig
        self._numbers = random.Random(seed)
        self._host = rig.open_host()
        self._voices = [Voice(kind) for kind in KINDS]
        self._misfortunes: dict[str, list[float]] = {}  # seconds until all moved again
        self._failures: list[str] = []
        self._calm_seconds = 0.0
        self._lost: dict[str, list[int]] = {kind: [0, 0] for kind in KINDS}
        self._moved: dict[str, int] = dict.fromkeys(KINDS, 0)
        self._lives = 0

    def run(self, seconds: float) -> dict[str, Any]:
        """Let it all happen, and say what came of it."""
        # So that what is loaded once is loaded, and the heap as large as it has to be at the worst of times.
        for kind in (*MISFORTUNES, *MISFORTUNES, *MISFORTUNES):
            self._meet(kind)
        self._close()
        gc.collect()
        before, began = holdings(), time.monotonic()
        self._misfortunes.clear()
        while time.monotonic() < began + seconds and len(self._failures) < _MOST_FAILURES:
            self._recover()
            self._calm(self._numbers.uniform(*_CALM_SECONDS))
            self._meet(self._numbers.choice(tuple(MISFORTUNES)))
        self._close()
        lasted = time.monotonic() - began
        more_bytes = left_behind(before)
        after = holdings()
        self._host.close()
        return {
            "seconds": lasted,
            "calm_seconds": self._calm_seconds,
            "built": {voice.kind: voice.built for voice in self._voices},
            "moved": self._moved,
            "lost": self._lost,
            "lives": self._lives,
            "misfortunes": {kind: [len(times), max(times)] for kind, times in self._misfortunes.items()},
            "before": before,
            "after": after,
            "more_bytes": more_bytes,
            "failures": self._failures,
        }

    # --- between misfortunes -----------------------------------------------------------------------------------------

    def _recover(self) -> None:
        """Every stream that has ended is built anew, and all of them move."""
        for voice in self._voices:
            if not voice.lives:
                voice.build(self._rig, self._host)
            voice.mark()
        frames = _MOVED_BLOCKS * self._rig.block_frames
        for voice in self._voices:
            until(lambda voice=voice: voice.moves(frames), f"the {voice.kind} moving")  # type: ignore[misc]

    def _calm(self, seconds: float) -> None:
        """Nothing is done; what is lost meanwhile is the machine's."""
        positions = [voice.stream.position for voice in self._voices]
        for voice in self._voices:
            voice.mark()
        threading.Event().wait(seconds)
        self._calm_seconds += seconds
        for voice, position in zip(self._voices, positions, strict=True):
            xruns, frames = voice.lost()
            self._lost[voice.kind][0] += xruns
            self._lost[voice.kind][1] += frames
            self._moved[voice.kind] += voice.stream.position - position

    def _meet(self, kind: str) -> None:
        """One misfortune, and what comes after it."""
        try:
            self._recover()
            ended = getattr(self, f"_{kind}")()
            self._recover()
            self._misfortunes.setdefault(kind, []).append(time.monotonic() - (ended or time.monotonic()))
        except Exception:
            self._failures.append(f"{kind}: {traceback.format_exc(limit=-4)}")
            self._start_over()

    def _start_over(self) -> None:
        """After a failure: all anew."""
        for voice in self._voices:
            try:
                voice.close()
            except (AssertionError, AudioError, OrderedError):
                voice.stream = None
        self._host.close()
        self._host = self._rig.open_host()
        until(lambda: answers(self._host), "the host answering")

    def _close(self) -> None:
        for voice in self._voices:
            voice.close()

    # --- misfortunes: each gives the moment from which on all is well ------------------------------------------------

    def _any(self, *, calls_back: bool = False) -> Voice:
        return self._numbers.choice([voice for voice in self._voices if voice.calls_back or not calls_back])

    def _act(self, act: Callable[[], object]) -> Voice:
        """Have a callback do something; whose it was."""
        voice, done = self._any(calls_back=True), threading.Event()

        def once() -> None:
            done.set()
            act()

        voice.act = once
        assert done.wait(20), f"the {voice.kind} is not called"
        return voice

    def _late(self) -> float:
        seconds = self._numbers.uniform(*_LATE_SECONDS)
        voice = self._act(lambda: time.sleep(seconds))
        began = time.monotonic()
        assert voice.lives
        return began

    def _raised(self) -> float:
        def act() -> None:
            raise OrderedError

        voice = self._act(act)
        voice.assert_ended(EndReason.CALLBACK_RAISED, OrderedError)
        return time.monotonic()

    def _finished(self) -> float:
        def act() -> None:
            raise StopStream

        voice = self._act(act)
        voice.assert_ended(EndReason.FINISHED, None)
        return time.monotonic()

    def _aborted(self) -> float:
        def act() -> None:
            raise AbortStream

        voice = self._act(act)
        voice.assert_ended(EndReason.ABORTED, None)
        return time.monotonic()

    def _paused(self) -> float:
        voice = self._any()
        voice.stream.pause()
        position = voice.stream.position
        threading.Event().wait(self._numbers.uniform(0, 0.1))
        assert voice.stream.position == position, f"the {voice.kind} moves while it is paused"
        began = time.monotonic()
        voice.stream.start()
        return began

    def _stopped(self) -> float:
        voice = self._any()
        voice.stream.stop(self._numbers.choice([None, 0, 0.01]))
        began = time.monotonic()
        voice.stream.start()
        return began

    def _restarted(self) -> float:
        self._any().close()
        return time.monotonic()

    def _dropped(self) -> float:
        """Of a writer or reader somebody else has it still."""
        voice = self._numbers.choice([voice for voice in self._voices if voice.kind not in ("writer", "reader")])
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ResourceWarning)
            voice.drop()
        return time.monotonic()

    def _louder(self) -> float:
        voice = self._any()
        voice.stream.volume = self._numbers.choice([0.0, 0.5, 1.0, 2.0])
        voice.stream.muted = self._numbers.random() < 0.5
        return time.monotonic()

    def _life(self) -> float:
        live(self._rig, self._host, random_plan(self._numbers, self._numbers.choice(LIVES_KINDS)))
        self._lives += 1
        return time.monotonic()

    def _closed_host(self) -> float:
        self._host.close()
        for voice in self._voices:
            voice.assert_ended(EndReason.HOST_LOST, HostDisconnected)
        began = time.monotonic()
        self._host = self._rig.open_host()
        until(lambda: answers(self._host), "the host answering")
        return began

    def _device_lost(self) -> float:
        assert self._rig.lose_device is not None
        bring_back = self._rig.lose_device(self._host)
        try:
            for voice in self._voices:
                voice.assert_ended(EndReason.DEVICE_LOST, DeviceLost)
        finally:
            bring_back()
        began = time.monotonic()
        wanted = {self._rig.output, self._rig.input}
        until(lambda: wanted <= {str(device.id) for device in self._host.devices()}, "the device being back")
        return began

    def _server_lost(self) -> float:
        start_again = self._rig.lose_server(self._host)
        try:
            for voice in self._voices:
                voice.assert_ended(EndReason.HOST_LOST, HostDisconnected)
        finally:
            start_again()
        began = time.monotonic()
        until(lambda: answers(self._host), "the server answering again")
        wanted = {self._rig.output, self._rig.input}
        until(lambda: wanted <= {str(device.id) for device in self._host.devices()}, "the device being back")
        return began
