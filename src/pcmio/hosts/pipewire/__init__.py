"""PipeWire: a graph of nodes that one server runs through once per cycle.

How it does audio.  A *node* has ports, a *link* joins two of them; in each cycle the driver (usually a sound card)
starts the nodes in the order of their links, each in its own process, on a real-time thread of libpipewire's.  A
cycle has *quantum* frames; every stream says how few it would like, and the smallest wish within the server's limits
wins.  A *session manager* (WirePlumber) decides which node is linked with which; without it no stream ever runs.

What surprises, and what we chose:

* **Two connections.**  A question is a short connection on a loop that the asking Python thread iterates
  (``control``). Streams share another one whose loop has a thread of its own, on which only the core's C callbacks
  run (``audio``, core/setup/pipewire.c), and whose data thread calls the core's process callback
  (core/rt/pump_pipewire.c).  Both are made when they are first needed, and made anew by the same host object when the
  server has come back.
* **The socket comes first.**  We connect to it ourselves and hand libpipewire the descriptor: so a machine without a
  server costs nothing, errors tell the path, and the option ``remote=`` comes before PIPEWIRE_REMOTE, which
  libpipewire would prefer.
* **Nothing is queued.**  A buffer that the process callback hands over is played in the same cycle: the ring in front
  of it is all the buffer there is.  Pausing therefore keeps what is in the ring, and loses nothing.
* **Streams are floats,** as the graph is; the core converts (see ``formats``).
* **Devices are nodes by name.**  A sink is two of them: ``name`` plays, ``name.monitor`` records what it plays.
* **Defaults are devices too.**  ``@DEFAULT_SINK@``, ``@DEFAULT_SOURCE@`` and the former's monitor are listed always, in
  the words that session managers and PulseAudio have for them, and are looked up at each question.
* **Explicit devices stay.**  A stream on a device that was chosen is never linked with another (DONT_RECONNECT) and
  ends with it: the registry tells of its removal, also while the stream is stopped.  A stream on what
  ``default_*_device()`` gave, or on what stands for a default, goes where the default goes, and tells ``Rerouted``.
  The option ``follow`` says otherwise.
* **Watching** is a connection that stays, for each watch: when the registry, a device's properties or the metadata
  "default" change, all is asked anew.  ``object.serial`` tells a device that was plugged in again.
* **The graph** is seen and changed in questions too (``graph``): all that is known of ports and links is in the
  registry.  Its methods are those of JACK's host.  A link that we make is left to the server (``object.linger``).
* **Draining** is ``pw_stream_flush``: PipeWire says when the resampler is empty, and the last frame's time tells when
  it is heard.  While it drains it asks for no more frames.
* **Volume** is the stream's node's: its properties "channelVolumes" and "mute", which mixers show, times "volume",
  which they leave alone.  The node lives in this process, so what we set holds at once.  A session manager that
  remembers one sets it some milliseconds after the node is there, before it links it; what the owner has said by then
  holds.
* **Lost cycles** are told by the driver's clock: its position jumps over cycles that this process was too late for.
  The cycle in which it came too late it was called for all the same: whether that had ended, its clock's
  ``next_nsec`` says.
* **Real-time priority.**  Before 1.4 the data thread has it only with the configuration client-rt.conf, which we ask
  for.
* **Methods of proxies** are called through their tables, as old libraries do not export them, and parameters are
  written and read by ``pods``: both exist only as inline functions of PipeWire's headers.
* **Memory comes back late.**  The server unmaps what a stream had when it hears of its end: closing one waits for
  that.
"""

from pcmio.hosts.pipewire.graph import PipeWireLink, PipeWirePort
from pcmio.hosts.pipewire.host import PipeWireHost, open_host
from pcmio.hosts.pipewire.options import HostOptions, StreamOptions

__all__ = ["HostOptions", "PipeWireHost", "PipeWireLink", "PipeWirePort", "StreamOptions", "open_host"]
