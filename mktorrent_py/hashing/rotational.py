"""Whether content is on a disk that seeks, as far as the system knows."""

from __future__ import annotations

import os
from functools import cache
from pathlib import Path

SYSTEM = Path("/sys/dev/block")


def is_rotating(path: Path, *, system: Path = SYSTEM) -> bool:
    """Whether `path` is on a rotating disk, where reading in many places at once is slow.

    False where that is unknown: on anything but Linux, for file systems without a disk of their own, and for the disks
    of virtual machines, which always claim to rotate.
    """
    try:
        device = path.stat().st_dev
        number = f"{os.major(device)}:{os.minor(device)}"
    except (OSError, AttributeError):
        return False
    return _disk_is_rotating(system / number)


@cache
def _disk_is_rotating(disk: Path) -> bool:
    try:
        entry = disk.resolve(strict=True)
    except OSError:
        return False
    if any(part.startswith("virtio") for part in entry.parts):
        return False
    # A partition's queue is that of the disk it is on, one level up.
    for device in (entry, entry.parent):
        try:
            return (device / "queue" / "rotational").read_text().strip() == "1"
        except OSError:
            continue
    return False
