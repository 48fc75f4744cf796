"""What the hosts of sound servers share, without a server."""

from __future__ import annotations

import os
import threading
from typing import Any

import pytest

from pcmio._own_lock import OwnLock
from pcmio._served import ConnectionKeeper, ServerOptions, SharedConnection, choose_places
from pcmio.errors import AudioError, HostDisconnected, InvalidInput

FL, FR, FC, LFE, RL, RR = 3, 4, 5, 6, 12, 13


class Options(ServerOptions):
    """Options of a host of somebody's."""

    server: str | None = None


class Stream:
    """A guest that knows whether it was cut."""

    def __init__(self) -> None:
        self.was_cut = False

    def cut(self) -> None:
        self.was_cut = True


class Connection(SharedConnection[Stream]):
    """One to nowhere, which tells what was asked of it."""

    def __init__(self) -> None:
        super().__init__()
        self._native = 17
        self.ready = True
        self.freed: list[int] = []
        self.farewells = 0

    def _is_ready(self) -> bool:
        return self.ready

    def _closed(self) -> AudioError:
        return HostDisconnected("closed")

    def _free_native(self, native: int) -> None:
        self.freed.append(native)

    def _left(self) -> None:
        self.farewells += 1


def test_channels_go_in_the_standard_order_whatever_order_a_device_has_them_in() -> None:
    assert choose_places((FL, FR), (FL, FR), None) == (FL, FR)
    assert choose_places((FL, FR), (FR, FL), None) == (FL, FR)
    assert choose_places((FL, FR, FC, LFE, RL, RR), (FL, FR, RL, RR, FC, LFE), None) == (FL, FR, FC, LFE, RL, RR)


def test_channels_go_straight_through_where_a_device_has_as_many_in_other_places() -> None:
    assert choose_places((FL, FR), (0x1000, 0x1001), None) == (0x1000, 0x1001)
    assert choose_places((FL, FR), (0x1000, 0x1001, 0x1002), None) == (FL, FR)
    assert choose_places((FL, FR), (), None) == (FL, FR)


def test_channels_go_where_they_are_told_to() -> None:
    assert choose_places((FL, FR), (FL, FR), (LFE, FC)) == (LFE, FC)
    with pytest.raises(InvalidInput, match=r"names 1 channels, and the stream has 2.*name one for each"):
        choose_places((FL, FR), (FL, FR), (LFE,))


@pytest.mark.parametrize("timeout", [0, -1, True, "3", 1e12, float("inf"), float("nan"), None])
def test_a_timeout_is_a_number_of_seconds(timeout: Any) -> None:
    with pytest.raises(InvalidInput, match="option timeout takes seconds, more than 0"):
        Options(timeout=timeout)


@pytest.mark.parametrize("name", ["server", "application_name", "application_icon"])
@pytest.mark.parametrize("text", ["", "a\0b", 3, b"x"])
def test_what_a_server_is_told_is_text(name: str, text: Any) -> None:
    with pytest.raises(InvalidInput, match=f"option {name} takes text"):
        Options(**{name: text})


@pytest.mark.parametrize("name", ["application_name", "application_icon"])
def test_what_mixers_show_is_text_that_utf_8_has(name: str) -> None:
    wrong: dict[str, Any] = {name: "caf\udce9"}
    with pytest.raises(InvalidInput, match=f"option {name} takes text"):
        Options(**wrong)
    assert Options(server="/run/caf\udce9/native").server == "/run/caf\udce9/native", "a path may have any bytes"


@pytest.mark.parametrize(
    ("program", "shown"),
    [
        (["/usr/bin/radio"], "radio"),
        (["/usr/bin/caf\udce9"], "caf?"),
        (["-c"], "Python"),
        ([""], "Python"),
        ([], "Python"),
    ],
)
def test_mixers_show_the_program(monkeypatch: pytest.MonkeyPatch, program: list[str], shown: str) -> None:
    monkeypatch.setattr("sys.argv", program)
    assert Options().name == shown
    assert Options(application_name="Other").name == "Other"


def test_a_connection_lives_until_it_is_closed_and_cuts_who_is_on_it() -> None:
    connection, stream = Connection(), Stream()
    assert connection.join(stream) == 17
    connection.close()
    connection.close()
    assert stream.was_cut
    assert connection.freed == [17]
    assert not connection.usable
    connection.leave(stream)
    assert connection.farewells == 0
    with pytest.raises(HostDisconnected):
        connection.join(stream)


def test_a_retired_connection_goes_with_its_last_stream() -> None:
    connection, first, second = Connection(), Stream(), Stream()
    connection.join(first)
    connection.join(second)
    connection.retire()
    connection.leave(first)
    assert (connection.freed, connection.farewells) == ([], 1)
    connection.leave(second)
    assert connection.freed == [17]
    assert (first.was_cut, second.was_cut) == (False, False)


def test_a_retired_connection_without_streams_goes_at_once() -> None:
    connection = Connection()
    connection.retire()
    assert connection.freed == [17]


def test_a_dropped_connection_gives_all_back() -> None:
    connection = Connection()
    freed = connection.freed
    del connection
    assert freed == [17]


def test_a_forked_child_frees_nothing_and_uses_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    connection = Connection()
    monkeypatch.setattr(os, "getpid", lambda: -1)
    assert connection.inherited
    assert not connection.usable
    connection.close()
    assert connection.freed == []


def test_a_host_makes_a_connection_when_it_needs_one_and_another_when_it_is_lost() -> None:
    keeper = ConnectionKeeper(Connection)
    assert keeper.now is None
    first = keeper.get()
    assert keeper.get() is first
    first.ready = False
    second = keeper.get()
    assert second is not first
    assert (first.freed, second.freed) == ([17], [])
    keeper.close()
    keeper.close()
    assert second.freed == [17]
    assert keeper.now is None


def test_what_no_server_answers_leaves_a_host_as_it_was() -> None:
    def refuse() -> Connection:
        raise HostDisconnected("nobody there")

    keeper = ConnectionKeeper(refuse)
    with pytest.raises(HostDisconnected, match="nobody there"):
        keeper.get()
    assert keeper.now is None


def test_a_lock_of_the_parents_is_free_in_a_forked_child(monkeypatch: pytest.MonkeyPatch) -> None:
    lock = OwnLock()
    with lock:
        assert not lock.acquire(timeout=0)
    lock.acquire()
    monkeypatch.setattr(os, "getpid", lambda: -1)
    with lock:
        assert not lock.acquire(timeout=0)
    assert lock.acquire(timeout=0)


def test_a_forked_child_connects_anew_whatever_its_parent_was_about(monkeypatch: pytest.MonkeyPatch) -> None:
    """Another thread of the parent's may have had the lock, and is not there to give it back."""
    keeper = ConnectionKeeper(Connection)
    first = keeper.get()
    with keeper._lock:
        monkeypatch.setattr(os, "getpid", lambda: -1)
        made: list[Connection] = []
        getting = threading.Thread(target=lambda: made.append(keeper.get()), daemon=True)
        getting.start()
        getting.join(20)
        assert made, "the child waits for ever"
    assert made[0] is not first
    assert first.freed == []
