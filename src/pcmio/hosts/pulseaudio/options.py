"""What only this host can be asked for."""

from __future__ import annotations

import os
import sys

from pcmio._device import check_follow
from pcmio._value import Value
from pcmio.errors import InvalidInput

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

#: Roles that PulseAudio's policies know (pulse/proplist.h, PA_PROP_MEDIA_ROLE).
ROLES = ("video", "music", "game", "event", "phone", "animation", "production", "a11y", "test")


def _text(name: str, value: object) -> None:
    if value is not None and (not isinstance(value, str) or not value or "\0" in value):
        raise InvalidInput(f"option {name} takes text, not {value!r}")


class HostOptions(Value):
    """Options of ``pcmio.host("pulseaudio", ...)``.

    Attributes:
        server: Where it listens: "unix:/path", "/path", "tcp:machine:port", "machine", or several, separated by spaces.
            None: PULSE_SERVER, else as client.conf says, else the user's own.
        timeout: Seconds that the server may take to answer.
        application_name: For mixers; None: the name of the program.
        application_icon: Name of an icon of the desktop's theme.
    """

    server: str | None = None
    timeout: float = 3.0
    application_name: str | None = None
    application_icon: str | None = None

    def _check(self) -> None:
        for name in ("server", "application_name", "application_icon"):
            _text(name, getattr(self, name))
        timeout: Any = self.timeout
        if isinstance(timeout, bool) or not isinstance(timeout, (int, float)) or not 0 < timeout < float("inf"):
            raise InvalidInput(f"option timeout takes seconds, more than 0, not {timeout!r}")

    @property
    def name(self) -> str:
        """What mixers show."""
        if self.application_name is not None:
            return self.application_name
        program = os.path.basename(sys.argv[0]) if sys.argv else ""  # noqa: PTH119 - pathlib is slow to import
        return program if program not in {"", "-", "-c", "-m"} else "Python"

    @property
    def where(self) -> str:
        """For messages: `` at ...``, or nothing."""
        named = self.server or os.environ.get("PULSE_SERVER")
        return f" at {named}" if named else ""


class StreamOptions(Value):
    """Options of ``build_*_stream``.

    Attributes:
        follow: "never": the stream stays on its device and ends with it.  "default": the server may move it, and does
            when the default device changes.  None: "default" for a device from ``default_*_device()``, or one that
            stands for a default; else "never".
        media_role: What it is for, one of ``ROLES``: servers may route or duck by it.
        stream_name: For mixers; None: the application's name.
        channel_map: Where each channel belongs, as "front-left,front-right,lfe"; None: see
            ``formats.stream_positions``.
    """

    follow: str | None = None
    media_role: str | None = None
    stream_name: str | None = None
    channel_map: str | None = None

    def _check(self) -> None:
        for name in ("media_role", "stream_name", "channel_map"):
            _text(name, getattr(self, name))
        check_follow(self.follow)
        if self.media_role is not None and self.media_role not in ROLES:
            raise InvalidInput(f"option media_role takes one of {', '.join(ROLES)}, not {self.media_role!r}")
