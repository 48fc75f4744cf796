"""``pcmio demo`` where there is no sound."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

import pcmio
from pcmio.cli import verify

from .loop import demo

if TYPE_CHECKING:
    from collections.abc import Callable

    from pcmio.hosts.null import NullHost

    from .conftest import Ran


def test_a_machine_without_sound_runs_it_on_null_and_is_told_so(run: Callable[..., Ran]) -> None:
    ran = demo(run)
    assert (ran.code, ran.err) == (0, "")
    lines = ran.out.splitlines()
    assert lines[0] == "No audio system answers on this machine:"
    assert "Null host" in ran.out
    assert "96000 of 96000 frames came back, to the bit" in ran.out
    assert lines[-1] == "pcmio works here."


def test_a_host_that_is_named_is_not_replaced(run: Callable[..., Ran]) -> None:
    assert run("demo", "--host", "pulseaudio").code == 3


def test_a_host_that_the_environment_names_is_not_replaced_either(run: Callable[..., Ran]) -> None:
    ran = run("demo", PCMIO_HOST="pulseaudio")
    assert (ran.code, ran.out) == (3, "")
    assert ran.err.startswith("pcmio: cannot connect to the PulseAudio server")


def test_a_server_that_dies_meanwhile_ends_it(call: Callable[..., Ran], null: NullHost) -> None:
    null.misfortune.order("build", pcmio.HostDisconnected("the server went away"))
    ran = call("demo")
    assert ran.code == 3
    assert "No audio system answers" not in ran.out
    assert ran.err.startswith("pcmio: the server went away")


@pytest.fixture
def sent() -> Any:
    return verify.sweep(0.5, 48_000, 0.2)


def test_a_whole_sound_is_found_where_it_is(sent: Any) -> None:
    heard = np.concatenate([np.zeros(1234, "f4"), sent, np.zeros(500, "f4")])
    assert verify.compare(sent, heard) == verify.Comparison(1234, pytest.approx(1), 24_000, 24_000, 24_000)  # type: ignore[arg-type]


def test_a_quieter_sound_is_whole_too(sent: Any) -> None:
    heard = np.concatenate([np.zeros(77, "f4"), np.round(sent * 0.25 * 32768) / 32768, np.zeros(10, "f4")])
    found = verify.compare(sent, heard)
    assert found.whole
    assert found.gain == pytest.approx(0.25, abs=1e-4)
    assert found.exact < found.sent


def test_a_gap_is_noticed(sent: Any) -> None:
    heard = np.concatenate(
        [np.zeros(100, "f4"), sent[:12_000], np.zeros(480, "f4"), sent[12_000:], np.zeros(100, "f4")]
    )
    assert not verify.compare(sent, heard).whole


def test_silence_and_too_little_are_noticed(sent: Any) -> None:
    assert verify.compare(sent, np.zeros(48_000, "f4")).gain == 0
    assert not verify.compare(sent, sent[:100]).whole
