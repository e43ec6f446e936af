"""Every exception of the package.

Expected trouble with content (a missing file in `verify_content`, a read fault while hashing) is data in a result, not
an exception; these are for what stops the work.

    TorrentError
        UsageError          an argument or a combination of arguments that cannot be
        ContentError        content cannot be read, or changed while it was hashed
        CancelledError      the caller asked for the work to stop
        MetainfoError       the metainfo is invalid
            BencodeError    the bytes are not bencode
                LimitError  the bytes exceed the limits that were set
            MagnetError     the text is not a magnet URI that names a torrent
        RefusedError        would overwrite a file, or change an infohash, without permission
        NetworkError        nothing could be reached in the time given

The codes, with what is wrong. Reading raises a MetainfoError with the id of the lint rule that is broken; those ids are
in `mktorrent_py.metainfo.lint.table`.

General:
    error                            any other error of this package
    usage                            any other invalid argument
    refused                          any other refusal to overwrite or to change an infohash
    network                          any other network failure
    cancelled                        the caller cancelled the work
    choice-invalid                   a value is not one of those allowed
    option-out-of-range              a number is outside its range
    size-invalid                     a text is not a size in bytes

Files and content:
    overwrite-refused                the output file exists
    write-failed                     the output file cannot be written
    content-unreadable               content cannot be read, for any other reason
    content-permission-denied        content may not be read by this user
    content-path-too-long            the path of the content is longer than the system allows
    entry-unreadable                 an entry in the content cannot be read, for any other reason
    entry-permission-denied          an entry may not be read by this user
    entry-path-too-long              the path of an entry is longer than the system allows
    content-changed                  content changed while it was read, or since it was checked
    content-empty                    there is no file, or no file has a byte
    content-is-output                the content and the torrent file are the same path
    content-not-a-directory          a list of files needs a directory
    content-not-a-file               content is neither a file nor a directory
    listed-path-missing              a listed path does not exist
    listed-path-outside              a listed path is outside the content
    name-not-utf-8                   a file name is not UTF-8
    name-unsafe                      a file name is not allowed in a torrent
    names-differ-in-normalization    two names differ only in Unicode normalization
    no-file-matches                  no file of the torrent matches the patterns
    pattern-matches-nothing          a pattern cannot match any file
    pattern-negated                  a pattern starts with `!`

Creating, and values of metainfo keys:
    checksum-unknown                 there is no such checksum algorithm
    collection-empty                 the name of a collection is empty
    date-out-of-range                the creation date is before 1970
    dht-nodes-in-private             a private torrent has DHT nodes (BEP 27)
    infohash-invalid                 a text is not a v1 infohash
    name-invalid                     the torrent's name is unsafe on some system
    name-missing                     the content has no name of its own
    node-malformed                   a DHT node is not a valid host and port
    piece-length-above-maximum       the piece length is larger than the maximum of the same options
    piece-length-not-power-of-two    the piece length is not a power of two (BEP 52)
    piece-length-too-large           the piece length is above 128 MiB
    piece-length-too-small           the piece length is below 16 KiB
    piece-length-with-target         a piece length and a target number of pieces are both set
    similar-not-20-bytes             a similar torrent is not named by 20 bytes
    sort-needs-v1                    a v2 or hybrid torrent is to be sorted otherwise than by path
    target-pieces-invalid            the target number of pieces is below 1
    target-pieces-of-stream          a target number of pieces is set for a stream
    text-not-utf-8                   a text cannot be encoded as UTF-8
    tier-empty                       a tracker tier has no URL
    tracker-malformed                a tracker URL is not valid
    update-url-malformed             an update URL is not valid
    url-malformed                    a URL is not valid
    web-seed-malformed               a web seed URL is not valid

Reading and editing:
    metainfo-invalid                 the metainfo is invalid, for any other reason
    bencode-invalid                  the bytes are not bencode
    limit-exceeded                   the bytes exceed a limit
    magnet-invalid                   the text is not a magnet URI
    magnet-ambiguous                 the magnet URI names more than one torrent
    magnet-names-nothing             the magnet URI has no infohash
    magnet-salt-malformed            the salt of a magnet URI is not valid (BEP 46)
    magnet-urn-malformed             a URN of a magnet URI is not valid
    file-number-invalid              there is no file with that number
    file-number-too-high             a file number is above those that a magnet URI may have
    selection-empty                  no file is selected
    content-key-not-editable         the key describes content, which editing cannot change
    edit-result-invalid              the edit would make the metainfo invalid
    infohash-change-refused          the edit would change the infohash
    removal-not-found                an item to remove is absent
    tier-not-found                   there is no tracker tier with that number

Hashing:
    kernel-unavailable               the hash kernel does not run on this machine
    kernel-unknown                   there is no such hash kernel
    threads-invalid                  the number of threads is negative

Seeding and downloading:
    amount-invalid                   a rate, size or ratio is not one that can be set
    cache-unusable                   the check cache cannot be used
    content-differs                  a file exists with different content
    content-mismatch                 the content does not match the torrent
    content-newer                    the content was modified after the torrent was created
    content-unwritable               downloaded content cannot be written
    directory-unusable               a directory cannot be created or used
    download-failed                  a torrent file cannot be downloaded
    download-stalled                 no valid data came in the time allowed
    encryption-invalid               there is no such encryption policy
    file-appeared                    a file was created by another program during the download
    folder-unreadable                a watched folder cannot be read
    libtorrent-missing               libtorrent is not installed
    link-refused                     a link stands where content would be written
    metadata-stalled                 no peer sent the metadata in the time allowed
    part-too-long                    a partial file is longer than in the torrent
    selection-incomplete             the selection leaves out files that seeding needs
    source-not-found                 there is no such torrent file
    torrent-is-directory             a directory stands where a torrent file is expected
    torrent-not-accepted             libtorrent rejects the torrent
    verification-failed              downloaded content does not match the torrent

Addresses, ports and proxies:
    address-invalid                  a text is not an IP address
    address-not-local                the address is not one of this machine
    bind-failed                      a port cannot be bound
    bind-invalid                     a text is not an address or interface to bind to
    bind-needs-address               this system binds to addresses, not to interfaces
    bind-unavailable                 the address or interface to bind to does not exist
    network-invalid                  a text is not an IP address or network
    no-free-port                     no port is free for both TCP and UDP
    peer-name-with-proxy             a peer behind a proxy is a host name
    peer-unresolvable                the host name of a peer has no address
    port-in-use                      another program uses the port
    port-invalid                     a number is not a port
    port-not-permitted               this user may not bind the port
    port-unavailable                 the port cannot be listened on
    proxy-invalid                    a text is not a proxy URL
    proxy-login-refused              the proxy refused user name and password
    proxy-refused                    the proxy cannot connect to the target
    proxy-unreachable                the proxy cannot be reached
    proxy-with-bind                  a proxy and a bind address are both set

Tracker and pages:
    base-url-invalid                 a text is not a tracker URL
    package-missing                  a shared store needs a package that is not installed
    qr-too-long                      the text does not fit in a QR code
    state-invalid                    the state file is not valid
    state-unwritable                 the state file cannot be written
    state-with-store                 a state file and a shared store are both set
    store-unavailable                the shared store cannot be reached
    store-url-invalid                a text is not a store URL
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, ClassVar


class TorrentError(Exception):
    """Root of all errors of this package.

    `message` states what is wrong and with what. `code` identifies the kind of error (`overwrite-refused`) and never
    changes; `data` holds the values it is about. `hint` says what to do next, where something can be done that does
    not depend on how the caller was asked. `path` is the place in a metainfo (`info.files[3].length`), composed segment
    by segment while the error travels up through `located`; `offset` is the byte where it was seen. `source` is what
    was being read, a file or standard input, where the reader knows.
    """

    default_code: ClassVar[str] = "error"

    def __init__(
        self,
        message: str,
        *,
        code: str | None = None,
        hint: str | None = None,
        path: str = "",
        offset: int | None = None,
        **data: Any,
    ) -> None:
        super().__init__(message)
        self.message = message
        self.code = code or self.default_code
        self.data = data
        self.hint = hint
        self.path = path
        self.offset = offset
        self.source = ""

    def __str__(self) -> str:
        where = "".join([f"{place}: " for place in (self.source, self.path) if place])
        at = f" (at byte {self.offset:,})" if self.offset is not None else ""
        return f"{where}{self.message}{at}"


class UsageError(TorrentError):
    """An argument has a value that it cannot have, or arguments contradict each other."""

    default_code = "usage"


class ContentError(TorrentError):
    """Content cannot be read, or changed while it was hashed."""

    default_code = "content-unreadable"


class CancelledError(TorrentError):
    """The caller asked for the work to stop before it was complete."""

    default_code = "cancelled"


class MetainfoError(TorrentError):
    """The metainfo is invalid: a rule of a BEP is broken in a way that cannot be read around."""

    default_code = "metainfo-invalid"


class BencodeError(MetainfoError):
    """The bytes are not (strict) bencode; `offset` says where."""

    default_code = "bencode-invalid"


class LimitError(BencodeError):
    """The bytes are larger, deeper or more numerous than the limits allow.

    `data` names the `limit` (`size`, `depth`, `tokens`) and its `maximum`, where it is one that the caller sets.
    """

    default_code = "limit-exceeded"


class MagnetError(MetainfoError):
    """The text is not a magnet URI that names a torrent."""

    default_code = "magnet-invalid"


class RefusedError(TorrentError):
    """The work would overwrite a file, or change an infohash, without permission."""

    default_code = "refused"


class NetworkError(TorrentError):
    """Nothing could be reached in the time given."""

    default_code = "network"


@contextmanager
def located(segment: str) -> Iterator[None]:
    """Prefix the path of any TorrentError that passes through with `segment` (`info`, `files[3]`, `length`)."""
    try:
        yield
    except TorrentError as error:
        joint = "" if not error.path or error.path.startswith("[") else "."
        error.path = f"{segment}{joint}{error.path}"
        raise


@contextmanager
def reading(source: str) -> Iterator[None]:
    """Name in any MetainfoError that passes through what was read when it happened."""
    try:
        yield
    except MetainfoError as error:
        error.source = error.source or source
        raise
