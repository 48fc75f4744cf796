"""Streams that are dropped, closed from elsewhere, opened and closed without end."""

# ruff: noqa: B023 - what is handed to until() and must_raise() in a loop is called there and then

from __future__ import annotations

import gc
import mmap
import threading
import warnings
import weakref
from collections import Counter as Counted
from pathlib import Path

from pcmio.events import EndReason, StreamEnded, StreamState
from pcmio.testing.configs import builder, sides
from pcmio.testing.signals import Counter, Events
from pcmio.testing.waiting import PATIENCE_SECONDS, until

TYPE_CHECKING = False
if TYPE_CHECKING:
    from pcmio.testing.rig import Check, Rig

Holdings = tuple[int, int, int, dict[str, int]]

_WARM_UP = 50
#: What the cycles may leave, a thousand of them: below four bytes a cycle of anything, above an allocator's fits.
MEMORY_BYTES = 4 << 20


def a_dropped_stream_closes_itself(rig: Rig) -> None:
    """With a ResourceWarning; its callback is freed."""
    with rig.open_host() as host:
        for direction, device in sides(rig, host):
            counter, events = Counter(), Events()
            stream = builder(device, direction)(rig.config(), counter, events)
            stream.start()
            until(counter.goes_on, "blocks")
            freed = weakref.ref(counter)
            with warnings.catch_warnings(record=True) as caught:
                warnings.simplefilter("always")
                del stream
                gc.collect()
            assert any(issubclass(warning.category, ResourceWarning) for warning in caught)
            caught.clear()  # a warning holds on to its source
            until(lambda: bool(events.of(StreamEnded)), "the end being told")
            assert events.of(StreamEnded) == [StreamEnded(EndReason.CLOSED)]
            del counter
            until(lambda: gc.collect() >= 0 and freed() is None, "the callback being freed")


def any_thread_may_close(rig: Rig) -> None:
    """Eight at once, while it runs."""
    with rig.open_host() as host:
        for direction, device in sides(rig, host):
            stream = builder(device, direction)(rig.config(), counter := Counter(), events := Events())
            stream.start()
            until(lambda: counter.calls > 2, "blocks")
            threads = [threading.Thread(target=stream.close) for _ in range(8)]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join(PATIENCE_SECONDS)
                assert not thread.is_alive(), "close() hangs"
            assert stream.state is StreamState.CLOSED
            assert len(events.of(StreamEnded)) == 1


def threads_may_call_whatever_they_like(rig: Rig) -> None:
    """Start, pause, stop and reads from four threads at once: no hang, no crash, and it still closes."""
    with rig.open_host() as host:
        for direction, device in sides(rig, host):
            stream = builder(device, direction)(rig.config(), Counter())
            failed: list[BaseException] = []

            def busy(turn: int, stream: object = stream, failed: list[BaseException] = failed) -> None:
                calls = ("start", "pause", "start", "stop")
                try:
                    for index in range(40):
                        name = calls[(index + turn) % 4]
                        getattr(stream, name)(*((0.05,) if name == "stop" else ()))
                        assert stream.position >= 0  # type: ignore[attr-defined]
                except BaseException as error:  # noqa: BLE001 - carried to the checking thread
                    failed.append(error)

            threads = [threading.Thread(target=busy, args=(turn,)) for turn in range(4)]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join(2 * PATIENCE_SECONDS)
                assert not thread.is_alive(), "a call hangs"
            assert not failed, failed[0]
            stream.close()


def a_thousand_cycles_leave_nothing(rig: Rig) -> None:
    """Open, run, close: descriptors, threads and memory are constant."""
    with rig.open_host() as host:
        for direction, device in sides(rig, host):

            def cycle(device: object = device, direction: str = direction) -> None:
                with builder(device, direction)(rig.config(), counter := Counter()):  # type: ignore[arg-type]
                    until(lambda: direction == "input" or counter.calls > 0, "a block")

            for _ in range(_WARM_UP):
                cycle()
            gc.collect()
            before = holdings()
            for _ in range(rig.cycles):
                cycle()
            grown = left_behind(before)
            assert grown < MEMORY_BYTES, f"{direction}: {grown} bytes more after {rig.cycles} cycles"


def hosts_may_come_and_go(rig: Rig) -> None:
    """Fifty hosts with a stream each, one after the other: nothing is left."""

    def cycle() -> None:
        with rig.open_host() as host:
            for direction, device in sides(rig, host):
                builder(device, direction)(rig.config(), Counter()).close()

    for _ in range(5):
        cycle()
    before = holdings()
    for _ in range(50):
        cycle()
    assert left_behind(before) < MEMORY_BYTES


def left_behind(before: Holdings, spare_descriptors: int = 0) -> int:
    """Wait until there are no more descriptors and threads than before: a thread may end late.  More bytes.

    Args:
        before: What ``holdings`` said.
        spare_descriptors: How many more are no fault of the host's.
    """
    gc.collect()
    most = (before[0] + spare_descriptors, before[1])
    try:
        until(
            lambda: all(now <= then for now, then in zip(holdings()[:2], most, strict=True)),
            f"descriptors and threads being {most} again",
        )
    except AssertionError as error:
        kinds, old = holdings()[3], before[3]
        changes = {kind: kinds.get(kind, 0) - old.get(kind, 0) for kind in {**old, **kinds}}
        told = ", ".join(f"{change:+d} {kind}" for kind, change in sorted(changes.items()) if change)
        raise AssertionError(f"{error}; since then: {told}") from None
    return holdings()[2] - before[2]


def holdings() -> Holdings:
    """Descriptors, threads (native ones too), resident bytes, and how many there are of each kind of the first two.

    Zeros where the system does not tell.
    """
    own = Path("/proc/self")
    if not (own / "task").is_dir():
        return 0, threading.active_count(), 0, {}
    pages = int((own / "statm").read_text(encoding="ascii").split()[1])
    descriptors, tasks = list((own / "fd").iterdir()), list((own / "task").iterdir())
    kinds = Counted(_kind(entry) for entry in (*descriptors, *tasks))
    return len(descriptors), len(tasks), pages * mmap.PAGESIZE, kinds


def _kind(entry: Path) -> str:
    try:
        if entry.parent.name == "task":
            return f"thread {(entry / 'comm').read_text().strip()}"
        place, _, number = str(entry.readlink()).partition(":[")
    except OSError:
        return "gone meanwhile"  # the directory that was just read
    return place if number.rstrip("]").isdigit() else f"{place} {number.rstrip(']')}".strip()


CHECKS: tuple[Check, ...] = (
    a_dropped_stream_closes_itself,
    any_thread_may_close,
    threads_may_call_whatever_they_like,
    a_thousand_cycles_leave_nothing,
    hosts_may_come_and_go,
)
