"""Hosts and their devices."""

from __future__ import annotations

from pcmio.descriptions import DeviceDescription, DeviceId
from pcmio.errors import DeviceNotAvailable, InvalidInput
from pcmio.testing.signals import Counter

TYPE_CHECKING = False
if TYPE_CHECKING:
    from pcmio.testing.rig import Check, Rig


def a_host_names_itself_and_answers(rig: Rig) -> None:
    """Id in lower case, a name for people, ``check_available`` returns."""
    with rig.open_host() as host:
        assert host.id
        assert host.id == host.id.lower()
        assert ":" not in host.id
        assert host.name
        assert host.name in repr(host)
        host.check_available()


def devices_have_ids_that_stay(rig: Rig) -> None:
    """The same ids at a second enumeration and from a second host; unique; back and forth through text."""
    with rig.open_host() as host, rig.open_host() as other:
        ids = [device.id for device in host.devices()]
        assert ids, "no device at all"
        assert ids == [device.id for device in host.devices()]
        assert sorted(map(str, ids)) == sorted(str(device.id) for device in other.devices())
        assert len(set(ids)) == len(ids)
        for device_id in ids:
            assert device_id.host == host.id
            assert DeviceId.parse(str(device_id)) == device_id


def device_objects_are_values(rig: Rig) -> None:
    """Fresh objects of the same device are equal, hash alike, and read well."""
    with rig.open_host() as host:
        for one, other in zip(host.devices(), host.devices(), strict=True):
            assert one is not other
            assert one == other
            assert hash(one) == hash(other)
            assert one != object()
            assert str(one) == one.name != ""
            assert str(one.id) in repr(one)


def descriptions_say_what_a_device_can(rig: Rig) -> None:
    """Direction, name and flags agree."""
    with rig.open_host() as host:
        for device in host.devices():
            description = device.description
            assert isinstance(description, DeviceDescription)
            assert description.name == device.name
            assert device.supports_input == description.direction.has_input
            assert device.supports_output == description.direction.has_output
            assert device.supports_input or device.supports_output
            assert description.name in str(description)


def lists_by_direction_are_parts_of_the_whole(rig: Rig) -> None:
    """``input_devices`` and ``output_devices`` filter ``devices``."""
    with rig.open_host() as host:
        devices = host.devices()
        assert list(host.output_devices()) == [device for device in devices if device.supports_output]
        assert list(host.input_devices()) == [device for device in devices if device.supports_input]


def defaults_are_among_the_devices(rig: Rig) -> None:
    """A default device is listed and has its direction; a host with such devices has a default."""
    with rig.open_host() as host:
        speaker, microphone = host.default_output_device(), host.default_input_device()
        assert (speaker is None) == (not host.output_devices())
        assert speaker is None or (speaker in host.devices() and speaker.supports_output)
        assert microphone is None or (microphone in host.devices() and microphone.supports_input)


def a_device_is_found_by_its_id(rig: Rig) -> None:
    """As a value or as text."""
    with rig.open_host() as host:
        for device in host.devices():
            assert host.device_by_id(device.id) == device
            assert host.device_by_id(str(device.id)) == device


def wrong_ids_are_refused(rig: Rig) -> None:
    """Malformed, of another host, of nothing."""
    with rig.open_host() as host:
        for wrong in ("", "nocolon", f"{host.id}:", "elsewhere:speaker"):
            try:
                host.device_by_id(wrong)
            except InvalidInput as error:
                assert wrong in str(error)
            else:
                raise AssertionError(f"{wrong!r} was taken for an id")
        try:
            host.device_by_id(f"{host.id}:no-such-device")
        except DeviceNotAvailable as error:
            assert "no-such-device" in str(error)
        else:
            raise AssertionError("a device that is not there was found")


def a_running_stream_changes_no_list(rig: Rig) -> str | None:
    """The same devices before, during and after."""
    if rig.output is None:
        return "not applicable: no output"
    with rig.open_host() as host:
        before = list(host.devices())
        with rig.output_device(host).build_output_stream(rig.config(), Counter()):
            assert list(host.devices()) == before
        assert list(host.devices()) == before
    return None


def hosts_live_side_by_side(rig: Rig) -> None:
    """Four hosts, closed in another order than they were opened; closing twice is harmless."""
    hosts = [rig.open_host() for _ in range(4)]
    for host in hosts:
        assert host.devices()
    for index in (2, 0, 3, 1):
        hosts[index].close()
        hosts[index].close()


CHECKS: tuple[Check, ...] = (
    a_host_names_itself_and_answers,
    devices_have_ids_that_stay,
    device_objects_are_values,
    descriptions_say_what_a_device_can,
    lists_by_direction_are_parts_of_the_whole,
    defaults_are_among_the_devices,
    a_device_is_found_by_its_id,
    wrong_ids_are_refused,
    a_running_stream_changes_no_list,
    hosts_live_side_by_side,
)
