"""The adapter to libtorrent's parameter objects: how our torrents become its own.

Every file is named to libtorrent by its absolute path, so that what it reads or writes does not depend on how it would
clean the names in the torrent.
"""

from __future__ import annotations

import os
import re
import warnings
from collections.abc import Sequence
from pathlib import Path

import libtorrent as lt

from mktorrent_py.errors import MetainfoError
from mktorrent_py.metainfo.layout import Layout
from mktorrent_py.metainfo.metainfo import Metainfo

DONT_DOWNLOAD, DOWNLOAD = 0, 4
"""libtorrent's file priorities."""


def load(metainfo: Metainfo) -> tuple[lt.add_torrent_params, lt.torrent_info]:
    """Return libtorrent's parameters and torrent. Raises MetainfoError for a torrent it does not accept."""
    try:
        parameters = lt.load_torrent_buffer(metainfo.to_bytes())
    except RuntimeError as error:
        raise MetainfoError(f"libtorrent does not accept this torrent: {error_text(error)}") from error
    if parameters.ti is None:
        raise MetainfoError("libtorrent found no info dictionary in this torrent")
    return parameters, parameters.ti


def error_text(error: RuntimeError) -> str:
    """Return the message of a libtorrent error without the number it adds."""
    return re.sub(r" \[[\w.]+:\d+\]$", "", str(error))


def seed_parameters(metainfo: Metainfo, paths: Sequence[bytes], *, verified: bool) -> lt.add_torrent_params:
    """Return parameters of a torrent that is seeded and never written to: upload mode requests nothing from peers.

    Unless it is `verified`, libtorrent hashes each piece before it first uploads it.
    """
    parameters, torrent = load(metainfo)
    indices = file_indices(torrent, metainfo.info.layout)
    name_files(parameters, dict(zip(indices, paths, strict=True)))
    parameters.url_seeds = []
    parameters.flags = lt.torrent_flags.upload_mode | lt.torrent_flags.update_subscribe
    if verified:
        parameters.have_pieces = [True] * torrent.num_pieces()
        # libtorrent would create an empty file that is missing. Seed mode does not support priorities.
        files = layout_of(torrent)
        parameters.file_priorities = [
            DOWNLOAD if files.file_size(index) else DONT_DOWNLOAD for index in range(files.num_files())
        ]
    else:
        parameters.flags |= lt.torrent_flags.seed_mode
    return parameters


def name_files(parameters: lt.add_torrent_params, paths: dict[int, bytes]) -> None:
    """Set the absolute path of each file by its index; an empty path leaves a file unnamed.

    libtorrent's stubs ask for text; its bindings take bytes, which is what the system has.
    """
    parameters.renamed_files = {index: path for index, path in paths.items() if path}  # type: ignore[misc]
    parameters.save_path = "/"


def rename_file(handle: lt.torrent_handle, index: int, path: Path) -> None:
    """Start to rename a file. libtorrent takes text in UTF-8, and deprecates the bytes that other names need."""
    try:
        str(path).encode("utf-8")
    except UnicodeEncodeError:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)
            handle.rename_file(index, os.fsencode(path))  # type: ignore[arg-type]
    else:
        handle.rename_file(index, str(path))


def file_indices(torrent: lt.torrent_info, layout: Layout) -> list[int]:
    """Return libtorrent's index of each file, as it counts pad files. Raises MetainfoError if its list differs."""
    files = layout_of(torrent)
    pad = lt.file_flags_t.flag_pad_file
    indices = [index for index in range(files.num_files()) if not files.file_flags(index) & pad]
    if [files.file_size(index) for index in indices] != [file.length for file in layout.files]:
        raise MetainfoError("libtorrent reads the file list of this torrent differently")
    return indices


def layout_of(torrent: lt.torrent_info) -> lt.file_storage:
    """Return the files as libtorrent counts them; version 2.1 renamed the method."""
    files: lt.file_storage = torrent.layout() if hasattr(torrent, "layout") else torrent.files()
    return files
