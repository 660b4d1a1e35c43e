const { Transporters } = require('moleculer')
const { sequenced } = require('nats-sequenced')

/** Moleculer's NATS transporter, with numbered packets. */
class SequencedNats extends Transporters.NATS {
  /** The kinds of packets to number. */
  packets = ['EVENT']

  // Moleculer calls it when the client is connected, before it subscribes.
  onConnected(wasReconnect) {
    this.client = sequenced(this.client, {
      // The second filter is for node IDs with dots.
      subjects: this.packets.flatMap(type => [`${this.prefix}.${type}.*`, `${this.prefix}.${type}.>`]),
      // Several nodes send to each node. A sender's name is one token of at most 64 bytes.
      addressing: 'perSender',
      sender: this.nodeID.replaceAll('.', '-').slice(-64),
      // A lost packet delays the packets of its sender, and no others.
      gapTimeout: 10_000,
    })
    return super.onConnected(wasReconnect)
  }

  // Moleculer only closes the connection. `drain` lets other nodes request their missing messages first.
  async disconnect() {
    // No heartbeat may follow the DISCONNECT packet: other nodes would take this one for alive.
    this.connected = false
    await this.client?.drain().catch(err => this.logger.error(err.message))
    this.client = null
  }
}

module.exports = { SequencedNats }
