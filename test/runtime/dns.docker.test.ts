import { afterAll, beforeAll, expect, test } from 'vitest'
import type { ServiceRow } from '../../src/runtime/network/table.ts'
import { addressOf } from './dns-load.ts'
import { type DnsWorld, dnsWorld, outside } from './dns-world.ts'
import { testSocket } from './docker-world.ts'
import { endpointRow, portRow, serviceRow, tableOf } from './network/dns-rows.ts'

let world: DnsWorld
let webAddress: string

beforeAll(async () => {
  world = await dnsWorld(testSocket)
  webAddress = world.settings.dnsAddress.replace(/\d+$/, '20')
})

afterAll(() => world[Symbol.asyncDispose]())

const domain = 'shop.svc.cluster.local'

function services(): ServiceRow[] {
  return [
    serviceRow('web', { clusterIP: webAddress, ports: [portRow('http', 80)] }),
    serviceRow('db', {
      clusterIP: 'None',
      addresses: [endpointRow('10.195.3.4', 'db-0'), endpointRow('10.195.3.5')],
    }),
    serviceRow('outside', { type: 'ExternalName', externalName: outside.name }),
    serviceRow('inside', { type: 'ExternalName', externalName: `web.${domain}` }),
    serviceRow('lost', { type: 'ExternalName', externalName: 'nothing.example.test' }),
  ]
}

/** A headless Service at this one address. */
function moving(address: string, name = 'moving'): ServiceRow {
  return serviceRow(name, { clusterIP: 'None', addresses: [endpointRow(address)] })
}

test('every kind of record', async () => {
  expect(await world.applier.apply(tableOf(...services()))).toEqual([])
  const { resolver } = world
  expect(await resolver.resolve4(`web.${domain}`)).toEqual([webAddress])
  expect((await resolver.resolve4(`db.${domain}`)).sort()).toEqual(['10.195.3.4', '10.195.3.5'])
  expect(await resolver.resolve4(`db-0.db.${domain}`)).toEqual(['10.195.3.4'])
  expect(await resolver.resolve4(`10-195-3-5.db.${domain}`)).toEqual(['10.195.3.5'])
  expect(await resolver.resolveSrv(`_http._tcp.web.${domain}`)).toMatchObject([{ name: `web.${domain}`, port: 80 }])
  const named = await resolver.resolveSrv(`_http._tcp.db.${domain}`)
  expect(named.map(({ name }) => name).sort()).toEqual([`10-195-3-5.db.${domain}`, `db-0.db.${domain}`])
  expect(await resolver.reverse(webAddress)).toEqual([`web.${domain}`])
  expect(await resolver.reverse('10.195.3.4')).toEqual([`db-0.db.${domain}`])
})

test('an alias leads the client to an address, inside and outside of the cluster', async () => {
  const { resolver } = world
  expect(await resolver.resolveCname(`outside.${domain}`)).toEqual([outside.name])
  expect(await resolver.resolve4(`outside.${domain}`)).toEqual([outside.address])
  expect(await resolver.resolve4(`inside.${domain}`)).toEqual([webAddress])
  await expect(resolver.resolve4(`lost.${domain}`)).rejects.toMatchObject({ code: 'ENOTFOUND' })
})

test('what is not there is said at once, and never asked outside', async () => {
  const { resolver, upstream } = world
  const before = upstream.asked.length
  await expect(resolver.resolve4(`nothing.${domain}`)).rejects.toMatchObject({ code: 'ENOTFOUND' })
  await expect(resolver.resolve4('kubernetes.default.svc.cluster.local')).rejects.toMatchObject({ code: 'ENOTFOUND' })
  await expect(resolver.resolve6(`web.${domain}`)).rejects.toMatchObject({ code: 'ENODATA' })
  await expect(resolver.resolveMx(`web.${domain}`)).rejects.toMatchObject({ code: 'ENODATA' })
  await expect(resolver.reverse('10.195.9.9')).rejects.toMatchObject({ code: 'ENOTFOUND' })
  expect(upstream.asked.slice(before)).toEqual([])
  expect(await resolver.resolve4(outside.name)).toEqual([outside.address])
  await expect(resolver.resolve4('nothing.example.test')).rejects.toMatchObject({ code: 'ENOTFOUND' })
})

test('answers over TCP as well', async () => {
  const script = `dig +tcp +short @${world.settings.dnsAddress} web.${domain}`
  expect((await world.shell.run(script)).trim()).toBe(webAddress)
})

test('200 changes: each is right when it is done, and no query fails meanwhile', async () => {
  let done = false
  const answers = { asked: 0, wrong: [] as string[] }
  const known = new Set(['10.195.4.0'])
  let slowest = 0
  await world.apply(tableOf(...services(), moving('10.195.4.0')))
  const asking = Array.from({ length: 4 }, async () => {
    while (!done) {
      answers.asked += 1
      const began = performance.now()
      const found = await addressOf(world.settings.dnsAddress, `moving.${domain}`).catch(String)
      slowest = Math.max(slowest, performance.now() - began)
      if (!known.has(found)) answers.wrong.push(found)
    }
  })
  const times: number[] = []
  for (let change = 1; change <= 200; change += 1) {
    const address = `10.195.4.${change}`
    known.add(address)
    const began = performance.now()
    await world.apply(tableOf(...services(), moving(address)))
    expect(await world.resolver.resolve4(`moving.${domain}`)).toEqual([address])
    times.push(performance.now() - began)
  }
  done = true
  await Promise.all(asking)
  times.sort((a, b) => a - b)
  console.log(
    `a change took ${times[100]?.toFixed(1)} ms (p50), ${times[197]?.toFixed(1)} ms (p99); ${answers.asked} queries, the slowest ${slowest.toFixed(1)} ms`,
  )
  expect(answers.wrong).toEqual([])
  expect(answers.asked).toBeGreaterThan(200)
})

