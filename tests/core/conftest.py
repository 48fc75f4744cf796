"""The core, compiled once by every compiler and opened with ctypes."""

from __future__ import annotations

import ctypes

import pytest

from tests.core.building import compilers, shared_library


@pytest.fixture(scope="session", params=compilers())
def core(request: pytest.FixtureRequest) -> ctypes.CDLL:
    """Every compiler makes its own vectors of the conversion's loops."""
    library = ctypes.CDLL(str(shared_library(request.param)))
    address, steps = ctypes.c_void_p, ctypes.c_ssize_t
    library.pcmio_format_bytes.argtypes = [ctypes.c_uint32]
    library.pcmio_format_bytes.restype = ctypes.c_uint32
    library.pcmio_can_convert.argtypes = [ctypes.c_uint32, ctypes.c_uint32]
    library.pcmio_can_convert.restype = ctypes.c_bool
    library.pcmio_convert.argtypes = [
        address, ctypes.c_uint32, steps, address, ctypes.c_uint32, steps, ctypes.c_size_t,
    ]  # fmt: skip
    library.pcmio_convert.restype = None
    library.pcmio_silence.argtypes = [address, ctypes.c_uint32, steps, ctypes.c_size_t]
    library.pcmio_silence.restype = None
    return library
