// What registries post when an image was pushed.
import recorded from '@octokit/webhooks-examples' with { type: 'json' }
import { afterEach, expect, test, vi } from 'vitest'
import type { ImageWaits } from '../../src/server/webhook-handler.ts'
import { type Provider, readEvent } from '../../src/server/webhooks/events.ts'
import { hookWorld, post, requestBytes, secret, send, signature } from './hook-world.ts'

const host = 'r.example.com:5000'
const manifest = 'application/vnd.docker.distribution.manifest.v2+json'
const index = 'application/vnd.oci.image.index.v1+json'
const event = (action: string, target: object) => ({ id: '1', action, target, request: { host } })
const harbor = { resources: [{ digest: 'sha256:1', tag: '1', resource_url: `${host}/acme/shop:1` }] }
const owner = { login: 'Acme' }
const container = { tag: { name: '1', digest: 'sha256:1' } }

const bodies: readonly (readonly [string, Provider, string, object, readonly string[]])[] = [
  [
    'distribution, with events of blobs and of what was pulled',
    'registry',
    '',
    {
      events: [
        event('push', { repository: 'acme/shop', digest: 'sha256:2', mediaType: 'application/octet-stream' }),
        event('push', { repository: 'acme/shop', digest: 'sha256:1', mediaType: manifest, tag: '1' }),
        event('pull', { repository: 'acme/shop', digest: 'sha256:1', mediaType: manifest, tag: '2' }),
        event('push', { repository: 'acme/shop', digest: 'sha256:3', mediaType: index }),
      ],
    },
    [`${host}/acme/shop:1`, `${host}/acme/shop@sha256:3`],
  ],
  [
    'Azure',
    'registry',
    '',
    event('push', { repository: 'acme/shop', tag: '1', mediaType: manifest }),
    [`${host}/acme/shop:1`],
  ],
  [
    'Docker Hub',
    'registry',
    '',
    { push_data: { tag: '1', pusher: 'ann' }, repository: { repo_name: 'acme/shop', name: 'shop' } },
    ['docker.io/acme/shop:1'],
  ],
  [
    'Quay',
    'registry',
    '',
    { repository: 'acme/shop', docker_url: 'quay.io/acme/shop', updated_tags: ['1', 'latest'] },
    ['quay.io/acme/shop:1', 'quay.io/acme/shop:latest'],
  ],
  [
    'Quay of old',
    'registry',
    '',
    { docker_url: 'quay.io/acme/shop', updated_tags: { latest: 'b750' } },
    ['quay.io/acme/shop:latest'],
  ],
  ['Harbor', 'registry', '', { type: 'PUSH_ARTIFACT', event_data: harbor }, [`${host}/acme/shop:1`]],
  [
    'Harbor as CloudEvents',
    'registry',
    '',
    { specversion: '1.0', type: 'harbor.artifact.pushed', data: harbor },
    [`${host}/acme/shop:1`],
  ],
  ['Harbor, of a pull', 'registry', '', { type: 'PULL_ARTIFACT', event_data: harbor }, []],
  [
    'Artifactory',
    'registry',
    '',
    { domain: 'docker', event_type: 'pushed', data: { repo_key: 'local', image_name: 'acme/shop', tag: '1' } },
    ['acme/shop:1'],
  ],
  [
    'GitHub',
    'github',
    'registry_package',
    {
      registry_package: {
        ...{ name: 'shop', owner, package_type: 'CONTAINER' },
        package_version: { package_url: 'ghcr.io/acme/shop:1', container_metadata: container },
      },
    },
    ['ghcr.io/acme/shop:1'],
  ],
  [
    'GitHub, without an address',
    'github',
    'package',
    { package: { name: 'shop', owner, package_version: { container_metadata: container } } },
    ['Acme/shop:1'],
  ],
  [
    'GitHub, of another kind',
    'github',
    'package',
    { package: { name: 'shop', owner, package_version: { version: '1' } } },
    [],
  ],
  [
    'Gitea',
    'gitea',
    'package',
    { action: 'created', package: { type: 'container', name: 'shop', version: '1', owner } },
    ['Acme/shop:1'],
  ],
  [
    'Gitea, of a digest',
    'gitea',
    'package',
    { package: { type: 'container', name: 'shop', version: 'sha256:1', owner } },
    ['Acme/shop@sha256:1'],
  ],
  ['Gitea, of another kind', 'gitea', 'package', { package: { type: 'npm', name: 'shop', version: '1', owner } }, []],
  ['anybody', 'generic', '', { image: `${host}/shop:1` }, [`${host}/shop:1`]],
  ['anybody, of several', 'registry', '', { image: ['shop:1', 'web:1', 'shop:1'] }, ['shop:1', 'web:1']],
  ['nobody', 'registry', '', {}, []],
  [
    'somebody odd',
    'registry',
    '',
    {
      events: [null, 1, [], { action: 'push', target: 7 }, event('push', { repository: {}, tag: [] })],
      ...{ push_data: 'x', repository: [], docker_url: 1, updated_tags: [null, 3], image: { a: 1 } },
    },
    [],
  ],
  ['somebody long', 'registry', '', { image: ['a'.repeat(513), ...Array(300).fill('a')] }, ['a']],
]

