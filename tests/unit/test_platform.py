"""Which hosts there are, how one is opened, and which is the default."""

from __future__ import annotations

import sys
from types import ModuleType
from typing import TYPE_CHECKING, Any

import pytest

import pcmio
from pcmio import platform
from pcmio.errors import AudioError, BackendError, HostUnavailable, InvalidInput, PermissionDenied, UnsupportedOperation
from pcmio.platform import HOSTS, HostEntry

if TYPE_CHECKING:
    from typing_extensions import Self


class FakeHost:
    """Answers or does not, and knows what it was opened with."""

    def __init__(self, host_id: str, options: dict[str, Any], error: AudioError | None) -> None:
        self.id = host_id
        self.options = options
        self.error = error
        self.closed = False

    def check_available(self) -> None:
        if self.error is not None:
            raise self.error

    def close(self) -> None:
        self.closed = True

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


class Machine:
    """A machine whose hosts are what a test says."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.monkeypatch = monkeypatch
        self.entries: dict[str, HostEntry] = {}
        self.opened: list[FakeHost] = []
        monkeypatch.delenv("PCMIO_HOST", raising=False)

    def has(
        self, host_id: str, *, chosen: bool = True, error: AudioError | None = None, unopened: AudioError | None = None
    ) -> None:
        """Add a host; ``error`` is what it answers, ``unopened`` what its opening raises."""

        def open_host(**options: Any) -> FakeHost:
            if unopened is not None:
                raise unopened
            host = FakeHost(host_id, options, error)
            self.opened.append(host)
            return host

        module = ModuleType(f"fake_{host_id}")
        vars(module)["open_host"] = open_host
        self.monkeypatch.setitem(sys.modules, module.__name__, module)
        self.entries[host_id] = HostEntry(host_id.title(), (), module.__name__, "start it", chosen)
        self.monkeypatch.setattr(platform, "HOSTS", self.entries)
        self.monkeypatch.setattr(platform, "ALL_HOSTS", tuple(self.entries))


@pytest.fixture
def machine(monkeypatch: pytest.MonkeyPatch) -> Machine:
    return Machine(monkeypatch)


# --- the table --------------------------------------------------------------------------------------------------------


def test_every_row_is_complete() -> None:
    for host_id, entry in HOSTS.items():
        assert host_id == host_id.lower()
        assert entry.name.lower().replace(" ", "") == host_id.replace("-", "")
        assert entry.module == f"pcmio.hosts.{host_id}"
        assert entry.advice


def test_the_null_host_is_last_everywhere_and_never_chosen() -> None:
    assert list(HOSTS)[-1] == "null"
    assert HOSTS["null"].platforms == ()
    assert not HOSTS["null"].chosen
    assert not HOSTS["jack"].chosen


def test_this_platforms_hosts_are_those_whose_rows_say_so() -> None:
    here = [
        host_id for host_id, entry in HOSTS.items() if not entry.platforms or sys.platform.startswith(entry.platforms)
    ]
    assert list(pcmio.ALL_HOSTS) == here
    assert "null" in here


# --- host() -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["one", "ONE", "One", " one "])
def test_a_host_is_opened_by_its_name_in_any_case(machine: Machine, name: str) -> None:
    machine.has("one")
    opened: Any = pcmio.host(name, client_name="synth")
    assert opened is machine.opened[0]
    assert opened.options == {"client_name": "synth"}
    assert not opened.closed


def test_opening_a_host_asks_nothing_of_it(machine: Machine) -> None:
    machine.has("one", error=HostUnavailable("asleep"))
    opened: Any = pcmio.host("one")
    assert opened.error is not None


def test_an_unknown_host_says_which_there_are(machine: Machine) -> None:
    machine.has("one")
    machine.has("two")
    with pytest.raises(InvalidInput) as caught:
        pcmio.host("three")
    assert str(caught.value) == "there is no host named 'three'; hosts here: one, two"


@pytest.mark.parametrize("wrong", [5, b"null", ["null"], object])
def test_a_hosts_name_is_text(wrong: Any) -> None:
    with pytest.raises(InvalidInput, match="a host's name is text, not "):
        pcmio.host(wrong)


def test_a_host_of_another_platform_says_so(machine: Machine) -> None:
    machine.has("one")
    machine.entries["amiga"] = HostEntry("Paula", ("amiga",), "fake_amiga", "buy one")
    with pytest.raises(InvalidInput) as caught:
        pcmio.host("amiga")
    assert str(caught.value) == f"Paula does not exist on {sys.platform}; hosts here: one"


def test_what_opening_raises_is_raised(machine: Machine) -> None:
    machine.has("one", unopened=UnsupportedOperation("no option x"))
    with pytest.raises(UnsupportedOperation):
        pcmio.host("one", x=1)


# --- default_host() and PCMIO_HOST ------------------------------------------------------------------------------------


def test_the_default_is_the_first_that_answers_and_others_are_closed(machine: Machine) -> None:
    machine.has("dead", error=HostUnavailable("no server"))
    machine.has("missing", unopened=HostUnavailable("no library"))
    machine.has("named", chosen=False)
    machine.has("alive")
    machine.has("also_alive")
    found: Any = pcmio.default_host(role="music")
    assert found.id == "alive"
    assert found.options == {"role": "music"}
    assert [(host.id, host.closed) for host in machine.opened] == [("dead", True), ("alive", False)]


def test_no_name_is_the_default(machine: Machine) -> None:
    machine.has("alive")
    found: Any = pcmio.host()
    assert found.id == "alive"
    found = pcmio.host(None, role="music")
    assert found.options == {"role": "music"}


def test_when_none_answers_the_error_says_why_each_does_not(machine: Machine) -> None:
    machine.has("dead", error=PermissionDenied("wrong cookie"))
    machine.has("missing", unopened=HostUnavailable("no library", advice="install it"))
    machine.has("null", chosen=False)
    with pytest.raises(HostUnavailable) as caught:
        pcmio.default_host()
    assert caught.value.tried == (("Dead", "wrong cookie"), ("Missing", "no library; install it"))
    assert str(caught.value) == (
        'no audio system answers; start one, name one (pcmio.host("jack")), or use pcmio.host("null") where there is '
        "no sound; tried:\n  Dead: wrong cookie\n  Missing: no library; install it"
    )


def test_a_bug_in_a_host_is_not_taken_for_silence(machine: Machine) -> None:
    machine.has("broken", unopened=None)
    vars(sys.modules["fake_broken"])["open_host"] = None
    with pytest.raises(TypeError):
        pcmio.default_host()


def test_the_environment_names_another_default(machine: Machine, monkeypatch: pytest.MonkeyPatch) -> None:
    machine.has("one")
    machine.has("two", chosen=False, error=HostUnavailable("asleep"))
    monkeypatch.setenv("PCMIO_HOST", "TWO")
    found: Any = pcmio.default_host(role="music")
    assert (found.id, found.options) == ("two", {"role": "music"})
    named: Any = pcmio.host("one")
    assert named.id == "one"


def test_an_empty_environment_names_none(machine: Machine, monkeypatch: pytest.MonkeyPatch) -> None:
    machine.has("one")
    monkeypatch.setenv("PCMIO_HOST", "")
    assert pcmio.default_host().id == "one"


def test_an_environment_that_names_nonsense_is_named(machine: Machine, monkeypatch: pytest.MonkeyPatch) -> None:
    machine.has("one")
    monkeypatch.setenv("PCMIO_HOST", "pulse")
    with pytest.raises(InvalidInput) as caught:
        pcmio.default_host()
    assert str(caught.value) == (
        "there is no host named 'pulse', which the environment variable PCMIO_HOST asks for; hosts here: one"
    )


# --- available_hosts() ------------------------------------------------------------------------------------------------


def test_available_hosts_are_those_that_answer_and_all_are_closed(machine: Machine) -> None:
    machine.has("one")
    machine.has("dead", error=BackendError("no"))
    machine.has("missing", unopened=HostUnavailable("no library"))
    machine.has("null", chosen=False)
    assert pcmio.available_hosts() == ["one", "null"]
    assert all(host.closed for host in machine.opened)


def test_the_null_host_is_always_available() -> None:
    assert pcmio.available_hosts()[-1] == "null"
    with pcmio.host("null") as host:
        assert host.id == "null"
        host.check_available()
