"""What native libraries would print, on its way from the core's queue to ``logging``.

The queue is one for the process, since libraries' hooks know nothing of hosts: whoever asks takes all there is.
"""

from __future__ import annotations

import ctypes

from pcmio._core import core
from pcmio._log import logger

_BYTES = 240  # PCMIO_MESSAGE_BYTES
_INFO = 1
#: The core writes it before what libasound says; libjack's hooks hand over text as it is.
_ASOUND = "libasound: "


def take_messages(library: str) -> list[str]:
    """Hand on what was said since the last time; the errors of ``library`` ("libjack", "libasound") are returned.

    Errors come on a level below WARNING: whatever they are about is raised as well, and a program that has not set up
    logging would see them on its stderr.
    """
    take, text = core().pcmio_message_take, ctypes.create_string_buffer(_BYTES)
    failures: list[str] = []
    while kind := take(text):
        message = text.value.decode("utf-8", "replace").strip()
        if not message:
            continue
        speaker = "libjack"
        if message.startswith(_ASOUND):
            speaker, message = "libasound", message[len(_ASOUND) :]
        if kind == _INFO:
            logger().debug("%s: %s", speaker, message)
            continue
        logger().info("%s: %s", speaker, message)
        if speaker == library:
            failures.append(message)
    return failures
