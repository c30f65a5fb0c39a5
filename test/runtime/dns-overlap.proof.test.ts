import { afterAll, beforeAll, expect, test } from 'vitest'
import { dnsLoad } from './dns-load.ts'
import { type DnsWorld, dnsWorld } from './dns-world.ts'
import { testSocket } from './docker-world.ts'
import { endpointRow, serviceRow, tableOf } from './network/dns-rows.ts'

let world: DnsWorld

beforeAll(async () => {
  world = await dnsWorld(testSocket)
})

afterAll(() => world[Symbol.asyncDispose]())

/** Enough for a server to need a moment to read. */
function manyNames() {
  return Array.from({ length: 300 }, (_, number) => {
    const addresses = [1, 2, 3].map((last) => endpointRow(`10.195.${number % 250}.${last}`, `pod-${last}`))
    return serviceRow(`s${number}`, { clusterIP: 'None', addresses })
  })
}

test('names are told while a newer node container takes over from an older one', async () => {
  const { dnsAddress, zone } = world.settings
  const web = serviceRow('web', { clusterIP: dnsAddress.replace(/\d+$/, '20') })
  await world.apply(tableOf(...manyNames(), web))
  const loads = (['udp', 'tcp'] as const).map((transport) => dnsLoad(transport, dnsAddress, `web.shop.svc.${zone}`, 4))
  for (let time = 0; time < 3; time += 1) await world.replace()
  const [udp, tcp] = await Promise.all(loads.map((load) => load.stop()))
  console.log(
    `UDP: ${udp?.asked} queries, the slowest ${udp?.slowest.toFixed(0)} ms, failed: ${udp?.failed.join(', ')}; TCP: ${tcp?.asked}, ${tcp?.slowest.toFixed(0)} ms, failed: ${tcp?.failed.join(', ')}`,
  )
  expect({ udp: udp?.failed, tcp: tcp?.failed }).toEqual({ udp: [], tcp: [] })
})
