// The inputs of subjects.json. The reference adds what each one means.
import type { Addressing } from '../reference/subjects.ts'
import { isInbox, isSubject, parseData, parseHeartbeat, subscribeTo } from '../reference/subjects.ts'

type Rules = ReadonlyArray<string>
type Row = readonly [rules: Rules, addressing: Addressing, subject: string]

const epoch = '@k3v9x0a1bz'
const alice = `updates.alice.${epoch}`
const longName = 'n'.repeat(64)

const data: ReadonlyArray<Row> = [
  [['N1', 'S2'], 'single', 'updates.1'],
  [['N1', 'S2'], 'single', 'updates.42'],
  [['N1'], 'single', 'updates.9007199254740991'],
  [['S1'], 'single', 'prices.eur.usd.10'],
  [['S1'], 'single', '$a-b_c!~.@.7.42'],
  [['S6'], 'single', `${epoch}.updates.3`],
  [['S6'], 'single', 'updates.@k3v9x0a1b.3'],
  [['S1'], 'single', `${'s'.repeat(1024)}.1`],
  [['S2', 'S4', 'S5'], 'perSender', `${alice}.42`],
  [['S4'], 'perSender', 'updates.alice.@0000000000.1'],
  [['S5'], 'perSender', `prices.eur.7.${epoch}.9007199254740991`],
  [['S5'], 'perSender', `updates.${longName}.${epoch}.1`],
  [['S5'], 'perSender', `updates.a@.${epoch}.1`],
]

const rejected: ReadonlyArray<readonly [...Row, string]> = [
  [['N1'], 'single', 'updates.0', 'numbers begin at 1'],
  [['N1'], 'single', 'updates.042', 'a leading zero'],
  [['N1'], 'single', 'updates.+1', 'a sign'],
  [['N1'], 'single', 'updates.-1', 'a sign'],
  [['N1'], 'single', 'updates.1e3', 'an exponent'],
  [['N1'], 'single', 'updates.0x1', 'not decimal'],
  [['N1'], 'single', 'updates.1_000', 'a separator'],
  [['N1'], 'single', 'updates.', 'no number'],
  [['N1'], 'single', 'updates', 'no number'],
  [['N1'], 'single', 'updates.hello', 'not a number'],
  [['N1'], 'single', 'updates.٣', 'not an ASCII digit'],
  [['N1'], 'single', 'updates.9007199254740992', 'above 2^53-1'],
  [['N1'], 'single', 'updates.9007199254740993', 'above 2^53-1'],
  [['N1'], 'single', `updates.1${'0'.repeat(30)}`, 'above 2^53-1'],
  [['S1'], 'single', '.1', 'no subject'],
  [['S1'], 'single', '1', 'no subject'],
  [['S1'], 'single', 'a..b.1', 'an empty token'],
  [['S1'], 'single', 'a b.1', 'white space'],
  [['S1'], 'single', 'a\t.1', 'white space'],
  [['S1'], 'single', 'a.*.1', 'a wildcard'],
  [['S1'], 'single', 'a>.1', 'a wildcard'],
  [['S1'], 'single', 'ä.1', 'not ASCII'],
  [['S1'], 'single', 'a\u007f.1', 'not printable'],
  [['S1'], 'single', `${'s'.repeat(1025)}.1`, 'longer than 1024 bytes'],
  [['S6', 'S2'], 'single', `${alice}.42`, 'of the other addressing'],
  [['S6'], 'single', `${epoch}.1`, 'ends in an epoch'],
  [['S2'], 'perSender', 'updates.42', 'of the other addressing'],
  [['S2'], 'perSender', `updates.${epoch}.42`, 'no sender'],
  [['S2'], 'perSender', `alice.${epoch}.42`, 'no subject'],
  [['S4'], 'perSender', 'updates.alice.@K3V9X0A1BZ.1', 'an epoch with capital letters'],
  [['S4'], 'perSender', 'updates.alice.@k3v9x0a1b.1', 'an epoch of 9 characters'],
  [['S4'], 'perSender', 'updates.alice.@k3v9x0a1bzz.1', 'an epoch of 11 characters'],
  [['S5'], 'perSender', `updates.@alice.${epoch}.1`, 'a sender that begins with @'],
  [['S5'], 'perSender', `updates.${longName}n.${epoch}.1`, 'a sender of 65 bytes'],
  [['N1'], 'perSender', `${alice}.042`, 'a leading zero'],
]

