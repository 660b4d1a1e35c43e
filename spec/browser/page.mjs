// Runs the scenario in a page, with connections over WebSocket, and posts what works to the server of the page.
import { headers, wsconnect } from '@nats-io/nats-core'
import { run } from '../runtimes/scenario.mjs'

const post = body => fetch('/result', { method: 'POST', body })
addEventListener('error', ({ message }) => post(`uncaught: ${message}`))
addEventListener('unhandledrejection', ({ reason }) => post(`unhandled: ${reason}`))

// A loss that nobody reads reaches the console.
const warnings = []
console.warn = text => warnings.push(text)

const { NATS_WS_URL, LOSSY_WS_URL } = globalThis.addresses
const dial = servers => wsconnect({ servers, reconnectTimeWait: 100 })

void run({ sender: () => dial(NATS_WS_URL), receiver: () => dial(LOSSY_WS_URL), headers })
  .then(works => [...works, ...warnings].join('\n'))
  .catch(cause => cause.message)
  .then(post)
