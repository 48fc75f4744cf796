"""What a stream tells its owner."""

from __future__ import annotations

import copy
import pickle

import pytest

import pcmio
from pcmio import (
    BufferChanged,
    ClocksDrift,
    DeviceLost,
    EndReason,
    RealtimeDenied,
    Rerouted,
    Resumed,
    StreamEnded,
    StreamEvent,
    StreamState,
    Suspended,
    VolumeChanged,
    events,
)

EVENTS: list[StreamEvent] = [
    StreamEnded(EndReason.FINISHED),
    RealtimeDenied("stream", 1),
    Rerouted("null:a", None),
    Suspended(),
    Resumed(),
    BufferChanged(512),
    VolumeChanged(0.5, muted=True),
    ClocksDrift(20.0, -240),
]


def test_every_event_is_public_and_listed_here() -> None:
    kinds = {kind for kind in vars(events).values() if isinstance(kind, type) and issubclass(kind, StreamEvent)}
    assert kinds - {StreamEvent} == {type(event) for event in EVENTS}
    assert all(getattr(pcmio, kind.__name__) is kind for kind in kinds)


@pytest.mark.parametrize("event", EVENTS, ids=repr)
def test_events_are_values(event: StreamEvent) -> None:
    assert pickle.loads(pickle.dumps(event)) == copy.deepcopy(event) == event
    assert hash(copy.copy(event)) == hash(event)
    assert [other for other in EVENTS if other == event] == [event]


def test_events_without_news_are_equal_to_themselves_only() -> None:
    assert Suspended() == Suspended() != Resumed()


def test_an_end_carries_its_error() -> None:
    error = DeviceLost("gone", code=19)
    ended = StreamEnded(EndReason.DEVICE_LOST, error)
    assert ended.error is error
    assert ended == StreamEnded(EndReason.DEVICE_LOST, error) != StreamEnded(EndReason.DEVICE_LOST)
    assert hash(ended) == hash(StreamEnded(EndReason.DEVICE_LOST, error))
    back = pickle.loads(pickle.dumps(ended))
    assert (back.reason, str(back.error)) == (EndReason.DEVICE_LOST, "gone")


def test_events_are_told_apart_by_patterns() -> None:
    told: list[str] = []
    for event in EVENTS:
        match event:
            case StreamEnded(EndReason.FINISHED, None):
                told.append("ended")
            case RealtimeDenied(thread, code):
                told.append(f"{thread} {code}")
            case Rerouted(old=old, new=None):
                told.append(str(old))
            case Suspended() | Resumed():
                told.append("sleep")
            case BufferChanged(frames):
                told.append(str(frames))
            case VolumeChanged(volume, muted):
                told.append(f"{volume} {muted}")
            case ClocksDrift(ppm, frames):
                told.append(f"{ppm} {frames}")
            case _:
                pytest.fail(f"no match for {event}")
    assert told == ["ended", "stream 1", "null:a", "sleep", "sleep", "512", "0.5 True", "20.0 -240"]


@pytest.mark.parametrize("kind", [StreamState, EndReason])
def test_states_and_reasons_are_their_text(kind: type[StreamState | EndReason]) -> None:
    for member in kind:
        assert kind(str(member)) is member
        assert pickle.loads(pickle.dumps(member)) is member


def test_every_state_is_in_the_drawing() -> None:
    assert all(state.name in (StreamState.__doc__ or "") for state in StreamState)
