"""``pcmio completion``, and what can be completed: click's own, with hosts, devices and files that are there."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click
from click.shell_completion import CompletionItem, add_completion_class

from pcmio._depth import DEPTHS
from pcmio.cli.shells import Bash, Fish, Zsh
from pcmio.errors import AudioError
from pcmio.platform import ALL_HOSTS, host

if TYPE_CHECKING:
    from collections.abc import Callable

    from pcmio.cli.shells import Item
    from pcmio.contract import Device

_SHELLS = {made.name: add_completion_class(made) for made in (Bash, Zsh, Fish)}
#: The variable by which a shell asks; click makes its name of the program's.
VARIABLE = "_PCMIO_COMPLETE"


@click.command(short_help="Make a shell complete words.")
@click.argument("shell", type=click.Choice(tuple(_SHELLS)))
@click.pass_context
def completion(context: click.Context, *, shell: str) -> None:
    """Write what makes a shell complete commands, options, hosts, devices and files.

    For bash, in ~/.bashrc: eval "$(pcmio completion bash)"

    For zsh, in ~/.zshrc, below compinit: eval "$(pcmio completion zsh)"

    For fish: pcmio completion fish > ~/.config/fish/completions/pcmio.fish
    """
    click.echo(_SHELLS[shell](context.find_root().command, {}, "pcmio", VARIABLE).source())


def complete_host(_context: click.Context, _parameter: click.Parameter, begun: str) -> list[Item]:
    """Ids of hosts that this platform can have."""
    return [CompletionItem(name) for name in ALL_HOSTS if name.startswith(begun.lower())]


def complete_depth(_context: click.Context, _parameter: click.Parameter, begun: str) -> list[Item]:
    """Names of depths."""
    return [CompletionItem(name) for name in DEPTHS if name.startswith(begun.lower())]


def complete_file(_context: click.Context, _parameter: click.Parameter, begun: str) -> list[Item]:
    """Files, which every shell finds itself."""
    return [CompletionItem(begun, type="file")]


def complete_input(context: click.Context, _parameter: click.Parameter, begun: str) -> list[Item]:
    """Ids of devices that record."""
    return _complete(context, begun, lambda device: device.supports_input)


def complete_device(context: click.Context, _parameter: click.Parameter, begun: str) -> list[Item]:
    """Ids of all devices."""
    return _complete(context, begun, lambda _device: True)


def _complete(context: click.Context, begun: str, fits: Callable[[Device], bool]) -> list[Item]:
    """Ids that begin so, with or without their host's; else the one device that has this in its name or id."""
    text = begun.casefold()
    named: str | None = context.params.get("host_name")
    hosts = [named] if named is not None else _hosts_of(text)
    found = [device for name in hosts for device in _devices(name) if fits(device)]
    whole = [device for device in found if str(device.id).casefold().startswith(text)]
    if whole:
        return [CompletionItem(str(device.id), help=device.name) for device in whole]
    begins = [device for device in found if device.id.id.casefold().startswith(text)]
    if begins:
        return [CompletionItem(device.id.id, help=device.name) for device in begins]
    piece = text.partition(":")[2] if hosts != [None] and text.partition(":")[0] in hosts else text
    part = [device for device in found if piece in f"{device.name}\n{device.id.id}".casefold()]
    # Of several, a shell would put what their ids have in common in place of what was typed.
    return [CompletionItem(str(part[0].id), help=part[0].name)] if len(part) == 1 else []


def _hosts_of(text: str) -> list[str | None]:
    """The hosts whose devices may be meant: the one that is named, the default one, and those that begin so."""
    prefix, colon, _ = text.partition(":")
    if colon and prefix in ALL_HOSTS:
        return [prefix]
    return [None, *(name for name in ALL_HOSTS if text and name.startswith(text))]


def _devices(name: str | None) -> list[Device]:
    """A host's devices; none where it does not answer."""
    try:
        with host(name) as opened:
            return list(opened.devices())
    except AudioError:
        return []
