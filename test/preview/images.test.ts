import { expect, test } from 'vitest'
import { checkManifests } from '../../src/manifests/check.ts'
import { readManifest } from '../../src/manifests/read.ts'
import { imageName, imageOf, namesCommit, withImages } from '../../src/preview/images.ts'

const head = '0123456789abcdef0123456789abcdef01234567'

test.each([
  ['r.example.com/shop:pr-{{number}}-{{shortSha}}', 'r.example.com/shop:pr-7-0123456', true],
  ['shop:{{sha}}', `shop:${head}`, true],
  ['shop-{{number}}', 'shop-7', false],
  ['shop:{{shortSha8}}', 'shop:01234567', true],
  ['shop:{{branchSlug}}', 'shop:change', false],
])('%s', (template, image, commit) => {
  expect(imageOf(template, { number: 7, head, branch: 'change' })).toEqual({ image })
  expect(namesCommit(template)).toBe(commit)
})

test.each([
  ['nginx', 'docker.io/library/nginx'],
  ['nginx:1', 'docker.io/library/nginx'],
  ['nginx@sha256:12', 'docker.io/library/nginx'],
  ['docker.io/nginx:1@sha256:12', 'docker.io/library/nginx'],
  ['index.docker.io/library/nginx', 'docker.io/library/nginx'],
  ['acme/web:1', 'docker.io/acme/web'],
  ['docker.io/acme/web', 'docker.io/acme/web'],
  ['localhost/web', 'localhost/web'],
  ['r.example.com:5000/a/web:1', 'r.example.com:5000/a/web'],
  ['r.example.com:5000/web', 'r.example.com:5000/web'],
])('%s is %s', (reference, name) => {
  expect(imageName(reference)).toBe(name)
})

const pod = (image: string, sidecar = 'proxy:1') =>
  `containers: [{ name: main, image: "${image}" }, { name: proxy, image: "${sidecar}" }], initContainers: [{ name: first, image: "${image}" }]`
const template = (image: string) => `template: { metadata: { labels: { a: b } }, spec: { ${pod(image)} } }`
const job = (image: string) => `template: { spec: { restartPolicy: Never, ${pod(image)} } }`
const selector = 'selector: { matchLabels: { a: b } }'
const texts: Readonly<Record<string, (image: string) => string>> = {
  'v1 Pod': (image) => pod(image),
  'v1 ReplicationController': (image) => `selector: { a: b }, ${template(image)}`,
  'apps/v1 Deployment': (image) => `${selector}, ${template(image)}`,
  'apps/v1 ReplicaSet': (image) => `${selector}, ${template(image)}`,
  'apps/v1 StatefulSet': (image) => `serviceName: x, ${selector}, ${template(image)}`,
  'apps/v1 DaemonSet': (image) => `${selector}, ${template(image)}`,
  'batch/v1 Job': job,
  'batch/v1 CronJob': (image) => `schedule: "0 0 * * *", jobTemplate: { spec: { ${job(image)} } }`,
}

function read(...manifests: readonly string[]) {
  const bytes = new TextEncoder().encode(manifests.join('\n---\n'))
  const { documents } = readManifest({ path: 'a.yaml', bytes })
  const { objects, problems } = checkManifests(documents, { namespace: 'shop', podSecurity: 'privileged' })
  expect(problems).toEqual([])
  return objects
}

function imagesIn(value: unknown): string[] {
  const found: string[] = []
  JSON.stringify(value, (key, member) => {
    if (key === 'image') found.push(member)
    return member
  })
  return found
}

test.each(Object.keys(texts))('of a %s every container with the image gets the other one', (kind) => {
  const [apiVersion, name] = kind.split(' ')
  const text = texts[kind]?.('docker.io/acme/web:1') ?? ''
  const objects = read(`{ apiVersion: ${apiVersion}, kind: ${name}, metadata: { name: x }, spec: { ${text} } }`)
  const before = imagesIn([...objects])
  const changed = withImages(objects, { 'acme/web': 'acme/web:pr-7' })
  expect(changed.problems).toEqual([])
  expect(before.sort()).toEqual(['docker.io/acme/web:1', 'docker.io/acme/web:1', 'proxy:1'])
  expect(imagesIn([...changed.objects]).sort()).toEqual(['acme/web:pr-7', 'acme/web:pr-7', 'proxy:1'])
  expect(imagesIn([...objects]).sort()).toEqual(before)
})

test('where no container has it, that is said', () => {
  const objects = read(
    `{ apiVersion: v1, kind: Pod, metadata: { name: x }, spec: { ${pod('acme/webs:1', 'r.example.com/acme/web:1')} } }`,
  )
  const words = 'expected a container with the image acme/web, which spec.previews.images replaces, found none'
  expect(withImages(objects, { 'acme/web': 'acme/web:pr-7' }).problems.map(({ message }) => message)).toEqual([words])
})

const names = [
  ['feature/Add-Cart_2', 'shop:feature-add-cart-2'],
  ['-x-', 'shop:x'],
  ['a'.repeat(200), `shop:${'a'.repeat(63)}`],
  [`${'a'.repeat(62)}/b`, `shop:${'a'.repeat(62)}`],
  ['x@sha256:abc', 'shop:x-sha256-abc'],
  ['evil.example.com/img:1', 'shop:evil-example-com-img-1'],
  ['{{sha}}', 'shop:sha'],
  ['$& $1', 'shop:1'],
  ['\u{1F4A9}é', undefined],
  ['---', undefined],
  ['', undefined],
] as const
test.each(names)('the branch %j', (branch, image) => {
  const fault = 'imageTemplate shop:{{branchSlug}} makes no image of its branch'
  const made = imageOf('shop:{{branchSlug}}', { number: 7, head, branch })
  expect(made).toEqual(image === undefined ? { fault } : { image })
})

test('of several images each is replaced by its own, and those that no container has are named', () => {
  const objects = read(`{ apiVersion: v1, kind: Pod, metadata: { name: x }, spec: { ${pod('acme/web:1')} } }`)
  const by = { 'acme/web': 'r/web:pr@sha256:1', proxy: 'r/proxy:pr@sha256:2', 'acme/api': 'r/api:pr', other: 'r/other' }
  const { objects: changed, problems } = withImages(objects, by)
  expect(imagesIn([...changed]).sort()).toEqual(['r/proxy:pr@sha256:2', 'r/web:pr@sha256:1', 'r/web:pr@sha256:1'])
  expect(problems.map(({ message }) => message)).toEqual(
    ['acme/api', 'other'].map(
      (image) => `expected a container with the image ${image}, which spec.previews.images replaces, found none`,
    ),
  )
})
