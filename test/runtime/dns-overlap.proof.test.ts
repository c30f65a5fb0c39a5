import { expect, test } from 'vitest'
import { type DnsLoad, dnsLoad } from './dns-load.ts'
import { type DnsWorld, dnsWorld } from './dns-world.ts'
import { testSocket } from './docker-world.ts'
import { endpointRow, serviceRow, tableOf } from './network/dns-rows.ts'

/** Enough for a server to need a moment to read. */
function manyNames() {
  return Array.from({ length: 300 }, (_, number) => {
    const addresses = [1, 2, 3].map((last) => endpointRow(`10.195.${number % 250}.${last}`, `pod-${last}`))
    return serviceRow(`s${number}`, { clusterIP: 'None', addresses })
  })
}

/** Many names, and queries for one of them by either transport. */
async function asked(world: DnsWorld): Promise<readonly DnsLoad[]> {
  const { dnsAddress, zone } = world.settings
  const web = serviceRow('web', { clusterIP: dnsAddress.replace(/\d+$/, '20') })
  await world.apply(tableOf(...manyNames(), web))
  return (['udp', 'tcp'] as const).map((transport) => dnsLoad(transport, dnsAddress, `web.shop.svc.${zone}`, 4))
}

async function expectAnswers(loads: readonly DnsLoad[]): Promise<void> {
  const [udp, tcp] = await Promise.all(loads.map((load) => load.stop()))
  console.log(
    `UDP: ${udp?.asked} queries, the slowest ${udp?.slowest.toFixed(0)} ms, failed: ${udp?.failed.join(', ')}; TCP: ${tcp?.asked}, ${tcp?.slowest.toFixed(0)} ms, failed: ${tcp?.failed.join(', ')}`,
  )
  expect({ udp: udp?.failed, tcp: tcp?.failed }).toEqual({ udp: [], tcp: [] })
  expect(Math.min(udp?.asked ?? 0, tcp?.asked ?? 0)).toBeGreaterThan(50)
}

test('names are told while a newer node container takes over from an older one', async () => {
  await using world = await dnsWorld(testSocket)
  const loads = await asked(world)
  for (let time = 0; time < 3; time += 1) await world.replace()
  await expectAnswers(loads)
})

test('a server that gets no time while it is to end costs no answer', async () => {
  await using world = await dnsWorld(testSocket)
  const loads = await asked(world)
  const table = `ip berth_dns_${world.settings.dnsAddress.replaceAll('.', '_')}`
  // From when questions are led elsewhere, before it hears that it is to close its port.
  const halted = world.docker.exec(world.node, [
    ...['sh', '-c'],
    `until nft list table ${table} >/dev/null 2>&1; do sleep 0.02; done
read -r pid </dev/shm/berth-dns/pid; kill -STOP $pid; sleep 5; kill -CONT $pid; echo halted`,
  ])
  await Promise.all([world.replace(), halted])
  expect(await halted).toContain('halted')
  await expectAnswers(loads)
})
