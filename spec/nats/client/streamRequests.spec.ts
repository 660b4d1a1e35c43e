// Requests to a stream end with the receiver that sends them.
import { expect, test } from '@jest/globals'
import { createStreamRequests } from '../../../src/nats/client/streamRequests.ts'

test('after the end, pending requests are rejected, and later ones are not sent', async () => {
  const sent: Array<string> = []
  const requests = createStreamRequests({ publish: subject => sent.push(subject) }, 'me', 60_000)
  const pending = requests.send('first', {})
  requests.close()
  await expect(pending).rejects.toThrow('first')
  await expect(requests.send('second', {})).rejects.toThrow('second')
  expect(sent).toEqual(['first'])
})
