"""Whether threads may have real-time priority, by whose leave, and what stands in the way."""

from __future__ import annotations

import errno
import os
import threading
from importlib import import_module
from importlib.util import find_spec
from typing import TYPE_CHECKING, NamedTuple

from pcmio._realtime import AUTO, OwnThread
from pcmio.cli.doctor.findings import Finding, State

if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any

    from pcmio.cli.doctor.machine import Machine

_TOPIC = "Real-time priority"
_RTKIT = "org.freedesktop.RealtimeKit1"
_SERVICES = "/usr/share/dbus-1/system-services"
_BUS_SECONDS = 0.5
_LIMITS = ("/etc/security/limits.conf", "/etc/security/limits.d")


class Permission(NamedTuple):
    """What this process is allowed.

    Attributes:
        direct: Whether a thread of ours got real-time priority; None: the system has none of this kind.
        reason: Why it did not.
        rtprio: The limit, or None; -1: unlimited.
        memlock_bytes: The limit, or None; -1: unlimited.
        rtkit: Whether rtkit answers; None: it could not be asked.
        rtkit_grants: Whether a thread of ours got it from there; None: not asked, as it was not needed or not there.
        rtkit_reason: Why it did not.
        jeepney: Whether what asks it is installed.
    """

    direct: bool | None
    reason: str
    rtprio: int | None
    memlock_bytes: int | None
    rtkit: bool | None
    rtkit_grants: bool | None
    rtkit_reason: str
    jeepney: bool


def ask_permission() -> Permission:
    """Try it: in a thread that ends at once."""
    jeepney = find_spec("jeepney") is not None
    rtkit = _rtkit_answers() if jeepney else None
    tried: list[_Tried] = []
    trying = threading.Thread(target=lambda: tried.append(_try(rtkit=bool(rtkit))), name="pcmio-doctor")
    trying.start()
    trying.join()
    (found,) = tried
    return Permission(
        direct=found.direct,
        reason=found.reason,
        rtprio=_limit("RLIMIT_RTPRIO"),
        memlock_bytes=_limit("RLIMIT_MEMLOCK"),
        rtkit=rtkit,
        rtkit_grants=found.rtkit_grants,
        rtkit_reason=found.rtkit_reason,
        jeepney=jeepney,
    )


class _Tried(NamedTuple):
    """What the system, and then rtkit, said to a thread: fields as those of ``Permission``."""

    direct: bool | None = None
    reason: str = ""
    rtkit_grants: bool | None = None
    rtkit_reason: str = ""


def _try(*, rtkit: bool) -> _Tried:
    system: Any = os
    if not hasattr(system, "sched_setscheduler"):
        return _Tried()
    try:
        # Of the calling thread alone, whatever the name of the call says.
        inherits = getattr(system, "SCHED_RESET_ON_FORK", 0)  # Linux has it, BSD does not
        system.sched_setscheduler(0, system.SCHED_FIFO | inherits, system.sched_param(1))
    except OSError as error:
        reason = error.strerror or str(error)
        if not rtkit:
            return _Tried(direct=False, reason=reason)
        # Whoever answers may yet say no: to this user, to this session, to this process.  So it is asked as streams do.
        thread = OwnThread(AUTO, 1)
        refusal = thread.settle(error.errno or errno.EPERM)
        thread.ends()
        why = refusal.reason.partition("rtkit: ")[2] or refusal.reason
        return _Tried(direct=False, reason=reason, rtkit_grants=not refusal.code, rtkit_reason=why)
    return _Tried(direct=True)


def _limit(name: str) -> int | None:
    try:
        resource: Any = import_module("resource")
    except ImportError:  # Windows
        return None
    if not hasattr(resource, name):
        return None
    soft, _hard = resource.getrlimit(getattr(resource, name))
    return -1 if soft == resource.RLIM_INFINITY else int(soft)


def _rtkit_answers() -> bool:
    """Whether it answers on the system's bus; it is started for that where it is installed."""
    jeepney: Any = import_module("jeepney")
    blocking: Any = import_module("jeepney.io.blocking")
    address = jeepney.DBusAddress("/org/freedesktop/RealtimeKit1", bus_name=_RTKIT, interface=_RTKIT)
    try:
        with blocking.open_dbus_connection("SYSTEM", auth_timeout=_BUS_SECONDS) as bus:
            question = jeepney.Properties(address).get("MaxRealtimePriority")
            jeepney.wrappers.unwrap_msg(bus.send_and_get_reply(question, timeout=_BUS_SECONDS))
    except Exception:  # noqa: BLE001 - whatever a bus, its authentication or its messages come to: no answer
        return False
    return True


