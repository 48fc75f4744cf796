"""libpipewire and the core's part for it, each opened once for the process; the way to a server's socket."""

from __future__ import annotations

import ctypes
import errno
import os

from pcmio._core import core
from pcmio.hosts.pipewire import abi, errors
from pcmio.hosts.pipewire.abi import API_FUNCTIONS, Libpipewire, PipeWireApi, PipeWireCore

TYPE_CHECKING = False
if TYPE_CHECKING:
    import socket
    from collections.abc import Mapping

    from pcmio.hosts.pipewire.options import HostOptions

_SYSTEM_DIRECTORY = "/run/pipewire"
_REMOTE = "pipewire-0"
# USERPROFILE is Windows' HOME; libpipewire looks at it everywhere.
_OWN_DIRECTORIES = ("PIPEWIRE_RUNTIME_DIR", "XDG_RUNTIME_DIR", "USERPROFILE")
#: There in every Flatpak.
_FLATPAK_INFO = "/.flatpak-info"
_USERS_DIRECTORY = "/run/user"
#: From this version on client.conf gives the data thread real-time priority, and client-rt.conf is no more.
_RT_FOR_ALL = (1, 4)
#: Before this one, the library lost the descriptors in messages to a stream that it had just closed.
_KEEPS_DESCRIPTORS = (1, 0)


class Libraries:
    """Both, and the addresses of the functions that the core calls.

    Raises:
        HostUnavailable: libpipewire is not installed, or too old.
    """

    def __init__(self) -> None:
        self.pipewire = Libpipewire()
        self.core = PipeWireCore(core().path)
        self._api = PipeWireApi(*(self._address(f"pw_{name}") for name in API_FUNCTIONS))
        self.api = ctypes.addressof(self._api)
        self._be_quiet()
        self.pipewire.pw_init(None, None)
        self._be_quiet()

    def _address(self, name: str) -> int | None:
        if name == "pw_stream_get_time_n" and not self.pipewire.has(name):
            return None  # 0.3.49 and older: the core makes do with pw_stream_get_time
        return self.pipewire.address(name)

    def _be_quiet(self) -> None:
        """Have nothing logged to stderr, unless the user asks PipeWire itself to."""
        if not os.environ.get("PIPEWIRE_DEBUG"):
            self.pipewire.pw_log_set_level(abi.SPA_LOG_LEVEL_NONE)

    @property
    def version(self) -> tuple[int, int]:
        """Of the library: (0, 3) or (1, 6)."""
        numbers = (self.pipewire.pw_get_library_version() or b"").split(b".")
        return (int(numbers[0]), int(numbers[1])) if len(numbers) > 1 and numbers[0].isdigit() else (0, 3)

    @property
    def loses_descriptors(self) -> bool:
        """Whether a stream must not be closed while the server has something to tell it."""
        return self.version < _KEEPS_DESCRIPTORS

    def properties(self, values: Mapping[str, str | None]) -> int | None:
        """``pw_properties`` of those that have a value; whatever takes them frees them."""
        table, _items = dictionary(values)
        return self.pipewire.pw_properties_new_dict(ctypes.byref(table))

    def program(self, options: HostOptions) -> int | None:
        """What the server shows of this program."""
        return self.properties(
            {
                "application.name": options.name,
                "application.icon-name": options.application_icon,
                "application.process.id": str(os.getpid()),
            }
        )

    def context(self, loop: int | None, *, realtime: bool) -> int:
        """A ``pw_context`` on a loop.

        Raises:
            HostUnavailable: The library's own files are missing.
            ResourceExhausted: No descriptors, or no memory.
        """
        config = "client-rt.conf" if realtime and self.version < _RT_FOR_ALL else None
        context = self.pipewire.pw_context_new(loop, self.properties({"config.name": config}), 0)
        code = ctypes.get_errno()
        self._be_quiet()  # a configuration may have raised the level
        if context is None:
            raise errors.not_set_up("pw_context_new", code or errno.ENOENT)
        return context

    def loop(self) -> int:
        """A ``pw_loop``.

        Raises:
            HostUnavailable, ResourceExhausted: As ``context``.
        """
        loop = self.pipewire.pw_loop_new(None)
        if loop is None:
            raise errors.not_set_up("pw_loop_new", ctypes.get_errno() or errno.ENOENT)
        return loop

    def thread_loop(self, name: bytes) -> int:
        """A ``pw_thread_loop``; raises as ``loop``."""
        loop = self.pipewire.pw_thread_loop_new(name, None)
        if loop is None:
            raise errors.not_set_up("pw_thread_loop_new", ctypes.get_errno() or errno.ENOENT)
        return loop


