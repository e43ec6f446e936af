"""The torrents that a tracker lists, as values. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from mktorrent_py.metainfo.magnet.uri import Magnet
from mktorrent_py.metainfo.metainfo import Metainfo


@dataclass(frozen=True, slots=True, kw_only=True)
class ListedTorrent:
    """One torrent of the folder.

    `key` is the whole infohash in hex (v1 if it has one), which its URLs contain. `searchable` is what a search looks
    through, in lower case: the name, the infohashes and every path, a line each. Files are (path, length in bytes),
    the path with slashes and without the torrent's name. `data` is the torrent file as it was read, `added` the time
    of its last change in Unix seconds.
    """

    key: str
    name: str
    searchable: str = field(repr=False)
    length: int
    files: tuple[tuple[str, int], ...] = field(repr=False)
    infohash_v1: str | None
    infohash_v2: str | None
    swarm_keys: tuple[bytes, ...]
    private: bool
    comment: str | None
    magnet: str
    added: int
    data: bytes = field(repr=False)

    @classmethod
    def parse(cls, data: bytes, added: int) -> ListedTorrent:
        """Parse the bytes of a torrent file. Raises MetainfoError."""
        metainfo = Metainfo.from_bytes(data)
        info, hashes = metainfo.info, metainfo.infohashes
        v1, v2 = (whole.hex() if whole else None for whole in (hashes.v1, hashes.v2))
        name = _text(info.name)
        files = tuple((_text("/".join(file.path)), file.length) for file in info.files)
        return cls(
            key=v1 or v2 or "",
            name=name,
            searchable="\n".join([name, v1 or "", v2 or "", *(path for path, _ in files)]).lower(),
            length=info.layout.content_length,
            files=files,
            infohash_v1=v1,
            infohash_v2=v2,
            swarm_keys=hashes.swarm_keys,
            private=info.private,
            comment=_text(metainfo.comment) if metainfo.comment else None,
            magnet=str(Magnet.from_metainfo(metainfo)),
            added=added,
            data=data,
        )

    @property
    def swarm(self) -> bytes:
        """The key of its swarm: the two infohashes of a hybrid share one."""
        return self.swarm_keys[0]


def _text(name: str) -> str:
    """The name with U+FFFD for bytes that are not UTF-8, as pages and feeds are UTF-8."""
    return name.encode("utf-8", "surrogateescape").decode("utf-8", "replace")


class TorrentList:
    """Torrents by key, newest first. Of two torrents with the same infohash the first is listed."""

    def __init__(self, torrents: Iterable[ListedTorrent] = ()) -> None:
        by_key: dict[str, ListedTorrent] = {}
        for torrent in torrents:
            by_key.setdefault(torrent.key, torrent)
        self._torrents = sorted(by_key.values(), key=lambda torrent: (-torrent.added, torrent.name, torrent.key))
        self._by_key = by_key

    def __len__(self) -> int:
        return len(self._torrents)

    def __iter__(self) -> Iterator[ListedTorrent]:
        return iter(self._torrents)

    def get(self, key: str) -> ListedTorrent | None:
        return self._by_key.get(key)

    def search(self, text: str) -> Sequence[ListedTorrent]:
        """The torrents with every word of `text` in their name, infohashes or paths; all for no words."""
        words = text.lower().split()
        return [torrent for torrent in self._torrents if all(word in torrent.searchable for word in words)]

    def swarm_of(self) -> Mapping[bytes, bytes]:
        """The key of the swarm of every listed infohash."""
        return {key: torrent.swarm for torrent in self._torrents for key in torrent.swarm_keys}
