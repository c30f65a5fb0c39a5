// What is done to pods under load.
import type { AppStatus } from '../../src/report/status.ts'
import { engineJson } from '../../test/support/engine-call.ts'
import type { LoadFailure } from '../../test/support/load.ts'
import type { Clients, Scene } from './load-scene.ts'

export interface Variant {
  readonly clients: Clients
  /** Does it under load; answers in a few words what it did, and which failures may be. */
  run(scene: Scene, times: number): Promise<Done>
}

interface Done {
  readonly what: string
  /** Absent: none. */
  readonly mayFail?: (failure: LoadFailure) => boolean
}

const quick: Clients = { keep: 2, idle: 1, new: 2 }
const withPosts: Clients = { keep: 1, idle: 1, new: 1, upload: 3, slow: 3 }
const killPauseMs = 3_000
/** Of a pod that was killed time after time: as long as the back-off of its restarts may get. */
const longestRestartMs = 360_000

export const variants = {
  rollout: {
    clients: quick,
    async run(scene, times) {
      for (let time = 1; time <= times; time += 1) await rollout(scene, `rollout ${time}`)
      return { what: `${times} rollouts of 3 pods` }
    },
  },
  post: {
    clients: withPosts,
    async run(scene, times) {
      for (let time = 1; time <= times; time += 1) await rollout(scene, `rollout ${time}`)
      return { what: `${times} rollouts of 3 pods, POSTs of 2 s under way all the time` }
    },
  },
  kill: { clients: withPosts, run: kills },
  scale: {
    clients: quick,
    async run(scene, times) {
      for (let time = 1; time <= Math.ceil(times / 3); time += 1) {
        for (const replicas of [6, 2, 3]) {
          scene.timeline.mark(`scale to ${replicas}`)
          await scene.shop.roll(`Scale to ${replicas}`, { replicas, env: { VERSION: 'scaled' } })
        }
      }
      return { what: `3 -> 6 -> 2 -> 3 pods, ${Math.ceil(times / 3)} times` }
    },
  },
  restart: {
    clients: quick,
    async run(scene, times) {
      const { berth } = scene.shop
      for (let time = 1; time <= times; time += 1) {
        const rolled = rollout(scene, `rollout ${time}`)
        for (const afterMs of [300 + time * 250, 1_500]) {
          await pause(afterMs)
          scene.timeline.mark('SIGKILL of Berth')
          await berth.stop('SIGKILL')
          scene.shop.start()
        }
        await rolled
      }
      return { what: `${times} rollouts with 2 SIGKILLs of Berth each` }
    },
  },
  node: { clients: withPosts, run: nodeContainers },
  config: {
    clients: quick,
    async run(scene, times) {
      for (let time = 1; time <= times; time += 1) {
        scene.timeline.mark(`config ${time}`)
        await scene.shop.roll(`Config ${time}`, { config: `value ${scene.next()}` })
      }
      return { what: `${times} rolls by a changed ConfigMap` }
    },
  },
} satisfies Readonly<Record<string, Variant>>

async function rollout(scene: Scene, title: string): Promise<void> {
  scene.timeline.mark(title)
  const version = scene.next()
  await scene.shop.roll(`Version ${version}`, { env: { VERSION: version } })
  scene.timeline.mark(`${title} is done`)
}

/** What a pod had taken when it was killed is lost; nothing else may be. There is always another one to go on with. */
async function kills(scene: Scene, times: number): Promise<Done> {
  const { shop, timeline } = scene
  const moments: { readonly from: number; readonly to: number }[] = []
  let under = 0
  for (let time = 0; time < times; time += 1) {
    await inTraffic(scene, 2)
    const pods = await shop.webContainers()
    const victim = pods[time % pods.length]
    if (!victim) throw new Error('there is no pod to kill')
    under += (await scene.underWay()).length
    timeline.mark(`SIGKILL of ${victim.pod}`)
    const from = Date.now()
    await engineJson(shop.berth.socket, 'POST', `/containers/${victim.id}/kill?signal=KILL`)
    moments.push({ from, to: Date.now() })
    await pause(killPauseMs)
  }
  await inTraffic(scene, 3)
  return {
    what: `${times} pods killed, ${under} requests under way at that in all 3 pods`,
    mayFail: ({ began, ended }) => moments.some(({ from, to }) => began <= to && ended >= from),
  }
}

/** Resolves once so many pods run, and the Service says that they are in traffic. */
async function inTraffic({ shop, timeline }: Scene, count: number): Promise<void> {
  const began = Date.now()
  const isSo = ({ objects }: AppStatus) => {
    const service = objects.find(({ kind, name }) => kind === 'Service' && name === 'web')
    return Number(service?.ready.split('/')[0]) >= count
  }
  const holds = async (app: AppStatus) => isSo(app) && (await shop.webContainers()).length >= count
  await shop.berth.until(`${count} pods are in traffic`, holds, longestRestartMs)
  const seconds = Math.round((Date.now() - began) / 1000)
  if (seconds > 0) timeline.mark(`${count} pods are in traffic after ${seconds} s`)
}

async function nodeContainers(scene: Scene, times: number): Promise<Done> {
  const { shop, timeline } = scene
  const rounds = Math.ceil(times / 3)
  for (let round = 0; round < rounds; round += 1) {
    const image = `berth-node:bench-${process.pid}-${scene.next()}`
    await shop.otherNodeImage(image)
    const before = await nodes(scene)
    timeline.mark('another node image')
    await shop.berth.stop()
    shop.configure(image)
    shop.start()
    await shop.berth.until('the node container is another one', async () => {
      const now = await nodes(scene)
      return now.some((id) => !before.includes(id))
    })
    await rollout(scene, `rollout ${round} with the new node container`)
  }
  return { what: `${rounds} new node containers, with a rollout each` }
}

async function nodes({ shop }: Scene): Promise<string[]> {
  const found = await shop.berth.containers()
  return found
    .filter(({ Labels, State }) => Labels['berth.dev/node'] !== undefined && State === 'running')
    .map(({ Id }) => Id)
}

function pause(ms: number): Promise<void> {
  return new Promise((done) => setTimeout(done, ms))
}
