"""Pictures in files, by matplotlib (the extra ``plot``): PNG, SVG, PDF, by the file's ending."""

from __future__ import annotations

import logging
import warnings
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from pcmio.cli.exits import FileProblem
from pcmio.cli.spectra import SPECTRUM_FLOOR_DB, spectrum_db

if TYPE_CHECKING:
    from typing import Any

_INCHES = (9.0, 5.0)
#: Kinds of pictures that it needs other programs for, which it misses when all is measured.
_BY_OTHERS = {"pgf"}


class Plot:
    """A file to draw into, checked before anything is measured.

    Raises:
        ModuleNotFoundError: matplotlib is not installed.
        FileProblem: The file cannot be written, or its ending names no picture.
    """

    def __init__(self, path: str) -> None:
        # It writes about directories that it cannot have; what is drawn does not need them.
        logging.getLogger("matplotlib").addHandler(logging.NullHandler())
        # Not pyplot: it looks for a screen.
        self._figure: Any = import_module("matplotlib.figure").Figure(figsize=_INCHES, layout="constrained")
        kinds: dict[str, str] = import_module("matplotlib.backend_bases").FigureCanvasBase.get_supported_filetypes()
        if Path(path).suffix.lower().lstrip(".") not in kinds.keys() - _BY_OTHERS:
            raise FileProblem(f"{path}: its ending names no picture", "use .png, .svg or .pdf")
        try:
            existed = Path(path).exists()
            Path(path).open("ab").close()
            if not existed:
                Path(path).unlink()
        except OSError as error:
            raise FileProblem.of(path, error) from None
        self._path = path

    def latencies(self, milliseconds: Any, title: str) -> None:
        """Draw how often each latency was, and in which order they came."""
        over_time, often = self._figure.subplots(1, 2, width_ratios=(2, 1), sharey=True)
        over_time.plot(np.arange(1, len(milliseconds) + 1), milliseconds, "o-", markersize=3, linewidth=0.8)
        over_time.set(xlabel="measurement", ylabel="round trip, ms")
        over_time.set_title(title, parse_math=False)  # a device's name is no formula
        over_time.axhline(float(np.median(milliseconds)), color="grey", linewidth=0.8)
        often.hist(milliseconds, bins=min(40, max(5, len(milliseconds) // 2)), orientation="horizontal")
        often.set(xlabel="how often")
        self._save()

    def scope(self, sound: Any, rate: int, title: str) -> None:
        """Draw each channel's samples, of shape (frames, channels), and the spectrum of all."""
        waves, spectrum = self._figure.subplots(2, 1)
        at = np.arange(len(sound)) / rate * 1000
        waves.plot(at, sound, linewidth=0.7)
        waves.set(xlabel="ms", ylabel="amplitude", ylim=(-1.05, 1.05))
        waves.set_title(title, parse_math=False)  # a device's name is no formula
        frequencies, decibels = spectrum_db(sound, rate)
        spectrum.semilogx(frequencies[1:], decibels[1:], linewidth=0.7)
        spectrum.set(xlabel="Hz", ylabel="dB", ylim=(SPECTRUM_FLOOR_DB, 3), xlim=(20, rate / 2))
        for axes in (waves, spectrum):
            axes.grid(visible=True, alpha=0.3)
        self._save()

    def _save(self) -> None:
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore", UserWarning)  # of signs in a name that its font has not
                self._figure.savefig(self._path)
        except OSError as error:
            raise FileProblem.of(self._path, error) from None
