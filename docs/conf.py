"""The documentation as a site: ``nox -s docs``, or ``sphinx-build -W -c docs . build/site``.

The pages are plain Markdown that reads well where the repository is hosted, so nothing in them is Sphinx's: the source
folder is the whole repository, links between pages are relative paths, and the order of the pages stands here.
"""

from __future__ import annotations

import re
import sys
from enum import Enum
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from sphinx.errors import ExtensionError
from sphinx.pycode import ModuleAnalyzer

import pcmio

if TYPE_CHECKING:
    from types import ModuleType

    from sphinx.application import Sphinx

#: Characters of a constant that are printed in full.
MOST_SHOWN = 100
#: napoleon's own place in the order is 500.
BEFORE_NAPOLEON, AFTER_NAPOLEON = 400, 600
#: Where the bases are that need no explanation.
PYTHONS = {"builtins"}

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
autodoc_default_options = {"members": True}
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
    "Begin": ["docs/tutorial", "examples/README", "docs/glossary", "docs/troubleshooting", "docs/README"],
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
    "Reference": [
        "docs/reference/README",
        "docs/reference/devices",
        "docs/reference/streams",
        "docs/reference/arrays",
        "docs/reference/configs",
        "docs/reference/errors",
        "docs/reference/hosts",
        "docs/reference/testing",
    ],
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


#: The reference, module by module: headings, and under each the names to describe, all of the module's or some.
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
    "pcmio.hosts.pulseaudio": {"PulseAudio": ["PulseHost"]},
    "pcmio.hosts.pipewire": {"PipeWire": ["PipeWireHost", "PipeWirePort", "PipeWireLink"]},
}
#: Where docstrings go in a page: those of a module, or of some of its headings.
MARK = re.compile(r"<!-- reference: (\S+?)(?: / (.+?))? -->")


def described(found: re.Match[str]) -> str:
    """What Sphinx reads in place of a page's mark."""
    module, headings = import_module(found[1]), REFERENCE[found[1]]
    text = ""
    for heading in found[2].split(", ") if found[2] else headings:
        lines = [line for name in headings[heading] or _own(module) for line in directive(module, name)]
        text += f"## {heading}\n\n" if heading else ""
        text += "\n".join(["```{eval-rst}", *lines, "```", ""])
    return text


def directive(module: ModuleType, name: str) -> list[str]:
    """How autodoc is told of one name."""
    value = getattr(module, name)
    if isinstance(value, type):
        documented = cast("type[object]", value)
        options = ["   :inherited-members:"] if documented in {pcmio.Device, pcmio.Host} else []
        options += ["   :undoc-members:"] if issubclass(documented, Enum) else []  # members whose names say it all
        options += ["   :show-inheritance:"] if _bases(documented) else []
        return [f".. autoclass:: {module.__name__}.{name}", *options, ""]
    kind = "function" if callable(value) else "data"
    short = ["   :no-value:"] if kind == "data" and (value is None or len(repr(value)) > MOST_SHOWN) else []
    return [f".. auto{kind}:: {module.__name__}.{name}", *short, ""]


def mend_docstring(app: Sphinx, what: str, name: str, value: object, options: object, lines: list[str]) -> None:
    """Have a docstring read as it is written, before napoleon reads it: no type stands in front of a colon in ours."""
    del app, options
    if what == "data":
        lines[:] = _comment(name.rpartition(".")[2], value)
    if what in {"attribute", "data", "property"}:
        lines[:0] = ["..", ""]  # what begins with a comment has no type before its first colon
    if "Returns:" in lines:
        start = lines.index("Returns:") + 1
        end = lines.index("", start) if "" in lines[start:] else len(lines)
        text = " ".join(line.strip() for line in lines[start:end])
        lines[start - 1 : end] = [f":returns: {text}"]


def check_docstring(app: Sphinx, what: str, name: str, value: object, options: object, lines: list[str]) -> None:
    """Fail where napoleon took our prose for types, or for the names of errors."""
    del app, what, value, options
    for line in lines:
        raised = re.match(r":raises (.*?):", line)
        words = raised[1].replace(",", "").split() if raised else []
        if line.startswith((":type:", ":rtype:")) or (raised and len(words) > raised[1].count(",") + 1):
            raise ExtensionError(f"the docstring of {name} is read as {line!r}")


def _comment(name: str, value: object) -> list[str]:
    """What stands above a constant where it is defined; its own docstring is that of tuple, or of int."""
    for module in [each for each in sys.modules if each.startswith("pcmio.")]:
        if getattr(sys.modules[module], name, None) is value:
            comment = ModuleAnalyzer.for_module(module).find_attr_docs().get(("", name))
            if comment:
                return comment
    raise ExtensionError(f"no comment #: above {name}")


def _bases(value: type) -> list[type]:
    """Those that a reader can use: not those which only say how a class is made."""
    public = [base for base in value.__bases__ if base.__module__ in PYTHONS or base.__name__ in pcmio.__all__]
    return [base for base in public if base is not object]


def shorten_bases(app: Sphinx, name: str, value: type, options: object, bases: list[type]) -> None:
    """Name the bases that a reader can use."""
    del app, name, options
    bases[:] = _bases(value)


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
    pages = Path(app.srcdir, "docs", "reference").glob("*.md")
    marks = [mark for page in pages for mark in MARK.findall(page.read_text(encoding="utf-8"))]
    shown = [heading for module, headings in marks if module == "pcmio" for heading in headings.split(", ")]
    missing |= set(REFERENCE["pcmio"]) - set(shown)
    missing |= set(REFERENCE) - {module for module, _ in marks}
    if missing:
        raise ExtensionError(f"not in the reference: {', '.join(sorted(missing))}")
    app.connect("source-read", add_contents)
    app.connect("source-read", add_reference)
    app.connect("autodoc-process-docstring", mend_docstring, priority=BEFORE_NAPOLEON)
    app.connect("autodoc-process-docstring", check_docstring, priority=AFTER_NAPOLEON)
    app.connect("autodoc-process-bases", shorten_bases)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
