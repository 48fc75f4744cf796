"""Devices that come and go, defaults that change, servers that die and return, as a watch tells of them."""

# ruff: noqa: B023 - what is handed to until() in a loop is called there and then

from __future__ import annotations

import asyncio
import gc
import threading
import time
from functools import partial

from pcmio.descriptions import Direction
from pcmio.errors import DeviceLost, HostDisconnected, OperationTimeout, UnsupportedOperation
from pcmio.events import (
    DefaultChanged,
    DeviceAdded,
    DeviceRemoved,
    EndReason,
    HostBack,
    HostLost,
    Rerouted,
    StreamEnded,
    StreamState,
)
from pcmio.testing.configs import must_raise
from pcmio.testing.failures import STATES, answers, ends_once, stream_in
from pcmio.testing.lifetimes import MEMORY_BYTES, holdings, left_behind
from pcmio.testing.signals import Events
from pcmio.testing.waiting import PATIENCE_SECONDS, until

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from pcmio.contract import Host, Watch
    from pcmio.events import HostEvent
    from pcmio.testing.rig import Check, Rig

_WATCHES = 100
_WARM_UP = 8
_NOT_WATCHED = "not applicable: this host cannot be watched"
_NOT_PLUGGED = "not applicable: no device can be plugged in here"


def _wait_for(watch: Watch, what: str, holds: Callable[[HostEvent], bool]) -> list[HostEvent]:
    """Take events up to the one that holds; all of them."""
    taken: list[HostEvent] = []
    while True:
        try:
            event = watch.get(PATIENCE_SECONDS)
        except OperationTimeout:
            raise AssertionError(f"waited in vain for {what}; told was {taken}") from None
        assert event is not None, f"the watch has ended before {what}"
        taken.append(event)
        if holds(event):
            return taken


def _added(device_id: str) -> Callable[[HostEvent], bool]:
    return lambda event: isinstance(event, DeviceAdded) and str(event.id) == device_id


def _removed(device_id: str) -> Callable[[HostEvent], bool]:
    return lambda event: isinstance(event, DeviceRemoved) and str(event.id) == device_id


def _default(device_id: str) -> Callable[[HostEvent], bool]:
    return lambda event: (
        isinstance(event, DefaultChanged) and event.direction is Direction.OUTPUT and str(event.new) == device_id
    )


def _ids(host: Host) -> set[str]:
    return {str(device.id) for device in host.devices()}


def a_host_without_watch_says_so(rig: Rig) -> str | None:
    """Nothing is promised that is not kept."""
    if rig.watches:
        return "not applicable: this host can be watched"
    with rig.open_host() as host:
        must_raise(UnsupportedOperation, host.watch)
    return None


def a_watch_tells_what_is_plugged_and_unplugged(rig: Rig) -> str | None:
    """With the words of the listing; each once; the listing agrees; the same id may come again."""
    if not rig.watches or rig.plug is None:
        return _NOT_PLUGGED
    with rig.open_host() as host, host.watch() as watch:
        before = _ids(host)
        for _ in range(3):
            device_id, unplug = rig.plug(host)
            assert device_id not in before
            try:
                told = _wait_for(watch, f"{device_id} being added", _added(device_id))
                assert len([event for event in told if isinstance(event, DeviceAdded) and event == told[-1]]) == 1
                until(lambda: device_id in _ids(host), "the device being listed")
            finally:
                unplug()
            told = _wait_for(watch, f"{device_id} being removed", _removed(device_id))
            assert not [event for event in told if _added(device_id)(event)], told
            until(lambda: _ids(host) == before, "the device not being listed")
    return None


def nothing_is_lost_between_a_watch_and_a_listing(rig: Rig) -> str | None:
    """Whatever the moment at which a device is plugged in: it is listed, or told, or both."""
    if not rig.watches or rig.plug is None:
        return _NOT_PLUGGED
    with rig.open_host() as host:
        for _ in range(10):
            plugged: list[tuple[str, Callable[[], None]]] = []
            thread = threading.Thread(target=lambda: plugged.append(rig.plug(host)))  # type: ignore[misc]
            thread.start()
            with host.watch() as watch:
                known = _ids(host)
                thread.join(PATIENCE_SECONDS)
                ((device_id, unplug),) = plugged
                try:
                    if device_id not in known:
                        _wait_for(watch, "the device being told", _added(device_id))
                finally:
                    unplug()
                _wait_for(watch, "the device being removed", _removed(device_id))
    return None


