"""What there is: sound cards, asked one by one, and what the configuration adds.  No PCM is opened for it.

A failed ``snd_pcm_open`` of some plugins (alsaequal is one) leaks descriptors, and leaves a device busy until the
process ends.
"""

from __future__ import annotations

import ctypes
import os

from pcmio._log import logger
from pcmio._value import Value, encoded
from pcmio.descriptions import Direction
from pcmio.hosts.alsa import abi, errors

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Collection

    from pcmio.hosts.alsa.abi import Asound
    from pcmio.hosts.alsa.library import Libraries

_CTL_NONBLOCK = 1  # SND_CTL_NONBLOCK
#: Where the kernel has its nodes; not there before the first card.
NODES = "/dev/snd"
_CONTROL = "controlC"  # and the number of a card
_LOOKS = 3  # as often cards are asked again that came, or could be opened again, meanwhile
_BRANCHES = {Direction.OUTPUT: "playback", Direction.INPUT: "capture"}
_MOST_BEHIND = 16  # PCMs in a row: more refer to themselves
#: Programs of alsa-plugins and alsa-lib that convert, or swallow, what goes to another device: nobody's device.
_NO_DEVICES = frozenset(
    {"null", "oss", "speex", "upmix", "vdownmix", "a52", "usbstream", "samplerate", "speexrate", "lavrate"}
)


class CardPcm(Value):
    """A PCM device of a card: what a person calls a device, with a plug of its own or a place on the chip."""

    device: int
    id: str
    name: str
    plays: bool
    records: bool


class Card(Value):
    """A sound card.

    Attributes:
        index: Its number, which depends on the order in which cards were found.
        id: Its name for configurations, which stays.
        name: For people.
        long_name: With more detail: often where it is plugged in.
        driver: The kernel's.
        mixer: The chip that mixes, as the driver calls it.
        pcms: Its devices.
    """

    index: int
    id: str
    name: str
    long_name: str
    driver: str
    mixer: str
    pcms: tuple[CardPcm, ...]


class Hint(Value):
    """A PCM that the configuration shows: its name, its description in lines, "Input", "Output" or None for both."""

    name: str
    lines: tuple[str, ...]
    direction: str | None


def find_cards(libs: Libraries) -> list[Card]:
    """All cards that this user may use, in the kernel's order.

    Raises:
        ResourceExhausted: There are no descriptors left to ask them with.
    """
    cards: dict[int, Card | None] = {}
    for _ in range(_LOOKS):
        cards = _ask_cards(libs.asound)
        if not _overlooked(cards):
            break
    libs.said()
    return [card for card in cards.values() if card is not None]


def _ask_cards(asound: Asound) -> dict[int, Card | None]:
    """By their numbers; None: one that does not answer."""
    cards: dict[int, Card | None] = {}
    index = ctypes.c_int32(-1)
    while asound.snd_card_next(ctypes.byref(index)) >= 0 and index.value >= 0:
        cards[index.value] = _ask_card(asound, index.value)
    return cards


def _overlooked(cards: Collection[int]) -> bool:
    """Whether there is one that libasound has not told of, and that can be opened now.

    It passes over a card that it cannot open, and does not say why: without descriptors all cards seem to be gone.

    Raises:
        ResourceExhausted: There are none.
    """
    told = {f"{_CONTROL}{index}" for index in cards}
    code = 0
    try:
        nodes = os.listdir(NODES)  # noqa: PTH208 - pathlib is slow to import
    except OSError as error:
        nodes, code = [], -(error.errno or 0)
    for node in nodes:
        if node.startswith(_CONTROL) and node not in told:
            try:
                os.close(os.open(f"{NODES}/{node}", os.O_RDONLY))
            except OSError as error:
                code = -(error.errno or 0)
            else:
                return True
    errors.check_means("the sound cards cannot be asked", "open", code)
    return False


def cards_are_denied() -> bool:
    """Whether there are cards that this user may not open: libasound says then that there are none."""
    try:
        nodes = [name for name in os.listdir(NODES) if name.startswith(_CONTROL)]  # noqa: PTH208 - pathlib is slow to import
    except OSError:
        return False
    return bool(nodes) and not any(os.access(f"{NODES}/{name}", os.R_OK | os.W_OK) for name in nodes)


