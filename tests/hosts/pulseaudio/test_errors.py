"""Every number of libpulse's becomes an error that says what to do."""

from __future__ import annotations

import pytest

import pcmio
from pcmio.hosts.pulseaudio import abi, errors
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
