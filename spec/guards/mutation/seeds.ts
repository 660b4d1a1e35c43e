// A few seeds of the simulator, for mutants that the specs of the core let pass.
import { describe, expect, it } from '@jest/globals'
import { planOf } from '../../simulation/plan.ts'
import { trialOf } from '../../simulation/trial.ts'

describe('The simulation', () => {
  it.each([2, 3, 4, 7])('keeps every promise in seed %d', seed => {
    expect(trialOf(planOf(seed)).violations).toEqual([])
  })
})
