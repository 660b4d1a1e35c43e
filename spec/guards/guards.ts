// Every guard of the three machines: what keeps a promise when something goes wrong. Each is named with its text in the source
// and what that becomes without it; `npm run -s guards` takes each out in turn, and some seed of the simulator must fail.

export interface Guard {
  readonly name: string
  /** Below src/core. */
  readonly file: string
  /** The text with the guard, which the file has exactly once, and the same without it. */
  readonly without: readonly [from: string, to: string]
  /** What goes wrong without it. */
  readonly why: string
}

/** The source without the guard. */
export const withoutGuard = ({ name, file, without: [from, to] }: Guard, source: string): string => {
  const parts = source.split(from)
  if (parts.length !== 2)
    throw new Error(`${file} has the text of the guard "${name}" ${parts.length - 1} times, not once`)
  return parts.join(to)
}

const guardsOf =
  (file: string) =>
  (name: string, from: string, to: string, why: string): Guard => ({ name, file, without: [from, to], why })

const arrivals = guardsOf('receiver/onMessage.ts')
const heads = guardsOf('receiver/onHead.ts')
const doubts = guardsOf('receiver/Probe.ts')
const waits = guardsOf('receiver/onTick.ts')
const tracks = guardsOf('receiver/OriginState.ts')
const receptions = guardsOf('receiver/reorder.ts')
const ledgers = guardsOf('receiver/ReorderBuffer.ts')
const recoveries = guardsOf('receiver/gapRequests.ts')
const replies = guardsOf('receiver/onReplay.ts')
const circumstances = guardsOf('receiver/onReconnect.ts')
const rosters = guardsOf('receiver/originTable.ts')
const receivers = guardsOf('receiver/Receiver.ts')
const turns = guardsOf('receiver/Step.ts')
const shortcuts = guardsOf('receiver/fastPath.ts')
const senders = guardsOf('sender/Sender.ts')
const pulses = guardsOf('sender/HeartbeatSchedule.ts')
const watermarks = guardsOf('sender/FlushWatermark.ts')
const histories = guardsOf('sender/History.ts')
const replays = guardsOf('sender/ReplayQueue.ts')