const heartbeats: ReadonlyArray<Row> = [
  [['N2', 'HB1'], 'single', '_SEQ.HB.updates.0'],
  [['HB1'], 'single', '_SEQ.HB.updates.42'],
  [['N2', 'HB1'], 'perSender', `_SEQ.HB.${alice}.0`],
  [['HB1'], 'perSender', `_SEQ.HB.${alice}.42`],
]

const filters: ReadonlyArray<Row> = [
  [['S7'], 'single', 'updates'],
  [['S7'], 'perSender', 'updates'],
  [['S7'], 'single', 'prices.*'],
  [['S7'], 'single', 'prices.>'],
  [['S7'], 'perSender', 'prices.>'],
  [['S7'], 'single', '>'],
  [['S7'], 'perSender', '>'],
]

const inboxes: ReadonlyArray<readonly [prefixes: ReadonlyArray<string>, reply: string]> = [
  [[], '_INBOX.abc.1'],
  [[], '_INBOX_alice.abc.1'],
  [[], '_INBOX-alice.abc'],
  [[], '_INBOX'],
  [[], '_INBOXES.abc'],
  [[], 'x._INBOX.abc'],
  [[], 'updates.6'],
  [[], '$JS.API.STREAM.DELETE.NEWS'],
  [[], '_SEQ.HB.other.9'],
  [[], 'private.abc.1'],
  [['private'], 'private.abc.1'],
  [['private'], 'private'],
  [['private'], 'privately.abc'],
  [['my.own'], 'my.own.abc'],
  [['my.own'], 'my.other'],
  [[], '_R_.aBcDeF.gHiJkL'],
  [[], '_R_'],
  [[], '_GR_.cluster.server._INBOX.abc.1'],
  [[], '_GR_.cluster.server.updates.6'],
  [[], '$GR.cluster._INBOX.abc.1'],
  [[], '$GR.cluster.updates.6'],
  [[], '_INBOX.a..b'],
  [[], '_INBOX.*'],
  [[], '_INBOX.>'],
  [[], '_INBOX.a b'],
]

const senderSubjects: ReadonlyArray<string> = [
  ...['updates', 'a.b.c', 's'.repeat(1024), '$x', 'a b', 'a..b', '.a', 'a.', '', 'a.*', '>', 'ä', 'a\r\nb'],
  's'.repeat(1025),
]

const expected = <A>(what: string, a: A | undefined): A => {
  if (a === undefined) throw new Error(`the reference refuses ${what}`)
  return a
}

export const subjects = () => ({
  data: data.map(([rules, addressing, subject]) => ({
    rules,
    addressing,
    data: subject,
    ...expected(subject, parseData(addressing, subject)),
  })),
  rejected: rejected.map(([rules, addressing, subject, why]) => {
    if (parseData(addressing, subject) !== undefined) throw new Error(`the reference accepts ${subject}`)
    return { rules, addressing, data: subject, why }
  }),
  heartbeats: heartbeats.map(([rules, addressing, subject]) => ({
    rules,
    addressing,
    heartbeat: subject,
    ...expected(subject, parseHeartbeat(addressing, subject)),
  })),
  filters: filters.map(([rules, addressing, filter]) => ({
    rules,
    addressing,
    filter,
    subscribe: subscribeTo(addressing, filter),
  })),
  senderSubjects: senderSubjects.map(subject => ({ rules: ['S1'], subject, accepted: isSubject(subject) })),
  inboxes: inboxes.map(([prefixes, reply]) => ({
    rules: ['IN1'],
    prefixes,
    reply,
    answered: isInbox(prefixes, reply),
  })),
})
