// jest's environment while mutants are tried: the first failure kills a mutant, so all tests after it are left out. And so are
// those that measure time, which mean nothing in instrumented code.
const Environment = require('@stryker-mutator/jest-runner/jest-env/node')

module.exports = class FailFast extends Environment {
  constructor(config, context) {
    super(config, context)
    this.slow = new RegExp(config.projectConfig.testEnvironmentOptions.slow)
    this.failed = false
    const handle = this.handleTestEvent
    this.handleTestEvent = async (event, state) => {
      await handle?.(event, state)
      if (event.name === 'test_fn_failure' || event.name === 'hook_failure') this.failed = true
      if (event.name === 'test_start' && (this.failed || this.slow.test(event.test.name))) event.test.mode = 'skip'
    }
  }
}
