const { Transporters } = require('moleculer')
const { explain, sequenced } = require('nats-sequenced')

/** Moleculer's NATS transporter, with numbered packets. */
class SequencedNats extends Transporters.NATS {
  /** The kinds of packets to number. */
  packets = ['EVENT']

  // Moleculer calls it when the client is connected, before it subscribes.
  onConnected(wasReconnect) {
    this.client = sequenced(this.client, {
      // The second filter is for node IDs with dots.
      subjects: this.packets.flatMap(type => [`${this.prefix}.${type}.*`, `${this.prefix}.${type}.>`]),
      // All nodes publish to each node. A name is one token of at most 64 bytes.
      addressing: 'perSender',
      sender: this.nodeID.replaceAll('.', '-').slice(-64),
      gapTimeout: 10_000,
      onNotice: n => this.logger[n.notice._tag === 'Lost' ? 'warn' : 'debug'](explain(n)),
    })
    return super.onConnected(wasReconnect)
  }

  // Moleculer only closes the connection. `drain` lets other nodes request their missing messages first.
  async disconnect() {
    await this.client?.drain().catch(err => this.logger.error(err.message))
    this.client = null
  }
}

module.exports = { SequencedNats }
