// Pull requests of a forge on a real engine: what runs, what their comments and commits say, and what is left.
import { afterAll, beforeAll, expect, test } from 'vitest'
import { ask, freePort } from '../runtime/ingress-client.ts'
import { ensureTestImages, testImages } from '../support/images.ts'
import { ensureNodeImage } from '../support/node-image.ts'
import type { TestBerth } from './berth.ts'
import { closeServices, servicesBerth } from './network.ts'
import { TestForge, token } from './pull-forge.ts'
import { inside, secretOf, tracesOf, web, withTools } from './pull-scene.ts'

const socket = process.env.BERTH_TEST_DOCKER ?? ''
const range = 218
let berth: TestBerth
let forge: TestForge
let port: number
let production: string

beforeAll(async () => {
  await Promise.all([ensureTestImages(socket), ensureNodeImage(socket)])
  port = await freePort()
  berth = servicesBerth('pulls', { range })
  forge = await TestForge.start(berth, { ingressPort: port, range })
  production = await forge.pushMain('Start', { 'app/web.yaml': web('production'), 'app/key.yaml': secretOf('hush') })
  berth.start('--interval', '1h')
  await berth.synced(production)
})
afterAll(async () => {
  await forge.end()
  await closeServices(berth, { range })
})

const answerOf = async (host: string): Promise<string> => (await ask(port, { host })).text.trim()

/** Nothing that was said was wrong for a forge, or more than it may know. */
function clean(): void {
  expect(forge.server.problems).toEqual([])
  const said = forge.world.comments.map(({ text }) => text).join('\n')
  for (const secret of [token, 'hush']) expect(said + berth.log).not.toContain(secret)
}

test('a pull request is opened, changed and merged', async () => {
  const pull = await forge.open({ 'app/web.yaml': web('preview') })
  const host = `pr-${pull.number}.shop.example.com`
  await forge.wasTold(pull.head, /^success Healthy: \d+ objects/)
  const words = await forge.said(pull, /runs: Healthy[\s\S]*What the merge would change in production/)
  expect(words).toContain(`- http://${host}:${port}\n`)
  expect(words).toMatch(/\*\*rolling replace, no downtime\*\*[\s\S]*Deployment shop\/web[\s\S]*production -> preview/)
  expect(await answerOf(host)).toBe('preview')
  expect(await answerOf('shop.example.com')).toBe('production')
  expect(forge.statuses(pull.head)[0]).toMatch(/^pending /)
  const second = await forge.push(pull, { 'app/web.yaml': web('changed', 2) })
  await forge.wasTold(second, /^success Healthy/)
  await forge.said(pull, new RegExp(`Commit \`${second.slice(0, 7)}\`[\\s\\S]*2/2`))
  expect(await answerOf(host)).toBe('changed')
  production = await forge.merge(pull)
  await berth.synced(production)
  expect(await answerOf('shop.example.com')).toBe('changed')
  expect(await forge.said(pull, /is gone/)).toMatch(/with its volumes, networks and all data in them/)
  expect(await tracesOf(berth)).toEqual(['shop'])
  clean()
})

test('what is wrong with a pull request is said to it alone', async () => {
  const before = await berth.pods()
  const missing = await forge.open({ 'app/web.yaml': web('missing', 1, 'berth-test:none') })
  const invalid = await forge.open({ 'app/web.yaml': web('invalid').replace('replicas: 1', 'replicas: "@all"') })
  const crashing = await forge.open({
    'app/web.yaml': web(
      'crashing',
      1,
      testImages.one,
      '{ name: EXIT_AFTER, value: "0" }, { name: EXIT_CODE, value: "7" }',
    ),
  })
  expect(await forge.said(invalid, /is refused/)).toMatch(/`app\/web.yaml:5: spec.replicas: expected .*@\u200ball/)
  await forge.wasTold(invalid.head, /^failure Refused: app\/web.yaml:5: spec.replicas/)
  await forge.said(missing, /`Deployment web` \| (?:Progressing|Degraded) .*berth-test:none/)
  await forge.said(crashing, /`Deployment web` \| (?:Progressing|Degraded) .*code 7/)
  expect(await berth.synced(production)).toMatchObject({ health: 'Healthy' })
  expect((await berth.pods()).filter((pod) => before.includes(pod))).toEqual(before)
  // In the middle of its rollout.
  await forge.close(missing)
  const mended = await forge.push(invalid, { 'app/web.yaml': web('mended') }, { anew: true })
  await forge.wasTold(mended, /^success/)
  await forge.close(invalid)
  await forge.close(crashing)
  for (const pull of [missing, invalid, crashing]) await forge.said(pull, /is gone/)
  expect(forge.statuses(missing.head).at(-1)).toMatch(/^error Closed before|^failure/)
  expect(await tracesOf(berth)).toEqual(['shop'])
  clean()
})

test('a stranger waits for somebody who may write, and gets no more than a stranger may have', async () => {
  const mine = await forge.open({ 'app/web.yaml': web('mine') })
  const pull = await forge.open({ 'app/web.yaml': withTools(web('strange')) }, { fork: true, author: 'stranger' })
  const sha7 = pull.head.slice(0, 7)
  const [own, strange] = [`app-pr-${mine.number}`, `app-pr-${pull.number}`]
  const how = await forge.said(pull, /waits for an approval/)
  expect(how).toContain(`\`/berth approve ${pull.head}\``)
  expect(how).toContain('`berth-approve`')
  await forge.wasTold(pull.head, /^pending Waits for an approval/)
  await forge.say(pull, 'outsider', `/berth approve ${sha7}`)
  await forge.wasTold(mine.head, /^success/)
  expect(await tracesOf(berth)).toEqual([own, 'shop'])
  await forge.label(pull, 'berth-approve', 'maintainer')
  await forge.said(pull, /runs: Healthy[\s\S]*What the merge/)
  expect(forge.comment(pull)).toContain('It has no Secrets')
  expect(await inside(berth, own, 'echo "key $KEY"')).toBe('key hush')
  expect(await inside(berth, strange, 'echo "key $KEY"')).toBe('key')
  const addressOf = (namespace: string) =>
    inside(berth, namespace, "nslookup web | awk '/^Address/ { print $NF }' | tail -n 1")
  const reach = async (address: string) => {
    const ask = "printf 'GET / HTTP/1.0\\r\\n\\r\\n' | timeout 20 socat -t10 - TCP4:"
    return inside(berth, strange, `${ask}${address}:80,connect-timeout=4,shut-none 2>&1 | tail -n 1`, 'tools')
  }
  expect(await reach(await addressOf(strange))).toBe('strange')
  for (const namespace of ['shop', own]) expect(await reach(await addressOf(namespace))).toMatch(/^$| E /)
  const later = await forge.push(pull, { 'app/web.yaml': web('other') })
  await forge.said(pull, new RegExp(`waits for an approval[\\s\\S]*/berth approve ${later.slice(0, 7)}`))
  await berth.until('it is gone', async () => !(await tracesOf(berth)).includes(strange))
  clean()
})
