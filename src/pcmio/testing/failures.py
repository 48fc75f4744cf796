"""Devices and servers that go away under a stream, in each of its states."""

from __future__ import annotations

from pcmio.errors import AudioError, DeviceLost, HostDisconnected, HostUnavailable, StopStream, StreamClosed
from pcmio.events import EndReason, StreamEnded, StreamState
from pcmio.testing.configs import must_raise
from pcmio.testing.signals import Counter, Events
from pcmio.testing.waiting import PATIENCE_SECONDS, until

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from pcmio.contract import Device, Host, Stream
    from pcmio.testing.rig import Check, Rig
    from pcmio.timestamps import CallbackInfo

STATES = (StreamState.STOPPED, StreamState.RUNNING, StreamState.PAUSED, StreamState.DRAINING)
#: Of a stream that drains: long enough to be lost meanwhile.
_DEPTH_SECONDS = 5.0
_DRAIN_SECONDS = 4


class _Filler(Counter):
    """Gives silence for a while, and then no more."""

    def __init__(self, frames: int) -> None:
        super().__init__()
        self._most = frames

    def __call__(self, block: Any, info: CallbackInfo) -> None:
        super().__call__(block, info)
        if self.frames > self._most:
            raise StopStream


def stream_in(rig: Rig, device: Device, state: StreamState, events: Events, **options: Any) -> Stream:
    """An output stream that has come to a state."""
    draining = state is StreamState.DRAINING
    counter = _Filler(_DRAIN_SECONDS * rig.sample_rate) if draining else Counter()
    depth = _DEPTH_SECONDS if draining else "balanced"
    stream = device.build_output_stream(rig.config(), counter, events, depth=depth, **options)
    if state is not StreamState.STOPPED:
        stream.start()
        until(lambda: counter.calls > 2, "blocks")
    if state is StreamState.PAUSED:
        stream.pause()
    until(lambda: stream.state is not StreamState.RUNNING or not draining, "the stream draining")
    assert stream.state is state
    return stream


def ends_once(stream: Stream, events: Events, error: type[AudioError], reason: EndReason) -> None:
    """A stream ends of itself: told once, raised once, and not to be started again."""
    until(lambda: bool(events.of(StreamEnded)), f"the end of a stream ({reason}) being told")
    assert stream.state is StreamState.CLOSED
    assert stream.reason is reason, f"{stream.reason}, {events.all}"
    got = must_raise(error, lambda: stream.wait(PATIENCE_SECONDS))
    assert str(got)
    must_raise(StreamClosed, stream.start)
    stream.close()
    stream.close()
    assert len(events.of(StreamEnded)) == 1
    assert stream.position >= 0


def a_lost_device_ends_its_stream_once(rig: Rig) -> str | None:
    """In every state: told as an event, raised to the owner, listed no more; back again, it works again."""
    if rig.lose_device is None or rig.output is None:
        return "not applicable: no device of this rig can be lost"
    for state in STATES:
        with rig.open_host() as host:
            stream = stream_in(rig, rig.output_device(host), state, events := Events())
            bring_back = rig.lose_device(host)
            try:
                ends_once(stream, events, DeviceLost, EndReason.DEVICE_LOST)
                until(lambda: rig.output not in {str(d.id) for d in host.devices()}, "the device leaving the list")
            finally:
                bring_back()
            until(lambda: rig.output in {str(d.id) for d in host.devices()}, "the device being back")
            _plays(rig, host)
    return None


def a_lost_server_ends_its_streams_once(rig: Rig) -> str | None:
    """In every state; meanwhile the host says that it is not there, and afterwards the same object works again."""
    if not rig.can_lose_its_server or rig.output is None:
        return "not applicable: this host has no server to kill"
    for state in STATES:
        with rig.open_host() as host:
            stream = stream_in(rig, rig.output_device(host), state, events := Events())
            start_again = rig.lose_server(host)
            try:
                ends_once(stream, events, HostDisconnected, EndReason.HOST_LOST)
                must_raise(HostUnavailable, host.check_available)
                must_raise(HostUnavailable, host.devices)
                must_raise(HostUnavailable, lambda: _build(rig, host))
            finally:
                start_again()
            until(lambda: answers(host), "the server answering again")
            _plays(rig, host)
    return None


def a_server_lost_while_draining_frees_the_owner(rig: Rig) -> str | None:
    """``stop()`` without a limit does not wait for ever."""
    if not rig.can_lose_its_server or rig.output is None:
        return "not applicable: this host has no server to kill"
    with rig.open_host() as host:
        stream = rig.output_device(host).build_output_stream(rig.config(), counter := Counter(), depth=5.0)
        stream.start()
        until(lambda: counter.frames > 2 * rig.sample_rate, "two seconds being ready")
        assert stream.stop(0.01) is False or stream.state is StreamState.STOPPED
        stream.start()
        until(lambda: stream.position > 0, "frames moving")
        start_again = rig.lose_server(host)
        try:
            must_raise(HostDisconnected, stream.stop)
            stream.close()
        finally:
            start_again()
        until(lambda: answers(host), "the server answering again")
    return None


def a_closed_host_takes_its_streams_along(rig: Rig) -> str | None:
    """Closing a host under a running stream ends it; nothing hangs."""
    if rig.output is None:
        return "not applicable: no output"
    host = rig.open_host()
    stream = rig.output_device(host).build_output_stream(rig.config(), counter := Counter(), events := Events())
    stream.start()
    until(lambda: counter.calls > 2, "blocks")
    host.close()
    ends_once(stream, events, HostDisconnected, EndReason.HOST_LOST)
    return None


def _build(rig: Rig, host: Host) -> None:
    rig.output_device(host).build_output_stream(rig.config(), Counter()).close()


def answers(host: Host) -> bool:
    """Whether it is there."""
    try:
        host.check_available()
    except AudioError:
        return False
    return True


def _plays(rig: Rig, host: Host) -> None:
    counter = Counter()
    device: Callable[[], object] = lambda: rig.output_device(host)  # noqa: E731 - asked again and again
    until(lambda: _found(device), "the device being found")
    with rig.output_device(host).build_output_stream(rig.config(), counter) as stream:
        until(lambda: stream.position > rig.block_frames, "frames moving again")


def _found(device: Callable[[], object]) -> bool:
    try:
        device()
    except AudioError:
        return False
    return True


CHECKS: tuple[Check, ...] = (
    a_lost_device_ends_its_stream_once,
    a_lost_server_ends_its_streams_once,
    a_server_lost_while_draining_frees_the_owner,
    a_closed_host_takes_its_streams_along,
)
