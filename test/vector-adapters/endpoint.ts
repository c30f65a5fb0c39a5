import { conditionsOf } from '../../src/runtime/network/endpoints.ts'

interface Input {
  readonly ready: boolean
  readonly terminating: boolean
  readonly publishNotReadyAddresses: boolean
}

/** The cases `endpoint` of the topic termination. */
export const endpoint = {
  endpoint: ({ ready, terminating, publishNotReadyAddresses }: Input) =>
    conditionsOf({ ready, leaving: terminating }, publishNotReadyAddresses),
}
