/** Keeps the losses of one receiver, or of all receivers of a wrapped connection. */
import * as LossReport from '../../core/receiver/LossReport.ts'

/** The losses of one or more receivers. */
export interface LossRecorder {
  readonly record: (observation: LossReport.Observation) => void
  readonly report: () => LossReport.LossReport
}

export const createLossRecorder = (): LossRecorder => {
  let log = LossReport.empty
  return {
    record: observation => {
      log = LossReport.record(observation)(log)
    },
    report: () => LossReport.report(log),
  }
}
