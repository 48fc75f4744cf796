"""Cards that are busy, late, or gone."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import threading
from functools import partial
from typing import TYPE_CHECKING

import pytest

import pcmio
from pcmio import SampleFormat
from pcmio.testing import Rig, failures, until
from pcmio.testing.lifetimes import holdings
from pcmio.testing.signals import Counter, Events
from tests.vm import controls

from . import proc

if TYPE_CHECKING:
    from collections.abc import Callable

CARDS = ("Loopback", "Dummy", "Intel")
CONFIG = pcmio.StreamConfig(2, 48_000, 1024, SampleFormat.I16)


def _id(card: str) -> str:
    return f"alsa:hw:CARD={card},DEV=0"


# --- busy -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("direction", ["output", "input"])
def test_a_card_with_one_user_is_busy_for_the_next(direction: str) -> None:
    with pcmio.host("alsa") as host, pcmio.host("alsa") as other:
        build = f"build_{direction}_stream"
        stream = getattr(host.device_by_id(_id("Intel")), build)(CONFIG, Counter())
        for nobody in (host, other):
            with pytest.raises(pcmio.DeviceBusy, match="Intel") as caught:
                getattr(nobody.device_by_id(_id("Intel")), build)(CONFIG, Counter())
            assert (caught.value.call, caught.value.code) == ("snd_pcm_open", -16)
        stream.close()
        with getattr(other.device_by_id(_id("Intel")), build)(CONFIG, counter := Counter()):
            until(lambda: counter.calls > 2, "blocks")


def test_a_card_that_another_program_uses_is_busy_until_it_ends(usb_card: str) -> None:
    command = ["aplay", "-q", "-D", f"hw:{usb_card}", "-f", "S16_LE", "-r", "48000", "-c", "2", "/dev/zero"]
    with pcmio.host("alsa") as host, subprocess.Popen(command) as player:
        until(lambda: proc.state(usb_card) == "RUNNING", "aplay playing")
        device = host.device_by_id(_id(usb_card))
        with pytest.raises(pcmio.DeviceBusy):
            device.build_output_stream(CONFIG, Counter())
        player.kill()
        player.wait()
        with device.build_output_stream(CONFIG, counter := Counter()):
            until(lambda: counter.calls > 2, "blocks")


# --- forbidden --------------------------------------------------------------------------------------------------------

_STRANGER = """
import pcmio
with pcmio.host("alsa") as host:
    for ask in (host.check_available, lambda: host.device_by_id("alsa:hw:0")):
        try:
            ask()
        except pcmio.AudioError as error:
            print(type(error).__name__, error.code, "audio" in str(error.advice))
"""


def test_a_user_outside_the_group_is_told_that_he_may_not() -> None:
    """To libasound there are no cards then."""
    done = subprocess.run(
        [sys.executable, "-c", _STRANGER],
        user=65_534,
        group=65_534,
        extra_groups=[],
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    )
    assert done.stdout.splitlines() == ["PermissionDenied -13 True"] * 2


# --- late -------------------------------------------------------------------------------------------------------------

_CHILD = """
import json, sys
import numpy, pcmio, pcmio.hosts.alsa  # not while a stream runs
from pcmio.testing import until
from pcmio.testing.signals import Counter

direction, device = sys.argv[1:]
config = pcmio.StreamConfig(2, 48_000, 1024, pcmio.SampleFormat.I16)
with pcmio.host("alsa") as host:
    counter = Counter()
    with getattr(host.device_by_id(device), f"build_{direction}_stream")(config, counter) as stream:
        until(lambda: stream.position > 10_000, "frames")
        print(json.dumps([stream.stats.xruns, stream.stats.xrun_frames]), flush=True)
        sys.stdin.readline()
        calls, position = counter.calls, stream.position
        until(lambda: counter.calls > calls + 5 and stream.position > position + 10_000, "going on")
        stats = stream.stats
        told = sum(info.xrun_frames for info in counter.infos)
        print(json.dumps([stats.xruns, stats.xrun_frames, told, str(stream.state)]), flush=True)
