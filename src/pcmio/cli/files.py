"""Sound files, read and written on threads of their own, so that a slow disk does not stop the sound."""

from __future__ import annotations

import importlib
import os
import queue
import re
import shutil
import stat
import threading
from contextlib import contextmanager, suppress
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from pcmio.cli.damage import DAMAGED, cut_off, promised_frames
from pcmio.cli.exits import FileProblem
from pcmio.cli.pipes import IN_WORDS, PIPE, SAMPLE_BYTES, only_forward, piped_input, standard_input
from pcmio.formats import SampleFormat

if TYPE_CHECKING:
    from collections.abc import Generator, Iterable, Iterator
    from types import TracebackType
    from typing import Any

    from typing_extensions import Self

    from pcmio.cli.mixing import Mixing
    from pcmio.cli.pipes import RawFormat
    from pcmio.configs import StreamConfig

#: What is read ahead of the sound.
_AHEAD_SECONDS = 2.0
_CHUNK_FRAMES = 8192
#: What libsndfile says of a file that does not tell.
_UNKNOWN_FRAMES = 0x7FFFFFFFFFFFFFFF
_PATIENCE_SECONDS = 0.3
#: Of libsndfile: SF_ERR_UNRECOGNISED_FORMAT, SF_ERR_SYSTEM.
_UNRECOGNISED, _SYSTEM = 1, 2
#: More is not in the tables of libvorbis, which libsndfile 1.2 lets crash the program when such a file is written.
_MOST_VORBIS_RATE = 200_000
#: So little is left on a disk that is full.
_FULL_BYTES = 65_536


def soundfile() -> Any:
    """The library that knows the files.

    Raises:
        FileProblem: libsndfile, which it needs, is not there.
    """
    try:
        return importlib.import_module("soundfile")
    except OSError as error:
        raise FileProblem(
            f"sound files need libsndfile: {error}", "install libsndfile1 (Debian), or libsndfile"
        ) from None


# --- reading --------------------------------------------------------------------------------------------------------


class FileFacts(NamedTuple):
    """A sound file before it is read.

    Attributes:
        frames: 0 where it does not tell.
        wide: Whether its samples need more than 24 bits.
        piped: Whether it comes through a pipe, from who may be slow.
        promised: Frames that its header counts; 0 where it does not, or only lets libsndfile guess.
    """

    path: str
    channels: int
    sample_rate: int
    frames: int
    wide: bool
    piped: bool = False
    promised: int = 0


@contextmanager
def reading(path: str, raw: RawFormat | None = None) -> Generator[tuple[Any, FileFacts]]:
    """An open sound file and what it is; ``-`` is standard input, and ``raw`` says that there are samples alone.

    Raises:
        FileProblem: It cannot be read, or is no sound file.
    """
    library = soundfile()
    if path == PIPE:
        file, frames = standard_input(raw, library)
        yield file, _facts(IN_WORDS, file, frames or 0, piped=True)
        return
    number = _opened_pipe(path)
    if number is not None:
        file, frames = piped_input(number, path, raw, library)
        yield file, _facts(path, file, frames or 0, piped=True)
        return
    try:
        file = library.SoundFile(native_path(path), **({} if raw is None else raw.opening()))
    except library.LibsndfileError as error:
        raise FileProblem(f"{path}: {in_words(error)}", _readable(library, error)) from None
    with file:
        only_forward(file)
        facts = _facts(path, file, file.frames if file.frames < _UNKNOWN_FRAMES else 0)
        yield file, facts._replace(promised=promised_frames(path, file))


def _opened_pipe(path: str) -> int | None:
    """The number of a named pipe, which may be opened once only: who writes to it is gone then.  None: a usual file.

    Raises:
        FileProblem: It cannot be read.
    """
    try:
        with open(path, "rb", buffering=0) as opened:  # noqa: PTH123 - the system's own words when that is not possible
            return os.dup(opened.fileno()) if stat.S_ISFIFO(os.fstat(opened.fileno()).st_mode) else None
    except OSError as error:
        raise FileProblem.of(path, error) from None


def _facts(path: str, file: Any, frames: int, *, piped: bool = False) -> FileFacts:
    wide = file.subtype in ("PCM_32", "DOUBLE")
    return FileFacts(path, file.channels, file.samplerate, frames, wide, piped)


def native_path(path: str) -> str | bytes:
    """A path as libsndfile takes it: on Unix a name is bytes, and need not be Unicode."""
    try:
        path.encode()
    except UnicodeEncodeError:
        return os.fsencode(path)
    return path


