"""Gets what its first argument names, a torrent file or a magnet, into its second; the third is its port."""

import sys
import time

import pyrqbit

source, directory, port = sys.argv[1:]
session = pyrqbit.Session(directory, listen_port=int(port), disable_dht=True)
torrent = session.add_torrent(source, output_folder=directory, overwrite=True)
while True:
    print(torrent.stats(), flush=True)
    time.sleep(0.5)
