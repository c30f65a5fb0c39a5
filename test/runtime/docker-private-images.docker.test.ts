import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { imageId } from '../../src/reconcile/plan/images.ts'
import type { RegistryAuth } from '../../src/runtime/port.ts'
import { engineCall } from '../support/engine-call.ts'
import { type LockedRegistry, lockedRegistries, registryUser } from '../support/locked-registry.ts'
import { type DockerWorld, dockerWorld, testSocket } from './docker-world.ts'
import { plainConfig, runPod, sandboxSpec, until, webKey } from './samples.ts'

describe.each(lockedRegistries)('images behind a password: %s', (_, start) => {
  let world: DockerWorld
  let registry: LockedRegistry
  let images: { byTag: string; byDigest: string }

  beforeEach(async () => {
    registry = await start()
    world = await dockerWorld()
    images = await registry.push(testSocket, 'shop/web')
    await forget()
  })

  afterEach(async () => {
    await registry[Symbol.asyncDispose]()
    await world.close()
    await forget()
  })

  /** The tag and the digest: what is left of an image goes with the last of its names. */
  const forget = async () => {
    for (const image of Object.values(images)) await engineCall(testSocket, 'DELETE', `/images/${image}`)
  }
  const host = () => world.runtime.hostFacts()[0]
  const pull = async (image: string, auths?: readonly RegistryAuth[]) => {
    world.runtime.pull('local', image, auths)
    await until(world.runtime, () => host()?.pulls.get(image)?.state !== 'pulling', `the pull of ${image} has ended`)
    return host()?.pulls.get(image)
  }
  const right = () => registryUser(registry.address)
  const wrong = () => ({ ...right(), password: 'closed sesame' })

  test('are refused without credentials, with wrong ones, and with those for another registry', async () => {
    const failed = { state: 'failed', message: expect.stringMatching(/unauthorized|no basic auth|authentication/) }
    expect(await pull(images.byTag)).toMatchObject(failed)
    const last = await pull(images.byTag, [wrong(), registryUser('registry.example.com')])
    expect(last).toMatchObject({ ...failed, attempts: 2 })
    expect(JSON.stringify(last)).not.toContain('sesame')
    world.runtime.pullSoon(images.byTag)
    expect(host()?.pulls.get(images.byTag)).toMatchObject({ ...failed, attempts: 2, at: Number.NEGATIVE_INFINITY })
  })

  test('are pulled with the first credentials that fit', async () => {
    expect(await pull(images.byTag, [wrong(), right()])).toMatchObject({ state: 'done', attempts: 0 })
    expect(host()?.images.get(images.byTag)).toMatch(/^sha256:/)
  })

  test('are asked for with credentials as they are pulled', async () => {
    const ask = (image: string, auths?: readonly RegistryAuth[]) => world.runtime.registryDigest(image, auths)
    const { byTag, byDigest } = images
    expect(await ask(byTag, [wrong(), right()])).toBe(byDigest.split('@')[1])
    expect(await ask(`${byTag}-not`, [right()])).toBeUndefined()
    expect(await ask(byTag.replace('web', 'none'), [right()])).toBeUndefined()
    const refused = {
      name: 'RuntimeError',
      message: expect.stringMatching(/unauthorized|no basic auth|authentication/),
    }
    await expect(ask(byTag)).rejects.toMatchObject(refused)
    const words = await ask(byTag, [wrong()]).catch((error: unknown) => error)
    expect(words).toMatchObject(refused)
    expect(JSON.stringify(words) + String(words)).not.toContain('sesame')
    await registry[Symbol.asyncDispose]()
    await expect(ask(byTag, [right()])).rejects.toThrow(/connection refused/)
  })

  test('named by tag and digest, without the tag, are there once they are pulled', async () => {
    const both = `${images.byTag}@${images.byDigest.split('@')[1]}`
    expect(await pull(both, [right()])).toMatchObject({ state: 'done' })
    const facts = host()
    expect(facts && imageId(facts, both)).toMatch(/^sha256:/)
  })

  test('by digest, up to the running pod', async () => {
    const { byDigest, byTag } = images
    const both = `${byTag}@${byDigest.split('@')[1]}`
    expect(await pull(byDigest, [right()])).toMatchObject({ state: 'done' })
    const imageId = host()?.images.get(byDigest)
    const pod = { host: world.host, namespace: 'shop', name: 'web-abc-0' }
    const config = plainConfig({ image: byDigest, command: ['/bin/serve'] })
    await runPod(world.runtime, pod, config)
    expect(world.runtime.podsOf(webKey)[0]?.containers[0]).toMatchObject({
      state: 'running',
      image: byDigest,
      imageId,
      config,
    })
    expect(await pull(both, [right()])).toMatchObject({ state: 'done' })
    const other = { ...pod, name: 'web-abc-1' }
    await runPod(world.runtime, other, { ...config, image: both }, sandboxSpec({ owner: 'Deployment/other' }))
    const seen = world.runtime.podsOf('shop/Deployment/other')[0]?.containers[0]
    expect(seen).toMatchObject({ state: 'running', image: both, imageId })
  })
})