"""


@pytest.mark.parametrize("direction", ["output", "input"])
@pytest.mark.parametrize("card", CARDS)
def test_a_program_that_stood_still_has_an_xrun_and_goes_on(card: str, direction: str) -> None:
    """A stopped process cannot serve its card: the kernel says XRUN, and the stream recovers from that."""
    pcm = "pcm0p" if direction == "output" else "pcm0c"
    with subprocess.Popen(
        [sys.executable, "-c", _CHILD, direction, _id(card)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as child:
        assert child.stdin is not None
        assert child.stdout is not None
        try:
            xruns, lost = json.loads(child.stdout.readline())
            child.send_signal(signal.SIGSTOP)
            until(lambda: proc.state(card, pcm) == "XRUN", "the kernel seeing it")
            child.send_signal(signal.SIGCONT)
            child.stdin.write("go on\n")
            child.stdin.flush()
            xruns_after, lost_after, told, state = json.loads(child.stdout.readline())
            assert child.wait(30) == 0
        finally:
            child.kill()
    assert xruns_after > xruns
    assert lost_after > lost
    assert state == "running"
    assert told > 0, "not told in band"


# --- gone -------------------------------------------------------------------------------------------------------------


def _lost_by_driver(card: str) -> Callable[[pcmio.Host], Callable[[], None]]:
    return lambda _host: partial(controls.bind, *controls.unbind(card))


def _unplugged(_host: pcmio.Host) -> Callable[[], None]:
    controls.pull_out()

    def plug_in() -> None:
        controls.plug_in()

    return plug_in


def _rig(card: str, lose: Callable[[pcmio.Host], Callable[[], None]]) -> Rig:
    return Rig(open_host=partial(pcmio.host, "alsa"), output=_id(card), block_frames=1024, lose_device=lose)


@pytest.mark.parametrize("card", CARDS)
def test_a_card_taken_from_its_driver_ends_its_stream_once(card: str) -> None:
    """Built, running and paused: DeviceLost, once; afterwards the same host plays on it again."""
    assert failures.a_lost_device_ends_its_stream_once(_rig(card, _lost_by_driver(card))) is None


def test_a_usb_card_that_is_pulled_ends_its_stream_once(usb_card: str) -> None:
    assert failures.a_lost_device_ends_its_stream_once(_rig(usb_card, _unplugged)) is None


@pytest.mark.parametrize("card", CARDS)
def test_an_input_that_goes_ends_its_stream_once(card: str) -> None:
    with pcmio.host("alsa") as host:
        stream = host.device_by_id(_id(card)).build_input_stream(CONFIG, counter := Counter(), events := Events())
        stream.start()
        until(lambda: counter.calls > 2, "blocks")
        driver, device = controls.unbind(card)
        try:
            until(lambda: bool(events.of(pcmio.StreamEnded)), "the end being told")
            with pytest.raises(pcmio.DeviceLost, match=card):
                stream.wait(5)
            stream.close()
        finally:
            controls.bind(driver, device)
        until(lambda: card in controls.card_names(), "the card being back")
        assert [event.reason for event in events.of(pcmio.StreamEnded)] == [pcmio.EndReason.DEVICE_LOST]


def test_cards_that_go_leave_nothing_behind(usb_card: str) -> None:
    """Descriptors and threads are as many as before, however often the card is pulled under a running stream."""
    with pcmio.host("alsa") as host:
        held: list[tuple[int, int]] = []
        for _ in range(8):
            events = Events()
            stream = host.device_by_id(_id(usb_card)).build_output_stream(CONFIG, counter := Counter(), events)
            stream.start()
            until(counter.goes_on, "blocks")
            controls.pull_out()
            until(partial(events.of, pcmio.StreamEnded), "the end being told")
            with pytest.raises(pcmio.DeviceLost):
                stream.wait(5)
            del stream
            assert controls.plug_in() == usb_card
            until(lambda: threading.active_count() == 1, "the stream's thread being gone")
            held.append(holdings()[:2])
    assert held[-1] == held[1], held
