"""The half of ``host.watch()`` that all hosts share: comparing, queueing, waiting, ending."""

from __future__ import annotations

import asyncio
import logging
import os
import subprocess
import sys
import threading
import time
import weakref
from typing import TYPE_CHECKING, Any

import pytest

import pcmio
from pcmio import (
    DefaultChanged,
    DeviceAdded,
    DeviceChanged,
    DeviceDescription,
    DeviceId,
    DeviceRemoved,
    Direction,
    EventsDropped,
    HostBack,
    HostDisconnected,
    HostLost,
    OperationTimeout,
)
from pcmio._feed import MOST_EVENTS, differences
from pcmio._watch import Sighting, Source, View, Watches
from pcmio.hosts.null import NullHost
from pcmio.testing import until
from tests.unit.header import ROOT

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

PATIENCE = 20.0


def seen(name: str, words: str = "A device", incarnation: int = 0) -> Sighting:
    return Sighting(DeviceId("test", name), DeviceDescription(words, Direction.OUTPUT), incarnation)


ONE, OTHER = seen("one"), seen("other")


# --- views ------------------------------------------------------------------------------------------------------------


def test_views_that_are_equal_have_no_differences() -> None:
    view = View((ONE, OTHER), ONE.id, None)
    assert list(differences(view, View((OTHER, ONE), ONE.id, None))) == []


def test_what_went_is_told_before_what_came_and_defaults_last() -> None:
    assert list(differences(View((ONE,), ONE.id), View((OTHER,), OTHER.id, OTHER.id))) == [
        DeviceRemoved(ONE.id, ONE.description),
        DeviceAdded(OTHER.id, OTHER.description),
        DefaultChanged(Direction.OUTPUT, ONE.id, OTHER.id),
        DefaultChanged(Direction.INPUT, None, OTHER.id),
    ]


def test_another_description_is_a_change_and_another_incarnation_a_new_device() -> None:
    renamed, anew = seen("one", "Another"), seen("one", "A device", 1)
    assert list(differences(View((ONE,)), View((renamed,)))) == [DeviceChanged(ONE.id, renamed.description)]
    assert list(differences(View((ONE,)), View((anew,)))) == [
        DeviceRemoved(ONE.id, ONE.description),
        DeviceAdded(ONE.id, ONE.description),
    ]


# --- the queue --------------------------------------------------------------------------------------------------------


@pytest.fixture
def host() -> Iterator[NullHost]:
    host = pcmio.host("null")
    assert isinstance(host, NullHost)
    with host:
        yield host


def toggle(host: NullHost, times: int) -> None:
    for _ in range(times):
        host.misfortune.unplug("null:tone")
        host.misfortune.plug("null:tone")


def test_a_full_queue_says_how_many_events_it_threw_away_and_keeps_the_latest(host: NullHost) -> None:
    with host.watch() as watch:
        toggle(host, MOST_EVENTS)
        assert watch.get() == EventsDropped(MOST_EVENTS)
        rest = [watch.get() for _ in range(MOST_EVENTS)]
        assert isinstance(rest[-1], DeviceAdded)
        with pytest.raises(OperationTimeout):
            watch.get(0)


def test_every_watch_gets_every_event(host: NullHost) -> None:
    with host.watch() as one, host.watch() as other:
        toggle(host, 1)
        assert [one.get(0), one.get(0)] == [other.get(0), other.get(0)]


def test_several_tasks_share_a_watch_and_a_cancelled_one_takes_nothing(host: NullHost) -> None:
    async def tasks() -> list[object]:
        async with host.watch() as watch:
            waiting = [asyncio.ensure_future(anext(watch)) for _ in range(3)]
            await asyncio.sleep(0)
            waiting[0].cancel()
            toggle(host, 1)
            return [await one for one in waiting[1:]]

    assert {type(event) for event in asyncio.run(tasks())} == {DeviceRemoved, DeviceAdded}


def test_a_host_is_closed_while_another_thread_watches_it(host: NullHost) -> None:
    kept = [host.watch() for _ in range(50)]
    over = threading.Event()

    def watch() -> None:
        while not over.is_set() and len(kept) < 1000:
            kept.append(host.watch())

    interval = sys.getswitchinterval()
    watching = threading.Thread(target=watch)
    watching.start()
    try:
        sys.setswitchinterval(1e-6)
        for _ in range(200):
            host.close()
    finally:
        sys.setswitchinterval(interval)
        over.set()
        watching.join(PATIENCE)
    host.close()
    assert all(watch.closed for watch in kept)


def test_an_event_loop_that_was_closed_harms_nobody(host: NullHost) -> None:
    watch = host.watch()
    loop = asyncio.new_event_loop()
    waiting = loop.create_task(anext(watch))
    loop.run_until_complete(asyncio.sleep(0))
    waiting.cancel()
    loop.close()
    toggle(host, 1)
    assert isinstance(watch.get(0), DeviceRemoved)
    watch.close()


def test_a_watch_that_is_dropped_closes_itself_and_says_so(host: NullHost) -> None:
    told: list[object] = []
    watches = [host.watch(told.append)]
    gone = weakref.ref(watches[0])
    threads = threading.active_count()
    with pytest.warns(ResourceWarning, match="without close"):
        watches.clear()
    assert gone() is None
    until(lambda: threading.active_count() == threads - 1, "the end of its thread")


def test_an_error_that_nobody_asked_for_is_logged(host: NullHost, caplog: pytest.LogCaptureFixture) -> None:
    def fails(_event: object) -> None:
        raise ArithmeticError("nobody asked")

    watches = [host.watch(fails)]
    toggle(host, 1)
    until(lambda: watches[0].closed, "the end of the watch")
    with caplog.at_level(logging.ERROR, "pcmio"):
        watches.clear()
    assert "nobody asked" in caplog.text


