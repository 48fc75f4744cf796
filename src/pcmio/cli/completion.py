"""``pcmio completion``, and what can be completed: click's own, with hosts and devices that are there."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click
from click.shell_completion import CompletionItem, get_completion_class

from pcmio.errors import AudioError
from pcmio.platform import ALL_HOSTS, host

if TYPE_CHECKING:
    from collections.abc import Callable

    from pcmio.contract import Device, Host

_SHELLS = ("bash", "zsh", "fish")
#: The variable by which a shell asks; click makes its name of the program's.
VARIABLE = "_PCMIO_COMPLETE"


@click.command(short_help="Make a shell complete words.")
@click.argument("shell", type=click.Choice(_SHELLS))
@click.pass_context
def completion(context: click.Context, *, shell: str) -> None:
    """Write what makes a shell complete commands, options, hosts and devices.

    For bash, in ~/.bashrc: eval "$(pcmio completion bash)"

    For zsh, in ~/.zshrc: eval "$(pcmio completion zsh)"

    For fish: pcmio completion fish > ~/.config/fish/completions/pcmio.fish
    """
    made = get_completion_class(shell)
    if made is None:
        raise click.UsageError(f"{shell} is a shell that this click does not know")
    click.echo(made(context.find_root().command, {}, "pcmio", VARIABLE).source())


def complete_host(_context: click.Context, _parameter: click.Parameter, begun: str) -> list[CompletionItem]:
    """Ids of hosts that this platform can have."""
    return [CompletionItem(name) for name in ALL_HOSTS if name.startswith(begun.lower())]


def complete_input(context: click.Context, _parameter: click.Parameter, begun: str) -> list[CompletionItem]:
    """Ids of devices that record."""
    return _complete(context, begun, lambda device: device.supports_input)


def complete_device(context: click.Context, _parameter: click.Parameter, begun: str) -> list[CompletionItem]:
    """Ids of all devices."""
    return _complete(context, begun, lambda _device: True)


def _complete(context: click.Context, begun: str, fits: Callable[[Device], bool]) -> list[CompletionItem]:
    """Ids within the host that is named already, else within the default one; nothing where it does not answer."""
    try:
        with _host_of(context) as opened:
            found = [device for device in opened.devices() if fits(device)]
    except AudioError:
        return []
    # Without the host's name: bash takes a colon for the end of a word.
    return [CompletionItem(device.id.id, help=device.name) for device in found if device.id.id.startswith(begun)]


def _host_of(context: click.Context) -> Host:
    return host(context.params.get("host_name"))
