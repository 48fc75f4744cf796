"""The tree of errors: what each is, says, and keeps when it is copied or sent."""

from __future__ import annotations

import copy
import pickle
import traceback

import pytest

import pcmio
from pcmio import errors
from pcmio.errors import AudioError, HostUnavailable

TREE: dict[str, tuple[type[AudioError], type[Exception]]] = {
    "InvalidInput": (AudioError, ValueError),
    "UnsupportedOperation": (AudioError, NotImplementedError),
    "UnsupportedConfig": (AudioError, ValueError),
    "HostUnavailable": (AudioError, ConnectionError),
    "HostDisconnected": (HostUnavailable, ConnectionError),
    "DeviceNotAvailable": (AudioError, LookupError),
    "DeviceLost": (errors.DeviceNotAvailable, LookupError),
    "DeviceBusy": (AudioError, BlockingIOError),
    "PermissionDenied": (AudioError, PermissionError),
    "ResourceExhausted": (AudioError, MemoryError),
    "OperationTimeout": (AudioError, TimeoutError),
    "OperationInterrupted": (AudioError, InterruptedError),
    "StreamClosed": (AudioError, RuntimeError),
    "StreamInvalidated": (AudioError, RuntimeError),
    "BackendError": (AudioError, OSError),
}
KINDS: list[type[AudioError]] = [AudioError, *(getattr(errors, name) for name in TREE)]
every_kind = pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.__name__)


def test_the_tree_is_whole() -> None:
    defined = {
        name for name, kind in vars(errors).items() if isinstance(kind, type) and issubclass(kind, AudioError)
    } - {"AudioError"}
    assert defined == set(TREE)
    assert all(getattr(pcmio, name) is getattr(errors, name) for name in (*TREE, "StopStream", "AbortStream"))


@pytest.mark.parametrize("name", TREE)
def test_every_error_is_its_parent_and_the_fitting_built_in(name: str) -> None:
    parent, built_in = TREE[name]
    kind = getattr(errors, name)
    assert issubclass(kind, parent)
    assert issubclass(kind, built_in)
    assert kind.__doc__


@pytest.mark.parametrize("name", TREE)
def test_the_tree_in_the_docstring_is_the_tree(name: str) -> None:
    line = next(line for line in (errors.__doc__ or "").splitlines() if f"── {name} " in line)
    parent, built_in = TREE[name]
    assert line.startswith("    │   └──") == (parent is not AudioError)
    assert parent is not AudioError or f" {built_in.__name__} " in line


def test_signals_of_callbacks_are_no_errors() -> None:
    assert not issubclass(errors.StopStream, AudioError)
    assert not issubclass(errors.AbortStream, AudioError)


@every_kind
def test_an_error_says_what_which_call_which_code_and_what_to_do(kind: type[AudioError]) -> None:
    error = kind("it broke", call="snd_pcm_open", code=-16, advice="wait")
    assert str(error) == "it broke [snd_pcm_open: -16]; wait"
    assert (error.message, error.call, error.code, error.advice) == ("it broke", "snd_pcm_open", -16, "wait")


@every_kind
def test_an_error_says_no_more_than_it_knows(kind: type[AudioError]) -> None:
    assert str(kind("it broke")) == "it broke"
    assert str(kind("it broke", call="snd_pcm_open")) == "it broke [snd_pcm_open]"
    assert str(kind("it broke", advice="wait")) == "it broke; wait"
    assert str(kind()) == ""
    assert kind("it broke", call="f", code=0).code == 0
    assert str(kind("it broke", call="f", code=0)) == "it broke [f: 0]"


@every_kind
def test_an_error_reads_well_in_a_traceback_and_a_repr(kind: type[AudioError]) -> None:
    error = kind("it broke", call="f", code=1)
    assert repr(error) == f"{kind.__name__}('it broke')"
    assert traceback.format_exception_only(kind, error)[-1] == f"pcmio.errors.{kind.__name__}: it broke [f: 1]\n"


@every_kind
def test_an_error_survives_pickling_and_copying(kind: type[AudioError]) -> None:
    error = kind("it broke", call="f", code=1, advice="wait")
    copies = [pickle.loads(pickle.dumps(error, protocol)) for protocol in range(pickle.HIGHEST_PROTOCOL + 1)]
    for back in (*copies, copy.copy(error), copy.deepcopy(error)):
        assert type(back) is kind
        assert back is not error
        assert (str(back), back.args, vars(back)) == (str(error), error.args, vars(error))


def test_what_is_added_to_an_error_survives_too() -> None:
    error = HostUnavailable("no server", tried=(("socket", "refused"),))
    error.hint = "look at the log"  # type: ignore[attr-defined]
    back = copy.copy(error)
    assert vars(back) == vars(error)
    assert str(back) == str(error)


class Peculiar(errors.BackendError):
    """A user's error, made of something else."""

    def __init__(self, channel: int, *, strict: bool) -> None:
        super().__init__(f"channel {channel}", call="open_channel", code=channel)
        self.strict = strict


def test_a_users_error_made_of_something_else_survives_too() -> None:
    error = Peculiar(7, strict=True)
    for back in (pickle.loads(pickle.dumps(error)), copy.deepcopy(error)):
        assert type(back) is Peculiar
        assert (str(back), back.strict, back.code) == ("channel 7 [open_channel: 7]", True, 7)


@pytest.mark.parametrize("kind", [HostUnavailable, errors.HostDisconnected])
def test_an_unavailable_host_says_what_was_tried(kind: type[HostUnavailable]) -> None:
    error = kind("no library", advice="install it", tried=(("libx.so.1", "not found"), ("libx.so", "is a script")))
    assert str(error) == "no library; install it; tried:\n  libx.so.1: not found\n  libx.so: is a script"
    assert kind("no library").tried == ()


def test_errors_can_be_raised_from_each_other_and_caught_as_built_ins() -> None:
    busy = errors.DeviceBusy("taken")
    with pytest.raises(TimeoutError) as caught:
        raise errors.OperationTimeout("too late") from busy
    assert caught.value.__cause__ is busy


def test_errors_of_the_system_kind_carry_no_made_up_number() -> None:
    for kind in KINDS:
        if issubclass(kind, OSError):
            error = kind("it broke", code=5)
            assert error.errno is None
            assert error.filename is None
