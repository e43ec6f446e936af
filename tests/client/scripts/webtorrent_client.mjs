// Gets what the first argument names, a torrent file or a magnet, into the second; the third is the module to do it
// with, the fourth a peer to dial, if any. Says of every peer who dialled, and whether it was with an obfuscated
// handshake (MSE).
const [source, directory, module, peer] = process.argv.slice(2)
const { default: WebTorrent } = await import(module)
const quiet = { dht: false, lsd: false, natUpnp: false, natPmp: false, utp: false, utPex: false, webSeeds: false }
const client = new WebTorrent(quiet)
client.on('error', error => { console.error(error); process.exit(1) })
const torrent = client.add(source, { path: directory })
torrent.on('infoHash', () => { if (peer) torrent.addPeer(peer) })
torrent.on('done', () => console.log('done'))
torrent.on('wire', (wire, address) => {
  console.log(address, wire.type, wire._cryptoHandshakeDone ? `MSE, method ${wire._encryptionMethod}` : 'plaintext')
})
