"""JACK."""

from pcmio.hosts.jack.host import JackHost, JackPort, open_host

__all__ = ["JackHost", "JackPort", "open_host"]
