"""What only this host can be asked for."""

from __future__ import annotations

from pcmio._device import check_follow
from pcmio._served import ServerOptions, check_words
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


class HostOptions(ServerOptions):
    """Options of ``pcmio.host("pipewire", ...)``.

    Attributes:
        remote: The server's socket: a path, or a name in the directory for such things; "@name": an abstract one;
            "[ name, name ]": several, to be tried in turn.  None: PIPEWIRE_REMOTE, else "pipewire-0".
    """

    remote: str | None = None


class StreamOptions(Value):
    """Options of ``build_*_stream``.

    Attributes:
        follow: "never": the stream stays on its device and ends with it.  "default": the session manager may move it,
            and does when the default device changes.  None: "default" for a device from ``default_*_device()``, or one
            that stands for the default; else "never".
        media_role: What it is for, one of ``ROLES``: session managers may route or duck by it.
        stream_name: For mixers; None: the application's name.
        node_name: Of its node in the graph; None: the stream's name.
        channel_map: Where each channel belongs, as "FL,FR,LFE"; None: the standard
            order, or the device's own where its channels are in other places.
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
            check_words(name, getattr(self, name))
        check_follow(self.follow)
        if self.media_role is not None and self.media_role not in ROLES:
            raise InvalidInput(f"option media_role takes one of {', '.join(ROLES)}, not {self.media_role!r}")
        connect: Any = self.connect
        if not isinstance(connect, bool):
            raise InvalidInput(f"option connect takes True or False, not {connect!r}")
        if not connect and self.follow == "default":
            raise InvalidInput("a stream that is connected to nothing (connect=False) cannot follow the default")
