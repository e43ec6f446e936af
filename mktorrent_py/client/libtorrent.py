"""Torrents as libtorrent takes them: which of its files is which of ours, and where each lies on disk.

Every file is named to libtorrent by its absolute path, so that what it reads or writes does not depend on how it would
have cleaned the names in the torrent.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

import libtorrent as lt

from mktorrent_py.errors import MetainfoError
from mktorrent_py.metainfo.layout import Layout
from mktorrent_py.metainfo.metainfo import Metainfo

DONT_DOWNLOAD, DOWNLOAD = 0, 4
"""libtorrent's file priorities."""


def load(metainfo: Metainfo) -> lt.add_torrent_params:
    """Raises MetainfoError for a torrent that libtorrent does not take."""
    try:
        return lt.load_torrent_buffer(metainfo.to_bytes())
    except RuntimeError as error:
        raise MetainfoError(f"libtorrent does not take this torrent: {in_words(error)}") from error


def in_words(error: RuntimeError) -> str:
    """What libtorrent says of an error, without the number that it adds."""
    return re.sub(r" \[[\w.]+:\d+\]$", "", str(error))


def seed_parameters(metainfo: Metainfo, paths: Sequence[bytes], *, verified: bool) -> lt.add_torrent_params:
    """A torrent that is given and never written to: in upload mode nothing is requested from anybody.

    Unless it is `verified`, libtorrent hashes each piece before it gives it for the first time.
    """
    parameters = load(metainfo)
    torrent = torrent_of(parameters)
    indices = file_indices(torrent, metainfo.info.layout)
    name_files(parameters, dict(zip(indices, paths, strict=True)))
    parameters.url_seeds = []
    parameters.flags = lt.torrent_flags.upload_mode | lt.torrent_flags.update_subscribe
    if verified:
        parameters.have_pieces = [True] * torrent.num_pieces()
        parameters.file_priorities = _without_empty_files(torrent)
    else:
        parameters.flags |= lt.torrent_flags.seed_mode
    return parameters


def _without_empty_files(torrent: lt.torrent_info) -> list[int]:
    """Priorities by which a file without a byte is left alone; one that is missing would be created otherwise.

    Seed mode does not go with them.
    """
    files = layout_of(torrent)
    return [DOWNLOAD if files.file_size(index) else DONT_DOWNLOAD for index in range(files.num_files())]


def name_files(parameters: lt.add_torrent_params, paths: dict[int, bytes]) -> None:
    """Tell libtorrent the absolute path of each file by its index; an empty path leaves a file unnamed.

    Its stubs ask for text, its bindings take bytes, which is what the system has.
    """
    parameters.renamed_files = {index: path for index, path in paths.items() if path}  # type: ignore[misc]
    parameters.save_path = "/"


def torrent_of(parameters: lt.add_torrent_params) -> lt.torrent_info:
    """Raises MetainfoError where there is none."""
    if parameters.ti is None:
        raise MetainfoError("libtorrent found no info dictionary in this torrent")
    return parameters.ti


def file_indices(torrent: lt.torrent_info, layout: Layout) -> list[int]:
    """libtorrent's index of each file of the layout: it counts pad files. Raises MetainfoError if they differ."""
    files = layout_of(torrent)
    indices = list(_content_indices(files))
    if [files.file_size(index) for index in indices] != [file.length for file in layout.files]:
        raise MetainfoError("libtorrent reads the file list of this torrent in another way")
    return indices


def layout_of(torrent: lt.torrent_info) -> lt.file_storage:
    """The files as libtorrent counts them; version 2.1 renamed the method."""
    files: lt.file_storage = torrent.layout() if hasattr(torrent, "layout") else torrent.files()
    return files


def _content_indices(files: lt.file_storage) -> Iterator[int]:
    for index in range(files.num_files()):
        if not files.file_flags(index) & lt.file_flags_t.flag_pad_file:
            yield index
