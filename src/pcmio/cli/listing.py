"""``pcmio hosts`` and ``pcmio devices``."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import click
from rich.table import Table
from rich.text import Text

from pcmio.cli.completion import complete_host
from pcmio.cli.exits import failure_of, one_line, shown_name
from pcmio.cli.facts import DeviceFacts, facts_of
from pcmio.cli.screen import Screen
from pcmio.cli.targets import json_option, open_host
from pcmio.cli.values import WORD
from pcmio.errors import AudioError, HostUnavailable
from pcmio.platform import ALL_HOSTS, HOSTS, default_host

if TYPE_CHECKING:
    from typing import Any

    from pcmio.cli.screen import Glyphs

_NULL = "null"


class HostFacts(NamedTuple):
    """A host, and whether it answers."""

    id: str
    name: str
    default: bool
    error: AudioError | None

    def as_json(self) -> dict[str, Any]:
        """For a program."""
        return {
            "id": self.id,
            "name": self.name,
            "available": self.error is None,
            "default": self.default,
            "error": None if self.error is None else error_json(self.error),
        }


def error_json(error: AudioError) -> dict[str, Any]:
    """An error for a program."""
    return {
        "type": type(error).__name__,
        "message": error.message,
        "call": error.call,
        "code": error.code,
        "advice": error.advice,
        "tried": [list(pair) for pair in error.tried] if isinstance(error, HostUnavailable) else [],
    }


# --- hosts ----------------------------------------------------------------------------------------------------------


@click.command()
@json_option
def hosts(*, as_json: bool) -> None:
    """List the audio systems: which answer, and why others do not."""
    screen = Screen()
    found = look_at_hosts()
    if as_json:
        screen.say_json({"hosts": [facts.as_json() for facts in found]})
        return
    table = Table.grid(padding=(0, 2, 0, 0))
    for facts in found:
        table.add_row(*_host_row(facts, screen.glyphs))
    screen.say_table(table)


def look_at_hosts() -> list[HostFacts]:
    """Every audio system that this platform can have."""
    default_id = _default_id()
    return [_look_at(host_id, default_id) for host_id in ALL_HOSTS]


def _default_id() -> str | None:
    try:
        with default_host() as opened:
            return opened.id
    except AudioError:
        return None


def _look_at(host_id: str, default_id: str | None) -> HostFacts:
    name = HOSTS[host_id].name
    try:
        with open_host(host_id):
            return HostFacts(host_id, name, default=host_id == default_id, error=None)
    except AudioError as error:
        return HostFacts(host_id, name, default=False, error=error)


def _host_row(facts: HostFacts, glyphs: Glyphs) -> tuple[Text, Text, Text]:
    if facts.error is None:
        said = Text("available", "green")
        if facts.default:
            said.append(f" {glyphs.dot} the default", "bold green")
        elif facts.id == _NULL:
            said.append(f" {glyphs.dot} makes no sound, for tests", "dim")
        return Text(facts.id, "bold"), Text(facts.name), said
    failure = failure_of(facts.error)
    said = Text("not available", "yellow").append(f" {glyphs.dot} {failure.message}", "default")
    for detail in failure.details:
        said.append("\n" + detail, "dim")
    if failure.advice is not None:
        said.append(f"\n{glyphs.arrow} {failure.advice}", "cyan")
    return Text(facts.id, "dim"), Text(facts.name, "dim"), said


# --- devices --------------------------------------------------------------------------------------------------------


class Listed(NamedTuple):
    """A host's devices, or why there are none."""

    host: HostFacts
    devices: list[DeviceFacts]


@click.command(short_help="List the devices.")
@click.option(
    "--host",
    "host_name",
    type=WORD,
    metavar="ID",
    shell_complete=complete_host,
    help="Only this audio system (see: pcmio hosts).",
)
@json_option
def devices(*, host_name: str | None, as_json: bool) -> None:
    """List the devices of every audio system that answers; pcmio hosts tells of the others.

    A > marks where sound goes by default, a < what is recorded by default. Channels, rate and format are the ones a
    device has when nobody asks for others.
    """
    screen = Screen()
    if host_name is None:
        default_id = _default_id()
        listed = [_list_if_there(host_id, default_id) for host_id in ALL_HOSTS]
    else:
        listed = [_list_host(host_name)]
    if as_json:
        screen.say_json(_devices_json(listed))
        return
    for index, (facts, found) in enumerate(there := [entry for entry in listed if entry.host.error is None]):
        show_devices(screen, facts, found)
        if index < len(there) - 1:
            screen.say()
    if all(entry.host.id == _NULL for entry in there):
        _tell_absent(screen, [entry.host for entry in listed if entry.host.error is not None])
    if screen.live:
        _tell_marks(screen, [device for entry in listed for device in entry.devices])


