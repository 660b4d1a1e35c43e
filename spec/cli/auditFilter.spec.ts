import { describe, expect, it } from '@jest/globals'
import * as E from 'fp-ts/lib/Either.js'
import * as AuditFilter from '../../src/cli/auditFilter.ts'
import type { Addressing } from '../../src/core/protocol/Origin.ts'

describe('the filter of an audit', () => {
  it.each<[Addressing, string, ReadonlyArray<string>]>([
    ['single', 'updates.*', ['updates']],
    ['single', 'updates', ['updates']],
    ['single', 'prices.*.*', ['prices.*']],
    ['single', 'updates.>', ['updates', 'updates.>']],
    ['perSender', 'updates.*.*.*', ['updates']],
    ['perSender', 'updates', ['updates']],
    ['perSender', 'prices.*.*.*.*', ['prices.*']],
  ])('in %s, %s follows %j', (addressing, filter, subjects) => {
    expect(AuditFilter.parse(addressing)(filter)).toEqual(E.right(subjects))
  })

  it.each([
    ['>', 'TooWide'],
    ['*', 'TooWide'],
    ['*.*', 'TooWide'],
    ['*.>', 'TooWide'],
    ['', 'TooWide'],
    ['a b.*', 'BadSubject'],
    ['a..*', 'BadSubject'],
  ])('refuses %j: %s', (filter, tag) => {
    expect(AuditFilter.parse('single')(filter)).toMatchObject({ left: { _tag: tag } })
  })
})
