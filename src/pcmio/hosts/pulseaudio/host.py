"""The host: its two connections, its devices, its defaults."""

from __future__ import annotations

from pcmio._device import take_options
from pcmio._interrupts import to_its_end, uninterrupted
from pcmio._served import SERVER_OPTIONS, ConnectionKeeper
from pcmio._watch import Watches
from pcmio.contract import Host
from pcmio.hosts.pulseaudio.control import Control
from pcmio.hosts.pulseaudio.devices import DEFAULTS, PulseDefault, PulseDevice, default_of, group
from pcmio.hosts.pulseaudio.library import libraries
from pcmio.hosts.pulseaudio.options import HostOptions

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from pcmio.contract import Device, HostEventCallback, Watch
    from pcmio.descriptions import DeviceId
    from pcmio.hosts.pulseaudio.audio import AudioConnection

# PA_RATE_MAX of the library at hand: 768 000 since PulseAudio 16, before that 384 000 and 192 000.
_RATES = (768_000, 384_000, 192_000)


class PulseHost(Host):
    """A PulseAudio server, or PipeWire's that speaks the same."""

    def __init__(self, options: HostOptions) -> None:
        self.control = Control(options)
        self._options = options
        self._audio = ConnectionKeeper(self._connect)
        self._most_sample_rate = 0
        self._watches = Watches(self)

    @property
    def id(self) -> str:
        return "pulseaudio"

    @property
    def name(self) -> str:
        return "PulseAudio"

    @property
    def most_sample_rate(self) -> int:
        """The highest rate that libpulse takes."""
        if self._most_sample_rate == 0:
            pulse = libraries().pulse
            self._most_sample_rate = next((rate for rate in _RATES if pulse.pa_sample_rate_valid(rate)), _RATES[-1])
        return self._most_sample_rate

    @uninterrupted
    def check_available(self) -> None:
        self.control.check()

    @uninterrupted
    def devices(self) -> Sequence[Device]:
        found, server = self.control.everything()
        return [
            *(PulseDefault(self, name, default_of(name, found, server)) for name in DEFAULTS),
            *(PulseDevice(self, facts) for facts in group(found).values()),
        ]

    @uninterrupted
    def watch(self, on_event: HostEventCallback | None = None) -> Watch:
        from pcmio.hosts.pulseaudio.watch import PulseSource

        return self._watches.ask(on_event, PulseSource(self.id, self._options))

    @uninterrupted
    def default_output_device(self) -> Device | None:
        return self._default(is_sink=True)

    @uninterrupted
    def default_input_device(self) -> Device | None:
        return self._default(is_sink=False)

    def _default(self, *, is_sink: bool) -> Device | None:
        server = self.control.server()
        name = server.default_sink if is_sink else server.default_source
        facts = None if name is None else self.control.device(name, is_sink=is_sink)
        return None if facts is None else PulseDevice(self, [facts], follows=True)

    @uninterrupted
    def device_by_id(self, device_id: DeviceId | str) -> Device:
        wanted = self.own_id(device_id)
        if wanted.id in DEFAULTS:
            now = self.control.device(wanted.id, is_sink=DEFAULTS[wanted.id].has_output)
            return PulseDefault(self, wanted.id, now)
        facts = [self.control.device(wanted.id, is_sink=is_sink) for is_sink in (True, False)]
        found = [one for one in facts if one is not None and one.name == wanted.id]
        if not found:
            raise self.no_device(wanted)
        return PulseDevice(self, found)

    @to_its_end
    def close(self) -> None:
        self._watches.close()
        self._audio.close()
        self.control.close()

    @property
    @uninterrupted
    def server_name(self) -> str:
        """What the server calls itself: "pulseaudio", or "PulseAudio (on PipeWire 1.4.2)".

        Raises:
            HostUnavailable, PermissionDenied: No server, or it lets nobody in.
        """
        return self.control.server().name

    def audio(self) -> AudioConnection:
        """The connection for streams, a new one when there is none that works.

        Raises:
            HostUnavailable, PermissionDenied: No server, or it lets nobody in.
        """
        return self._audio.get()

    def _connect(self) -> AudioConnection:
        from pcmio.hosts.pulseaudio.audio import AudioConnection

        return AudioConnection(self._options)


def open_host(**options: object) -> PulseHost:
    """``pcmio.host("pulseaudio", ...)``; see ``HostOptions``.

    Raises:
        UnsupportedOperation: Another option.
        InvalidInput: An option's value.
        HostUnavailable: libpulse is not installed.
    """
    known = take_options(options, server=(str, None), **SERVER_OPTIONS)
    return PulseHost(HostOptions(**known))
