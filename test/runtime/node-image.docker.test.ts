import { randomBytes } from 'node:crypto'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { engineCall } from '../support/engine-call.ts'
import { ensureImage, rootFolder } from '../support/images.ts'
import { type DockerWorld, dockerWorld, testSocket } from './docker-world.ts'
import { emptyTable, nodeNetwork } from './node-samples.ts'
import { until } from './samples.ts'

/** The base of the Dockerfile. An engine's own one is put aside meanwhile. */
const base = 'debian:bookworm-slim'
const aside = 'berth-test-aside:debian'

const tag = (from: string, to: string) => {
  const [repo = '', name = ''] = to.split(':')
  return engineCall(testSocket, 'POST', `/images/${from}/tag?repo=${repo}&tag=${name}`)
}

describe('the image of the node container', () => {
  const image = `berth-node-built:${randomBytes(4).toString('hex')}`
  let world: DockerWorld

  beforeEach(async () => {
    await tag(base, aside)
    world = await dockerWorld({
      network: { ...nodeNetwork, serviceCIDR: '10.110.1.0/24', nodeImage: `127.0.0.1:9/${image}` },
    })
  })

  afterEach(async () => {
    await world.close()
    await engineCall(testSocket, 'DELETE', `/images/127.0.0.1:9/${image}?force=1`)
    await engineCall(testSocket, 'DELETE', `/images/${base}`)
    await tag(aside, base)
    await engineCall(testSocket, 'DELETE', `/images/${aside}`)
  })

  const message = () => world.runtime.hostFacts()[0]?.network.message ?? ''

  test('is built by the host where it cannot be pulled; a build that fails says why, and is tried again', async () => {
    const fake = (script: string) => [
      ...rootFolder(),
      { path: 'bin/apt-get', content: `#!/bin/sh\n${script}\n`, mode: 0o755 },
    ]
    const path = ['ENV PATH=/usr/sbin:/usr/bin:/sbin:/bin', 'CMD ["/bin/sh"]']
    await ensureImage(testSocket, base, fake('echo "no packages today" >&2; exit 100'), path)
    world.runtime.setNetwork(emptyTable, new Map())
    await until(world.runtime, () => message().includes('neither pulled'), 'the build failed', 120_000)
    expect(message()).toContain('connection refused')
    expect(message()).toContain('no packages today: a step returned a non-zero code: 100')
    await ensureImage(testSocket, base, fake('echo "$@" >>/packages'), path)
    const built = () => world.runtime.hostFacts()[0]?.images.has(`127.0.0.1:9/${image}`) ?? false
    await until(world.runtime, built, 'the image is there', 120_000)
  })
})
