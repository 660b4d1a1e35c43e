// The CPU time of other processes. It needs Linux.
import { readdir, readFile } from 'node:fs/promises'

/** The CPU time of all threads of a process, in µs. */
export const cpuOf = async (pid: number): Promise<number> => {
  const threads = await readdir(`/proc/${pid}/task`).catch(() => [])
  const times = await Promise.all(
    threads.map(async thread => {
      const text = await readFile(`/proc/${pid}/task/${thread}/schedstat`, 'utf8').catch(() => '')
      return Number(text.split(' ')[0] ?? 0) / 1000
    }),
  )
  return times.reduce((sum, time) => sum + time, 0)
}
