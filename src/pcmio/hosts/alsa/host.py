"""The host: cards and names, and the streams that are open."""

from __future__ import annotations

from pcmio._device import take_options
from pcmio._interrupts import to_its_end, uninterrupted
from pcmio._watch import Watches
from pcmio.contract import Host
from pcmio.descriptions import Direction
from pcmio.errors import AudioError, DeviceNotAvailable, HostUnavailable, OperationTimeout
from pcmio.hosts.alsa import errors
from pcmio.hosts.alsa.cards import cards_are_denied, find_cards, find_hints, forget_configuration, types_of
from pcmio.hosts.alsa.devices import DEFAULT, AlsaDevice, card_facts, default_among, hint_facts, named_facts
from pcmio.hosts.alsa.library import Bounded, libraries
from pcmio.hosts.alsa.names import hardware_name, parse
from pcmio.hosts.alsa.options import HostOptions
from pcmio.hosts.alsa.params import Pcm

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from typing import Any

    from pcmio.configs import SupportedStreamConfigRange
    from pcmio.contract import Device, HostEventCallback, Watch
    from pcmio.descriptions import DeviceId
    from pcmio.hosts.alsa.cards import Card
    from pcmio.hosts.alsa.devices import DeviceFacts
    from pcmio.hosts.alsa.stream import AlsaDriver

#: Card ids when the configuration was last read by libasound: other cards need it to be read anew.
_configured_for: tuple[str, ...] | None = None


class AlsaHost(Host):
    """The kernel's sound cards, and alsa-lib's plugins."""

    def __init__(self, options: HostOptions) -> None:
        self.options = options
        self.libs = libraries()
        self.clock = self.libs.core.address("pcmio_clock_nanos")
        self.drivers: set[AlsaDriver] = set()
        self._watches = Watches(self)
        #: What devices could do when they were last asked: one that a stream of ours holds cannot be asked.
        self.known_configs: dict[tuple[str, Direction], list[SupportedStreamConfigRange]] = {}

    @property
    def id(self) -> str:
        return "alsa"

    @property
    def name(self) -> str:
        return "ALSA"

    @uninterrupted
    def check_available(self) -> None:
        if any(card.pcms for card in self._cards()):
            return
        if cards_are_denied():
            raise errors.denied()
        tried: tuple[tuple[str, str], ...] = (("sound cards", "there are none"),)
        try:
            # No card: all depends on a plugin, and whether its server is there only opening tells.
            self.ask(DEFAULT, Direction.OUTPUT, "default", lambda _: None, lambda _: None)
        except AudioError as error:
            raise HostUnavailable(
                "there is no sound card, and no default PCM that works",
                call=error.call,
                code=error.code,
                advice="plug one in, or configure a plugin as pcm.default in ~/.asoundrc",
                # Its advice is to list the devices, and there are none.
                tried=(*tried, ("default", error.message)),
            ) from error

    # --- devices -----------------------------------------------------------------------------------------------------

    @uninterrupted
    def devices(self) -> Sequence[Device]:
        found = self._devices_of(self._cards())
        if not found and cards_are_denied():
            raise errors.denied()
        return found

    def _devices_of(self, cards: Sequence[Card]) -> Sequence[Device]:
        found: dict[str, DeviceFacts] = {}
        for hint in find_hints(self.libs, self.options.timeout):
            found.setdefault(hint.name, hint_facts(hint))
        if DEFAULT not in found and self._is_defined(DEFAULT):
            found = {DEFAULT: named_facts(DEFAULT), **found}
        for card in cards:
            for pcm in card.pcms:
                name = hardware_name(card, pcm.device)
                found[name] = card_facts(card, pcm, name)
        return [AlsaDevice(self, facts) for facts in found.values()]

    @uninterrupted
    def default_output_device(self) -> Device | None:
        return default_among(self.devices(), Direction.OUTPUT)

    @uninterrupted
    def default_input_device(self) -> Device | None:
        return default_among(self.devices(), Direction.INPUT)

    @uninterrupted
    def watch(self, on_event: HostEventCallback | None = None) -> Watch:
        from pcmio.hosts.alsa.watch import AlsaSource

        return self._watches.ask(on_event, AlsaSource(self._cards, self._devices_of))

    @uninterrupted
    def device_by_id(self, device_id: DeviceId | str) -> Device:
        wanted = self.own_id(device_id)
        cards = self._cards()
        name = parse(wanted.id, cards)
        card = next((card for card in cards if card.id == name.card), None)
        if card is not None:
            pcm = next((pcm for pcm in card.pcms if pcm.device == name.device), None)
            if pcm is None:
                raise DeviceNotAvailable(f"card {card.id!r} has no device {name.device}", advice="see host.devices()")
            return AlsaDevice(self, card_facts(card, pcm, name.text))
        if name.is_unknown or not self._is_defined(name.text):
            raise errors.denied(str(wanted)) if cards_are_denied() else self.no_device(wanted)
        for hint in find_hints(self.libs, self.options.timeout):
            if hint.name == name.text:
                return AlsaDevice(self, hint_facts(hint))
        return AlsaDevice(self, named_facts(name.text))

    def _cards(self) -> list[Card]:
        """All cards; libasound's configuration is of the same moment."""
        global _configured_for  # noqa: PLW0603 - as the configuration, one for the process
        cards = find_cards(self.libs)
        present = tuple(card.id for card in cards)
        if _configured_for is not None and _configured_for != present:
            forget_configuration(self.libs, self.options.timeout)
        _configured_for = present
        return cards

    def _is_defined(self, name: str) -> bool:
        return bool(self.types_of(name, Direction.OUTPUT))

    def types_of(self, name: str, direction: Direction) -> tuple[str, ...]:
        """The types of a PCM and of those behind it; empty when its name means nothing."""
        return types_of(self.libs, name, direction, self.options.timeout)

    @to_its_end
    def close(self) -> None:
        self._watches.close()
        for driver in list(self.drivers):
            driver.cut()

    # --- PCMs --------------------------------------------------------------------------------------------------------

    def ask(
        self,
        name: str,
        direction: Direction,
        what: str,
        question: Callable[[Pcm], Any],
        undo: Callable[[Any], object],
        *,
        keeps_open: bool = False,
    ) -> Any:
        """What ``question`` answers about a PCM that is opened for it.

        Raises:
            DeviceNotAvailable, DeviceBusy, PermissionDenied, UnsupportedConfig, BackendError: From libasound.
            OperationTimeout: A plugin does not answer.
        """
        libs, seconds = self.libs, self.options.timeout

        def work() -> Any:
            if "jack" in self.types_of(name, direction):
                libs.silence_jack()
            pcm = Pcm(libs, name, direction, seconds)
            try:
                answer = question(pcm)
            except BaseException:
                pcm.close()
                raise
            if not keeps_open:
                pcm.close()
            return answer

        try:
            return Bounded(work, undo).result(f"{name} ({what})", "snd_pcm_open", seconds)
        except OperationTimeout:
            libs.forget_openings()  # who hangs in there must not hold up all others
            raise
        except DeviceNotAvailable as error:
            if cards_are_denied():
                raise errors.denied(name) from error
            raise


def open_host(**options: object) -> AlsaHost:
    """``pcmio.host("alsa", ...)``; see ``HostOptions``.

    Raises:
        UnsupportedOperation: Another option.
        InvalidInput: An option's value.
        HostUnavailable: libasound is not installed.
    """
    return AlsaHost(HostOptions(**take_options(options, timeout=(object, 10.0))))
