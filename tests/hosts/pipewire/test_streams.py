"""What streams ask of the server, and what it does to them."""

from __future__ import annotations

import contextlib
import ctypes
import itertools
import json
import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

import pcmio
from pcmio import BufferChanged, EndReason, Rerouted, StreamEnded, StreamState
from pcmio.hosts.pipewire import audio
from pcmio.testing import until
from pcmio.testing.signals import assert_no_xruns
from tests.servers.pipewire import NullNode

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.servers.pipewire import PipeWireServer

    Configs = Callable[..., pcmio.StreamConfig]


def silent(_block: memoryview, _info: object) -> None:
    """A callback that has nothing to say."""


def objects(server: PipeWireServer) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads(server.run("pw-dump", "-N"))
    return found


def tasks() -> set[str]:
    """Numbers of this process's threads."""
    return {entry.name for entry in Path("/proc/self/task").iterdir()}


def node_named(server: PipeWireServer, name: str) -> dict[str, Any] | None:
    for one in objects(server):
        props = (one.get("info") or {}).get("props") or {}
        if one["type"].endswith(":Node") and props.get("node.name") == name:
            return one
    return None


def linked_with(server: PipeWireServer, name: str) -> set[str]:
    """Names of the nodes that a node is linked with."""
    everything = objects(server)
    names = {
        one["id"]: one["info"]["props"].get("node.name", "")
        for one in everything
        if one["type"].endswith(":Node") and one.get("info")
    }
    ends = [
        (names.get(one["info"]["output-node-id"]), names.get(one["info"]["input-node-id"]))
        for one in everything
        if one["type"].endswith(":Link") and one.get("info")
    ]
    return {str(b if a == name else a) for a, b in ends if name in {a, b}}


def test_a_stream_shows_what_it_was_asked_to(server: PipeWireServer) -> None:
    with pcmio.host("pipewire", remote=server.address, application_name="Organ", application_icon="audio-card") as host:
        device = host.device_by_id("pipewire:main")
        config = pcmio.StreamConfig(2, 48_000, 256)
        with device.build_output_stream_raw(
            config, silent, stream_name="Toccata", node_name="organ.pipes", media_role="Music"
        ):
            node = node_named(server, "organ.pipes")
    assert node is not None
    props = node["info"]["props"]
    assert props["media.name"] == "Toccata"
    assert props["media.role"] == "Music"
    assert props["application.name"] == "Organ"
    assert props["application.icon-name"] == "audio-card"
    assert props["media.class"] == "Stream/Output/Audio"
    assert props["node.latency"] == "256/48000"


