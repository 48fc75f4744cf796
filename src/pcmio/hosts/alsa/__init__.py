"""ALSA: the kernel's sound cards, and whatever alsa-lib's plugins make look like one.

How it does audio.  A *PCM* is one direction of a device: a ring of frames in memory, which the hardware plays from,
or records into, at its own pace, and which a program keeps filled, or empty, a *period* at a time.  Names say which:
``hw:CARD=PCH,DEV=0`` is hardware, ``default``, ``dmix:...``, ``pulse`` are made by the configuration out of plugins
that mix, convert, or speak to a server.  libasound calls nobody back: a program waits for descriptors, then asks.

What we chose.

* **A thread for each stream**, of the core's (``core/setup/alsa.c``): wait, how much, transfer, commit
  (``core/rt/pump_alsa.c``).  Everything that libasound is asked about an opened PCM is asked there, Python's orders
  are carried out there too: no two threads ever touch a handle, and one that hangs in a plugin holds up nobody.
  Python waits for an answer, but not for ever; a thread that does not come back is left behind with its memory.
* **Devices** are listed from cards and from the configuration's hints, and no PCM is opened for it: one that fails to
  open may leak descriptors and stay busy until the process ends (alsaequal).  A card's PCM device is one entry, by
  the card's id: the "front", "surround51", "iec958", "dmix" of the same hardware are names to ask for, not more
  devices. So are plugins that only convert.  "default" is listed where its definition can be evaluated.
* **A device as it is.**  ``hw:`` converts nothing; sample formats that it lacks, packed 24 bits and foreign byte
  orders among what it may have, are the core's to convert.  Rates are not: a rate that it lacks is refused, and a
  plugin (``plughw:``, ``default``) may be asked instead.
* **Period and buffer** are asked for together, as a period alone has plugins choose buffers of many seconds.  The
  period is the callback's block (at most 20 ms, at least 1 ms), the buffer three of them, and at least 20 ms on
  hardware and 40 ms on plugins: the kernel's loopback loses frames below 15 ms, and plugins' threads are ordinary
  ones.
* **In place** (mmap) where it is the card's own memory; plugins copy in any case.
* **Silence only when it must be.**  What Python has not ready waits as long as the device's queue lasts for another
  period; when Python hands it in, the thread is woken.
* **Draining** is our own: silence follows the last frame until that is out of the queue and its time has come.
  ``snd_pcm_drain`` would tell too, but plugins wait in it as long as their server likes, non-blocking or not, and
  nobody can call them off.
* **Pausing** by the hardware where it can; else the queue is played, and then the device held.
* **Priority**: a thread on the kernel's devices is real-time, on anything else it never is (``may_be_promoted``).

What surprises.

* A wake-up means nothing: timer-driven plugins (dmix) wake for little, a broken server's descriptor is
  ready all the time, an error may come without an event.  So state and ``snd_pcm_avail`` are asked, half a second is
  the longest wait, and who was woken in vain three times sleeps by the clock.
* "null" is always ready and takes anything at once, and so does whatever ends in it ("file").  It is found out by
  that, and paced by the core's clock: else it would turn the processor, and a callback, into a furnace.
* ``snd_pcm_avail`` is signed, and a plugin's may be more than its buffer.  Writes may take less than they promised.
* Timestamps may be 0 (pulse), or of another clock; trigger times may lie before the stream was made.
* ``snd_pcm_pause`` is refused in any state but RUNNING; to start an empty queue is an xrun at once.
* A card that goes is told as ENODEV, as EIO while the state still says RUNNING, or by an xrun just before; afterwards
  every call says ENODEV (kernel 6.1).  A plugin whose server was killed has an xrun each time it is made ready
  (pulse).
* A user outside group audio gets ENOENT or ENODEV, as libasound cannot see the cards: ``PermissionDenied`` here.
* libpulse 16.1 hangs for ever when its server is killed while a recorded fragment is half read
  (``pa_memimport_free`` waits for it with the main loop's lock held): such a stream does not notice, and closing it
  gives up after the host's timeout.
* 24 bits recorded in 32 have whatever they like in the upper byte.
* JACK plays the last buffer of a client that stands still again and again (jackd 1.9.21): such a PCM is held after
  silence only.
* libasound's remarks come through a variadic hook, which only C can be (``pcmio_alsa_error``), and go to the logger
  "pcmio"; so do libjack's, when a PCM is a JACK client.
* A card that comes gets a node for each PCM, then the control's, all of them for root alone; udev then gives them to
  the group, several at a time and in any order.  One that goes loses the control's first.  /dev/snd comes with the
  first card and goes with the last.
* Its configuration is as old as the first question: other cards have it read anew.
"""

from pcmio.hosts.alsa.host import AlsaHost, open_host
from pcmio.hosts.alsa.options import HostOptions, StreamOptions

__all__ = ["AlsaHost", "HostOptions", "StreamOptions", "open_host"]
