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

#: Roles that PipeWire's documentation names (pipewire/keys.h, PW_KEY_MEDIA_ROLE).
ROLES = (
    *("Movie", "Music", "Camera", "Screen", "Communication", "Game", "Notification", "DSP", "Production"),
    *("Accessibility", "Test"),
)


def _text(name: str, value: object) -> None:
    if value is not None and (not isinstance(value, str) or not value or "\0" in value):
        raise InvalidInput(f"option {name} takes text, not {value!r}")


class HostOptions(Value):
    """Options of ``pcmio.host("pipewire", ...)``.

    Attributes:
        remote: The server's socket: a path, or a name in the directory for such things; "@name": an abstract one;
            "[ name, name ]": several, to be tried in turn.  None: PIPEWIRE_REMOTE, else "pipewire-0".
        timeout: Seconds that the server may take to answer.
        application_name: For mixers; None: the name of the program.
        application_icon: Name of an icon of the desktop's theme.
    """

    remote: str | None = None
    timeout: float = 3.0
    application_name: str | None = None
    application_icon: str | None = None

    def _check(self) -> None:
        for name in ("remote", "application_name", "application_icon"):
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


class StreamOptions(Value):
    """Options of ``build_*_stream``.

    Attributes:
        follow: "never": the stream stays on its device and ends with it.  "default": the session manager may move it,
            and does when the default device changes.  None: "default" for a device from ``default_*_device()``, or one
            that stands for the default; else "never".
        media_role: What it is for, one of ``ROLES``: session managers may route or duck by it.
        stream_name: For mixers; None: the application's name.
        node_name: Of its node in the graph; None: the stream's name.
        channel_map: Where each channel belongs, as "FL,FR,LFE"; None: see ``formats.stream_positions``.
        connect: True: the session manager links it with its device.  False: its ports are left to ``host.connect``.
    """

    follow: str | None = None
    media_role: str | None = None
    stream_name: str | None = None
    node_name: str | None = None
    channel_map: str | None = None
    connect: bool = True

    def _check(self) -> None:
        for name in ("media_role", "stream_name", "node_name", "channel_map"):
            _text(name, getattr(self, name))
        check_follow(self.follow)
        if self.media_role is not None and self.media_role not in ROLES:
            raise InvalidInput(f"option media_role takes one of {', '.join(ROLES)}, not {self.media_role!r}")
        connect: Any = self.connect
        if not isinstance(connect, bool):
            raise InvalidInput(f"option connect takes True or False, not {connect!r}")
        if not connect and self.follow == "default":
            raise InvalidInput("a stream that is connected to nothing (connect=False) cannot follow the default")
