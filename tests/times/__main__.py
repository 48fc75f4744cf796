"""``python -m tests.times [--minutes 10] [--hosts jack,pipewire,pulseaudio]``: how far told times drift.

Each host plays to a server of its own, all of them at once, and a native program records it and writes down when the
frames came.  In each window the promptest frame counts: a busy machine makes frames come late, never early.  What the
told times have drifted is how far apart the windows are; the command fails if that is a period or more.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from contextlib import ExitStack
from pathlib import Path

import numpy as np

from bench.known_signal import RATE
from tests.gil.targets import TARGETS
from tests.times.told import NANOS, Heard, Player, await_heard, recorder

_SETTLE_SECONDS = 5.0
#: Several windows, whatever the minutes are.
_WINDOWS = 20
_BETWEEN_SECONDS = 0.1


def main(arguments: list[str]) -> int:
    """Play, record, and tell."""
    parser = argparse.ArgumentParser(prog="python -m tests.times", description=__doc__)
    parser.add_argument("--minutes", type=float, default=10.0)
    parser.add_argument("--hosts", default="jack,pipewire,pulseaudio", help=f"of {', '.join(TARGETS)}")
    parser.add_argument("--frames", type=int, default=256, help="of a block, which is the period that is asked for")
    options = parser.parse_args(arguments)
    names: list[str] = options.hosts.split(",")
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="pcmio-times-")))
        players: dict[str, Player] = {}
        with ExitStack() as running:
            for name in names:
                (folder / name).mkdir()
                target = running.enter_context(TARGETS[name](folder / name))
                running.enter_context(recorder(target, folder / name / "heard"))
                players[name] = player = Player(target, options.frames, depth=0.2)
                running.callback(player.close)
                player.stream.start()
            for player in players.values():
                await_heard(player)
            _watch(players, _SETTLE_SECONDS)  # clocks that are asked for again and again are known better then
            for player in players.values():
                player.told.clear()
                player.lost_before = player.stream.stats.xrun_frames
            _watch(players, options.minutes * 60)
        drifts = [_judge(name, player, folder / name / "heard") for name, player in players.items()]
    period = options.frames / RATE
    print(f"a period is {period * 1e3:.3f} ms")
    return 0 if all(drift < period for drift in drifts) else 1


def _watch(players: dict[str, Player], seconds: float) -> None:
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        for player in players.values():
            player.look()
        time.sleep(_BETWEEN_SECONDS)


def _judge(name: str, player: Player, heard: Path) -> float:
    """Print what was measured; the drift in seconds."""
    late = Heard(heard, a_cycle_later=name == "pipewire").lateness(player.told) / NANOS
    promptest = np.array([window.min() for window in np.array_split(late, _WINDOWS)])
    frames, nanos = np.array(player.told, dtype=np.int64).T
    lost = player.stream.stats.xrun_frames - player.lost_before
    slope = (nanos[-1] - nanos[0]) / NANOS / ((frames[-1] - frames[0] + lost) / RATE)
    drift = float(np.ptp(promptest))
    print(
        f"{name}: {len(late)} frames asked for in {(nanos[-1] - nanos[0]) / NANOS:.1f} s, {lost} lost; "
        f"a told second is {(slope - 1) * 1e6:+.2f} ppm off; "
        f"the promptest frames came {promptest.min() * 1e3:+.3f} to {promptest.max() * 1e3:+.3f} ms after their time: "
        f"drift {drift * 1e3:.3f} ms; half of all within {np.median(late - promptest.min()) * 1e3:.3f} ms of that"
    )
    return drift


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