/** What a receiver believes, and when. */
const belief: ReadonlyArray<Guard> = [
  arrivals(
    'a first message waits for a head',
    "if (l === undefined) return suspend(turn, t, 'NewOrigin', a)",
    `if (l === undefined) return followed(turn, t, { next: a.number, highest: a.number - 1, held: undefined, heldBytes: 0, missing: undefined, wanted: undefined, forgotten: undefined }, a)`,
    'what was sent before the first message seen is never asked for',
  ),
  arrivals(
    'in doubt messages wait',
    "if (isHeldUp(t)) return suspend(turn, t, 'Away', a)",
    '',
    'messages of a new run are taken for the old one',
  ),
  arrivals(
    'a number below what is settled is a doubt in single',
    "if (isSingle(t)) return suspend(turn, t, 'Rewind', a)",
    '',
    'the messages of a restarted sender are dropped as duplicates',
  ),
  arrivals(
    'a message after a silence is a doubt in single',
    't.silence !== undefined || (t.end',
    '(t.end',
    'a sender that restarted while it was silent is taken for the one before',
  ),
  arrivals(
    'a message after an end is a doubt in single',
    't.silence !== undefined || (t.end !== undefined && a.number > t.end.last)',
    't.silence !== undefined',
    'a sender that restarted after it had closed is taken for the one before',
  ),
  arrivals(
    'a far jump is a doubt',
    "if (a.number > horizon(turn, l, 0)) return suspend(turn, t, 'Jump', a)",
    '',
    'a forged number settles all genuine ones below it',
  ),
  arrivals(
    'a doubt that holds all up replaces one that does not',
    "t.doubt === undefined || (cause !== 'Jump' && !isHeldUp(t))",
    't.doubt === undefined',
    'behind a forged jump a restart is not asked about',
  ),
  arrivals(
    'two numbers confirm each other only where nobody answers',
    "suspended.voice === 'Mute' && suspended.ledger",
    'suspended.ledger',
    'two forged numbers are believed though the sender could be asked',
  ),
  arrivals(
    'a sequence that goes on settles a rewind',
    'const sure = withoutRewind(turn, heard, l.next)',
    'const sure = heard',
    'duplicates of a plain client are kept until they look like a restart',
  ),
  arrivals(
    'an end is undone by what follows it',
    'const goesOn = before.end !== undefined && a.number > before.end.last',
    'const goesOn = false',
    'nobody is promised to be heard after a forged end',
  ),
  arrivals(
    'a sign of life ends a silence',
    "t.voice === 'Mute' ? t : withoutSilence(turn, t)",
    't',
    'a silence is told and never its end',
  ),
  heads(
    'pending numbers that the head refutes are not delivered',
    "if (a.number < head.start || a.number > (isNew ? head.head : horizon(turn, l, head.head)))\n      unsequenced(turn, t, a, 'Refuted')\n    else l",
    'l',
    'a forged number is delivered once the head has answered',
  ),
  heads(
    'of an unknown origin nothing beyond its head is taken',
    'a.number > (isNew ? head.head : horizon(turn, l, head.head))',
    'a.number > horizon(turn, l, head.head)',
    'messages of the run before are taken for the first run heard of',
  ),
  heads('a run that has ended stays so', 'const end = before ?? (head', 'const end = (head', 'an end is told twice'),
  heads(
    'a start lies within the run',
    'Math.min(Math.max(n, head.start), head.head + 1)',
    'n',
    'numbers that are not sent yet count as settled, or ones that never were as missing',
  ),
  heads(
    'of a run younger than the receiver nothing is left out',
    'isYounger ? head.start : Math.max(lowest, head.start)',
    'Math.max(lowest, head.start)',
    'the first messages of a new sender are lost silently',
  ),
  heads(
    'a receiver begins at the lowest number that came',
    'M.min(t.doubt?.pending)?.key ?? Number.POSITIVE_INFINITY,\n    t.doubt?.forgotten?.first ?? Number.POSITIVE_INFINITY,\n',
    '',
    'messages that came before the head count as duplicates',
  ),
  heads(
    'a receiver begins at the lowest number that came, kept or not',
    't.doubt?.forgotten?.first ?? Number.POSITIVE_INFINITY,\n',
    '',
    'a message that found no room before the head is never asked for',
  ),
  heads(
    'a saved position without a run must lie within the run',
    'epoch === undefined ? number <= head.head && number >= head.start - 1 : epoch',
    'epoch === undefined ? true : epoch',
    'a run that has not come as far passes for the saved one',
  ),
  heads(
    'a saved position counts in its own run only',
    ': epoch === head.epoch\n',
    ': true\n',
    'the first numbers of a new run are taken for settled',
  ),
  heads(
    'the rest of a saved run that is over is lost',
    '  gone(turn, t, number + 1)\n  const change',
    '  const change',
    'what a run sent after the saved position is lost silently',
  ),
  heads(
    'a position moves to another run only when that was told',
    "deliver(turn, { _tag: 'Restarted', ...t.about, ...change }, 0, head.start - 1)\n  return L.startingAt(head.start)",
    "deliver(turn, { _tag: 'Restarted', ...t.about, ...change }, 0, head.start - 1)\n  return begun(turn, t, head.start)",
    'after a crash nobody is told of the restart',
  ),
  heads(
    'an answer from before the doubt does not settle it',
    ' || asked >= d.asked',
    ' || true',
    'a head from before a restart refutes the new run',
  ),
  heads(
    'an answer from before the first doubt is not the first head',
    ' || (asked !== undefined && asked >= t.doubt.asked)',
    ' || true',
    'a late heartbeat of a run that is over is taken for that of pending messages',
  ),
  heads(
    'a start that was forged is taken back',
    'if (proves) return',
    'if (false as boolean) return',
    'what comes below a forged start counts as a duplicate',
  ),
  heads(
    'a heartbeat below the start is asked about',
    "doubt: same.doubt ?? raised(turn, same, 'Jump')",
    'doubt: same.doubt',
    'a start that was forged is never found out',
  ),
  heads(
    'a heartbeat far ahead is a doubt',
    'if (isFar) return',
    'if (false as boolean) return',
    'a forged head makes false gaps up to 2^53',
  ),
  heads(
    'a heartbeat notices nothing while all is in doubt',
    'if (isHeldUp(vouchedFor)) return vouchedFor',
    '',
    'a late head of the old run makes gaps in doubt',
  ),
  heads(
    'a voice that is found is asked',
    "const found = t.voice === 'Mute' && t.doubt !== undefined",
    'const found = false as boolean',
    'what only the next number could settle waits on though the sender can be asked',
  ),
  heads(
    'what is open of a run that is over is settled',
    "settleAll(turn, t.about, old, 'gone')",
    '',
    'gaps of the old run vanish silently',
  ),
  heads(
    'runs that were left are remembered',
    'left: leaving(turn, t, t.epoch)',
    'left: t.left',
    'a run is entered again after it was left',
  ),
  heads(
    'the run of an earlier life is left, too',
    'before === head.epoch ? t.left : leaving(turn, t, before)',
    't.left',
    'a run that was left by what was saved is entered again, and asked about at each heartbeat',
  ),
  heads('runs that were left are forgotten beyond 64', '.slice(-maxLeft)', '', 'forged restarts fill the memory'),
  heads(
    'of what is pending only what the new head covers is of the new run',
    'a.number >= head.start && a.number <= head.head',
    'true',
    'messages of the old run are delivered as of the new',
  ),
  heads(
    'what came around a restart and is of neither run is not delivered',
    "if (a.number > l.highest) unsequenced(turn, t, a, 'BetweenRuns')\n      else old",
    'old',
    'a message that neither run vouches for opens a gap in the old one',
  ),
  heads(
    'a conflict with a run that was left is told once',
    'left.told || (',
    '(',
    'each answer of a rival is a conflict',
  ),
  heads(
    'a run that was left is asked about once a grace',
    'asked === undefined ? turn.now < left.inquireAt : asked <= left.asked',
    'asked === undefined ? false : asked <= left.asked',
    'each heartbeat of a rival sets off a request',
  ),
  heads(
    'an answer from before a run was left proves nothing',
    ' : asked <= left.asked)',
    ' : false)',
    'a late answer of the old run is told as a conflict',
  ),
  heads(
    'a rival that is known raises no doubt',
    'if (t.rival?.told && t.rival.epoch === head.epoch && waits)',
    'if (false as boolean)',
    'two senders of one subject are asked at each heartbeat, and followed in turn',
  ),
  heads(
    'of a rival that is heard when the own run is over it is asked',
    'asked === undefined ? !isOver || t.doubt !== undefined :',
    'asked === undefined ? true :',
    'a rival that was asked in vain once is never followed',
  ),
  heads(
    'what a rival says since it has answered is noted',
    'return head.head >= least &&',
    'return (false as boolean) &&',
    'what came of it meanwhile is taken for part of the run before',
  ),
  heads(
    'a rival takes over at once where the own run has ended',
    ': t.end === undefined || !answers\n',
    ': true\n',
    'a third sender is followed instead, and what comes of the second leads to and fro between them',
  ),
  heads(
    'an answer that a run is entered for counts as its own',
    'return { ...entered(turn, t, l, head), answered: asked }',
    'return entered(turn, t, l, head)',
    'that another has answered as well is not told, and it may be entered next',
  ),
  heads(
    'two answers to one request are a conflict',
    'if (asked === t.answered) {',
    'if (false as boolean) {',
    'a receiver goes to and fro between two senders of one subject',
  ),
  heads(
    'a conflict with a third run is the same',
    'if (t.rival?.told) return t\n',
    '',
    'a conflict is told again and again',
  ),
  heads(
    'a new run is entered when the consumer keeps up',
    'if (answers && keepsUp(turn)) return {',
    'if (answers) return {',
    'what is settled and told finds no room',
  ),
  heads(
    'a new epoch is a doubt',
    "return { ...claimed(t, head, asked), doubt: { ...doubt, asked: Math.min(doubt.asked, late) }, voice: 'Heard' }",
    'return entered(turn, t, l, head)',
    'a late or forged heartbeat of another run ends the run that is alive',
  ),
  heads(
    'a run that was guessed to be over may come back',
    '&& !isAgain && (asked ?? 0) <= left.asked',
    '&& !isAgain',
    'a wrong guess is never mended',
  ),
  heads(
    'a run that was guessed to be over, and can not be asked, may come back',
    'left !== undefined && !isAgain &&',
    'left !== undefined &&',
    'a wrong guess about a sender that answers nothing is never mended',
  ),
  heads(
    'only a question in vain lets a heartbeat bring back a run',
    'turn.now >= left.inquireAt && isSaidAgain',
    'isSaidAgain',
    'late heartbeats of a run that is over name the next',
  ),
  heads(
    'a run that was left is asked about less and less',
    'wait: left.wait * 2',
    'wait: left.wait',
    'a sender that answers nothing is asked for ever',
  ),
  heads(
    'what came, and was forgotten in doubt, is lost with the old run',
    "old = noticed(turn, t.about, old, forgottenOfOld(turn, t, l, head), 'Data')",
    '',
    'what came around a restart and found no room vanishes silently',
  ),
  heads(
    'what is forgotten and far is not believed',
    ' && n <= horizon(turn, l, 0)',
    '',
    'a forged number makes all up to it missing',
  ),
  heads(
    'a farewell counts, though the answer to a doubt is older',
    'Math.max(head.head, t.end?.last ?? 0)',
    'head.head',
    'the tail before a farewell is never spoken of',
  ),
  heads(
    'a sender that goes on after its farewell has not ended',
    'const before = goesOn ? undefined : t.end',
    'const before = t.end',
    'after a forged end what comes is handed over as if it had ended',
  ),
  heads(
    'a run without a name takes that of a head which fits',
    'return isSaved && head.start <= lowest && head.head >= l.next - 1',
    'return isSaved',
    'the head of another run is taken for that of the guessed one',
  ),
  heads(
    'a run without a name that goes on from a saved position takes the name of the saved one only',
    'return isSaved && head.start',
    'return head.start',
    'a new run passes for the saved one, and its first numbers are never missed',
  ),
  heads(
    'a saved position is forgotten with its run',
    '    saved: undefined,\n',
    '',
    'a run that was guessed after the saved one never gets its name',
  ),
  heads(
    'a run that is over does not name the guessed one',
    't.epoch === undefined && !isOver &&',
    't.epoch === undefined &&',
    'a late heartbeat of the old run names the new one',
  ),
  heads(
    'nobody there: what was asked before the doubt is no answer',
    'if (d === undefined || asked < d.asked) return t',
    'if (d === undefined) return t',
    'a doubt is given up for an answer to an older request',
  ),
  heads(
    'nobody there: it is asked once more',
    'const isSure = d.tries >= turn.settings.tries',
    'const isSure = true as boolean',
    'a sender that is just on its way back counts as mute',
  ),
  heads(
    'of a run followed without a name only what is missing may lie below its start',
    'l.next === told ? (L.frontMissing(l)?.last ?? l.next - 1) + 1 : l.next',
    'l.next',
    'a run that was followed from a number below its start is taken for another, and told as a restart',
  ),
  heads(
    'what is said again has been said by the same run',
    't.claim?.epoch === head.epoch &&\n',
    't.claim !== undefined &&\n',
    'two heartbeats of two runs confirm each other',
  ),
  heads(
    'what is said again counts only when it was asked about in vain',
    '  (t.doubt === undefined || t.doubt.asked === Number.POSITIVE_INFINITY) &&\n',
    '',
    'two forged heads in a row are believed though the sender could be asked',
  ),
  heads(
    'a heartbeat is said again only if it is a later one',
    '  isLater(t.claim, head) &&\n',
    '',
    'one forged or late heartbeat that comes twice is believed',
  ),
  heads(
    'what is said again lies not below what was said',
    '  head.head >= t.claim.head &&\n',
    '',
    'a heartbeat that contradicts the one before confirms it',
  ),
  heads(
    'what is said again lies not far above what was said',
    ' &&\n  head.head <= t.claim.head + turn.settings.maxJump',
    '',
    'a forged head far ahead is confirmed by one that is right',
  ),
  heads(
    'a run without a name is left for a heartbeat only if nothing has come of it since that was said first',
    't.epoch !== undefined || t.claim?.highest === l.highest',
    'true',
    'an overtaken heartbeat of the own run is taken for one of another, and all of it for missing',
  ),
  heads(
    'an answer that is late is no claim',
    'asked === undefined ? { ...t, claim: { ...head, highest: t.ledger?.highest ?? 0 } } : t',
    '({ ...t, claim: { ...head, highest: t.ledger?.highest ?? 0 } })',
    'a late answer and a late heartbeat are taken for a sender that can not be asked',
  ),
  heads(
    'a claim that is far ahead is remembered',
    'return { ...claimed(vouchedFor, head, asked), doubt: vouchedFor.doubt ??',
    'return { ...vouchedFor, doubt: vouchedFor.doubt ??',
    'of a sender that can be heard and not asked a far tail is never told',
  ),
  heads(
    'what the run says again is a claim no more',
    ', claim: undefined }\n  if (answers)',
    ' }\n  if (answers)',
    'a claim that was refuted is confirmed later',
  ),
  heads(
    'a run that is heard again is doubted only where the one that is followed is over',
    'if (asked === undefined && isOver && isOther',
    'if (asked === undefined && isOther',
    'a receiver goes to and fro between two senders that can not be asked',
  ),
  heads(
    'a sender that can not be asked is believed when it says the same again',
    'if (asked === undefined && isOver && isOther && isSaidAgain(turn, t, head) && keepsUp(turn))',
    'if (false as boolean)',
    'a restart of a sender that can be heard and not asked is never told',
  ),
  heads(
    'of an unknown origin that is heard it is asked once more',
    'if (!isLast) return t',
    'if (!(false as boolean)) return t',
    'messages of a new sender are judged by their numbers though it could be asked',
  ),
  heads(
    'of an unknown origin that is heard it is asked once more only',
    'asked === undefined && t.claim === undefined && t.doubt',
    'asked === undefined && t.doubt',
    'each heartbeat of a sender that can not be asked puts off the end of the doubt',
  ),
  heads(
    'an answer to what was asked in vain counts',
    'asked: Math.min(doubt.asked, late)',
    'asked: doubt.asked',
    'where answers take longer than patience a new run is asked about for ever',
  ),
  heads(
    'an answer ends what was asked in vain',
    ', vain: Number.POSITIVE_INFINITY }\n    return',
    ' }\n    return',
    'an answer from before a doubt settles it, since another was once in vain',
  ),
  heads(
    'a rival that waits for room is told when it is entered',
    'head, told: false } }',
    'head, told: true } }',
    'a restart that had to wait for room is never told',
  ),
  heads(
    'while a rival waits for room nothing that is heard names its own run',
    'asked === undefined && t.rival?.told === false',
    'false as boolean',
    'a run that is over is entered in place of the one that is alive, which is never followed again',
  ),
  heads(
    'a rival that waits for room is forgotten when the own run answers',
    'rival: t.rival?.told ? t.rival : undefined',
    'rival: t.rival',
    'a run that is over is entered in place of the one that is alive',
  ),
  heads(
    'a farewell that is in doubt ends nothing',
    "answers || !isFar ? head : { ...head, state: 'live', head: head.start - 1 }",
    'head',
    'a forged farewell far ahead ends a run that is alive',
  ),
  heads(
    'a saved origin that nobody is there for is asked again in its time',
    'isAwaited ? Math.min(d.dueAt, t.saved.until) : turn.now',
    'turn.now',
    'where nobody is there for a saved origin it is asked as fast as that is said, until its deadline',
  ),
  heads(
    'that nobody listens is remembered',
    'return { ...t, doubt: { ...doubt, refused: true } }',
    'return { ...t, doubt }',
    'a restart of a sender that can not be asked is never told',
  ),
  doubts(
    'that nobody listened is true until it is asked again',
    'tries: d.tries + 1, refused: false,',
    'tries: d.tries + 1,',
    'a sender that is back, and cut off, is taken for one that is gone',
  ),
  doubts(
    'what is pending is kept once',
    'if (get(d.pending, a.number) !== undefined) {',
    'if (false as boolean) {',
    'a duplicate in doubt is counted twice as kept',
  ),
  doubts(
    'what is pending stays within bounds',
    'if (!hasRoom(turn, a.bytes)) {',
    'if (false as boolean) {',
    'messages in doubt fill the memory',
  ),
  doubts(
    'what found no room in doubt is remembered',
    'return { ...d, forgotten: { first: Math.min(first, a.number), last: Math.max(last, a.number) } }',
    'return d',
    'a message that found no room is never spoken of',
  ),
  doubts(
    'a doubt is asked about four times at most',
    'if (d.tries >= turn.settings.tries) return undefined',
    '',
    'a sender that is gone is asked for ever',
  ),
  waits(
    'while a run keeps its promise only a head can end it',
    '(t.silence !== undefined && refused)',
    'refused',
    'two late numbers are taken for a restart',
  ),
  waits(
    'of a run with a name only where nobody listens',
    '(t.silence !== undefined && refused)',
    't.silence !== undefined',
    'a sender that is cut off, and sends again what it was not sure of, is taken for a new run',
  ),
  waits(
    'what is asked in vain is remembered',
    'vain: Math.min(t.vain, d.asked)',
    'vain: t.vain',
    'an answer that is just late is taken for one from before the doubt, and the sender for mute',
  ),
  waits(
    'what came in doubt and found no room is missed',
    'const after = forgottenMissed(turn, judged, d)',
    'const after = judged',
    'the last messages of a mute sender are lost silently where there was no room for them',
  ),
  waits(
    'of far numbers that found no room none is missed',
    "forgotten === undefined || cause === 'Jump') return t",
    'forgotten === undefined) return t',
    'a forged number that found no room opens a gap that nobody can fill',
  ),
  waits(
    'what found no room is missed as far as it may be believed',
    'if (forgotten.last > horizon(turn, l, l.highest)) return t\n',
    '',
    'a forged number that found no room opens a gap of up to 2^53',
  ),
  waits(
    'an origin of its own never begins anew',
    'isSingle(t) ? below : []',
    'below',
    'what comes again of a sender with an origin of its own is told as a restart, and handed over twice',
  ),
  waits(
    'what was held back, and comes again, is a duplicate',
    'if (a.number < (after.ledger?.next ?? 0)) turn.duplicates += 1\n    else after',
    'after',
    'what comes again after a hole looks like a restart, and is handed over twice',
  ),
  waits(
    'two numbers in a row make a restart, one does not',
    'back.findIndex((a, i) => back[i + 1]?.number === a.number + 1)',
    'back.length - 1',
    'one late duplicate of a mute sender is taken for a restart',
  ),
  waits(
    'doubts are not settled while the consumer is behind',
    'if (!keepsUp(turn)) {\n    turn.forgot = true\n    return { ...t, doubt: { ...d, dueAt: Number.POSITIVE_INFINITY } }\n  }\n',
    '',
    'what settling a doubt makes it say finds no room',
  ),
  waits(
    'where the own run answers no more its rival takes over',
    'if (t.ledger !== undefined && t.rival?.head !== undefined) return entered(turn, t, t.ledger, t.rival.head)\n',
    '',
    'the rival that remained is never followed',
  ),
  waits(
    'a farewell is all that is known of the tail',
    'return after.end === undefined || after.ledger === undefined\n    ? after',
    'return true\n    ? after',
    'a tail that only the farewell gave away is lost silently',
  ),
  waits(
    'without a head it begins after the saved position',
    't.saved === undefined ? Math.min(seen, from) : t.saved.position.number + 1',
    'Math.min(seen, from)',
    'what lies after a saved position is lost silently where nobody answers',
  ),
  waits(
    'without a head it begins where it was told to',
    't.saved === undefined ? Math.min(seen, from)',
    't.saved === undefined ? seen',
    'what lies after the number asked for is lost silently where nobody answers',
  ),
  waits(
    'a saved origin is waited for until the deadline',
    'if (t.saved !== undefined && turn.now < t.saved.until) {',
    'if (false as boolean) {',
    'a saved origin is called gone while its sender is on its way back',
  ),
  waits(
    'a saved origin that nobody vouches for is told',
    'if (t.saved !== undefined) gone(turn, t, t.saved.position.number + 1)',
    '',
    'what a sender sent before it died is lost silently',
  ),
  waits(
    'what nothing confirms is told',
    "for (const a of D.resume(turn, d)) unsequenced(turn, t, a, 'Unconfirmed')",
    '',
    'a message that nobody can confirm vanishes silently',
  ),
  waits(
    'a promise has its grace',
    'if (p.dueAt + turn.settings.grace <= turn.now) {',
    'if (p.dueAt + turn.settings.grace / 2 <= turn.now) {',
    'a sender is called silent before it was asked',
  ),
  waits(
    'a sender is asked once why it is late',
    'if (p.inquired) return t\n',
    '',
    'a late sender is asked at each tick',
  ),
  waits(
    'where a rival answers a silent run is doubted',
    't.doubt ?? (t.rival === undefined ? undefined : raised(turn, t, ' + "'NewEpoch'))",
    't.doubt',
    'the rival that remained is never followed',
  ),
  waits(
    'a silence is told',
    'return { ...silenced(turn, t, p.max), promise: undefined, doubt }',
    'return { ...t, promise: undefined, doubt }',
    'a tail that nobody vouches for is not spoken of',
  ),
]

