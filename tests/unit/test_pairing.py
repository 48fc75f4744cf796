"""How two devices are brought together by their times, without any device."""

from __future__ import annotations

import pytest

from pcmio._pairing import Pairing

RATE = 48_000
BLOCK = 480
LEVEL = 1_000


class Devices:
    """An input that gives a block at a time, and an output that takes one; the times are as the test says."""

    def __init__(self, *, standing: float = 100.0, jitter: float = 0.0) -> None:
        self.pairing = Pairing(RATE, BLOCK, LEVEL, BLOCK + LEVEL, BLOCK)
        self.standing = standing
        self.jitter = jitter
        self.stretched = 0.0
        self.blocks = 0
        self.begin()

    def begin(self, prefill: int = 2_000) -> None:
        self.pairing.begin()
        self.pairing.lead += prefill
        self.level = prefill

    def block(self) -> bool:
        """One comes, and is taken; the output takes as much."""
        self.blocks += 1
        shake = self.jitter * ((self.blocks * 7919) % 13 - 6)
        self.pairing.measure(self.standing + shake + self.pairing.lead, self.level, self.stretched)
        looks = self.pairing.pass_time(BLOCK)
        self.pairing.lead -= BLOCK
        if self.pairing.paired:
            put = max(0, self.pairing.owed)
        else:
            put = 0 if self.pairing.settled() else max(0, self.pairing.enough - self.level)
        self.pairing.lead += put
        self.level += put - BLOCK
        return looks

    def verify(self, blocks: int) -> list[int]:
        """What turns out to be wrong while so many come."""
        found = []
        for _ in range(blocks):
            self.block()
            found.append(self.pairing.verify())
        return [wrong for wrong in found if wrong]

    def pair(self, device_frames: int = 200) -> int:
        for count in range(200):
            self.block()
            if self.pairing.settled() and self.pairing.pair(device_frames):
                return count + 1
        raise AssertionError("it is never paired")


def test_the_latency_is_what_the_devices_have_and_what_is_inside() -> None:
    devices = Devices(standing=-1_000.0)
    devices.pair(device_frames=200)
    assert devices.pairing.total == 200 + BLOCK + LEVEL
    assert devices.pairing.paired
    # So much is owed that the offset is the latency.
    assert devices.standing + devices.pairing.lead + devices.pairing.owed == devices.pairing.total


def test_eight_measurements_are_enough_where_they_agree_and_half_a_second_where_not() -> None:
    assert Devices().pair() <= 12
    slow = Devices(jitter=30.0).pair()
    assert 40 <= slow <= 60


def test_a_device_that_tells_too_little_gets_more_by_whole_blocks() -> None:
    devices = Devices(standing=5_000.0)
    devices.pair(device_frames=0)
    more = devices.pairing.total - BLOCK - LEVEL
    assert more > 0
    assert more % BLOCK == 0


def test_the_latency_is_kept_over_restarts() -> None:
    devices = Devices()
    devices.pair()
    total = devices.pairing.total
    for standing in (80.0, 133.4, 99.0):
        devices.standing = standing
        devices.begin()
        devices.pair(device_frames=0)
        assert devices.pairing.total == total


def test_frames_that_nobody_counted_are_found_after_an_xrun() -> None:
    devices = Devices()
    devices.pair()
    for _ in range(30):
        devices.block()
    devices.standing += 7
    devices.pairing.disturb()
    assert devices.verify(12) == [-7]
    devices.pairing.disturb()
    assert devices.verify(12) == []


def test_xruns_that_never_end_do_not_put_it_off() -> None:
    devices = Devices()
    devices.pair()
    devices.standing += 50
    found = 0
    for _ in range(20):
        devices.pairing.disturb()
        devices.block()
        found += devices.pairing.verify()
    assert found == -50


@pytest.mark.parametrize("ppm", [30.0, -200.0])
def test_drift_is_measured_to_a_part_of_a_millionth(ppm: float) -> None:
    devices = Devices()
    devices.pair()
    for _ in range(1_000):
        devices.standing += BLOCK * ppm / 1e6
        if devices.block():
            devices.pairing.look()
    assert devices.pairing.drift_ppm == pytest.approx(ppm, abs=0.1)


def test_an_error_is_told_once_and_then_slips() -> None:
    devices = Devices()
    devices.pair()
    told, slipped = [], []
    for count in range(2_000):
        devices.standing += BLOCK * 1_000 / 1e6
        if devices.block():
            if devices.pairing.look():
                told.append(count)
            if devices.pairing.slips():
                slipped.append(devices.pairing.pair_again())
    assert len(slipped) == 1  # 960 frames of drift, and the first block of it is reached
    assert len(told) == 2
    assert all(-BLOCK * 1.2 < one < -BLOCK * 0.8 for one in slipped)
    assert abs(devices.pairing.error) < BLOCK * 1.2


def test_a_ratio_follows_the_drift_and_is_never_wild() -> None:
    devices = Devices()
    devices.pair()
    for _ in range(3_000):
        devices.standing += BLOCK * 400 / 1e6
        ratio = devices.pairing.stretch_wanted()
        devices.standing -= BLOCK * (ratio - 1)
        devices.stretched += BLOCK * (ratio - 1)
        if devices.block():
            assert not devices.pairing.look()
    assert devices.pairing.stretch_wanted() == pytest.approx(1.0004, abs=1e-6)
    assert abs(devices.pairing.error) < 1
    devices.pairing.error = 1e9
    assert devices.pairing.stretch_wanted() == pytest.approx(1.005)
