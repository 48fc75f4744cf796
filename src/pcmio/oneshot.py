"""One call plays an array, or records one: on the default device, or on any.

The core itself takes the samples from the array, and puts them there: once begun, nothing that Python does is heard.
Arrays that do not fit the device are made to fit (``convert="auto"``), or refused (``"never"``).
"""

from __future__ import annotations

from contextlib import ExitStack
from functools import partial
from operator import index

from pcmio._arrays import numpy_for
from pcmio._fit import AUTO, NEVER, check_convert, fitting
from pcmio._interrupts import uninterrupted
from pcmio._value import shown
from pcmio.configs import BufferSize, StreamConfig
from pcmio.contract import Device
from pcmio.descriptions import DeviceId, Direction
from pcmio.errors import DeviceNotAvailable, InvalidInput, OperationTimeout, ResourceExhausted, UnsupportedOperation
from pcmio.events import EndReason
from pcmio.formats import SampleFormat
from pcmio.platform import default_host, host

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Generator, Mapping, Sequence
    from typing import Any

    from pcmio._job import Job
    from pcmio._sampler import Sampler
    from pcmio.contract import Host, Stream
    from pcmio.events import StreamEnded

_NANOS = 1_000_000_000
_NEEDS = "play and record take and give numpy arrays"
_PLANE = 2  # dimensions: frames and channels
#: An echo comes back after the latencies of two devices; frames are kept until the last of them has.
_ECHO_SECONDS = 5.0


class Playback:
    """An array that plays by itself, from ``play`` on, also when nobody keeps this object."""

    def __init__(self, job: Job, sampler: Sampler, stream: Stream, frames: int) -> None:
        """Made by ``play``."""
        self._job = job
        self._sampler = sampler
        self._stream = stream
        self._frames = frames

    def wait(self, timeout: float | None = None) -> bool:
        """Wait until the last frame was heard, or ``stop``; False when ``timeout`` seconds passed before.

        Raises:
            DeviceLost, HostDisconnected, ...: What ended it before.
        """
        return self._job.wait(timeout)

    def __await__(self) -> Generator[Any, None, None]:
        """``wait``, in a task of asyncio or trio."""
        return self._job.join().__await__()

    def stop(self) -> None:
        """Silence it at once."""
        self._job.stop()

    @property
    def done(self) -> bool:
        """Whether it is over: all was played, or it was stopped, or failed."""
        return self._job.over

    @property
    def position(self) -> int:
        """Frames of the array that the device has taken."""
        return min(self._stream.position, len(self._sampler.frames)) * self._frames // len(self._sampler.frames)

    @property
    def xruns(self) -> int:
        """Times that the device had to play silence for want of frames."""
        return self._job.xruns

    def __repr__(self) -> str:
        state = "done" if self.done else "playing"
        return f"<pcmio playback on {str(self._stream.device.id)!r}: {self.position} of {self._frames} frames, {state}>"


class Recording:
    """An array that is being recorded, from ``record`` or ``play_record`` on, also when nobody keeps this object.

    Attributes:
        sample_rate: Of ``samples``.
    """

    def __init__(self, take: _Take, sample_rate: int) -> None:
        """Made by ``record`` and ``play_record``."""
        self._take = take
        self.sample_rate = sample_rate

    def wait(self, timeout: float | None = None) -> Any:
        """Wait until it is over, and return ``samples``.

        Raises:
            OperationTimeout: ``timeout`` seconds passed before; it goes on.
            DeviceLost, HostDisconnected, ...: What ended it before; ``samples`` has what was recorded till then.
        """
        if not self._take.job.wait(timeout):
            raise OperationTimeout(f"{timeout} seconds have passed, and the recording goes on")
        return self.samples

    def __await__(self) -> Generator[Any, None, Any]:
        """``wait``, in a task of asyncio or trio."""
        yield from self._take.job.join().__await__()
        return self.samples

    def stop(self) -> None:
        """End it at once; ``samples`` has what was recorded till then."""
        self._take.job.stop()

    @property
    def samples(self) -> Any:
        """What is recorded until now: an array of shape (frames, channels), a copy.

        Where the device lost frames there is silence, so that all others are where they belong.
        """
        return self._take.samples()

    @property
    def done(self) -> bool:
        """Whether it is over: all was recorded, or it was stopped, or failed."""
        return self._take.job.over

    @property
    def position(self) -> int:
        """Frames recorded until now."""
        return self._take.position()

    @property
    def xruns(self) -> int:
        """Times that frames were lost; in ``play_record`` played ones, too."""
        return self._take.job.xruns

    def __repr__(self) -> str:
        state = "done" if self.done else "recording"
        return f"<pcmio recording: {self.position} of {self._take.frames} frames at {self.sample_rate} Hz, {state}>"


