"""The parts of the commands that can be looked at alone."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

import pcmio
from pcmio._convert import mix_matrix
from pcmio.cli.files import _cut
from pcmio.cli.meters import Levels, decibel_text, decibels
from pcmio.cli.screen import clock, counted
from pcmio.cli.targets import find_device
from pcmio.hosts.null import NullDeviceSpec, NullKind, open_host


@pytest.mark.parametrize(
    ("channels", "to"), [(channels, to) for channels in range(1, 10) for to in range(1, 9) if channels != to]
)
def test_mixing_makes_nothing_louder_and_leaves_out_no_channel_but_the_lowest(channels: int, to: int) -> None:
    matrix = mix_matrix(channels, to)
    assert matrix.shape == (channels, to)
    assert (matrix.sum(axis=0) <= 1 + 1e-12).all()
    silent = [channel for channel in range(channels) if not matrix[channel].any()]
    assert silent == ([3] if channels in (6, 7, 8) and to == 2 else [])


def test_mono_goes_to_both_sides_and_to_no_other() -> None:
    assert mix_matrix(1, 6).tolist() == [[1, 1, 0, 0, 0, 0]]


def test_fewer_channels_go_to_the_first() -> None:
    assert mix_matrix(2, 4).tolist() == [[1, 0, 0, 0], [0, 1, 0, 0]]


def test_left_stays_left_in_surround_sound() -> None:
    matrix = mix_matrix(6, 2)
    assert matrix[0, 1] == matrix[1, 0] == 0
    assert matrix[2, 0] == matrix[2, 1] > 0


@pytest.mark.parametrize("sizes", [[], [5], [3, 3, 3], [10, 1, 25], [1] * 17, [8, 8]])
def test_cutting_keeps_every_frame_in_order(sizes: list[int]) -> None:
    frames = np.arange(sum(sizes))[:, None]
    chunks = np.split(frames, np.cumsum(sizes)[:-1]) if sizes else []
    blocks: list[Any] = list(_cut(iter(chunks), 4))
    assert all(len(block) == 4 for block in blocks[:-1])
    assert [number for block in blocks for number in block[:, 0]] == list(range(sum(sizes)))


@pytest.mark.parametrize("sample_format", [pcmio.SampleFormat.I16, pcmio.SampleFormat.I24, pcmio.SampleFormat.F32])
def test_full_scale_is_zero_decibels(sample_format: pcmio.SampleFormat) -> None:
    levels = Levels(2, sample_format)
    levels.add(np.array([[sample_format.minimum, 0], [0, 0]], sample_format.dtype))
    assert levels.take() == [1.0, 0.0]
    assert levels.take() == [0.0, 0.0]
    assert decibels(levels.peak) == 0


def test_a_sample_that_is_no_number_does_not_hide_others() -> None:
    levels = Levels(2, pcmio.SampleFormat.F32)
    levels.add(np.array([[0.5, math.nan], [math.nan, -0.25], [0, 0]], np.float32))
    levels.add(np.full((3, 2), math.nan, np.float32))
    assert levels.peak == 0.5
    assert levels.take() == [0.5, 0.25]


def test_levels_read_well() -> None:
    assert decibel_text(decibels(0.5)) == "-6.0 dB"
    assert decibel_text(-math.inf) == "silence"
    assert decibels(0) == -math.inf


def test_times_and_counts_read_well() -> None:
    assert [clock(0), clock(61.99), clock(3723)] == ["0:00", "1:01", "1:02:03"]
    assert [clock(12.34, tenths=True), clock(59.99, tenths=True)] == ["0:12.3", "0:59.9"]
    assert [counted(0, "xrun"), counted(1, "xrun"), counted(2, "xrun")] == ["no xruns", "1 xrun", "2 xruns"]


@pytest.mark.parametrize("wanted", ["null:b", "NULL:B", "b", "B"])
def test_an_id_comes_before_parts_of_names(wanted: str) -> None:
    specs = [NullDeviceSpec(name, NullKind.SINK) for name in ("a b c", "b", "bb")]
    found = find_device(open_host(devices=specs), wanted, pcmio.Direction.OUTPUT)
    assert str(found.id) == "null:b"


@pytest.mark.parametrize("wanted", ["loopb", "null:loop", "NULL:Loop", "null:pback"])
def test_a_part_of_an_id_may_have_its_host(wanted: str) -> None:
    assert str(find_device(open_host(), wanted, pcmio.Direction.OUTPUT).id) == "null:loopback"


def test_a_device_of_the_other_direction_does_not_fit() -> None:
    with pytest.raises(pcmio.DeviceNotAvailable, match="no input device that is called 'sink'"):
        find_device(open_host(), "sink", pcmio.Direction.INPUT)


def test_a_host_without_devices_has_no_default() -> None:
    with pytest.raises(pcmio.DeviceNotAvailable, match="Null has no output device"):
        find_device(open_host(devices=[]), None, pcmio.Direction.OUTPUT)