test.each(bodies)('of %s', (_title, provider, name, body, images) => {
  expect(readEvent(provider, name, body)?.images).toEqual(images)
})

test('as GitHub posts them', () => {
  const examples = recorded as unknown as readonly { readonly name: string; readonly examples: readonly object[] }[]
  const packages = examples.find(({ name }) => name === 'package')?.examples ?? []
  expect(packages.flatMap((body) => readEvent('github', 'package', body)?.images)).toEqual([
    'ghcr.io/Codertocat/hello-world',
  ])
})

const image = `${host}/acme/shop:1`
const body = JSON.stringify({ image })
let asked: string[][]
afterEach(() => vi.restoreAllMocks())

function waits(): ImageWaits {
  asked = []
  return {
    waitingFor: (pushed) => (pushed.includes(image) ? [{ image, applications: ['shop'] }] : []),
    ask: (images) => asked.push([...images]),
  }
}

const proofs: readonly (readonly [string, string, Readonly<Record<string, string>>])[] = [
  ['a token', 'registry', { authorization: 'Bearer open-sesame' }],
  ['a signature', 'registry', { 'x-hub-signature-256': `sha256=${signature(body, 'open-sesame')}` }],
  ['its address', 'registry?token=open-sesame', {}],
  ['its address and a token', 'registry?token=open-sesame', { authorization: 'Bearer open-sesame' }],
]

test.each(proofs)('a sender that proves itself by %s has it asked for at once', async (_title, path, headers) => {
  process.env.BERTH_TEST_IMAGE_SECRET = 'open-sesame'
  const place = { secretFile: undefined, secretEnv: 'BERTH_TEST_IMAGE_SECRET' }
  const { address, woken, log } = await hookWorld({}, { images: waits(), secret: place })
  const answer = await post(address, path, body, headers)
  expect(answer.text).toContain('{"applications":["shop"],"reason":""}')
  expect(answer.status).toBe(202)
  expect(asked).toEqual([[image]])
  expect(woken).toEqual([])
  expect(log).toEqual([])
})

const spaced = encodeURIComponent(secret)
test.each([
  ['nothing', 'registry', {}],
  ['a wrong address', 'registry?token=open', {}],
  ['an empty one', 'registry?token=', {}],
  ['two', `registry?token=${spaced}&token=${spaced}`, {}],
  ['a right address and a wrong token', `registry?token=${spaced}`, { authorization: 'Bearer open' }],
  ['the address of a forge', `github?token=${spaced}`, {}],
  ['the address of anybody', `generic?token=${spaced}`, {}],
  ['the secret as a password', 'registry', { authorization: `Basic ${btoa(`ann:${secret}`)}` }],
])('one with %s is refused, and the log has no secret', async (_title, path, headers) => {
  const { address, log } = await hookWorld({}, { images: waits() })
  expect((await post(address, path, body, headers)).status).toBe(401)
  expect(asked).toEqual([])
  expect(log.join()).toMatch(/status=401 .*path=\/webhooks\/(registry|github|generic)/)
  expect(log.join()).not.toMatch(/token|correct|open/)
})

test('a refusal for another reason has no secret in the log either', async () => {
  const { address, log } = await hookWorld({}, { images: waits() })
  const path = `/webhooks/registry?token=${spaced}`
  expect((await send(address, requestBytes(path, [], body, 'PUT'))).status).toBe(405)
  expect((await send(address, requestBytes(path, [], '[]'))).status).toBe(400)
  expect((await send(address, requestBytes(`/webhooks/none?token=${spaced}`, [], body))).status).toBe(404)
  expect(log).toHaveLength(3)
  expect(log.join()).not.toMatch(/token|correct/)
})

test.each([
  [{ image: 'other:1' }, 'nothing waits for this image'],
  [{ events: [event('pull', { repository: 'acme/shop', tag: '1' })] }, 'no image was pushed'],
])('%j wakes nobody', async (other, reason) => {
  const { address } = await hookWorld({}, { images: waits() })
  const answer = await post(address, `registry?token=${spaced}`, JSON.stringify(other), {})
  expect(answer.status).toBe(202)
  expect(answer.text).toContain(JSON.stringify({ applications: [], reason }))
  expect(asked).toEqual([])
})

test('many at once cost two or three questions', async () => {
  const { address } = await hookWorld({}, { images: waits() })
  const path = `registry?token=${spaced}`
  await Promise.all(Array.from({ length: 50 }, () => post(address, path, body, {})))
  await expect.poll(() => asked.length, { timeout: 20_000 }).toBeGreaterThan(1)
  expect(asked.length).toBeLessThan(10)
})
