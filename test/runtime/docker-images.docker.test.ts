import { randomBytes } from 'node:crypto'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { engineCall } from '../support/engine-call.ts'
import { Registry } from '../support/registry.ts'
import { type DockerWorld, dockerWorld, testSocket } from './docker-world.ts'
import { until } from './samples.ts'

describe('images on Docker', () => {
  let world: DockerWorld
  let registry: Registry
  const pulled: string[] = []

  beforeEach(async () => {
    registry = await Registry.start()
    world = await dockerWorld()
  })

  afterEach(async () => {
    for (const image of pulled.splice(0)) await engineCall(testSocket, 'DELETE', `/images/${image}?force=1`)
    await world.close()
    await registry[Symbol.asyncDispose]()
  })

  const files = () => [{ path: 'id', content: randomBytes(8) }]
  const host = () => world.runtime.hostFacts()[0]
  const pull = async (image: string) => {
    pulled.push(image)
    world.runtime.pull('local', image)
    await until(world.runtime, () => host()?.pulls.get(image)?.state !== 'pulling', `the pull of ${image} has ended`)
    return host()?.pulls.get(image)
  }

  test('a pull ends with the image among the facts, and those who wait are told', async () => {
    const { byTag } = registry.put('shop/web', '1', files())
    const told: string[] = []
    world.runtime.watch((keys) => told.push(...keys))
    expect(await pull(byTag)).toMatchObject({ state: 'done', attempts: 0, message: '' })
    expect(host()?.images.get(byTag)).toMatch(/^sha256:/)
    expect(told).toContain('/Host/local')
  })

  test('a tag that moved is pulled anew; a digest stays what it was', async () => {
    const first = registry.put('shop/web', '1', files())
    await pull(first.byTag)
    const before = host()?.images.get(first.byTag)
    registry.put('shop/web', '1', files())
    expect(host()?.images.get(first.byDigest)).toBe(before)
    await pull(first.byTag)
    expect(host()?.images.get(first.byTag)).not.toBe(before)
    await pull(first.byDigest)
    expect(host()?.images.get(first.byDigest)).toBe(before)
  })

  test('the registry’s words are kept, and forgotten when it goes well', async () => {
    const image = `${registry.address}/shop/late:1`
    expect(await pull(image)).toMatchObject({
      state: 'failed',
      attempts: 1,
      message: expect.stringContaining('manifest unknown'),
    })
    registry.put('shop/late', '1', files())
    expect(await pull(image)).toMatchObject({ state: 'done', attempts: 0, message: '' })
  })

  test('an image removed behind our back is gone from the facts', async () => {
    const { byTag } = registry.put('shop/web', '1', files())
    await pull(byTag)
    await engineCall(testSocket, 'DELETE', `/images/${byTag}?force=1`)
    await until(world.runtime, () => host()?.images.has(byTag) === false, 'the image is gone')
  })
})
