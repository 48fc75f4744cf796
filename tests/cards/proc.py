"""What the kernel says of a PCM that is open."""

from __future__ import annotations

from tests.vm.controls import PROC


def parameters(card: str, pcm: str = "pcm0p", sub: int = 0) -> dict[str, str]:
    """The hardware parameters that were agreed on, by the kernel's names; empty for one that is closed."""
    return _read(card, pcm, sub, "hw_params")


def state(card: str, pcm: str = "pcm0p", sub: int = 0) -> str:
    """RUNNING, XRUN and so on."""
    return _read(card, pcm, sub, "status").get("state", "CLOSED")


def _read(card: str, pcm: str, sub: int, name: str) -> dict[str, str]:
    lines = (PROC / card / pcm / f"sub{sub}" / name).read_text().splitlines()
    return {key: value.strip() for key, colon, value in (line.partition(":") for line in lines) if colon}
