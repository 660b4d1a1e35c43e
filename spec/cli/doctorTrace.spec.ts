import { describe, expect, it } from '@jest/globals'
import { explainTrace } from '../../src/cli/doctorTrace.ts'

const server = { name: 'n1' }

describe('a message trace', () => {
  it('names the server that drops a message, and its reason', () => {
    const events = [
      { type: 'in', kind: 0, name: 'app', acc: 'A' },
      { type: 'eg', kind: 4, name: 'leaf', error: 'Permissions Violation' },
    ]
    expect(explainTrace('updates.doctor', [{ server, events }])).toMatchObject([
      {
        status: 'failed',
        found: 'updates.doctor at server n1: dropped on its way to leaf node leaf: Permissions Violation.',
      },
    ])
  })

  it('says that nobody subscribes, and who does', () => {
    const nobody = { server, events: [{ type: 'in', kind: 0 }] }
    const somebody = { server, events: [{ type: 'eg', kind: 0, name: 'r', sub: 'updates.*' }] }
    expect(explainTrace('updates.doctor', [nobody, somebody])).toMatchObject([
      { status: 'warning', found: 'updates.doctor at server n1: nobody subscribes here.' },
      { status: 'ok', found: 'updates.doctor at server n1: sent to client r (updates.*).' },
    ])
  })

  it('says that no trace has arrived', () => {
    expect(explainTrace('updates.doctor', [])).toMatchObject([{ status: 'unknown' }])
  })
})
