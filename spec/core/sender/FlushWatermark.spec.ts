import { describe, expect, it } from '@jest/globals'
import fc from 'fast-check'
import * as FlushWatermark from '../../../src/core/sender/FlushWatermark.ts'

const { create, sent, flushing, flushed, flushAt, disconnected, reconnected } = FlushWatermark

/** A watermark after these messages of one byte each, with a pending flush. */
const inFlight = (...serials: number[]): FlushWatermark.FlushWatermark =>
  flushing(0)(serials.reduce((to, n) => sent(n, 1)(to), create(0)))

describe('a flush watermark', () => {
  it('rises to the last message before the flush call when the flush completes', () => {
    const called = inFlight(1, 2)
    const w = flushed(called.pending, true)(sent(3, 1)(called))
    expect([w.confirmed, w.pending]).toEqual([2, undefined])
  })

  it('does not rise when a flush fails, and requests another flush', () => {
    const called = inFlight(1)
    const w = flushed(called.pending, false)(called)
    expect([w.confirmed, flushAt(w)]).toEqual([0, 100])
  })

  it('does not rise when a flush completes after a disconnect', () => {
    const called = inFlight(1)
    expect(flushed(called.pending, true)(disconnected(called)).confirmed).toBe(0)
    const again = flushing(5)(sent(1, 1)(reconnected(disconnected(called))))
    expect(flushed(called.pending, true)(again)).toEqual(again)
    expect(flushed(again.pending, true)(again).confirmed).toBe(1)
  })

  it('rises only once per flush', () => {
    const called = inFlight(1)
    const w = flushed(called.pending, true)(called)
    expect(flushed(called.pending, true)(w)).toBe(w)
    expect(flushed(undefined, true)(w)).toBe(w)
  })

  it('requests a flush 100 ms after the last one while messages are unconfirmed', () => {
    expect(flushAt(create(1000))).toBe(Number.POSITIVE_INFINITY)
    const w = sent(1, 1)(create(1000))
    expect(flushAt(w)).toBe(1100)
    const called = flushing(1150)(w)
    expect(flushAt(sent(2, 1)(called))).toBe(Number.POSITIVE_INFINITY)
    expect(flushAt(flushed(called.pending, true)(sent(2, 1)(called)))).toBe(1250)
    expect(flushAt(flushed(called.pending, true)(called))).toBe(Number.POSITIVE_INFINITY)
  })

  it('requests a flush at once after 1 MiB', () => {
    const w = sent(1, 1024 * 1024 - 1)(create(0))
    expect([flushAt(w), flushAt(sent(2, 1)(w))]).toEqual([100, Number.NEGATIVE_INFINITY])
    expect(flushing(7)(sent(2, 1)(w)).unflushed).toBe(0)
  })

  it('requests no flush while disconnected', () => {
    expect(flushAt(disconnected(sent(1, 1)(create(0))))).toBe(Number.POSITIVE_INFINITY)
  })

  it('keeps everything above it for the repair after a reconnect', () => {
    const w = reconnected(disconnected(sent(3, 1)(create(0))))
    expect([w.confirmed, flushAt(w)]).toEqual([0, 100])
  })

  it('never exceeds what has reached the server, and never falls', () => {
    const deed = fc.constantFrom('publish', 'publish', 'publish', 'flush', 'complete', 'fail', 'drop', 'back')
    fc.assert(
      fc.property(fc.array(deed, { maxLength: 80, size: 'max' }), deeds => {
        let w = create(0)
        let last = 0
        let isUp = true
        // A client: its buffer reaches the server before a flush completes, unless the connection is lost before.
        let buffer: number[] = []
        const arrived = new Set<number>()
        const calls: Array<{ flight: FlushWatermark.FlushWatermark['pending']; covers: number[]; isDead: boolean }> = []
        for (const [now, d] of deeds.entries()) {
          const before = w.confirmed
          if (d === 'publish') {
            last += 1
            if (isUp) {
              buffer.push(last)
              w = sent(last, 1)(w)
            }
          } else if (d === 'flush' && isUp && w.pending === undefined) {
            w = flushing(now)(w)
            calls.push({ flight: w.pending, covers: [...buffer], isDead: false })
          } else if (d === 'complete' || d === 'fail') {
            const call = calls.shift()
            if (call === undefined) continue
            // A flush from before a disconnect may complete late. It proves nothing.
            if (d === 'complete' && !call.isDead) for (const n of call.covers) arrived.add(n)
            w = flushed(call.flight, d === 'complete')(w)
          } else if (d === 'drop' && isUp) {
            isUp = false
            buffer = []
            for (const call of calls) call.isDead = true
            w = disconnected(w)
          } else if (d === 'back' && !isUp) {
            isUp = true
            w = reconnected(w)
            for (let n = w.confirmed + 1; n <= last; n++) {
              buffer.push(n)
              w = sent(n, 1)(w)
            }
          }
          expect(w.confirmed).toBeGreaterThanOrEqual(before)
          for (let n = 1; n <= w.confirmed; n++) expect(arrived.has(n)).toBe(true)
        }
      }),
    )
  })
})
