// From a webhook of a push to the first call that changes something in Docker, in a repository of many files (10,000 unless told), of
// which one changes. Arguments: number of files, number of pushes.
import { createHmac } from 'node:crypto'
import { readFileSync, writeFileSync } from 'node:fs'
import { request } from 'node:http'
import { join } from 'node:path'
import { deployment, TestBerth } from '../test/e2e/berth.ts'
import { type GitServer, startGitServer } from '../test/sync/git-server.ts'
import { Bare } from './support/bare.ts'
import { type CountingProxy, countingProxy } from './support/counting-proxy.ts'
import { countFrom, quantile } from './support/numbers.ts'
import { benchEngine, endBerth } from './support/place.ts'

const secret = 'bench'
const targetMs = 150
const warmUps = 2

interface Times {
  readonly answerMs: number
  readonly fetchMs: number
  readonly callMs: number
}

export async function run(args: readonly string[]): Promise<void> {
  const files = countFrom(args, 10_000)
  const pushes = countFrom(args.slice(1), 20)
  const socket = await benchEngine()
  const bare = new Bare(socket)
  await using proxy = await countingProxy(socket)
  const berth = new TestBerth('bench-webhook', socket)
  const server = await startGitServer(berth.dir)
  try {
    configure(berth, `${server.origin}/repo/.git`, proxy.endpoint)
    const first = berth.repository.commit('All', { ...filler(files), ...web(0) })
    berth.repository.git('repack', '-a', '-d', '-q')
    berth.start('--interval', '1h')
    await berth.synced(first, 120_000)
    const times: Times[] = []
    for (let push = 1; push <= pushes + warmUps; push++) {
      const took = await measure(berth, server, proxy, push)
      if (push > warmUps) times.push(took)
    }
    print(files, times)
  } finally {
    await endBerth(berth, (ids) => bare.remove(ids))
    await server.close()
    bare.close()
  }
}

function print(files: number, times: readonly Times[]): void {
  const shown = (pick: (one: Times) => number) => {
    const values = times.map(pick)
    return `p50 ${quantile(values, 0.5).toFixed(0)} ms, p90 ${quantile(values, 0.9).toFixed(0)} ms`
  }
  console.log(`${files} files, one changes, ${times.length} pushes`)
  console.log(`webhook -> answer: ${shown(({ answerMs }) => answerMs)}`)
  console.log(`webhook -> last answer of the Git server: ${shown(({ fetchMs }) => fetchMs)}`)
  console.log(`webhook: ${shown(({ callMs }) => callMs)} until the first Docker call (target p50 <= ${targetMs} ms)`)
}

/** Commits, posts the webhook, and waits for the rollout to end. */
async function measure(berth: TestBerth, server: GitServer, proxy: CountingProxy, push: number): Promise<Times> {
  const commit = berth.repository.commit(`Change ${push}`, web(push))
  const body = JSON.stringify({ ref: 'refs/heads/main', repository: `${server.origin}/repo/.git` })
  const called = new Promise<number>((resolve) => {
    // Whatever changes something is a POST; and this pod's probe, by http, is none.
    proxy.onCall = (call) => {
      if (call.startsWith('POST ')) resolve(performance.now())
    }
  })
  let fetchedAt = performance.now()
  server.intercept = (_request, response) => {
    response.on('finish', () => {
      fetchedAt = performance.now()
    })
    return false
  }
  const began = performance.now()
  await post(berth, body)
  const answerMs = performance.now() - began
  const callMs = (await called) - began
  const fetchMs = fetchedAt - began
  await berth.synced(commit)
  await berth.until('the old pod is gone', async () => (await berth.pods()).length === 1)
  return { answerMs, fetchMs, callMs }
}

function post(berth: TestBerth, body: string): Promise<void> {
  const address = /webhooks=(http:\/\/\S+)/.exec(berth.log)?.[1]
  const signature = createHmac('sha256', secret).update(body).digest('hex')
  const headers = { 'x-hub-signature-256': `sha256=${signature}` }
  return new Promise((resolve, reject) => {
    const call = request(`${address}generic`, { method: 'POST', agent: false, headers }, (answer) => {
      answer.resume().on('end', resolve)
      if (answer.statusCode !== 202) reject(new Error(`expected 202, found ${answer.statusCode}`))
    })
    call.on('error', reject)
    call.end(body)
  })
}

function configure(berth: TestBerth, repoURL: string, endpoint: string): void {
  berth.configure({})
  const file = join(berth.dir, 'berth.yaml')
  writeFileSync(join(berth.dir, 'secret'), secret)
  const [engine = '', application = ''] = readFileSync(file, 'utf8').split('\n---\n')
  const { spec, ...rest } = JSON.parse(engine) as { spec: object }
  const webhooks = { listen: '127.0.0.1:0', secretFile: join(berth.dir, 'secret') }
  const hosts = [{ name: 'local', endpoint }]
  const withWebhooks = JSON.stringify({ ...rest, spec: { ...spec, hosts, server: { webhooks } } })
  const elsewhere = application.replace(JSON.stringify(berth.repository.dir), JSON.stringify(repoURL))
  writeFileSync(file, `${withWebhooks}\n---\n${elsewhere}`)
}

function web(version: number): Record<string, string> {
  return { 'app/web.yaml': deployment({ replicas: 1, env: { VERSION: String(version) } }) }
}

function filler(files: number): Record<string, string> {
  const data = (at: number) => Array.from({ length: 12 }, (_, key) => `  key-${key}: "${at * 31 + key}"`).join('\n')
  return Object.fromEntries(
    Array.from({ length: files - 1 }, (_, at) => [
      `app/team-${at % 20}/app-${Math.floor(at / 20) % 50}/${at}.yaml`,
      `apiVersion: v1\nkind: ConfigMap\nmetadata: { name: config-${at} }\ndata:\n${data(at)}\n`,
    ]),
  )
}