@uninterrupted
def play(
    data: Any,
    rate: int,
    *,
    channels: Sequence[int] | None = None,
    device: Device | DeviceId | str | None = None,
    convert: str = "auto",
    **options: Any,
) -> Playback:
    """Play an array once; it goes on by itself when this returns.

    Several at once are mixed where the host mixes.

    Args:
        data: Of shape (frames, channels), or (frames,) for mono, of any integers or floats; a copy is played.
        rate: Its frames per second.
        channels: Of the device, counted from 0: to which of them those of ``data`` go, one to each; None: the first.
        device: Where: a device, or the id of one; None: the default output of the default host.
        convert: "auto": what the device does not take is mixed to its channels, mono to the first two of them, and
            resampled to its rate (by soxr, which ``pcmio[convert]`` brings).  "format": is refused, other sample
            formats apart.  "never": is refused, and so is a format that does not hold all bits.
        options: Of ``build_output_stream``: ``realtime``, and what only this host can be asked for.

    Raises:
        InvalidInput: No samples.
        DeviceNotAvailable: There is no such device, or no default one.
        UnsupportedOperation: numpy or soxr is needed and not installed; or an option the host does not have.
        HostUnavailable, UnsupportedConfig, DeviceBusy, ...: As ``default_host`` and ``build_output_stream``.
    """
    from pcmio._job import Job
    from pcmio._sampler import Sampler

    samples, sample_format = _checked(data, rate)
    check_convert(convert)
    with ExitStack() as opened:
        where = _Hosts(opened).device(device, Direction.OUTPUT)
        wanted = samples.shape[1] if channels is None else channels
        config = _nearest(where, Direction.OUTPUT, (wanted, rate, sample_format), convert)
        if channels is not None and config.channels != samples.shape[1]:
            raise InvalidInput(
                f"an array of {samples.shape[1]} channels does not go to {config.channels} of the device"
            )
        sampler = Sampler(_fitted(samples, rate, config))
        job = Job(opened)
        stream = job.add(partial(where.build_output_stream, config, sampler.player, **_options(options, convert)))
        job.start()
    return Playback(job, sampler, stream, len(samples))


@uninterrupted
def record(
    seconds: float | None = None,
    *,
    frames: int | None = None,
    rate: int | None = None,
    channels: int | Sequence[int] | None = None,
    sample_format: SampleFormat = SampleFormat.F32,
    device: Device | DeviceId | str | None = None,
    convert: str = "auto",
    **options: Any,
) -> Recording:
    """Record an array; it goes on by itself when this returns.

    The array is in memory from the beginning: for hours, or without an end, ``open_reader`` is made.

    Args:
        seconds: How long; or else
        frames: How many, at ``rate``.
        rate: Frames per second; None: the device's own.
        channels: How many; or which of the device's, counted from 0: ``[2, 3]``; None: the device's own.
        sample_format: What the array holds.
        device: From where: a device, or the id of one; None: the default input of the default host.
        convert: As for ``play``; only floats are resampled and mixed.
        options: Of ``build_input_stream``: ``realtime``, and what only this host can be asked for.

    Raises:
        AudioError: As ``play``.
    """
    check_convert(convert)
    numpy_for(_NEEDS)  # before anything is opened
    with ExitStack() as opened:
        where = _Hosts(opened).device(device, Direction.INPUT)
        config = _nearest(where, Direction.INPUT, (channels, rate, sample_format), convert)
        rate = config.sample_rate if rate is None else rate
        take = _Take(opened, (_length(seconds, frames, rate), _count(channels, config)), rate, config)
        take.job.add(partial(where.build_input_stream, config, take.sampler.recorder, **_options(options, convert)))
        take.job.start()
    return Recording(take, rate)


