"""Device ids and descriptions."""

from __future__ import annotations

import copy
import pickle
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pcmio import Channel, DeviceDescription, DeviceId, DeviceType, Direction, InterfaceType
from pcmio.errors import InvalidInput

# --- DeviceId ---------------------------------------------------------------------------------------------------------


def test_a_device_id_reads_host_colon_id() -> None:
    device_id = DeviceId("alsa", "hw:CARD=PCH,DEV=0")
    assert str(device_id) == "alsa:hw:CARD=PCH,DEV=0"
    assert DeviceId.parse("alsa:hw:CARD=PCH,DEV=0") == device_id
    assert repr(device_id) == "DeviceId(host='alsa', id='hw:CARD=PCH,DEV=0')"


def test_a_hosts_name_is_in_lower_case_and_an_id_as_it_is() -> None:
    assert DeviceId.parse("PulseAudio:Sink") == DeviceId("pulseaudio", "Sink") != DeviceId("pulseaudio", "sink")


@pytest.mark.parametrize(
    "wrong", ["", ":", "alsa", "alsa:", ":hw", None, 5, b"alsa:hw", ["alsa:hw"], DeviceId("a", "b")]
)
def test_what_is_no_id_is_refused_with_an_example(wrong: Any) -> None:
    with pytest.raises(InvalidInput, match="is no device id; it reads host:id, for example"):
        DeviceId.parse(wrong)


@pytest.mark.parametrize("wrong", ["", None, 5, b"x"])
def test_both_parts_of_an_id_are_text(wrong: Any) -> None:
    with pytest.raises(InvalidInput, match="a device id needs text as its host"):
        DeviceId(wrong, "hw")
    with pytest.raises(InvalidInput, match="a device id needs text as its id"):
        DeviceId("alsa", wrong)


def test_a_hosts_name_holds_no_colon() -> None:
    with pytest.raises(InvalidInput, match="a host's name holds no colon: 'a:b'"):
        DeviceId("a:b", "hw")


@given(st.text(min_size=1).filter(lambda text: ":" not in text and text.lower() != ""), st.text(min_size=1))
def test_every_id_goes_to_text_and_back(host: str, name: str) -> None:
    device_id = DeviceId(host, name)
    assert DeviceId.parse(str(device_id)) == device_id
    assert pickle.loads(pickle.dumps(device_id)) == device_id
    assert hash(copy.deepcopy(device_id)) == hash(device_id)


# --- enumerations -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("direction", Direction, ids=str)
def test_directions_say_what_they_have(direction: Direction) -> None:
    has = (direction.has_input, direction.has_output)
    assert (
        has
        == {"input": (True, False), "output": (False, True), "duplex": (True, True), "unknown": (False, False)}[
            str(direction)
        ]
    )
    assert Direction.of(has_input=has[0], has_output=has[1]) is direction


@pytest.mark.parametrize("kind", [Direction, DeviceType, InterfaceType])
def test_members_are_their_text_and_survive_copying(kind: type[Direction | DeviceType | InterfaceType]) -> None:
    for member in kind:
        assert kind(str(member)) is member
        assert pickle.loads(pickle.dumps(member)) is member
        assert copy.deepcopy(member) is member
    with pytest.raises(ValueError, match=r"'nonsense' is not a valid (Direction|DeviceType|InterfaceType)"):
        kind("nonsense")


def test_every_kind_that_cpal_tells_apart_is_there() -> None:
    types = "speaker microphone headphones headset earpiece handset hearing_aid dock tuner virtual unknown"
    interfaces = (
        "built_in usb bluetooth pci firewire thunderbolt hdmi line spdif network virtual display_port aggregate unknown"
    )
    assert {name.upper() for name in types.split()} <= set(DeviceType.__members__)
    assert {name.upper() for name in interfaces.split()} <= set(InterfaceType.__members__)


# --- DeviceDescription ------------------------------------------------------------------------------------------------


def test_a_description_needs_a_name_only() -> None:
    description = DeviceDescription("Speakers")
    assert str(description) == "Speakers"
    assert (description.supports_input, description.supports_output) == (False, False)
    assert description.device_type is DeviceType.UNKNOWN
    assert description.extended == ()


def test_a_description_reads_like_a_sentence_of_what_is_known() -> None:
    description = DeviceDescription(
        "Scarlett 2i2", Direction.DUPLEX, DeviceType.HEADSET, InterfaceType.USB, manufacturer="Focusrite"
    )
    assert str(description) == "Scarlett 2i2 (Focusrite) [headset] via usb"
    assert (description.supports_input, description.supports_output) == (True, True)
    assert str(description.replace(manufacturer=None)) == "Scarlett 2i2 [headset] via usb"


def test_a_descriptions_lines_may_be_any_list_and_become_a_tuple() -> None:
    lines: Any = ["one", "two"]
    description = DeviceDescription("x", extended=lines)
    assert description.extended == ("one", "two")
    assert hash(description) == hash(DeviceDescription("x", extended=("one", "two")))
    generated: Any = (line for line in lines)
    assert DeviceDescription("x", extended=generated) == description


@pytest.mark.parametrize(
    ("field", "wrong", "message"),
    [
        ("name", None, "a device's name must be text, not None"),
        ("name", b"x", "a device's name must be text, not b'x'"),
        ("direction", "input", "direction must be a member of Direction, not 'input'"),
        ("device_type", InterfaceType.USB, "device_type must be a member of DeviceType, not <InterfaceType"),
        ("interface_type", None, "interface_type must be a member of InterfaceType, not None"),
        ("manufacturer", 5, "manufacturer must be text or None, not 5"),
        ("driver", b"x", "driver must be text or None"),
        ("address", ["x"], "address must be text or None"),
        ("extended", "text", "extended must be lines of text, not 'text'"),
        ("extended", None, "extended must be lines of text, not None"),
        ("extended", ("x", 5), "extended must be lines of text"),
        ("extended", b"x", "extended must be lines of text"),
    ],
)
def test_a_host_cannot_describe_a_device_by_nonsense(field: str, wrong: object, message: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        DeviceDescription("x").replace(**{field: wrong})
    assert str(caught.value).startswith(message)


def test_descriptions_survive_what_happens_to_values() -> None:
    description = DeviceDescription("x", Direction.INPUT, driver="snd_usb_audio", extended=("a", "b"))
    assert pickle.loads(pickle.dumps(description)) == copy.deepcopy(description) == description
    match description:
        case DeviceDescription(name, Direction.INPUT, driver=driver):
            assert (name, driver) == ("x", "snd_usb_audio")
        case _:
            pytest.fail("no match")


# --- Channel ----------------------------------------------------------------------------------------------------------


def test_a_channel_has_a_name_and_perhaps_a_place() -> None:
    assert Channel("front-left", "FL") == Channel("front-left", "FL") != Channel("front-left")
    assert [str(one) for one in (Channel("front-left", "FL"), Channel.at("FL"), Channel("capture_1"))] == [
        *("front-left (FL)", "FL", "capture_1")
    ]
    assert (Channel.at("LFE").position, Channel.at("AUX3").position) == ("LFE", None)


@pytest.mark.parametrize("wrong", [("",), (None,), (5,), ("x", "AUX0"), ("x", "fl"), ("x", 3), ("x", "")])
def test_what_is_no_channel_is_refused(wrong: Any) -> None:
    with pytest.raises(InvalidInput, match="channel"):
        Channel(*wrong)
