"""Times keep step with frames, whatever the graph does: other cycles, other rates."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

import pytest

import pcmio
from pcmio import BufferChanged
from pcmio.testing import until
from pcmio.testing.signals import Events
from tests.servers.pipewire import NullNode, PipeWireServer

if TYPE_CHECKING:
    from collections.abc import Iterator

RATE = 48_000
CONFIG = pcmio.StreamConfig(2, RATE, 256)
#: Of a resampler, which holds some frames back and does not tell all of them.
RESAMPLED_SECONDS = 0.003


@pytest.fixture
def free_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PipeWireServer]:
    """A server that may run at two rates."""
    nodes = [NullNode("main", priority=2000)]
    server = PipeWireServer(tmp_path_factory.mktemp("pipewire"), nodes, allowed_rates=(44_100, 48_000))
    server.start()
    yield server
    server.stop()


def beginning(stream: Any, seconds: float) -> float:
    """Seconds at which frame 0 would have been heard, by what is told of frames that are played meanwhile.

    Silence that was played for want of frames is not among these.  The median: while the machine stands still, the
    graph tells some times late.
    """
    found: list[float] = []
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        lost, frame = stream.stats.xrun_frames, stream.position - 1
        instant = stream.time_of(frame)
        if lost == stream.stats.xrun_frames:
            found.append(instant.seconds - (frame + lost) / RATE)
        time.sleep(0.01)  # between samples of a value that moves
    assert found
    return sorted(found)[len(found) // 2]


def goes_on(stream: Any, what: str) -> None:
    """Return half a second of frames later."""
    before = stream.position
    until(lambda: stream.position > before + RATE // 2, what)


@pytest.mark.parametrize("direction", ["output", "input"])
def test_times_keep_step_with_frames_at_any_rate_of_the_graph(free_server: PipeWireServer, direction: str) -> None:
    events = Events()
    name = "main" if direction == "output" else "main.monitor"
    with pcmio.host("pipewire", remote=free_server.address) as host:
        device = host.device_by_id(f"pipewire:{name}")
        build = device.build_output_stream_raw if direction == "output" else device.build_input_stream_raw
        with build(CONFIG, lambda _block, _info: None, events, depth=0.3) as stream:
            until(lambda: stream.position > RATE // 4, "the stream being under way")
            begins = [beginning(stream, 0.3)]
            for rate in ("44100", "48000"):
                free_server.set_setting("clock.force-rate", rate)
                goes_on(stream, f"half a second at {rate} Hz")
                begins.append(beginning(stream, 0.3))
            xruns = stream.stats.xruns
    assert events.of(BufferChanged), "the graph has changed its rate, and so the length of a cycle"
    if xruns == 0:  # nobody knows how long the driver's own were
        assert max(begins) - min(begins) < RESAMPLED_SECONDS
