"""Sound files that end before they should: their headers count more than there is."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from pcmio.cli.exits import FileProblem
from pcmio.cli.pipes import UNKNOWN_BYTES
from pcmio.cli.screen import clock

if TYPE_CHECKING:
    from typing import Any

    from pcmio.cli.files import FileFacts

#: What to think of a file that is not as it should be.
DAMAGED = "it may be damaged, or not complete"
#: How libsndfile remarks that a chunk is longer than the file: of wav, aiff, au and w64.
_SHORTENED = re.compile(r"^ *(?:data|SSND|Data Size|riff) *: (\d+) \(should be (\d+)\)", re.MULTILINE)
#: The same of rf64.
_MISCOUNTED = re.compile(r"does not match value from 'ds64' chunk of (\d+)")
#: Encoders of mp3 count the first frame and the padding or not; and what lacks no more than this lacks nothing.
_SLACK_FRAMES = 4 * 1152
#: In the longest first frame of an mp3.
_TAG_BYTES = 2048


def promised_frames(path: str, file: Any) -> int:
    """Frames that an open file's header counts, be they there or not; 0 where it does not count them."""
    if file.format == "MP3":
        return int(file.frames) if _counts_frames(path) else 0
    remarks = file.extra_info
    if found := _SHORTENED.search(remarks):
        told, there = int(found[1]), int(found[2])
        return round(file.frames * told / there) if 0 < there < told < UNKNOWN_BYTES else 0
    found = _MISCOUNTED.search(remarks)
    return 0 if found is None else int(found[1])


def cut_off(facts: FileFacts, frames: int) -> FileProblem | None:
    """What to tell of a file that gave so many frames; None where those are all."""
    if frames + _SLACK_FRAMES >= facts.promised:
        return None
    there, promised = (clock(round(count / facts.sample_rate, 1), tenths=True) for count in (frames, facts.promised))
    return FileProblem(f"{facts.path}: it ends after {there} of {promised}", DAMAGED)


def _counts_frames(path: str) -> bool:
    """Whether an mp3 says how many frames it has; of others libsndfile guesses, by size and by the first of them."""
    with open(path, "rb") as file:  # noqa: PTH123 - as all files here
        head = file.read(10)
        if head[:3] == b"ID3":  # each of the bytes of its length has seven bits
            file.seek(sum(byte << 7 * (3 - at) for at, byte in enumerate(head[6:10])), 1)
        else:
            file.seek(0)
        first = file.read(_TAG_BYTES)
    at = max(first.find(b"Xing"), first.find(b"Info"))
    return at >= 0 and bool(first[at + 7] & 1) and any(first[at + 8 : at + 12])
