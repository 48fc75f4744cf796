"""For use inside the machine: plugs cards in and pulls them out.

python3 -m tests.vm.controls plug-in | pull-out | unbind CARD | bind DRIVER DEVICE
"""

from __future__ import annotations

import json
import sys
import threading
from pathlib import Path
from typing import Any

from pcmio.testing import until

_MONITOR = Path("/run/ports/monitor")
_CARDS = Path("/sys/class/sound")
#: What the kernel tells of its cards.
PROC = Path("/proc/asound")


def ask(command: str, **arguments: object) -> Any:
    """One request to the emulator (QEMU's QMP), and what it returns.

    Raises:
        OSError: It refused.
    """
    # The port has one user at a time, and the monitor does not notice that they change.
    with _MONITOR.open("r+b", buffering=0) as port:
        _exchange(port, {"execute": "qmp_capabilities", "id": "hello"})
        reply = _exchange(port, {"execute": command, "arguments": arguments, "id": "request"})
    if "error" in reply:
        raise OSError(f"{command}: {reply['error']['desc']}")
    return reply["return"]


def _exchange(port: Any, request: dict[str, object]) -> dict[str, Any]:
    port.write(json.dumps(request).encode() + b"\n")
    reply: dict[str, Any] = {}
    while reply.get("id") != request["id"]:  # greetings and events stand between
        line = b""
        while not line.endswith(b"\n"):
            line += port.read(1)
        reply = json.loads(line)
    return reply


def card_names() -> set[str]:
    """Of the cards that the kernel has."""
    return {entry.name for entry in PROC.iterdir() if entry.is_symlink()}


def plug_in() -> str:
    """Plug a USB card in, and return its name once the kernel and the device manager are done with it."""
    before = card_names()
    ask("device_add", driver="usb-audio", id="hot", bus="usb.0", audiodev="hot")
    until(lambda: card_names() - before, "the card being there")
    (name,) = card_names() - before
    number = Path(PROC, name).readlink().name.removeprefix("card")
    until(lambda: Path(f"/run/udev/data/+sound:card{number}").exists(), "the device manager having seen the card")
    return name


def pull_out() -> None:
    """Pull the USB card; the kernel knows at once, its users soon."""
    ask("device_del", id="hot")


def unbind(card: str) -> tuple[str, str]:
    """Take a card from its driver, whoever uses it, and return what ``bind`` wants."""
    directory = _CARDS / Path(PROC, card).readlink().name
    device = (directory / "device").resolve()
    driver = (device / "driver").resolve()
    # The card is gone at once, but the write may return only when the last program has closed it.
    threading.Thread(target=(driver / "unbind").write_text, args=(device.name,), daemon=True).start()
    until(lambda: not (directory / "device").exists(), f"{card} leaving")
    return str(driver), device.name


def bind(driver: str, device: str) -> None:
    """Give the card back to its driver, once that is done with its former users."""
    until(lambda: not Path(driver, device).exists(), "the driver being done with the card")
    (Path(driver) / "bind").write_text(device)


if __name__ == "__main__":
    match sys.argv[1:]:
        case ["plug-in"]:
            print(plug_in())
        case ["pull-out"]:
            pull_out()
        case ["unbind", card]:
            print(*unbind(card))
        case ["bind", driver, device]:
            bind(driver, device)
        case _:
            sys.exit(__doc__)