def dictionary(values: Mapping[str, str | None]) -> tuple[abi.spa_dict, object]:
    """A ``spa_dict`` of those that have a value, and what it points to, which has to be kept as long."""
    items = [
        abi.spa_dict_item(key=key.encode(), value=value.encode()) for key, value in values.items() if value is not None
    ]
    array = (abi.spa_dict_item * len(items))(*items)
    return abi.spa_dict(n_items=len(items), items=ctypes.addressof(array)), array


_libraries: Libraries | None = None


def libraries() -> Libraries:
    """Opened at the first use.

    Raises:
        HostUnavailable: libpipewire is not installed, or too old.
    """
    global _libraries  # noqa: PLW0603 - one for the process, and nothing at import
    if _libraries is None:
        _libraries = Libraries()
    return _libraries


def require_library() -> None:
    """Return if libpipewire is installed; it is set up only when a server is there to be asked.

    Raises:
        HostUnavailable: It is not.
    """
    if _libraries is None:
        Libpipewire()


def socket_paths(options: HostOptions) -> list[str]:
    """Where the server's socket may be, as libpipewire looks for it; the option comes before the environment.

    An abstract socket begins with a zero.
    """
    paths: list[str] = []
    for name in remote_names(options.remote or os.environ.get("PIPEWIRE_REMOTE") or "") or (_REMOTE,):
        if name.startswith("/"):
            paths.append(name)
        elif name.startswith("@"):
            paths.append(f"\0{name[1:]}")
        else:
            paths += [f"{directory}/{name}" for directory in _directories()]
    return list(dict.fromkeys(paths))


def _directories() -> list[str]:
    """Where sockets with a mere name may be."""
    own = next((path for variable in _OWN_DIRECTORIES if (path := os.environ.get(variable))), None)
    directories = [] if own is None else [own]
    if own is not None and (os.environ.get("SNAP") or _base(own).startswith("snap.")):
        # A Snap has /run/user/1000/snap.NAME for itself; the server's socket is one level up (snapd #2281).
        directories.append(os.path.dirname(own.rstrip("/")))  # noqa: PTH120 - pathlib is slow to import
    if os.path.exists(_FLATPAK_INFO):  # noqa: PTH110 - the same
        # What a Flatpak is given is there, even where XDG_RUNTIME_DIR, inherited, says otherwise (flatpak #4372).
        user: int = getattr(os, "getuid", int)()  # not on Windows, nor are Flatpaks
        directories.append(f"{_USERS_DIRECTORY}/{user}")
    return [*directories, _SYSTEM_DIRECTORY]


def _base(path: str) -> str:
    return path.rstrip("/").rpartition("/")[2]


def remote_names(text: str) -> tuple[str, ...]:
    """The names in ``text``: one, or a list of those to be tried in turn, as ``[ "pipewire-0-manager", pipewire-0 ]``.

    libpipewire takes lists from 1.0 on, and writes them as its configurations: commas and quotes may be left out.
    """
    text = text.strip()
    if not text.startswith("["):
        return (text,) if text else ()
    names: list[str] = []
    at = 1
    while at < len(text) and text[at] != "]":
        if text[at] == '"':
            name, at = _quoted(text, at + 1)
            names.append(name)
        elif text[at] in ", \t\r\n":
            at += 1
        else:
            end = next((i for i in range(at, len(text)) if text[i] in ', \t\r\n"]'), len(text))
            names.append(text[at:end])
            at = end
    return tuple(name for name in names if name)


def _quoted(text: str, at: int) -> tuple[str, int]:
    """What stands before the closing quote, and where it goes on."""
    name = ""
    while at < len(text) and text[at] != '"':
        at += text[at] == "\\"
        name += text[at : at + 1]
        at += 1
    return name, at + 1


def connect(options: HostOptions) -> int:
    """A descriptor of a socket that is connected to the server; whoever calls has to close it.

    Nothing of libpipewire is needed for this, so that a machine without a server is known in no time.

    Raises:
        HostUnavailable, PermissionDenied: There is no server, or it lets nobody in.
        ResourceExhausted: No descriptors.
    """
    tried: list[tuple[str, str]] = []
    code = errno.ENOENT
    for path in socket_paths(options):
        client = _new_socket()
        try:
            client.settimeout(options.timeout)
            client.connect(path)
        except (OSError, ValueError) as error:
            client.close()
            number = getattr(error, "errno", None) or errno.EINVAL
            code = number if not tried or number != errno.ENOENT else code
            tried.append((path.replace("\0", "@"), getattr(error, "strerror", None) or str(error)))
            continue
        client.setblocking(False)  # noqa: FBT003 - the socket module's own
        return client.detach()
    raise errors.not_there(tuple(tried), code)


def _new_socket() -> socket.socket:
    try:
        import socket  # takes a descriptor the first time

        return socket.socket(socket.AddressFamily["AF_UNIX"], socket.SOCK_STREAM)
    except OSError as error:
        raise errors.no_socket(error.errno or errno.EMFILE) from error
