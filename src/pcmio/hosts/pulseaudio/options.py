"""What only this host can be asked for."""

from __future__ import annotations

import os

from pcmio._device import check_follow
from pcmio._served import ServerOptions, check_words
from pcmio._value import Value
from pcmio.errors import InvalidInput

#: Roles that PulseAudio's policies know (pulse/proplist.h, PA_PROP_MEDIA_ROLE).
ROLES = ("video", "music", "game", "event", "phone", "animation", "production", "a11y", "test")


class HostOptions(ServerOptions):
    """Options of ``pcmio.host("pulseaudio", ...)``.

    Attributes:
        server: Where it listens: "unix:/path", "/path", "tcp:machine:port", "machine", or several, separated by spaces.
            None: PULSE_SERVER, else as client.conf says, else the user's own.
    """

    server: str | None = None

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
        channel_map: Where each channel belongs, as "front-left,front-right,lfe"; None: the standard
            order, or the device's own where its channels are in other places.
    """

    follow: str | None = None
    media_role: str | None = None
    stream_name: str | None = None
    channel_map: str | None = None

    def _check(self) -> None:
        for name in ("media_role", "stream_name", "channel_map"):
            check_words(name, getattr(self, name))
        check_follow(self.follow)
        if self.media_role is not None and self.media_role not in ROLES:
            raise InvalidInput(f"option media_role takes one of {', '.join(ROLES)}, not {self.media_role!r}")