const accounts: ReadonlyArray<Guard> = [
  tracks(
    'in doubt nothing is believed but after a jump',
    "t.doubt.cause !== 'Jump' && t.doubt.asked !== Number.POSITIVE_INFINITY",
    'true',
    'a forged jump holds all genuine messages up',
  ),
  tracks(
    'a doubt that nobody can be asked about holds nothing up',
    ' && t.doubt.asked !== Number.POSITIVE_INFINITY',
    '',
    'a late duplicate of a mute sender holds all up',
  ),
  tracks(
    'an end is told when all before it is settled',
    'if (t.ledger.next <= Math.max(t.end.last, t.ledger.highest)) return t',
    '',
    'an end is told over gaps that are open',
  ),
  tracks(
    'an end is told when all that was said to lie behind it is settled',
    'Math.max(t.end.last, t.ledger.highest)',
    't.end.last',
    'an end is told, and something is still missing',
  ),
  tracks(
    'an end is told once',
    't.end === undefined || t.end.told ||',
    't.end === undefined ||',
    'an end is told at each message',
  ),
  tracks('a silence is told once', 'if (t.silence !== undefined) return t\n', '', 'a silence is told again and again'),
  tracks(
    'a silence is told when there is room',
    'const told = hasRoom(turn, 0)',
    'const told = true as boolean',
    'what is told of silence fills the memory',
  ),
  tracks(
    'a run that has ended promises nothing',
    'max === undefined || t.end !== undefined ? undefined',
    'max === undefined ? undefined',
    'a sender that has closed is called silent',
  ),
  tracks(
    'where nobody answers nobody is asked about a jump',
    "const isHopeless = t.voice === 'Mute' && t.ledger !== undefined && cause === 'Jump'",
    'const isHopeless = false as boolean',
    'two numbers in a row of a plain client settle nothing',
  ),
  tracks(
    'what is asked for has somebody to answer, and a known run',
    "(t.voice === 'Heard' || (turn.settings.stored && (t.epoch !== undefined || !isSingle(t)))) &&\n  !isHeldUp(t)",
    '!isHeldUp(t)',
    'what is missing of a sender that nobody can ask is asked again and again',
  ),
  tracks(
    'nothing is asked for while the run is in doubt',
    ' &&\n  !isHeldUp(t)',
    '',
    'what is missing is asked of a run that is over, and counts as refused',
  ),
  tracks(
    'a store can be asked where the sender can not',
    ' || (turn.settings.stored && (t.epoch !== undefined || !isSingle(t)))',
    '',
    'what a store holds of a sender that is gone is called lost',
  ),
  tracks(
    'a store is asked of a run that is known only',
    'turn.settings.stored && (t.epoch !== undefined || !isSingle(t))',
    'turn.settings.stored',
    'messages of another run are fetched from a store',
  ),
  receptions(
    'what is delivered, held or lost is not delivered again',
    'if (!isNew && L.missingAt(before, n) === undefined) {',
    'if (false as boolean) {',
    'duplicates are delivered',
  ),
  receptions(
    'what lies before a message is noticed to be missing',
    "isNew ? noticed(turn, about, before, n - 1, 'Data') : before",
    'before',
    'a gap is skipped silently',
  ),
  receptions(
    'a message must find room',
    'if (!hasRoom(turn, a.bytes)) return forget(turn, about, l, n)',
    '',
    'a slow consumer fills the memory',
  ),
  receptions(
    'what found no room is known to exist',
    'return boundGaps(turn, about, L.extend(l, n, Number.POSITIVE_INFINITY))',
    'return l',
    'the message that found no room is lost silently when it was the last',
  ),
  receptions(
    'newer payloads make way',
    'while (!hasRoom(turn, bytes)) {',
    'while (false as boolean) {',
    'what would let the sequence go on finds no room for ever',
  ),
  receptions(
    'nothing makes way for what would not fit even then',
    'if (!isBlocked && turn.bytes - l.heldBytes + bytes > maxBytes) return l\n',
    '',
    'all that is held is thrown away for a message that never fits',
  ),
  receptions(
    'who can not go on makes way for other origins that hold the room',
    'if (!isBlocked && turn',
    'if (turn',
    'origins that can not go on wait for one another for ever',
  ),
  receptions(
    'only newer payloads make way',
    'if (newest === undefined || newest.key < n) return l',
    'if (newest === undefined) return l',
    'older payloads are thrown away for newer ones, again and again',
  ),
  receptions(
    'a gap is noticed once',
    'if (last <= l.highest) return l\n  if',
    'if',
    'a heartbeat tells gaps that are not there',
  ),
  receptions(
    'a gap is told when there is room',
    'if (!hasRoom(turn, 0)) {\n    turn.forgot = true\n    return boundGaps(turn, about, L.extend(l, last, Number.POSITIVE_INFINITY))\n  }\n',
    '',
    'what is told of gaps fills the memory',
  ),
  receptions(
    'gaps stay within bounds',
    'turn.otherGaps + counted(l) > turn.settings.maxGaps',
    'false',
    'every second message lost fills the memory',
  ),
  receptions(
    'gaps stay within bounds for all origins together',
    'turn.otherGaps + counted',
    'counted',
    'every second message lost of many senders fills the memory',
  ),
  receptions(
    'a gap is open until its deadline',
    'm.deadline <= turn.now ?',
    'true ?',
    'what is on its way is called lost',
  ),
  receptions(
    'what has passed its deadline side by side is lost in one',
    "? 'unresolved' : undefined",
    '? undefined : undefined',
    'one loss is told in as many pieces as it was asked for',
  ),
  receptions(
    'what is refused side by side is lost in one',
    'm.refused ?? (m.deadline',
    '(m.deadline',
    'what nobody has is told piece by piece, or as if nobody had said so',
  ),
  receptions(
    'what was refused and had to wait for its turn is given up then',
    'return boundGaps(turn, about, evict(turn, about, drained))',
    'return boundGaps(turn, about, drained)',
    'what was refused holds all up until the next tick',
  ),
  receptions(
    'what is forgotten at the tail is one gap more',
    'M.size(l.missing) - (M.max(l.missing)?.value.deadline === Number.POSITIVE_INFINITY ? 1 : 0)',
    'M.size(l.missing)',
    'while others have as many gaps as may be, each message without room is told as a loss of its own',
  ),
  receptions(
    'what others have forgotten costs no origin its own tail',
    'counted(l) > 0 && ',
    '',
    'each message without room is told as a loss of its own, as soon as others have a tail to spare',
  ),
  ledgers(
    'the rest of what was too much to ask for has not been asked for',
    'ask !== undefined && ask.upTo >= first',
    'ask !== undefined',
    'what had to wait for room is given up, and was never asked for',
  ),
  receptions(
    'what had to wait for its turn is given its time',
    'if (canAsk && !L.isAsked(front))',
    'if (false as boolean)',
    'what was never asked for is given up',
  ),
  receptions(
    'what waits for room is not looked at',
    'turn.forgot = true\n      return L.postpone(l)',
    'return l',
    'a gap past its deadline sets off one tick after the other',
  ),
  ledgers(
    'what lies on either side of a message stays missing',
    'return replace(replace(without(l, interval.first), below), above)',
    'return replace(without(l, interval.first), below)',
    'the rest of a gap is lost silently when one of it comes',
  ),
  ledgers(
    'what was forgotten counts as missing again',
    'return replace(shorter, { first: n, last, deadline: Infinity })',
    'return shorter',
    'what made way is lost silently',
  ),
  ledgers(
    'what was forgotten is remembered when there is room',
    'for (const { value } of M.entries(l.forgotten)) after = replace(after, { ...value, deadline })\n',
    '',
    'what was forgotten is never asked for again',
  ),
  ledgers(
    'nothing held is handed over before what is missing below it',
    'if (front !== undefined && front.key < oldest.key) return undefined\n',
    '',
    'held messages are delivered out of order',
  ),
  ledgers(
    'what we forget at the tail grows one interval',
    'tail.deadline === deadline && deadline === Infinity',
    'false',
    'each message that finds no room is a gap of its own, and gaps overflow',
  ),
  ledgers(
    'requests from before a disconnect are forgotten',
    'const ask = { since: Infinity, id: 0, upTo: value.ask.upTo, tries: 0, dueAt: -Infinity }',
    'const ask = value.ask',
    'what was asked for before a disconnect waits for the end of its patience',
  ),
]

