"""The command line: ``pcmio``, or ``python -m pcmio``.

It is a user of the library like any other, and the only part that prints.  What it needs comes with the extra ``cli``;
without that it says so.
"""

from __future__ import annotations

import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["main"]

#: What the extra ``cli`` installs, by the names under which it is imported.
_EXTRA = ("click", "numpy", "rich", "soundfile", "soxr")


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command that ``arguments`` (else the process's own) tell, and return its exit code."""
    try:
        from pcmio.cli.app import run

        return run(arguments)
    except ModuleNotFoundError as missing:
        if missing.name is None or missing.name.partition(".")[0] not in _EXTRA:
            raise
        sys.stderr.write(
            f"pcmio: the command line needs {missing.name}, which is not installed\n  run: pip install 'pcmio[cli]'\n"
        )
        return 1
