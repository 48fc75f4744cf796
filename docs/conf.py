"""The documentation as a site: ``nox -s docs``, or ``sphinx-build -W -c docs . build/site``.

The pages are plain Markdown that reads well where the repository is hosted, so nothing in them is Sphinx's: the source
folder is the whole repository, links between pages are relative paths, and the order of the pages stands here.
"""

from __future__ import annotations

import re
from importlib import import_module
from typing import TYPE_CHECKING, Any

from sphinx.errors import ExtensionError

import pcmio

if TYPE_CHECKING:
    from types import ModuleType

    from sphinx.application import Sphinx

#: Characters of a constant that are printed in full.
MOST_SHOWN = 100

project = "pcmio"
author = "The pcmio authors"
copyright = author  # noqa: A001 - Sphinx's name for it
release = pcmio.__version__

extensions = ["myst_parser", "sphinx.ext.autodoc", "sphinx.ext.napoleon"]
source_suffix = {".md": "markdown"}
include_patterns = ["README.md", "CHANGELOG.md", "CONTRIBUTING.md", "SECURITY.md", "docs/**.md", "examples/README.md"]
exclude_patterns = [".*", "build", "dist", "**/__pycache__"]
root_doc = "README"

html_theme = "furo"
html_title = f"pcmio {release}"
html_static_path = ["site/static"]
html_css_files = ["pcmio.css"]
templates_path = ["site"]
html_additional_pages = {"index": "index.html"}  # leads to README.html
html_copy_source = False
html_show_copyright = False
html_last_updated_fmt = None  # the same sources give the same bytes

myst_heading_anchors = 4  # links lead to headings as they do where the repository is hosted
myst_enable_extensions = ["fieldlist"]

autodoc_member_order = "bysource"
autodoc_typehints = "signature"
autodoc_typehints_format = "short"
autodoc_inherit_docstrings = True
autodoc_default_options = {"members": True, "show-inheritance": True}
napoleon_google_docstring = True
napoleon_numpy_docstring = False
napoleon_use_ivar = True


def _own(module: ModuleType) -> list[str]:
    """A module's public names without those that other pages describe."""
    front = {*pcmio.__all__, *REFERENCE["pcmio.hosts.null"]["Null"]}
    return [name for name in module.__all__ if name not in front]


def _is_error(value: object) -> bool:
    return isinstance(value, type) and issubclass(value, pcmio.AudioError)


#: What stands in the margin, in this order.
CONTENTS = {
    "Begin": ["docs/tutorial", "examples/README", "docs/troubleshooting"],
    "How to": [
        "docs/howto/choose-a-device",
        "docs/howto/low-latency",
        "docs/howto/never-drop-out",
        "docs/howto/unplugging",
        "docs/howto/record-system-audio",
        "docs/howto/test-without-a-sound-card",
        "docs/howto/asyncio",
        "docs/howto/network",
        "docs/hosts/custom",
    ],
    "Coming from": ["docs/coming-from/sounddevice", "docs/coming-from/pyaudio", "docs/coming-from/cpal"],
    "In depth": [
        "docs/README",
        "docs/devices",
        "docs/streams",
        "docs/duplex",
        "docs/channels",
        "docs/arrays",
        "docs/watching",
        "docs/formats",
        "docs/errors",
        "docs/cli",
    ],
    "Hosts": ["docs/hosts/pipewire", "docs/hosts/pulseaudio", "docs/hosts/jack", "docs/hosts/alsa", "docs/hosts/null"],
    "Reference": ["docs/reference/README", "docs/reference/testing", "docs/reference/hosts"],
    "The project": [
        "docs/design/README",
        "docs/design/data-path",
        "docs/design/lives",
        "docs/design/soak",
        "CONTRIBUTING",
        "SECURITY",
        "CHANGELOG",
    ],
}


