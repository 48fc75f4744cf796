"""The command line: ``pcmio``, or ``python -m pcmio``.

It is a user of the library like any other, and the only part that prints.  What it needs comes with the extra ``cli``,
what draws pictures into files with ``plot``; without them it says so.
"""

from __future__ import annotations

import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["main"]

#: What extras install, by the names under which it is imported.
_EXTRAS = {**dict.fromkeys(("click", "numpy", "rich", "soundfile", "soxr"), "cli"), "matplotlib": "plot"}
#: As ``ExitCode`` has it, which may not be loaded yet.
_INTERRUPTED = 130


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command that ``arguments`` (else the process's own) tell, and return its exit code."""
    try:
        from pcmio.cli.app import run

        return run(arguments)
    except KeyboardInterrupt:  # while all this was loaded
        return _INTERRUPTED
    except ModuleNotFoundError as missing:
        name = (missing.name or "").partition(".")[0]
        if name not in _EXTRAS:
            raise
        who = "the command line" if _EXTRAS[name] == "cli" else "this"
        sys.stderr.write(
            f"pcmio: {who} needs {missing.name}, which is not installed\n  run: pip install 'pcmio[{_EXTRAS[name]}]'\n"
        )
        return 1
