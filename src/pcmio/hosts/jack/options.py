"""What only this host can be asked for."""

from __future__ import annotations

from pcmio._device import check_follow
from pcmio._value import Value, as_utf8
from pcmio.errors import InvalidInput

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any, TypeAlias

    #: For each channel the ports it is connected to.
    Targets: TypeAlias = "tuple[tuple[str, ...], ...]"

CLIENT_NAME = "pcmio"
MOST_CHANNELS = 64


class HostOptions(Value):
    """Of ``pcmio.host("jack", ...)``.

    Attributes:
        client_name: By which other programs see this one; a server that has it already adds a number.
        server_name: The server to use, or None for the usual one (``JACK_DEFAULT_SERVER``, else "default").
        start_server: Whether libjack may start a server when none runs, as ``~/.jackdrc`` says.
        connect: What streams do that do not say: connect to the ports of their device, or not.
    """

    client_name: str = CLIENT_NAME
    server_name: str | None = None
    start_server: bool = False
    connect: bool = True

    def _check(self) -> None:
        _check_text("client_name", self.client_name)
        if ":" in self.client_name:
            raise InvalidInput(f"client_name must not hold a colon, which ends it in port names: {self.client_name!r}")
        if self.server_name is not None:
            _check_text("server_name", self.server_name)
        for name in ("start_server", "connect"):
            value = getattr(self, name)
            if not isinstance(value, bool):
                raise InvalidInput(f"option {name} takes True or False, not {value!r}")


HOST_OPTIONS = HostOptions.__match_args__


class StreamOptions(Value):
    """Of ``device.build_*_stream(...)``.

    Attributes:
        name: Its ports are called ``name_1``, ``name_2``...; None: ``output_1`` or ``input_1``, with a number for each
            further stream.
        port_names: The name of each port, or None.
        connect: True: channel by channel to the ports of the device.  False: not at all.  Else the port, or the ports,
            of each channel in turn; channels without one stay unconnected, ports without a channel are left alone.
        follow: "never": the stream ends with its device.  "default": when its device goes, it is connected to the one
            that is the default then.  None: "default" for a device from ``default_*_device()``, else "never".  A stream
            that was not connected to its device's ports (``connect=``) knows nothing of devices.
    """

    name: str | None = None
    port_names: tuple[str, ...] | None = None
    connect: bool | Targets = True
    follow: str | None = None

    def _check(self) -> None:
        check_follow(self.follow)


def check_stream_options(channels: int, name: Any, port_names: Any, connect: Any, follow: Any) -> StreamOptions:
    """The options of one stream.

    Raises:
        InvalidInput: Of the wrong type, as many port names as there are no channels, a name twice.
    """
    if name is not None:
        _check_text("name", name)
    if port_names is not None:
        if name is not None:
            raise InvalidInput("give either name or port_names")
        port_names = _texts("port_names", port_names)
        if len(port_names) != channels or len(set(port_names)) != channels:
            raise InvalidInput(
                f"port_names must hold {channels} different names, one for each channel, not {port_names!r}"
            )
    return StreamOptions(name, port_names, connect if isinstance(connect, bool) else _targets(connect), follow)


def _targets(connect: Any) -> Targets:
    if isinstance(connect, (str, bytes)) or not hasattr(connect, "__iter__"):
        raise InvalidInput(f"connect takes True, False or a list of port names, not {connect!r}")
    targets: list[tuple[str, ...]] = []
    for entry in connect:
        if entry is None:
            targets.append(())
        else:
            # As they are listed: a client of another program may have any name.
            targets.append(_texts("connect", [entry] if isinstance(entry, str) else entry, _check_name))
    return tuple(targets)


def _texts(name: str, values: Any, check: Callable[[str, Any], None] | None = None) -> tuple[str, ...]:
    if isinstance(values, (str, bytes)) or not hasattr(values, "__iter__"):
        raise InvalidInput(f"option {name} takes a list of names, not {values!r}")
    texts = tuple(values)
    for text in texts:
        (check or _check_text)(name, text)
    return texts


def _check_name(name: str, value: Any) -> None:
    if not isinstance(value, str) or not value or "\0" in value:
        raise InvalidInput(f"option {name} takes text, not {value!r}")


def _check_text(name: str, value: Any) -> None:
    _check_name(name, value)
    if value != as_utf8(value):
        raise InvalidInput(f"option {name} takes text, not {value!r}")
