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
    from collections.abc import Mapping

    from pcmio.hosts.pipewire.options import HostOptions

_SYSTEM_DIRECTORY = "/run/pipewire"
_REMOTE = "pipewire-0"
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
        given = {key: value for key, value in values.items() if value is not None}
        items = [abi.spa_dict_item(key=key.encode(), value=value.encode()) for key, value in given.items()]
        array = (abi.spa_dict_item * len(items))(*items)
        table = abi.spa_dict(n_items=len(items), items=ctypes.addressof(array))
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
        """
        config = "client-rt.conf" if realtime and self.version < _RT_FOR_ALL else None
        context = self.pipewire.pw_context_new(loop, self.properties({"config.name": config}), 0)
        self._be_quiet()  # a configuration may have raised the level
        if context is None:
            raise errors.no_context(ctypes.get_errno() or errno.ENOENT)
        return context


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
    """Where the server's socket may be, as libpipewire looks for it; the option comes before the environment."""
    name = options.remote or os.environ.get("PIPEWIRE_REMOTE") or _REMOTE
    if name.startswith("/"):
        return [name]
    if name.startswith("@"):
        return [f"\0{name[1:]}"]
    own = os.environ.get("PIPEWIRE_RUNTIME_DIR") or os.environ.get("XDG_RUNTIME_DIR")
    directories = [_SYSTEM_DIRECTORY] if own is None else [own, _SYSTEM_DIRECTORY]
    if own is not None and os.environ.get("SNAP"):
        directories.insert(1, os.path.dirname(own))  # noqa: PTH120 - pathlib is slow to import
    return [f"{directory}/{name}" for directory in directories]


def connect(options: HostOptions) -> int:
    """A descriptor of a socket that is connected to the server; whoever calls has to close it.

    Nothing of libpipewire is needed for this, so that a machine without a server is known in no time.

    Raises:
        HostUnavailable, PermissionDenied: There is no server, or it lets nobody in.
    """
    import socket

    tried: list[tuple[str, str]] = []
    code = errno.ENOENT
    for path in socket_paths(options):
        client = socket.socket(socket.AddressFamily["AF_UNIX"], socket.SOCK_STREAM)
        try:
            client.settimeout(options.timeout)
            client.connect(path)
        except (OSError, ValueError) as error:
            client.close()
            number = getattr(error, "errno", None) or errno.EINVAL
            code = number if not tried or number != errno.ENOENT else code
            tried.append((path.replace("\0", "@"), str(error)))
            continue
        client.setblocking(False)  # noqa: FBT003 - the socket module's own
        return client.detach()
    raise errors.not_there(tuple(tried), code)
