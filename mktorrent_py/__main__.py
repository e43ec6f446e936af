"""`python -m mktorrent_py` runs `mkt`."""

import sys

from mktorrent_py.cli import entry

if __name__ == "__main__":
    sys.exit(entry())
