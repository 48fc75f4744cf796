"""Streams in both directions, with one callback."""

# ruff: noqa: B023 - what is handed to until() and must_raise() in a loop is called there and then

from __future__ import annotations

import threading
import time
from contextlib import suppress
from importlib.util import find_spec

from pcmio.callbacks import NativeCallback
from pcmio.configs import StreamConfig
from pcmio.errors import (
    AbortStream,
    DeviceLost,
    InvalidInput,
    StopStream,
    StreamClosed,
    UnsupportedConfig,
    UnsupportedOperation,
)
from pcmio.events import EndReason, StreamEnded, StreamState
from pcmio.formats import SampleFormat
from pcmio.testing.configs import must_raise
from pcmio.testing.failures import ends_once
from pcmio.testing.lifecycle import in_state
from pcmio.testing.signals import Events, Noise, Recorder
from pcmio.testing.waiting import PATIENCE_SECONDS, until
from pcmio.timestamps import CallbackInfo

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from pcmio.contract import EventCallback, Host
    from pcmio.duplex import DuplexInfo, DuplexStream
    from pcmio.testing.rig import Check, Rig

_ONE_DIRECTION = "not applicable: this rig has one direction only"
_NO_LOOP = "not applicable: the rig has no loop"
_ECHOES = 4
#: A mark's number is its amplitude, in these steps; none is taken for another.
_STEP = 2.0**-10
_MARKS = 1000
_MOST_CHANNELS = 6
_OTHER_RATE = 22_050
#: Kept ready where nothing may be lost.
_DEPTH_SECONDS = 0.5
_AT = 7  # of a block's frames is the mark
_SLEEP_SECONDS = 0.3  # longer than what the rings hold


def build(
    rig: Rig,
    host: Host,
    data: Callable[[Any, Any, DuplexInfo], object] | NativeCallback,
    on_event: EventCallback | None = None,
    *,
    config: StreamConfig | None = None,
    loop: StreamConfig | None = None,
    **options: Any,
) -> DuplexStream:
    """A duplex stream from the rig's input to its output, or from and to those that loop a config."""
    return rig.output_device(host, loop).build_duplex_stream(
        config or rig.config(),
        data,
        on_event,
        input=rig.input_device(host, loop),
        input_options=rig.options_for("input"),
        output_options=rig.options_for("output"),
        **options,
    )


def _slack(rig: Rig) -> int:
    return rig.alignment_frames if rig.pairing_frames is None else rig.pairing_frames


class Echoes:
    """A duplex callback that plays single frames, and tells how many frames later each came back."""

    def __init__(self) -> None:
        self.calls = 0
        self.late: list[int] = []  # of all that came back
        self.clean: list[int] = []  # of those during whose way nothing was lost
        self.xruns: list[DuplexInfo] = []
        self.act: Callable[[], object] | None = None
        self._played: dict[int, int] = {}
        self._number = 0

    def __call__(self, captured: Any, played: Any, info: DuplexInfo) -> None:
        """Note what came back, and play the next."""
        self.calls += 1
        if info.xrun:
            self.xruns.append(info)
        for frame in captured[:, 0].nonzero()[0]:
            began = self._played.pop(round(float(captured[frame, 0]) / _STEP), None)
            if began is not None:
                self._came_back(began, info.position + int(frame))
        if self.calls % 3 == 0:
            self._number = self._number % _MARKS + 1
            played[_AT] = self._number * _STEP
            self._played[self._number] = info.position + _AT
        if self.act is not None:
            act, self.act = self.act, None
            act()

    def _came_back(self, began: int, at: int) -> None:
        self.late.append(at - began)
        if not any(began - (at - began) <= one.position <= at for one in self.xruns[-20:]):
            self.clean.append(at - began)


