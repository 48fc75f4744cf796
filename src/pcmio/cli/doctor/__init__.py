"""``pcmio doctor``: what troubleshooting asks, answered by looking."""

from __future__ import annotations

import platform
from contextlib import suppress
from importlib import import_module, metadata
from typing import TYPE_CHECKING

import click
from rich.text import Text

from pcmio.cli.completion import complete_host
from pcmio.cli.doctor.buffers import look_at_buffers
from pcmio.cli.doctor.cards import holders, look_at_cards
from pcmio.cli.doctor.findings import Finding, State, Veil
from pcmio.cli.doctor.machine import Machine
from pcmio.cli.doctor.scheduling import ask_permission, look_at_scheduling
from pcmio.cli.doctor.servers import look_at_servers
from pcmio.cli.exits import ExitCode, failure_of
from pcmio.cli.listing import HostFacts, look_at_hosts
from pcmio.cli.screen import Screen
from pcmio.cli.targets import json_option, open_host
from pcmio.cli.values import WORD
from pcmio.errors import AudioError, HostUnavailable, PermissionDenied
from pcmio.platform import host

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from typing import Any

_NULL = "null"
_CHOICE = "PCMIO_HOST"
_LIBRARIES = ("numpy", "click", "rich", "soundfile", "soxr", "jeepney")
_CONTAINERS = ("/.dockerenv", "/run/.containerenv", "/run/systemd/container")


@click.command(short_help="Say what is wrong with sound here, and what to do.")
@click.option(
    "--host",
    "host_name",
    type=WORD,
    metavar="ID",
    shell_complete=complete_host,
    help="Look at the buffers of this audio system.",
)
@click.option("--no-open", is_flag=True, help="Open no device: nothing is told of buffers.")
@json_option
def doctor(*, host_name: str | None, no_open: bool, as_json: bool) -> int:
    """Look for what may be wrong with sound on this machine, and say what to do.

    Which audio systems answer and why others do not; which servers run, and whose; who holds a sound card; whether
    threads get real-time priority; whether buffers are sane, for which silence is played and something recorded for a
    moment. With --json it is for bug reports: no names of users, machines or directories are in it.
    """
    screen = Screen(still=as_json)
    if host_name is not None:
        with suppress(HostUnavailable, PermissionDenied):  # these are findings; one that does not exist is not
            host(host_name).close()
    veil, machine = Veil.of_this_process(), Machine()
    hosts = look_at_hosts()
    found = [veil.finding(one) for one in _findings(machine, hosts, None if no_open else _buffers_of(hosts, host_name))]
    if as_json:
        screen.say_json(
            {
                "software": veil.anything(_software(machine)),
                "hosts": [veil.anything(facts.as_json()) for facts in hosts],
                "findings": [finding.as_json() for finding in found],
                "next": _next(found, hosts),
            }
        )
    else:
        _show(screen, found, _next(found, hosts))
    return _code(found, hosts)


def _findings(machine: Machine, hosts: Sequence[HostFacts], buffers_of: str | None) -> Iterator[Finding]:
    answering = [facts.id for facts in hosts if facts.error is None and facts.id != _NULL]
    yield from _look_at_answers(hosts)
    yield from look_at_choice(machine, hosts)
    yield from look_at_servers(machine, answering=answering)
    yield from look_at_cards(machine, answering=bool({"pipewire", "pulseaudio", "jack"} & set(answering)))
    yield from look_at_scheduling(machine, ask_permission())
    if buffers_of is not None:
        yield from _look_at_buffers_of(machine, buffers_of)


def _look_at_buffers_of(machine: Machine, host_id: str) -> Iterator[Finding]:
    try:
        with open_host(host_id) as opened:
            yield from look_at_buffers(opened, holders(machine), machine.env)
    except AudioError as error:
        failure = failure_of(error)
        yield Finding("Buffers", State.PROBLEM, failure.message, advice=failure.advice)


def _buffers_of(hosts: Sequence[HostFacts], wanted: str | None) -> str | None:
    """The host whose buffers are looked at: the one that is named, else the default one, if any answers."""
    return wanted if wanted is not None else next((facts.id for facts in hosts if facts.default), None)


def _look_at_answers(hosts: Sequence[HostFacts]) -> Iterator[Finding]:
    topic = "Audio systems"
    real = [facts for facts in hosts if facts.id != _NULL]
    none = not _some_answer(hosts)
    for facts in real:
        if facts.error is None:
            words = "answers, and is the default" if facts.default else "answers"
            yield Finding(topic, State.OK, f"{facts.name} {words}", facts={"host": facts.id})
            continue
        failure = failure_of(facts.error)
        text = f"{facts.name} is not available: {failure.message}"
        # Who has a sound system of another kind does not lack this one's library.
        state = (State.HINT if _lacks_its_library(facts.error) else State.PROBLEM) if none else State.NOTE
        yield Finding(topic, state, text, failure.details, failure.advice if none else None, facts={"host": facts.id})
    if none:
        text = "no audio system answers: there is no sound on this machine, or it is not seen from here"
        advice = "programs and tests can run without sound: --host null"
        yield Finding(topic, State.PROBLEM, text, advice=advice)


