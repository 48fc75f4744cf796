"""``pcmio stress``: sizes are tried, and the smallest that held is named."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

import pcmio
from pcmio.cli.stress import Trial, best_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from pcmio.hosts.null import NullHost

    from .conftest import Ran

TRIAL_KEYS = [
    *("frames", "buffer_seconds", "tried_seconds", "held", "xruns", "xrun_frames", "latency", "wake_max"),
    *("callback_max", "error"),
]
QUICK = ("--seconds", "0.2", "--from", "1024", "--to", "512")


def test_each_size_is_tried_and_the_smallest_that_held_is_named(call: Callable[..., Ran]) -> None:
    ran = call("stress", "--host", "null", *QUICK, "--json")
    told = ran.json
    assert list(told) == ["device", "direction", "sample_rate", "depth", "load", "trials", "smallest", "interrupted"]
    assert all(list(trial) == TRIAL_KEYS for trial in told["trials"])
    assert [trial["frames"] for trial in told["trials"]][:2] == [1024, 512]
    # Whatever the machine's load: what held lost nothing, and what is named has held.
    assert all(trial["xruns"] == 0 for trial in told["trials"] if trial["held"])
    assert (ran.code == 0) == (told["smallest"] is not None)
    if told["smallest"] is not None:
        assert told["smallest"] in told["trials"]
        assert told["smallest"]["tried_seconds"] == pytest.approx(0.6)


def test_people_get_a_table(call: Callable[..., Ran]) -> None:
    ran = call("stress", "--record", "--device", "tone", *QUICK, "--load", "1", "--depth", "0.3")
    lines = ran.out.splitlines()
    assert lines[0] == "Test tone, 440 Hz (null:tone)"
    assert lines[1].split()[:2] == ["Frames", "ms"]
    assert lines[2].split()[:2] == ["1024", "21.3"]
    assert lines[-1].startswith(("The smallest buffer that held: ", "No size held."))


def test_a_size_that_loses_frames_has_not_held(
    call: Callable[..., Ran], null: NullHost, meanwhile: Callable[..., None]
) -> None:
    def lose() -> None:
        for bus in null.buses(null.spec("null:sink")):
            bus.skip(100)

    meanwhile("null:sink", lose)
    ran = call("stress", "--from", "512", "--to", "512", "--seconds", "1.5", "--json")
    (trial,) = ran.json["trials"]
    assert (trial["held"], trial["xruns"] >= 1, trial["xrun_frames"] >= 100) == (False, True, True)
    assert (ran.code, ran.json["smallest"]) == (1, None)


def test_sizes_that_a_device_does_not_have_are_passed_over(call: Callable[..., Ran], null: NullHost) -> None:
    null.misfortune.order("build", pcmio.UnsupportedConfig("not so many"))
    ran = call("stress", *QUICK, "--json")
    first, second, *_ = ran.json["trials"]
    assert (first["error"], first["tried_seconds"], first["held"]) == ("not so many", 0.0, False)
    assert second["error"] is None


def trial(frames: int, seconds: float, *, held: bool) -> Trial:
    return Trial(frames, frames / 48_000, seconds, held)


def test_what_failed_once_is_not_named() -> None:
    tried = [trial(256, 1, held=True), trial(128, 1, held=True), trial(64, 1, held=False), trial(128, 3, held=False)]
    assert best_of(tried) == tried[0]
    assert best_of([*tried, confirmed := trial(256, 3, held=True)]) == confirmed
    assert best_of(tried[2:]) is None


def test_sizes_the_wrong_way_round_are_told(call: Callable[..., Ran]) -> None:
    ran = call("stress", "--host", "null", "--from", "64", "--to", "128")
    assert ran.code == 2
    assert "--to 128 is more than --from 64" in ran.err
