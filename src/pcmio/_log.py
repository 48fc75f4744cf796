"""Where the library's own remarks go: the logger "pcmio".  Imported late: ``logging`` costs more than all the rest."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    import logging


def logger() -> logging.Logger:
    """The package's logger."""
    import logging

    return logging.getLogger("pcmio")