const recovery: ReadonlyArray<Guard> = [
  recoveries(
    'what was asked for before may still come, be there less room',
    'since === id ? upTo : Math.max(upTo, m.ask?.upTo ?? 0)',
    'upTo',
    'what comes late is thrown away, though it was asked for',
  ),
  recoveries(
    'few gaps are asked for at once',
    'if (gaps === maxAsked) break\n',
    '',
    'a burst of losses is a burst of requests',
  ),
  recoveries(
    'a gap is asked for in pages',
    'm.first + Math.min(page, room - numbers) - 1',
    'm.first + (room - numbers) - 1',
    'a request is for more than is answered',
  ),
  recoveries(
    'no more is asked for than there is room for',
    'm.first + Math.min(page, room - numbers) - 1',
    'm.first + page - 1',
    'what was asked for finds no room, and is asked for again',
  ),
  recoveries(
    'nothing is asked for without room',
    'if (room <= numbers) break\n',
    '',
    'a receiver without room asks on and on',
  ),
  recoveries(
    'the time of a gap begins when it is asked for',
    'L.isAsked(m) ? m.deadline : turn.now + turn.settings.deadline',
    'm.deadline',
    'gaps that had to wait for their turn are given up unasked',
  ),
  recoveries(
    'what is asked for is asked again later only',
    'if (ask === undefined || ask.dueAt <= turn.now) {',
    'if (true as boolean) {',
    'each event asks again for all that is missing',
  ),
  recoveries(
    'patience grows',
    ' * 2 ** Math.min(tries, 4) * jitter',
    ' * 0 * jitter',
    'a request that is not answered is repeated without end',
  ),
  recoveries(
    'an answer to nothing that was asked changes nothing',
    'if (m === undefined) return l\n',
    "if (m === undefined) return receive(turn, about, l, a, 'Recovered')\n",
    'an unasked answer is believed',
  ),
  recoveries(
    'an answer to an earlier request than those for the gap changes nothing',
    'm?.ask !== undefined && asked >= m.ask.since &&',
    'm?.ask !== undefined &&',
    'a message of the run before is delivered as of this one',
  ),
  recoveries(
    'an answer to a later request than those for the gap changes nothing',
    ' && asked <= m.ask.id && n',
    ' && n',
    'an answer that nobody asked for is believed',
  ),
  recoveries(
    'an answer beyond what was asked for changes nothing',
    ' && asked <= m.ask.id && n <= m.ask.upTo',
    ' && asked <= m.ask.id',
    'an answer that nobody asked for is believed',
  ),
  recoveries(
    'where there is progress there is hope',
    'const hope = { deadline: turn.now + turn.settings.deadline, ask',
    'const hope = { ask',
    'a long gap is given up while it is being filled',
  ),
  recoveries(
    'what found no room waits for room',
    'return L.replace(after, { ...known, deadline: Number.POSITIVE_INFINITY })',
    'return L.replace(after, known)',
    'what its sender holds is given up for want of room',
  ),
  recoveries(
    'what can never find room is given up',
    'if (a.bytes <= turn.settings.maxBytes) return',
    'if (true as boolean) return',
    'a message that never fits is asked for without end',
  ),
  recoveries(
    'what follows what can never find room does not make it wait',
    'const rest = a.number === first ? first + 1 : first',
    'const rest = first',
    'a message that never fits is asked for without end, and all behind it',
  ),
  recoveries(
    'the rest of a page is asked for at once only after progress',
    'const isRest = m.first > last && ask.tries === 0',
    'const isRest = m.first > last',
    'two sides set each other off without end',
  ),
  recoveries(
    'an end counts for its own request',
    'm?.ask?.id === asked; m = L.wantedUpTo(l, m.first - 1)',
    'm?.ask !== undefined; m = L.wantedUpTo(l, m.first - 1)',
    'the end of an old request repeats all newer ones',
  ),
  recoveries(
    'a refusal of what was asked before the gap was is none',
    'if (asked < m.ask.since || asked',
    'if (asked',
    'a refusal by the run before counts for this one',
  ),
  recoveries(
    'a refusal of what was never asked is none',
    ' || asked > turn.asked || from',
    ' || from',
    'a refusal out of nowhere is believed',
  ),
  recoveries(
    'a refusal beyond what was asked for is none',
    ' || from > m.ask.upTo) continue',
    ') continue',
    'what is about to be sent is called lost',
  ),
  recoveries(
    'a refusal leaves alone what was never asked for',
    'm?.ask !== undefined && m.first <= last; m = L.wantedFrom(l, m.last + 1)',
    'm !== undefined && m.first <= last; m = L.wantedFrom(l, m.last + 1)',
    'a refusal of one gap counts for those behind it',
  ),
  replies(
    'in doubt nothing is asked for',
    'if (!canAsk(turn, t)) return { ...t, askAt: Number.NEGATIVE_INFINITY }\n',
    '',
    'what is missing is asked of nobody, or of a run that is over',
  ),
  replies(
    'an answer of another run changes nothing',
    'epoch === undefined || epoch === t.epoch',
    'true',
    'a message of another run is delivered',
  ),
  replies(
    'of an origin that is one run an answer names it',
    '(epoch === undefined && isSingle(t) && !canAsk(turn, t))',
    '(epoch === undefined && !canAsk(turn, t))',
    'what comes late of a sender that was asked in vain is thrown away, and called lost',
  ),
  replies(
    'in doubt an answer must name its run',
    ' || (epoch === undefined && isSingle(t) && !canAsk(turn, t))',
    '',
    'a message of a run that is over is delivered as of the new',
  ),
  replies(
    'in doubt a refusal does not count',
    '!canAsk(turn, t) || !isOwn(t, epoch)\n    ? t\n    : withEnd(turn, { ...t, ledger: R.refused',
    '!isOwn(t, epoch)\n    ? t\n    : withEnd(turn, { ...t, ledger: R.refused',
    'a new run refuses for the old one',
  ),
  circumstances(
    'after a reconnect the run is in doubt in single',
    "const away = isSingle(t) && t.voice === 'Heard'",
    'const away = false as boolean',
    'a restart while the receiver was away is not noticed',
  ),
  circumstances(
    'after a reconnect an open doubt is asked about again',
    "const waits = t.doubt !== undefined && (t.ledger === undefined || t.voice === 'Heard')",
    'const waits = false as boolean',
    'an answer from before the disconnect settles a doubt, or none does',
  ),
  circumstances(
    'after a reconnect requests are forgotten',
    't.ledger === undefined ? undefined : L.withoutAsks(t.ledger)',
    't.ledger',
    'what was asked for before a disconnect waits for the end of its patience',
  ),
  circumstances(
    'after a reconnect a far jump holds all up',
    "away && cause === 'Jump' ? 'Away' : cause",
    'cause',
    'behind a forged jump a restart while the receiver was away is not noticed',
  ),
  circumstances(
    'what a mute sender claimed before a disconnect is no claim',
    'promise, ledger, claim: undefined, askAt',
    'promise, ledger, askAt',
    'what was claimed before a disconnect is confirmed after it',
  ),
  circumstances(
    'a claim from before a disconnect is none',
    '    ledger,\n    claim: undefined,',
    '    ledger,',
    'what was claimed before a disconnect is confirmed after it',
  ),
  circumstances(
    'with room again what was forgotten is asked for',
    'L.remember(t.ledger, turn.now + turn.settings.deadline)',
    't.ledger',
    'what was forgotten is never asked for again',
  ),
  circumstances(
    'in doubt nothing is given up for want of room',
    'const waits = isHeldUp(t)',
    'const waits = false as boolean',
    'what is pending falls behind, and looks like a restart',
  ),
  circumstances(
    'with room again a doubt is raised anew',
    't.doubt?.dueAt === Number.POSITIVE_INFINITY ? raised(turn, t, t.doubt.cause) : t.doubt',
    't.doubt',
    'a doubt that had to wait for room is never settled',
  ),
  circumstances(
    'with room again a silence is told',
    "deliver(turn, { _tag: 'Silent', ...t.about, promised: t.silence.max }, 0)",
    '{}',
    'a silence is not told',
  ),
  circumstances(
    'only what has ended or is silent makes way',
    "(t.end?.told === true || (t.silence?.told === true && t.voice === 'Heard'))",
    'true',
    'a sender that is alive makes way for a new one',
  ),
  circumstances(
    'nothing that is open makes way',
    't.doubt === undefined &&\n  t.ledger !== undefined &&\n  L.frontMissing(t.ledger) === undefined &&',
    't.ledger !== undefined &&',
    'gaps of an origin that makes way vanish silently',
  ),
  circumstances(
    'what an origin that makes way may send is told to be lost',
    'if (t.end?.told !== true && t.ledger !== undefined) gone(turn, t, t.ledger.next)',
    '',
    'what a silent sender sends after it made way is lost silently',
  ),
]

