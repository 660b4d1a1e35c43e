import { existsSync } from 'node:fs'
import { tmpdir } from 'node:os'

/** Where tests make folders: in memory if the system has such a place, because `fsync` is slow on a busy disk. */
export const scratch = existsSync('/dev/shm') ? '/dev/shm' : tmpdir()
