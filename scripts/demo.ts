// `npm run demo`: a small shop from first commit to rolling update, a pull request, repair, and two commits that are better not applied.
// With CI=true or --exit every step is checked and the exit code tells; else it stays up until Ctrl-C. Nothing is left behind.
import { randomBytes } from 'node:crypto'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Berth } from './demo/berth.ts'
import { writeConfig } from './demo/config.ts'
import { Containers } from './demo/containers.ts'
import { ensureDemoImages, removeDemoImages } from './demo/images.ts'
import { ShopRepository } from './demo/shop-repository.ts'
import { Stage } from './demo/stage.ts'
import { steps } from './demo/steps.ts'
import { forward, freePort } from './entrance.mjs'

const exits = process.argv.includes('--exit') || process.env.CI === 'true'
const host = process.env.DOCKER_HOST
if (host === undefined) throw new Error('no engine: start the demo with `npm run demo`')

const interrupted = new AbortController()
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => interrupted.abort())

const id = randomBytes(3)
const installation = `demo-${id.toString('hex')}`
// Most likely apart from those of other installations on this machine.
const serviceCIDR = `10.127.${id[0]}.0/24`
// Behind a private engine: the same as outside, so that addresses are as Berth says them.
const outside = process.env.BERTH_DEMO_PORT
const port = await freePort(outside === undefined ? undefined : Number(outside))
const address = `http://127.0.0.1:${outside ?? port}/`
const folder = mkdtempSync(join(tmpdir(), 'berth-demo-'))
const containers = new Containers(host, installation)
const repository = new ShopRepository(folder)
const config = writeConfig(folder, { engine: installation, host, repository: repository.url, serviceCIDR, port })
const berth = new Berth(['-c', config])
const stage = new Stage(berth, interrupted.signal)

// Behind a private engine this machine's port leads here.
if (process.env.BERTH_DEMO_SOCKET) forward({ host: '127.0.0.1', port }).listen(process.env.BERTH_DEMO_SOCKET)

process.exitCode = await play()

async function play(): Promise<number> {
  const began = performance.now()
  try {
    await ensureDemoImages(host!, (text) => stage.say(text))
    for (const [index, step] of steps.entries()) {
      stage.title(`${index + 1}/${steps.length} ${step.title}`)
      await step.play({ stage, berth, containers, repository, port, address })
    }
    stage.say(`\nall ${steps.length} steps held, ${Math.round((performance.now() - began) / 1000)} s`)
    if (!exits) await stayUp()
    return 0
  } catch (error) {
    if (interrupted.signal.aborted) return 130
    stage.failed(error)
    return 1
  } finally {
    await cleanUp()
  }
}

async function stayUp(): Promise<void> {
  const via = process.env.BERTH_DEMO_VIA ?? ''
  stage.say(`
It goes on until Ctrl-C. In another terminal:
  curl ${address}
  DOCKER_HOST=${host} docker ps
  ${via}node_modules/.bin/node bin/berth.js status --watch -c ${config}
  git clone ${repository.url}    # change something, push, and watch
  git push origin HEAD:preview/mine    # from there: a preview at ${address.replace('127.0.0.1', 'mine.shop.localhost')}`)
  stage.showLog()
  await new Promise((resolve) => interrupted.signal.addEventListener('abort', resolve))
}

/** Removes whatever the demo made; what it cannot remove it says. */
async function cleanUp(): Promise<void> {
  const wasRunning = berth.running
  const code = await berth.stop()
  if (wasRunning && code !== 0) {
    stage.failed(new Error(`berth run ended with ${code} after SIGTERM, expected 0`))
    process.exitCode = 1
  }
  await containers.removeAll()
  await removeDemoImages(host!)
  rmSync(folder, { recursive: true, force: true })
  const left = await containers.left()
  if (left.length > 0) stage.failed(new Error(`not removed: ${left.join(' ')}`))
}
