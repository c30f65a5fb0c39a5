import { PassThrough } from 'node:stream'
import { expect, test } from 'vitest'
import type { HostApi } from '../../src/runtime/docker/host-api.ts'
import { Images } from '../../src/runtime/docker/images.ts'
import { FakeClock } from '../sim/fake-clock.ts'

/** Images of an engine whose pulls end when they are let. */
function pulling() {
  const begun: string[] = []
  const api = {
    pull: async (name: string) => {
      begun.push(name)
      return new PassThrough()
    },
    listImages: async () => [],
  }
  const images = new Images(api as never as HostApi, new FakeClock(), () => {})
  const settle = () => new Promise((resolve) => setImmediate(resolve))
  return { images, begun, settle }
}

test('registries that never end keep only previews waiting', async () => {
  const { images, begun, settle } = pulling()
  for (const name of ['slow-a', 'slow-b', 'shop']) images.pull(`${name}:1`, [], true)
  await settle()
  expect(begun).toEqual(['slow-a'])
  images.pull('own:1')
  await settle()
  expect(begun).toEqual(['slow-a', 'own'])
})

test('an image that previews wait for is pulled at once for others, and only once', async () => {
  const { images, begun, settle } = pulling()
  for (const name of ['slow', 'shop']) images.pull(`${name}:1`, [], true)
  images.pull('shop:1')
  images.pull('shop:1')
  images.pull('slow:1')
  await settle()
  expect(begun.sort()).toEqual(['shop', 'slow'])
  expect(images.pulls().get('shop:1')?.state).toBe('pulling')
})