def _ask_card(asound: Asound, index: int) -> Card | None:
    ctl = ctypes.c_void_p()
    code = asound.snd_ctl_open(ctypes.byref(ctl), f"hw:{index}".encode(), _CTL_NONBLOCK)
    if code < 0:
        errors.check_means(f"sound card {index} cannot be asked", "snd_ctl_open", code)
        logger().debug("card %d cannot be asked: %s", index, os.strerror(-code))
        return None
    try:
        info = ctypes.create_string_buffer(asound.snd_ctl_card_info_sizeof())
        code = asound.snd_ctl_card_info(ctl.value, info)
        if code < 0:  # it has gone this moment
            logger().debug("card %d does not answer: %s", index, os.strerror(-code))
            return None
        return Card(
            index=index,
            id=_text(asound.snd_ctl_card_info_get_id(info)),
            name=_text(asound.snd_ctl_card_info_get_name(info)),
            long_name=_text(asound.snd_ctl_card_info_get_longname(info)),
            driver=_text(asound.snd_ctl_card_info_get_driver(info)),
            mixer=_text(asound.snd_ctl_card_info_get_mixername(info)),
            pcms=tuple(_ask_pcms(asound, ctl.value)),
        )
    finally:
        asound.snd_ctl_close(ctl.value)


def _ask_pcms(asound: Asound, ctl: int | None) -> list[CardPcm]:
    found, device = list[CardPcm](), ctypes.c_int32(-1)
    info = ctypes.create_string_buffer(asound.snd_pcm_info_sizeof())
    while asound.snd_ctl_pcm_next_device(ctl, ctypes.byref(device)) >= 0 and device.value >= 0:
        able: dict[int, bool] = {}
        texts = ("", "")
        for stream in (abi.SND_PCM_STREAM_CAPTURE, abi.SND_PCM_STREAM_PLAYBACK):
            asound.snd_pcm_info_set_device(info, device.value)
            asound.snd_pcm_info_set_subdevice(info, 0)
            asound.snd_pcm_info_set_stream(info, stream)
            able[stream] = asound.snd_ctl_pcm_info(ctl, info) >= 0
            if able[stream]:
                texts = (_text(asound.snd_pcm_info_get_id(info)), _text(asound.snd_pcm_info_get_name(info)))
        plays, records = able[abi.SND_PCM_STREAM_PLAYBACK], able[abi.SND_PCM_STREAM_CAPTURE]
        if plays or records:
            found.append(CardPcm(device.value, *texts, plays=plays, records=records))
    return found


def find_hints(libs: Libraries, seconds: float) -> list[Hint]:
    """What the configuration shows beside the cards' own devices."""
    what, call = "the list of devices", "snd_device_name_hint"
    with libs.opening(what, call, seconds) as asound:
        hints = ctypes.c_void_p()
        code = asound.snd_device_name_hint(-1, b"pcm", ctypes.byref(hints))
        if code < 0:
            raise errors.unreadable(call, code, libs.said())
        try:
            found = [_read_hint(asound, hint) for hint in _until_null(hints)]
        finally:
            asound.snd_device_name_free_hint(hints.value)
    libs.said()
    return [hint for hint in found if _is_device(hint)]


def _is_device(hint: Hint) -> bool:
    """Cards' devices are listed from the cards: "front", "surround51", "hdmi" and the like name the same ones again."""
    return bool(hint.name) and "CARD=" not in hint.name and hint.name.partition(":")[0] not in _NO_DEVICES


def _until_null(array: ctypes.c_void_p) -> list[int]:
    found: list[int] = []
    pointers = ctypes.cast(array, ctypes.POINTER(ctypes.c_void_p))
    while (entry := pointers[len(found)]) is not None:
        found.append(entry)
    return found


