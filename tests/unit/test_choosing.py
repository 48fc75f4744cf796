"""Configs that choose channels, and what they are to a device."""

from __future__ import annotations

import pickle
from typing import Any

import numpy as np
import pytest

from pcmio import Direction, InvalidInput, StreamConfig, UnsupportedConfig
from pcmio._choosing import check_choice, choose, opened_with
from pcmio._driver import Side
from pcmio.formats import SampleFormat
from tests.unit.stream_rig import HandDriver, build

CHOICE = StreamConfig([2, 3], 48_000)


def test_a_config_names_the_channels_of_the_device_in_place_of_a_number() -> None:
    assert (CHOICE.channels, CHOICE.device_channels, CHOICE.frame_bytes) == (2, (2, 3), 8)
    assert str(CHOICE) == "2 ch (2, 3 of the device), 48000 Hz, f32, default"
    assert repr(CHOICE).startswith("StreamConfig(channels=[2, 3], sample_rate=48000, ")
    assert StreamConfig(2, 48_000) != CHOICE
    assert pickle.loads(pickle.dumps(CHOICE)) == CHOICE == CHOICE.replace() == eval(repr(CHOICE), _names())


def _names() -> dict[str, Any]:
    import pcmio

    return dict(vars(pcmio))


@pytest.mark.parametrize("given", [(5, 0), range(4), np.array([1, 0]), [np.int64(1)]])
def test_any_list_of_whole_numbers_is_a_choice(given: Any) -> None:
    config = StreamConfig(given, 48_000)
    assert config.device_channels == tuple(int(one) for one in given)
    assert all(type(one) is int for one in config.device_channels)


@pytest.mark.parametrize("wrong", [[], [-1], [1.0], ["1"], [True], [1024], [None], np.array([[1, 2]])])
def test_a_list_of_anything_else_is_none(wrong: Any) -> None:
    with pytest.raises(InvalidInput, match="channel"):
        StreamConfig(wrong, 48_000)


def test_a_choice_is_changed_as_a_whole() -> None:
    assert CHOICE.replace(channels=[0]).device_channels == (0,)
    assert CHOICE.replace(channels=6, device_channels=()) == StreamConfig(6, 48_000)
    with pytest.raises(InvalidInput, match=r"3 channels are not the 2 that were chosen, \[2, 3\]"):
        CHOICE.replace(channels=3)


def test_an_output_plays_a_channel_once_and_an_input_may_hear_it_twice() -> None:
    twice = StreamConfig([1, 0, 1], 48_000)
    with pytest.raises(InvalidInput, match=r"channel 1 of an output is chosen more than once, in \[1, 0, 1\]"):
        check_choice(Direction.OUTPUT, twice)
    check_choice(Direction.INPUT, twice)
    check_choice(Direction.OUTPUT, CHOICE)


def test_the_first_count_that_holds_the_choice_is_asked_for() -> None:
    assert opened_with("Card", CHOICE, [2, 3, 4, 6]) == StreamConfig(4, 48_000)
    assert opened_with("Card", CHOICE, [6, 4]) == StreamConfig(6, 48_000)
    with pytest.raises(UnsupportedConfig, match=r"^Card has no channel 3: its 2 channels are 0 to 1"):
        opened_with("Card", CHOICE, [1, 2])
    with pytest.raises(UnsupportedConfig, match="has no channel 3: it has one, 0"):
        opened_with("Card", CHOICE, [1])


def test_a_stream_plays_into_the_chosen_channels() -> None:
    driver = HandDriver(channels=4)
    choose(driver, (3, 1))
    driver.device_channels = (3, 1)
    assert driver.plan.output == Side(4, SampleFormat.I16, chosen=(3, 1))

    def data(block: Any, _info: Any) -> None:
        block[:] = (30, 10)

    with build(driver, data, raw=False) as stream:
        played = np.frombuffer(driver.cycle(), np.int16).reshape(-1, 4)
        assert stream.config.device_channels == (3, 1)
        assert (played == [0, 10, 0, 30]).all()


def test_a_choice_of_all_in_order_costs_nothing() -> None:
    driver = HandDriver(channels=2)
    choose(driver, (0, 1))
    assert driver.plan.output == Side(2, SampleFormat.I16)
