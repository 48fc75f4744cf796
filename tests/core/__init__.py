"""The C core: its own programs under sanitizers, what its objects import, and sample conversion through ctypes."""
