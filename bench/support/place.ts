import { join } from 'node:path'
import { runningEngine } from '../../src/server/state-dir.ts'
import { TestBerth } from '../../test/e2e/berth.ts'
import { ensureTestImages } from '../../test/support/images.ts'

/** The engine to measure on, with the test images on it. */
export async function benchEngine(): Promise<string> {
  const socket = process.env.BERTH_TEST_DOCKER ?? process.env.DOCKER_HOST ?? ''
  if (!socket.startsWith('unix://')) {
    throw new Error(`expected a local engine in DOCKER_HOST such as unix:///var/run/docker.sock, found "${socket}"`)
  }
  await ensureTestImages(socket)
  return socket
}

/** A Berth that has settled on a first commit without pods. */
export async function settledBerth(name: string, socket: string, interval = '1h'): Promise<TestBerth> {
  const berth = new TestBerth(`bench-${name}`, socket)
  const first = berth.repository.commit('Begin', {
    'app/config.yaml': 'apiVersion: v1\nkind: ConfigMap\nmetadata: { name: begin }\n',
  })
  berth.start('--interval', interval, '--log-level', 'warn')
  await berth.synced(first)
  return berth
}

/** Ends it, and removes what it made. */
export async function endBerth(berth: TestBerth, remove: (ids: readonly string[]) => Promise<void>): Promise<void> {
  await berth.stop()
  await remove((await berth.containers()).map((container) => container.Id))
  await berth.close()
}

/** Where its status server listens; waits until it does. */
export async function addressOf(berth: TestBerth): Promise<string> {
  for (;;) {
    const address = runningEngine(join(berth.dir, 'state'))?.address ?? ''
    if (address !== '') return address
    await new Promise((done) => setTimeout(done, 20))
  }
}
