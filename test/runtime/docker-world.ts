import { randomBytes } from 'node:crypto'
import { systemClock } from '../../src/base/clock.ts'
import { silentLog } from '../../src/base/log.ts'
import { createDockerRuntime, type DockerRuntimeOptions } from '../../src/runtime/docker/runtime.ts'
import type { Runtime } from '../../src/runtime/port.ts'
import { EngineWorld } from '../support/engine-world.ts'
import { ensureTestImages, testImages } from '../support/images.ts'
import { type SocketProxy, socketProxy } from '../support/socket-proxy.ts'
import type { ContractWorld } from './contract.ts'

/** The engine that the set-up script provides. */
export const testSocket = process.env.BERTH_TEST_DOCKER ?? ''

export interface DockerWorld extends ContractWorld {
  readonly engine: string
  readonly docker: EngineWorld
  readonly proxy: SocketProxy
  /** Runs a command in a container and answers its output. */
  exec(id: string, ...command: string[]): Promise<string>
}

/** An installation with an id of its own on the test engine, reached by way of a proxy. */
export async function dockerWorld(
  given: Partial<DockerRuntimeOptions> = {},
  socket = testSocket,
): Promise<DockerWorld> {
  if (socket === '') throw new Error('BERTH_TEST_DOCKER names no engine: run these tests by npm test')
  await ensureTestImages(socket)
  const engine = `test-${randomBytes(4).toString('hex')}`
  const proxy = await socketProxy(socket)
  const docker = new EngineWorld(socket)
  const runtimes: Runtime[] = []
  const start = async (id: string, endpoint: string) => {
    const runtime = createDockerRuntime({
      engine: id,
      hosts: [{ name: 'local', endpoint }],
      pauseImage: testImages.pause,
      network: { podCIDR: '10.196.0.0/16', mtu: 1500 },
      clock: systemClock,
      log: silentLog,
      ...given,
    })
    runtimes.push(runtime)
    await runtime.start()
    return runtime
  }
  return {
    runtime: await start(engine, proxy.endpoint),
    host: 'local',
    missingImage: '127.0.0.1:9/nothing/here:1',
    engine,
    docker,
    proxy,
    another: (installation) => start(installation === 'same' ? engine : `${engine}-b`, socket),
    exec: (id, ...command) => docker.exec(id, command),
    crash: (id) => docker.kill(id),
    destroy: (id) => docker.destroy(id),
    async write(id, path, text) {
      await docker.exec(id, ['sh', '-c', 'printf %s "$0" > "$1"', text, path])
    },
    async print(id, line) {
      await docker.exec(id, ['sh', '-c', 'echo "$0" > /proc/1/fd/1', line])
    },
    pause: (id) => docker.post(id, 'pause'),
    setMemoryLimit: (id, bytes) => docker.post(id, 'update', { Memory: bytes, MemorySwap: bytes }),
    async copyLabels(id) {
      const { Config } = await docker.inspect(id)
      return docker.foreign(`copy-of-${id.slice(0, 12)}`, testImages.one, Config.Labels)
    },
    holdName: (pod) => docker.foreign(`${engine}_${pod.namespace}_${pod.name}`, testImages.one),
    async outage() {
      await proxy.set('cut')
      return { end: () => proxy.set('open') }
    },
    async close() {
      await Promise.all(runtimes.map((runtime) => runtime.close()))
      await docker.clean(engine, `${engine}-b`)
      await proxy.close()
    },
  }
}
