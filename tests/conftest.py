"""What all tests share."""

from __future__ import annotations

import gc


def pytest_collection_finish() -> None:
    # Whoever looks for what is left behind collects again and again. What thousands of tests and their libraries are
    # made of stays: looking through it each time took longer than what was looked at.
    gc.collect()
    gc.freeze()


def pytest_sessionfinish() -> None:
    gc.unfreeze()  # hypothesis asks the collector who refers to what