def a_duplex_stream_has_the_states_of_others(rig: Rig) -> str | None:
    """Built stopped; called with two blocks of as many frames; paused, stopped, started again, closed once."""
    if rig.output is None or rig.input is None:
        return _ONE_DIRECTION
    blocks: list[tuple[Any, ...]] = []
    threads: set[int] = set()
    positions: list[int] = []

    def data(captured: Any, played: Any, info: DuplexInfo) -> None:
        blocks.append((captured.shape, played.shape, captured.flags.writeable, played.flags.writeable, played.any()))
        threads.add(threading.get_ident())
        positions.append(info.position)
        played[:] = _STEP

    with rig.open_host() as host:
        stream = build(rig, host, data, events := Events())
        assert (stream.state, stream.reason, stream.position) == (StreamState.STOPPED, None, 0)
        assert (str(stream.device.id), str(stream.input_device.id)) == (rig.output, rig.input)
        assert (stream.config.channels, stream.input_channels) == (2, 2)
        assert stream.input_config == stream.config
        assert stream.latency.frames == 0
        for _ in range(2):
            stream.start()
            until(lambda: len(blocks) > 3, "blocks")
            latency = stream.latency
            assert latency.frames >= rig.block_frames
            assert abs(latency.total - latency.frames / rig.sample_rate) < 1 / rig.sample_rate
            stream.pause()
            assert in_state(stream, StreamState.PAUSED)
            blocks.clear()
            stream.start()
            until(lambda: len(blocks) > 3, "blocks after the pause")
            assert stream.wait(0) is False
            stream.stop(0)
            assert in_state(stream, StreamState.STOPPED)
            blocks.clear()
        stream.start()
        until(lambda: len(blocks) > 3, "blocks after the stop")
        stream.close()
        assert set(blocks) == {((rig.block_frames, 2), (rig.block_frames, 2), False, True, False)}
        assert positions == sorted(set(positions))
        assert len(threads) == 1
        assert threading.get_ident() not in threads
        assert events.of(StreamEnded) == [StreamEnded(EndReason.CLOSED)]
        assert stream.stats.blocks > 0
        must_raise(StreamClosed, stream.start, "closed")
    return None


def what_is_played_comes_back_at_the_announced_frame(rig: Rig) -> str | None:
    """As exactly as the rig says, and the same after each restart."""
    if not rig.loops:
        return _NO_LOOP
    with rig.open_host() as host, build(rig, host, echoes := Echoes()) as stream:
        until(lambda: len(echoes.clean) >= _ECHOES, "echoes")
        announced = stream.latency.frames
        for _ in range(rig.duplex_restarts):
            stream.stop(0)
            echoes.clean.clear()
            stream.start()
            until(lambda: len(echoes.clean) >= _ECHOES, "echoes after a restart")
            assert stream.latency.frames == announced, f"{stream.latency.frames} frames in place of {announced}"
            beside = {late - announced for late in list(echoes.clean)}
            assert all(abs(one) <= _slack(rig) for one in beside), f"{beside} frames beside {announced}"
    return None


def xruns_keep_the_pairing(rig: Rig) -> str | None:
    """After a callback that slept too long: told, counted, and then the echoes come back where they did."""
    if not rig.loops:
        return _NO_LOOP
    with rig.open_host() as host, build(rig, host, echoes := Echoes(), depth="low") as stream:
        until(lambda: len(echoes.clean) >= _ECHOES, "echoes")
        announced, told = stream.latency.frames, len(echoes.xruns)
        echoes.act = lambda: time.sleep(_SLEEP_SECONDS)
        until(lambda: len(echoes.xruns) > told, "the xrun being told")
        assert stream.stats.xrun_frames > 0
        echoes.clean.clear()

        def right() -> bool:
            last = echoes.clean[-_ECHOES:]
            return len(last) == _ECHOES and all(abs(late - announced) <= _slack(rig) for late in last)

        until(right, "echoes at the announced frame again")
        assert stream.latency.frames == announced
    return None


def a_duplex_stream_takes_chosen_channels(rig: Rig) -> str | None:
    """Two of the output's, the last and the first; all of the input's, backwards, and one of them twice."""
    count = max((one for one in rig.channel_counts if one <= _MOST_CHANNELS), default=1)
    if not rig.loops or count == 1:
        return "not applicable: the rig has no loop of several channels"
    chosen, recorded = [count - 1, 0], [*reversed(range(count)), count - 1]
    device = [0.0] * count
    device[count - 1], device[0] = levels = 0.25, 0.5
    heard: list[list[float]] = []

    def data(captured: Any, played: Any, _info: DuplexInfo) -> None:
        heard.extend(captured[captured.any(axis=1)].tolist())
        played[_AT] = levels

    whole = rig.config(count)
    config = whole.replace(channels=chosen)
    with (
        rig.open_host() as host,
        build(rig, host, data, config=config, loop=whole, input_channels=recorded) as stream,
    ):
        assert (stream.config.channels, stream.config.device_channels) == (2, tuple(chosen))
        assert (stream.input_channels, stream.input_config.device_channels) == (count + 1, tuple(recorded))
        until(lambda: len(heard) >= _ECHOES, "echoes")
        assert heard[-1] == [device[channel] for channel in recorded]
        output, input_ = rig.output_device(host, whole), rig.input_device(host, whole)
        for channels, input_channels in (([0, 999], [0]), ([0], [999])):
            must_raise(
                UnsupportedConfig,
                lambda: output.build_duplex_stream(
                    config.replace(channels=channels), data, input=input_, input_channels=input_channels
                ),
                "999",
            )
    return None