test('what hands changes on is started again when it ends, and ended by whoever comes after its shell', async () => {
  await world.apply(tableOf(...services()))
  await world.apply(tableOf(...services(), moving('10.195.8.1')))
  const kept = 'cat /dev/shm/berth-nsupdate.*/pid'
  const first = await world.shell.run(kept)
  await world.shell.run(`kill -9 ${first}`)
  await world.apply(tableOf(...services(), moving('10.195.8.2')))
  expect(await world.resolver.resolve4(`moving.${domain}`)).toEqual(['10.195.8.2'])
  const second = (await world.shell.run(kept)).trim()
  expect(second).not.toBe(first.trim())
  // As if the shell whose it is were gone.
  await world.shell.run('mv /dev/shm/berth-nsupdate.* /dev/shm/berth-nsupdate.999999')
  await world.apply(tableOf(...services(), moving('10.195.8.3')))
  expect(await world.resolver.resolve4(`moving.${domain}`)).toEqual(['10.195.8.3'])
  expect((await world.shell.run(kept)).trim()).toMatch(/^\d+$/)
  await expect
    .poll(() => world.shell.run(`[ -e /proc/${second} ] && cat /proc/${second}/stat || :`))
    .toMatch(/^$|\) Z /)
})

test('a name that goes is gone when it is said', async () => {
  await world.apply(tableOf(...services(), moving('10.195.5.1', 'passing')))
  expect(await world.resolver.resolve4(`passing.${domain}`)).toEqual(['10.195.5.1'])
  await world.apply(tableOf(...services()))
  await expect(world.resolver.resolve4(`passing.${domain}`)).rejects.toMatchObject({ code: 'ENOTFOUND' })
})

test('a server that is killed comes up again by itself, with the names it had', async () => {
  await world.apply(tableOf(...services(), moving('10.195.6.1')))
  const began = performance.now()
  await world.shell.run('kill -9 "$(cat /dev/shm/berth-dns/pid)"')
  while (!(await answered(`moving.${domain}`))) expect(performance.now() - began).toBeLessThan(120_000)
  console.log(`names were back after ${(performance.now() - began).toFixed(0)} ms`)
  expect(await world.resolver.resolve4(`moving.${domain}`)).toEqual(['10.195.6.1'])
  await world.apply(tableOf(...services(), moving('10.195.6.2')))
  expect(await world.resolver.resolve4(`moving.${domain}`)).toEqual(['10.195.6.2'])
})

test('whoever comes later compares what is served, and repairs it without a restart', async () => {
  const wanted = tableOf(...services(), moving('10.195.7.1'))
  await world.apply(wanted)
  const pid = await world.shell.run('cat /dev/shm/berth-dns/pid')
  const later = await world.another()
  await world.apply(tableOf(moving('10.195.7.9'), moving('10.195.7.8', 'stray')))
  await world.shell.run(
    `rm -r /state/dns/names; mkdir -p /state/dns/names/cluster.local; echo x >/state/dns/names/cluster.local/no`,
  )
  await later.attach(world.shell)
  await later.apply(wanted)
  expect(await world.resolver.resolve4(`moving.${domain}`)).toEqual(['10.195.7.1'])
  expect(await world.resolver.resolve4(`web.${domain}`)).toEqual([webAddress])
  await expect(world.resolver.resolve4(`stray.${domain}`)).rejects.toMatchObject({ code: 'ENOTFOUND' })
  expect(await world.shell.run('cat /dev/shm/berth-dns/pid')).toBe(pid)
  expect(await world.shell.run('ls /state/dns/names/cluster.local')).toBe('shop\n')
})

test('a server that cannot tell its zone is started again from the right files', async () => {
  const wanted = tableOf(...services())
  await world.apply(wanted)
  await world.shell.run(`echo 'web.${domain}. no record' >/state/dns/names/cluster.local/shop
kill "$(cat /dev/shm/berth-dns/pid)"; rm /dev/shm/berth-dns/stamp
until [ -e /dev/shm/berth-dns/stamp ]; do sleep 0.1; done`)
  const later = await world.another()
  await later.apply(wanted)
  expect(await world.resolver.resolve4(`web.${domain}`)).toEqual([webAddress])
})

test('nobody may change or list names without the key', async () => {
  const { dnsAddress } = world.settings
  const refused = await world.shell.run(`dig @${dnsAddress} cluster.local AXFR | grep -i 'transfer failed'
printf 'server ${dnsAddress}\\nzone cluster.local\\nupdate add evil.${domain}. 5 A 10.0.0.1\\nsend\\n' | nsupdate 2>&1 || :`)
  expect(refused).toMatch(/transfer failed/i)
  expect(refused).toMatch(/REFUSED/)
})

test('who is neither a pod nor the host is told nothing', async () => {
  const { dnsAddress } = world.settings
  const stranger = `192.0.2.${dnsAddress.split('.')[2]}`
  const told = await world.shell.run(`ip address add ${stranger}/32 dev lo
for name in web.${domain} ${outside.name}; do dig -b ${stranger} @${dnsAddress} $name | grep -o 'status: [A-Z]*'; done
ip address del ${stranger}/32 dev lo`)
  expect(told.trim().split('\n')).toEqual(['status: REFUSED', 'status: REFUSED'])
})

async function answered(name: string): Promise<boolean> {
  return world.resolver.resolve4(name).then(
    () => true,
    () => false,
  )
}
