const { SequencedNats } = require('./SequencedNats.js')

/** For the first of two deployments: receives numbered packets, and sends packets without a number. */
class ReceivingNats extends SequencedNats {
  onConnected(wasReconnect) {
    this.plain = this.client
    return super.onConnected(wasReconnect)
  }

  async send(topic, data) {
    this.plain.publish(topic, data)
  }
}

module.exports = { ReceivingNats }
