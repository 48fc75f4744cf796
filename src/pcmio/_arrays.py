"""numpy, for what cannot do without: it is an optional companion, and told of where it is missed."""

from __future__ import annotations

from importlib import import_module

from pcmio.errors import UnsupportedOperation

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any


def numpy_for(what: str, otherwise: str = "") -> Any:
    """The module.

    Args:
        what: That needs it, as the beginning of a sentence.
        otherwise: What else can be done, as its end.

    Raises:
        UnsupportedOperation: It is not installed.
    """
    try:
        return import_module("numpy")
    except ImportError as error:
        raise UnsupportedOperation(
            f"{what}, and numpy is not installed", advice=f"pip install numpy{otherwise}"
        ) from error
