// A real Prometheus that scrapes an endpoint of the test. No engine takes part, but this is not for machines without Debian.
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { ensureServer } from '../../scripts/debian-servers.mjs'
import type { MetricSpec } from '../../src/manifests/types.ts'
import { freePort } from '../support/free-port.ts'
import { scaleTarget, webScaler, world } from './world.ts'

const dir = mkdtempSync(join(tmpdir(), 'berth-prometheus-'))
let page = ''
let metrics: Server
let prometheus: ChildProcess
let url = ''

async function listening(server: Server): Promise<number> {
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return (server.address() as AddressInfo).port
}

beforeAll(async () => {
  metrics = createServer((_request, response) => void response.end(page))
  const target = `127.0.0.1:${await listening(metrics)}`
  const config = `global: { scrape_interval: 200ms }
scrape_configs:
  - job_name: shop
    honor_labels: true
    static_configs: [{ targets: ['${target}'] }]
`
  writeFileSync(join(dir, 'prometheus.yml'), config)
  const address = `127.0.0.1:${await freePort()}`
  url = `http://${address}`
  const options = [`--config.file=${dir}/prometheus.yml`, `--storage.tsdb.path=${dir}/data`]
  prometheus = spawn(ensureServer('prometheus'), [...options, `--web.listen-address=${address}`], { stdio: 'ignore' })
})

afterAll(async () => {
  if (prometheus && prometheus.exitCode === null) {
    prometheus.kill('SIGKILL')
    await once(prometheus, 'exit')
  }
  metrics.closeAllConnections()
  metrics.close()
  rmSync(dir, { recursive: true, force: true })
})

/** Evaluates again and again until the status says so. */
async function until(it: ReturnType<typeof world>, words: string): Promise<void> {
  const giveUpAt = Date.now() + 120_000
  for (;;) {
    // The fake clock stands still, so that no window ends meanwhile.
    await it.tick(0)
    const message = it.message()
    if (message?.includes(words)) return
    if (Date.now() > giveUpAt) throw new Error(`still not "${words}", but "${message}"`)
    await new Promise((done) => setTimeout(done, 100))
  }
}

test('numbers follow metrics of all three kinds', async () => {
  const of = (name: string, matchLabels = {}) => ({ name, selector: { matchLabels } })
  const kinds: MetricSpec[] = [
    {
      type: 'External',
      external: { metric: of('queue_length', { queue: 'mail' }), target: { type: 'Value', value: '10' } },
    },
    { type: 'Pods', pods: { metric: of('hits'), target: { type: 'AverageValue', averageValue: '500m' } } },
    {
      type: 'Object',
      object: {
        metric: of('requests'),
        describedObject: { kind: 'Ingress', name: 'front' },
        target: { type: 'AverageValue', averageValue: '100' },
      },
    },
  ]
  const it = world([scaleTarget({ metrics: kinds })], { prometheusURL: url })
  it.runtime.run(3)
  page = lines({ mail: 10, hits: 0.5, front: 300 })
  await until(it, 'queue_length 10/10, hits 0.5/500m, requests 100/100 (average), 3 of 2..10')
  expect([it.number(), it.scaler.statusOf(webScaler)?.health]).toEqual([3, 'Healthy'])
  page = lines({ mail: 10, hits: 1, front: 300 })
  await until(it, 'hits 1/500m')
  expect(it.number()).toBe(6)
  page = lines({ mail: 10, hits: 0.5, front: 900 })
  await until(it, 'requests 150/100')
  expect(it.number()).toBe(9)
})

test('a query of ones own, and one that Prometheus refuses', async () => {
  page = lines({ mail: 10, hits: 0, front: 0 })
  const queue: MetricSpec = {
    type: 'External',
    external: { metric: { name: 'queue' }, target: { type: 'Value', value: '10' } },
  }
  const own = (query: string) =>
    world([scaleTarget({ metrics: [queue], annotations: { 'berth.dev/query.queue': query } })], { prometheusURL: url })
  const twice = own('2 * max(queue_length{queue="mail"})')
  twice.runtime.run(3)
  await until(twice, 'queue 20/10')
  expect(twice.number()).toBe(6)
  const wrong = own('max(')
  await until(wrong, 'FailedGetExternalMetric: queue: Prometheus refuses the query: ')
  const absent = own('nothing_of_that_name')
  await until(absent, 'FailedGetExternalMetric: queue: Prometheus has no value for it')
})

/** One page of metrics, with series that must not count. */
function lines({ mail, hits, front }: { mail: number; hits: number; front: number }): string {
  return `queue_length{queue="mail"} ${mail}
queue_length{queue="other"} 1000
${Array.from({ length: 10 }, (_none, index) => `hits{namespace="shop",pod="web-aa-${index}"} ${hits}`).join('\n')}
hits{namespace="shop",pod="web-bb-0"} 1000
hits{namespace="other",pod="web-aa-0"} 1000
requests{namespace="shop",ingress="front"} ${front}
requests{namespace="shop",ingress="back"} 1000
`
}
