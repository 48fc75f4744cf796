"""Cards that come and go under a watch."""

from __future__ import annotations

import json
import subprocess
import sys
from functools import partial

import pytest

import pcmio
from pcmio import DeviceAdded, DeviceRemoved, SampleFormat
from pcmio.testing import until
from pcmio.testing.lifetimes import holdings
from pcmio.testing.signals import Counter, Events
from tests.vm import controls

from . import loopback

CONFIG = pcmio.StreamConfig(2, 48_000, 1024, SampleFormat.I16)
PATIENCE = 20.0
#: In the machine's time: udev has come to its end long before.
QUIET_SECONDS = 1.0
TIMES = 5


def _rest(watching: pcmio.Watch) -> list[pcmio.HostEvent]:
    """What else is told, until nothing is for a while."""
    found: list[pcmio.HostEvent] = []
    try:
        while (event := watching.get(QUIET_SECONDS)) is not None:
            found.append(event)
    except pcmio.OperationTimeout:
        return found
    raise AssertionError("the watch has ended")


def _told(watching: pcmio.Watch) -> list[tuple[type, str]]:
    first = watching.get(PATIENCE)
    assert first is not None
    return [(type(event), str(getattr(event, "id", event))) for event in (first, *_rest(watching))]


def test_a_usb_card_is_told_once_when_it_is_plugged_in_and_once_when_it_is_pulled() -> None:
    """Its nodes come one after the other, and udev gives each to the group: a dozen changes, one event."""
    with pcmio.host("alsa") as host, host.watch() as watching:
        for _ in range(TIMES):
            device_id, unplug = loopback.plug(host)
            assert _told(watching) == [(DeviceAdded, device_id)]
            assert device_id in {str(device.id) for device in host.devices()}
            unplug()
            assert _told(watching) == [(DeviceRemoved, device_id)]


def test_under_a_running_stream_the_stream_and_the_watch_tell_once_each() -> None:
    """And nothing is left of either: descriptors and threads are as many as before."""
    with pcmio.host("alsa") as host, host.watch() as watching:
        held: list[tuple[int, int]] = []
        for _ in range(TIMES):
            device_id, unplug = loopback.plug(host)
            assert _told(watching) == [(DeviceAdded, device_id)]
            stream = host.device_by_id(device_id).build_output_stream(CONFIG, counter := Counter(), events := Events())
            stream.start()
            until(counter.goes_on, "blocks")
            unplug()
            assert _told(watching) == [(DeviceRemoved, device_id)]
            with pytest.raises(pcmio.DeviceLost):
                stream.wait(PATIENCE)
            assert [event.reason for event in events.of(pcmio.StreamEnded)] == [pcmio.EndReason.DEVICE_LOST]
            stream.close()
            held.append(holdings()[:2])
    assert held[-1] == held[1], held


@pytest.mark.parametrize("card", ["Loopback", "Dummy", "Intel"])
def test_a_card_that_its_driver_leaves_and_takes_again_is_told(card: str) -> None:
    """All of its devices, once each."""

    def told(kind: type) -> list[str]:
        events = [(event, id_) for event, id_ in _told(watching) if f"CARD={card}," in id_]
        assert {event for event, _ in events} == {kind}
        return sorted(id_ for _, id_ in events)

    with pcmio.host("alsa") as host, host.watch() as watching:
        listed = sorted(str(device.id) for device in host.devices() if f"CARD={card}," in str(device.id))
        driver, device = controls.unbind(card)
        assert told(DeviceRemoved) == listed
        controls.bind(driver, device)
        assert told(DeviceAdded) == listed


_MEMBER = """
import json, sys
import numpy, pcmio, pcmio.hosts.alsa  # not while the card comes
config = pcmio.StreamConfig(2, 48_000, 1024, pcmio.SampleFormat.I16)
with pcmio.host("alsa") as host, host.watch() as watch:
    print("watching", flush=True)
    told = []
    for event in watch:
        told.append(type(event).__name__)
        if isinstance(event, pcmio.DeviceAdded):
            # At once: whoever is told may open it.
            with host.device_by_id(event.id).build_output_stream(config, lambda frames, info: None):
                print(json.dumps(str(event.id)), flush=True)
        if isinstance(event, pcmio.DeviceRemoved):
            break
    print(json.dumps(told), flush=True)
"""


def test_a_user_of_the_group_is_told_when_udev_has_given_him_the_card() -> None:
    """The kernel makes nodes for root alone."""
    import grp

    audio = grp.getgrnam("audio").gr_gid
    with subprocess.Popen(
        [sys.executable, "-c", _MEMBER],
        user=65_534,
        group=65_534,
        extra_groups=[audio],
        stdout=subprocess.PIPE,
        text=True,
    ) as member:
        assert member.stdout is not None
        try:
            assert member.stdout.readline() == "watching\n"
            device_id, unplug = loopback.plug(pcmio.host("alsa"))
            assert json.loads(member.stdout.readline()) == device_id
            unplug()
            assert json.loads(member.stdout.readline()) == ["DeviceAdded", "DeviceRemoved"]
            assert member.wait(30) == 0
        finally:
            member.kill()


def test_the_last_card_takes_the_default_along_and_the_first_brings_it() -> None:
    """The kernel removes /dev/snd with the last card."""
    cards = sorted(controls.card_names())
    with pcmio.host("alsa") as host, host.watch() as watching:
        old = host.default_output_device()
        assert old is not None
        before = {str(device.id) for device in host.devices()}
        back = [partial(controls.bind, *controls.unbind(card)) for card in cards]
        try:
            events = _rest(watching)
            told = [str(event.id) for event in events if isinstance(event, DeviceRemoved)]
            left = {str(device.id) for device in host.devices()}
            assert sorted(told) == sorted(before - left)
            defaults = [event for event in events if isinstance(event, pcmio.DefaultChanged)]
            assert defaults[-1].new == (now.id if (now := host.default_output_device()) else None)
        finally:
            for give_back in back:
                give_back()
        until(lambda: {str(device.id) for device in host.devices()} == before, "all cards being back")
        events = _rest(watching)
        assert sorted(str(event.id) for event in events if isinstance(event, DeviceAdded)) == sorted(told)
