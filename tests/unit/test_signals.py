"""A recording that lacks frames is told apart from one that is wrong."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from pcmio import SampleFormat
from pcmio.testing import FramesLost, Noise
from pcmio.testing.signals import assert_nothing_lost

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


def test_told_losses() -> None:
    assert_nothing_lost(0)
    with pytest.raises(FramesLost, match="3 frames were told as lost"):
        assert_nothing_lost(3)
