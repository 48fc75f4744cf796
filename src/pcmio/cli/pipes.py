"""Sound through pipes: ``-`` is standard input or standard output, as WAV or as samples and nothing else.

Reading is libsndfile's: it takes what it can read without going back (WAV, AIFF, AU, raw). Writing WAV is not, as
libsndfile wants to go back and write the length. A stream's header says the most that there can be, as others' do.
"""

from __future__ import annotations

import os
import queue
import select
import struct
import sys
import threading
from typing import TYPE_CHECKING, NamedTuple

import click
import numpy as np

from pcmio.cli.exits import FileProblem
from pcmio.cli.standard import was_closed

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from pcmio.cli.files import Encoding
    from pcmio.configs import StreamConfig

PIPE = "-"
IN_WORDS = "standard input"
#: What ``--raw`` may say: libsndfile's names, all little-endian.
RAW_SUBTYPES = {
    "u8": "PCM_U8",
    "i8": "PCM_S8",
    "i16": "PCM_16",
    "i24": "PCM_24",
    "i32": "PCM_32",
    "f32": "FLOAT",
    "f64": "DOUBLE",
}
SAMPLE_BYTES = {"PCM_U8": 1, "PCM_S8": 1, "PCM_16": 2, "PCM_24": 3, "PCM_32": 4, "FLOAT": 4, "DOUBLE": 8}
#: Who does not know the length writes a number from here on: 0x7ffff000, 0x7fffffff or 0xffffffff.
UNKNOWN_BYTES = 0x7FF00000
_LOOK_SECONDS = 0.1


class RawFormat(NamedTuple):
    """Samples without a header, interleaved and little-endian."""

    sample_format: str
    sample_rate: int
    channels: int

    def opening(self) -> dict[str, Any]:
        """What libsndfile has to be told."""
        return {
            "samplerate": self.sample_rate,
            "channels": self.channels,
            "subtype": RAW_SUBTYPES[self.sample_format],
            "endian": "LITTLE",
            "format": "RAW",
        }


# --- reading --------------------------------------------------------------------------------------------------------


def standard_input(raw: RawFormat | None, library: Any) -> tuple[Any, int | None]:
    """An open sound on standard input, and its frames as far as it tells.

    Raises:
        FileProblem: It is no sound that can be read from a pipe.
    """
    if was_closed(0):
        raise FileProblem("standard input is closed", "pipe a sound into it: producer | pcmio play -")
    if sys.stdin.isatty():
        raise FileProblem("standard input is a terminal", "pipe a sound into it: producer | pcmio play -")
    return piped_input(sys.stdin.fileno(), IN_WORDS, raw, library)


def piped_input(number: int, name: str, raw: RawFormat | None, library: Any) -> tuple[Any, int | None]:
    """An open sound that comes through a pipe, and its frames as far as it tells.

    It is never closed: somebody may wait in it for what does not come any more.

    Raises:
        FileProblem: It is no sound that can be read from a pipe.
    """
    _wait_for_data(number)
    try:
        file = library.SoundFile(number, closefd=False, **({} if raw is None else raw.opening()))
        if raw is None and file.format in ("WAV", "WAVEX") and file.frames == 0:
            file = library.SoundFile(number, closefd=False, **_as_raw(file))
    except library.LibsndfileError as error:
        advice = "a pipe can be wav, aiff, au, or samples alone with --raw; others have to be files"
        raise FileProblem(f"{name}: {error.error_string}", advice) from None
    only_forward(file)
    known = file.format != "RAW" and file.frames * file.channels * SAMPLE_BYTES.get(file.subtype, 1) < UNKNOWN_BYTES
    return file, file.frames if known else None


def only_forward(file: Any) -> None:
    """Have a file read from its beginning to its end.

    Else soundfile goes to where it is already after each piece, and fails at the end of what does not know its length.
    """
    file.seekable = lambda: False


def _as_raw(file: Any) -> dict[str, Any]:
    """What follows a header that says that nothing follows: its writer could not go back."""
    return {
        "samplerate": file.samplerate,
        "channels": file.channels,
        "subtype": file.subtype,
        "endian": "LITTLE",
        "format": "RAW",
    }


