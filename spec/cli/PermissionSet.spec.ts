import { describe, expect, it } from '@jest/globals'
import type { Rules } from '../../src/cli/PermissionSet.ts'
import { missing } from '../../src/cli/PermissionSet.ts'

describe('permissions that a server reports', () => {
  it.each<[string, Rules | undefined, ReadonlyArray<string>]>([
    ['no limits', undefined, []],
    ['an empty list, which allows everything', { allow: [] }, []],
    ['exactly the rule', { allow: ['updates.*', '_SEQ.HB.updates.*'] }, []],
    ['a wider rule', { allow: ['>'] }, []],
    ['a rule of a queue group', { allow: ['updates.* workers', '_SEQ.>'] }, []],
    ['one rule too few', { allow: ['updates.*'] }, ['_SEQ.HB.updates.*']],
    ['a narrower rule', { allow: ['updates.1', '_SEQ.>'] }, ['updates.*']],
    ['a denial of a part', { allow: ['>'], deny: ['updates.9'] }, ['updates.*']],
    ['only a denial', { deny: ['_SEQ.>'] }, ['_SEQ.HB.updates.*']],
    ['a denial of something else', { deny: ['orders.>'] }, []],
  ])('with %s', (_, rules, lacking) => {
    expect(missing(rules, ['updates.*', '_SEQ.HB.updates.*'])).toEqual(lacking)
  })
})
