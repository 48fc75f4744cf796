"""What every device opens for those who write and read without a callback, or play and record in one."""

from __future__ import annotations

from pcmio._value import shown
from pcmio.errors import InvalidInput, UnsupportedOperation

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from typing import Any

    from pcmio.blocking import Reader, Writer
    from pcmio.callbacks import NativeCallback
    from pcmio.configs import StreamConfig, SupportedStreamConfig, SupportedStreamConfigRange
    from pcmio.contract import Device, EventCallback
    from pcmio.descriptions import Channel, Direction
    from pcmio.duplex import DuplexCallback, DuplexStream, RawDuplexCallback

#: Outlasts whatever Python usually does meanwhile; clear() ends it at once all the same.
WRITER_SECONDS = 0.25
#: Costs no latency: who keeps up finds it empty.
READER_SECONDS = 1.0


class Opens:
    """A part of ``contract.Device``."""

    def channels(self, direction: Direction) -> tuple[Channel, ...]:
        """Its channels in the order in which ``StreamConfig(channels=[...])`` numbers them; empty if that is not known.

        Args:
            direction: INPUT or OUTPUT.

        Raises:
            DeviceNotAvailable: It is gone.
            HostUnavailable: The server is gone.
        """
        del direction
        return ()

    def open_writer(
        self,
        config: StreamConfig | SupportedStreamConfig | None = None,
        *,
        depth: float | str = WRITER_SECONDS,
        on_event: EventCallback | None = None,
        realtime: str = "auto",
        convert: str = "auto",
        **options: object,
    ) -> Writer:
        """Open an output stream that is written to, stopped; it begins by itself.

        Args:
            config: As for ``build_output_stream``; None: the default one, with 32-bit floats.
            depth: How much may be written ahead: seconds, or a name as for ``build_output_stream``.
            on_event: Called with a ``StreamEvent`` on a Python thread of the stream's own.
            realtime: As for ``build_output_stream``.
            convert: "auto": a config that the device does not take is taken all the same, and what is written is mixed
                to the device's channels and resampled to its rate (by soxr, which ``pcmio[convert]`` brings).
                "format": it is refused, other sample formats apart.  "never": so is a format, of the device or of what
                is written, by which bits would be lost.
            options: What only this host can be asked for.

        Raises:
            UnsupportedOperation: The device has callbacks only.
            AudioError: As ``build_output_stream``.
        """
        del config, depth, on_event, realtime, convert, options
        raise UnsupportedOperation("this device cannot be written to", advice="build a stream with a callback")

    def open_reader(
        self,
        config: StreamConfig | SupportedStreamConfig | None = None,
        *,
        depth: float | str = READER_SECONDS,
        on_event: EventCallback | None = None,
        realtime: str = "auto",
        convert: str = "auto",
        **options: object,
    ) -> Reader:
        """Open an input stream that is read from, stopped; it begins when its block is entered, or with a read.

        Args:
            config: As for ``build_input_stream``; None: the default one, with 32-bit floats.
            depth: How much may wait to be read: seconds, or a name as for ``build_output_stream``.
            on_event: Called with a ``StreamEvent`` on a Python thread of the stream's own.
            realtime: As for ``build_input_stream``.
            convert: As for ``open_writer``, of what is captured.
            options: What only this host can be asked for.

        Raises:
            UnsupportedOperation: The device has callbacks only.
            AudioError: As ``build_input_stream``.
        """
        del config, depth, on_event, realtime, convert, options
        raise UnsupportedOperation("this device cannot be read from", advice="build a stream with a callback")

    def build_duplex_stream(  # noqa: PLR0913 - each has its default
        self,
        config: StreamConfig | SupportedStreamConfig,
        data: DuplexCallback | NativeCallback,
        on_event: EventCallback | None = None,
        *,
        input: Device | None = None,  # noqa: A002 - the word for it
        input_channels: int | Iterable[int] | None = None,
        drift: str = "report",
        depth: float | str = "balanced",
        realtime: str = "auto",
        convert: str = "format",
        input_options: Mapping[str, Any] | None = None,
        output_options: Mapping[str, Any] | None = None,
    ) -> DuplexStream:
        """Open a stopped stream whose callback gets what was captured, and fills what is to be played.

        Both blocks have as many frames.  What is played at a position is heard a constant number of frames after that
        position was captured: ``stream.latency``, over xruns, pauses and restarts too.  The callback is called for the
        first time when the two are paired, some blocks after the start.

        Args:
            config: Of the output; the input has its rate, sample format and, as nearly as can be, its buffer size.
            data: Called as ``data(captured, played, info)`` on a Python thread of the stream's own, never before this
                call has returned.  Both are numpy arrays of shape (frames, channels) with ``stream.config.buffer_size``
                frames; ``captured`` is read-only, ``played`` arrives silent.  ``info`` is a ``DuplexInfo``.  What it
                raises ends the stream, as in ``build_output_stream``.  A ``NativeCallback`` gets both on the input's
                audio thread; it is not converted for, and ``depth`` is moot.
            on_event: Called with a ``StreamEvent`` on the same thread.
            input: The device to record from, of the same host; None: this one.
            input_channels: Of what is captured: a number, or a list of the input's own, as in a ``StreamConfig``; None:
                as many as ``config`` has.
            drift: Of two clocks that run apart.  "report": it is measured (``stream.drift_ppm``), told when the latency
                is half a block off (``ClocksDrift``), and set right by an xrun when it is a whole one.  "correct": what
                is captured is resampled by a hair, so that it stays; floats only, and with ``pcmio[convert]``.
            depth: As for ``build_output_stream``; its reserve is a part of the latency, between input and output.
            realtime: As for ``build_output_stream``.
            convert: As for ``build_output_stream``, in both directions.  With "auto" either device may lack the rate
                or the channels; resampling adds to the latency, which stays constant and known.
            input_options: What the host can be asked for in ``build_input_stream``.
            output_options: The same of ``build_output_stream``.

        Raises:
            AudioError: As ``build_output_stream`` and ``build_input_stream``.
            UnsupportedOperation: Devices of two hosts, or nothing that corrects drift.
        """
        del config, data, on_event, input, input_channels, drift, depth, realtime, convert
        del input_options, output_options
        raise UnsupportedOperation("this device has no duplex streams", advice="build an input and an output stream")

    def build_duplex_stream_raw(  # noqa: PLR0913
        self,
        config: StreamConfig | SupportedStreamConfig,
        data: RawDuplexCallback | NativeCallback,
        on_event: EventCallback | None = None,
        *,
        input: Device | None = None,  # noqa: A002
        input_channels: int | Iterable[int] | None = None,
        drift: str = "report",
        depth: float | str = "balanced",
        realtime: str = "auto",
        convert: str = "format",
        input_options: Mapping[str, Any] | None = None,
        output_options: Mapping[str, Any] | None = None,
    ) -> DuplexStream:
        """As ``build_duplex_stream``, with memoryviews of bytes, interleaved; does not need numpy."""
        del config, data, on_event, input, input_channels, drift, depth, realtime, convert
        del input_options, output_options
        raise UnsupportedOperation("this device has no duplex streams", advice="build an input and an output stream")


