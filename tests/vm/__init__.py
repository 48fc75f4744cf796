"""A small virtual machine with a kernel's own sound cards, for tests that need them: ``python -m tests.vm -- COMMAND``.

Servers can be started anywhere; sound cards are there or not, and where tests run they mostly are not. So QEMU
emulates a computer, in software (no KVM: CI's computers are virtual themselves), with Debian's kernel and its drivers.

``image.py`` makes, once, what it starts from; ``guest/prepare.py`` is its part inside the new root. ``machine.py``
starts the emulator, for one command; ``guest/boot-init`` and ``guest/init`` are its part inside. ``controls.py`` is for
that command: it plugs cards in and pulls them out.

What made it fast, and its time true:

- The kernel is unpacked beforehand (the PVH entry), and only the modules for sound are there: seconds less each time.
- The image is read-only memory (virtio-pmem), shared by all machines; what is written goes to a tmpfs over it. The
  repository comes as a tar file at the start. So nothing waits for a file later: waiting is what the virtual clock
  skips, up to the next timer, which may be a test's own timeout.
- The virtual clock (``-icount shift=0,sleep=off``) counts a nanosecond for each instruction. The dummy card then wakes
  its user at each period exactly, however busy the computer is.
- Python's compiled files are kept from run to run.
"""
