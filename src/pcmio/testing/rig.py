"""What the checks need to know about the host they judge."""

from __future__ import annotations

from pcmio._value import Value
from pcmio.configs import StreamConfig
from pcmio.formats import SampleFormat

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from typing import Any, TypeAlias

    from pcmio.contract import Device, Host

    Check: TypeAlias = Callable[["Rig"], "str | None"]

else:
    #: What checks are: functions of a ``Rig`` that return None, or why they do not apply to it; a failure raises.
    Check = None

NOT_APPLICABLE = "not applicable: "


class Rig(Value):
    """A host under test, and how to bring misfortune upon it.

    What a host promises stands here and not in probes, so that a bug cannot excuse its own check.

    Attributes:
        open_host: Makes a new host object.
        output: Id of a device that plays, or None.
        input: Id of a device that records, or None.
        loops: What is played to ``output`` arrives at ``input``, sample for sample.
        has_own_format: A stream in the output's own format can be recorded in it; False: what mixes takes another one.
        sample_rate: That both run at.
        exact_formats: Formats that pass the loop unchanged.
        channel_counts: Counts that pass the loop unchanged.
        pairs: Output and input ids that loop a channel count or a format, where it is not the usual pair.
        alignment_frames: What is played comes back so many frames beside its time, at most.
        pairing_frames: As much beside the latency that a duplex stream announces; None: as ``alignment_frames``.
        duplex_restarts: How often in a row a duplex stream is started again to see whether its latency stays.
        echo_frames: For so long the system repeats the last frames of a stream that was closed, at most.
        options: Of ``build_*_stream``, by "output" and "input", that make the loop (say, which ports to connect).
        block_frames: A comfortable buffer size.
        busy_streams: How many streams it must run at once.
        mixes: Two streams on one output are heard together; False: it has room for one, or keeps them apart.
        cycles: How often streams are opened and closed to see whether that leaves anything; fewer on a slow machine.
        lose_device: Makes the output device vanish; returns a call that brings it back.  None: cannot be done here.
        kill_server: Ends the server; returns a call that starts it again.  None: there is no server.
        lose_host: The same for a host whose server is a part of the object itself.  None: see ``kill_server``.
        restarts: How often in a row the server is ended and started again.
        watches: Whether the host can be watched.
        plug: Plugs in a device that plays and was not there; returns its id and a call that unplugs it.  None: cannot
            be done here.
        pluggings: How often in a row that is done to see whether it leaves anything; fewer on a slow machine.
        set_default: Makes the device of an id the default output.  None: cannot be done here.
        lost_descriptors: How many a system's own library may lose while servers die and devices go; far fewer than one
            for each of ``restarts`` and ``pluggings``.
    """

    open_host: Callable[[], Host]
    output: str | None = None
    input: str | None = None
    loops: bool = False
    has_own_format: bool = True
    sample_rate: int = 48_000
    exact_formats: tuple[SampleFormat, ...] = (SampleFormat.F32,)
    channel_counts: tuple[int, ...] = (1, 2)
    pairs: Mapping[int | SampleFormat, tuple[str, str]] = {}
    alignment_frames: int = 0
    pairing_frames: int | None = None
    duplex_restarts: int = 3
    echo_frames: int = 0
    options: Mapping[str, Mapping[str, Any]] = {}
    block_frames: int = 512
    busy_streams: int = 8
    mixes: bool = True
    cycles: int = 1000
    lose_device: Callable[[Host], Callable[[], None]] | None = None
    kill_server: Callable[[], Callable[[], None]] | None = None
    lose_host: Callable[[Host], Callable[[], None]] | None = None
    restarts: int = 100
    watches: bool = False
    plug: Callable[[Host], tuple[str, Callable[[], None]]] | None = None
    pluggings: int = 100
    set_default: Callable[[Host, str], None] | None = None
    lost_descriptors: int = 0

    @property
    def can_lose_its_server(self) -> bool:
        """Whether ``lose_server`` does anything."""
        return self.kill_server is not None or self.lose_host is not None

    def lose_server(self, host: Host) -> Callable[[], None]:
        """End what serves a host; a call that brings it back."""
        if self.lose_host is not None:
            return self.lose_host(host)
        assert self.kill_server is not None
        return self.kill_server()

    def config(self, channels: int = 2, sample_format: SampleFormat = SampleFormat.F32) -> StreamConfig:
        """A config that the host must take."""
        return StreamConfig(channels, self.sample_rate, self.block_frames, sample_format)

    def output_device(self, host: Host, config: StreamConfig | None = None) -> Device:
        """The device to play to; the one that loops ``config``, if that matters."""
        return host.device_by_id(self._pair(config)[0])

    def input_device(self, host: Host, config: StreamConfig | None = None) -> Device:
        """The device to record from."""
        return host.device_by_id(self._pair(config)[1])

    def _pair(self, config: StreamConfig | None) -> tuple[str, str]:
        usual = (self.output or "", self.input or "")
        if config is None:
            return usual
        return self.pairs.get(config.sample_format, self.pairs.get(config.channels, usual))

    def options_for(self, direction: str) -> dict[str, Any]:
        """Keywords for a builder."""
        return dict(self.options.get(direction, {}))
