"""What a call of the bench is asked to do, and the cases that follow from it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from bench.players import ALL_SERVERS, ALSA, FACTS, JACK, PIPEWIRE, PULSE
from bench.runs import Case, Contestant, Row, Rules, contestants, rounds

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

MEASURES = ("imports", "first", "cpu", "gaps", "loop", "streams")
#: Survives a C call that keeps the GIL 16 ms at a time.
DEPTH_FOR_HOLDS = {"depth": 0.025}
FED_AHEAD = {"depth": 1.0}
#: Servers with fewer cases in the full run, so that it ends: their cost follows the same law as the others'.
_LESS = (PIPEWIRE, ALSA)
_DEFAULT: tuple[dict[str, Any], ...] = ({},)


@dataclass(frozen=True)
class Plan:
    """A call of the bench."""

    only: Sequence[str] = MEASURES
    players: Sequence[str] = tuple(FACTS)
    servers: Sequence[str] = ALL_SERVERS
    frames: Sequence[int] = ()
    rules: Rules = field(default_factory=Rules)
    window: float = 10.0
    quick: bool = False
    tell: Callable[[Row], None] = print

    def rows(self) -> Iterator[Row]:
        """All rows, as they are measured."""
        for name in MEASURES:
            if name in self.only:
                yield from getattr(self, name)()

    def first(self) -> Iterator[Row]:
        """Time to the first callback and to the first sound; runs are short and many."""
        for server in self.servers:
            case = Case("first", server, 256, warm=0.2, window=0.5)
            yield from rounds(case, contestants(server, self.players), self.rules, self.tell, self.rules.repeat * 2)

    def cpu(self) -> Iterator[Row]:
        """Cost of a callback that copies a slice, with nothing else in the process; lost sound too."""
        for server in self.servers:
            for frames in self._chosen((128, 256) if self.quick or server in _LESS else (64, 128, 256, 1024)):
                case = Case("cpu", server, frames, window=self.window)
                yield from rounds(case, contestants(server, self.players), self.rules, self.tell)

    def gaps(self) -> Iterator[Row]:
        """Lost sound while another thread of the process wants the GIL."""
        for server, frames, load, depths in self._gap_cases():
            case = Case("gaps", server, frames, load, window=self.window)
            # A player without depth has nothing to show where the point is a second of it.
            players = [name for name in self.players if name == "pcmio" or depths != (FED_AHEAD,)]
            if frames in self._chosen((frames,)):
                yield from rounds(case, contestants(server, players, depths), self.rules, self.tell)

    def _gap_cases(self) -> list[tuple[str, int, str, tuple[dict[str, Any], ...]]]:
        cases = [
            (JACK, 128, "busy1", _DEFAULT),
            (JACK, 128, "hold", (*_DEFAULT, DEPTH_FOR_HOLDS)),
            (JACK, 64, "busy1", (FED_AHEAD,)),
            (JACK, 256, "busy1", _DEFAULT),
            (PULSE, 256, "busy1", _DEFAULT),
            (PULSE, 128, "busy1", _DEFAULT),
            (PIPEWIRE, 128, "busy1", _DEFAULT),
            (ALSA, 128, "busy1", _DEFAULT),
        ]
        if not self.quick:
            cases += [
                (JACK, 128, "busy2", _DEFAULT),
                (JACK, 256, "hold", (*_DEFAULT, DEPTH_FOR_HOLDS)),
                (JACK, 64, "hold", (FED_AHEAD,)),
                (PULSE, 256, "busy2", _DEFAULT),
                (PULSE, 128, "hold", (*_DEFAULT, DEPTH_FOR_HOLDS)),
                (PULSE, 256, "hold", (*_DEFAULT, DEPTH_FOR_HOLDS)),
                (PULSE, 64, "busy1", (FED_AHEAD,)),
                (PULSE, 64, "hold", (FED_AHEAD,)),
                (PIPEWIRE, 256, "busy1", _DEFAULT),
                (PIPEWIRE, 128, "busy2", _DEFAULT),
                (PIPEWIRE, 128, "hold", (*_DEFAULT, DEPTH_FOR_HOLDS)),
                (ALSA, 256, "busy1", _DEFAULT),
                (ALSA, 128, "busy2", _DEFAULT),
                (ALSA, 128, "hold", (*_DEFAULT, DEPTH_FOR_HOLDS)),
            ]
        return [case for case in cases if case[0] in self.servers]

    def loop(self) -> Iterator[Row]:
        """From output callback to input callback, through the server."""
        for server in self.servers:
            who = contestants(server, self.players, (*_DEFAULT, {"depth": "low"}))
            able = [each for each in who if FACTS[each.name].records]
            case = Case("loop", server, 128, window=4.0 if self.quick else 8.0, task="loop")
            yield from rounds(case, able, self.rules, self.tell)

    def streams(self) -> Iterator[Row]:
        """Many streams at once."""
        for server in self.servers:
            for count in (1, 8, 32) if self.quick or server in _LESS else (1, 2, 4, 8, 16, 32, 64):
                case = Case("streams", server, 256, streams=count, warm=2.0, window=min(self.window, 6.0))
                yield from rounds(case, contestants(server, self.players), self.rules, self.tell, self._fewer())

    def imports(self) -> Iterator[Row]:
        """Import, listing, memory: fresh processes."""
        from bench import imports

        for server in self.servers:
            who = [Contestant(each.name) for each in contestants(server, self.players)]
            yield from imports.measure(server, who, self.rules, self.tell)

    def _chosen(self, frames: Sequence[int]) -> list[int]:
        return [each for each in frames if not self.frames or each in self.frames]

    def _fewer(self) -> int:
        return max(1, self.rules.repeat // 2)
