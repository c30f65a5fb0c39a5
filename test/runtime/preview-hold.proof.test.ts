import { afterAll, beforeAll, expect, test } from 'vitest'
import { type HaproxyWorld, haproxyWorld, httpPod, service } from './haproxy-world.ts'
import { ask, freePort } from './ingress-client.ts'
import { behind, ingress, route } from './ingress-routes.ts'

let world: HaproxyWorld
let http: number
beforeAll(async () => {
  http = await freePort()
  world = await haproxyWorld('10.97.128.0/20', { ingressHttpPort: http })
})
afterAll(() => world[Symbol.asyncDispose]())

const previews = new Map([['shop', 'hold']])
const web = () => ask(http, { host: 'web.example.com' })
const seconds = async (act: () => Promise<unknown>) => {
  const began = performance.now()
  await act()
  return (performance.now() - began) / 1000
}

test('a request waits for a minute, and is then told so', async () => {
  await world.apply({ ...ingress([route('web')], [behind('web')]), previews })
  const waited = await seconds(async () => {
    const { status, headers, text } = await web()
    expect([status, headers['retry-after'], text]).toEqual([
      ...[503, '10', 'the preview wakes; no pod was ready within 60 s\n'],
    ])
  })
  expect(waited).toBeGreaterThan(58)
  expect(waited).toBeLessThan(75)
})

test('requests that wait outlive one worker after the other', async () => {
  await using pod = await httpPod('late')
  const table = (step: number) => service(`other-${step}`, '10.97.128.20', {})
  await world.apply({ ...ingress([route('web')], [behind('web')]), previews })
  const answers = Array.from({ length: 50 }, web)
  for (let step = 0; step < 8; step += 1) {
    expect(await world.apply({ ...ingress([route('web')], [behind('web'), table(step)]), previews })).toEqual([])
  }
  await world.apply({ ...ingress([route('web')], [behind('web', pod.row), table(7)]), previews })
  expect((await Promise.all(answers)).map(({ status, text }) => `${status} ${text}`)).toEqual(
    Array(50).fill('200 late'),
  )
})