const bounds: ReadonlyArray<Guard> = [
  rosters(
    'no more origins are followed than may be',
    'if (M.size(self.origins) < self.settings.maxOrigins) return self',
    'if (true as boolean) return self',
    'stray origins fill the memory',
  ),
  rosters(
    'an idle origin makes way',
    'return oldest === undefined ? undefined : drop(self, turn, oldest.value)',
    'return undefined',
    'the origins of runs that are over keep new ones out for ever',
  ),
  rosters(
    'nothing is asked for while we are disconnected',
    'self.away === undefined ? pursued(turn, track, changed) : changed',
    'pursued(turn, track, changed)',
    'requests go nowhere, and count as sent',
  ),
  rosters(
    'an origin of which nothing is known is not kept',
    'if (isVoid(after)) return',
    'if (false as boolean) return',
    'origins that were asked about in vain fill the places of others',
  ),
  rosters(
    'what had to wait for room is noted',
    'turn.forgot ? names.set(self.waiting, name, true) : self.waiting',
    'self.waiting',
    'what was forgotten is never asked for again',
  ),
  receivers(
    'those who wait for room wait on when the first have taken it',
    'if (!keepsUp(turn)) after',
    'if (false as boolean) after',
    'notices are handed over that there is no room for',
  ),
  receivers(
    'a head of the other addressing is not followed',
    'if (addressingOf(origin) !== self.addressing) {',
    'if (false as boolean) {',
    'an origin is followed of which no message can come',
  ),
  receivers('a mismatch is told once', 'if (!self.mismatch)\n', '', 'each heartbeat of a stranger is told'),
  receivers(
    'a head that bears another epoch than its origin is forged',
    'if (origin.run !== undefined && origin.run.epoch !== head.epoch) return self\n',
    '',
    'a forged head is believed',
  ),
  receivers(
    'the question to all is repeated until it is answered',
    'after.join.tries < self.settings.tries ? joined(after, turn, after.join.tries + 1) : { ...after, join: undefined }',
    '{ ...after, join: undefined }',
    'where the first question is lost nobody is known until a heartbeat comes',
  ),
  receivers(
    'the question to all is repeated four times at most',
    'after.join.tries < self.settings.tries ? joined(after, turn, after.join.tries + 1) : { ...after, join: undefined }',
    'joined(after, turn, after.join.tries + 1)',
    'where nobody answers everybody is asked for ever',
  ),
  receivers(
    'after a reconnect all senders are asked',
    'let after = joined(self, turn, 1)\n  const asked = turn.asked\n  for',
    'let after = self\n  const asked = turn.asked\n  for',
    'who came while the receiver was away is not known until a heartbeat comes',
  ),
  receivers(
    'time stands still while disconnected',
    'now: (self.away ?? now) - self.lag,',
    'now: now - self.lag,',
    'what was held up by the own disconnect is called lost',
  ),
  receivers(
    'the time disconnected does not count',
    'lag: self.lag + now - (self.away ?? now),',
    'lag: self.lag,',
    'deadlines pass while nobody can answer',
  ),
  receivers(
    'what waits for room waits while disconnected, too',
    'if (self.away !== undefined || (self.waiting === undefined && self.overflowed === 0)) return self',
    'if (self.waiting === undefined && self.overflowed === 0) return self',
    'somebody is asked, or called silent, while nobody can be reached',
  ),
  receivers(
    'nothing ticks while disconnected',
    'return self.away === undefined ? ticked(self, turn) : self\n',
    'return ticked(self, turn)\n',
    'gaps are given up while nobody can answer',
  ),
  receivers(
    'no wake-up is wanted while disconnected',
    'self.away === undefined\n    ? Math.min(M.min(self.agenda)',
    'true\n    ? Math.min(M.min(self.agenda)',
    'a disconnected receiver spins',
  ),
  receivers(
    'a second disconnect does not move the first',
    'self.away ?? event.now',
    'event.now',
    'the time between two disconnects counts against deadlines',
  ),
  receivers(
    'a timer that rang is set again',
    "wakeAt !== self.wakeAt || event._tag === 'Ticked'",
    'wakeAt !== self.wakeAt',
    'a receiver whose timer rang early never wakes again',
  ),
  receivers(
    'a message outside of any sequence must find room',
    'if (!hasRoom(turn, bytes)) return { ...self, overflowed: self.overflowed + 1 }',
    '',
    'stray messages fill the memory',
  ),
  receivers(
    'stray messages without room are counted',
    'return { ...self, overflowed: self.overflowed + 1 }',
    'return self',
    'stray messages vanish silently',
  ),
  receivers(
    'room is gathered before what waited for it goes on',
    'if (messages * 2 > self.settings.maxMessages || bytes * 2 > self.settings.maxBytes) return self\n',
    '',
    'a consumer that is just too slow is stop and go at every message',
  ),
  receivers(
    'what waits for room does not wait for what is held',
    'const messages = isMessage ? turn.messages : turn.handedMessages',
    'const messages = turn.messages',
    'a gap that was forgotten waits for what is held behind it, for ever',
  ),
  receivers(
    'a message without room does not set off what waits for it',
    'const messages = isMessage ? turn.messages : turn.handedMessages',
    'const messages = turn.handedMessages',
    'each message that finds no room is a gap of its own',
  ),
  receivers(
    'no more saved origins are followed than may be',
    'isLeft(origin) || M.size(after.origins) >= self.settings.maxOrigins',
    'isLeft(origin)',
    'saved positions fill the memory',
  ),
  turns(
    'messages kept are bounded',
    'turn.messages < turn.settings.maxMessages && turn.bytes + bytes',
    'turn.bytes + bytes',
    'small messages fill the memory',
  ),
  turns(
    'bytes kept are bounded',
    'turn.messages < turn.settings.maxMessages && turn.bytes + bytes <= turn.settings.maxBytes',
    'turn.messages < turn.settings.maxMessages',
    'large messages fill the memory',
  ),
]

