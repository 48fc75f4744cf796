"""Every number of libpulse's becomes an error that says what to do."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

import pcmio
from pcmio.hosts.pulseaudio import HostOptions, abi, errors
from pcmio.hosts.pulseaudio.control import Control
from pcmio.hosts.pulseaudio.library import libraries

CODES = {name: value for name, value in vars(abi).items() if name.startswith("PA_ERR_")}


@pytest.mark.parametrize("name", CODES)
def test_every_number_has_libpulses_words_and_advice(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LC_ALL", "C")
    code = CODES[name]
    kind, words, advice = errors.KINDS[code]
    assert issubclass(kind, pcmio.AudioError)
    assert (libraries().pulse.pa_strerror(code) or b"").decode() == words
    assert advice
    error = errors.from_code("the stream", "pa_stream_cork", code)
    assert (type(error), error.call, error.code, error.advice) == (kind, "pa_stream_cork", code, advice)
    assert str(error) == f"the stream: {words} [pa_stream_cork: {code}]; {advice}"


def test_a_number_of_a_newer_library_is_kept() -> None:
    error = errors.from_code("the stream", "pa_stream_cork", 99)
    assert (type(error), error.code) == (pcmio.BackendError, 99)


@pytest.mark.parametrize("name", CODES)
def test_a_connection_that_fails_is_unavailable_or_not_permitted(name: str) -> None:
    error = errors.from_connection("", CODES[name])
    assert isinstance(error, (pcmio.HostUnavailable, pcmio.PermissionDenied))
    assert not isinstance(error, pcmio.HostDisconnected)
    assert error.advice


def test_what_a_connected_program_may_not_do_is_no_matter_of_cookies() -> None:
    assert "cookie" in str(errors.from_connection("", abi.PA_ERR_ACCESS))
    refused = errors.from_code("a stream on mic", "pa_stream_connect_record", abi.PA_ERR_ACCESS)
    assert isinstance(refused, pcmio.PermissionDenied)
    assert "cookie" not in str(refused)
    assert "snap connect" in str(refused)


def asking(code: int) -> Control:
    """A connection whose server answers every question with an error."""
    control, stand_in = Control(HostOptions()), SimpleNamespace(pa_context_errno=lambda _context: code)
    for name in ("server_info", "sink_info_list", "source_info_list", "sink_info_by_name", "source_info_by_name"):
        setattr(stand_in, f"pa_context_get_{name}", lambda *_: 1)
    pulse: Any = stand_in
    control._pulse = pulse
    return control


def questions(control: Control) -> list[tuple[Any, tuple[Any, ...]]]:
    """Those there are, and what libpulse calls back with for an error."""
    asked = [
        (control._server(), (None, None, None)),
        (control._list(is_sink=True), (None, None, -1, None)),
        (control._named("a", is_sink=False), (None, None, -1, None)),
    ]
    for question, _ in asked:
        question.send(question)
    return asked


def test_a_question_that_the_server_refuses_is_an_error_and_no_empty_answer() -> None:
    for question, answer in questions(asking(abi.PA_ERR_ACCESS)):
        question.callback(*answer)
        assert question.done
        with pytest.raises(pcmio.PermissionDenied):
            question.check()


@pytest.mark.parametrize("code", [abi.PA_ERR_NOENTITY, abi.PA_ERR_INVALID])
def test_that_no_device_has_a_name_is_an_answer(code: int) -> None:
    _, _, (named, answer) = questions(asking(code))
    named.callback(*answer)
    named.check()
    assert named.done
    assert named.found == []
