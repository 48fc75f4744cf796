"""The connection for questions: which devices there are, and what they are.

Its main loop is iterated by whichever Python thread asks, so its callbacks may be Python.  No stream hangs on it: a
thread that waits for the GIL here delays nobody's sound.
"""

from __future__ import annotations

import ctypes
import os
import sys
import time

from pcmio._interrupts import tell_interrupt
from pcmio._own_lock import OwnLock
from pcmio._value import Value, encoded
from pcmio.hosts.pulseaudio import abi, errors
from pcmio.hosts.pulseaudio.abi import pa_device_info, pa_device_info_cb_t, pa_server_info, pa_server_info_cb_t
from pcmio.hosts.pulseaudio.formats import from_pulse_map
from pcmio.hosts.pulseaudio.library import libraries

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from pcmio.hosts.pulseaudio.options import HostOptions

# Between two of these Ctrl-C is noticed.
_SLICE_MICROS = 50_000
#: The end of an answer: that there is no device of a name, or that no device can have it, is one.
_ACCEPTED = (0, abi.PA_ERR_NOENTITY, abi.PA_ERR_INVALID)


class DeviceFacts(Value):
    """What the server says about a sink or a source.

    Attributes:
        name: The server's own, and the device's id.
        is_sink: A sink plays, a source records.
        description: For people.
        sample_format: libpulse's number.
        sample_rate: Frames per second.
        positions: Where each of its channels belongs.
        monitor_of: Sources: the name of the sink whose sound they give, or None.
        is_network: It is in another machine.
        driver: The server's module.
        properties: Whatever else, by key.
        index: The server's number of it, another one when it is plugged in again.
    """

    name: str
    is_sink: bool
    description: str
    sample_format: int
    sample_rate: int
    positions: tuple[int, ...]
    monitor_of: str | None
    is_network: bool
    driver: str | None
    properties: tuple[tuple[str, str], ...]
    index: int = 0

    def get(self, key: str) -> str | None:
        """One of the properties; None when it is missing or empty."""
        return dict(self.properties).get(key) or None


class ServerFacts(Value):
    """What the server says about itself, in ``pactl info``'s words."""

    name: str
    version: str
    default_sink: str | None
    default_source: str | None


class _Question:
    """One request on its way; ``callback`` lives as long as libpulse may call it."""

    def __init__(self, send: Callable[[_Question], int | None]) -> None:
        self.send = send
        self.found: list[Any] = []
        self.done = False
        self.error: BaseException | None = None
        self.callback: Any = None

    def collect(self, read: Callable[[], Any]) -> None:
        """Keep an answer.  An exception must not get into C, which would only print it."""
        try:
            self.found.append(read())
        except BaseException as error:  # noqa: BLE001 - raised again where the question was asked
            self.error, self.done = error, True

    def refuse(self, call: str, code: int) -> None:
        """The server's answer is an error."""
        self.error, self.done = errors.from_code("the server does not answer a question", call, code), True

    def check(self) -> None:
        """Raise what went wrong while an answer was read."""
        if self.error is not None:
            raise self.error


