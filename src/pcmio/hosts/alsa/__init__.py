"""x"""
from pcmio.hosts.alsa.host import AlsaHost, open_host

