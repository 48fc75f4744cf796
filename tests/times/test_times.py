"""Frames are heard when they were told to be: a native program, with a clock of its own, writes down when they came.

It is told wrong if they came before their time.  How late they came depends on how busy the machine is, but not how
late the promptest of many did.  A few may come early: a machine that stands still makes the server's own times late.
"""

from __future__ import annotations

import subprocess
import threading
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from bench.known_signal import RATE
from pcmio.testing import until
from tests.gil.targets import TARGETS, Target
from tests.times.told import NANOS, Bounds, Heard, Listener, Player, await_heard, recorder

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_FRAMES = 256
_PHASE_SECONDS = 0.8
#: Twice what docs/streams.md says and more, for busy machines.
BOUNDS = {
    "jack": Bounds(early=0.001, late=0.003),
    "pipewire": Bounds(early=0.0005, late=0.003),
    "pulseaudio": Bounds(early=0.005, late=0.005),
}


@pytest.fixture(scope="session", params=list(BOUNDS))
def target(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Target]:
    """A server of each kind."""
    with TARGETS[request.param](tmp_path_factory.mktemp(f"times-{request.param}")) as running:
        yield running


class Phases:
    """What was told in each part of a stream's life."""

    def __init__(self, player: Player) -> None:
        self._player = player
        self.told: dict[str, list[tuple[int, int]]] = {}

    def watch(self, name: str) -> None:
        """A new part has begun: wait until its frames are played, and keep what is told of them."""
        begin = self._player.stream.position
        until(lambda: self._player.stream.position > begin + RATE // 50, f"frames being played: {name}")
        self._player.told = self.told[name] = []
        self._player.watch(_PHASE_SECONDS)

    def check(self, heard: Heard, bounds: Bounds) -> None:
        """Each part is told right."""
        for name, told in self.told.items():
            late = np.sort(heard.lateness(told)) / NANOS
            assert len(late) > len(told) // 2, f"{name}: of {len(told)} frames only {len(late)} were recorded"
            promptest = late[len(late) // 8]
            assert promptest >= -bounds.early, f"{name}: frames came {-promptest * 1e3:.3f} ms before their time"
            assert late[0] <= bounds.late, f"{name}: the promptest frame came {late[0] * 1e3:.3f} ms late"


def test_frames_come_when_they_were_told_to(target: Target, tmp_path: Path) -> None:
    """From the start on, over a pause, a new start, and a gap."""
    hang = threading.Event()
    hang.set()
    with recorder(target, tmp_path / "heard"):
        player = Player(target, _FRAMES, before=hang.wait)
        phases = Phases(player)
        player.stream.start()
        await_heard(player)
        phases.watch("after the start")
        player.stream.pause()
        player.stream.start()
        phases.watch("after a pause")
        player.stream.stop(0)
        player.stream.start()
        phases.watch("after a new start")
        lost = player.stream.stats.xrun_frames
        hang.clear()
        until(lambda: player.stream.stats.xrun_frames > lost + RATE // 10, "frames being lost")
        hang.set()
        phases.watch("after a gap")
        player.close()
    name = target.spec["host"]
    phases.check(Heard(tmp_path / "heard", a_cycle_later=name == "pipewire"), BOUNDS[name])


def test_frames_were_captured_when_they_were_heard(target: Target) -> None:
    """By what both streams tell, which are of different connections; in the median, as cycles may be lost."""
    bounds = BOUNDS[target.spec["host"]]
    player = Player(target, _FRAMES)
    player.stream.start()
    await_heard(player)
    listener = Listener(target, player, _FRAMES)
    for part in ("at first", "after a pause"):
        listener.apart.clear()
        listener.stream.start()
        until(lambda: len(listener.apart) > RATE // _FRAMES, f"a second of blocks {part}")
        apart = float(np.median(listener.apart))
        assert -bounds.early <= apart <= bounds.early, f"{part}: {apart * 1e3:+.3f} ms"
        listener.stream.pause()
    listener.close()
    player.close()


def _force(target: Target, quantum: int) -> None:
    command = ["pw-metadata", "-n", "settings", "0", "clock.force-quantum", str(quantum)]
    subprocess.run(command, env=target.env, check=True, capture_output=True, timeout=20)


@pytest.mark.parametrize("target", ["pipewire"], indirect=True)
def test_frames_come_when_they_were_told_to_while_the_cycles_change(target: Target, tmp_path: Path) -> None:
    changes: list[Any] = []
    with recorder(target, tmp_path / "heard"):
        player = Player(target, _FRAMES, on_event=changes.append)
        phases = Phases(player)
        player.stream.start()
        await_heard(player)
        for quantum in (1_024, 64, 0):
            seen = len(changes)
            _force(target, quantum)
            until(lambda seen=seen: len(changes) > seen, "the change")  # type: ignore[misc]
            phases.watch(f"with cycles of {quantum}")
        player.close()
    phases.check(Heard(tmp_path / "heard", a_cycle_later=True), BOUNDS["pipewire"])
