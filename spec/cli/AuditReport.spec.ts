import { describe, expect, it } from '@jest/globals'
import type { Thresholds } from '../../src/cli/AuditReport.ts'
import * as Report from '../../src/cli/AuditReport.ts'
import type { AuditRow } from '../../src/cli/AuditRow.ts'
import * as Row from '../../src/cli/AuditRow.ts'
import * as formats from '../../src/cli/auditFormats.ts'

const report = (...rows: ReadonlyArray<Partial<AuditRow>>): Report.AuditReport =>
  Report.create(
    rows.map((row, i) => ({ ...Row.create(`updates.${i}`), ...row })),
    { start: 0, now: 60_000, unsequenced: 0 },
  )

const lenient: Thresholds = { maxLost: 0, maxGaps: undefined, maxSilence: undefined, minMessages: 0 }

describe('an audit', () => {
  it.each<[string, Report.AuditReport, Partial<Thresholds>, ReadonlyArray<string>]>([
    ['one lost message', report({ lost: 1 }), {}, ['1 message lost, 0 allowed (--max-lost).']],
    ['an allowed loss', report({ lost: 1 }, { lost: 2 }), { maxLost: 3 }, []],
    ['gaps that were recovered', report({ gaps: 9, recovered: 9 }), {}, []],
    ['too many gaps', report({ gaps: 2 }), { maxGaps: 1 }, ['2 gaps, 1 allowed (--max-gaps).']],
    [
      'a long silence',
      report({ silentSince: 40_000 }),
      { maxSilence: 19_999 },
      ['A sender was silent for 20.0s, 19s999ms allowed (--max-silence).'],
    ],
    ['a silence that has ended', report({ longestSilence: 500 }), { maxSilence: 500 }, []],
    [
      'too few messages',
      report({ messages: 9 }),
      { minMessages: 10 },
      ['9 messages received, at least 10 expected (--min-messages).'],
    ],
    [
      'nothing at all',
      report(),
      {},
      ['No numbered message and no heartbeat was heard: check the subject and the permissions.'],
    ],
  ])('judges %s', (_, found, thresholds, sentences) => {
    expect(Report.failures({ ...lenient, ...thresholds }, found)).toEqual(sentences)
  })

  it.each<[string, Report.AuditReport, string, number]>([
    ['a clean feed', report({ messages: 5 }), 'SEQUENCED OK', 0],
    ['a recovered gap', report({ gaps: 1, recovered: 1 }), 'SEQUENCED WARNING', 1],
    ['a silent sender', report({ silentSince: 1 }), 'SEQUENCED WARNING', 1],
    ['a loss', report({ gaps: 1, lost: 1 }), 'SEQUENCED CRITICAL', 2],
    ['nothing', report(), 'SEQUENCED UNKNOWN', 3],
  ])('tells Nagios of %s', (_, found, start, code) => {
    const result = formats.nagios(found, lenient)
    expect(result.line).toMatch(new RegExp(`^${start} - [^|\\n]+ \\| messages=\\d+`))
    expect(result.code).toBe(code)
  })

  it('escapes names for Prometheus, and leaves out an age that is not known', () => {
    const text = formats.prometheus(report({ origin: 'a"b\\c', messages: 3 }))
    expect(text).toContain('nats_sequenced_audit_messages_total{origin="a\\"b\\\\c"} 3\n')
    expect(text).not.toMatch(/^nats_sequenced_audit_heartbeat_age_seconds\{/m)
    for (const line of text.split('\n'))
      expect(line).toMatch(/^# (HELP|TYPE) \w+ .+$|^\w+\{origin="(?:[^"\\\n]|\\.)*"\} [\d.]+$/)
  })

  it('shows the rows with losses and gaps first if a terminal is too small', () => {
    const { rows } = report({ messages: 9 }, { lost: 1 }, { gaps: 1 }, { messages: 5 })
    expect(formats.worstFirst(rows, 3).map(row => row.origin)).toEqual(['updates.1', 'updates.2', 'updates.0'])
    expect(formats.worstFirst(rows, 4)).toEqual(rows)
  })
})
