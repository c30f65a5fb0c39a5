import type { PodSpec } from '../../src/manifests/types.ts'
import type { ContainerRecord } from '../../src/runtime/docker/observe.ts'
import { plainConfig } from './samples.ts'

const sandboxId = 'sandbox'

/** A running container of the pod shop/web. */
export function containerRecord(id: string, facts: Partial<ContainerRecord['facts']> = {}): ContainerRecord {
  return {
    id,
    name: 'test_shop_web_web_0',
    mark: {
      engine: 'test',
      app: 'shop',
      namespace: 'shop',
      pod: 'web',
      container: 'web',
      owner: 'Deployment/web',
      template: 'x',
      commit: 'c',
      restarts: 0,
      backoffMs: 0,
      last: undefined,
    },
    leaving: false,
    leavingSince: undefined,
    facts: {
      id,
      name: 'web',
      state: 'running',
      exitCode: 0,
      error: '',
      oomKilled: false,
      startedAt: 0,
      finishedAt: 0,
      createdAt: 0,
      restarts: 0,
      backoffMs: 0,
      last: undefined,
      image: 'i',
      imageId: 'i',
      config: plainConfig(),
      ...facts,
    },
    oomScore: 0,
    sandboxId,
    sandbox: undefined,
  }
}

/** Its sandbox. */
export function sandboxOf(spec: PodSpec): ContainerRecord {
  const record = containerRecord(sandboxId)
  const sandbox = {
    labels: {},
    annotations: {},
    spec,
    address: '127.0.0.1',
    attached: [],
    asksCluster: true,
    network: 'test_shop',
    volumes: [],
  }
  return { ...record, mark: { ...record.mark, container: '' }, sandbox }
}