def test_what_cannot_be_called_is_no_callback(host: NullHost) -> None:
    with pytest.raises(pcmio.InvalidInput, match="on_event"):
        host.watch(3)  # type: ignore[arg-type]


def test_a_host_that_is_written_without_a_watch_says_that_it_has_none() -> None:
    from tests.unit.test_contract import SomeHost

    with pytest.raises(pcmio.UnsupportedOperation, match="cannot be watched"):
        SomeHost().watch()


def test_a_host_whose_server_is_not_there_is_watched_and_told_when_it_comes() -> None:
    from tests.unit.test_contract import SomeHost

    class Absent(SomeHost):
        there = False

        def devices(self) -> Any:
            if not self.there:
                raise HostDisconnected("nobody answers")
            return super().devices()

    host = Absent()
    watches = Watches(host)
    watch = watches.open(None)
    lost = watch.get(0)
    assert isinstance(lost, HostLost)
    assert "nobody answers" in str(lost.error)
    watches.changed()
    with pytest.raises(OperationTimeout):
        watch.get(0)
    host.there = True
    watches.changed()
    assert isinstance(watch.get(0), HostBack)
    assert isinstance(watch.get(0), DeviceAdded)
    host.there = False
    watches.changed()
    watch.close()


def test_an_error_that_nobody_asked_for_is_logged_when_the_program_ends(host: NullHost) -> None:
    code = """
import time, pcmio
from pcmio.hosts.null import NullDeviceSpec, NullKind
def fails(event): raise ArithmeticError("in the callback")
host = pcmio.host("null")
watch = host.watch(fails)
host.misfortune.plug(NullDeviceSpec("headset", NullKind.SINK))
while not watch.closed: time.sleep(0.01)
print("leaving")
"""
    del host
    environment = {**os.environ, "PYTHONPATH": str(ROOT / "src")}
    command = [sys.executable, "-c", code]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=2 * PATIENCE, check=False)
    assert (done.returncode, done.stdout) == (0, "leaving\n")
    assert "the program ends with a watch and nobody asked for its error" in done.stderr
    assert "ArithmeticError: in the callback" in done.stderr


# --- sources ----------------------------------------------------------------------------------------------------------


class Script(Source):
    """A system that does what a test says."""

    def __init__(self) -> None:
        self.view = View((ONE,))
        self.there = True
        self.bug: Exception | None = None
        self.calls: list[str] = []
        self._news = threading.Event()
        self._ended = False

    def open(self) -> None:
        self.calls.append("open")
        if not self.there:
            raise HostDisconnected("not there")

    def look(self) -> View:
        if self.bug is not None:
            raise self.bug
        return self.view

    def wait(self) -> None:
        if not self._ended:
            self._news.wait()
            self._news.clear()
        if not self.there:
            raise HostDisconnected("gone")

    def wake(self) -> None:
        self._ended = True
        self._news.set()

    def shut(self) -> None:
        self.calls.append("shut")

    def happen(self, view: View) -> None:
        self.view = view
        self._news.set()


def watching(source: Source, on_event: Callable[[pcmio.HostEvent], object] | None = None) -> pcmio.Watch:
    return Watches(pcmio.host("null"), View).ask(on_event, source)


def test_a_source_is_looked_at_whenever_it_has_news() -> None:
    source = Script()
    with watching(source) as watch:
        source.happen(View((ONE, OTHER)))
        assert watch.get(PATIENCE) == DeviceAdded(OTHER.id, OTHER.description)
    assert source.calls == ["open", "shut"]


def test_a_source_that_is_lost_is_opened_again_until_it_is_back() -> None:
    source = Script()
    with watching(source) as watch:
        source.there = False
        source.happen(View())
        lost = watch.get(PATIENCE)
        assert isinstance(lost, HostLost)
        assert str(lost.error) == "gone"
        until(lambda: source.calls.count("open") > 3, "attempts")
        source.view, source.there = View((OTHER,), OTHER.id), True
        assert watch.get(PATIENCE) == HostBack()
        assert watch.get(PATIENCE) == DeviceAdded(OTHER.id, OTHER.description)
        assert watch.get(PATIENCE) == DefaultChanged(Direction.OUTPUT, None, OTHER.id)


def test_a_source_whose_answers_are_of_no_use_is_asked_less_and_less_often() -> None:
    source = Script()
    source.bug = HostDisconnected("of no use")
    with watching(source) as watch:
        lost = watch.get(PATIENCE)
        assert isinstance(lost, HostLost)
        assert str(lost.error) == "of no use"
        time.sleep(0.3)
        assert source.calls.count("open") < 10
        assert source.calls[1::2] == ["shut"] * len(source.calls[1::2]), "nothing is left behind"
        source.bug = None
        assert watch.get(PATIENCE) == HostBack()
        assert watch.get(PATIENCE) == DeviceAdded(ONE.id, ONE.description)


def test_closing_does_not_wait_for_a_server_that_is_gone() -> None:
    source = Script()
    source.there = False
    watch = watching(source)
    assert isinstance(watch.get(PATIENCE), HostLost)
    watch.close()
    assert not [thread for thread in threading.enumerate() if thread.name == "pcmio watch null"]


def test_a_bug_of_a_source_ends_the_watch_and_reaches_its_owner() -> None:
    source = Script()
    watch = watching(source)
    source.bug = RuntimeError("a bug")
    source.happen(View())
    with pytest.raises(RuntimeError, match="a bug"):
        watch.get(PATIENCE)
    assert watch.closed
    watch.close()
    assert source.calls[-1] == "shut"
