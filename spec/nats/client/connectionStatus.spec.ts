import { describe, expect, jest, test } from '@jest/globals'
import { onConnectionStatus } from '../../../src/nats/client/connectionStatus.ts'
import { kinds, log, within, withServer } from '../clients.ts'

const bench = withServer()

describe.each(kinds)('with $name', kind => {
  test('listeners receive disconnects, reconnects and the end; removed listeners do not', async () => {
    const link = await bench.link()
    const nc = await bench.connect(kind, { servers: link.url })
    const heard = log<string>()
    const listener = (name: string) => ({
      onDisconnected: () => heard.add(`${name} gone`),
      onReconnected: () => heard.add(`${name} back`),
      onClosed: () => heard.add(`${name} closed`),
    })
    onConnectionStatus(nc, listener('a'))
    onConnectionStatus(nc, listener('b'))
    onConnectionStatus(nc, listener('c'))()
    link.cut()
    await heard.until('both are back', h => h.length === 4)
    await nc.close()
    await heard.until('both are closed', h => h.length === 6)
    expect(heard.seen).toEqual(['a gone', 'b gone', 'a back', 'b back', 'a closed', 'b closed'])
  })

  test('many listeners share one reader of status()', async () => {
    const nc = await bench.connect(kind)
    const status = jest.spyOn(nc, 'status')
    const quiet = { onDisconnected: () => undefined, onReconnected: () => undefined, onClosed: () => undefined }
    for (let i = 0; i < 100; i++) onConnectionStatus(nc, quiet)()
    onConnectionStatus(nc, quiet)
    expect(status).toHaveBeenCalledTimes(1)
  })

  test('a listener that removes itself does not affect the others', async () => {
    const nc = await bench.connect(kind)
    const heard = log<string>()
    const quiet = { onDisconnected: () => undefined, onReconnected: () => undefined }
    const leave = onConnectionStatus(nc, {
      ...quiet,
      onClosed: () => {
        leave()
        heard.add('a')
      },
    })
    onConnectionStatus(nc, { ...quiet, onClosed: () => heard.add('b') })
    await within('close', nc.close())
    expect(await heard.until('both', h => h.length === 2)).toEqual(['a', 'b'])
  })
})
