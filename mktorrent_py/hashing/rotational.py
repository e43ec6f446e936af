"""What kind of disk the content lies on, as far as the system tells."""

from __future__ import annotations

import os
from functools import cache
from pathlib import Path

SYSTEM = Path("/sys/dev/block")


def is_rotating(path: Path, *, system: Path = SYSTEM) -> bool:
    """Whether `path` lies on a disk that must seek, where reading in many places at once is slow.

    False where the system does not say: on anything but Linux, for file systems without a disk of their own, and for
    the disks of virtual machines, which say that they rotate whatever they stand on.
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
    for place in (entry, entry.parent):
        try:
            return (place / "queue" / "rotational").read_text().strip() == "1"
        except OSError:
            continue
    return False
