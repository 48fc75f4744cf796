"""How much sound the system keeps ahead of what is heard, and which setting makes it less.

A buffer that is deep by default is no error: nothing is lost. But a program that counts what it has written runs ahead
of what is heard, and answers late. It is found by playing silence for a moment, as one does who asks for nothing.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, NamedTuple

from pcmio.cli.doctor.findings import Finding, State
from pcmio.cli.exits import failure_of, one_line
from pcmio.cli.facts import configs_of
from pcmio.configs import StreamConfig
from pcmio.descriptions import Direction
from pcmio.errors import AudioError, DeviceBusy, DeviceNotAvailable, UnsupportedOperation

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from typing import Any

    from pcmio.cli.doctor.cards import Holder
    from pcmio.contract import Device, Host
    from pcmio.timestamps import CallbackInfo

_TOPIC = "Buffers"
_PROBE_SECONDS = 1.0
#: More than that is heard as a delay by who presses a key.
_DEEP_SECONDS = 0.1
#: A native cycle of so little leaves no time for anything.
_SHALLOW_SECONDS = 0.0015

_OURS = 'for one stream: buffer_size="low" in its StreamConfig, and depth="low" where it is built'
_ASOUNDRC = (
    "in ~/.asoundrc (or /etc/asound.conf) give the slave of the mixer behind pcm.default (dmix, dsnoop) a "
    "period_size and a buffer_size, as 480 and 1920: streams that share it cannot change it; or use the card "
    "itself, alsa:plughw:…"
)
_CONF = "lower PipeWire's quantum: default.clock.quantum in ~/.config/pipewire/pipewire.conf.d, or until it ends"
_DAEMON = (
    "in ~/.config/pulse/daemon.conf set default-fragments = 4 and default-fragment-size-msec = 10 (in default.pa they "
    "need module-udev-detect tsched=0), and start it anew"
)
_BRIDGE = (
    "in ~/.config/pipewire/pipewire-pulse.conf.d lower pulse.min.req, pulse.min.frag and pulse.min.quantum, and for "
    "programs that ask for nothing pulse.default.tlength and pulse.default.frag (in pulse.properties, or for single "
    "programs in pulse.rules), and start it anew; where PipeWire's own quantum is as large, lower that: "
    "default.clock.quantum in ~/.config/pipewire/pipewire.conf.d"
)
#: PipeWire's server for programs of PulseAudio's, which has files and commands of its own; and what it calls itself.
_BRIDGED, _BRIDGE_SIGN = "pipewire-pulse", "on PipeWire"
#: What makes the system's own buffer less: what to do, and what to type.
_CURES: dict[str, tuple[str, tuple[str, ...]]] = {
    "alsa": (_ASOUNDRC, ()),
    "pipewire": (_CONF, ("pw-metadata -n settings 0 clock.force-quantum 512",)),
    "pulseaudio": (_DAEMON, ("pulseaudio --kill; pulseaudio --start",)),
    _BRIDGED: (_BRIDGE, ("systemctl --user restart pipewire-pulse",)),
    "jack": ("start the server with a shorter period", ("jackd -d alsa -p 256",)),
}
#: These move as much at a time as all of their programs wait for.
_CYCLIC = ("pipewire", "jack")
#: Variables that ask for a latency in the name of every program.
_VARIABLES = {"pipewire": ("PIPEWIRE_QUANTUM", "PIPEWIRE_LATENCY"), "pulseaudio": ("PULSE_LATENCY_MSEC",)}
#: How to have a default, where no desktop chooses one.
_NO_DEFAULT = {
    "alsa": "connect a card; or, if ~/.asoundrc defines pcm.default for one direction only, give it both (type asym)"
}
#: What makes it more.
_ROOM: dict[str, tuple[str, tuple[str, ...]]] = {
    "pipewire": (
        "raise PipeWire's quantum, or have it choose again",
        ("pw-metadata -n settings 0 clock.force-quantum 0",),
    ),
    "jack": ("start the server with a longer period", ("jackd -d alsa -p 256",)),
}


class Probe(NamedTuple):
    """A stream that ran for a moment, as it is when nothing is asked for.

    Attributes:
        host: Id of its host.
        direction: Its direction.
        sample_rate: Frames per second.
        block_frames: Frames per callback.
        cycle_frames: Most frames that the system moved at once.
        device_seconds: Latency, as the system tells.
        ring_seconds: Latency in pcmio's own buffer.
        ahead_seconds: How much more the device took than the time that passed.
        started: Whether it moved at all within a second.
        xruns: Times that frames were lost.
    """

    host: str
    direction: Direction
    sample_rate: int
    block_frames: int
    cycle_frames: int
    device_seconds: float
    ring_seconds: float
    ahead_seconds: float
    started: bool
    xruns: int

    def as_json(self) -> dict[str, Any]:
        """For a program."""
        return {**self._asdict(), "direction": str(self.direction)}


def look_at_buffers(
    opened: Host, holders: Sequence[Holder] = (), env: Mapping[str, str] | None = None
) -> Iterator[Finding]:
    """The default devices of a host that answers; ``holders``: programs that hold a card."""
    asking = [name for name in _VARIABLES.get(opened.id, ()) if (env or {}).get(name)]
    for direction in (Direction.OUTPUT, Direction.INPUT):
        is_output = direction is Direction.OUTPUT
        try:
            device = opened.default_output_device() if is_output else opened.default_input_device()
            found = None
            if device is not None:
                # What PulseAudio's server calls itself; other hosts are what they are called.
                server = getattr(opened, "server_name", "")
                found = judge(opened.name, probe(opened.id, device, direction), asking, server=server)
        except UnsupportedOperation:  # a name that stands for both, and has one
            found = None
        except AudioError as error:
            found = _unusable(opened.name, direction, error, holders)
        if found is None:
            text = f"{opened.name} has no default {direction}"
            advice = _NO_DEFAULT.get(opened.id, "connect a device, or choose one in the desktop's sound settings")
            found = Finding("Devices", State.HINT, text, advice=advice)
        yield found


def _unusable(name: str, direction: Direction, error: AudioError, holders: Sequence[Holder]) -> Finding:
    what = f"{name}'s default {direction}"
    if isinstance(error, DeviceNotAvailable):
        text = f"{what} is not there, or went away a moment ago: {one_line(error)}"
        return Finding("Devices", State.PROBLEM, text, advice="see what there is", commands=("pcmio devices",))
    text = f"{what} cannot be used: {one_line(error)}"
    holding = [one for one in holders if one.records is (direction is Direction.INPUT)]
    if isinstance(error, DeviceBusy) and holding:
        text = f"{what} is busy: {one_line(error)}"
        told = "; ".join(f"{one.device} is held by {one}" for one in holding)
        return Finding("Devices", State.PROBLEM, text, advice=f"{told}: end what keeps it, or let it use a mixer")
    return Finding("Devices", State.PROBLEM, text, advice=failure_of(error).advice)


def probe(host_id: str, device: Device, direction: Direction) -> Probe:
    """Play silence to a device, or record and forget, for a moment.

    Raises:
        AudioError: It cannot be opened.
    """

    def leave(_frames: Any, _info: CallbackInfo) -> None:
        """Silence."""

    default, _ranges = configs_of(device, direction)
    config = StreamConfig(default.channels, default.sample_rate)
    build = device.build_output_stream if direction is Direction.OUTPUT else device.build_input_stream
    with build(config, leave) as stream:
        began = time.monotonic()
        passed = 0.0
        while passed < _PROBE_SECONDS and not stream.wait(0.05):
            passed = time.monotonic() - began
        position, latency, stats = stream.position, stream.latency, stream.stats
        passed = time.monotonic() - began
    return Probe(
        host=host_id,
        direction=direction,
        sample_rate=config.sample_rate,
        block_frames=stream.config.buffer_size.frames or 0,
        cycle_frames=stats.cycle_max,
        device_seconds=round(latency.device, 6),
        ring_seconds=round(latency.ring, 6),
        ahead_seconds=round(position / config.sample_rate - passed, 6),
        started=position > 0,
        xruns=stats.xruns,
    )


def judge(name: str, found: Probe, asking: Sequence[str] = (), *, server: str = "") -> Finding:
    """Whether a system called ``name`` keeps too much, or too little.

    Args:
        name: For people.
        found: What it did.
        asking: Variables that ask it for that.
        server: What its server calls itself.
    """
    facts, what = found.as_json(), f"{name}'s default {found.direction}"
    details = (_sizes(found),)
    if not found.started:
        text = f"{what} was opened, and did not move within a second"
        advice = "it may be asleep; try: pcmio beep" if found.direction is Direction.OUTPUT else "try: pcmio monitor"
        return Finding(_TOPIC, State.HINT, text, details, advice, facts=facts)
    late = max(found.device_seconds, found.ahead_seconds if found.direction is Direction.OUTPUT else 0.0)
    if found.host in _CYCLIC:  # its output is on its way for as long, whatever is told
        late = max(late, found.cycle_frames / found.sample_rate)
    if late > _DEEP_SECONDS:
        verb = "runs ahead of what is heard" if found.direction is Direction.OUTPUT else "comes late"
        cure, commands = _CURES.get(_BRIDGED if _BRIDGE_SIGN in server else found.host, (_OURS, ()))
        # What alsa-lib's mixer keeps is the same for all of its users.
        advice = cure if cure in (_OURS, _ASOUNDRC) else f"{cure}; {_OURS}"
        if asking:
            advice = f"the environment asks for it: {', '.join(asking)}; unset that, or set it to less"
            commands = tuple(f"unset {variable}" for variable in asking)
        text = f"{what} keeps {late * 1000:.0f} ms by default: sound {verb}"
        return Finding(_TOPIC, State.HINT, text, details, advice, commands, facts)
    if 0 < found.cycle_frames < _SHALLOW_SECONDS * found.sample_rate:
        cure, commands = _ROOM.get(found.host, ('ask for more: buffer_size="high"', ()))
        text = f"{what} moves {found.cycle_frames} frames at a time: very few, each delay is heard"
        return Finding(_TOPIC, State.HINT, text, details, cure, commands, facts)
    return Finding(_TOPIC, State.OK, f"{what} is sane", details, facts=facts)


def _sizes(found: Probe) -> str:
    block, cycle = (frames / found.sample_rate * 1000 for frames in (found.block_frames, found.cycle_frames))
    own, system = found.ring_seconds * 1000, found.device_seconds * 1000
    moved = f"{found.block_frames} frames per callback ({block:.1f} ms), the system moves {found.cycle_frames}"
    return f"{moved} ({cycle:.1f} ms), its latency {system:.1f} ms, pcmio's {own:.1f} ms"
