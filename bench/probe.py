"""Import a library, list all devices, tell what that took: ``python probe.py LIBRARY SERVER``.

A script, and one that imports nothing: what is loaded already is not measured.
"""

import sys
from time import perf_counter

CALLS = {
    "pcmio": "len(library.host({'jack': 'jack', 'pulse': 'pulseaudio'}[server]).devices())",
    "sounddevice": "len(library.query_devices())",
    "pyaudio": "(lambda p: len([p.get_device_info_by_index(i) for i in range(p.get_device_count())]))(library.PyAudio())",
    "miniaudio": (
        "(lambda d: len(d.get_playbacks()) + len(d.get_captures()))"
        "(library.Devices([{'jack': library.Backend.JACK, 'pulse': library.Backend.PULSEAUDIO}[server]]))"
    ),
    "soundcard": "len(library.all_speakers()) + len(library.all_microphones(include_loopback=True))",
    "pyaudiocast": "len(library.list_output_devices())",
}


def resident_mb() -> float:
    with open("/proc/self/statm", encoding="ascii") as file:
        return int(file.read().split()[1]) * 4096 / 2**20


name, server = sys.argv[1:]
call = compile(CALLS[name], "<listing>", "eval")
before = resident_mb()
begin = perf_counter()
library = __import__(name)
imported = perf_counter()
imported_mb = resident_mb() - before
resumed = perf_counter()
devices = -1
error = ""
try:
    devices = eval(call)
except Exception as raised:
    error = repr(raised)
listed = perf_counter()
print(
    "{"
    f'"import_ms": {1000 * (imported - begin):.4f}, "list_ms": {1000 * (listed - resumed):.4f}, "devices": {devices}, '
    f'"import_mb": {imported_mb:.4f}, "mb": {resident_mb() - before:.4f}, '
    f'"numpy": {"true" if "numpy" in sys.modules else "false"}, '
    f'"error": "{error.encode("unicode_escape").decode().replace(chr(34), chr(39)).replace(chr(92), "/")}"'
    "}"
)
