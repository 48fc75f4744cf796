"""What every device opens for those who write and read without a callback."""

from __future__ import annotations

from pcmio.errors import UnsupportedOperation

TYPE_CHECKING = False
if TYPE_CHECKING:
    from pcmio.blocking import Reader, Writer
    from pcmio.configs import StreamConfig, SupportedStreamConfig
    from pcmio.contract import EventCallback

#: Outlasts whatever Python usually does meanwhile; clear() ends it at once all the same.
WRITER_SECONDS = 0.25
#: Costs no latency: who keeps up finds it empty.
READER_SECONDS = 1.0


class Opens:
    """A part of ``contract.Device``."""

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
                to the device's channels and resampled to its rate (by soxr, which ``pcmio[convert]`` brings).  "never":
                it is refused.
            options: What only this host can be asked for.

        Raises:
            What ``build_output_stream`` raises; UnsupportedOperation also from a device that has callbacks only.
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
        **options: object,
    ) -> Reader:
        """Open an input stream that is read from, stopped; it begins when its block is entered, or with a read.

        Args:
            config: As for ``build_input_stream``; None: the default one, with 32-bit floats.
            depth: How much may wait to be read: seconds, or a name as for ``build_output_stream``.
            on_event: Called with a ``StreamEvent`` on a Python thread of the stream's own.
            realtime: As for ``build_input_stream``.
            options: What only this host can be asked for.

        Raises:
            What ``build_input_stream`` raises; UnsupportedOperation also from a device that has callbacks only.
        """
        del config, depth, on_event, realtime, options
        raise UnsupportedOperation("this device cannot be read from", advice="build a stream with a callback")