def a_watch_ends_when_it_is_closed(rig: Rig) -> str | None:
    """A loop in another thread ends; closing again is harmless; the host's end is the watch's."""
    if not rig.watches:
        return _NOT_WATCHED
    with rig.open_host() as host:
        for close in ("watch", "host"):
            watch = host.watch()
            assert not watch.closed
            looping = threading.Thread(target=partial(list[object], watch))
            looping.start()
            (watch if close == "watch" else host).close()
            looping.join(PATIENCE_SECONDS)
            assert not looping.is_alive(), "the loop goes on"
            assert watch.closed
            assert watch.get() is None
            assert list(watch) == []
            watch.close()
    return None


def a_watch_waits_no_longer_than_it_is_told(rig: Rig) -> str | None:
    """``get`` raises when its time has passed, and works again afterwards."""
    if not rig.watches:
        return _NOT_WATCHED
    with rig.open_host() as host, host.watch() as watch:
        for seconds in (0, 0.1):
            before = time.monotonic()
            must_raise(OperationTimeout, partial(watch.get, seconds))
            assert seconds <= time.monotonic() - before < seconds + 2
    return None


def a_watch_calls_back_on_a_thread_of_its_own(rig: Rig) -> str | None:
    """Always the same, which may close the watch; an exception ends it, and reaches the owner."""
    if not rig.watches or rig.plug is None:
        return _NOT_PLUGGED
    with rig.open_host() as host:
        told: list[tuple[int, HostEvent]] = []
        error = ZeroDivisionError("in the callback")

        def on_event(event: HostEvent) -> None:
            told.append((threading.get_ident(), event))
            if isinstance(event, DeviceRemoved):
                raise error

        watch = host.watch(on_event)
        must_raise(UnsupportedOperation, watch.get)
        device_id, unplug = rig.plug(host)
        try:
            until(lambda: any(_added(device_id)(event) for _, event in told), "the device being told")
        finally:
            unplug()
        until(lambda: watch.closed, "the end of the watch")
        assert must_raise(ZeroDivisionError, watch.close) is error
        watch.close()
        assert len({thread for thread, _ in told}) == 1
        assert threading.get_ident() not in {thread for thread, _ in told}
        _closes_itself(rig, host)
    return None


def _closes_itself(rig: Rig, host: Host) -> None:
    assert rig.plug is not None
    watches: list[Watch] = []
    watches.append(host.watch(lambda _event: watches[0].close()))
    _, unplug = rig.plug(host)
    until(lambda: watches[0].closed, "the watch closing itself")
    unplug()
    watches[0].close()


def a_watch_serves_an_event_loop(rig: Rig) -> str | None:
    """``async for`` without a thread of its own; whoever is cancelled takes no event along; closing ends it."""
    if not rig.watches or rig.plug is None:
        return _NOT_PLUGGED
    with rig.open_host() as host:
        asyncio.run(_serve(rig, host))
    return None


async def _serve(rig: Rig, host: Host) -> None:
    assert rig.plug is not None
    async with host.watch() as watch:
        threads = threading.active_count()
        for _ in range(3):
            impatient = asyncio.ensure_future(anext(watch))
            await asyncio.sleep(0.01)
            assert threading.active_count() == threads
            impatient.cancel()
            await asyncio.gather(impatient, return_exceptions=True)
        device_id, unplug = await asyncio.to_thread(rig.plug, host)
        try:
            await asyncio.wait_for(_until(watch, _added(device_id)), PATIENCE_SECONDS)
        finally:
            await asyncio.to_thread(unplug)
        await asyncio.wait_for(_until(watch, _removed(device_id)), PATIENCE_SECONDS)
        rest = asyncio.ensure_future(_all(watch))
        await asyncio.sleep(0.01)
        watch.close()
        await asyncio.wait_for(rest, PATIENCE_SECONDS)