def _read_hint(asound: Asound, hint: int) -> Hint:
    texts: list[str | None] = []
    for key in (b"NAME", b"DESC", b"IOID"):
        given = asound.snd_device_name_get_hint(hint, key)
        texts.append(None if given is None else ctypes.string_at(given).decode("utf-8", "replace"))
        asound.free(given)
    name, description, direction = texts
    return Hint(name or "", tuple((description or "").splitlines()), direction)


def types_of(libs: Libraries, name: str, direction: Direction, seconds: float) -> tuple[str, ...]:
    """The types of a PCM and of those behind it ("plug", "jack"); none when the configuration does not know its name.

    The definition is evaluated, nothing is opened: a default that refers to a card has none where there is no card.
    """
    what, call = f"the definition of {name}", "snd_config_search_definition"
    with libs.opening(what, call, seconds) as asound:
        top = ctypes.c_void_p()
        code = asound.snd_config_update_ref(ctypes.byref(top))
        if code < 0:
            raise errors.unreadable("snd_config_update_ref", code, libs.said())
        try:
            found = _types_behind(asound, top.value, name, _BRANCHES[direction])
        finally:
            asound.snd_config_unref(top.value)
    libs.said()
    return tuple(found)


def _types_behind(asound: Asound, top: int | None, name: str, branch: str) -> list[str]:
    found: list[str] = []
    following: str | None = name
    while following is not None and len(found) < _MOST_BEHIND:
        definition = ctypes.c_void_p()
        code = asound.snd_config_search_definition(top, b"pcm", encoded(following), ctypes.byref(definition))
        if code < 0:
            break
        following = None
        path = ""
        while (kind := _string(asound, definition.value, f"{path}type")) is not None:
            found.append(kind)
            path += f"{branch}.pcm." if kind == "asym" else "slave.pcm."
            following = _string(asound, definition.value, path.rstrip("."))
        asound.snd_config_delete(definition.value)
    return found


def _string(asound: Asound, config: int | None, path: str) -> str | None:
    node, text = ctypes.c_void_p(), ctypes.c_char_p()
    if asound.snd_config_search(config, path.encode(), ctypes.byref(node)) < 0:
        return None
    if asound.snd_config_get_string(node.value, ctypes.byref(text)) < 0:
        return None  # not a text
    return _text(text.value)


def forget_configuration(libs: Libraries, seconds: float) -> None:
    """Have libasound read its configuration anew: what it says of cards is of the moment it was read.

    Opened PCMs have references of their own.
    """
    with libs.opening("the configuration of ALSA", "snd_config_update_free_global", seconds) as asound:
        asound.snd_config_update_free_global()


def channel_positions(libs: Libraries, card: str, device: int, direction: Direction) -> tuple[str, ...]:
    """Where each channel of a card's device is heard, as its driver tells: of the map with the most of them."""
    asound, found = libs.asound, tuple[str, ...]()
    stream = abi.SND_PCM_STREAM_PLAYBACK if direction is Direction.OUTPUT else abi.SND_PCM_STREAM_CAPTURE
    index = asound.snd_card_get_index(card.encode())
    maps = asound.snd_pcm_query_chmaps_from_hw(index, device, 0, stream) if index >= 0 else None
    if maps:
        for one in _until_null(ctypes.c_void_p(maps)):
            positions = _positions(asound, one)
            found = positions if len(positions) > len(found) else found
        asound.snd_pcm_free_chmaps(maps)
    libs.said()
    return found


def _positions(asound: Asound, address: int) -> tuple[str, ...]:
    """Of a ``snd_pcm_chmap_query_t``: a type, a count, and as many numbers; none where the driver leaves them open."""
    count = ctypes.c_uint32.from_address(address + 4).value
    numbers = [number & abi.SND_CHMAP_POSITION_MASK for number in (ctypes.c_uint32 * count).from_address(address + 8)]
    if all(number in (abi.SND_CHMAP_UNKNOWN, abi.SND_CHMAP_NA) for number in numbers):
        return ()
    return tuple(_text(asound.snd_pcm_chmap_name(number)) or f"channel {number}" for number in numbers)


def _text(value: bytes | None) -> str:
    return (value or b"").decode("utf-8", "replace").strip()
