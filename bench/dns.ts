// The DNS server of a host: queries a second of a full zone, asked by several clients at a time from this one process, and how long a
// change takes until it is answered. Arguments: number of Services, seconds.
import { createSocket } from 'node:dgram'
import type { NetworkTable, ServiceRow } from '../src/runtime/network/table.ts'
import { dnsQuery } from '../test/runtime/dns-load.ts'
import { dnsWorld } from '../test/runtime/dns-world.ts'
import { endpointRow, portRow, serviceRow, tableOf } from '../test/runtime/network/dns-rows.ts'
import { ensureNodeImage } from '../test/support/node-image.ts'
import { countFrom, quantile } from './support/numbers.ts'
import { benchEngine } from './support/place.ts'

const clients = 4
/** Queries that each client has under way. */
const depth = 16
const changes = 100

export async function run(args: readonly string[]): Promise<void> {
  const services = countFrom(args, 1000)
  const seconds = countFrom(args.slice(1), 5)
  const engine = await benchEngine()
  await ensureNodeImage(engine)
  await using world = await dnsWorld(engine)
  const prefix = world.settings.dnsAddress.replace(/\d+$/, '')
  const rows = Array.from({ length: services }, (_, number) => row(number, prefix))
  const began = performance.now()
  await world.apply(tableOf(...rows))
  console.log(`${services} Services served after ${(performance.now() - began).toFixed(0)} ms`)
  const rates = await Promise.all(
    Array.from({ length: clients }, () => ask(world.settings.dnsAddress, services, seconds)),
  )
  const asked = rates.reduce((sum, { times }) => sum + times.length, 0)
  const lost = rates.reduce((sum, rate) => sum + rate.lost, 0)
  const times = rates.flatMap((rate) => rate.times)
  const rate = asked / seconds
  console.log(`p50 ${quantile(times, 0.5).toFixed(2)} ms, p99 ${quantile(times, 0.99).toFixed(2)} ms, ${lost} lost`)
  const change = await changeTimes((table) => world.apply(table), world.resolver, rows)
  const memory = await world.shell.run('grep VmRSS /proc/$(cat /dev/shm/berth-dns/pid)/status')
  console.log(`memory: ${memory.replace('VmRSS:', '').trim()}`)
  console.log(
    `dns: ${rate.toFixed(0)} queries/s (target >= 5000), a change p50 ${quantile(change, 0.5).toFixed(0)} ms, p99 ${quantile(change, 0.99).toFixed(0)} ms (target <= 200 ms)`,
  )
}

/** Every third one is headless, with three pods. */
function row(number: number, prefix: string): ServiceRow {
  const namespace = `n${number % 20}`
  if (number % 3 > 0) {
    return serviceRow(`s${number}`, {
      namespace,
      clusterIP: `${prefix}${20 + (number % 200)}`,
      ports: [portRow('http', 80)],
    })
  }
  const addresses = [1, 2, 3].map((last) => endpointRow(`10.195.${number % 250}.${last}`, `pod-${last}`))
  return serviceRow(`s${number}`, { namespace, clusterIP: 'None', addresses })
}

async function changeTimes(
  apply: (table: NetworkTable) => Promise<void>,
  resolver: { resolve4(name: string): Promise<string[]> },
  rows: readonly ServiceRow[],
): Promise<number[]> {
  const times: number[] = []
  for (let change = 0; change < changes; change += 1) {
    const address = `10.195.255.${change}`
    const began = performance.now()
    const applied = apply(
      tableOf(...rows, serviceRow('moving', { clusterIP: 'None', addresses: [endpointRow(address)] })),
    )
    const told = async () => (await resolver.resolve4('moving.shop.svc.cluster.local').catch(() => []))[0] === address
    while (!(await told())) await new Promise((done) => setTimeout(done, 2))
    times.push(performance.now() - began)
    await applied
    if (!(await told())) throw new Error(`moving is no longer told to be at ${address}`)
  }
  return times
}

/** One client: keeps queries under way for so long. */
function ask(server: string, services: number, seconds: number): Promise<{ times: number[]; lost: number }> {
  const times: number[] = []
  const sent = new Map<number, number>()
  const socket = createSocket('udp4')
  let next = 0
  const send = () => {
    next = (next + 1) % 0x10000
    sent.set(next, performance.now())
    const service = next % services
    socket.send(dnsQuery(next, `s${service}.n${service % 20}.svc.cluster.local`))
  }
  return new Promise((resolve, reject) => {
    socket.on('error', reject)
    socket.on('message', (answer) => {
      const id = answer.readUInt16BE(0)
      const began = sent.get(id)
      sent.delete(id)
      if (began !== undefined && answer.readUInt16BE(6) > 0) times.push(performance.now() - began)
      if (!ended) send()
    })
    let ended = false
    setTimeout(() => {
      ended = true
      setTimeout(() => {
        socket.close()
        resolve({ times, lost: sent.size })
      }, 500)
    }, seconds * 1000)
    socket.connect(53, server, () => {
      for (let each = 0; each < depth; each += 1) send()
    })
  })
}