async def _until(watch: Watch, holds: Callable[[HostEvent], bool]) -> None:
    async for event in watch:
        if holds(event):
            return
    raise AssertionError("the watch has ended")


async def _all(watch: Watch) -> list[HostEvent]:
    return [event async for event in watch]


def a_watch_outlives_its_server(rig: Rig) -> str | None:
    """``HostLost`` once, ``HostBack`` once, then a ``DeviceAdded`` for each device; in a second round too."""
    if not rig.watches or not rig.can_lose_its_server:
        return "not applicable: this host has no server to kill"
    with rig.open_host() as host, host.watch() as watch:
        for _ in range(2):
            _goes_and_returns(rig, host, watch)
    return None


def _goes_and_returns(rig: Rig, host: Host, watch: Watch) -> None:
    start_again = rig.lose_server(host)
    try:
        told = _wait_for(watch, "the loss being told", lambda event: isinstance(event, HostLost))
        assert not [event for event in told[:-1] if isinstance(event, HostBack)]
        assert isinstance(told[-1], HostLost)
        assert str(told[-1].error)
    finally:
        start_again()
    told = _wait_for(watch, "the return being told", lambda event: isinstance(event, HostBack))
    assert not [event for event in told[:-1] if isinstance(event, HostLost)]
    until(lambda: answers(host), "the server answering")
    _mirrors(host, watch)


def _mirrors(host: Host, watch: Watch) -> None:
    """What is told after the return adds up to the listing."""
    known: set[str] = set()
    end = time.monotonic() + PATIENCE_SECONDS
    while known != _ids(host):
        assert time.monotonic() < end, f"told: {known}, listed: {_ids(host)}"
        try:
            event = watch.get(0.1)
        except OperationTimeout:
            continue
        assert not isinstance(event, (HostLost, HostBack)), event
        if isinstance(event, DeviceAdded):
            assert str(event.id) not in known, f"{event.id} is told twice"
            known.add(str(event.id))
        elif isinstance(event, DeviceRemoved):
            known.remove(str(event.id))


def a_watch_may_begin_without_a_server(rig: Rig) -> str | None:
    """It says so first, and tells when the server has come."""
    if not rig.watches or not rig.can_lose_its_server:
        return "not applicable: this host has no server to kill"
    with rig.open_host() as host:
        start_again = rig.lose_server(host)
        try:
            watch = host.watch()
            assert isinstance(watch.get(PATIENCE_SECONDS), HostLost)
            must_raise(OperationTimeout, lambda: watch.get(0.05))
        finally:
            start_again()
        assert isinstance(watch.get(PATIENCE_SECONDS), HostBack)
        _mirrors(host, watch)
        watch.close()
    return None


