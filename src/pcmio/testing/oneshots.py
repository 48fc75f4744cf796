"""Arrays that are played and recorded in one call."""

from __future__ import annotations

import asyncio
from contextlib import ExitStack, contextmanager

from pcmio.configs import StreamConfig
from pcmio.errors import AudioError, OperationTimeout
from pcmio.formats import SampleFormat
from pcmio.oneshot import play, play_record, record
from pcmio.testing.configs import must_raise
from pcmio.testing.signals import FramesLost, Noise
from pcmio.testing.waiting import PATIENCE_SECONDS, until

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Generator
    from typing import Any

    from pcmio.contract import Host
    from pcmio.oneshot import Playback, Recording
    from pcmio.testing.rig import Check, Rig

_CHANNELS = 2
_NEARLY_ALL = 0.5
_NO_LOOP = "not applicable: the rig has no loop"


def _noise(rig: Rig, seconds: float) -> Noise:
    return Noise(SampleFormat.F32, _CHANNELS, round(seconds * rig.sample_rate), seed=31)


def _play(rig: Rig, host: Host, data: Any) -> Playback:
    return play(data, rig.sample_rate, device=rig.output_device(host), **rig.options_for("output"))


@contextmanager
def _open_loop(rig: Rig) -> Generator[Host]:
    """A host whose loop has the output's format: where both share a card's one format, it is the output's to choose."""
    with rig.open_host() as host, ExitStack() as held:
        if rig.mixes:
            config = StreamConfig(_CHANNELS, rig.sample_rate)
            held.enter_context(rig.output_device(host).open_writer(config, **rig.options_for("output")))
        yield host


def _record(rig: Rig, host: Host, seconds: float) -> Recording:
    device, options = rig.input_device(host), rig.options_for("input")
    return record(seconds, rate=rig.sample_rate, channels=_CHANNELS, device=device, **options)


def an_array_is_played_and_another_recorded(rig: Rig) -> str | None:
    """Every frame of the one is in the other; both tell how far they are, and when they are done."""
    if not rig.loops:
        return _NO_LOOP
    noise = _noise(rig, 0.5)
    with _open_loop(rig) as host:
        take = _record(rig, host, 3.0)
        until(lambda: take.position > 0, "the first recorded block")
        assert not take.done
        must_raise(OperationTimeout, lambda: take.wait(0))
        playback = _play(rig, host, noise.frames)
        assert playback.wait(PATIENCE_SECONDS), "the array was not played to its end"
        assert playback.done
        assert playback.position == len(noise.frames)
        recorded = take.wait(PATIENCE_SECONDS)
        assert recorded.shape == (3 * rig.sample_rate, _CHANNELS)
        assert take.done
        assert take.position == len(recorded)
        noise.assert_within(recorded)
    return None


def what_is_played_and_recorded_is_aligned(rig: Rig) -> str | None:
    """Frame n of the recording is frame n of the array, as exactly as the rig says.

    In every take; in most where that is not to the frame: such times are guesses, and worse on a busy machine.
    """
    if not rig.loops:
        return _NO_LOOP
    noise = _noise(rig, 0.5)
    off: list[tuple[int, int]] = []
    takes, most_off = (5, 2) if rig.alignment_frames else (3, 0)
    for _ in range(takes):
        with rig.open_host() as host:
            take = play_record(
                noise.frames,
                rig.sample_rate,
                channels=_CHANNELS,
                output=rig.output_device(host),
                input=rig.input_device(host),
                output_options=rig.options_for("output"),
                input_options=rig.options_for("input"),
            )
            try:
                late = _late_by(noise, take.wait(PATIENCE_SECONDS))
            except AssertionError as error:
                raise (FramesLost if take.xruns else AssertionError)(
                    f"{error}; {take.xruns} xruns were told"
                ) from error
            if abs(late) > rig.alignment_frames:
                off.append((late, take.xruns))
    if len(off) > most_off:
        told = f"recordings are so many frames late, and were told so many xruns: {off}"
        raise (FramesLost if all(xruns for _, xruns in off) else AssertionError)(told)
    return None


def _late_by(noise: Noise, recorded: Any) -> int:
    """How many frames later than played the frames were recorded; most of them are there, unchanged."""
    import numpy as np

    assert recorded.shape == noise.frames.shape
    middle = len(recorded) // 2
    places = np.flatnonzero((noise.frames == recorded[middle]).all(axis=1))
    assert places.size == 1, f"the frame in the middle, {recorded[middle]}, is not of the array"
    late = middle - int(places[0])
    heard, played = (recorded[late:], noise.frames[: len(recorded) - late])
    if late < 0:
        heard, played = recorded[:late], noise.frames[-late:]
    same = (heard == played).all(axis=1).mean()  # nearly all, where a busy machine costs a few
    assert same > _NEARLY_ALL, f"only {same:.0%} of the frames are where the one in the middle is"
    return late


def an_array_that_plays_can_be_stopped(rig: Rig) -> None:
    """At once, and whoever waits is told that it is over; a recording keeps what it has."""
    with rig.open_host() as host:
        if rig.output is not None:
            noise = _noise(rig, 20)
            playback = _play(rig, host, noise.frames)
            until(lambda: playback.position > 0, "the device to take frames")
            playback.stop()
            assert playback.done
            assert playback.wait(0)
            assert playback.position < len(noise.frames)
        if rig.input is not None:
            take = _record(rig, host, 20)
            until(lambda: take.position > 0, "the first recorded block")
            take.stop()
            assert take.done
            assert 0 < len(take.wait(0)) < 20 * rig.sample_rate


def arrays_are_awaited(rig: Rig) -> str | None:
    """In an event loop, which goes on meanwhile."""
    if not rig.loops:
        return _NO_LOOP
    noise = _noise(rig, 0.3)

    async def both(host: Host) -> Any:
        take = _record(rig, host, 2.0)
        await asyncio.to_thread(until, lambda: take.position > 0, "the first recorded block")
        await _play(rig, host, noise.frames)
        return await take

    with _open_loop(rig) as host:
        noise.assert_within(asyncio.run(both(host)))
    return None


def a_lost_device_ends_a_playback_with_its_error(rig: Rig) -> str | None:
    """Whoever waits learns of it, each time."""
    if rig.lose_device is None or rig.output is None:
        return "not applicable: this rig's device cannot be lost"
    with rig.open_host() as host:
        playback = _play(rig, host, _noise(rig, 20).frames)
        until(lambda: playback.position > 0, "the device to take frames")
        bring_back = rig.lose_device(host)
        try:
            for _ in range(2):
                must_raise(AudioError, lambda: playback.wait(PATIENCE_SECONDS), "gone")
            assert playback.done
        finally:
            bring_back()
    return None


CHECKS: tuple[Check, ...] = (
    an_array_is_played_and_another_recorded,
    what_is_played_and_recorded_is_aligned,
    an_array_that_plays_can_be_stopped,
    arrays_are_awaited,
    a_lost_device_ends_a_playback_with_its_error,
)
