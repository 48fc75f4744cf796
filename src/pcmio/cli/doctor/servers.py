"""Which sound servers run, whose they are, and whether they can be found from here."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from pcmio.cli.doctor.findings import Finding, State

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from pcmio.cli.doctor.machine import Machine, Process

_TOPIC = "Sound servers"
#: A program's name has 15 characters in /proc.
_MANAGERS = ("wireplumber", "pipewire-media-")
_JACK = ("jackd", "jackdbus")
#: Variables that lead clients elsewhere.
_VARIABLES = ("PIPEWIRE_REMOTE", "PIPEWIRE_RUNTIME_DIR", "PULSE_SERVER", "PULSE_RUNTIME_PATH", "JACK_DEFAULT_SERVER")


class _Seen(NamedTuple):
    """Programs of one name: ours, and those of others."""

    ours: list[Process]
    others: list[Process]

    @property
    def where(self) -> str:
        sessions = sorted({one.session for one in self.ours if one.session})
        return f" (in {', '.join(sessions)})" if sessions else ""


def look_at_servers(machine: Machine, *, answering: Sequence[str]) -> Iterator[Finding]:
    """What runs, on systems with /proc; ``answering``: the hosts that do."""
    processes = list(machine.processes())
    if not processes:
        return

    def seen(*names: str) -> _Seen:
        found = [one for one in processes if one.name in names]
        ours = [one for one in found if one.uid in (machine.uid, None)]
        return _Seen(ours, [one for one in found if one not in ours])

    pipewire, pulse, bridge = seen("pipewire"), seen("pulseaudio"), seen("pipewire-pulse")
    some = bool({"pipewire", "pulseaudio", "jack"} & set(answering))
    found = [
        _pipewire(pipewire, seen(*_MANAGERS), found="pipewire" in answering, socket=_pipewire_socket(machine)),
        _pulseaudio(pulse, bridge, pipewire, found="pulseaudio" in answering, socket=_pulse_socket(machine)),
    ]
    jack = seen(*_JACK)
    if jack.ours or jack.others:
        found.append(_jack(jack, found="jack" in answering))
    for finding in found:
        facts = finding.facts
        # A second server is no trouble where the first answers, nor is none where cards are used directly.
        idle = not (facts["runs"] or facts.get("runs_for_another_user") or facts.get("pipewire_pulse"))
        second = not facts["answers"] and (some or ("alsa" in answering and idle))
        yield finding._replace(state=State.NOTE, advice=None, commands=()) if second else finding
    if not some:
        yield from _surroundings(machine)
    variables = [name for name in _VARIABLES if machine.env.get(name)]
    if variables:
        text = f"the environment says which server to use: {', '.join(variables)}"
        state, advice = (State.NOTE, None) if some else (State.HINT, "unset what is not meant")
        yield Finding(_TOPIC, state, text, advice=advice, facts={"variables": variables})


# --- PipeWire -------------------------------------------------------------------------------------------------------


def _pipewire_socket(machine: Machine) -> bool:
    """Whether its socket is where clients look."""
    directories = [machine.env.get(name, "") for name in ("PIPEWIRE_RUNTIME_DIR", "XDG_RUNTIME_DIR")]
    return any(directory and machine.exists(f"{directory}/pipewire-0") for directory in directories)


def _pipewire(server: _Seen, managers: _Seen, *, found: bool, socket: bool) -> Finding:
    facts = {
        "server": "pipewire",
        "runs": bool(server.ours),
        "runs_for_another_user": bool(server.others),
        "session_manager": bool(managers.ours),
        "socket": socket,
        "answers": found,
    }
    if server.ours and not managers.ours:
        return Finding(
            _TOPIC,
            State.PROBLEM,
            f"PipeWire runs{server.where}, but no session manager does: it has no devices",
            advice="start WirePlumber",
            commands=("systemctl --user start wireplumber",),
            facts=facts,
        )
    if found:
        return Finding(_TOPIC, State.OK, f"PipeWire runs{server.where} and answers", facts=facts)
    if server.ours:
        missing = "its socket is there" if socket else "its socket is not where XDG_RUNTIME_DIR leads"
        return Finding(
            _TOPIC,
            State.PROBLEM,
            f"PipeWire runs{server.where} and does not answer: {missing}",
            advice="set XDG_RUNTIME_DIR as in the session where it runs, or start it anew",
            commands=("systemctl --user restart pipewire wireplumber",),
            facts=facts,
        )
    if server.others:
        return Finding(
            _TOPIC,
            State.HINT,
            "PipeWire runs for another user, and is not for us",
            advice="run this as the user of the desktop session, without sudo",
            facts=facts,
        )
    return Finding(_TOPIC, State.HINT, "PipeWire does not run", facts=facts)


# --- PulseAudio -----------------------------------------------------------------------------------------------------


def _pulse_socket(machine: Machine) -> bool:
    directory = machine.env.get("XDG_RUNTIME_DIR", "")
    return bool(directory) and machine.exists(f"{directory}/pulse/native")


def _pulseaudio(server: _Seen, bridge: _Seen, pipewire: _Seen, *, found: bool, socket: bool) -> Finding:
    facts = {
        "server": "pulseaudio",
        "runs": bool(server.ours),
        "runs_for_another_user": bool(server.others or bridge.others),
        "pipewire_pulse": bool(bridge.ours),
        "socket": socket,
        "answers": found,
    }
    if server.ours and pipewire.ours and not bridge.ours:
        return Finding(
            _TOPIC,
            State.HINT,
            "PulseAudio and PipeWire both run: each may keep the other from the sound cards",
            advice="let one of them have the cards: stop PulseAudio and start pipewire-pulse, or the other way round",
            facts=facts,
        )
    if found:
        what = f"runs{server.where}" if server.ours else f"is PipeWire's{bridge.where}" if bridge.ours else "is there"
        return Finding(_TOPIC, State.OK, f"PulseAudio {what} and answers", facts=facts)
    if server.ours or bridge.ours:
        runs = server if server.ours else bridge
        anew = "pulseaudio --kill; pulseaudio --start" if server.ours else "systemctl --user restart pipewire-pulse"
        return Finding(
            _TOPIC,
            State.PROBLEM,
            f"PulseAudio runs{runs.where} and does not answer",
            advice="set XDG_RUNTIME_DIR (or PULSE_SERVER) as in the session where it runs, or start it anew",
            commands=(anew,),
            facts=facts,
        )
    if server.others or bridge.others:
        return Finding(
            _TOPIC,
            State.HINT,
            "PulseAudio runs for another user, and is not for us",
            advice="run this as the user of the desktop session, without sudo",
            facts=facts,
        )
    return Finding(_TOPIC, State.HINT, "PulseAudio does not run", facts=facts)


# --- others ---------------------------------------------------------------------------------------------------------


def _jack(server: _Seen, *, found: bool) -> Finding:
    facts = {"server": "jack", "runs": bool(server.ours), "answers": found}
    if found:
        return Finding(_TOPIC, State.OK, f"JACK runs{server.where} and answers", facts=facts)
    text = "JACK runs and does not answer" if server.ours else "JACK runs for another user"
    advice = "run this as the user who started it, and name its server (JACK_DEFAULT_SERVER) if it has a name"
    return Finding(_TOPIC, State.HINT, text, advice=advice, facts=facts)


def _surroundings(machine: Machine) -> Iterator[Finding]:
    """Why a server that may be there is not seen from here."""
    if not machine.env.get("XDG_RUNTIME_DIR"):
        text = "XDG_RUNTIME_DIR is not set: servers of a desktop session are not found (sudo, cron, a service, su)"
        if machine.uid is not None and machine.exists(f"/run/user/{machine.uid}"):
            advice, commands = "set it as in the session that has sound", ("export XDG_RUNTIME_DIR=/run/user/$(id -u)",)
            yield Finding(_TOPIC, State.HINT, text, advice=advice, commands=commands)
        else:
            yield Finding(_TOPIC, State.NOTE, f"{text}; this user has no session here")
    if machine.env.get("SUDO_UID"):
        yield Finding(_TOPIC, State.HINT, "this runs under sudo", advice="run it as yourself: servers are a user's own")
    if machine.env.get("SSH_CONNECTION"):
        yield Finding(_TOPIC, State.HINT, "this runs over ssh: only a server on this machine can be heard, there")