def _tell_marks(screen: Screen, found: list[DeviceFacts]) -> None:
    """What the signs before the names mean: a person may not have read the help."""
    meanings = [">  plays by default"] if any(device.default_output for device in found) else []
    meanings += ["<  is recorded by default"] if any(device.default_input for device in found) else []
    if meanings:
        screen.say()
        screen.say(Text(" " + "     ".join(meanings), "dim"))


def _list_host(host_name: str, *, default: bool = False) -> Listed:
    with open_host(host_name) as opened:
        found = facts_of(opened)
        return Listed(HostFacts(opened.id, opened.name, default, None), found)


def _list_if_there(host_id: str, default_id: str | None) -> Listed:
    try:
        return _list_host(host_id, default=host_id == default_id)
    except AudioError as error:
        return Listed(HostFacts(host_id, HOSTS[host_id].name, default=False, error=error), [])


def _devices_json(listed: list[Listed]) -> dict[str, Any]:
    return {
        "devices": [device.as_json() for entry in listed for device in entry.devices],
        "unavailable": [entry.host.as_json() for entry in listed if entry.host.error is not None],
    }


def _tell_absent(screen: Screen, absent: list[HostFacts]) -> None:
    for facts in absent:
        if facts.error is not None:
            why = f"{facts.name} is not available: {one_line(facts.error)}"
            screen.err.print(Text(why, "dim"))


def show_devices(screen: Screen, host: HostFacts, found: list[DeviceFacts]) -> None:
    """Write a host's devices: a line for each where that fits, else its id below its name."""
    title = Text(host.name, "bold")
    if host.default:
        title.append(f" {screen.glyphs.dot} the default", "green")
    screen.say(title)
    if not found:
        screen.say(Text("  no devices", "yellow"))
        return
    one_line = _table(screen, found, ids=True)
    if screen.fits(one_line):
        screen.say_table(one_line)
        return
    without_names = screen.width_of(_table(screen, found, ids=False, name_width=0))
    lines = screen.lines_of(_table(screen, found, ids=False, name_width=screen.out.width - without_names))
    screen.say(lines[0])
    for line, device in zip(lines[1:], found, strict=True):
        screen.say(line)
        screen.say(Text(f"     {shown_name(device.id)}", "cyan"))


def _table(screen: Screen, found: list[DeviceFacts], *, ids: bool, name_width: int | None = None) -> Table:
    table = Table(box=None, padding=(0, 2, 0, 0), header_style="dim", pad_edge=False)
    for heading in ("", "Name" if name_width != 0 else "", *(["Id"] if ids else []), "Type"):
        table.add_column(heading, no_wrap=True)
    for heading in ("In", "Out", "Rate"):
        table.add_column(heading, no_wrap=True, justify="right")
    table.add_column("Format", no_wrap=True)
    for device in found:
        marks, name, device_id, *others = _cells(device, screen.glyphs)
        if name_width is not None:
            name.truncate(name_width, overflow="ellipsis" if name_width else "crop")
        table.add_row(marks, name, *([device_id] if ids else []), *others)
    return table


def _cells(device: DeviceFacts, glyphs: Glyphs) -> tuple[Text, ...]:
    marks = Text.assemble(
        (" >" if device.default_output else "  ", "bold green"), ("<" if device.default_input else " ", "bold magenta")
    )
    default = device.default_output or device.default_input
    side = device.output or device.input
    return (
        marks,
        Text(shown_name(device.name), "bold" if default else "default"),
        Text(shown_name(device.id), "cyan"),
        Text(device.type, "dim" if device.type == "unknown" else "default"),
        Text(glyphs.none if device.input is None else str(device.input.channels)),
        Text(glyphs.none if device.output is None else str(device.output.channels)),
        Text(glyphs.none if side is None else f"{side.sample_rate} Hz"),
        Text(glyphs.none if side is None else side.sample_format),
    )