def in_words(error: Exception) -> str:
    """What libsndfile says, without saying that it is an error; of others what they say."""
    text: str | None = getattr(error, "error_string", None)
    if text is None:
        return str(error)
    return re.sub(r"^Error *[:.] *|\.$", "", text)


def _readable(library: Any, error: Any) -> str:
    if error.code != _UNRECOGNISED:
        return DAMAGED
    return f"these can be read: {', '.join(sorted(library.available_formats())).lower()}"


class Reader:
    """Blocks of a file as a stream wants them, ready before they are asked for.

    Attributes:
        late_blocks: Times that a block was not ready, and silence was played.
        problem: Why it was not read to the end that it should have; known when the last block was taken.
    """

    def __init__(self, file: Any, facts: FileFacts, mixing: Mixing, block_frames: int) -> None:
        self.late_blocks = 0
        self.problem: FileProblem | None = None
        self._piped = facts.piped
        self._facts = facts
        self._file = file
        self._mixing = mixing
        self._block_frames = block_frames
        self._dtype = mixing.dtype
        ahead = max(4, round(_AHEAD_SECONDS * mixing.sample_rate / block_frames))
        self._ready: queue.Queue[Any] = queue.Queue(ahead)
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._read, name="pcmio file reader", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._over.set()
        # Who waits in a pipe for what does not come is left there: the thread does not keep the program.
        self._thread.join(_PATIENCE_SECONDS if self._piped else None)

    def take(self) -> Any:
        """The next block; a shorter one at the end, None behind it, an empty one when the disk is late."""
        try:
            block = self._ready.get(timeout=_PATIENCE_SECONDS)
        except queue.Empty:
            self.late_blocks += 1
            return np.empty((0, self._mixing.channels), self._dtype)
        return block

    def _read(self) -> None:
        with suppress(_Over):
            try:
                for block in _cut(self._mixing.apply(self._chunks()), self._block_frames):
                    self._put(block)
            except _Over:
                raise
            except Exception as error:  # noqa: BLE001 - whatever it is, it belongs to who plays
                self.problem = self._unreadable(error)
            self._put(None)

    def _unreadable(self, error: Exception) -> FileProblem:
        return FileProblem(f"{self._facts.path}: it cannot be read to its end: {in_words(error)}", DAMAGED)

    def _chunks(self) -> Iterator[Any]:
        # From a pipe no more than is played at a time: what comes slowly is not waited for longer than that.
        frames = self._block_frames if self._piped else _CHUNK_FRAMES
        got = 0
        try:
            while len(chunk := self._file.read(frames, self._dtype, always_2d=True)):
                got += len(chunk)
                yield chunk
        except Exception as error:  # noqa: BLE001 - what was read before it is played
            self.problem = self._unreadable(error)
        else:
            self.problem = cut_off(self._facts, got)

    def _put(self, block: Any) -> None:
        while not self._over.is_set():
            try:
                self._ready.put(block, timeout=_PATIENCE_SECONDS)
            except queue.Full:
                continue
            return
        raise _Over


class _Over(Exception):  # noqa: N818 - a signal
    """Nobody wants further blocks."""


def _cut(chunks: Iterable[Any], block_frames: int) -> Iterator[Any]:
    """The same frames in blocks of one size; the last may be shorter."""
    rest: list[Any] = []
    waiting = 0
    for chunk in chunks:
        rest.append(chunk)
        waiting += len(chunk)
        if waiting < block_frames:
            continue
        whole = np.concatenate(rest)
        end = waiting - waiting % block_frames
        yield from (whole[at : at + block_frames] for at in range(0, end, block_frames))
        rest, waiting = [whole[end:]], waiting - end
    if waiting:
        yield np.concatenate(rest)


# --- writing --------------------------------------------------------------------------------------------------------


class Encoding(NamedTuple):
    """How samples are kept in a file.

    Attributes:
        subtype: libsndfile's name.
        stream_format: What the stream is to deliver for it.
        shift: Bits to shift its integers to the left, as libsndfile takes them left-aligned.
    """

    subtype: str
    stream_format: SampleFormat
    shift: int = 0


