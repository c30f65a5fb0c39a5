import { readdirSync } from 'node:fs'
import { expect, test } from 'vitest'
import { Entrance, shop, World } from './world.ts'

const settings = { server: 'https://127.0.0.1:1/dir', email: undefined, caFile: undefined }

test('without a server the status says what to set', async () => {
  await using entrance = await Entrance.start()
  await using world = new World(entrance)
  world.begin(undefined, [shop('a.example.com')])
  expect(world.problem()).toBe(
    'no certificate for a.example.com can be obtained: the Engine names no server to ask; set spec.network.acme (email, agreeToTerms: true), or put the Secret into Git',
  )
  expect(readdirSync(world.stateDir)).toEqual([])
})

test('what is damaged on disk is left aside, without a word of it in the log', async () => {
  await using entrance = await Entrance.start()
  await using world = new World(entrance)
  const folder = world.vaultOf(settings.server)
  world.damage(`${folder}/held/a.example.com.pem`, 'SECRET')
  world.damage(`${folder}/attempts.json`, 'SECRET')
  world.damage(`${folder}/orders/a.example.com.json`, '["SECRET"]')
  world.damage(`${folder}/account.pem`, 'SECRET')
  world.begin(settings, [shop('a.example.com')])
  await world.until(() => world.problem().includes('ECONNREFUSED'))
  expect(world.lines.filter((line) => line.includes('cannot be read')).length).toBeGreaterThan(3)
  expect(world.lines.join('\n')).not.toContain('SECRET')
})

test('a disk that cannot be written to means no orders', async () => {
  await using entrance = await Entrance.start()
  await using world = new World(entrance)
  world.damage(`${world.stateDir}/certificates`, 'not a folder')
  world.begin(settings, [shop('a.example.com')])
  expect(world.problem()).toMatch(/can be obtained: certificates cannot be kept: /)
})

test('no server is asked before a host serves Ingress', async () => {
  await using entrance = await Entrance.start()
  await using world = new World(entrance)
  world.isOpen = false
  world.begin(settings, [shop('a.example.com')])
  world.clock.advance(10_000)
  expect(world.problem()).toBe('a certificate for a.example.com is on order; this waits for a host that serves Ingress')
  expect(world.lines).toEqual([])
  world.isOpen = true
  world.clock.advance(1_000)
  expect(world.lines.join()).toContain('ordering a certificate')
})
