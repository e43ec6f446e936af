"""Rotating disks are told from others by what the system says of them."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from mktorrent_py.hashing.rotational import is_rotating


def system_with(tmp_path: Path, rotational: str, *, partition: bool) -> Path:
    """A /sys/dev/block in which the device of `tmp_path` is a disk or a partition of one."""
    device = tmp_path.stat().st_dev
    disk = tmp_path / "devices" / "sda"
    (disk / "queue").mkdir(parents=True)
    (disk / "queue" / "rotational").write_text(f"{rotational}\n")
    (disk / "sda1").mkdir()
    block = tmp_path / "block"
    block.mkdir()
    (block / f"{os.major(device)}:{os.minor(device)}").symlink_to(disk / "sda1" if partition else disk)
    return block


@pytest.mark.skipif(sys.platform == "win32", reason="devices have no numbers there")
@pytest.mark.parametrize("partition", [False, True])
@pytest.mark.parametrize(("rotational", "expected"), [("1", True), ("0", False)])
def test_disks_and_partitions(rotational: str, expected: bool, partition: bool, tmp_path: Path) -> None:
    assert is_rotating(tmp_path, system=system_with(tmp_path, rotational, partition=partition)) is expected


@pytest.mark.skipif(sys.platform == "win32", reason="devices have no numbers there")
def test_virtual_disks_are_not_believed(tmp_path: Path) -> None:
    (tmp_path / "virtio0").mkdir()
    assert is_rotating(tmp_path, system=system_with(tmp_path / "virtio0", "1", partition=False)) is False


def test_no_word_means_no(tmp_path: Path) -> None:
    assert is_rotating(tmp_path, system=tmp_path) is False
    assert is_rotating(tmp_path / "missing") is False