def test_a_host_that_closes_while_a_stream_is_built_lets_none_be_made(
    server: PipeWireServer, config: Configs, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing native is made on a connection that is gone."""
    settle = audio.AudioConnection.settle

    def close_then(connection: audio.AudioConnection) -> None:
        settle(connection)
        host.close()

    with pcmio.host("pipewire", remote=server.address) as host:
        device = host.device_by_id("pipewire:main")
        monkeypatch.setattr(audio.AudioConnection, "settle", close_then)
        with pytest.raises(pcmio.HostDisconnected, match="the host was closed"):
            device.build_output_stream_raw(config(), silent)


@pytest.mark.parametrize("option", [{"follow": "sometimes"}, {"media_role": "Noise"}, {"channel_map": "FL"}])
def test_senseless_options_are_refused(host: pcmio.Host, config: Configs, option: dict[str, Any]) -> None:
    with pytest.raises(pcmio.InvalidInput):
        host.device_by_id("pipewire:main").build_output_stream_raw(config(), silent, **option)


@pytest.mark.usefixtures("standstills")
def test_the_graph_runs_as_finely_as_the_finest_stream_wants(host: pcmio.Host, config: Configs) -> None:
    device = host.device_by_id("pipewire:main")
    events: list[object] = []
    with device.build_output_stream_raw(config(buffer_size=1024), silent, events.append, depth=0.5) as coarse:
        until(lambda: coarse.stats.cycles > 5, "cycles")
        assert coarse.stats.cycle_max == 1024
        with device.build_output_stream_raw(config(buffer_size=128), silent) as fine:
            until(lambda: BufferChanged(128) in events, "the change being told")
            until(lambda: fine.stats.cycles > 5, "cycles")
            assert fine.stats.cycle_max <= 1024
        until(lambda: BufferChanged(1024) in events, "the change back being told")
    assert_no_xruns(coarse.stats)


def test_a_stream_at_another_rate_keeps_its_own_time(host: pcmio.Host) -> None:
    infos: list[Any] = []
    device = host.device_by_id("pipewire:main")
    with (
        device.build_output_stream_raw(pcmio.StreamConfig(2, 48_000, 512), silent) as holder,
        device.build_output_stream_raw(
            pcmio.StreamConfig(2, 32_000, 512), lambda _, info: infos.append(info), depth=0.5
        ) as stream,
    ):
        until(lambda: holder.position > 0 and stream.position > 16_000, "half a second")
        begin, at = stream.position, time.monotonic()
        until(lambda: stream.position >= begin + 64_000, "two seconds")
        # Not the graph's 48 000.
        assert 20_000 < (stream.position - begin) / (time.monotonic() - at) < 42_000
    deltas = [b.timestamp.device - a.timestamp.device for a, b in itertools.pairwise(infos[10:])]
    assert sum(deltas) / len(deltas) == pytest.approx(512 / 32_000, rel=0.1)


def test_a_chosen_device_is_never_left(own_host: pcmio.Host, own_server: PipeWireServer, config: Configs) -> None:
    events: list[object] = []
    device = own_host.device_by_id("pipewire:main")
    with device.build_output_stream_raw(config(), silent, events.append, node_name="stays") as stream:
        until(lambda: stream.position > 0, "frames moving")
        assert linked_with(own_server, "stays") == {"main"}
        own_server.set_default("audio.sink", "other")
        until(lambda: own_host.default_output_device() == own_host.device_by_id("pipewire:other"), "the other default")
        before = stream.position
        until(lambda: stream.position > before + 24_000, "half a second more")
        assert linked_with(own_server, "stays") == {"main"}
        own_server.remove("main")
        with pytest.raises(pcmio.DeviceLost, match="pipewire:main is gone"):
            stream.wait(20)
    assert events == [StreamEnded(EndReason.DEVICE_LOST, events[0].error)]  # type: ignore[attr-defined]


def test_the_default_is_followed(own_host: pcmio.Host, own_server: PipeWireServer, config: Configs) -> None:
    events: list[object] = []
    device = own_host.default_output_device()
    assert device is not None
    with device.build_output_stream_raw(config(), silent, events.append, node_name="follows") as stream:
        until(lambda: stream.position > 0, "frames moving")
        own_server.set_default("audio.sink", "other")
        until(lambda: Rerouted("pipewire:main", "pipewire:other") in events, "the move being told")
        until(lambda: linked_with(own_server, "follows") == {"other"}, "the other link")
        before = stream.position
        until(lambda: stream.position > before + 4_800, "frames moving on")
        own_server.remove("other")
        until(lambda: Rerouted("pipewire:other", "pipewire:main") in events, "the move back being told")
        assert stream.state is StreamState.RUNNING


def test_a_monitor_of_the_default_can_be_followed(
    own_host: pcmio.Host, own_server: PipeWireServer, config: Configs
) -> None:
    events: list[object] = []
    monitor = own_host.device_by_id("pipewire:main.monitor")
    with monitor.build_input_stream_raw(config(), silent, events.append, follow="default") as stream:
        until(lambda: stream.position > 0, "frames moving")
        own_server.set_default("audio.sink", "other")
        until(lambda: Rerouted("pipewire:main.monitor", "pipewire:other.monitor") in events, "the move being told")


def test_a_node_that_somebody_destroys_ends_its_stream(
    own_host: pcmio.Host, own_server: PipeWireServer, config: Configs
) -> None:
    device = own_host.device_by_id("pipewire:main")
    stream = device.build_output_stream_raw(config(), silent, node_name="victim")
    stream.start()
    until(lambda: stream.position > 0, "frames moving")
    own_server.remove("victim")
    with pytest.raises(pcmio.BackendError, match="the server ended a stream on pipewire:main"):
        stream.wait(20)
    assert stream.reason is EndReason.FAILED


def test_a_device_that_goes_while_a_stream_is_built_ends_it(
    own_host: pcmio.Host, own_server: PipeWireServer, config: Configs
) -> None:
    own_server.add(NullNode("brief"))
    device = own_host.device_by_id("pipewire:brief")
    remover = threading.Thread(target=own_server.remove, args=("brief",))
    remover.start()
    try:
        stream = device.build_output_stream_raw(config(), silent)
    except pcmio.DeviceNotAvailable:
        remover.join()
        return
    remover.join()
    with contextlib.suppress(pcmio.StreamClosed, pcmio.DeviceLost):
        stream.start()
    until(lambda: stream.reason is EndReason.DEVICE_LOST, "the end of the stream")
    with contextlib.suppress(pcmio.DeviceLost):
        stream.close()


def test_other_programs_that_listen_to_a_stream_move_it_nowhere(
    own_host: pcmio.Host, own_server: PipeWireServer, config: Configs
) -> None:
    events: list[object] = []
    device = own_host.device_by_id("pipewire:main")
    with (
        device.build_output_stream_raw(config(), silent, events.append, node_name="heard") as stream,
        own_host.device_by_id("pipewire:other.monitor").build_input_stream_raw(
            config(), silent, node_name="listener"
        ) as ear,
    ):
        until(lambda: stream.position > 0 and ear.position > 0, "frames moving")
        own_server.run("pw-link", "heard:output_FL", "listener:input_FL")
        until(lambda: linked_with(own_server, "heard") == {"main", "listener"}, "the link")
        before = stream.position
        until(lambda: stream.position > before + 4_800, "frames moving on")
    assert [event for event in events if isinstance(event, Rerouted)] == []


def test_a_forced_quantum_is_served(own_host: pcmio.Host, own_server: PipeWireServer, config: Configs) -> None:
    own_server.set_setting("clock.force-quantum", "2048")
    until(lambda: own_host.control.survey().clock.force_quantum == 2048, "the setting")  # type: ignore[attr-defined]
    device = own_host.device_by_id("pipewire:main")
    with device.build_output_stream_raw(config(buffer_size=128), silent, depth="low") as stream:
        until(lambda: stream.stats.cycles > 20, "cycles")
        assert stream.stats.cycle_max == 2048
        # Of a shorter ring every cycle would be one; a busy machine makes some.
        assert stream.stats.xruns < stream.stats.cycles / 2


def test_a_stream_without_a_session_manager_waits_and_then_plays(
    own_host: pcmio.Host, own_server: PipeWireServer, config: Configs
) -> None:
    own_server.stop_manager()
    stream = own_host.device_by_id("pipewire:main").build_output_stream_raw(config(), silent)
    stream.start()
    assert stream.wait(0.1) is False
    assert stream.position == 0
    assert stream.stop(0.1) is False
    stream.close()


def test_whether_the_data_thread_has_real_time_priority_is_told_as_it_is(host: pcmio.Host, config: Configs) -> None:
    events: list[object] = []
    before = tasks()
    device = host.device_by_id("pipewire:main")
    with device.build_output_stream_raw(config(buffer_size=64), silent, events.append) as stream:
        until(lambda: stream.stats.cycles > 100, "cycles")
        serving = {str(thread.native_id) for thread in threading.enumerate()}
        natives = tasks() - before - serving
        realtime = [number for number in natives if os.sched_getscheduler(int(number)) & 3 in {1, 2}]

        def denied() -> int:
            return len([one for one in events if isinstance(one, pcmio.RealtimeDenied) and one.thread == "audio"])

        until(lambda: denied() == (0 if realtime else 1), "a refusal being told where there was one")


def test_cycles_go_on_while_python_cannot(host: pcmio.Host, config: Configs) -> None:
    holding_the_gil = ctypes.PyDLL(None).usleep
    device = host.device_by_id("pipewire:main")
    with device.build_output_stream_raw(config(buffer_size=128), silent, depth=1.0) as stream:
        until(lambda: stream.stats.cycles > 20, "cycles")
        before, begin = stream.stats, time.monotonic()
        holding_the_gil(400_000)
        seconds, after = time.monotonic() - begin, stream.stats
    moved = after.frames - before.frames + after.xrun_frames - before.xrun_frames
    assert moved == pytest.approx(seconds * 48_000, rel=0.3)
    assert after.frames - before.frames > seconds * 48_000 / 2, "the audio thread waited for Python"


def test_lost_cycles_are_counted_to_the_frame(server: PipeWireServer) -> None:
    script = """
import sys, time, pcmio
from pcmio.testing import until
with pcmio.host("pipewire", remote=sys.argv[1]) as host:
    device = host.device_by_id("pipewire:main")
    with device.build_output_stream_raw(pcmio.StreamConfig(2, 48_000, 256), lambda *_: None, depth=3.0) as stream:
        until(lambda: stream.position > 4_800, "frames")
        begin, before, begin_at = stream.position, stream.stats, time.monotonic()
        print("ready", flush=True)
        sys.stdin.readline()
        now = stream.position
        until(lambda: stream.position > now + 9_600, "more frames")
        end, after, seconds = stream.position, stream.stats, time.monotonic() - begin_at
        print(after.xruns, after.xrun_frames, after.xrun_frames - before.xrun_frames, end - begin, seconds)
"""
    command = [sys.executable, "-c", script, server.address]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as player:
        assert player.stdout is not None
        assert player.stdout.readline() == "ready\n"
        player.send_signal(signal.SIGSTOP)
        threading.Event().wait(0.3)
        player.send_signal(signal.SIGCONT)
        told, _ = player.communicate("go on\n", timeout=30)
    xruns, frames, lost, moved, seconds = map(float, told.split())
    assert xruns >= 1
    assert frames % 256 == 0, "cycles are lost as wholes"
    assert lost >= 0.2 * 48_000
    # However late both programs were: what was not played was lost.
    assert lost + moved == pytest.approx(seconds * 48_000, abs=4_800)