#: The reference, page by page: headings, and under each the names to describe, all of a module's or some.
REFERENCE: dict[str, dict[str, list[str]]] = {
    "pcmio": {
        "Hosts": ["ALL_HOSTS", "available_hosts", "default_host", "host", "Host"],
        "Devices": [
            *("Device", "DeviceId", "DeviceDescription", "DeviceType", "InterfaceType", "Direction"),
            *("Channel", "CHANNEL_POSITIONS"),
        ],
        "Streams": ["Stream", "Writer", "Reader", "ClearResult", "NativeCallback", "NATIVE_BLOCK_FIELDS"],
        "Both directions": ["DuplexStream", "DuplexInfo", "DuplexLatency", "NATIVE_DUPLEX_BLOCK_FIELDS"],
        "States and ends": ["StreamState", "EndReason", "StopStream", "AbortStream"],
        "Arrays": ["play", "record", "play_record", "Playback", "Recording"],
        "Configs": [
            *("StreamConfig", "BufferSize", "SampleFormat", "SupportedStreamConfig", "SupportedStreamConfigRange"),
            *("SupportedBufferSize", "COMMON_SAMPLE_RATES", "SAMPLE_RATE_48K", "SAMPLE_RATE_CD"),
        ],
        "Time and statistics": ["CallbackInfo", "StreamTimestamp", "StreamInstant", "Latency", "StreamStats"],
        "Events of streams": ["StreamEvent", *sorted(event.__name__ for event in pcmio.StreamEvent.__subclasses__())],
        "Watching": ["Watch", "HostEvent", *sorted(event.__name__ for event in pcmio.HostEvent.__subclasses__())],
        "Errors": sorted(name for name in pcmio.__all__ if _is_error(getattr(pcmio, name))),
        "The interpreter": ["switch_interval"],
    },
    "pcmio.testing": {"": []},
    "pcmio.custom": {"": []},
    "pcmio.hosts.null": {"Null": ["NullDeviceSpec", "NullKind", "SimulatedClock", "NullHost"]},
    "pcmio.hosts.jack": {"JACK": ["JackHost", "JackPort"]},
    "pcmio.hosts.pipewire": {"PipeWire": ["PipeWireHost", "PipeWirePort", "PipeWireLink"]},
}
MARK = re.compile(r"<!-- reference: (\S+) -->")


def described(found: re.Match[str]) -> str:
    """What Sphinx reads in place of a page's mark."""
    module = import_module(found[1])
    text = ""
    for heading, names in REFERENCE[found[1]].items():
        lines = [line for name in names or _own(module) for line in directive(module, name)]
        text += f"## {heading}\n\n" if heading else ""
        text += "\n".join(["```{eval-rst}", *lines, "```", ""])
    return text


def directive(module: ModuleType, name: str) -> list[str]:
    """How autodoc is told of one name."""
    value = getattr(module, name)
    if isinstance(value, type):
        inherited = ["   :inherited-members:"] if value is pcmio.Device else []
        return [f".. autoclass:: {module.__name__}.{name}", *inherited, ""]
    kind = "function" if callable(value) else "data"
    short = ["   :no-value:"] if kind == "data" and len(repr(value)) > MOST_SHOWN else []
    return [f".. auto{kind}:: {module.__name__}.{name}", *short, ""]


def add_reference(app: Sphinx, name: str, source: list[str]) -> None:
    """Put docstrings where a page has its marks."""
    del app, name
    source[0] = MARK.sub(described, source[0])


def add_contents(app: Sphinx, name: str, source: list[str]) -> None:
    """Put the order of the pages behind the front page, where only Sphinx sees it."""
    if name == app.config.root_doc:
        for caption, pages in CONTENTS.items():
            listed = "\n".join(f"/{page}" for page in pages)
            source[0] += f"\n```{{toctree}}\n:hidden:\n:caption: {caption}\n\n{listed}\n```\n"


def setup(app: Sphinx) -> dict[str, Any]:
    """Called by Sphinx."""
    missing = set(pcmio.__all__) - {name for names in REFERENCE["pcmio"].values() for name in names}
    if missing:
        raise ExtensionError(f"not in the reference: {', '.join(sorted(missing))}")
    app.connect("source-read", add_contents)
    app.connect("source-read", add_reference)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