def _wait_for_data(number: int) -> None:
    """Return when there is something to read; Ctrl-C ends that, as it does not end libsndfile's reading."""
    try:
        while not select.select([number], [], [], _LOOK_SECONDS)[0]:
            pass
    except (OSError, ValueError):  # pipes cannot be waited for on this system
        return


# --- writing --------------------------------------------------------------------------------------------------------


def wav_header(encoding: Encoding, config: StreamConfig) -> bytes:
    """Of a WAV whose length nobody knows yet."""
    width = SAMPLE_BYTES[encoding.subtype]
    frame = width * config.channels
    is_float = encoding.subtype in ("FLOAT", "DOUBLE")
    tag = 3 if is_float else 1
    endless = 0xFFFFFFFF
    kind = struct.pack(
        "<HHIIHH", tag, config.channels, config.sample_rate, config.sample_rate * frame, frame, 8 * width
    )
    return (
        b"RIFF" + struct.pack("<I", endless) + b"WAVEfmt " + struct.pack("<I", len(kind)) + kind
        + b"data" + struct.pack("<I", endless)
    )  # fmt: skip


class PipeWriter:
    """Writes what callbacks put to standard output, as it comes.

    Attributes:
        frames: Written so far.
    """

    def __init__(self, encoding: Encoding, config: StreamConfig, *, raw: bool) -> None:
        self._pipe = self._open()
        self._encode = _encoder(encoding)
        self._header = b"" if raw else wav_header(encoding, config)
        self._blocks: queue.SimpleQueue[Any] = queue.SimpleQueue()
        self._problem: Exception | None = None
        self.frames = 0
        self._thread = threading.Thread(target=self._write, name="pcmio pipe writer", daemon=True)
        self._thread.start()

    @staticmethod
    def _open() -> int:
        if was_closed(1):
            raise FileProblem("standard output is closed", "pipe it into a program, or name a file")
        if sys.stdout.isatty():
            raise click.UsageError("standard output is a terminal: pipe it into a program, or into a file")
        sys.stdout.flush()
        return sys.stdout.fileno()

    def put(self, block: Any) -> None:
        """Have a block written; it must not change afterwards."""
        self._blocks.put(block)

    def waiting(self) -> int:
        """Blocks that the reader has not taken yet."""
        return self._blocks.qsize()

    def check(self) -> None:
        """Raise what went wrong in writing, if anything did: BrokenPipeError when the reader has gone."""
        if self._problem is not None:
            raise self._problem

    def close(self) -> None:
        """Write what is still waiting; harmless when closed.

        Raises:
            FileProblem: It could not be written.
            BrokenPipeError: The reader has gone.
        """
        self._blocks.put(None)
        self._thread.join()
        self.check()

    def discard(self) -> None:
        """Nothing: what was sent is not taken back."""

    def _write(self) -> None:
        try:
            self._send(self._header)
            while (block := self._blocks.get()) is not None:
                self._send(self._encode(block))
                self.frames += len(block)
        except BrokenPipeError as error:
            self._problem = error
        except OSError as error:
            self._problem = FileProblem.of("standard output", error)

    def _send(self, data: bytes) -> None:
        rest = memoryview(data)
        while rest:
            rest = rest[os.write(self._pipe, rest) :]


def _encoder(encoding: Encoding) -> Callable[[Any], bytes]:
    """From a block of the stream's samples to little-endian bytes."""
    kind = {"PCM_16": "<i2", "PCM_24": "<i4", "PCM_32": "<i4", "FLOAT": "<f4", "DOUBLE": "<f8"}[encoding.subtype]
    if encoding.subtype != "PCM_24":
        return lambda block: bytes(block.astype(kind).tobytes())

    def pack(block: Any) -> bytes:
        whole: Any = np.ascontiguousarray(block.astype(kind))
        return bytes(whole.view("u1").reshape(-1, 4)[:, :3].tobytes())

    return pack