@uninterrupted
def play_record(
    data: Any,
    rate: int,
    *,
    channels: int | Sequence[int] | None = None,
    output: Device | DeviceId | str | None = None,
    input: Device | DeviceId | str | None = None,  # noqa: A002 - the word for it
    convert: str = "auto",
    output_options: Mapping[str, Any] | None = None,
    input_options: Mapping[str, Any] | None = None,
) -> Recording:
    """Play an array and record what is to be heard meanwhile, as many frames, the first of them with the first played.

    The two are brought together by the times that the devices tell: frame n of the recording was captured when frame n
    of ``data`` reached the converter, as exactly as their latencies are known.

    Args:
        data: As for ``play``.
        rate: Frames per second of ``data``, and of the recording, which is of 32-bit floats.
        channels: To record, as for ``record``; None: the device's own.
        output: Where to play: a device, or the id of one; None: the default output.
        input: From where to record; None: the default input.  Both are of one host: it has one clock.
        convert: As for ``play`` and ``record``.
        output_options: Of ``build_output_stream``.
        input_options: Of ``build_input_stream``.

    Raises:
        UnsupportedOperation: The devices are of two hosts.
        AudioError: As ``play``.
    """
    from pcmio._sampler import Sampler

    samples, own_format = _checked(data, rate)
    check_convert(convert)
    with ExitStack() as opened:
        hosts = _Hosts(opened)
        speaker, microphone = hosts.device(output, Direction.OUTPUT), hosts.device(input, Direction.INPUT)
        if speaker.id.host != microphone.id.host:
            raise UnsupportedOperation(
                f"{speaker.id} and {microphone.id} are of two hosts, which have no clock in common",
                advice="choose two devices of one host",
            )
        out = _nearest(speaker, Direction.OUTPUT, (samples.shape[1], rate, own_format), convert)
        config = _nearest(microphone, Direction.INPUT, (channels, rate, SampleFormat.F32), convert)
        player = Sampler(_fitted(samples, rate, out))
        take = _Take(opened, (len(samples), _count(channels, config)), rate, config, player)
        # The input starts first, but is built last: where both share a card's one format, it is the output's to choose.
        take.played = take.job.add(
            partial(speaker.build_output_stream, out, player.player, **_options(output_options, convert))
        )
        take.job.add(
            partial(microphone.build_input_stream, config, take.sampler.recorder, **_options(input_options, convert))
        )
        take.job.start()
    return Recording(take, rate)