#: What ``--format`` may say.
ENCODINGS = {
    "i16": Encoding("PCM_16", SampleFormat.I16),
    "i24": Encoding("PCM_24", SampleFormat.I24, shift=8),
    "i32": Encoding("PCM_32", SampleFormat.I32),
    "f32": Encoding("FLOAT", SampleFormat.F32),
    "f64": Encoding("DOUBLE", SampleFormat.F64),
}
#: Lengths in their headers have 32 bits; behind them libsndfile goes on, and nobody reads what is there.
_SHORT = ("WAV", "WAVEX", "AIFF")
_MOST_BYTES = (1 << 32) - (1 << 16)  # some of it is for the header
#: Headers that tell the length, and can be written anew while the file grows: ogg's and mp3's come to harm by it.
_TELLING = ("AIFF", "AU", "CAF", "MAT4", "RF64", "W64", "WAV", "WAVEX")
#: Of libsndfile: SFC_SET_UPDATE_HEADER_AUTO.
_UPDATE_HEADER_AUTO = 0x1061
#: Formats that keep what their codec keeps, whatever it is given.
_LOSSY = {"OGG": "VORBIS", "MP3": "MPEG_LAYER_III"}
_BY_SUFFIX = {"aif": "AIFF", "oga": "OGG", "opus": "OGG", "wave": "WAV"}


class FilePlan(NamedTuple):
    """A file that can be written: its container and its encoding."""

    path: str
    container: str
    encoding: Encoding

    def most_frames(self, channels: int) -> int | None:
        """Frames that such a file can have; None: as many as there are."""
        return _MOST_BYTES // (channels * SAMPLE_BYTES[self.encoding.subtype]) if self.container in _SHORT else None

    def full(self, *, kept: bool = False) -> FileProblem:
        """What to tell when there are more; ``kept``: after what it can have."""
        advice = "what was written until then is kept; " if kept else ""
        message = f"{self.path}: a {self.container.lower()} file ends at 4 GB"
        return FileProblem(message, f"{advice}record longer ones to .w64 or .rf64")


def plan_file(path: str, wanted: str | None, native: SampleFormat) -> FilePlan:
    """How to write ``path``: the container by its ending, samples as ``wanted``, else nearest to ``native``.

    ``-`` is standard output.

    Raises:
        FileProblem: No such container, or it does not hold such samples.
    """
    library = soundfile()
    if path == PIPE:
        return FilePlan("standard output", "WAV", ENCODINGS[wanted or _like(native)[0]])
    suffix = Path(path).suffix.lower().lstrip(".")
    container = _BY_SUFFIX.get(suffix, suffix.upper())
    if container not in library.available_formats():
        raise FileProblem(f"{path}: the ending {suffix!r} names no sound file", "use .wav, .flac, .ogg, .opus or .mp3")
    if container in _LOSSY:
        if wanted is not None:
            raise FileProblem(
                f"{path}: a {suffix} file has no sample format", "leave out --format, or use .wav or .flac"
            )
        subtype = "OPUS" if suffix == "opus" else _LOSSY[container]
        return FilePlan(path, container, Encoding(subtype, SampleFormat.F32))
    holds = {name: kept for name, kept in ENCODINGS.items() if library.check_format(container, kept.subtype)}
    if not holds:
        raise FileProblem(f"{path}: {suffix} files hold no samples that pcmio writes", "use .wav, .flac, .ogg or .mp3")
    if wanted is None:
        wanted = next((name for name in _like(native) if name in holds), next(iter(holds)))
    elif wanted not in holds:
        raise FileProblem(f"{path}: a {suffix} file does not hold {wanted}", f"it holds {', '.join(holds)}")
    return FilePlan(path, container, holds[wanted])


def _like(native: SampleFormat) -> tuple[str, ...]:
    """Encodings in the order in which they suit a device's own format: the first loses nothing."""
    if native.is_float:
        return ("f64", "f32", "i24", "i16") if native is SampleFormat.F64 else ("f32", "i24", "i16")
    if native.bits_per_sample <= 16:  # noqa: PLR2004 - bits
        return ("i16", "i24")
    return ("i24", "i32", "i16") if native.bits_per_sample == 24 else ("i32", "i24", "i16")  # noqa: PLR2004 - bits