def a_duplex_stream_that_never_converts_loses_no_bit(rig: Rig) -> str | None:
    """What is played in the device's own format comes back unchanged; a format that holds fewer bits is refused."""
    if not rig.loops:
        return _NO_LOOP
    if not rig.has_own_format:
        return "not applicable: the loop has another format than the output"
    with rig.open_host() as host:
        output = rig.output_device(host)
        own = output.default_output_config().sample_format
        config = rig.config(2, own)
        noise = Noise(own, 2, rig.sample_rate // 8, seed=23)
        recorder, player = Recorder(), noise.player()

        def data(captured: Any, played: Any, info: DuplexInfo) -> None:
            recorder(captured, CallbackInfo(0, 0, info.position, info.input_xrun_frames))
            with suppress(StopStream):
                player(played, CallbackInfo(0, 0, 0, 0))

        with build(rig, host, data, config=config, depth=_DEPTH_SECONDS, convert="never") as stream:
            until(lambda: stream.latency.frames > 0, "the pairing")
            end = len(noise.frames) + stream.latency.frames + _slack(rig) + rig.block_frames
            until(lambda: recorder.frames >= end, "the noise to come back")
        noise.assert_within(recorder.recorded())
        coarse = config.replace(sample_format=SampleFormat.I8)
        if own is not SampleFormat.I8 and not output.supports(coarse):
            must_raise(UnsupportedConfig, lambda: build(rig, host, data, config=coarse, convert="never"), "bits")
        must_raise(InvalidInput, lambda: build(rig, host, data, config=config, convert="perhaps"), "perhaps")
    return None


def a_duplex_stream_is_converted_on_demand(rig: Rig) -> str | None:
    """To another rate, whoever resamples: as loud, and where pcmio does it, at the announced frame."""
    if not rig.loops:
        return _NO_LOOP
    if find_spec("soxr") is None:
        return "not applicable: soxr is not installed"
    config = StreamConfig(2, _OTHER_RATE, 300)
    with rig.open_host() as host:
        is_native = rig.output_device(host).supports(config)
        # Of the host's own resamplers nobody promises anything.
        slack = -(-_slack(rig) * _OTHER_RATE // rig.sample_rate) + (_OTHER_RATE // 50 if is_native else 1)
        with build(rig, host, echo := _Swell(), config=config, convert="auto") as stream:
            assert stream.config == stream.input_config == config
            until(lambda: stream.latency.frames > 0, "the pairing")
            announced = stream.latency.frames
            until(lambda: len(echo.clean(announced, slack)) >= _ECHOES, "swells that come back")
            for late, level in echo.clean(announced, slack):
                assert abs(late - announced) <= slack, f"{late} frames in place of {announced}"
                assert abs(level - _Swell.LEVEL) < 0.02, f"it is heard at {level} instead of {_Swell.LEVEL}"
    return None


class _Swell:
    """A duplex callback that plays sounds without an edge, which no resampler changes."""

    LEVEL = 0.5
    _LENGTH, _EVERY = 255, 10  # frames of each; blocks from one to the next

    def __init__(self) -> None:
        import numpy as np

        self._sound: Any = self.LEVEL * np.hanning(self._LENGTH)
        self._heard: list[Any] = [np.zeros(0)]
        self._calls = 0
        self._played: list[int] = []
        self._frames = 0
        self._xruns: list[int] = []

    def __call__(self, captured: Any, played: Any, info: DuplexInfo) -> None:
        """Keep what came, and play."""
        import numpy as np

        self._heard.append(np.zeros(info.input_xrun_frames))
        self._calls += 1
        if self._calls % self._EVERY == 0:
            played[: self._LENGTH] = self._sound[:, np.newaxis]
            self._played.append(info.position)
        if info.xrun:
            self._xruns.append(info.position)
        self._heard.append(captured[:, 0].copy())
        self._frames = info.position + len(captured)

    def clean(self, announced: int, slack: int) -> list[tuple[int, float]]:
        """Of each that came back, and during whose way nothing was lost: how many frames later, and how loud."""
        import numpy as np

        end, played, around = self._frames, list(self._played), slack + self._LENGTH
        heard = np.concatenate(list(self._heard))
        found: list[tuple[int, float]] = []
        for at in played:
            low, high = max(0, at + announced - around), at + announced + around + self._LENGTH
            if high < end and not any(at <= one <= high + announced for one in self._xruns):
                peak = low + int(heard[low:high].argmax())
                found.append((peak - at - self._LENGTH // 2, float(heard[peak])))
        return found


def a_duplex_callback_may_end_its_stream(rig: Rig) -> str | None:
    """By StopStream, AbortStream, any error, or closing it; and pause it."""
    if rig.output is None or rig.input is None:
        return _ONE_DIRECTION
    outcomes = (
        (StopStream(), EndReason.FINISHED),
        (AbortStream(), EndReason.ABORTED),
        (ZeroDivisionError("here"), EndReason.CALLBACK_RAISED),
        (None, EndReason.CLOSED),
    )
    with rig.open_host() as host:
        for error, reason in outcomes:
            calls: list[int] = []

            def data(_captured: Any, _played: Any, info: DuplexInfo) -> None:
                calls.append(info.position)
                if len(calls) == 2 and reason is EndReason.FINISHED:
                    stream.pause()
                if len(calls) == 3:
                    if error is None:
                        stream.close()
                    else:
                        raise error

            stream = build(rig, host, data, events := Events())
            stream.start()
            if reason is EndReason.FINISHED:
                until(lambda: stream.state is StreamState.PAUSED, "the pause")
                stream.start()
            if reason is EndReason.CALLBACK_RAISED:
                assert must_raise(ZeroDivisionError, lambda: stream.wait(PATIENCE_SECONDS)) is error
            else:
                assert stream.wait(PATIENCE_SECONDS)
            assert stream.reason is reason
            stream.close()
            assert len(calls) == 3
            until(lambda: len(events.of(StreamEnded)) == 1, "the end being told")
            assert events.all[-1].reason is reason
    return None


def a_lost_device_ends_a_duplex_stream_once(rig: Rig) -> str | None:
    """Whichever side it was."""
    if rig.lose_device is None or rig.output is None or rig.input is None:
        return "not applicable: no device of this rig can be lost, or it has one direction only"
    with rig.open_host() as host:
        stream = build(rig, host, echoes := Echoes(), events := Events())
        stream.start()
        until(lambda: echoes.calls > 2, "blocks")
        bring_back = rig.lose_device(host)
        try:
            ends_once(stream, events, DeviceLost, EndReason.DEVICE_LOST)
        finally:
            bring_back()
    return None


def a_duplex_stream_refuses_what_it_cannot_do(rig: Rig) -> str | None:
    """Drift corrected for a native callback, a drift that is no choice, a device that has the other direction only."""
    if rig.output is None or rig.input is None:
        return _ONE_DIRECTION
    with rig.open_host() as host:
        must_raise(UnsupportedOperation, lambda: build(rig, host, NativeCallback(1), drift="correct"), "drift")
        must_raise(ValueError, lambda: build(rig, host, Echoes(), drift="ignore"), "'ignore'")
        must_raise(ValueError, lambda: build(rig, host, 7), "7")  # type: ignore[arg-type]
        for device in host.devices():
            if not device.supports_input:
                must_raise(
                    UnsupportedOperation,
                    lambda: rig.output_device(host).build_duplex_stream(rig.config(), Echoes(), input=device),
                    "input",
                )
    return None


CHECKS: tuple[Check, ...] = (
    a_duplex_stream_has_the_states_of_others,
    what_is_played_comes_back_at_the_announced_frame,
    xruns_keep_the_pairing,
    a_duplex_stream_takes_chosen_channels,
    a_duplex_stream_that_never_converts_loses_no_bit,
    a_duplex_stream_is_converted_on_demand,
    a_duplex_callback_may_end_its_stream,
    a_lost_device_ends_a_duplex_stream_once,
    a_duplex_stream_refuses_what_it_cannot_do,
)
