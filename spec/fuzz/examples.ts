// Real traffic of senders, receivers, streams and stores, as the protocol describes it.
const epoch = '@k3v9x0a1bz'
const head = `{"v":1,"epoch":"${epoch}","start":1,"first":17,"head":42,"age":60000,"after":50,"max":5000,"state":"live"}`

export const numbers = ['1', '42', '9007199254740991', '9007199254740992', '042', '0', '-1', '+1', '1e3', '0x1', '']

export const epochs = [epoch, '@0000000000', '@k3v9x0a1b', '@k3v9x0a1bzz', 'k3v9x0a1bz', '@K3V9X0A1BZ']

export const subjects = [
  ...[
    'updates',
    'updates.42',
    'prices.eur.7',
    'updates.*',
    'prices.>',
    '>',
    '*',
    'a..b',
    'a b',
    'a.*b',
    '42.@k3v9x0a1bz',
  ],
  ...[
    `updates.alice.${epoch}`,
    `updates.alice.${epoch}.42`,
    `updates.@alice.${epoch}.42`,
    `updates.${epoch}`,
    'updates.-7.a.b',
  ],
]

export const controlSubjects = [
  ...['_SEQ.HB.updates.42', '_SEQ.HB.updates.0', '_SEQ.HEAD', '_SEQ.HEAD.updates', '_SEQ.REPLAY.updates.17', '_SEQ'],
  ...[`_SEQ.HB.updates.alice.${epoch}.42`, `_SEQ.REPLAY.updates.alice.${epoch}.17`, `_SEQ.HEAD.updates.alice.${epoch}`],
]

export const replies = [
  ...[
    '_INBOX.QYM4WBFAKXUW7O1M7NYZGA.1',
    '_INBOX_alice.1',
    '_INBOX-bob',
    '_INBOXX.1',
    'private.inbox.7',
    '_R_.abcdef.ghijkl',
  ],
  ...['_GR_.cluster.server._INBOX.a', '$GR.cluster._INBOX.a', '_GR_.a.b._GR_.c.d._INBOX.e', 'updates.6'],
]

export const heads = [
  head,
  head.replace('60000', '-0'),
  head.replace('"start":1,"first":17,"head":42', '"start":1,"first":1,"head":-0'),
  `{"v":1,"epoch":"${epoch}","start":1,"first":1,"head":0,"after":50,"max":5000,"state":"ended"}`,
  `{"v":1,"epoch":"${epoch}","start":9007199254740991,"first":9007199254740992,"head":9007199254740991,"age":0.5,"after":0,"max":1e300,"state":"live","prev":"@0000000000","x":[{}]}`,
]

export const positions = [
  '{"v":1,"positions":[{"origin":"updates","number":-0}]}',
  '{"v":1,"positions":[]}',
  '{"v":1,"positions":[{"origin":"updates","number":41}]}',
  `{"v":1,"positions":[{"origin":"updates","epoch":"${epoch}","number":0,"ended":true},{"origin":"a.b.${epoch}","number":7}]}`,
]

export const replayRequests = [
  ...[
    '',
    '{"last":57}',
    `{"last":57,"epoch":"${epoch}","asker":"1x2y3z","bundle":true}`,
    '{}',
    '{"last":16}',
    '[]',
    '57',
  ],
  ...['{"asker":"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"}'],
]

export const claims = [`{"v":1,"last":100000,"by":"${epoch}"}`, `{"v":1,"last":0,"by":"${epoch}","x":1}`]

const answer = (status: string, fields: string, body = ''): string => `NATS/1.0${status}\r\n${fields}\r\n${body}`
const own = `Nats-Subject: updates.17\r\nSeq-Epoch: ${epoch}\r\n`
const stored =
  'Nats-Stream: UPDATES\r\nNats-Subject: updates.17\r\nNats-Sequence: 20\r\nNats-Time-Stamp: 2026-01-01T00:00:00Z\r\n'

/** What bundles contain: sizes and payloads. */
export const bundles = ['\0\0\0\x05hello\0\0\0\x02hi', '\0\0\0\0', '', '\0\0\0\x01a'].map(s => Buffer.from(s, 'latin1'))

/** Answers of senders and of streams, and live messages. */
export const answers = [
  answer('', own, 'payload'),
  answer('', `${own}Seq-Reply: orders.1\r\n`, 'payload'),
  answer('', `Content-Type: a\r\nNats-Subject: mine\r\n${own}Seq-Reply: \r\n`, 'payload'),
  answer('', `${own}Seq-Part: 1/1\r\nSeq-Headers: 18\r\n`, 'NATS/1.0\r\na: b\r\n\r\npayload'),
  answer('', `${own}Seq-Part: 1/2\r\nSeq-Headers: 0\r\n`, 'pay'),
  answer('', `${own}Seq-Part: 2/2\r\nSeq-Headers: 0\r\n`, 'load'),
  answer('', `${own}Seq-Bundle: 2\r\n`, '\0\0\0\x05hello\0\0\0\x02hi'),
  answer(' 204 EOB', own),
  answer(' 404 Not Sent Yet', `${own}Seq-Last: 20\r\n`),
  answer(' 410 Gone', `${own}Seq-Last: 20\r\n`),
  answer(' 410 Too Large', `${own}Seq-Last: 17\r\n`),
  answer(' 400 the body must be empty', ''),
  answer(' 503', ''),
  answer(' 404 Message Not Found', ''),
  answer(' 408 Bad Request', ''),
  answer('', stored, 'payload'),
  answer('', `a: b\r\n${stored}Nats-Num-Pending: 3\r\nNats-Last-Sequence: 20\r\n`, 'payload'),
  answer('', 'Nats-Subject: updates.42\r\n', head),
  answer('', `Nats-Subject: updates.alice.${epoch}.42\r\n`, head),
  answer('', 'My Key: v\r\n', 'payload'),
  'payload',
]
