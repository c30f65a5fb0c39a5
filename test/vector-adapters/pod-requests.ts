// What a pod asks for: from the vectors' quantities to the planner's numbers and back.
import { parseQuantity, renderQuantity } from '../../src/manifests/quantity.ts'
import type { Container } from '../../src/manifests/types.ts'
import { requestsOf } from '../../src/reconcile/plan/pod-requests.ts'

type Amounts = Readonly<Record<string, string>>

interface Input {
  readonly containers: readonly Amounts[]
  readonly initContainers: readonly { readonly restartPolicy?: string; readonly requests: Amounts }[]
  readonly overhead: Amounts | null
}

/** The case `podRequests` of the topic quota. */
export function podRequests(input: Input): unknown {
  const { cpuMillis, memoryBytes } = requestsOf({
    containers: input.containers.map((requests) => sized(requests)),
    initContainers: input.initContainers.map(({ requests, restartPolicy }) => sized(requests, restartPolicy)),
    ...(input.overhead ? { overhead: input.overhead } : {}),
  })
  const all = [...input.containers, ...input.initContainers.map(({ requests }) => requests), input.overhead ?? {}]
  const asked = new Set(all.flatMap((amounts) => Object.keys(amounts)))
  return {
    requests: {
      ...(asked.has('cpu') ? { cpu: rendered(`${cpuMillis}m`, 'DecimalSI') } : {}),
      ...(asked.has('memory') ? { memory: rendered(`${memoryBytes}`, 'BinarySI') } : {}),
    },
  }
}

function sized(requests: Amounts, restartPolicy?: string): Pick<Container, 'resources' | 'restartPolicy'> {
  return { resources: { requests }, ...(restartPolicy === undefined ? {} : { restartPolicy }) }
}

function rendered(text: string, format: 'DecimalSI' | 'BinarySI'): string {
  const quantity = parseQuantity(text)
  return quantity ? renderQuantity({ ...quantity, format }) : text
}
