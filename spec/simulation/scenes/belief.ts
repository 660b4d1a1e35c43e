// What a receiver believes, and when: doubts, claims, answers.
import type { Scene } from '../scene.ts'
import { beginning } from '../world.ts'

export const scenesOfBelief: ReadonlyArray<Scene> = [
  {
    name: 'a sender begins anew above where it has closed, and its first heads are lost',
    plan: (calm, chance) => ({
      ...calm,
      addressing: 'single',
      processes: calm.processes.map(p => ({
        ...p,
        lines: [{ from: 'clock', voice: 'full' }],
        max: chance.of([300, 1000]),
      })),
      receivers: calm.receivers.map(r => ({ ...r, addressing: 'single' })),
    }),
    play: ({ agenda, chance }, stage) => {
      agenda.at(beginning + chance.between(2000, 6000), () => {
        const p = stage.process(0)
        const line = p?.lines[0]
        if (p === undefined || line === undefined) return
        p.close(line)
        agenda.at(agenda.now() + chance.between(250, 2000), () => {
          for (const r of stage.receivers()) r.port.skips.set(p.port, 3)
          stage.restore()
          agenda.at(agenda.now() + 1, () => {
            for (const l of p.lines) if (!l.isFinished && l.sender.state === 'live') p.publish(l)
          })
        })
      })
    },
  },
]
