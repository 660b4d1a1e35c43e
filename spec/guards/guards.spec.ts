import { execFile } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { describe, expect, it } from '@jest/globals'
import { guards, withoutGuard } from './guards.ts'

const known: Readonly<Record<string, { readonly seed?: number; readonly rule?: string }>> = JSON.parse(
  readFileSync(join(__dirname, 'failures.json'), 'utf8'),
)

describe('The list of guards', () => {
  it('has each guard once, and its text occurs once in its file', () => {
    expect(new Set(guards.map(g => g.name)).size).toBe(guards.length)
    for (const guard of guards) {
      const source = readFileSync(join(__dirname, '..', '..', 'src', 'core', guard.file), 'utf8')
      expect(withoutGuard(guard, source)).not.toBe(source)
    }
  })

  it('refuses a guard whose text is missing, or occurs twice', () => {
    const guard = {
      promise: 1,
      name: 'a door',
      file: 'house.ts',
      without: ['door', 'hole'],
      why: 'anyone can come in',
    } as const
    expect(() => withoutGuard(guard, 'a wall')).toThrow('house.ts has the text of the guard "a door" 0 times, not once')
    expect(() => withoutGuard(guard, 'a door, a door')).toThrow('2 times')
  })

  it('has known failures for its own guards only', () => {
    const names = new Set(guards.map(g => g.name))
    expect(Object.keys(known).filter(name => !names.has(name))).toEqual([])
  })
})

describe('A removed guard', () => {
  it.each([
    'numbers before a new message are missing',
    'a held message waits for the gap below it',
    'a refusal covers only evicted numbers',
  ])('makes a seed fail: %s', async name => {
    const { seed } = known[name] ?? {}
    const { stdout } = await promisify(execFile)(process.execPath, ['spec/guards/main.mjs', '--check', '--only', name])
    expect(seed).toBeGreaterThan(0)
    expect(stdout).toContain(`${name}: seed ${seed}: `)
  })
})