class Couples:
    """A part of ``contract.Host``."""

    @staticmethod
    def build_duplex_stream(
        input: Device,  # noqa: A002
        output: Device,
        config: StreamConfig | SupportedStreamConfig,
        data: DuplexCallback | NativeCallback,
        on_event: EventCallback | None = None,
        **options: Any,
    ) -> DuplexStream:
        """``output.build_duplex_stream(config, data, on_event, input=input, ...)``: two devices of this host."""
        _check_devices(input, output)
        return output.build_duplex_stream(config, data, on_event, input=input, **options)

    @staticmethod
    def build_duplex_stream_raw(
        input: Device,  # noqa: A002
        output: Device,
        config: StreamConfig | SupportedStreamConfig,
        data: RawDuplexCallback | NativeCallback,
        on_event: EventCallback | None = None,
        **options: Any,
    ) -> DuplexStream:
        """As ``build_duplex_stream``, with memoryviews of bytes, interleaved; does not need numpy."""
        _check_devices(input, output)
        return output.build_duplex_stream_raw(config, data, on_event, input=input, **options)


def _check_devices(input_: object, output: object) -> None:
    """Return if these are two devices; a missing default one is None, and would be another one than is meant."""
    for name, given in (("input", input_), ("output", output)):
        if not isinstance(given, Opens):
            raise InvalidInput(f"{name} must be a device, not {shown(given)}", advice="choose one of host.devices()")


def includes(listed: SupportedStreamConfigRange, wanted: StreamConfig) -> bool:
    """Whether a config is one of those."""
    frames = wanted.buffer_size.resolve(wanted.sample_rate, listed.buffer_size).frames
    chosen = wanted.device_channels
    return (
        (listed.channels > max(chosen) if chosen else listed.channels == wanted.channels)
        and listed.sample_format is wanted.sample_format
        and listed.contains_rate(wanted.sample_rate)
        and (frames is None or listed.buffer_size.contains(frames))
    )