class Control:
    """Asks; connects by itself when it is not connected, or no more."""

    def __init__(self, options: HostOptions) -> None:
        self._mainloop: int | None = None
        self._context: int | None = None
        self._options = options
        self._lock = OwnLock()
        self._libraries = libraries()
        self._pulse = self._libraries.pulse
        self._owner = 0

    # --- questions ---------------------------------------------------------------------------------------------------

    def check(self) -> None:
        """Return if the server answers.

        Raises:
            HostUnavailable, PermissionDenied, OperationTimeout: It does not.
        """
        self._ask("the server", self._server())

    def server(self) -> ServerFacts:
        """The server itself."""
        question = self._server()
        self._ask("the server", question)
        facts: ServerFacts = question.found[0]
        return facts

    def devices(self) -> list[DeviceFacts]:
        """All sinks, then all sources."""
        sinks, sources = self._list(is_sink=True), self._list(is_sink=False)
        self._ask("the devices", sinks, sources)
        return [*sinks.found, *sources.found]

    def everything(self) -> tuple[list[DeviceFacts], ServerFacts]:
        """All devices and the server, as of one moment."""
        sinks, sources, server = self._list(is_sink=True), self._list(is_sink=False), self._server()
        self._ask("the devices", sinks, sources, server)
        return [*sinks.found, *sources.found], server.found[0]

    def device(self, name: str, *, is_sink: bool, seconds: float | None = None) -> DeviceFacts | None:
        """The device with this name, or None."""
        question = self._named(name, is_sink=is_sink)
        self._ask(f"device {name}", question, seconds=seconds)
        return question.found[0] if question.found else None

    def close(self) -> None:
        """Disconnect; the next question connects anew."""
        with self._lock:
            self._drop()

    # --- how they are asked ------------------------------------------------------------------------------------------

    def _server(self) -> _Question:
        def send(question: _Question) -> int | None:
            def answer(context: int, info: int | None, _data: int) -> None:
                if info is None:
                    question.refuse("pa_context_get_server_info", self._pulse.pa_context_errno(context))
                    return
                question.collect(lambda: _server_facts(pa_server_info.from_address(info)))
                question.done = True

            question.callback = pa_server_info_cb_t(answer)
            return self._pulse.pa_context_get_server_info(self._context, question.callback, None)

        return _Question(send)

    def _devices_callback(self, question: _Question, *, is_sink: bool) -> Any:
        call = f"pa_context_get_{'sink' if is_sink else 'source'}_info"

        def answer(context: int, info: int | None, end: int, _data: int) -> None:
            code = self._pulse.pa_context_errno(context) if end < 0 else 0
            if end == 0 and info is not None:
                question.collect(lambda: self._device_facts(pa_device_info.from_address(info), is_sink=is_sink))
            elif code in _ACCEPTED:
                question.done = True
            else:
                question.refuse(call, code)

        question.callback = pa_device_info_cb_t(answer)
        return question.callback

    def _list(self, *, is_sink: bool) -> _Question:
        def send(question: _Question) -> int | None:
            callback = self._devices_callback(question, is_sink=is_sink)
            if is_sink:
                return self._pulse.pa_context_get_sink_info_list(self._context, callback, None)
            return self._pulse.pa_context_get_source_info_list(self._context, callback, None)

        return _Question(send)

    def _named(self, name: str, *, is_sink: bool) -> _Question:
        asked = encoded(name)

        def send(question: _Question) -> int | None:
            callback = self._devices_callback(question, is_sink=is_sink)
            if is_sink:
                return self._pulse.pa_context_get_sink_info_by_name(self._context, asked, callback, None)
            return self._pulse.pa_context_get_source_info_by_name(self._context, asked, callback, None)

        return _Question(send)

    def _ask(self, what: str, *questions: _Question, seconds: float | None = None) -> None:
        seconds = self._options.timeout if seconds is None else seconds
        deadline = time.monotonic() + seconds
        # A server that hangs holds up one thread for its timeout, and those behind it no longer than theirs.
        if not self._lock.acquire(timeout=seconds):
            raise errors.too_slow(what, "pa_mainloop_poll", seconds)
        try:
            self._connect(deadline)
            for question in questions:
                operation = question.send(question)
                self._require(operation is not None)
                self._pulse.pa_operation_unref(operation)
            while not all(question.done for question in questions):
                self._iterate(deadline, lambda: errors.too_slow(what, "pa_context_get_info", seconds))
                self._require(self._pulse.pa_context_get_state(self._context) == abi.PA_CONTEXT_READY)
            for question in questions:
                question.check()
        except BaseException:
            # Whatever was asked may still be answered, to callbacks that are gone by then.
            self._drop()
            raise
        finally:
            self._lock.release()

    # --- the connection; the lock is held ----------------------------------------------------------------------------

    def _require(self, connected: bool) -> None:  # noqa: FBT001 - the condition is the argument
        if not connected:
            raise errors.disconnected(self._pulse.pa_context_errno(self._context))

    def _connect(self, deadline: float) -> None:
        if self._context is not None and self._owner == os.getpid():
            self._libraries.core.pcmio_pulse_iterate(self._libraries.api, self._mainloop, 0)
            if self._pulse.pa_context_get_state(self._context) == abi.PA_CONTEXT_READY:
                return
        self._drop()
        self._libraries.claim()
        options = self._options
        proplist = self._libraries.proplist(options)
        self._owner = os.getpid()
        # libpulse ends the program when it is given what it could not make.
        self._mainloop = self._pulse.pa_mainloop_new()
        loop = None if self._mainloop is None else self._pulse.pa_mainloop_get_api(self._mainloop)
        if loop is not None:
            self._context = self._pulse.pa_context_new_with_proplist(loop, options.name.encode(), proplist)
        self._pulse.pa_proplist_free(proplist)
        if self._context is None:
            raise errors.exhausted("pa_mainloop_new" if loop is None else "pa_context_new_with_proplist")
        server = None if options.server is None else os.fsencode(options.server)
        if self._pulse.pa_context_connect(self._context, server, abi.PA_CONTEXT_NOAUTOSPAWN, None) < 0:
            raise errors.from_connection(options.where, self._pulse.pa_context_errno(self._context))
        while (state := self._pulse.pa_context_get_state(self._context)) != abi.PA_CONTEXT_READY:
            if state in (abi.PA_CONTEXT_FAILED, abi.PA_CONTEXT_TERMINATED):
                raise errors.from_connection(options.where, self._pulse.pa_context_errno(self._context))
            self._iterate(deadline, lambda: errors.no_answer(options.where, options.timeout))

    def _iterate(self, deadline: float, too_late: Callable[[], Exception]) -> None:
        left = deadline - time.monotonic()
        if left <= 0:
            raise too_late()
        micros = max(1, min(_SLICE_MICROS, int(left * 1_000_000)))
        before = time.monotonic()
        self._libraries.core.pcmio_pulse_iterate(self._libraries.api, self._mainloop, micros)
        # libpulse 16 loses descriptors with what is under way when a context is dropped: a server that answers may end.
        if time.monotonic() - before >= micros / 1_000_000:
            tell_interrupt()

    def _drop(self) -> None:
        context, self._context = self._context, None
        mainloop, self._mainloop = self._mainloop, None
        if self._owner != os.getpid():
            return  # a forked child's copy: closing it would speak on the parent's socket
        if context is not None:
            self._pulse.pa_context_disconnect(context)
            self._pulse.pa_context_unref(context)
        if mainloop is not None:
            self._pulse.pa_mainloop_free(mainloop)

    def __del__(self, leaving: Callable[[], bool] = sys.is_finalizing) -> None:
        if self._context is not None and not leaving():
            self._drop()

    # --- answers -----------------------------------------------------------------------------------------------------

    def _device_facts(self, info: Any, *, is_sink: bool) -> DeviceFacts:
        monitored = not is_sink and info.monitor != abi.PA_INVALID_INDEX
        return DeviceFacts(
            name=_text(info.name),
            is_sink=is_sink,
            description=_text(info.description),
            sample_format=info.sample_spec.format,
            sample_rate=info.sample_spec.rate,
            positions=from_pulse_map(info.channel_map),
            monitor_of=_text(info.monitor_name) if monitored else None,
            is_network=bool(info.flags & abi.PA_DEVICE_NETWORK),
            driver=_text(info.driver) or None,
            properties=tuple(self._properties(info.proplist)),
            index=info.index,
        )

    def _properties(self, proplist: int) -> list[tuple[str, str]]:
        found: list[tuple[str, str]] = []
        state = ctypes.c_void_p()
        while (key := self._pulse.pa_proplist_iterate(proplist, ctypes.byref(state))) is not None:
            value = self._pulse.pa_proplist_gets(proplist, key)
            if value is not None:  # not text
                found.append((_text(key), _text(value)))
        return found


def _server_facts(info: Any) -> ServerFacts:
    return ServerFacts(
        name=_text(info.server_name),
        version=_text(info.server_version),
        default_sink=_text(info.default_sink_name) or None,
        default_source=_text(info.default_source_name) or None,
    )


def _text(value: bytes | None) -> str:
    """The server's text; PulseAudio promises UTF-8."""
    return "" if value is None else value.decode("utf-8", "replace")
