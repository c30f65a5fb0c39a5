import { emptyConfig } from '../../src/reconcile/plan/empty-config.ts'
import type { PodRef } from '../../src/runtime/port.ts'
import { type ContractWorld, runtimeContract } from '../runtime/contract.ts'
import { messageContract } from '../runtime/message-contract.ts'
import { volumeContract } from '../runtime/volume-contract.ts'
import { Dice } from './dice.ts'
import { FakeClock } from './fake-clock.ts'
import { type Box, FakeDocker } from './fake-docker.ts'
import { FakeRuntime } from './fake-runtime.ts'

/** The same rules as for a real engine, so that what the simulator shows holds for it too. */
runtimeContract('fake', async () => fakeWorld())
volumeContract('fake', async () => fakeWorld())
messageContract('fake', async () => fakeWorld())

function fakeWorld(): ContractWorld {
  const clock = new FakeClock()
  const engine = new FakeDocker('one', clock)
  engine.wrongPaths.add('/dev/null')
  engine.images.set('berth-test:1', 'sha256:berth-test-1').set('berth-test:2', 'sha256:berth-test-2')
  const engines = new Map([['one', engine]])
  const make = (installation: string) =>
    new FakeRuntime({
      hosts: ['one'],
      clock,
      dice: new Dice(1),
      registry: new Map(),
      engines,
      installation,
      network: true,
    })
  const runtime = make('ours')
  // Fake time goes on by itself, as the contract waits for things to happen.
  const ticking = setInterval(() => clock.advance(100), 1)
  const must = (id: string): Box => {
    const box = engine.boxes.get(id)
    if (!box) throw new Error(`no container ${id}`)
    return box
  }
  const foreign = (like: Pick<Box, 'namespace' | 'pod' | 'mark' | 'config'>, copied: boolean): string =>
    engine.add({
      ...{ namespace: like.namespace, pod: like.pod, mark: like.mark, config: like.config },
      ...{ name: '', installation: '', copied, sandbox: undefined, imageId: '', leaving: false },
      attempt: { restarts: 0, backoffMs: 0, last: undefined },
    }).id
  return {
    runtime,
    host: 'one',
    missingImage: 'berth-test:none',
    another: async (installation) => make(installation === 'same' ? 'ours' : 'theirs'),
    crash: async (id) => engine.end(must(id), 137),
    destroy: async (id) => engine.remove(must(id)),
    write: async (id, _path, text) => {
      must(id).written = text
    },
    print: async (id, line) => {
      must(id).printed += `${line}\n`
    },
    pause: async (id) => engine.pause(must(id), true),
    setMemoryLimit: async (id, memoryLimitBytes) => {
      const box = must(id)
      box.config = { ...box.config, resources: { ...box.config.resources, memoryLimitBytes } }
      engine.change(box)
    },
    copyLabels: async (id) => foreign({ ...must(id), pod: 'a-copy' }, true),
    holdName: async (pod: PodRef) => {
      const mark = { app: '', owner: 'Deployment/web', template: '', commit: '' }
      return foreign({ namespace: pod.namespace, pod: pod.name, mark, config: emptyConfig }, false)
    },
    outage: async () => {
      reach(runtime, engine, false)
      return { end: async () => reach(runtime, engine, true) }
    },
    close: async () => clearInterval(ticking),
  }
}

function reach(runtime: FakeRuntime, engine: FakeDocker, reachable: boolean): void {
  engine.reachable = reachable
  runtime.tellAll()
}
