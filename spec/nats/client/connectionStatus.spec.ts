import { describe, expect, jest, test } from '@jest/globals'
import { listen } from '../../../src/nats/client/connectionStatus.ts'
import { kinds, log, within, withServer } from '../clients.ts'

const bench = withServer()

describe.each(kinds)('with $name', kind => {
  test('those who listen to a connection hear it go, come back and end; those who have left do not', async () => {
    const link = await bench.link()
    const nc = await bench.connect(kind, { servers: link.url })
    const heard = log<string>()
    const listener = (name: string) => ({
      disconnected: () => heard.add(`${name} gone`),
      reconnected: () => heard.add(`${name} back`),
      closed: () => heard.add(`${name} closed`),
    })
    listen(nc, listener('a'))
    listen(nc, listener('b'))
    listen(nc, listener('c'))()
    link.cut()
    await heard.until('both are back', h => h.length === 4)
    await nc.close()
    await heard.until('both are closed', h => h.length === 6)
    expect(heard.seen).toEqual(['a gone', 'b gone', 'a back', 'b back', 'a closed', 'b closed'])
  })

  test('however many listen, the status of a connection is read once', async () => {
    const nc = await bench.connect(kind)
    const status = jest.spyOn(nc, 'status')
    const quiet = { disconnected: () => undefined, reconnected: () => undefined, closed: () => undefined }
    for (let i = 0; i < 100; i++) listen(nc, quiet)()
    listen(nc, quiet)
    expect(status).toHaveBeenCalledTimes(1)
  })

  test('one who leaves while being told does not keep the others from hearing', async () => {
    const nc = await bench.connect(kind)
    const heard = log<string>()
    const quiet = { disconnected: () => undefined, reconnected: () => undefined }
    const leave = listen(nc, {
      ...quiet,
      closed: () => {
        leave()
        heard.add('a')
      },
    })
    listen(nc, { ...quiet, closed: () => heard.add('b') })
    await within('close', nc.close())
    expect(await heard.until('both', h => h.length === 2)).toEqual(['a', 'b'])
  })
})