/** What keeps a message off the short way. */
const shortWay: ReadonlyArray<Guard> = [
  shortcuts('the short way: only the next number', 'a.number === l.next &&\n', '', 'a gap is skipped silently'),
  shortcuts('the short way: nothing missing', '  l.missing === undefined &&\n', '', 'a gap is forgotten'),
  shortcuts('the short way: nothing in doubt', '  t.doubt === undefined &&\n', '', 'a doubt is forgotten'),
  shortcuts('the short way: no silence', '&&\n  t.silence === undefined\n', '\n', 'the end of a silence is not told'),
  shortcuts(
    'the short way: room for the message',
    'self.messages < self.settings.maxMessages && self.bytes',
    'self.bytes',
    'small messages fill the memory',
  ),
  shortcuts(
    'the short way: room for its bytes',
    ' && self.bytes + a.bytes <= self.settings.maxBytes',
    '',
    'large messages fill the memory',
  ),
  shortcuts(
    'the short way: connected',
    'self.away === undefined &&\n    followed.idle',
    'followed.idle',
    'a promise counts from a time that stands still',
  ),
]

const sending: ReadonlyArray<Guard> = [
  senders('numbers end at 2^53-1', 'self.head >= SequenceNumber.last\n', 'false\n', 'the last number is given twice'),
  senders(
    'each message renews the short wait',
    'sentAt: now,\n    beatAt: self.beatAt,\n    wait: undefined,',
    'sentAt: now,\n    beatAt: self.beatAt,\n    wait: self.wait,',
    'the loss of the last message is found as late as that of a sender long idle',
  ),
  senders(
    'there is a heartbeat at least every max under traffic',
    'self.wait === undefined ? self.sentAt + self.after : self.beatAt + self.wait, self.beatAt + max)',
    'self.wait === undefined ? self.sentAt + self.after : self.beatAt + self.wait)',
    'under traffic there are no heartbeats',
  ),
  senders(
    'a heartbeat under traffic is not that of the last message',
    'self.wait === undefined && self.sentAt + self.after > now',
    'false as boolean',
    'the loss of the last message is found late',
  ),
  senders(
    'a farewell is said three times',
    'const farewells = [50, 100, 200]',
    'const farewells = [50]',
    'an end is not heard over a lossy link',
  ),
  senders(
    'a sender that is back says at once where it is',
    '({ ...self, sentAt: now - self.after, wait: undefined })',
    'self',
    'what was sent around a reconnect is found late',
  ),
  senders(
    'a farewell says that it is one',
    "state: self.state === 'live' ? 'live' : 'ended'",
    "state: 'live'",
    'an end is never told',
  ),
  senders(
    'a sender that is closing is not closed again',
    "self.state === 'live' ? { ...self, state: 'ending', closedAt: now } : self",
    "({ ...self, state: 'ending', closedAt: now })",
    'a sender that has ended says farewell for ever',
  ),
  senders(
    'after the last farewell nothing is due',
    "if (self.state === 'ended') return Number.POSITIVE_INFINITY\n",
    '',
    'a sender that has ended goes on',
  ),
  pulses(
    'heartbeats stay within their budget',
    'first.key[0] <= now && rich.tokens >= 1',
    'first.key[0] <= now',
    'many origins flood the connection with heartbeats',
  ),
  pulses(
    'what is saved up of the budget is bounded',
    'Math.min(burst(self.perSecond), self.tokens + ((now - self.at) * self.perSecond) / 1000)',
    'self.tokens + ((now - self.at) * self.perSecond) / 1000',
    'after a pause heartbeats come in a flood',
  ),
  pulses(
    'a promise stretches with the number of origins',
    'Math.max(max, Math.ceil((2250 * M.size(self.booked)) / self.perSecond))',
    'max',
    'heads promise more than the budget allows',
  ),
  pulses(
    'a heartbeat is due before its promise ends',
    'origins > 1 ? Math.ceil((1000 * origins) / self.perSecond) : 0',
    '0',
    'who waits for its turn breaks its promise',
  ),
  pulses(
    'an origin has one place in the agenda',
    'before === undefined ? self.agenda : times.remove(self.agenda, [before, name])',
    'self.agenda',
    'an origin is looked at for each time it ever wanted',
  ),
  watermarks(
    'a flush proves what was sent before it was called',
    'flight: { serial: self.sent },',
    'flight: { serial: Number.POSITIVE_INFINITY },',
    'what is published during a flush counts as arrived',
  ),
  watermarks(
    'a flush that fails proves nothing',
    'completed ? flight.serial : self.confirmed',
    'flight.serial',
    'what a disconnect discarded counts as arrived',
  ),
  watermarks(
    'a flush from before a disconnect proves nothing',
    ' || self.flight !== flight) return self',
    ') return self',
    'what a disconnect discarded counts as arrived',
  ),
  watermarks(
    'a disconnect ends the flush on its way',
    '({ ...self, connected: false, flight: undefined })',
    '({ ...self, connected: false })',
    'after a reconnect no flush is called any more',
  ),
  watermarks(
    'one flush at a time',
    '!self.connected || self.flight !== undefined || self.sent',
    '!self.connected || self.sent',
    'flushes pile up',
  ),
  watermarks(
    'no flush while disconnected',
    '!self.connected || self.flight !== undefined ||',
    'self.flight !== undefined ||',
    'a flush that can not complete is called',
  ),
  watermarks(
    'a flush is called for 1 MiB',
    'self.unflushed >= everyBytes',
    'false',
    'the history must hold all that is sent in 100 ms',
  ),
  histories(
    'messages held are bounded',
    'h.messages < h.limits.messages && h.bytes',
    'h.bytes',
    'small messages fill the memory',
  ),
  histories(
    'bytes held are bounded',
    ' && h.bytes + bytes + perOrigin <= h.limits.bytes',
    '',
    'large messages fill the memory',
  ),
  histories(
    'what may not have arrived makes no room',
    'if (entry === undefined || entry.serial > serial) return false',
    'if (entry === undefined) return false',
    'while disconnected what may not have arrived makes way, and its sender is not told',
  ),
  histories(
    'messages are held for a time',
    'entry.at + h.limits.age < now || (',
    '(',
    'what is too old to be of use is held',
  ),
  histories(
    'what can not be sent is not held',
    '    remove(own, search(own, entry.number))\n',
    '',
    'a message that could not be sent is sent again',
  ),
  histories(
    'the oldest held is not one that can not be sent',
    "  for (; typeof q.items[q.front] === 'number'; q.front++) q.keys -= 1\n",
    '',
    'a head names no oldest number though messages are held',
  ),
  histories(
    'a message with another number is none',
    'entry?.number === number ? entry : undefined',
    'entry',
    'another message is sent in place of one that is not held',
  ),
  histories(
    'what has surely arrived is not sent again',
    'let entry = next(h, serial)',
    'let entry = next(h, 0)',
    'the whole history is sent again after a reconnect',
  ),
  histories(
    'what can not be sent is not sent again',
    '  removeEarly(h, entry)\n  const own',
    '  const own',
    'a message that was refused is sent after all',
  ),
  histories(
    'the bytes are a copy',
    'const view = h.chunk.subarray(h.used, h.used + bytes.length)\n  view.set(bytes)',
    'const view = bytes',
    'what the application writes next into its buffer is sent again',
  ),
  histories(
    'a copy does not overlap the next',
    '  h.used += bytes.length\n',
    '',
    'another message is sent again under the number',
  ),
  histories(
    'an origin that is over is not held',
    '  h.origins.delete(origin)\n  h.bytes -= perOrigin\n  for',
    '  for',
    'origins that are over fill the memory',
  ),
]

