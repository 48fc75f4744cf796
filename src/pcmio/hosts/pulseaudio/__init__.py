"""PulseAudio, and PipeWire where it speaks PulseAudio's protocol (pipewire-pulse).

How it does audio.  A server mixes the streams of all programs; a *sink* plays, a *source* records, and every sink has a
*monitor*, a source that records what the sink plays.  A playback stream has a queue in the server: the sink takes from
it, and whenever enough room is there, the server asks the program for so many bytes.  libpulse speaks the protocol; all
that happens, happens on the thread that runs its main loop.

What surprises, and what we chose:

* **Two connections.**  Questions are asked over one whose loop a Python thread iterates while it waits (``control``);
  streams share another whose loop has a thread of its own, on which only the core's C callbacks run (``audio``).  So no
  stream waits for the GIL, and no question waits for a stream.  Both are made when they are first needed, and made anew
  by the same host object when the server has come back.
* **Two seconds.**  Buffer attributes left alone mean a queue of two seconds (DEFAULT_TLENGTH_MSEC).  We always ask,
  with ADJUST_LATENCY, for three periods and requests of 15/16 of one: the server then has the sink work in steps of
  half a period and keeps two in the queue (protocol-native.c, fix_playback_buffer_attr: sink latency = (tlength - 2 *
  minreq) / 2).  A period is the callback's block, or as many small blocks as make a millisecond.  Requests of half a
  period wake this program half as often again, at the same latency.  A whole period would not do: one that is no whole
  number of microseconds comes back one frame short, and every second request would wait for the next.
* **The first two seconds of a null sink.**  One that nobody used renders up to two seconds ahead (BLOCK_USEC), and a
  stream that comes then is asked for its first samples at once and for the next when that time has passed.  Real sinks
  rewind.
* **prebuf is one frame.**  The default would wait for a full queue after each underrun.  With 0 the server plays on in
  silence, throws away as much of what comes late, and never says that a stream is drained (16.1: a queue without prebuf
  is never taken for empty).  With one frame it plays as soon as it has anything, loses nothing, and drains.
* **Silence only when it must be.**  When Python has not filled the ring in time, the server's queue still lasts for a
  moment: only what would make it run dry is made up with silence.  What Python hands in late is written at once, not at
  the next request, which a server may send only when the sink's next, long step is due.
* **Underruns of the server** (its own, or because our audio thread came late) are counted as the time between the end
  of what was queued and the beginning of what came next.
* **Time.**  libpulse estimates the latency between its regular questions to the server (INTERPOLATE_TIMING,
  AUTO_TIMING_UPDATE); until the first answer the queue's length stands in. Its time may step back (NOT_MONOTONIC):
  otherwise it would stand still after a gap it had not foreseen, and the latency be wrong for as long; the core sees to
  it that the times of blocks never do.  A monitor's latency is negative: it hears frames before the sink plays them.
* **Pausing** corks the stream: the server keeps its queue.  Recorded frames are flushed, since they would come too
  late.
* **Moving.**  A stream on a device that was chosen is pinned to it (DONT_MOVE) and ends with it.  A stream on what
  ``default_*_device()`` gave goes where the server wants this program's sound, and moves with the default; it tells
  ``Rerouted``.  The option ``follow`` says otherwise.
* **Defaults are devices too,** by the names that the server itself has for them, @DEFAULT_SINK@ and @DEFAULT_SOURCE@.
* **Watching** is a third connection, for each watch: it subscribes, and asks for all devices whenever anything has
  changed, as an event says no more than a number.  The number tells a device that was plugged in again.
* **Channels** are in the order of WAVE files for 1 to 8 channels, whatever the device's order is: the server puts each
  where it belongs.  On a device with as many channels in unusual places they go straight through.  More than 8 belong
  nowhere ("aux").
* **24 bits** recorded in 32 have no sign in their upper byte (see ``formats``).
* **Nobody is started.**  A server that does not run is not spawned (NOAUTOSPAWN): it would outlive the program that
  only asked.
"""

from pcmio.hosts.pulseaudio.host import PulseHost, open_host
from pcmio.hosts.pulseaudio.options import HostOptions, StreamOptions

__all__ = ["HostOptions", "PulseHost", "StreamOptions", "open_host"]