def another_default_is_told_and_followed(rig: Rig) -> str | None:
    """By the watch, and by streams that follow it, once each; streams that do not stay where they are."""
    if not rig.watches or rig.plug is None or rig.set_default is None:
        return "not applicable: no other default can be chosen here"
    with rig.open_host() as host, host.watch() as watch:
        old = host.default_output_device()
        assert old is not None
        device_id, unplug = rig.plug(host)
        try:
            _wait_for(watch, "the device being added", _added(device_id))
            follows, stays = Events(), Events()
            stream = stream_in(rig, old, StreamState.RUNNING, follows, follow="default")
            other = stream_in(rig, old, StreamState.RUNNING, stays, follow="never")
            follows.all.clear()
            rig.set_default(host, device_id)
            told = _wait_for(watch, "the default being told", _default(device_id))
            assert told[-1] == DefaultChanged(Direction.OUTPUT, old.id, told[-1].new)  # type: ignore[attr-defined]
            until(lambda: bool(follows.of(Rerouted)), "the stream being moved")
            assert follows.all == [Rerouted(str(old.id), device_id)]
            at = stream.position
            until(lambda: stream.position > at + rig.sample_rate // 10, "frames moving on the new device")
        finally:
            unplug()
        _wait_for(watch, "the device being removed", _removed(device_id))
        until(lambda: len(follows.all) >= 2, "what becomes of the stream being told")
        assert len(follows.all) == 2, follows.all
        event = follows.all[-1]
        if isinstance(event, Rerouted):
            assert event.old == device_id
            assert event.new != device_id
        else:
            assert isinstance(event, StreamEnded)
            must_raise(DeviceLost, stream.wait)
        assert stays.all == []
        stream.close()
        other.close()
        rig.set_default(host, str(old.id))
        until(lambda: host.default_output_device() == old, "the default being as before")
    return None


def a_hundred_pluggings_leave_nothing(rig: Rig) -> str | None:
    """With a stream on the device in each of its states: told once each, descriptors, threads and memory constant."""
    if not rig.watches or rig.plug is None:
        return _NOT_PLUGGED
    with rig.open_host() as host, host.watch() as watch:

        def cycle(turn: int) -> None:
            assert rig.plug is not None
            device_id, unplug = rig.plug(host)
            try:
                _wait_for(watch, f"{device_id} being added", _added(device_id))
                device, events = host.device_by_id(device_id), Events()
                stream = stream_in(rig, device, STATES[turn % len(STATES)], events, **rig.options_for("plugged"))
            finally:
                unplug()
            _wait_for(watch, f"{device_id} being removed", _removed(device_id))
            ends_once(stream, events, DeviceLost, EndReason.DEVICE_LOST)

        _leaves_nothing(rig, cycle, rig.pluggings)
    return None


def a_hundred_restarts_leave_nothing(rig: Rig) -> str | None:
    """With a stream in each of its states: told once each, descriptors, threads and memory constant."""
    if not rig.watches or not rig.can_lose_its_server or rig.output is None:
        return "not applicable: this host has no server to kill"
    with rig.open_host() as host, host.watch() as watch:

        def cycle(turn: int) -> None:
            events = Events()
            stream = stream_in(rig, rig.output_device(host), STATES[turn % len(STATES)], events)
            start_again = rig.lose_server(host)
            try:
                _wait_for(watch, "the loss being told", lambda event: isinstance(event, HostLost))
                ends_once(stream, events, HostDisconnected, EndReason.HOST_LOST)
            finally:
                start_again()
            _wait_for(watch, "the return being told", lambda event: isinstance(event, HostBack))
            _wait_for(watch, "the device being told", _added(rig.output or ""))
            until(lambda: answers(host) and rig.output in _ids(host), "the device being back")

        _leaves_nothing(rig, cycle, rig.restarts)
    return None


def watches_may_come_and_go(rig: Rig) -> str | None:
    """A hundred, some with a callback: nothing is left."""
    if not rig.watches:
        return _NOT_WATCHED
    with rig.open_host() as host:

        def cycle(turn: int) -> None:
            host.watch(None if turn % 2 else Events()).close()

        _leaves_nothing(rig, cycle, _WATCHES)
    return None


def _leaves_nothing(rig: Rig, cycle: Callable[[int], None], times: int) -> None:
    before = holdings()
    for turn in range(-_WARM_UP, times):
        if turn == 0:
            before = holdings()
        cycle(turn % len(STATES))
        gc.collect()  # errors hold on to the streams they came from, which are large here
    grown = left_behind(before, rig.lost_descriptors)
    assert grown < MEMORY_BYTES, f"{grown} bytes more after {times} times"


CHECKS: tuple[Check, ...] = (
    a_host_without_watch_says_so,
    a_watch_tells_what_is_plugged_and_unplugged,
    nothing_is_lost_between_a_watch_and_a_listing,
    a_watch_ends_when_it_is_closed,
    a_watch_waits_no_longer_than_it_is_told,
    a_watch_calls_back_on_a_thread_of_its_own,
    a_watch_serves_an_event_loop,
    a_watch_outlives_its_server,
    a_watch_may_begin_without_a_server,
    another_default_is_told_and_followed,
    watches_may_come_and_go,
    a_hundred_pluggings_leave_nothing,
    a_hundred_restarts_leave_nothing,
)