const replaying: ReadonlyArray<Guard> = [
  replays(
    'a run answers for itself only',
    'if (r.epoch !== undefined && r.epoch !== source.epoch(origin)) return refusal(410, last)\n',
    '',
    'messages of this run are sent in place of those of another',
  ),
  replays(
    'what is not sent yet is not gone',
    'if (first > source.head(origin)) return refusal(404, last)\n',
    '',
    'what is about to be sent is called lost',
  ),
  replays(
    'a refusal reaches as far as its reason',
    'Math.max(first, r.range ? oldest - 1 : first)',
    'last',
    'what is held is refused',
  ),
  replays(
    'a hole is one message',
    'source.first(origin) ?? source.head(origin) + 1',
    'source.head(origin) + 1',
    'what is held behind a hole is refused',
  ),
  replays(
    'a request takes the place of the one before',
    'const replaced = self.requests.filter(isReplaced)',
    'const replaced = self.requests.filter(() => false)',
    'impatience multiplies the work',
  ),
  replays(
    'a request takes the place of those of the same asker only',
    ' &&\n      asker(r) === asker(capped)',
    '',
    'one receiver takes the answers of another',
  ),
  replays(
    'a request takes the place of those for the same origin only',
    'r.origin === capped.origin &&\n',
    '',
    'one gap takes the answers of another',
  ),
  replays(
    'a request takes the place of those it overlaps only',
    'r.first <= capped.last &&\n      capped.first <= r.last &&',
    '',
    'one gap takes the answers of another',
  ),
  replays(
    'a single request does not end a range',
    '(capped.range || !r.range) &&\n',
    '',
    'a range ends with a message that nobody said the end of',
  ),
  replays(
    'a request keeps the turn of the one before',
    'if (replaced.length > 0) return [ends, { requests: self.requests.flatMap(keepsTurn) }]',
    'if (replaced.length > 0) return [ends, { requests: [...self.requests.filter(r => !isReplaced(r)), capped] }]',
    'who asks again too soon never has a turn',
  ),
  replays(
    'a range that is replaced is ended',
    'const ends = replaced.filter(r => r.range).map(r => end(r, r.first - 1))',
    'const ends: ReadonlyArray<Answer> = []',
    'whoever asked waits for an end that never comes',
  ),
  replays(
    'requests that wait are bounded',
    'self.requests.length < maxRequests ? [...self.requests, capped] : self.requests',
    '[...self.requests, capped]',
    'requests fill the memory',
  ),
  replays(
    'a request is for 4096 numbers at most',
    'Math.min(request.last, request.first + maxPerRequest - 1)',
    'request.last',
    'one request is served without end',
  ),
  replays(
    'a request is for 1 MiB at most',
    'r.first <= r.last && r.bytes > 0',
    'r.first <= r.last',
    'one request takes the whole connection',
  ),
  replays('requests are served in turn', 'i < share && goesOn()', 'goesOn()', 'one request keeps all others waiting'),
  replays(
    'a page has its size in messages',
    '(source: Source, messages: number, bytes: number)',
    '(source: Source, _: number, bytes: number, messages = Number.POSITIVE_INFINITY)',
    'replays crowd out live data',
  ),
  replays(
    'a page has its size in bytes',
    '(source: Source, messages: number, bytes: number)',
    '(source: Source, messages: number, _: number, bytes = Number.POSITIVE_INFINITY)',
    'replays crowd out live data',
  ),
  replays(
    'a range is ended',
    'else if (r.range) answers.push(end(r, Math.max(r.first - 1, 0)))',
    '',
    'the rest of a long gap is asked for only after the end of patience',
  ),
  replays(
    'of an origin that is over nobody is answered',
    'self.requests.filter(r => r.origin !== origin)',
    'self.requests',
    'requests of an origin that is over are answered by nobody',
  ),
]

export const guards: ReadonlyArray<Guard> = [
  ...belief,
  ...accounts,
  ...recovery,
  ...bounds,
  ...shortWay,
  ...sending,
  ...replaying,
]
