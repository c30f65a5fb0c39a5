// A container is killed: how long until its replacement runs, against creating and starting the same container by hand. Both are seen
// by the engine's events. Argument: number of kills.
import { request } from 'node:http'
import { ask } from '../src/server/client.ts'
import { deployment } from '../test/e2e/berth.ts'
import { Bare } from './support/bare.ts'
import { countFrom, median } from './support/numbers.ts'
import { addressOf, benchEngine, endBerth, settledBerth } from './support/place.ts'

export async function run(args: readonly string[]): Promise<void> {
  const kills = countFrom(args, 24)
  const socket = await benchEngine()
  const bare = new Bare(socket)
  const berth = await settledBerth('heal', socket)
  const events = await follow(socket)
  const made: string[] = []
  const network = await bare.network(`bench-heal-${process.pid}`)
  try {
    const commit = berth.repository.commit('Deploy', { 'app/web.yaml': deployment({ replicas: kills }) })
    await ask(await addressOf(berth), 'POST', '/sync')
    await berth.synced(commit, 300_000)
    const mains = (await berth.containers()).filter(({ Labels }) => Labels['berth.dev/container'] === 'main')
    const sandboxes = (await berth.containers()).filter(({ Labels }) => Labels['berth.dev/container'] === '')
    const main = await bare.recipeOf(mains[0]?.Id ?? '')
    const sandbox = await bare.sandbox(await bare.recipeOf(sandboxes[0]?.Id ?? ''), `bench-heal-${process.pid}`)
    made.push(sandbox)
    const healed: number[] = []
    const byHand: number[] = []
    const all: number[] = []
    for (const { Id: id, Names } of mains) {
      const name = (Names[0] ?? '').slice(1)
      const asked = performance.now()
      const died = events.next('die', name)
      const started = events.next('start', name.replace(/_0$/, '_1'))
      await bare.call('POST', `/containers/${id}/kill`)
      healed.push((await started) - (await died))
      all.push((await started) - asked)
      await pause()
      const began = performance.now()
      const again = await bare.joined(main, sandbox)
      byHand.push((await events.next('start', again)) - began)
      await bare.remove([again])
      await pause()
    }
    const ratio = median(healed) / median(byHand)
    console.log(`from the kill call, with the time the engine takes to tell of the end: ${median(all).toFixed(0)} ms`)
    console.log(
      `end told -> replacement runs: ${median(healed).toFixed(0)} ms; by hand: ${median(byHand).toFixed(0)} ms`,
    )
    console.log(`heal: ${ratio.toFixed(2)}x create and start by hand (medians of ${kills}; target <= 1.20x)`)
  } finally {
    events.close()
    await endBerth(berth, (ids) => bare.remove(ids))
    await bare.remove(made, network)
    bare.close()
  }
}

/** Lets the engine and Berth finish what a measurement left behind. */
function pause(): Promise<void> {
  return new Promise((done) => setTimeout(done, 300))
}

interface Events {
  /** When the event of this container (name or id) came, in ms of `performance.now`; one that has come already counts. */
  next(action: string, container: string): Promise<number>
  close(): void
}

function follow(socket: string): Promise<Events> {
  const seen = new Map<string, number>()
  const waiting = new Map<string, (at: number) => void>()
  const note = (key: string, at: number) => {
    seen.set(key, at)
    waiting.get(key)?.(at)
  }
  const filters = encodeURIComponent(JSON.stringify({ type: ['container'], event: ['start', 'die'] }))
  const settings = { socketPath: socket.replace(/^unix:\/\//, ''), path: `/events?filters=${filters}` }
  return new Promise((resolve, reject) => {
    const call = request(settings, (answer) => {
      let rest = ''
      answer.setEncoding('utf8')
      answer.on('error', () => {})
      answer.on('data', (text: string) => {
        const at = performance.now()
        const lines = (rest + text).split('\n')
        rest = lines.pop() ?? ''
        for (const line of lines) {
          const event: { Action: string; Actor: { ID: string; Attributes: { name: string } } } = JSON.parse(line)
          note(`${event.Action} ${event.Actor.Attributes.name}`, at)
          note(`${event.Action} ${event.Actor.ID}`, at)
        }
      })
      resolve({
        next: (action, container) => {
          const key = `${action} ${container}`
          const at = seen.get(key)
          return at === undefined ? new Promise((done) => waiting.set(key, done)) : Promise.resolve(at)
        },
        close: () => call.destroy(),
      })
    })
    call.on('error', reject)
    call.end()
  })
}
