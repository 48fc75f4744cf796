"""JACK: a graph of ports that a server runs through once per period.

How it does audio.  A server owns the sound card and the clock.  Programs are its *clients*; a client has *ports*,
each with one channel of 32-bit floats, and a process callback that the server has called once in each *period* on a
real-time thread of libjack's.  Ports of any clients are connected with each other at will, by the programs or by the
user.  Rate and period are the server's and the same for all.  The server is jackd2, jackd1, or PipeWire behind a
libjack of its own.

What we chose.

* A host is one client, opened at the first question and active from its first stream on; its streams share the
  process callback (``core/rt/pump_jack.c``).  A client for each stream would cost the server a thread switch per
  stream and cycle.
* A device is a client that has physical ports, found by their flags: "system" on jackd, one for each sound card on
  PipeWire.  A device more, "graph", is there for streams that the user connects himself.  Opened on a device, a
  stream is connected to its ports channel by channel, if it is not told otherwise (``connect=``).
* The user's block is not the period: the ring between them lets it be of any size, and stay when the period changes.
* A stream that is paused or stopped keeps its ports, and plays silence: nobody has to connect them again.  While the
  server freewheels (renders faster than time) streams stand still: ``Suspended``, ``Resumed``.
* A missing server is told at once, and is not started unless ``start_server=True``.

What surprises.

* libjack prints; here its remarks go to the logger "pcmio".
* When the server goes, nothing of libjack but ``jack_client_close`` may be called.  The streams end with
  ``HostDisconnected``; the host opens a new client when it is asked again and the server is back.
* A port keeps its last buffer until somebody writes another one or the server forgets the port: a closing stream
  waits for one cycle of silence.
* A client that is too slow misses whole cycles; the server's frame counter tells how many.  The xrun callback comes
  for those cycles too, and for xruns of the device, of which nobody knows how many frames they cost: these count with
  0 frames.  Whether what it hands over in the end comes too late, it sees by the cycle's end (jack_get_cycle_times),
  and by the report whether the server has waited.
* jackd2 1.9.21 reports xruns and period changes from a thread of its own, jackd1 0.126 and PipeWire from the
  real-time thread.  jackd1 calls ``jackd -l`` when a client is opened, and dies of the first port that goes if its
  name is not "default".  PipeWire 0.3.65 calls ``jack_on_shutdown``'s callback and not that of
  ``jack_on_info_shutdown``.
* libjack has one server and one graph for the whole process.  When that server has died, the next ``jack_client_open``
  deletes every client that is left (jackd2 1.9.21), and its owner's ``jack_client_close`` then crashes: before a client
  is opened, all clients of a dead server are closed (``library``).
* A watch has a client of its own: libjack tells of ports and clients that come and go to active clients only.  The name
  of a client that goes is told, that of a port is not any more: so a device has gone when its client has.
* Timestamps are of ``jack_get_time``: microseconds, on Linux of CLOCK_MONOTONIC_RAW, which ``time.monotonic`` runs
  apart from.
* libjack waits without end for a server that hangs, and takes one answer for another when a signal comes while it waits
  (jackd2 1.9.21).  What asks the server is therefore on threads that take no signals, and may be left behind in it
  (``_Opening``, ``core/setup/jack_ask.c``); such a client is given up, and never freed.
* libjack walks over a client's ports whenever the graph was put in order, and guards the list against nothing (jackd2
  1.9.21, jackd1 0.126).  A port that is unregistered at that moment crashes the program, once in a thousand streams or
  so; a closing stream therefore waits until the graph is in order after the change before, a period or two.
* jackd2 1.9.21 makes the socket of a client by its name alone: programs of one name that open clients on different
  servers at the same moment get in each other's way.  Opening is tried again.
* libjack maps and locks the server's memory: 100 MB more of resident memory while a host is open are its, not ours.
"""

from pcmio.hosts.jack.host import JackHost, JackPort, open_host

__all__ = ["JackHost", "JackPort", "open_host"]