class _Take:
    """A recording that is made, and what is to be done to it."""

    def __init__(
        self,
        opened: ExitStack,
        shape: tuple[int, int],
        rate: int,
        config: StreamConfig,
        player: Sampler | None = None,
    ) -> None:
        import numpy as np

        from pcmio._job import Job
        from pcmio._sampler import Sampler

        self.frames, self.channels = shape
        self.job = Job(opened, self._stream_ended)
        self.played: Stream | None = None
        self._rate = rate
        self._config = config
        self._player = player
        self._known_first: int | None = None
        self._needed = -(-self.frames * config.sample_rate // rate)
        room = self._needed + (0 if player is None else round(_ECHO_SECONDS * config.sample_rate))
        try:
            frames: Any = np.empty((room, config.channels), config.sample_format.dtype)
        except (MemoryError, ValueError, OverflowError):
            raise ResourceExhausted(
                f"no memory for a recording of {shown(self.frames)} frames",
                advice="open_reader() records without an end",
            ) from None
        frames.view("u1").reshape(room, -1)[:] = np.frombuffer(config.sample_format.silence * config.channels, "u1")
        self.sampler = Sampler(frames, player)

    def _first(self) -> int:
        """The frame that was captured when the first was heard; better known with each block, up to the last played."""
        if self._player is None or self._known_first is not None:
            return self._known_first or 0
        heard, captured = self._player.start_nanos, self.sampler.start_nanos
        if heard is None or captured is None:
            return 0
        return max(0, round((heard - captured) * self._config.sample_rate / _NANOS))

    def samples(self) -> Any:
        """What there is, as it was asked for."""
        first = self._first()
        taken = self.sampler.frames[first : min(self.sampler.at, first + self._needed)]
        if taken.shape[1] == self.channels and self._rate == self._config.sample_rate:
            return taken.copy()
        if not len(taken):
            return taken[:, :1].repeat(self.channels, axis=1)
        from pcmio._convert import mixed, resampled

        return resampled(mixed(taken, self.channels), self._config.sample_rate, self._rate)[: self.frames]

    def position(self) -> int:
        """Frames that ``samples`` has."""
        there = min(max(0, self.sampler.at - self._first()), self._needed)
        return min(self.frames, there * self._rate // self._config.sample_rate)

    def _stream_ended(self, stream: Stream, ended: StreamEnded) -> None:
        if self.played is None:
            return
        if stream is self.played and ended.reason is EndReason.FINISHED:
            self._known_first = self._first()
            self.sampler.end_at(self._known_first + self._needed)
        else:
            self.job.end_others(stream)


class _Hosts:
    """Those that were opened for a call: devices of one host are of one object."""

    def __init__(self, opened: ExitStack) -> None:
        self._opened = opened
        self._hosts: dict[str | None, Host] = {}

    def device(self, wanted: Device | DeviceId | str | None, direction: Direction) -> Device:
        """The device that is meant."""
        if isinstance(wanted, Device):
            return wanted
        if wanted is not None:
            parsed = wanted if isinstance(wanted, DeviceId) else DeviceId.parse(wanted)
            return self._host(parsed.host).device_by_id(parsed)
        chosen = self._host(None)
        found = chosen.default_output_device() if direction is Direction.OUTPUT else chosen.default_input_device()
        if found is None:
            raise DeviceNotAvailable(
                f"{chosen.name} has no default {direction}", advice="name a device: pcmio devices lists them"
            )
        return found

    def _host(self, name: str | None) -> Host:
        if name not in self._hosts:
            opened = default_host() if name is None else host(name)
            self._hosts[name] = self._hosts[opened.id] = self._opened.enter_context(opened)
        return self._hosts[name]


def _checked(data: Any, rate: object) -> tuple[Any, SampleFormat]:
    """A copy of shape (frames, channels), in this machine's byte order, and the format of its samples."""
    if rate is None:  # which a config would take for the device's own
        raise InvalidInput("sample_rate must be that of the array, not None")
    np = numpy_for(_NEEDS)
    try:
        array: Any = np.asarray(data)
    except (TypeError, ValueError) as error:
        raise InvalidInput(f"{shown(data)} is no array of samples: {error}") from None
    if array.dtype.kind not in "iuf" or array.ndim not in (1, _PLANE) or not array.size:
        raise InvalidInput(
            f"an array of shape {array.shape} and dtype {array.dtype} cannot be played",
            advice="give integers or floats, of shape (frames, channels), or (frames,) for mono",
        )
    if array.dtype.kind == "f":
        array = array.astype("f4" if array.dtype.itemsize <= np.dtype("f4").itemsize else "f8")
    sample_format = SampleFormat.from_dtype(array.dtype)
    return np.array(array, sample_format.dtype, order="C", copy=True).reshape(len(array), -1), sample_format


def _length(seconds: float | None, frames: int | None, rate: int) -> int:
    if (seconds is None) == (frames is None):
        raise InvalidInput("a recording has a length, in seconds or in frames: give the one or the other")
    if seconds is not None:
        try:
            frames = round(seconds * rate)
        except (TypeError, ValueError, OverflowError):
            raise InvalidInput(f"seconds is a number, not {shown(seconds)}") from None
    try:
        number = 0 if frames is None or isinstance(frames, bool) else index(frames)
    except TypeError:
        number = 0
    if number < 1:
        raise InvalidInput(f"a recording has one frame at least, not {shown(frames)}")
    return number


def _count(channels: int | Sequence[int] | None, config: StreamConfig) -> int:
    """Channels of what is recorded, which may be mixed of others."""
    return config.channels if channels is None or config.device_channels else config.replace(channels=channels).channels


def _nearest(
    device: Device,
    direction: Direction,
    wanted: tuple[int | Sequence[int] | None, int | None, SampleFormat],
    convert: str,
) -> StreamConfig:
    """The config to take; its blocks are long, for nobody waits for a single one."""
    default = device.default_output_config() if direction is Direction.OUTPUT else device.default_input_config()
    channels, rate, sample_format = wanted
    config = StreamConfig(
        default.channels if channels is None else channels,
        default.sample_rate if rate is None else rate,
        BufferSize.HIGH,
        sample_format,
    )
    mono = direction is Direction.OUTPUT and config.channels == 1 and not config.device_channels  # is spread
    if convert != AUTO:
        return config
    return fitting(device, direction, config, taken=not mono, floats_only=direction is Direction.INPUT)


def _options(options: Mapping[str, Any] | None, convert: str) -> dict[str, Any]:
    """Of a stream that is built for what was made to fit."""
    return {**(options or {}), **({"convert": NEVER} if convert == NEVER else {})}


def _fitted(samples: Any, rate: int, config: StreamConfig) -> Any:
    """The array as the stream takes it; its memory is in one piece, and there."""
    if (samples.shape[1], rate) == (config.channels, config.sample_rate):
        return samples
    import numpy as np

    from pcmio._convert import as_format, mixed, resampled

    floats = mixed(as_format(samples, SampleFormat.from_dtype(samples.dtype), config.sample_format), config.channels)
    made: Any = np.ascontiguousarray(resampled(floats, rate, config.sample_rate))
    # Of very few frames none is left at a lower rate; what plays one and ends is as good as nothing.
    return made if len(made) else np.zeros((1, config.channels), made.dtype)