class Writer:
    """Writes what callbacks put, as it comes."""

    def __init__(self, plan: FilePlan, config: StreamConfig, *, replace: bool) -> None:
        there = False
        try:
            there = replace and Path(plan.path).exists()
            if there:
                _check_replaceable(plan, config)
            open(plan.path, "wb" if replace else "xb").close()  # noqa: PTH123 - a Path loses a last slash
        except FileExistsError:
            raise FileProblem(
                f"{plan.path} exists already", "name another file, or add --force to replace it"
            ) from None
        except OSError as error:
            raise FileProblem.of(plan.path, error) from None
        try:
            self._file = _open_to_write(plan.path, plan, config)
        except FileProblem:
            if not there:
                Path(plan.path).unlink()
            raise
        self._plan = plan
        self._most_frames = plan.most_frames(config.channels)
        self._is_new = not there
        self._blocks: queue.SimpleQueue[Any] = queue.SimpleQueue()
        self._problem: FileProblem | None = None
        self.frames = 0
        self._thread = threading.Thread(target=self._write, name="pcmio file writer", daemon=True)
        self._thread.start()

    def put(self, block: Any) -> None:
        """Have a block written; it must not change afterwards."""
        self._blocks.put(block)

    def waiting(self) -> int:
        """Blocks that the disk has not taken yet."""
        return self._blocks.qsize()

    def check(self) -> None:
        """Raise what went wrong in writing, if anything did."""
        if self._problem is not None:
            raise self._problem

    def close(self) -> None:
        """Write what is still waiting, and finish the file; harmless when closed.

        Raises:
            FileProblem: It could not be written.
        """
        self._blocks.put(None)
        self._thread.join()
        self.check()

    def discard(self) -> None:
        """Leave no file where none was, once it is closed."""
        if self._is_new:
            with suppress(OSError):  # why nothing was recorded matters more
                Path(self._plan.path).unlink()

    def _write(self) -> None:
        try:
            with self._file:
                while (block := self._blocks.get()) is not None:
                    self._keep(block)
        except FileProblem as full:
            self._problem = full
        except Exception as error:  # noqa: BLE001 - whatever it is, it belongs to who records
            self._problem = FileProblem(
                f"{self._plan.path}: {_why_not_written(self._plan.path, error)}", "what was written until then is kept"
            )

    def _keep(self, block: Any) -> None:
        if self._most_frames is not None and self.frames + len(block) > self._most_frames:
            raise self._plan.full(kept=True)
        shift = self._plan.encoding.shift
        self._file.write(np.left_shift(block, shift) if shift else block)
        self.frames += len(block)


def _check_replaceable(plan: FilePlan, config: StreamConfig) -> None:
    """See to it that what is there is not lost to a file that cannot be, and that nobody waits for who reads a pipe."""
    path = Path(plan.path)
    if not path.is_file() and not path.is_dir():
        raise FileProblem(f"{path} is no file, and is not replaced", "a pipe takes standard output: pcmio record -")
    with TemporaryDirectory() as folder:
        _open_to_write(str(Path(folder) / "tried"), plan, config).close()


def _open_to_write(path: str, plan: FilePlan, config: StreamConfig) -> Any:
    library = soundfile()
    if plan.encoding.subtype == _LOSSY["OGG"] and config.sample_rate > _MOST_VORBIS_RATE:
        raise FileProblem(f"{plan.path}: an ogg file does not hold {config.sample_rate} Hz", _unwritable(plan))
    try:
        file = library.SoundFile(
            native_path(path),
            "w",
            config.sample_rate,
            config.channels,
            plan.encoding.subtype,
            format=plan.container,
        )
    except library.LibsndfileError as error:
        why = in_words(error)
        if error.code == _UNRECOGNISED:
            kind = plan.container.lower()
            why = f"a {kind} file does not hold {config.channels} channels at {config.sample_rate} Hz"
        raise FileProblem(f"{plan.path}: {why}", _unwritable(plan)) from None
    if plan.container in _TELLING:
        _keep_header_true(library, file)
    return file


def _keep_header_true(library: Any, file: Any) -> None:
    """Have the header tell after each block what is there: a program that is killed writes no other one."""
    # soundfile has no name of its own for it; one without this leaves the header to the end.
    with suppress(AttributeError):
        library._snd.sf_command(file._file, _UPDATE_HEADER_AUTO, library._ffi.NULL, 1)  # noqa: SLF001 - see above


def _why_not_written(path: str, error: Exception) -> str:
    """Libsndfile keeps to itself what the system has told it."""
    if getattr(error, "code", None) != _SYSTEM:
        return in_words(error)
    try:
        full = shutil.disk_usage(Path(path).resolve().parent).free < _FULL_BYTES
    except OSError as gone:  # with the disk that it was on
        return f"the system takes no more of it ({gone.strerror or gone})"
    return "the disk is full" if full else "the system takes no more of it (is the disk full, or the file too large?)"


def _unwritable(plan: FilePlan) -> str:
    if plan.encoding.subtype == "OPUS":
        return "opus files take --rate 8000, 12000, 16000, 24000 or 48000"
    return "choose another --rate or --channels, or record to a .wav"
