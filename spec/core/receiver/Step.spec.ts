import { describe, expect, it } from '@jest/globals'
import type { Step } from '../../../src/core/receiver/Step.ts'
import { requestHead, requestReplay, requestStored } from '../../../src/core/receiver/Step.ts'
import { defaults } from '../../../src/core/receiver/settings.ts'
import { run, single } from './receiverHarness.ts'

describe('a request', () => {
  it('has the next id, which its answers carry, whatever it requests', () => {
    const step: Step<string> = {
      now: 0,
      age: 0,
      settings: { ...defaults, retain: data => data },
      out: [],
      messages: 0,
      bytes: 0,
      unprocessedMessages: 0,
      unprocessedBytes: 0,
      heldMessages: 0,
      heldBytes: 0,
      otherGaps: 0,
      siblingGaps: 0,
      epoch: run(1),
      lastRequestId: 7,
      waitsForRoom: false,
      duplicates: 0,
      overflowed: 0,
      unreported: 0,
    }
    const origin = single()
    const ids = [
      requestStored(step, origin, 1, 9),
      requestHead(step, origin.name),
      requestReplay(step, origin, true, 1, 9, 0),
      requestStored(step, undefined, 1, 9),
    ]
    expect(ids).toEqual([8, 9, 10, 11])
    expect(step.out.map(o => 'id' in o && o.id)).toEqual(ids)
  })
})
