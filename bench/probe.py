"""Import a library, list all devices, tell what that took: ``python probe.py LIBRARY SERVER``.

A script, and one that imports nothing that a bare interpreter has not: what is loaded already is not measured.
"""

import os
import sys
from time import perf_counter

LISTINGS = {
    "pcmio": "len(library.host({'pulse': 'pulseaudio'}.get(server, server)).devices())",
    "sounddevice": "len(library.query_devices())",
    "pyaudio": (
        "(lambda audio: len([audio.get_device_info_by_index(i) for i in range(audio.get_device_count())]))"
        "(library.PyAudio())"
    ),
    "miniaudio": (
        "(lambda devices: len(devices.get_playbacks()) + len(devices.get_captures()))"
        "(library.Devices([{'jack': library.Backend.JACK, 'alsa': library.Backend.ALSA}"
        ".get(server, library.Backend.PULSEAUDIO)]))"
    ),
    "soundcard": "len(library.all_speakers()) + len(library.all_microphones(include_loopback=True))",
    "pyaudiocast": "len(library.list_output_devices())",
}


def resident_mb() -> float:
    descriptor = os.open("/proc/self/statm", os.O_RDONLY)
    pages = int(os.read(descriptor, 200).split()[1])
    os.close(descriptor)
    return pages * os.sysconf("SC_PAGESIZE") / 2**20


name, server = sys.argv[1:]
listing = compile(LISTINGS[name], "<listing>", "eval")
before = resident_mb()
begin = perf_counter()
library = __import__(name)
imported = perf_counter()
imported_mb = resident_mb() - before
resumed = perf_counter()
devices = eval(listing)
listed = perf_counter()
numpy = "true" if "numpy" in sys.modules else "false"
print(
    f'{{"import_ms": {1000 * (imported - begin):.4f}, "list_ms": {1000 * (listed - resumed):.4f}, '
    f'"import_mb": {imported_mb:.4f}, "mb": {resident_mb() - before:.4f}, "devices": {devices}, "numpy": {numpy}}}'
)
