"""A recording that lacks frames is told apart from one that is wrong."""

from __future__ import annotations

from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from pcmio import SampleFormat, StreamStats
from pcmio.testing import FramesLost, Noise
from pcmio.testing.signals import assert_no_xruns, assert_nothing_lost, losses_of

if TYPE_CHECKING:
    from collections.abc import Callable

NOISE = Noise(SampleFormat.F32, 2, 1000)
SILENCE = np.zeros((64, 2), np.float32)


def around(*pieces: Any) -> Any:
    return np.concatenate([SILENCE, *pieces, SILENCE])


def silenced(frames: Any) -> Any:
    changed = frames.copy()
    changed[256:512] = 0
    return changed


def test_what_is_whole_passes() -> None:
    NOISE.assert_within(around(NOISE.frames))


@pytest.mark.parametrize(
    "recorded",
    [
        pytest.param(around(silenced(NOISE.frames)), id="silence-in-place"),
        pytest.param(around(NOISE.frames[:256], NOISE.frames[512:]), id="left-out-with-no-silence"),
        pytest.param(around(NOISE.frames[:256], SILENCE, NOISE.frames[256:]), id="silence-between"),
        pytest.param(around(NOISE.frames[:256], SILENCE, NOISE.frames[300:]), id="silence-for-less"),
        pytest.param(around(NOISE.frames[:700]), id="no-end"),
        pytest.param(around(NOISE.frames[300:]), id="no-beginning"),
    ],
)
def test_missing_frames_are_told_as_such(recorded: Any) -> None:
    with pytest.raises(FramesLost, match=r"frame \d+ of 1000 is|700 frames were heard instead of 1000"):
        NOISE.assert_within(recorded)


@pytest.mark.parametrize(
    "changed",
    [
        pytest.param(lambda frames: frames * np.float32(0.5), id="quieter"),
        pytest.param(lambda frames: frames[:, ::-1], id="channels-exchanged"),
        pytest.param(lambda frames: np.concatenate([frames, frames[-10:]]), id="doubled"),
        pytest.param(lambda frames: np.concatenate([frames[512:], SILENCE, frames[:512]]), id="order"),
        pytest.param(lambda frames: np.concatenate([frames[:256], SILENCE, frames[200:]]), id="repeated"),
    ],
)
def test_what_is_wrong_is_no_loss(changed: Callable[[Any], Any]) -> None:
    with pytest.raises(AssertionError) as caught:
        NOISE.assert_within(around(changed(NOISE.frames)))
    assert not isinstance(caught.value, FramesLost)


def test_silence_alone_is_wrong() -> None:
    with pytest.raises(AssertionError, match="nothing but silence") as caught:
        NOISE.assert_within(SILENCE)
    assert not isinstance(caught.value, FramesLost)


@pytest.mark.parametrize(
    ("recorded", "error"),
    [
        pytest.param(around(NOISE.frames[:256], SILENCE, NOISE.frames[256:]), None, id="whole"),
        pytest.param(around(silenced(NOISE.frames)), FramesLost, id="missing"),
        pytest.param(around(NOISE.frames, NOISE.frames[-10:]), AssertionError, id="doubled"),
        pytest.param(around(NOISE.frames[512:], NOISE.frames[:512]), AssertionError, id="order"),
        pytest.param(around(NOISE.frames * np.float32(0.5)), AssertionError, id="quieter"),
    ],
)
def test_pieces_are_whole_or_lack_frames_or_are_wrong(recorded: Any, error: type[BaseException] | None) -> None:
    assert raised(NOISE.assert_heard_in_pieces, recorded) is error


@pytest.mark.parametrize(
    ("recorded", "error"),
    [
        pytest.param(around(NOISE.frames[:300]), None, id="a-beginning"),
        pytest.param(around(NOISE.frames[:256], SILENCE, NOISE.frames[256:300]), None, id="with-silence"),
        pytest.param(SILENCE, None, id="nothing"),
        pytest.param(around(NOISE.frames[:256], NOISE.frames[300:400]), FramesLost, id="missing"),
        pytest.param(around(NOISE.frames[:256], NOISE.frames[200:300]), AssertionError, id="repeated"),
        pytest.param(around(NOISE.frames, NOISE.frames[:10]), AssertionError, id="more-than-the-whole"),
    ],
)
def test_a_beginning_is_one_or_lacks_frames_or_is_none(recorded: Any, error: type[BaseException] | None) -> None:
    assert raised(NOISE.assert_begins_with, recorded) is error


def raised(call: Callable[[Any], None], recorded: Any) -> type[BaseException] | None:
    try:
        call(recorded)
    except AssertionError as error:
        return type(error)
    return None


def test_told_losses() -> None:
    assert_nothing_lost(0)
    with pytest.raises(FramesLost, match="3 frames were told as lost"):
        assert_nothing_lost(3)
    assert_no_xruns(StreamStats())
    with pytest.raises(FramesLost, match="2 xruns of 0 frames were told"):
        assert_no_xruns(StreamStats(xruns=2))


@pytest.mark.parametrize(("xruns", "kind"), [(0, AssertionError), (1, FramesLost)])
def test_what_fails_is_a_loss_only_where_one_was_told(xruns: int, kind: type[BaseException]) -> None:
    well, ill = (SimpleNamespace(stats=StreamStats(xruns=count)) for count in (0, xruns))
    with losses_of(well, ill):  # type: ignore[arg-type]
        pass
    with pytest.raises(AssertionError, match="too short") as caught, losses_of(well, ill):  # type: ignore[arg-type]
        raise AssertionError("too short")
    assert type(caught.value) is kind
    with pytest.raises(ZeroDivisionError), losses_of(ill):  # type: ignore[arg-type]
        raise ZeroDivisionError


def test_frames_that_were_made_elsewhere_are_recognised_as_well() -> None:
    part = Noise.of(SampleFormat.F32, NOISE.frames[300:400])
    part.assert_within(around(NOISE.frames[300:400]))
    with pytest.raises(FramesLost):
        part.assert_within(around(NOISE.frames[310:400]))
