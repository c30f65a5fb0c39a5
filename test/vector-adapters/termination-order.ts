// The order in which a pod's containers start and stop.
import { type OrderedSpec, startOrder, stopOrder } from '../../src/reconcile/plan/start-order.ts'

interface Input {
  readonly initContainers: NonNullable<OrderedSpec['initContainers']>
  readonly containers: readonly string[]
}

const specOf = (input: Input): OrderedSpec => ({
  initContainers: input.initContainers,
  containers: input.containers.map((name) => ({ name })),
})

/** The cases `startOrder` and `stopOrder` of the topic termination. */
export const terminationOrder = {
  startOrder: (input: Input) => ({ order: startOrder(specOf(input)) }),
  stopOrder: (input: Input) => ({ order: stopOrder(specOf(input)) }),
}
