import { afterEach, beforeEach, expect, test } from 'vitest'
import type { Container } from '../../src/manifests/types.ts'
import { engineJson } from '../support/engine-call.ts'
import { type DockerWorld, dockerWorld } from './docker-world.ts'
import { plainConfig, podSpec, runPod, sandboxSpec, until } from './samples.ts'
import { theContainer, thePod } from './volume-samples.ts'

let world: DockerWorld
beforeEach(async () => {
  world = await dockerWorld()
})
afterEach(() => world.close())

const pod = { host: 'local', namespace: 'shop', name: 'web-abc-0' }
const path = '/dev/ended'

const run = (container: Partial<Container>) =>
  runPod(world.runtime, pod, plainConfig(), sandboxSpec({ spec: podSpec(container) }))
const web = () => theContainer(thePod(world.runtime, pod.name))

async function volumes(): Promise<string[]> {
  const filters = encodeURIComponent(JSON.stringify({ label: [`berth.dev/engine=${world.engine}`] }))
  const { Volumes } = await engineJson<{ Volumes: { Name: string }[] | null }>(
    world.docker.socket,
    'GET',
    `/volumes?filters=${filters}`,
  )
  return (Volumes ?? []).map(({ Name }) => Name)
}

test('a container that asks for nothing is made with nothing more', async () => {
  await run({})
  const { HostConfig } = await world.docker.inspect(web().id)
  expect(HostConfig.Mounts).toBeUndefined()
  expect(await volumes()).toEqual([])
})

test('the file is there for everybody, and goes with the pod', async () => {
  await run({ terminationMessagePath: path })
  expect((await world.exec(web().id, 'stat', '-c', '%a %s', path)).trim()).toBe('666 0')
  expect(await volumes()).toHaveLength(1)
  const { uid } = thePod(world.runtime, pod.name)
  for (const id of [web().id, uid]) await world.runtime.removeContainer(pod, id)
  expect(await volumes()).toEqual([])
})

test('of a file that is no message any more, no more is read than the beginning', async () => {
  await run({ terminationMessagePath: path })
  await world.exec(
    web().id,
    'sh',
    '-c',
    `yes start | head -c 1048576 > ${path}; yes tail | head -c 40000000 >> ${path}`,
  )
  await world.crash(web().id)
  await until(world.runtime, () => web().state === 'exited', 'the container has ended')
  expect(web().message).toHaveLength(4096)
  expect(web().message).toMatch(/^(start\n)+/m)
  expect(web().message).not.toContain('tail')
})