def look_at_choice(machine: Machine, hosts: Sequence[HostFacts]) -> Iterator[Finding]:
    """Whether the variable that chooses for all programs names an audio system that answers."""
    named = machine.env.get(_CHOICE)
    if not named:
        return
    topic, unset = "Audio systems", (f"unset {_CHOICE}",)
    chosen = next((facts for facts in hosts if facts.id == named.strip().lower()), None)
    if chosen is None:
        text, advice = f"{_CHOICE} is {named!r}: there is no such audio system", "name one of pcmio hosts, or unset it"
        yield Finding(topic, State.PROBLEM, text, advice=advice, commands=unset)
    elif chosen.error is not None:
        text, advice = f"{_CHOICE} asks for {chosen.name}, which is not available", "start it, or unset the variable"
        yield Finding(topic, State.PROBLEM, text, advice=advice, commands=unset)
    elif chosen.id == _NULL:
        text, advice = f"{_CHOICE} asks for {chosen.name}, which makes no sound", "unset it to hear something"
        yield Finding(topic, State.HINT, text, advice=advice, commands=unset)
    else:
        yield Finding(topic, State.NOTE, f"{_CHOICE} asks for {chosen.name}")


def _lacks_its_library(error: AudioError) -> bool:
    return isinstance(error, HostUnavailable) and error.call is None and bool(error.tried)


# --- told -----------------------------------------------------------------------------------------------------------


def _software(machine: Machine) -> dict[str, Any]:
    """What runs here, with nothing that tells where."""
    libraries: dict[str, str | None] = {}
    for name in _LIBRARIES:
        try:
            libraries[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            libraries[name] = None
    kernel = platform.uname()
    return {
        "pcmio": getattr(import_module("pcmio"), "__version__", None),
        "python": f"{platform.python_implementation()} {platform.python_version()}",
        "system": kernel.system,
        "kernel": kernel.release,
        "machine": kernel.machine,
        "distribution": _distribution(machine),
        "container": any(machine.exists(path) for path in _CONTAINERS),
        "wsl": "microsoft" in kernel.release.lower(),
        "libraries": libraries,
    }


def _distribution(machine: Machine) -> str | None:
    for line in (machine.text("/etc/os-release") or "").splitlines():
        if line.startswith("PRETTY_NAME="):
            return line.partition("=")[2].strip('"')
    return None


def _next(found: Sequence[Finding], hosts: Sequence[HostFacts]) -> list[str]:
    """What to type: for problems first."""
    wanted = [one for state in (State.PROBLEM, State.HINT) for one in found if one.state is state]
    commands = [command for finding in wanted for command in finding.commands]
    return list(dict.fromkeys([*commands, "pcmio demo" if _some_answer(hosts) else "pcmio demo --host null"]))


def _some_answer(hosts: Sequence[HostFacts]) -> bool:
    return any(facts.error is None for facts in hosts if facts.id != _NULL)


def _show(screen: Screen, found: Sequence[Finding], to_type: Sequence[str]) -> None:
    marks = {
        State.OK: ("ok  ", "green"),
        State.NOTE: ("-   ", "dim"),
        State.HINT: ("hint", "yellow"),
        State.PROBLEM: ("BAD ", "bold red"),
    }
    topic = ""
    for finding in found:
        if finding.topic != topic:
            screen.say(Text(finding.topic if not topic else f"\n{finding.topic}", "bold cyan"))
            topic = finding.topic
        mark = Text.assemble("  ", marks[finding.state], "  ")
        screen.say_hanging(mark, Text(finding.text))
        for detail in finding.details:
            screen.say_hanging(Text(" " * mark.cell_len), Text(detail, "dim"))
        if finding.advice is not None and finding.state in (State.HINT, State.PROBLEM):
            arrow = f"{' ' * mark.cell_len}{screen.glyphs.arrow} "
            screen.say_hanging(Text(arrow, "cyan"), Text(finding.advice, "cyan"))
    bad = sum(finding.state is State.PROBLEM for finding in found)
    said = (
        "Nothing is wrong that can be seen from here."
        if not bad
        else f"{bad} of these {'does' if bad == 1 else 'do'} not work."
    )
    screen.say(Text(f"\n{said} Next, type:", "bold"))
    for command in to_type:
        screen.say(Text(f"  {command}", "cyan"))


def _code(found: Sequence[Finding], hosts: Sequence[HostFacts]) -> int:
    if not _some_answer(hosts):
        return ExitCode.NO_SERVER
    return ExitCode.AUDIO if any(finding.state is State.PROBLEM for finding in found) else ExitCode.OK
