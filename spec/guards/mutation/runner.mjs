// A test runner for Stryker that tries mutants in one process, one after the other: ten times as fast as to start jest for each.
import { INSTRUMENTER_CONSTANTS } from '@stryker-mutator/api/core'
import { declareClassPlugin, PluginKind } from '@stryker-mutator/api/plugin'
import { DryRunStatus, determineHitLimitReached, MutantRunStatus, TestStatus } from '@stryker-mutator/api/test-runner'
import { limited } from './limited.mjs'
import { loadTests } from './tests.mjs'

const { NAMESPACE } = INSTRUMENTER_CONSTANTS

/** Shared with the instrumented code. */
globalThis[NAMESPACE] ??= {}
const context = globalThis[NAMESPACE]

const sentence = e => (e instanceof Error ? e.message : String(e))

class InProcess {
  tests = undefined

  capabilities() {
    return { reloadEnvironment: true }
  }

  async dryRun() {
    this.tests = loadTests(process.cwd())
    const tests = []
    for (const test of this.tests) {
      const { name, file } = test
      context.currentTestId = name
      const begun = performance.now()
      const { ends, error } = limited(test.run)
      context.currentTestId = undefined
      const result = { id: name, name, fileName: file, timeSpentMs: performance.now() - begun }
      if (ends && error === undefined) tests.push({ ...result, status: TestStatus.Success })
      else
        tests.push({ ...result, status: TestStatus.Failed, failureMessage: ends ? sentence(error) : 'it never ends' })
    }
    return { status: DryRunStatus.Complete, tests, mutantCoverage: context.mutantCoverage }
  }

  async mutantRun({ activeMutant, testFilter, hitLimit, mutantActivation, reloadEnvironment }) {
    context.hitLimit = hitLimit
    context.hitCount = hitLimit === undefined ? undefined : 0
    context.activeMutant = mutantActivation === 'static' ? activeMutant.id : undefined
    try {
      // What a static mutant changes is there when the modules are loaded, or never.
      if (this.tests === undefined || reloadEnvironment) this.tests = loadTests(process.cwd())
    } catch (e) {
      return { status: MutantRunStatus.Killed, killedBy: [], failureMessage: String(e), nrOfTests: 0 }
    }
    context.activeMutant = activeMutant.id
    let nrOfTests = 0
    for (const test of this.tests) {
      if (testFilter !== undefined && !testFilter.includes(test.name)) continue
      nrOfTests += 1
      const { ends, error } = limited(test.run)
      const timeout = determineHitLimitReached(context.hitCount, hitLimit)
      if (!ends || timeout !== undefined) return { status: MutantRunStatus.Timeout, reason: timeout?.reason }
      if (error !== undefined)
        return { status: MutantRunStatus.Killed, killedBy: [test.name], failureMessage: sentence(error), nrOfTests }
    }
    return { status: MutantRunStatus.Survived, nrOfTests }
  }
}
InProcess.inject = []

export const strykerPlugins = [declareClassPlugin(PluginKind.TestRunner, 'in-process', InProcess)]