# --- found ----------------------------------------------------------------------------------------------------------


def look_at_scheduling(machine: Machine, permission: Permission) -> Iterator[Finding]:
    """What threads may have, on systems that have such priorities."""
    if permission.direct is None:
        return
    facts = {**permission._asdict(), "rtkit_installed": machine.exists(f"{_SERVICES}/{_RTKIT}.service")}
    details = _details(machine, permission)
    if permission.direct:
        text = "threads of this user may have it, directly"
        yield Finding(_TOPIC, State.OK, text, details, facts=facts)
    elif permission.rtkit_grants:
        yield Finding(_TOPIC, State.OK, "threads of this user get it from rtkit", details, facts=facts)
    else:
        yield _refused(machine, permission, details, facts)
    yield from _kernel(machine)


def _details(machine: Machine, permission: Permission) -> tuple[str, ...]:
    def amount(value: int | None, unit: str) -> str:
        return (
            "not told" if value is None else "unlimited" if value < 0 else f"{value // 1024 if unit else value}{unit}"
        )

    answers = "refuses" if permission.rtkit_grants is False else "answers"
    rtkit = answers if permission.rtkit else "does not answer" if permission.rtkit is False else "not asked"
    member = {True: "of", False: "not of", None: "on a system without"}[machine.in_group("audio")]
    return (
        f"limits: rtprio {amount(permission.rtprio, '')}, memlock {amount(permission.memlock_bytes, ' KiB')}",
        f"rtkit {rtkit}{'' if permission.jeepney else ' (jeepney is not installed)'}",
        f"this user is {member} the group audio",
    )


def _refused(machine: Machine, permission: Permission, details: tuple[str, ...], facts: dict[str, Any]) -> Finding:
    why = permission.reason + (f"; rtkit: {permission.rtkit_reason}" if permission.rtkit_reason else "")
    text = f"threads of this user do not get it ({why}): other programs can make sound stutter"
    advice, commands = _what_gives_it(machine, permission, installed=facts["rtkit_installed"])
    if facts["rtkit_installed"] and not permission.jeepney:
        text += "; rtkit is installed, and pcmio cannot ask it"
    return Finding(_TOPIC, State.HINT, text, details, advice, commands, facts)


def _what_gives_it(machine: Machine, permission: Permission, *, installed: bool) -> tuple[str, tuple[str, ...]]:
    """What to do, and what to type."""
    if installed and not permission.jeepney:
        return "install what asks it", ("pip install 'pcmio[realtime]'",)
    if installed and permission.rtkit is False:
        return "rtkit is installed and does not answer: start it", ("sudo systemctl start rtkit-daemon",)
    group = _group_with_limits(machine)
    if group is not None and machine.in_group(group) is False:
        return f"the group {group} has the right to it: join it, and log in again", (f"sudo usermod -aG {group} $USER",)
    advice = "let the group audio have it, be in that group, and log in again"
    if permission.rtkit_grants is False:
        advice += "; rtkit itself gives it to who is logged in at the machine, and no more than some threads at a time"
    else:
        advice += "; or install rtkit"
    return advice, ("echo '@audio - rtprio 95' | sudo tee /etc/security/limits.d/audio.conf",)


def _group_with_limits(machine: Machine) -> str | None:
    """The first group that PAM's limits give real-time priority to."""
    files = [_LIMITS[0], *(f"{_LIMITS[1]}/{name}" for name in machine.names(_LIMITS[1]) if name.endswith(".conf"))]
    for path in files:
        for line in (machine.text(path) or "").splitlines():
            words = line.partition("#")[0].split()
            if len(words) == len(("who", "kind", "what", "value")) and words[0][0] == "@" and words[2] == "rtprio":
                return words[0][1:]
    return None


def _kernel(machine: Machine) -> Iterator[Finding]:
    runtime = machine.text("/proc/sys/kernel/sched_rt_runtime_us")
    if runtime == "0":
        yield Finding(
            _TOPIC,
            State.PROBLEM,
            "the kernel gives real-time threads no time at all (kernel.sched_rt_runtime_us is 0)",
            advice="set it back",
            commands=("sudo sysctl kernel.sched_rt_runtime_us=950000",),
        )
    places = {machine.text(f"/sys/devices/system/cpu/{cpu}/cpufreq/scaling_governor") for cpu in ("cpu0", "cpu1")}
    governors = sorted(governor for governor in places if governor)
    if governors and "performance" not in governors:
        text = f"processors change their speed with the load ({', '.join(governors)})"
        advice = "if sound stutters at small buffers, try the governor performance"
        yield Finding(_TOPIC, State.NOTE, text, (advice,), facts={"governors": governors})
