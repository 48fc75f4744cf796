"""pcmio: low-level audio input and output, one small API over every native audio system.

::

    import pcmio

    device = pcmio.default_host().default_output_device()
    config = device.default_output_config()
    with device.build_output_stream(config, fill) as stream:  # def fill(frames, info): frames[:] = ...
        stream.wait(2.0)
"""

from pcmio._switching import switch_interval
from pcmio.blocking import ClearResult, Reader, Writer
from pcmio.callbacks import NATIVE_BLOCK_FIELDS, NATIVE_DUPLEX_BLOCK_FIELDS, NativeCallback
from pcmio.configs import (
    COMMON_SAMPLE_RATES,
    SAMPLE_RATE_48K,
    SAMPLE_RATE_CD,
    BufferSize,
    StreamConfig,
    SupportedBufferSize,
    SupportedStreamConfig,
    SupportedStreamConfigRange,
)
from pcmio.contract import Device, Host, Stream, Watch
from pcmio.descriptions import (
    CHANNEL_POSITIONS,
    Channel,
    DeviceDescription,
    DeviceId,
    DeviceType,
    Direction,
    InterfaceType,
)
from pcmio.duplex import DuplexInfo, DuplexLatency, DuplexStream
from pcmio.errors import (
    AbortStream,
    AudioError,
    BackendError,
    DeviceBusy,
    DeviceLost,
    DeviceNotAvailable,
    HostDisconnected,
    HostUnavailable,
    InvalidInput,
    OperationInterrupted,
    OperationTimeout,
    PermissionDenied,
    ResourceExhausted,
    StopStream,
    StreamClosed,
    StreamInvalidated,
    UnsupportedConfig,
    UnsupportedOperation,
)
from pcmio.events import (
    BufferChanged,
    ClocksDrift,
    DefaultChanged,
    DeviceAdded,
    DeviceChanged,
    DeviceRemoved,
    EndReason,
    EventsDropped,
    HostBack,
    HostEvent,
    HostLost,
    RealtimeDenied,
    Rerouted,
    Resumed,
    StreamEnded,
    StreamEvent,
    StreamState,
    Suspended,
    VolumeChanged,
)
from pcmio.formats import SampleFormat
from pcmio.oneshot import Playback, Recording, play, play_record, record
from pcmio.platform import ALL_HOSTS, available_hosts, default_host, host
from pcmio.stats import Latency, StreamStats
from pcmio.timestamps import CallbackInfo, StreamInstant, StreamTimestamp

__version__ = "0.1.0"

__all__ = [
    "ALL_HOSTS",
    "CHANNEL_POSITIONS",
    "COMMON_SAMPLE_RATES",
    "NATIVE_BLOCK_FIELDS",
    "NATIVE_DUPLEX_BLOCK_FIELDS",
    "SAMPLE_RATE_48K",
    "SAMPLE_RATE_CD",
    "AbortStream",
    "AudioError",
    "BackendError",
    "BufferChanged",
    "BufferSize",
    "CallbackInfo",
    "Channel",
    "ClearResult",
    "ClocksDrift",
    "DefaultChanged",
    "Device",
    "DeviceAdded",
    "DeviceBusy",
    "DeviceChanged",
    "DeviceDescription",
    "DeviceId",
    "DeviceLost",
    "DeviceNotAvailable",
    "DeviceRemoved",
    "DeviceType",
    "Direction",
    "DuplexInfo",
    "DuplexLatency",
    "DuplexStream",
    "EndReason",
    "EventsDropped",
    "Host",
    "HostBack",
    "HostDisconnected",
    "HostEvent",
    "HostLost",
    "HostUnavailable",
    "InterfaceType",
    "InvalidInput",
    "Latency",
    "NativeCallback",
    "OperationInterrupted",
    "OperationTimeout",
    "PermissionDenied",
    "Playback",
    "Reader",
    "RealtimeDenied",
    "Recording",
    "Rerouted",
    "ResourceExhausted",
    "Resumed",
    "SampleFormat",
    "StopStream",
    "Stream",
    "StreamClosed",
    "StreamConfig",
    "StreamEnded",
    "StreamEvent",
    "StreamInstant",
    "StreamInvalidated",
    "StreamState",
    "StreamStats",
    "StreamTimestamp",
    "SupportedBufferSize",
    "SupportedStreamConfig",
    "SupportedStreamConfigRange",
    "Suspended",
    "UnsupportedConfig",
    "UnsupportedOperation",
    "VolumeChanged",
    "Watch",
    "Writer",
    "available_hosts",
    "default_host",
    "host",
    "play",
    "play_record",
    "record",
    "switch_interval",
]
