"""Where the library's own remarks go: the logger "pcmio".  Imported late, since ``logging`` costs more than the rest."""

from __future__ import annotations


TYPE_CHECKING = False
if TYPE_CHECKING:
    import logging


def logger() -> logging.Logger:
    """The package's logger."""
    import logging  # noqa: PLC0415 - see above

    return logging.getLogger("pcmio")
